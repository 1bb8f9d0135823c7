"""The portfolio: what of all systems and accelerators of a workspace rests on which vendor.

Computed once for a state of the inventory, and remembered: a batch that asks again costs one look at the audit log.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Final

from service.audit import log
from service.evaluation.effective_command import Command, command
from service.evaluation.effective_control import Controls
from service.evaluation.landscape import Landscape
from service.evaluation.policy_input import Concentration
from service.inventory.estate_stored import StoredEstate
from service.inventory.foundations import Foundations, foundations
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue

NAMED: Final = 20
_KEPT: Final = 16
_WHOLE: Final = 10_000


@dataclass
class Portfolio:
    """Counts over a workspace, ready to be asked for one vendor after the other."""

    total: int = 0
    sure: dict[str, set[str]] = field(default_factory=dict)
    maybe: dict[str, set[str]] = field(default_factory=dict)
    unstated: set[str] = field(default_factory=set)
    dark: set[str] = field(default_factory=set)
    suppliers: set[str] = field(default_factory=set)
    supplied: Counter[str] = field(default_factory=Counter)
    designed: Counter[str] = field(default_factory=Counter)
    accelerators: int = 0
    uncounted: set[str] = field(default_factory=set)

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
            "systems": sorted(stated)[:NAMED],
            "systems_count": len(stated),
            "systems_total": self.total,
            "systems_least": least,
            "systems_most": most,
            "open": sorted(self.unstated | perhaps)[:NAMED],
            "supplies": vendor in self.suppliers,
            "accelerators": self.supplied[vendor],
            "accelerators_total": self.accelerators,
            "accelerators_share": _share(self.supplied[vendor], self.accelerators),
            "country": country,
            "country_blocs": list(blocs),
            "country_accelerators": designed,
            "country_accelerators_share": _share(designed, self.accelerators),
            "uncounted": sorted(self.uncounted)[:NAMED],
        }


def stored(estate: StoredEstate, catalogue: Catalogue, as_of: date, laid: Overlay) -> Portfolio:
    """The portfolio of a workspace in the database, with the candidates of `laid` laid over it."""
    if laid.assets:
        return compute(foundations(estate, catalogue, laid), catalogue, as_of)
    position = log.position(estate.session)
    key = (str(estate.session.get_bind().engine.url), estate.home.id, position, catalogue.digest, as_of)
    with _lock:
        if position is not None and key in _portfolios:
            _portfolios.move_to_end(key)
            return _portfolios[key]
    made = compute(foundations(estate, catalogue), catalogue, as_of)
    if position is not None:
        with _lock:
            _portfolios[key] = made
            while len(_portfolios) > _KEPT:
                _portfolios.popitem(last=False)
    return made


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

    made = Portfolio()
    for system, criticality in found.systems.items():
        things = found.things[system]
        if criticality is None:
            made.unstated.add(system)
        else:
            made.total += 1
        sure: set[str] = set()
        maybe: set[str] = set()
        for thing in things:
            by = commanded(thing)
            sure |= by.sure
            maybe |= by.maybe
            if not by.known:
                made.dark.add(system)
        if not things:
            made.dark.add(system)
        _note(made.sure, sure, system)
        _note(made.maybe, maybe - sure, system)
    for host in found.hosts:
        for entry in (land.attributes(host) or {})["accelerators"]:
            _count(made, land, host, entry, commanded)
    return made


def _count(
    made: Portfolio, land: Landscape, host: str, entry: dict[str, Any], commanded: Callable[[str], Command]
) -> None:
    supplier, count = _supplier(land, entry), entry.get("count")
    if count is not None:
        made.accelerators += count
    above = commanded(supplier).sure if supplier else frozenset()
    made.suppliers |= above
    if supplier is None or count is None:
        made.uncounted.add(host)
        return
    for vendor in above:
        made.supplied[vendor] += count
    country = (land.attributes(supplier) or {}).get("incorporated_in")
    if country is None:
        made.uncounted.add(host)
    else:
        made.designed[country] += count


def _supplier(land: Landscape, entry: dict[str, Any]) -> str | None:
    """Who supplies an accelerator: as the manifest says, or by its model."""
    chip = land.catalogue.accelerator(entry["model"]) if entry.get("model") else None
    vendor: str | None = entry.get("vendor") or (chip or {}).get("vendor")
    return vendor


def _note(ties: dict[str, set[str]], vendors: Iterable[str], system: str) -> None:
    for vendor in vendors:
        ties.setdefault(vendor, set()).add(system)


def _share(part: int, whole: int) -> int | None:
    return part * _WHOLE // whole if whole else None
