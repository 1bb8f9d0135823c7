"""What the systems that matter stand on: one pass over the estate, for facts about all of it together."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from service.inventory.edges import DATA_PATH, SERVED_BY
from service.inventory.estate import Estate
from service.inventory.facts import Kind
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.views import Slice

# What a system needs to run. Whoever publishes what the organisation holds itself cannot stop it: no such ties.
RUNNING: Final = ("uses", "runs_on", "located_in", "stored_in", SERVED_BY, DATA_PATH)
_OPERATED: Final = "operated_by"
_THINGS: Final = (f"{Kind.CLOUD_REGION}:", f"{Kind.GPU_HOST}:", f"{Kind.AI_SERVICE}:")
_NAMING: Final = ("operator", "provider", "owner")
_LIGHT: Final = ("low", "medium")


@dataclass
class Foundations:
    """Systems that are `high`, `critical` or do not say (None), and what each needs to run.

    `things` holds, by system, what somebody operates for it: regions, hosts, services, sorted. `hosts` are those with
    accelerators. `part` holds all these with every company behind them.
    """

    part: Slice
    systems: dict[str, str | None]
    things: dict[str, list[str]] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)


def foundations(
    estate: Estate, catalogue: Catalogue, overlay: Overlay | None = None, only: Collection[str] | None = None
) -> Foundations:
    """The foundations of a workspace as they are kept now, with what the candidates of `overlay` state instead.

    `only` names the systems and hosts that are asked about; without it all are.
    """
    laid = overlay or Overlay()
    systems, hosts = _everybody(estate, laid) if only is None else _some(estate, laid, only)
    systems = {ref: criticality for ref, criticality in systems.items() if criticality not in _LIGHT}
    found = Foundations(Slice(estate.workspace), systems, hosts=sorted(hosts))
    stated = laid.all_edges()
    start = {*found.systems, *(edge.target for edge in stated)}
    edges = [*laid.replace(estate.up(start, [*RUNNING, _OPERATED])), *stated]
    up: dict[str, list[str]] = {}
    for edge in edges:
        if edge.type in RUNNING:
            up.setdefault(edge.source, []).append(edge.target)
        elif edge.type == _OPERATED:
            found.part.up.setdefault(edge.source, []).append(edge)
    found.things = {system: _things(up, system) for system in sorted(found.systems)}
    operators = {edge.target for ties in found.part.up.values() for edge in ties}
    things = {thing for things in found.things.values() for thing in things}
    _load(estate, found.part, things | operators | set(found.hosts) | estate.vendors(), catalogue, laid)
    return found


def _everybody(estate: Estate, laid: Overlay) -> tuple[dict[str, str | None], set[str]]:
    """The criticality of all systems, and all hosts with accelerators."""
    systems, hosts = estate.systems(), estate.accelerated() - laid.assets.keys()
    for ref, view in laid.assets.items():
        if view.kind == Kind.SYSTEM:
            systems[ref] = view.attributes.get("criticality")
        elif view.kind == Kind.GPU_HOST and view.attributes.get("accelerators"):
            hosts.add(ref)
    return systems, hosts


def _some(estate: Estate, laid: Overlay, only: Collection[str]) -> tuple[dict[str, str | None], set[str]]:
    """The same of these alone."""
    wanted = set(only)
    views = list(estate.assets(wanted - laid.assets.keys()).values())
    views += [laid.assets[ref] for ref in wanted & laid.assets.keys()]
    systems = {view.ref: view.attributes.get("criticality") for view in views if view.kind == Kind.SYSTEM}
    return systems, {view.ref for view in views if view.kind == Kind.GPU_HOST and view.attributes.get("accelerators")}


def _things(up: Mapping[str, Iterable[str]], system: str) -> list[str]:
    seen, todo = {system}, [system]
    while todo:
        for target in up.get(todo.pop(), ()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return sorted(ref for ref in seen if ref.startswith(_THINGS))


def _load(estate: Estate, part: Slice, start: set[str], catalogue: Catalogue, laid: Overlay) -> None:
    """Things and companies, up to the ultimate parents: the catalogue's and the registered ones in turn."""
    part.assets.update(laid.assets)
    missing, asked = start | catalogue.rests_on(start), set[str]()
    while missing := missing - asked:
        found = estate.assets(missing - laid.assets.keys())
        found |= {ref: laid.assets[ref] for ref in missing & laid.assets.keys()}
        part.assets.update(found)
        asked |= missing
        named = {ref for asset in found.values() for ref in _named(asset.attributes)}
        missing = named | catalogue.rests_on(named)


def _named(attributes: Mapping[str, Any]) -> set[str]:
    named = {attributes.get(name) for name in _NAMING}
    for entry in (*attributes.get("owners", ()), *attributes.get("accelerators", ())):
        named.add(entry.get("vendor"))
    return {ref for ref in named if ref}
