"""Which ties mean what: the one table of edge types that every walk reads.

An edge runs from what rests to what it rests on. Most are relations of a manifest; some are read off attributes that name
another asset; `served_by` is the inverse of `serves`, since a model rests on what serves it. Of a hosted service the other
way counts as well (`offers`): whoever calls it rests on the models behind it.
"""

from collections.abc import Iterator

from service.inventory import kinds
from service.inventory.facts import Kind, Observation, RelationType
from service.inventory.views import EdgeView

SERVED_BY = "served_by"
OFFERS = "offers"
DATA_PATH = "data_path"

# A change of the far end can change what is known of the near end. `serves` runs the other way and has its inverse;
# an alternative is no dependency; an evaluation set leaves no trace in the model.
DEPENDENCY = (
    "derived_from",
    "trained_on",
    "generated_by",
    "stored_in",
    "runs_on",
    "located_in",
    "operated_by",
    "published_by",
    "uses",
    "subprocessor",
    SERVED_BY,
    OFFERS,
    DATA_PATH,
    "seen_in",
    "publisher",
    "owner",
    "provider",
    "owners",
)

# Data goes where these lead: from a system to the service it calls, the host it runs on, the region that hosts it.
DATA_FLOW = ("stored_in", "runs_on", "located_in", "uses", SERVED_BY, DATA_PATH)

# Obligations come down these: what a thing was made from, and what a system is made of.
LICENCE_FLOW = ("derived_from", "trained_on", "generated_by", "uses")

# Whatever a system rests on for its work or its terms: the ways down to the systems that are affected.
CONSUMPTION = ("derived_from", "trained_on", "generated_by", "uses", "runs_on", "located_in", SERVED_BY, DATA_PATH)


def of_observation(observation: Observation) -> list[tuple[EdgeView, str]]:
    """All edges that one statement makes, each with its origin: `relation`, `inverse` or `attribute`."""
    found: dict[tuple[str, str, str, str], tuple[EdgeView, str]] = {}
    for edge, origin in _stated(observation):
        purpose = edge.detail.get("purpose", "") if edge.detail else ""
        found.setdefault((edge.source, edge.type, edge.target, purpose), (edge, origin))
    return list(found.values())


def _stated(observation: Observation) -> Iterator[tuple[EdgeView, str]]:
    ref = observation.ref
    for relation in observation.relations:
        detail = {"as": relation.derivation} if relation.derivation else {}
        yield EdgeView(ref, str(relation.type), relation.to, detail), "relation"
        if relation.type is RelationType.SERVES:
            yield EdgeView(relation.to, SERVED_BY, ref), "inverse"
            if observation.kind is Kind.AI_SERVICE:
                yield EdgeView(ref, OFFERS, relation.to), "inverse"
    for type_, target, detail in kinds.attribute_refs(observation.kind, observation.attributes):
        yield EdgeView(ref, type_, target, detail), "attribute"
