"""Walks over the edges: what an asset rests on, what rests on it, and the slice of both that judging needs.

They run on any `Estate`; what is found is held, never the whole.
"""

from collections.abc import Collection, Iterable, Mapping

from service.inventory import edges
from service.inventory.estate import Estate
from service.inventory.facts import Kind, RelationType
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.views import AssetView, EdgeView, Slice

_MADE = (Kind.MODEL, Kind.DATASET, Kind.SOFTWARE)
# Kinds whose document tells what rests on them: their facts change with what is above them, too.
REACHED = tuple(f"{kind}:" for kind in (*_MADE, Kind.GPU_HOST, Kind.CLOUD_REGION, Kind.AI_SERVICE))
SYSTEM = f"{Kind.SYSTEM}:"
REACHING = (SYSTEM, f"{Kind.DATASET}:")


def slice_for(estate: Estate, refs: Collection[str], catalogue: Catalogue) -> Slice:
    """What is needed to judge `refs`: everything they rest on, and the systems and datasets that rest on them."""
    part, nothing = Slice(estate.workspace), Overlay()
    add_above(estate, part, refs, catalogue, nothing)
    add_below(estate, part, refs, nothing)
    return part


def add_above(estate: Estate, part: Slice, refs: Collection[str], catalogue: Catalogue, laid: Overlay) -> None:
    """Adds `refs`, the candidates, everything they rest on and all edges between. Comes before `add_below`."""
    stated = laid.all_edges()
    start = {*refs, *laid.assets, *(edge.target for edge in stated)} - part.up.keys()
    up = [*laid.replace(estate.up(start, edges.DEPENDENCY)), *stated]
    _add_up(part, up)
    if any(ref.startswith(SYSTEM) for ref in start):
        up += _add_alternatives(estate, part, {*start, *(edge.target for edge in up)}, laid)
    named = start | {edge.source for edge in up} | {edge.target for edge in up}
    part.assets.update(laid.assets)
    asked = set(part.assets)
    missing = named | catalogue.rests_on(named)
    while missing := missing - asked:
        found = estate.assets(missing)
        part.assets.update(found)
        asked |= missing
        # A registered vendor may name owners that no walk has met, since its own ref came out of the catalogue.
        rows = laid.replace(estate.up(found.keys() - named, edges.DEPENDENCY))
        _add_up(part, rows)
        targets = {edge.target for edge in rows}
        missing = targets | catalogue.rests_on(targets)


def reached_assets(part: Slice, laid: Overlay) -> dict[str, str]:
    """Registered assets that the candidates reach by any dependency, candidates left out: by ref, the candidate that does.

    Of several candidates that reach an asset it is the first, in the order in which they were given.
    """
    reached: dict[str, str] = {}
    for candidate, stated in laid.edges.items():
        todo = [edge.target for edge in stated]
        while todo:
            ref = todo.pop()
            if ref not in reached:
                reached[ref] = candidate
                todo += [edge.target for edge in part.up.get(ref, ())]
    return {ref: via for ref, via in reached.items() if ref in part.assets and ref not in laid.assets}


def add_below(estate: Estate, part: Slice, refs: Collection[str], laid: Overlay) -> None:
    """Adds the systems and datasets that rest on `refs`, as far as the documents of `refs` tell of them."""
    start = [ref for ref in refs if ref.startswith(REACHED)]
    if not start:
        return
    types = sorted(set(edges.DATA_FLOW) | set(edges.CONSUMPTION))
    stated = [edge for edge in laid.all_edges() if edge.type in types]
    # What a candidate newly ties to a host counts for the host at once.
    found = [*laid.replace(estate.down(start, types)), *stated]
    for edge in found:
        part.down.setdefault(edge.target, []).append(edge)
    carriers = {edge.source for edge in found if edge.source.startswith(REACHING)} | set(start)
    # The data of a system includes that of the datasets it uses.
    systems = [ref for ref in carriers if ref.startswith(SYSTEM)]
    _add_up(part, laid.replace(estate.datasets_of([ref for ref in systems if ref not in part.up])))
    carriers |= {
        edge.target for system in systems for edge in part.up.get(system, ()) if edge.type == RelationType.USES
    }
    for view in estate.reach([ref for ref in carriers - part.assets.keys() if ref.startswith(REACHING)]):
        part.reach[view.ref] = view
    part.reach.update(laid.reach)


def resting_on(estate: Estate, laid: Overlay, stored: Mapping[str, AssetView]) -> set[str]:
    """Refs of registered assets that rest on a candidate which would change what is `stored`, or was missing."""
    changed = [ref for ref, view in laid.assets.items() if not _alike(view, stored.get(ref))]
    found = {tie.source for tie in estate.down(changed, edges.DEPENDENCY)}
    return set(estate.assets(found)) - laid.assets.keys()


def _add_alternatives(estate: Estate, part: Slice, refs: Collection[str], laid: Overlay) -> list[EdgeView]:
    """Adds ties between these and what could take their place, with all that the latter rest on; answers the edges."""
    ties = laid.replace(estate.exchanges(refs))
    ties = [tie for tie in ties if tie.type == RelationType.ALTERNATIVE_TO or tie.source in refs]
    others = {end for tie in ties for end in (tie.source, tie.target)} - set(refs)
    above = laid.replace(estate.up(others, edges.DEPENDENCY))
    _add_up(part, above)
    for tie in ties:  # of types that no walk brings, so a source that is there lacks them
        known = part.up.setdefault(tie.source, [])
        if tie not in known:
            known.append(tie)
    return [*ties, *above]


def _alike(candidate: AssetView, stored: AssetView | None) -> bool:
    """Whether a candidate states what is stored, as far as others can tell."""
    return (
        stored is not None
        and candidate.attributes == stored.attributes
        and sorted(map(str, candidate.relations)) == sorted(map(str, stored.relations))
    )


def _add_up(part: Slice, found: Iterable[EdgeView]) -> None:
    """Adds edges by their sources. A walk brings all of a source's edges, so a source that is there has them."""
    fresh: dict[str, list[EdgeView]] = {}
    for edge in found:
        if edge.source not in part.up:
            fresh.setdefault(edge.source, []).append(edge)
    part.up.update(fresh)
