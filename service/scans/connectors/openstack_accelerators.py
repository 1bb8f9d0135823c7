"""Which accelerators a flavor asks for and a resource provider has, and whether a guest has them to itself. Pure.

What counts, in the words that Nova and Placement have for it:

- `pci_passthrough:alias`: whole devices, under a name that the operator chose; the chip is told by the name alone;
- `resources:VGPU` and classes of the operator's own for mediated devices: a share of a card, so no count of cards;
- `resources:PGPU`, `resources:CUSTOM_PCI_<vendor>_<product>` (which Nova makes of the device's own PCI ids) and classes that
  speak of accelerators: whole devices; traits asked for beside them say which chip it is;
- `accel:device_profile`: a profile of Cyborg's, which is told by its name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from service.scans import machine_types

_NVIDIA, _AMD, _INTEL = "vendor:nvidia", "vendor:amd", "vendor:intel"
_A100, _H100, _V100 = "NVIDIA A100", "NVIDIA H100", "NVIDIA V100"
# PCI vendor and product -> maker, chip and its memory in GiB where the product has one size: https://pci-ids.ucw.cz and, for
# Hopper, https://github.com/NVIDIA/gpu-admin-tools (gpu/devid_names.py).
_PRODUCTS: Final[Mapping[str, tuple[str, str, float | None]]] = {
    **{f"10DE_{code}": (_NVIDIA, _A100, 40) for code in ("20B0", "20B1", "20F1")},
    **{f"10DE_{code}": (_NVIDIA, _A100, 80) for code in ("20B2", "20B5")},
    **{f"10DE_{code}": (_NVIDIA, "NVIDIA A800", 80) for code in ("20F3", "20F5")},
    "10DE_20F6": (_NVIDIA, "NVIDIA A800", 40),
    **{f"10DE_{code}": (_NVIDIA, _H100, 80) for code in ("2330", "2331")},
    **{f"10DE_{code}": (_NVIDIA, _H100, None) for code in ("2321", "2336", "2339")},
    **{f"10DE_{code}": (_NVIDIA, "NVIDIA H200", 141) for code in ("2335", "233B")},
    **{f"10DE_{code}": (_NVIDIA, "NVIDIA H800", 80) for code in ("2322", "2324")},
    "10DE_2329": (_NVIDIA, "NVIDIA H20", None),
    "10DE_2342": (_NVIDIA, "NVIDIA GH200", None),
    "10DE_26B9": (_NVIDIA, "NVIDIA L40S", 48),
    "10DE_26B5": (_NVIDIA, "NVIDIA L40", 48),
    "10DE_27B8": (_NVIDIA, "NVIDIA L4", 24),
    "10DE_2235": (_NVIDIA, "NVIDIA A40", 48),
    "10DE_2236": (_NVIDIA, "NVIDIA A10", 24),
    "10DE_2237": (_NVIDIA, "NVIDIA A10G", 24),
    "10DE_20B7": (_NVIDIA, "NVIDIA A30", 24),
    "10DE_1EB8": (_NVIDIA, "NVIDIA T4", 16),
    **{f"10DE_{code}": (_NVIDIA, _V100, 16) for code in ("1DB1", "1DB4", "1DF5")},
    **{f"10DE_{code}": (_NVIDIA, _V100, 32) for code in ("1DB5", "1DB6", "1DB8")},
    "10DE_1DF6": (_NVIDIA, "NVIDIA V100S", 32),
    "10DE_15F7": (_NVIDIA, "NVIDIA P100", 12),
    **{f"10DE_{code}": (_NVIDIA, "NVIDIA P100", 16) for code in ("15F8", "15F9")},
    "10DE_2230": (_NVIDIA, "NVIDIA RTX A6000", 48),
    "10DE_26B1": (_NVIDIA, "NVIDIA RTX 6000 Ada", 48),
    "1002_7408": (_AMD, "AMD Instinct MI250X", 128),
    "1002_740F": (_AMD, "AMD Instinct MI210", 64),
    "1DA3_1020": (_INTEL, "Intel Gaudi 2", 96),
}
_LISTED: Final = {"ovhcloud"}  # runs OpenStack, and `machine_types` lists its flavors
_MAKERS: Final = {"10DE": _NVIDIA, "1002": _AMD, "1DA3": _INTEL}  # what these sell as PCI devices to pass through
_PCI: Final = re.compile(r"CUSTOM_PCI_(([0-9A-F]{4})_[0-9A-F]{4})")
_GPU: Final = re.compile(
    r"(?<![a-z])(?:v|p|m|e)?gpus?(?![a-z])|nvidia|tesla|gaudi|habana|instinct|cuda|accelerator|(?<![a-z])tpu"
)
_SHARE: Final = re.compile(r"vgpu|mdev|(?<![a-z])mig(?![a-z])|(?<![a-z])vfs?(?![a-z])|slice|shared")
_GROUP: Final = re.compile(r"resources(?P<group>[^:]*):(?P<name>.+)")
_DEVICE: Final = re.compile(r"([0-9a-fA-F]{4})[:_]([0-9a-fA-F]{2})[:_][0-9a-fA-F]{2}[._][0-7]$")


@dataclass(frozen=True, slots=True)
class Gpus:
    """Accelerators as the attribute says them. `shared` where a guest has a part of a card, `shares` how many such parts."""

    accelerators: tuple[dict[str, Any], ...]
    shared: bool
    shares: int | None = None
    by_ids: bool = False  # told by the devices' own PCI ids, not by what people called them


def of_flavor(name: str, specs: Mapping[str, str] | None, *, provider: str, named: Iterable[str] = ()) -> Gpus | None:
    """What a flavor gives a guest, None where it has no accelerators that anybody speaks of.

    `specs` are its extra specs, None where they are not shown: then, and for flavors in `named` or in the provider's own
    list of types, the flavor's name tells.
    """
    found = [one for one in _asked_for(specs or {}) if one is not None]
    if found:
        return _together(found)
    by_hand = any(fnmatchcase(name, pattern) for pattern in named)
    if by_hand or specs is None or provider in _LISTED:
        known = machine_types.accelerators(provider, name)
        if known is None and by_hand:
            known = machine_types.accelerators("", name) or [{}]
        if known is not None:
            return Gpus(tuple(known), shared=bool(_SHARE.search(name.lower())))
    return None


def of_inventories(providers: Iterable[tuple[str, Mapping[str, int], Iterable[str]]]) -> Gpus | None:
    """What a tree of resource providers has: for each its name, its totals by resource class, and its traits."""
    found: list[Gpus] = []
    cards: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for name, totals, traits in providers:
        for gpus in filter(None, (_of_class(resource, total, traits) for resource, total in totals.items())):
            device = _DEVICE.search(name)
            if gpus.shared and device:
                # A provider for each card, or for each of its virtual functions: those share the card's bus.
                chip = gpus.accelerators[0]
                cards.setdefault(str(chip), (chip, set()))[1].add(f"{device[1]}:{device[2]}")
            else:
                found.append(gpus)
    found += [Gpus(({**chip, "count": len(buses)},), shared=True) for chip, buses in cards.values()]
    return _together(found) if found else None


def unclear(specs: Mapping[str, str]) -> list[str]:
    """Devices that a flavor asks for and that are not taken for accelerators, by the names that it asks for."""
    return [alias for alias, _ in _aliases(specs) if _of_words(alias, None) is None]


def _asked_for(specs: Mapping[str, str]) -> Iterable[Gpus | None]:
    for alias, count in _aliases(specs):
        yield _of_words(alias, count)
    if profile := specs.get("accel:device_profile"):
        yield _of_words(profile, None)
    for key, value in specs.items():
        if (match := _GROUP.fullmatch(key)) and (count := _count(value)):
            wanted = f"trait{match['group']}:"
            traits = [
                one.removeprefix(wanted) for one, how in specs.items() if one.startswith(wanted) and how == "required"
            ]
            yield _of_class(match["name"], count, traits)


def _aliases(specs: Mapping[str, str]) -> list[tuple[str, int | None]]:
    asked = (one.strip().partition(":") for one in specs.get("pci_passthrough:alias", "").split(",") if one.strip())
    return [(alias.strip(), _count(count or "1")) for alias, _, count in asked]


def _count(value: str) -> int | None:
    return int(value) if value.strip().isdecimal() and 0 < len(value.strip()) < 7 and int(value) > 0 else None


def _of_class(resource: str, count: int, traits: Iterable[str]) -> Gpus | None:
    if match := _PCI.fullmatch(resource):
        if match[1] in _PRODUCTS:
            vendor, model, memory = _PRODUCTS[match[1]]
            return Gpus((machine_types.accelerator(vendor, model, count, memory),), shared=False, by_ids=True)
        if maker := _MAKERS.get(match[2]):
            return Gpus(({"vendor": maker, "count": count},), shared=False)
        return None
    named = sorted(trait for trait in traits if trait.startswith("CUSTOM_"))
    if resource in ("VGPU", "PGPU"):
        chip = next(filter(None, map(_chip, named)), {})
        if resource == "VGPU":
            return Gpus((chip,), shared=True, shares=count)
        return Gpus(({**chip, "count": count},), shared=False)
    return _of_words(resource, count) if resource.startswith("CUSTOM_") else None


def _of_words(words: str, count: int | None) -> Gpus | None:
    chip, plain = _chip(words), words.lower().replace("_", "-")
    if not chip and not _GPU.search(plain):
        return None
    if _SHARE.search(plain):
        return Gpus((chip,), shared=True, shares=count)
    return Gpus(({**chip, **({"count": count} if count else {})},), shared=False)


def _chip(words: str) -> dict[str, Any]:
    plain = words.lower().replace("_", "-")
    found = machine_types.accelerators("", plain)
    if found:
        return found[0]
    return {"vendor": _NVIDIA} if re.search(r"nvidia|tesla", plain) else {}


def _together(found: list[Gpus]) -> Gpus:
    counts: dict[str, tuple[dict[str, Any], int | None]] = {}
    for one in (card for gpus in found for card in gpus.accelerators):
        plain = {key: value for key, value in one.items() if key != "count"}
        before = counts.get(str(sorted(plain.items())))
        counted = one.get("count")
        total = counted if before is None else None if counted is None or before[1] is None else before[1] + counted
        counts[str(sorted(plain.items()))] = (plain, total)
    cards = tuple({**plain, **({"count": count} if count else {})} for _, (plain, count) in sorted(counts.items()))
    shares = [gpus.shares for gpus in found if gpus.shares]
    return Gpus(cards, any(gpus.shared for gpus in found), sum(shares) or None, all(gpus.by_ids for gpus in found))
