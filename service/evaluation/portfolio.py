"""The portfolio: what of all systems and accelerators of a workspace rests on which vendor.

Computed once for a state of the inventory, and remembered: a batch that asks again costs one look at the audit log.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import nsmallest
from threading import Lock
from typing import Any, Final

from service.audit import log
from service.evaluation.effective_command import Command, command
from service.evaluation.effective_control import Controls
from service.evaluation.landscape import Landscape
from service.evaluation.policy_input import Concentration
from service.inventory.edges import DEPENDENCY
from service.inventory.estate import Estate
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Kind
from service.inventory.foundations import Foundations, foundations
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue

NAMED: Final = 20
_KEPT: Final = 16
_WHOLE: Final = 10_000
_COUNTED: Final = (f"{Kind.SYSTEM}:", f"{Kind.GPU_HOST}:")


@dataclass(frozen=True, slots=True)
class SystemPart:
    """What one system counts for: whether it states its criticality, and who commands what it stands on.

    `maybe` are those who do if a share that nobody states is large enough. `dark` says that others may command it, too.
    """

    stated: bool
    sure: frozenset[str]
    maybe: frozenset[str]
    dark: bool


@dataclass(frozen=True, slots=True)
class HostPart:
    """What one host counts for: its accelerators, and those of them by supplier and by country of design."""

    accelerators: int
    suppliers: frozenset[str]
    supplied: Mapping[str, int]
    designed: Mapping[str, int]
    uncounted: bool


@dataclass
class Portfolio:
    """Counts over a workspace, ready to be asked for one vendor after the other. `systems` and `hosts` are its parts."""

    systems: dict[str, SystemPart] = field(default_factory=dict)
    hosts: dict[str, HostPart] = field(default_factory=dict)
    total: int = 0
    sure: dict[str, set[str]] = field(default_factory=dict)
    maybe: dict[str, set[str]] = field(default_factory=dict)
    unstated: set[str] = field(default_factory=set)
    dark: set[str] = field(default_factory=set)
    suppliers: Counter[str] = field(default_factory=Counter)
    supplied: Counter[str] = field(default_factory=Counter)
    designed: Counter[str] = field(default_factory=Counter)
    accelerators: int = 0
    uncounted: set[str] = field(default_factory=set)

    @classmethod
    def whole(cls, systems: dict[str, SystemPart], hosts: dict[str, HostPart]) -> "Portfolio":
        """The portfolio of these parts."""
        made = cls(systems, hosts)
        for ref, part in systems.items():
            made.total += part.stated
            if not part.stated:
                made.unstated.add(ref)
            if part.dark:
                made.dark.add(ref)
            _note(made.sure, part.sure, ref)
            _note(made.maybe, part.maybe, ref)
        for ref, host in hosts.items():
            made._count(ref, host, 1)
        return made

    def changed(self, gone: Collection[str], fresh: "Portfolio") -> "Portfolio":
        """This portfolio with the parts `gone` taken out and those of `fresh` put in. It has no parts of its own.

        What neither touches is shared with this one, so the cost is that of the change and not of the whole.
        """
        left = set(gone)
        made = Portfolio(
            total=self.total + fresh.total - sum(self.systems[ref].stated for ref in left & self.systems.keys()),
            sure=_changed(self.sure, fresh.sure, left, {v for ref in left for v in self._part(ref).sure}),
            maybe=_changed(self.maybe, fresh.maybe, left, {v for ref in left for v in self._part(ref).maybe}),
            unstated=(self.unstated - left) | fresh.unstated,
            dark=(self.dark - left) | fresh.dark,
            suppliers=self.suppliers.copy(),
            supplied=self.supplied.copy(),
            designed=self.designed.copy(),
            accelerators=self.accelerators,
            uncounted=self.uncounted - left,
        )
        for ref in left & self.hosts.keys():
            made._count(ref, self.hosts[ref], -1)
        for ref, host in fresh.hosts.items():
            made._count(ref, host, 1)
        return made

    def of(self, vendor: str, country: str | None, blocs: Iterable[str]) -> Concentration:
        """What rests on `vendor`, which is incorporated in `country`, a member of `blocs`."""
        sure = self.sure.get(vendor, set())
        stated = sure - self.unstated
        silent = sure & self.unstated
        perhaps = (self.maybe.get(vendor, set()) | self.dark) - sure
        # The least: no silent system matters that rests on it, and each that does not rest on it does.
        least = _share(len(stated), self.total + len(self.unstated - sure))
        against = len(silent) + len(perhaps & self.unstated)
        most = _share(len(stated) + against + len(perhaps - self.unstated), self.total + against)
        designed = self.designed[country] if country else 0
        return {
            "systems": nsmallest(NAMED, stated),
            "systems_count": len(stated),
            "systems_total": self.total,
            "systems_least": least,
            "systems_most": most,
            "open": nsmallest(NAMED, self.unstated | perhaps),
            "supplies": self.suppliers[vendor] > 0,
            "accelerators": self.supplied[vendor],
            "accelerators_total": self.accelerators,
            "accelerators_share": _share(self.supplied[vendor], self.accelerators),
            "country": country,
            "country_blocs": list(blocs),
            "country_accelerators": designed,
            "country_accelerators_share": _share(designed, self.accelerators),
            "uncounted": nsmallest(NAMED, self.uncounted),
        }

    def _part(self, ref: str) -> SystemPart:
        return self.systems.get(ref, _NO_PART)

    def _count(self, ref: str, host: HostPart, sign: int) -> None:
        """Counts a host in, or out where `sign` is -1; who is counted out is no longer among the uncounted already."""
        self.accelerators += sign * host.accelerators
        for vendor in host.suppliers:
            self.suppliers[vendor] += sign
        for vendor, count in host.supplied.items():
            self.supplied[vendor] += sign * count
        for country, count in host.designed.items():
            self.designed[country] += sign * count
        if host.uncounted and sign > 0:
            self.uncounted.add(ref)


_NO_PART: Final = SystemPart(False, frozenset(), frozenset(), dark=False)


def stored(estate: StoredEstate, catalogue: Catalogue, as_of: date, laid: Overlay) -> Portfolio:
    """The portfolio of a workspace in the database, with the candidates of `laid` laid over it.

    The whole is computed once for a state of the inventory; what candidates change of it, for what rests on them alone.
    """
    position = log.position(estate.session)
    if position is None:
        return compute(foundations(estate, catalogue, laid), catalogue, as_of)
    base = _kept(estate, catalogue, as_of, position)
    if not laid.assets:
        return base
    touched = _touched(estate, catalogue, laid)
    if touched is None:
        return compute(foundations(estate, catalogue, laid), catalogue, as_of)
    return base.changed(touched, compute(foundations(estate, catalogue, laid, touched), catalogue, as_of))


def _kept(estate: StoredEstate, catalogue: Catalogue, as_of: date, position: int) -> Portfolio:
    key = (str(estate.session.get_bind().engine.url), estate.home.id, position, catalogue.digest, as_of)
    with _lock:
        if key in _portfolios:
            _portfolios.move_to_end(key)
            return _portfolios[key]
    made = compute(foundations(estate, catalogue), catalogue, as_of)
    with _lock:
        _portfolios[key] = made
        while len(_portfolios) > _KEPT:
            _portfolios.popitem(last=False)
    return made


def _touched(estate: Estate, catalogue: Catalogue, laid: Overlay) -> set[str] | None:
    """Systems and hosts whose parts candidates can change; None where a company is among these, which may change any."""
    if any(view.kind == Kind.VENDOR for view in laid.assets.values()):
        return None
    start = {*laid.assets, *(edge.source for edge in laid.all_edges())}
    for ref in laid.assets:
        start |= catalogue.resting_on(ref)
    down = start | {tie.source for tie in estate.down(start, DEPENDENCY)}
    return {ref for ref in down if ref.startswith(_COUNTED)}


_portfolios: "OrderedDict[tuple[Any, ...], Portfolio]" = OrderedDict()
_lock = Lock()


def compute(found: Foundations, catalogue: Catalogue, as_of: date) -> Portfolio:
    """Counts over what the systems stand on. Pure."""
    land = Landscape(found.part, catalogue.on(as_of), as_of)
    controls = Controls(land)
    commands: dict[str, Command] = {}

    def commanded(thing: str) -> Command:
        if thing not in commands:
            commands[thing] = command(controls, thing)
        return commands[thing]

    systems = {
        system: _system([commanded(thing) for thing in found.things[system]], stated=criticality is not None)
        for system, criticality in found.systems.items()
    }
    return Portfolio.whole(systems, {host: _host(land, host, commanded) for host in found.hosts})


def _system(commands: Sequence[Command], *, stated: bool) -> SystemPart:
    sure = frozenset(vendor for by in commands for vendor in by.sure)
    maybe = frozenset(vendor for by in commands for vendor in by.maybe)
    return SystemPart(stated, sure, maybe - sure, not commands or not all(by.known for by in commands))


def _host(land: Landscape, host: str, commanded: Callable[[str], Command]) -> HostPart:
    accelerators, uncounted = 0, False
    suppliers: set[str] = set()
    supplied: Counter[str] = Counter()
    designed: Counter[str] = Counter()
    for entry in (land.attributes(host) or {})["accelerators"]:
        supplier, count = _supplier(land, entry), entry.get("count")
        accelerators += count or 0
        above = commanded(supplier).sure if supplier else frozenset()
        suppliers |= above
        if supplier is None or count is None:
            uncounted = True
            continue
        for vendor in above:
            supplied[vendor] += count
        country = (land.attributes(supplier) or {}).get("incorporated_in")
        if country is None:
            uncounted = True
        else:
            designed[country] += count
    return HostPart(accelerators, frozenset(suppliers), supplied, designed, uncounted)


def _supplier(land: Landscape, entry: dict[str, Any]) -> str | None:
    """Who supplies an accelerator: as the manifest says, or by its model."""
    chip = land.catalogue.accelerator(entry["model"]) if entry.get("model") else None
    vendor: str | None = entry.get("vendor") or (chip or {}).get("vendor")
    return vendor


def _note(ties: dict[str, set[str]], vendors: Iterable[str], system: str) -> None:
    for vendor in vendors:
        ties.setdefault(vendor, set()).add(system)


def _changed(
    before: Mapping[str, set[str]], fresh: Mapping[str, set[str]], gone: set[str], vendors: Collection[str]
) -> dict[str, set[str]]:
    made = dict(before)
    for vendor in {*vendors, *fresh}:
        made[vendor] = (before.get(vendor, set()) - gone) | fresh.get(vendor, set())
    return made


def _share(part: int, whole: int) -> int | None:
    return part * _WHOLE // whole if whole else None
