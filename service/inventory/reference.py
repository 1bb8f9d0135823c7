"""The reference catalogue in memory: what the world knows about regions, vendors, countries, laws and licences, on a day.

A `Catalogue` is immutable and shared by all who see the same rows; `on(day)` gives a `DatedCatalogue`, whose lookups are
dictionary hits. A workspace's own entries stand in place of the shipped ones of the same key.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from threading import Lock
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from service.foundation import canonical
from service.inventory.licence_resolver import Hint, Resolver
from service.inventory.licence_terms import Licence
from service.inventory.reference_entries import CatalogueName, Entry, overridden
from service.inventory.reference_facts import DatedTables
from service.inventory.tables import ReferenceEntry

REGION_ATTRIBUTES: Final = (
    "provider",
    "operator",
    "code",
    "country",
    "subdivision",
    "city",
    "partition",
    "certifications",
)
VENDOR_ATTRIBUTES: Final = (
    "legal_name",
    "lei",
    "incorporated_in",
    "headquarters",
    "owners",
    "dpf_certified",
    "certifications",
)
SOFTWARE_ATTRIBUTES: Final = ("purl", "licence", "governance", "publisher", "standards")
_KEPT: Final = 64  # catalogues: one for each workspace with entries of its own
_DAYS: Final = 64


@dataclass(frozen=True, slots=True)
class Regime:
    """A law by which a state can compel disclosure. It reaches companies incorporated or headquartered in `country`."""

    id: str
    title: str
    country: str


@dataclass(frozen=True, slots=True)
class Adequacy:
    """An adequacy decision: `scope` full or partial; `requires` what a recipient must show, for instance dpf_certified."""

    country: str
    scope: str
    requires: str | None
    condition: str | None


class DatedCatalogue(DatedTables):
    """What holds on one day. Countries are ISO 3166-1 alpha-2. More lookups: `reference_facts.DatedTables`."""

    def __init__(self, entries: Iterable[Entry], day: date) -> None:
        """Keeps of `entries` what holds on `day`."""
        super().__init__(entries, day)
        self._assets = dict(self._catalogued())
        self._regimes = self._laws()

    def region(self, key: str) -> Mapping[str, Any] | None:
        """Attributes of a region by its key (`aws/eu-central-1`)."""
        return self._assets.get(f"cloud_region:{key}")

    def vendor(self, ref: str) -> Mapping[str, Any] | None:
        """Attributes of a vendor by its ref (`vendor:amazon`)."""
        return self._assets.get(ref) if ref.startswith("vendor:") else None

    def asset_attributes(self, ref: str) -> dict[str, Any] | None:
        """Attributes of a region, vendor or software, as a manifest would state them, and a region's `operator`."""
        return self._assets.get(ref)

    def country(self, code: str) -> str | None:
        """The English name of a country."""
        entry = self.entry(CatalogueName.COUNTRY, code)
        return str(entry.body["title"]) if entry else None

    def regimes_of(self, country: str) -> tuple[Regime, ...]:
        """The disclosure regimes that companies of the country are under, by id."""
        return self._regimes.get(country, ())

    def adequacy(self, country: str) -> Adequacy | None:
        """The adequacy decision for the country; members of the EEA need none and have none."""
        entry = self.entry(CatalogueName.ADEQUACY, country)
        if entry is None:
            return None
        body = entry.body
        return Adequacy(country, body["scope"], body.get("requires"), body.get("condition"))

    def licence(self, id: str) -> Licence | None:
        """A licence by its SPDX id or LicenseRef."""
        entry = self.entry(CatalogueName.LICENCE, id)
        return Licence.of(id, entry.body) if entry else None

    @cached_property
    def resolver(self) -> Resolver:
        """Resolves licence texts by the licences of this catalogue."""
        licences = self._tables[CatalogueName.LICENCE]
        hints = self._tables[CatalogueName.LICENCE_HINT]
        stamp = canonical.digest([[k, e.body] for table in (licences, hints) for k, e in sorted(table.items())])
        return _shared_resolver(stamp, licences, hints)

    def _catalogued(self) -> Iterable[tuple[str, dict[str, Any]]]:
        for key, entry in self._tables[CatalogueName.REGION].items():
            body = {"code": key.partition("/")[2], **entry.body}
            yield f"cloud_region:{key}", {name: body[name] for name in REGION_ATTRIBUTES if name in body}
        for key, entry in self._tables[CatalogueName.VENDOR].items():
            yield key, {name: entry.body[name] for name in VENDOR_ATTRIBUTES if name in entry.body}
        for key, entry in self._tables[CatalogueName.SOFTWARE].items():
            yield key, {name: entry.body[name] for name in SOFTWARE_ATTRIBUTES if name in entry.body}

    def _laws(self) -> dict[str, tuple[Regime, ...]]:
        laws: dict[str, list[Regime]] = {}
        for key, entry in sorted(self._tables[CatalogueName.REGIME].items()):
            laws.setdefault(entry.body["country"], []).append(Regime(key, entry.body["title"], entry.body["country"]))
        return {country: tuple(found) for country, found in laws.items()}


