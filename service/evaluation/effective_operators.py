"""Who runs or owns a region, host or service."""

from service.evaluation.landscape import Landscape
from service.evaluation.policy_input import Grade


def operators(land: Landscape, thing: str) -> list[tuple[str, Grade]]:
    """Vendors that run or own `thing`, sorted; relations and attributes both count, a provider for want of an operator."""
    found: dict[str, Grade] = {edge.target: "declared" for edge in land.up(thing, ("operated_by",))}
    attributes = land.attributes(thing) or {}
    for attribute in ("operator", "provider", "owner"):
        vendor = attributes.get(attribute)
        if vendor and not (attribute == "provider" and found):
            found.setdefault(vendor, land.grade(thing, attribute))
    return sorted(found.items())
