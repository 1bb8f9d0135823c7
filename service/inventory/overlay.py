"""The overlay: candidates of the gate, laid over the stored inventory. Nothing is saved."""

from collections.abc import Iterable, Sequence
from typing import Any

from service.inventory import edges
from service.inventory.facts import Kind, Observation
from service.inventory.views import AssetView, EdgeView, ReachView


class Overlay:
    """Candidates of the gate, laid over the stored inventory: they replace what they name, and nothing is saved."""

    def __init__(self, observations: Sequence[Observation] = ()) -> None:
        """Takes each candidate once; of two with one ref the later holds."""
        by_ref = {o.ref: o for o in observations}
        self.assets = {ref: _candidate(o) for ref, o in by_ref.items()}
        self.edges = {ref: [edge for edge, _ in edges.of_observation(o)] for ref, o in by_ref.items()}
        self.reach = {
            ref: _reach_of(view) for ref, view in self.assets.items() if view.kind in (Kind.SYSTEM, Kind.DATASET)
        }

    def replace(self, rows: Iterable[Any]) -> list[EdgeView]:
        """Stored edges (owner, source, type, target, detail), without what the candidates themselves said before."""
        return [
            EdgeView(source, type_, target, detail or {})
            for owner, source, type_, target, detail in rows
            if owner not in self.assets
        ]

    def all_edges(self) -> list[EdgeView]:
        """Every edge that a candidate states."""
        return [edge for stated in self.edges.values() for edge in stated]


def _candidate(observation: Observation) -> AssetView:
    evidence = {
        name: {"grade": "declared", "source": "candidate", **observation.evidence.get(name, {})}
        for name in observation.attributes
    }
    return AssetView(
        id=None,
        ref=observation.ref,
        kind=str(observation.kind),
        name=observation.name,
        title=observation.title,
        labels=observation.labels,
        annotations=observation.annotations,
        attributes=observation.attributes,
        relations=[r.as_dict() for r in observation.relations],
        evidence=evidence,
        managed_by=observation.managed_by,
    )


def _reach_of(view: AssetView) -> ReachView:
    grade = view.evidence.get("data_classes", {}).get("grade", "unresolved")
    return ReachView.of(view.ref, view.kind, view.attributes, grade)
