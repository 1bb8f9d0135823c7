"""Which relation may lead from which kind of asset to which."""

from collections.abc import Mapping
from typing import Final

from service.inventory.facts import Kind, RelationType

_M, _D, _H, _R = Kind.MODEL, Kind.DATASET, Kind.GPU_HOST, Kind.CLOUD_REGION
_V, _S, _A, _Y = Kind.VENDOR, Kind.SOFTWARE, Kind.AI_SERVICE, Kind.SYSTEM
RELATIONS: Final[Mapping[RelationType, tuple[frozenset[Kind], frozenset[Kind]]]] = {
    RelationType.DERIVED_FROM: (frozenset({_M}), frozenset({_M})),
    RelationType.TRAINED_ON: (frozenset({_M}), frozenset({_D})),
    RelationType.EVALUATED_ON: (frozenset({_M}), frozenset({_D})),
    RelationType.GENERATED_BY: (frozenset({_D}), frozenset({_M})),
    RelationType.STORED_IN: (frozenset({_D, _M}), frozenset({_R, _H})),
    RelationType.RUNS_ON: (frozenset({_Y, _M}), frozenset({_H, _R})),
    RelationType.LOCATED_IN: (frozenset({_H}), frozenset({_R})),
    RelationType.OPERATED_BY: (frozenset({_R, _H, _A}), frozenset({_V})),
    RelationType.PUBLISHED_BY: (frozenset({_M, _D, _S}), frozenset({_V})),
    RelationType.USES: (frozenset({_Y}), frozenset({_M, _D, _S, _A})),
    RelationType.SERVES: (frozenset({_S, _H, _A}), frozenset({_M})),  # an AI service too: what its API gives access to
    RelationType.ALTERNATIVE_TO: (frozenset(Kind), frozenset(Kind)),  # and of the same kind, see `targets`
    RelationType.SUBPROCESSOR: (frozenset({_V}), frozenset({_V})),
}


def targets(kind: Kind, relation: RelationType) -> frozenset[Kind]:
    """The kinds that a `relation` stated by a `kind` may point at; empty where that kind cannot state it."""
    sources, to = RELATIONS[relation]
    if kind not in sources:
        return frozenset()
    return frozenset({kind}) if relation is RelationType.ALTERNATIVE_TO else to
