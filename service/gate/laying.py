"""Laying a candidate over what is registered under its name. Pure.

A manifest replaces what it names. A file that tells a part of an asset changes that part: its attributes hold, labels and
annotations too, and its relations stand in the place of those that the same sort of file or a scan of it told before. What
others say of the asset stays.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from service.gate.reading.parts import Type
from service.inventory.facts import Kind, Observation, Relation, RelationType
from service.inventory.merge import Said
from service.inventory.views import AssetView

# Type of file -> the connectors that see the same things once they are deployed.
SEEN_BY: Final[Mapping[Type, frozenset[str]]] = {
    Type.KUBERNETES: frozenset({"kubernetes"}),
    Type.TERRAFORM_PLAN: frozenset({"terraform_state"}),
    Type.CYCLONEDX: frozenset({"sbom"}),
    Type.SPDX: frozenset({"sbom"}),
    Type.MODEL_CARD: frozenset({"hugging_face"}),
    Type.PACKAGES: frozenset({"python_environment"}),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An asset that would exist. `part_of` is the type of the file that tells a part of it, None where it is told whole."""

    observation: Observation
    part_of: Type | None = None

    @property
    def ref(self) -> str:
        """`kind:name`."""
        return self.observation.ref


def lay(
    candidates: Iterable[Candidate],
    stored: Mapping[str, AssetView],
    said: Mapping[str, Mapping[str, Said]],
    connector_of: Callable[[str], str | None],
) -> list[Observation]:
    """What would be registered under each candidate's name, each once, in the order of first mention.

    Args:
        candidates: in the order in which they were given; of two whole ones the later holds.
        stored: what is registered, by ref.
        said: what several origins say, by ref and origin, where more than manifests speak of an asset.
        connector_of: the connector behind an origin.
    """
    laid: dict[str, Observation] = {}
    for one in candidates:
        ref, type_ = one.ref, one.part_of
        if type_ is None:
            laid[ref] = one.observation
            continue
        under = laid.get(ref)
        if under is None and ref in stored:
            gone = frozenset(
                origin for origin in said.get(ref, {}) if connector_of(origin) in SEEN_BY.get(type_, frozenset())
            )
            under = _registered(stored[ref], one.observation.workspace, said.get(ref, {}), gone)
        laid[ref] = one.observation if under is None else _over(under, one.observation)
    return list(laid.values())


def _registered(view: AssetView, workspace: str, said: Mapping[str, Said], gone: frozenset[str]) -> Observation:
    relations = [_relation(stated) for stated in view.relations]
    if gone:
        told = {
            (each["type"], each["to"])
            for name, one in said.items()
            if name not in gone
            for each in one.body["relations"]
        }
        relations = [relation for relation in relations if (relation.type, relation.to) in told]
    return Observation(
        kind=Kind(view.kind),
        name=view.name,
        workspace=workspace,
        title=view.title,
        labels=view.labels,
        annotations=view.annotations,
        attributes=view.attributes,
        relations=tuple(relations),
        evidence=view.evidence,
        managed_by=view.managed_by,
    )


def _over(under: Observation, part: Observation) -> Observation:
    kept = {name: stated for name, stated in under.evidence.items() if name not in part.attributes}
    relations = {(one.type, one.to): one for one in (*part.relations, *under.relations)}
    return replace(
        under,
        title=under.title or part.title,
        labels={**under.labels, **part.labels},
        annotations={**under.annotations, **part.annotations},
        attributes={**under.attributes, **part.attributes},
        relations=tuple(relations[key] for key in sorted(relations)),
        evidence={**kept, **part.evidence},
    )


def _relation(stated: Mapping[str, Any]) -> Relation:
    return Relation(RelationType(stated["type"]), stated["to"], stated.get("as"))