class Catalogue:
    """All dated statements that one workspace sees."""

    def __init__(self, shipped: Iterable[Entry], own: Iterable[Entry] = ()) -> None:
        """`own` are a workspace's entries: they override `shipped` by key."""
        self.entries = tuple(overridden(shipped, own))
        self._days: OrderedDict[date, DatedCatalogue] = OrderedDict()
        self._lock = Lock()
        self._above, self._below = self._ties()

    @cached_property
    def digest(self) -> str:
        """Names exactly these statements: 64 hex digits."""
        return canonical.digest(sorted((entry.statement() for entry in self.entries), key=canonical.encode))

    @classmethod
    def load(cls, session: Session, workspace_id: UUID | None) -> "Catalogue":
        """The catalogue as the rows stand now, for a workspace (None: what is shipped). Unchanged rows cost one count."""
        scope = or_(col(ReferenceEntry.workspace_id).is_(None), col(ReferenceEntry.workspace_id) == workspace_id)
        count, youngest = session.exec(
            select(func.count(), func.max(ReferenceEntry.id)).select_from(ReferenceEntry).where(scope)
        ).one()
        # Rows are replaced, never altered, and ids never come back: as many rows with the same youngest are the same rows.
        stamp = (str(session.get_bind().engine.url), workspace_id, count, youngest)
        with _lock:
            if stamp in _catalogues:
                _catalogues.move_to_end(stamp)
                return _catalogues[stamp]
        rows = session.exec(select(ReferenceEntry).where(scope).order_by(col(ReferenceEntry.id))).all()
        made = cls(
            [_entry(row) for row in rows if row.workspace_id is None],
            [_entry(row) for row in rows if row.workspace_id is not None],
        )
        with _lock:
            _catalogues[stamp] = made
            while len(_catalogues) > _KEPT:
                _catalogues.popitem(last=False)
        return made

    def on(self, as_of: date) -> DatedCatalogue:
        """What holds on `as_of`."""
        with self._lock:
            if as_of not in self._days:
                self._days[as_of] = DatedCatalogue(self.entries, as_of)
                while len(self._days) > _DAYS:
                    self._days.popitem(last=False)
            return self._days[as_of]

    def rests_on(self, refs: Iterable[str]) -> set[str]:
        """All refs above `refs` by the catalogue, on any day: who offers, runs or publishes them, and owners of those."""
        return _closure(self._above, refs)

    def resting_on(self, ref: str) -> set[str]:
        """All refs below `ref` by the catalogue, on any day: subsidiaries, and the regions and software of theirs."""
        return _closure(self._below, (ref,))

    def _ties(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        above: dict[str, set[str]] = {}
        below: dict[str, set[str]] = {}
        for entry in self.entries:
            if entry.catalogue is CatalogueName.REGION:
                ref, ends = f"cloud_region:{entry.key}", [entry.body.get("provider"), entry.body.get("operator")]
            elif entry.catalogue is CatalogueName.VENDOR:
                ref, ends = entry.key, [owner.get("vendor") for owner in entry.body.get("owners", ())]
            elif entry.catalogue is CatalogueName.SOFTWARE:
                ref, ends = entry.key, [entry.body.get("publisher")]
            else:
                continue
            for end in filter(None, ends):
                above.setdefault(ref, set()).add(end)
                below.setdefault(end, set()).add(ref)
        return above, below


_catalogues: "OrderedDict[tuple[str, UUID | None, int, int | None], Catalogue]" = OrderedDict()
_resolvers: "OrderedDict[str, Resolver]" = OrderedDict()
_lock = Lock()


def _shared_resolver(stamp: str, licences: Mapping[str, Entry], hints: Mapping[str, Entry]) -> Resolver:
    """One resolver, and one memory of answers, for all catalogues that say the same of licences."""
    with _lock:
        if stamp not in _resolvers:
            guesses = {k: Hint(e.body["guess"], tuple(e.body.get("alternatives", ()))) for k, e in hints.items()}
            _resolvers[stamp] = Resolver([Licence.of(key, entry.body) for key, entry in licences.items()], guesses)
            while len(_resolvers) > _KEPT:
                _resolvers.popitem(last=False)
        return _resolvers[stamp]


def _closure(ties: Mapping[str, set[str]], start: Iterable[str]) -> set[str]:
    found: set[str] = set()
    todo = list(start)
    while todo:
        fresh = ties.get(todo.pop(), set()) - found
        found |= fresh
        todo.extend(fresh)
    return found


def _entry(row: ReferenceEntry) -> Entry:
    return Entry(
        CatalogueName(row.catalogue), row.key, row.body, row.source, row.reviewed_on, row.valid_from, row.valid_to
    )
