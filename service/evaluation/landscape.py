"""A slice of the graph with the reference catalogue behind it, on one date: what the effective facts are read from.

A registered asset stands before the catalogue's entry of the same ref and takes from it what it does not state itself.
Everything is looked up once and remembered, since a batch asks for the same regions and vendors again and again.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, cast

from service.evaluation.policy_input import Grade
from service.inventory import licences
from service.inventory.facts import Kind
from service.inventory.reference import DatedCatalogue
from service.inventory.views import AssetView, EdgeView, ReachView, Slice

_ORDER: tuple[Grade, ...] = ("verified", "inferred", "declared", "unresolved")
_RANK = {grade: number for number, grade in enumerate(_ORDER)}


def weakest(*grades: Grade) -> Grade:
    """The worst of some grades; `verified` where there is none."""
    return max(grades, key=_RANK.__getitem__, default="verified")


def kind_of(ref: str) -> str:
    """The kind before the colon of a ref."""
    return ref.partition(":")[0]


class Landscape:
    """What is known on `as_of` about everything in a slice."""

    def __init__(self, part: Slice, catalogue: DatedCatalogue, as_of: date) -> None:
        """Looks at `part` with `catalogue` behind it."""
        self.part = part
        self.catalogue = catalogue
        self.as_of = as_of
        self._attributes: dict[str, dict[str, Any] | None] = {}
        self._up: dict[str, list[EdgeView]] = {}
        self._down: dict[str, list[EdgeView]] = {}
        self._reach: dict[str, ReachView | None] = {}
        self._licences: dict[str, licences.Resolution] = {}

    def asset(self, ref: str) -> AssetView | None:
        """The registered asset, None where there is none."""
        return self.part.assets.get(ref)

    def attributes(self, ref: str) -> dict[str, Any] | None:
        """All that is stated of `ref` by its manifest or the catalogue; None where neither knows it."""
        if ref not in self._attributes:
            asset = self.part.assets.get(ref)
            shipped = self.catalogue.asset_attributes(ref)
            known = asset is not None or shipped is not None
            self._attributes[ref] = {**(shipped or {}), **(asset.attributes if asset else {})} if known else None
        return self._attributes[ref]

    def is_known(self, ref: str) -> bool:
        """Whether anybody registered `ref` or the catalogue has it."""
        return self.attributes(ref) is not None

    def grade(self, ref: str, attribute: str) -> Grade:
        """How well an attribute is known. What comes from the catalogue is inferred: looked up by its key, not observed."""
        asset = self.part.assets.get(ref)
        if asset is not None and attribute in asset.attributes:
            return cast("Grade", asset.evidence.get(attribute, {}).get("grade", "declared"))
        shipped = self.catalogue.asset_attributes(ref)
        return "inferred" if shipped is not None and attribute in shipped else "unresolved"

    def up(self, ref: str, types: Collection[str]) -> list[EdgeView]:
        """Edges of these types from `ref` to what it rests on, in a fixed order."""
        if ref not in self._up:
            self._up[ref] = sorted(self.part.up.get(ref, ()), key=_edge_order)
        return [edge for edge in self._up[ref] if edge.type in types]

    def down(self, ref: str, types: Collection[str]) -> list[EdgeView]:
        """Edges of these types into `ref` from what rests on it, in a fixed order."""
        if ref not in self._down:
            self._down[ref] = sorted(self.part.down.get(ref, ()), key=_edge_order)
        return [edge for edge in self._down[ref] if edge.type in types]

    def reach(self, ref: str) -> ReachView | None:
        """What matters of a system or dataset, also where only its existence was looked up."""
        if ref not in self._reach:
            self._reach[ref] = self.part.reach.get(ref) or self._reach_of_asset(ref)
        return self._reach[ref]

    def licence(self, raw: str) -> licences.Resolution:
        """What a licence text means."""
        if raw not in self._licences:
            self._licences[raw] = licences.resolve(raw, self.catalogue)
        return self._licences[raw]

    def _reach_of_asset(self, ref: str) -> ReachView | None:
        asset = self.part.assets.get(ref)
        if asset is None or asset.kind not in (Kind.SYSTEM, Kind.DATASET):
            return None
        return ReachView.of(ref, asset.kind, asset.attributes, self.grade(ref, "data_classes"))


def _edge_order(edge: EdgeView) -> tuple[str, str, str, str]:
    return (edge.type, edge.target, edge.source, edge.detail.get("purpose", "") if edge.detail else "")
