"""What reference data must be to be loaded: each entry in the form of its catalogue, and all of them fitting together."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.foundation.errors import Fault
from service.inventory import kinds
from service.inventory.facts import Kind
from service.inventory.licence_terms import OBLIGATIONS
from service.inventory.reference_bodies import BODIES, Source, attributes
from service.inventory.reference_entries import CatalogueName, Entry

Key = Annotated[str, Field(min_length=1, max_length=220)]


_ASSETS: Final[Mapping[CatalogueName, Kind]] = {
    CatalogueName.VENDOR: Kind.VENDOR,
    CatalogueName.SOFTWARE: Kind.SOFTWARE,
}


class Head(BaseModel):
    """The frame of a file."""

    model_config = ConfigDict(extra="forbid")

    catalogue: CatalogueName
    reviewed_on: date
    source: Source | None = None
    defaults: dict[str, Any] = {}
    entries: Annotated[list[dict[str, Any]], Field(min_length=1)]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    key: Key | None = None
    keys: Annotated[list[Key], Field(min_length=1)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    source: Source
    reviewed_on: date


def head(document: Any, file: str, faults: list[Fault]) -> Head | None:
    """The frame of a file; None, and faults, where it has none."""
    try:
        return Head.model_validate(document)
    except ValidationError as error:
        faults.extend(Fault(_pointer(e["loc"]), e["msg"], file=file) for e in error.errors())
        return None


def frame(raw: Mapping[str, Any], path: str, file: str) -> Fault | None:
    """The first thing that is wrong with what surrounds an entry's body."""
    try:
        checked = _Frame.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        return Fault(path + _pointer(first["loc"]), first["msg"], file=file)
    if (checked.key is None) == (checked.keys is None):
        return Fault(path, "an entry has either a key or keys", file=file)
    if checked.valid_from and checked.valid_to and checked.valid_from > checked.valid_to:
        return Fault(path, "valid_to lies before valid_from", file=file)
    return None


def faults(entries: Iterable[Entry]) -> Iterator[Fault]:
    """All that is wrong with bodies, and with how entries name one another."""
    known = list(entries)
    for entry in known:
        yield from _body(entry)
    yield from _overlaps(known)
    names = {catalogue: {e.key for e in known if e.catalogue is catalogue} for catalogue in CatalogueName}
    for entry in known:
        for catalogue, key, what in _named(entry):
            if key not in names[catalogue]:
                yield _fault(entry, f"{what} {key!r} is not in the catalogue {catalogue.value!r}")


def _body(entry: Entry) -> Iterator[Fault]:
    try:
        BODIES[entry.catalogue].model_validate(entry.body)
    except ValidationError as error:
        for problem in error.errors():
            yield _fault(entry, problem["msg"], _pointer(problem["loc"]))
        return
    if entry.catalogue in _ASSETS:
        kind = _ASSETS[entry.catalogue]
        if not entry.key.startswith(f"{kind}:"):
            yield _fault(entry, f"the key is not the ref of {kinds.a(kind)}")
        for fault in kinds.validate(kind, attributes(entry.body))[1]:
            yield _fault(entry, fault.message, fault.path)
    if entry.catalogue is CatalogueName.REGION:
        subdivision = entry.body.get("subdivision")
        if subdivision and not subdivision.startswith(f"{entry.body['country']}-"):
            yield _fault(entry, f"{subdivision} does not lie in {entry.body['country']}")
    if entry.catalogue is CatalogueName.LICENCE:
        for odd in sorted(set(entry.body["obligations"]) - OBLIGATIONS):
            yield _fault(entry, f"{odd!r} is not an obligation")


def _overlaps(entries: list[Entry]) -> Iterator[Fault]:
    """Two entries of one key may not hold on one day."""
    ordered = sorted(entries, key=lambda e: (e.catalogue.value, e.key, e.valid_from or date.min))
    for before, after in pairwise(ordered):
        if (before.catalogue, before.key) != (after.catalogue, after.key):
            continue
        if before.valid_to is None or (after.valid_from or date.min) <= before.valid_to:
            yield _fault(after, f"holds on days on which an entry in {before.file} under the same key holds too")


def _named(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    """Catalogue and key of every other entry that this one names."""
    naming = _NAMING.get(entry.catalogue)
    return naming(entry) if naming else iter(())


def _of_region(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    yield CatalogueName.COUNTRY, str(entry.body.get("country")), "the country"
    yield CatalogueName.VENDOR, str(entry.body.get("provider")), "the provider"
    if "operator" in entry.body:
        yield CatalogueName.VENDOR, str(entry.body["operator"]), "the operator"


def _of_vendor(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    for owner in entry.body.get("owners") or ():
        if "vendor" in owner:
            yield CatalogueName.VENDOR, owner["vendor"], "the owner"


def _of_software(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    if "publisher" in entry.body:
        yield CatalogueName.VENDOR, str(entry.body["publisher"]), "the publisher"
    for standard in entry.body.get("standards") or ():
        yield CatalogueName.OPEN_STANDARD, str(standard), "the standard"


def _of_accelerator(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    for name in ("vendor", "foundry"):
        if name in entry.body:
            yield CatalogueName.VENDOR, str(entry.body[name]), f"the {name}"


def _of_licence(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    for exclusion in entry.body.get("exclusions") or ():
        for bloc in exclusion.get("blocs") or ():
            yield CatalogueName.BLOC, str(bloc), "the bloc"


def _of_member(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    bloc, _, country = entry.key.partition("/")
    yield CatalogueName.BLOC, bloc, "the bloc"
    yield CatalogueName.COUNTRY, country, "the country"


def _of_hint(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    for licence in (entry.body.get("guess"), *entry.body.get("alternatives", ())):
        yield CatalogueName.LICENCE, str(licence), "the licence"


def _of_adequacy(entry: Entry) -> Iterator[tuple[CatalogueName, str, str]]:
    yield CatalogueName.COUNTRY, entry.key, "the country"


_NAMING: Final[Mapping[CatalogueName, Callable[[Entry], Iterator[tuple[CatalogueName, str, str]]]]] = {
    CatalogueName.REGION: _of_region,
    CatalogueName.VENDOR: _of_vendor,
    CatalogueName.SOFTWARE: _of_software,
    CatalogueName.ACCELERATOR: _of_accelerator,
    CatalogueName.LICENCE: _of_licence,
    CatalogueName.BLOC_MEMBER: _of_member,
    CatalogueName.LICENCE_HINT: _of_hint,
    CatalogueName.ADEQUACY: _of_adequacy,
}


def _fault(entry: Entry, message: str, path: str = "") -> Fault:
    return Fault(f"{entry.catalogue.value} {entry.key}{path}", message, file=entry.file)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location)
