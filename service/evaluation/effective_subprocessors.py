"""Effective subprocessors: who works for a vendor or for the provider of a service, and for those again."""

from collections import deque

from service.evaluation.effective_control import Controls
from service.evaluation.effective_operators import operators
from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import Subprocessors
from service.inventory.facts import Kind


def subprocessors(land: Landscape, controls: Controls, ref: str) -> Subprocessors:
    """Subprocessors of a vendor, or of those who provide an AI service; each by its shortest way, sorted."""
    if kind_of(ref) == Kind.VENDOR:
        starts = [[ref]]
    elif kind_of(ref) == Kind.AI_SERVICE:
        starts = [[ref, operator] for operator, _ in operators(land, ref)]
    else:
        return {"chains": [], "undisclosed": []}
    undisclosed = [] if starts else [[ref]]
    chains = []
    seen = {path[-1] for path in starts}
    queue = deque(starts)
    while queue:
        path = queue.popleft()
        named = [edge.target for edge in land.up(path[-1], ("subprocessor",))]
        stated = (land.attributes(path[-1]) or {}).get("subprocessors_disclosed")
        if stated is False or (stated is None and not named):
            undisclosed.append(path)
        for vendor in named:
            if vendor not in seen:
                seen.add(vendor)
                way = [*path, vendor]
                chains.append(controls.chain_of(vendor, way))
                queue.append(way)
    return {"chains": sorted(chains, key=lambda chain: chain["of"]), "undisclosed": sorted(undisclosed)}
