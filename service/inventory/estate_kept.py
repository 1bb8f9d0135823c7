"""The estate in memory, as a file that was exported tells it: the same answers as the database's, without one."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from service.inventory import edges
from service.inventory.estate import Tie
from service.inventory.facts import Kind, Observation, Relation, RelationType
from service.inventory.merge import Said
from service.inventory.views import AssetView, ReachView

_EXCHANGES: Final = frozenset({"alternative_to", "exit_alternative"})


class KeptEstate:
    """A workspace's assets, held whole. See `estate.Estate`."""

    def __init__(
        self, workspace: str, assets: Iterable[AssetView], said: Mapping[str, Mapping[str, Said]] | None = None
    ) -> None:
        self._workspace = workspace
        self._assets = {asset.ref: asset for asset in assets}
        self._said = {ref: dict(origins) for ref, origins in (said or {}).items()}
        self._from: dict[str, list[Tie]] = {}
        self._to: dict[str, list[Tie]] = {}
        for asset in self._assets.values():
            for edge, _ in edges.of_observation(_observation(asset, workspace)):
                tie = Tie(asset.ref, edge.source, edge.type, edge.target, edge.detail or None)
                self._from.setdefault(tie.source, []).append(tie)
                self._to.setdefault(tie.target, []).append(tie)

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self._workspace

    def assets(self, refs: Collection[str]) -> dict[str, AssetView]:
        """Registered assets."""
        return {ref: self._assets[ref] for ref in refs if ref in self._assets}

    def up(self, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        """Ties upwards."""
        return _walk(self._from, start, types, lambda tie: tie.target)

    def down(self, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        """Ties downwards."""
        return _walk(self._to, start, types, lambda tie: tie.source)

    def exchanges(self, refs: Collection[str]) -> list[Tie]:
        """Ties between what can take each other's place."""
        wanted = set(refs)
        up = [tie for ref in wanted for tie in self._from.get(ref, ()) if tie.type in _EXCHANGES]
        down = [tie for ref in wanted for tie in self._to.get(ref, ()) if tie.type in _EXCHANGES]
        return up + [tie for tie in down if tie.source not in wanted]

    def datasets_of(self, systems: Collection[str]) -> list[Tie]:
        """Ties by which systems use datasets."""
        return [
            tie
            for system in set(systems)
            for tie in self._from.get(system, ())
            if tie.type == RelationType.USES and tie.target.startswith(f"{Kind.DATASET}:")
        ]

    def reach(self, refs: Collection[str]) -> list[ReachView]:
        """What matters of systems and datasets."""
        found = self.assets(refs).values()
        return [
            ReachView.of(
                one.ref, one.kind, one.attributes, one.evidence.get("data_classes", {}).get("grade", "unresolved")
            )
            for one in found
            if one.kind in (Kind.SYSTEM, Kind.DATASET)
        ]

    def vendors(self) -> set[str]:
        """All registered vendors."""
        return {ref for ref, asset in self._assets.items() if asset.kind == Kind.VENDOR}

    def systems(self) -> dict[str, str | None]:
        """The criticality of every system."""
        systems = (asset for asset in self._assets.values() if asset.kind == Kind.SYSTEM)
        return {asset.ref: asset.attributes.get("criticality") for asset in systems}

    def accelerated(self) -> set[str]:
        """Hosts that state accelerators."""
        hosts = (asset for asset in self._assets.values() if asset.kind == Kind.GPU_HOST)
        return {asset.ref for asset in hosts if asset.attributes.get("accelerators")}

    def said(self, refs: Collection[str]) -> dict[str, dict[str, Said]]:
        """What each origin says."""
        return {ref: self._said[ref] for ref in refs if ref in self._said}


def _walk(
    ties: Mapping[str, Sequence[Tie]], start: Collection[str], types: Sequence[str], far: Callable[[Tie], str]
) -> list[Tie]:
    wanted = frozenset(types)
    seen = set(start)
    todo = list(seen)
    found: list[Tie] = []
    while todo:
        for tie in ties.get(todo.pop(), ()):
            if tie.type in wanted:
                found.append(tie)
                end = far(tie)
                if end not in seen:
                    seen.add(end)
                    todo.append(end)
    return found


def _observation(asset: AssetView, workspace: str) -> Observation:
    relations = (Relation(RelationType(one["type"]), one["to"], one.get("as")) for one in asset.relations)
    return Observation(Kind(asset.kind), asset.name, workspace, attributes=asset.attributes, relations=tuple(relations))
