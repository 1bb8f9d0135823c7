"""Lookups that answer with what an entry says, as plain JSON for an input document.

Laws of localisation, the AI Act's days, accelerators and export controls, open standards, names of subdivisions.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final

import pycountry

from service.inventory.reference_entries import CatalogueName, Entry, on

# Words around a chip's name that tell its maker, its board or its memory, and not which chip it is.
_CHIP_NOISE: Final = re.compile(
    r"\b(?:nvidia|amd|intel|google|cloud|aws|amazon|huawei|apple|qualcomm|graphcore|habana|labs|tesla|geforce|instinct|radeon"
    r"|accelerators?|gpus?|graphics|tensor core|sxm\d*|pcie?|nvl|oam|hbm\d*e?|gddr\d*x?|\d+x? ?g(?:i?b)?)\b"
)
_MIG: Final = re.compile(r"\bmig\b.*$")


class DatedTables:
    """The statements that hold on one day, by catalogue and key."""

    def __init__(self, entries: Iterable[Entry], day: date) -> None:
        """Keeps of `entries` what holds on `day`."""
        self.day = day
        self._tables: dict[CatalogueName, dict[str, Entry]] = {name: {} for name in CatalogueName}
        for entry in on(entries, day):
            self._tables[entry.catalogue][entry.key] = entry

    def entry(self, catalogue: CatalogueName, key: str) -> Entry | None:
        """The statement under `key`, None where there is none."""
        return self._tables[catalogue].get(key)

    def blocs_of(self, country: str) -> tuple[str, ...]:
        """The blocs that the country belongs to, sorted."""
        return self._blocs.get(country, ())

    def localisation_of(self, country: str) -> tuple[dict[str, Any], ...]:
        """Laws that keep data of the country's people in it, by id: `{id, title, country, statute, duties, sectoral, …}`."""
        return tuple(_said(e) for e in self._sorted(CatalogueName.LOCALISATION) if e.body["country"] == country)

    def ai_act_dates(self) -> tuple[dict[str, Any], ...]:
        """Parts of the AI Act as the law stands on the day: `{id, applies_on, articles, scope, applies, …}`, earliest first.

        `applies` tells whether that day has come. An amendment that came into force later is not foreseen.
        """
        found = [_said(entry) for entry in self._sorted(CatalogueName.AI_ACT_DATE)]
        today = self.day.isoformat()
        return tuple({**one, "applies": one["applies_on"] <= today} for one in sorted(found, key=_application))

    def ai_act_applies(self, key: str) -> bool | None:
        """Whether that part of the AI Act applies on the day; None where no law knows such a part."""
        return next((one["applies"] for one in self.ai_act_dates() if one["id"] == key), None)

    def accelerator(self, name: str) -> dict[str, Any] | None:
        """The accelerator that `name` means, in any spelling of drivers and price lists: `{id, vendor, design_country, …}`.

        `NVIDIA H100 80GB HBM3`, `A100-SXM4-40GB` and `h100` are known; a name that could be two chips is none.
        """
        entry = self._chips.get(plain_chip(name))
        return _said(entry) if entry else None

    def export_controls(self, chip: Mapping[str, Any], destination: str) -> tuple[dict[str, Any], ...]:
        """What is asked of an accelerator (an answer of `accelerator`) that goes to a country, by id.

        `{id, authority, export_class, countries, policy, …}`. A control that spares stronger chips than this one, or one
        whose strength nobody stated, is left out; a control narrowed to weaker chips stands in place of the wider one.
        """
        held = [
            entry
            for entry in self._sorted(CatalogueName.EXPORT_CONTROL)
            if destination in entry.body["countries"] and entry.body["export_class"] == chip.get("export_class")
        ]
        narrow = [entry for entry in held if _is_narrow(entry) and _is_weaker(chip, entry)]
        return tuple(_said(entry) for entry in narrow or [e for e in held if not _is_narrow(e)])

    def open_standard(self, name: str) -> dict[str, Any] | None:
        """The format, protocol or interface under that name or alias: `{id, title, status, form, steward, …}`."""
        entry = self._standards.get(_plain(name))
        return _said(entry) if entry else None

    def subdivision(self, code: str) -> str | None:
        """The name of an ISO 3166-2 subdivision."""
        found = pycountry.subdivisions.get(code=code)
        return str(found.name) if found else None

    def _sorted(self, catalogue: CatalogueName) -> list[Entry]:
        return [entry for _, entry in sorted(self._tables[catalogue].items())]

    @cached_property
    def _blocs(self) -> dict[str, tuple[str, ...]]:
        blocs: dict[str, list[str]] = {}
        for key in sorted(self._tables[CatalogueName.BLOC_MEMBER]):
            bloc, _, country = key.partition("/")
            blocs.setdefault(country, []).append(bloc)
        return {country: tuple(names) for country, names in blocs.items()}

    @cached_property
    def _chips(self) -> dict[str, Entry]:
        return _unique(
            (plain_chip(name), entry)
            for entry in self._sorted(CatalogueName.ACCELERATOR)
            for name in (entry.body["title"], *entry.body.get("aliases", ()))
        )

    @cached_property
    def _standards(self) -> dict[str, Entry]:
        return _unique(
            (_plain(name), entry)
            for entry in self._sorted(CatalogueName.OPEN_STANDARD)
            for name in (entry.key, entry.body["title"], *entry.body.get("aliases", ()))
        )


def plain_chip(name: str) -> str:
    """One key for all spellings of a chip's name: its family and number, without maker, board and memory."""
    key = re.sub(r"[-_/(),.®™\s]+", " ", name.casefold())
    key = _CHIP_NOISE.sub(" ", _MIG.sub("", key))
    return re.sub(r"\s+", "", key)


def _plain(name: str) -> str:
    return re.sub(r"[-_.\s]+", "-", name.strip().casefold())


def _unique(claims: Iterable[tuple[str, Entry]]) -> dict[str, Entry]:
    """Spelling to entry; a spelling that two entries claim is nobody's."""
    found: dict[str, set[str]] = {}
    entries: dict[str, Entry] = {}
    for spelling, entry in claims:
        found.setdefault(spelling, set()).add(entry.key)
        entries[spelling] = entry
    return {spelling: entries[spelling] for spelling, keys in found.items() if len(keys) == 1 and spelling}


def _said(entry: Entry) -> dict[str, Any]:
    """What an entry says, under its key, with its source."""
    return {"id": entry.key, **entry.body, "source": entry.source}


def _application(one: Mapping[str, Any]) -> tuple[str, str]:
    return (one["applies_on"], one["id"])


def _is_narrow(entry: Entry) -> bool:
    return "tpp_below" in entry.body or "bandwidth_gb_s_below" in entry.body


def _is_weaker(chip: Mapping[str, Any], entry: Entry) -> bool:
    """Whether a chip is known to lie under every limit of a control; a figure that nobody stated lies under none."""
    for limit, figure in (("tpp_below", "tpp"), ("bandwidth_gb_s_below", "bandwidth_gb_s")):
        if limit in entry.body and chip.get(figure, entry.body[limit]) >= entry.body[limit]:
            return False
    return True
