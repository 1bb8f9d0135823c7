"""Effective places: where an asset's data lies and is worked on.

Through its own data paths, through its hosts, and through the services it calls.
"""

from collections.abc import Iterator
from typing import Any, cast

from service.evaluation.effective_operators import operators
from service.evaluation.landscape import Landscape, kind_of, weakest
from service.evaluation.policy_input import Adequacy, Grade, Place, Purpose, Recipient
from service.inventory.edges import SERVED_BY
from service.inventory.facts import Kind

# A relation is known as well as its manifest: evidence is kept for attributes alone.
RELATED: Grade = "declared"


def places(land: Landscape, ref: str) -> list[Place]:
    """All places of `ref`, sorted, each once by its shortest way."""
    found: dict[tuple[str, str, str], Place] = {}
    for place in _places(land, ref):
        key = (place["purpose"], place["region"] or place["path"][-1], place["path"][0])
        before = found.get(key)
        if before is None or len(place["path"]) < len(before["path"]):
            found[key] = place
    return [found[key] for key in sorted(found)]


def hosts_and_services(land: Landscape, ref: str) -> Iterator[tuple[str, list[str]]]:
    """Hosts and AI services that see the asset's data, with the way to each."""
    kind = kind_of(ref)
    if kind in (Kind.GPU_HOST, Kind.AI_SERVICE):
        yield ref, [ref]
    if kind == Kind.DATASET:
        for edge in land.up(ref, ("stored_in",)):
            if kind_of(edge.target) == Kind.GPU_HOST:
                yield edge.target, [ref, edge.target]
    if kind == Kind.SYSTEM:
        for target, path in _workplaces(land, ref):
            if kind_of(target) in (Kind.GPU_HOST, Kind.AI_SERVICE):
                yield target, path


def _places(land: Landscape, ref: str) -> Iterator[Place]:
    yield from _own_paths(land, ref, [ref])
    for edge in land.up(ref, ("stored_in",)):
        yield from _at(land, edge.target, [ref, edge.target], "storage", RELATED)
    kind = kind_of(ref)
    if kind == Kind.GPU_HOST:
        yield from _at(land, ref, [ref], "processing", RELATED)
    if kind == Kind.MODEL:
        for edge in land.up(ref, ("runs_on",)):
            yield from _at(land, edge.target, [ref, edge.target], "processing", RELATED)
    if kind == Kind.SYSTEM:
        for target, path in _workplaces(land, ref):
            if kind_of(target) == Kind.AI_SERVICE:
                yield from _service(land, target, path)
            else:
                yield from _at(land, target, path, "processing", "declared")


def _workplaces(land: Landscape, system: str) -> Iterator[tuple[str, list[str]]]:
    """What a system's requests go to: its hosts and regions, the services it calls, and whatever serves its models."""
    for edge in land.up(system, ("runs_on",)):
        yield edge.target, [system, edge.target]
    for edge in land.up(system, ("uses",)):
        used = edge.target
        if kind_of(used) == Kind.AI_SERVICE:
            yield used, [system, used]
        if kind_of(used) == Kind.MODEL:
            for way in land.up(used, ("runs_on", SERVED_BY)):
                if kind_of(way.target) != Kind.SOFTWARE:
                    yield way.target, [system, used, way.target]


def _service(land: Landscape, service: str, path: list[str]) -> Iterator[Place]:
    own = list(_own_paths(land, service, path))
    if own:
        yield from own
    else:
        yield place_at(land, "processing", None, path, {}, "unresolved")


def _own_paths(land: Landscape, ref: str, path: list[str]) -> Iterator[Place]:
    attributes = land.attributes(ref) or {}
    for item in attributes.get("data_paths") or ():
        region = item["region"]
        yield place_at(land, item["purpose"], region, [*path, region], item, land.grade(ref, "data_paths"))


def _at(land: Landscape, target: str, path: list[str], purpose: Purpose, grade: Grade) -> Iterator[Place]:
    if kind_of(target) == Kind.CLOUD_REGION:
        yield place_at(land, purpose, target, path, {}, grade)
        return
    located = list(land.up(target, ("located_in",)))
    for edge in located:
        yield place_at(land, purpose, edge.target, [*path, edge.target], {}, weakest(grade, RELATED))
    if not located:
        yield place_at(land, purpose, None, path, {}, "unresolved")


def _adequacy(land: Landscape, country: str | None) -> Adequacy | None:
    decision = land.catalogue.adequacy(country) if country else None
    if decision is None:
        return None
    return {"scope": cast("Any", decision.scope), "requires": decision.requires, "condition": decision.condition}


def _recipients(land: Landscape, path: list[str]) -> list[Recipient]:
    """Who runs the region and the hosts and services on the way to it."""
    vendors = {
        vendor
        for step in path
        if kind_of(step) in (Kind.CLOUD_REGION, Kind.GPU_HOST, Kind.AI_SERVICE)
        for vendor, _ in operators(land, step)
    }
    return [
        {"vendor": vendor, "dpf_certified": (land.attributes(vendor) or {}).get("dpf_certified")}
        for vendor in sorted(vendors)
    ]


def place_at(
    land: Landscape, purpose: Purpose, region: str | None, path: list[str], item: dict[str, Any], grade: Grade
) -> Place:
    """A place with all that is known of its region; `item` is the data path that leads there, if one does."""
    attributes = land.attributes(region) if region else None
    country = attributes.get("country") if attributes else None
    if region is None:
        status = "no_region"
    elif attributes is None:
        status = "dangling"
    else:
        status = "known" if country else "no_country"
    return {
        "purpose": purpose,
        "region": region,
        "status": cast("Any", status),
        "country": country,
        "subdivision": attributes.get("subdivision") if attributes else None,
        "blocs": list(land.catalogue.blocs_of(country)) if country else [],
        "path": path,
        "transfer_mechanism": item.get("transfer_mechanism"),
        "key_custody": item.get("key_custody"),
        "adequacy": _adequacy(land, country),
        "recipients": _recipients(land, path),
        "grade": weakest(grade, land.grade(region, "country")) if region and country else "unresolved",
    }
