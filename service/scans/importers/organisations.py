"""Who made it: the organisations that the collections name, as vendors."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from service.scans.draft import Draft
from service.scans.names import slug, spelling

_TABLE = Path(__file__).with_name("organisations.yaml")
_SOURCE = "importers/organisations.yaml"
# Every import states a listed organisation alike, so it belongs to none of them.
_SHARED = "import"
# A comma before the form of a company parts nothing.
_COMMA = re.compile(r",\s+(?!(?:Inc|Ltd|LLC|Corp|Co|GmbH|AG|S\.A)\b)")


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation.

    `slug` is its vendor's name, `country` where it is established, `listed` whether the table has it, `catalogued` whether
    the reference catalogue has it, too, and knows its seat and owners better than any import.
    """

    slug: str
    title: str
    country: str | None = None
    listed: bool = False
    catalogued: bool = False

    @property
    def ref(self) -> str:
        """Its vendor's ref."""
        return f"vendor:{self.slug}"


@cache
def table() -> dict[str, Organisation]:
    """Listed organisations by every spelling of theirs."""
    found: dict[str, Organisation] = {}
    entries: dict[str, dict[str, Any]] = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    for key, entry in entries.items():
        one = Organisation(key, entry["title"], entry.get("country"), listed=True, catalogued=entry.get("known", False))
        for name in (key, entry["title"], *entry.get("also", ())):
            found[spelling(name)] = one
    return found


def organisations(text: str, *, space: str = "") -> list[Organisation]:
    """The organisations that `text` names, in its order and each once; those of no table lie in name space `space`."""
    found = {one.slug: one for one in _parts(text.strip(), space)}
    return list(found.values())


def vendor(organisation: Organisation, *, manager: str, country: str | None = None, source: str = "") -> Draft:
    """The vendor of an organisation.

    A listed one says the same whichever collection names it; one that is not listed takes `country` from its `source` and
    belongs to the import that is its `manager`.
    """
    managed_by = _SHARED if organisation.listed else manager
    draft = Draft("vendor", organisation.slug, organisation.title, managed_by=managed_by)
    if organisation.listed and not organisation.catalogued and organisation.country:
        draft.state("incorporated_in", organisation.country, grade="inferred", source=_SOURCE)
    elif not organisation.listed and country:
        draft.state("incorporated_in", country, grade="inferred", source=source)
    return draft


def _parts(text: str, space: str) -> list[Organisation]:
    if not text:
        return []
    if known := table().get(spelling(text)):
        return [known]
    # A comma may stand in a name that the table has, so that comes first.
    if two := _two(text, known_right=True, space=space):
        return two
    pieces = [piece.strip() for piece in _COMMA.split(text) if piece.strip()]
    if len(pieces) > 1:
        return [one for piece in pieces for one in _parts(piece, space)]
    if two := _two(text, known_right=False, space=space):
        return two
    name = re.sub(r"^and\s+", "", text)
    return [table().get(spelling(name)) or Organisation(f"{space}{slug(name)}", name)]


def _two(text: str, *, known_right: bool, space: str) -> list[Organisation]:
    """The parts of "A and B" where the table knows A: "Arts and Sciences" stays one."""
    for match in re.finditer(r"\s+and\s+", text):
        left = table().get(spelling(text[: match.start()]))
        right = text[match.end() :]
        if left and (not known_right or spelling(right) in table()):
            return [left, *_parts(right, space)]
    return []
