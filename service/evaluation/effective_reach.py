"""Effective data and consumers: which classes of data are within an asset, and which systems rest on it."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable

from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import Consumer, Consumers, DataClass, DataFact
from service.inventory.edges import CONSUMPTION, DATA_FLOW
from service.inventory.facts import Kind
from service.inventory.views import EdgeView

NEAREST = 20
_HOLDERS = (Kind.GPU_HOST, Kind.CLOUD_REGION, Kind.AI_SERVICE)
_CONSUMED = (Kind.MODEL, Kind.DATASET, Kind.SOFTWARE, *_HOLDERS)


def carriers(land: Landscape, ref: str) -> list[list[str]]:
    """Ways from the asset to the systems and datasets whose data it holds or sees, the shortest first."""
    kind = kind_of(ref)
    found: list[list[str]] = []
    if kind in (Kind.DATASET, Kind.SYSTEM):
        found = _with_datasets(land, ref, [ref])
    elif kind in _HOLDERS:
        found = [
            way
            for path in _walk_down(land, ref, DATA_FLOW, _carries_data)
            if kind_of(path[-1]) in (Kind.SYSTEM, Kind.DATASET)
            for way in _with_datasets(land, path[-1], path)
        ]
    return sorted(found, key=lambda way: (len(way), way))


def data(land: Landscape, ways: Iterable[list[str]]) -> DataFact:
    """Classes of the data that is at the end of `ways` (see `carriers`), and who did not state theirs."""
    classes: dict[str, DataClass] = {}
    undeclared: dict[str, list[str]] = {}
    for path in ways:
        view = land.reach(path[-1])
        if view is None or view.data_classes is None:
            undeclared.setdefault(path[-1], path)
            continue
        for name in view.data_classes:
            classes.setdefault(name, {"data_class": name, "path": path, "grade": view.grade})  # type: ignore[typeddict-item]
    return {
        "classes": [classes[name] for name in sorted(classes)],
        "undeclared": [undeclared[key] for key in sorted(undeclared)][:NEAREST],
    }


def consumers(land: Landscape, ref: str) -> Consumers:
    """Systems that rest on the asset: counts of all, details of the nearest."""
    if kind_of(ref) not in _CONSUMED:
        return {"total": 0, "commercial": 0, "undeclared": 0, "criticalities": {}, "nearest": []}
    found: list[Consumer] = []
    for path in _walk_down(land, ref, CONSUMPTION, _any):
        view = land.reach(path[-1]) if kind_of(path[-1]) == Kind.SYSTEM else None
        if view is not None:
            found.append(
                {"ref": view.ref, "commercial": view.commercial, "criticality": view.criticality, "path": path[::-1]}
            )
    found.sort(key=lambda c: (not c["commercial"], c["criticality"] != "critical", len(c["path"]), c["ref"]))
    return {
        "total": len(found),
        "commercial": sum(c["commercial"] is True for c in found),
        "undeclared": sum(c["commercial"] is None for c in found),
        "criticalities": dict(Counter(sorted(c["criticality"] or "unstated" for c in found))),
        "nearest": found[:NEAREST],
    }


def _with_datasets(land: Landscape, ref: str, path: list[str]) -> list[list[str]]:
    """A carrier and, of a system, the datasets it uses: their data is in it."""
    ways = [path]
    if kind_of(ref) == Kind.SYSTEM:
        ways += [
            [*path, edge.target]
            for edge in land.up(ref, ("uses",))
            if kind_of(edge.target) == Kind.DATASET and edge.target not in path
        ]
    return ways


def _walk_down(
    land: Landscape, start: str, types: Collection[str], follows: Callable[[EdgeView], bool]
) -> list[list[str]]:
    """Ways from `start` to everything that rests on it, the shortest for each, breadth first."""
    paths: list[list[str]] = []
    seen = {start}
    queue: deque[list[str]] = deque([[start]])
    while queue:
        path = queue.popleft()
        for edge in land.down(path[-1], types):
            if edge.source not in seen and follows(edge):
                seen.add(edge.source)
                way = [*path, edge.source]
                paths.append(way)
                queue.append(way)
    return paths


def _carries_data(edge: EdgeView) -> bool:
    """Whether data really goes this way.

    Weights that lie in a region carry none of the data their users send, and a dataset that a system reads does not see
    what the system hears.
    """
    source, target = kind_of(edge.source), kind_of(edge.target)
    if edge.type == "stored_in":
        return source == Kind.DATASET
    if edge.type == "uses":
        return target in (Kind.AI_SERVICE, Kind.MODEL)
    return True


def _any(_: EdgeView) -> bool:
    return True
