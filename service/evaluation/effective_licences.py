"""Effective licences and weights: what an asset is made from, to any depth, and on which terms."""

from collections import deque
from collections.abc import Collection
from typing import Any, Final

from service.evaluation.effective_places import RELATED
from service.evaluation.landscape import Landscape, kind_of, weakest
from service.evaluation.policy_input import LicenceConditions, LicenceFact, Terms, WeightFact
from service.inventory.edges import LICENCE_FLOW, OFFERS
from service.inventory.facts import Kind
from service.inventory.licence_conditions import Conditions
from service.inventory.licences import Resolution
from service.inventory.values import countries

_LICENSED = (Kind.MODEL, Kind.DATASET, Kind.SOFTWARE)
_LINE = ("derived_from",)
_NOT_KNOWN: Terms = {"commercial_use": None, "obligations": []}
_NO_CONDITIONS: Final = Conditions()


def licences(land: Landscape, ref: str) -> list[LicenceFact]:
    """The asset's own licence and those of all it rests on, each thing by its shortest way, nearest first.

    A model's ancestors come by the line of derivations, too, where the shortest way is another: what a model inherits from
    what it derives from does not depend on what else it was trained on. So do those of each model that a system uses.
    """
    if kind_of(ref) not in (*_LICENSED, Kind.SYSTEM):
        return []
    facts = _walk(land, [ref], [], LICENCE_FLOW)
    lines: list[LicenceFact] = []
    if kind_of(ref) == Kind.MODEL:
        lines = _walk(land, [ref], [], _LINE)
    if kind_of(ref) == Kind.SYSTEM:
        used = [edge.target for edge in land.up(ref, ("uses",)) if kind_of(edge.target) == Kind.MODEL]
        lines = [fact for model in used for fact in _walk(land, [ref, model], ["uses"], _LINE)]
    ways = [fact["path"] for fact in facts]
    return facts + [fact for fact in lines if fact["path"] not in ways]


def _walk(land: Landscape, way: list[str], steps: list[str], types: Collection[str]) -> list[LicenceFact]:
    """What lies behind the end of `way`, to which `steps` lead."""
    facts: list[LicenceFact] = []
    seen = {*way}
    queue: deque[tuple[list[str], list[str], str | None]] = deque([(way, steps, None)])
    while queue:
        path, through, derivation = queue.popleft()
        here = path[-1]
        if kind_of(here) in _LICENSED:
            facts.append(_fact(land, path, through, derivation))
        for edge in land.up(here, types):
            if edge.target not in seen and kind_of(edge.target) in _LICENSED:
                seen.add(edge.target)
                queue.append(([*path, edge.target], [*through, edge.type], edge.detail.get("as", derivation)))
    return facts


def weights(land: Landscape, ref: str) -> list[WeightFact]:
    """How the weights are held of each model that a system uses, itself or behind a service it calls."""
    facts: dict[str, WeightFact] = {}
    if kind_of(ref) != Kind.SYSTEM:
        return []
    for edge in land.up(ref, ("uses",)):
        if kind_of(edge.target) == Kind.MODEL:
            facts.setdefault(edge.target, _weight(land, edge.target, [ref, edge.target]))
        if kind_of(edge.target) == Kind.AI_SERVICE:
            behind = [offer.target for offer in land.up(edge.target, (OFFERS,))]
            for model in behind:
                facts.setdefault(model, _weight(land, model, [ref, edge.target, model]))
            if not behind:
                facts.setdefault(
                    edge.target,
                    {
                        "ref": edge.target,
                        "status": "undeclared" if land.is_known(edge.target) else "dangling",
                        "weights": None,
                        "path": [ref, edge.target],
                        "grade": "unresolved",
                    },
                )
    return [facts[key] for key in sorted(facts)]


def _weight(land: Landscape, model: str, path: list[str]) -> WeightFact:
    attributes = land.attributes(model)
    held = attributes.get("weights") if attributes else None
    return {
        "ref": model,
        "status": "dangling" if attributes is None else "known" if held else "undeclared",
        "weights": held,
        "path": path,
        "grade": land.grade(model, "weights"),
    }


def _fact(land: Landscape, path: list[str], through: list[str], derivation: str | None) -> LicenceFact:
    here = path[-1]
    attributes, asset = land.attributes(here), land.asset(here)
    raw: Any = attributes.get("licence") if attributes else None
    fact: LicenceFact = {
        "ref": here,
        "kind": kind_of(here),
        "depth": len(path) - 1,
        "path": path,
        "through": through,
        "derivation": derivation,
        "status": "dangling" if attributes is None else "absent",
        "raw": raw,
        "expression": None,
        "match": "none",
        "terms": _NOT_KNOWN,
        "conditions": _conditions(land, _NO_CONDITIONS),
        "title": asset.title if asset else None,
        "notices": (attributes or {}).get("notices"),
        "modalities": (attributes or {}).get("modalities"),
        "released_name": (asset.title if asset else None) or here.partition(":")[2].rpartition("/")[2],
        "publisher": _publisher(land, here),
        "grade": weakest(land.grade(here, "licence"), *(RELATED for _ in path[:-1])),
    }
    if raw:
        resolution = land.licence(raw)
        fact["status"] = "resolved" if resolution.grade in ("exact", "normalised") else "unresolved"
        fact["expression"] = resolution.expression
        fact["match"] = resolution.grade.value
        fact["terms"] = _terms(resolution)
        fact["conditions"] = _conditions(land, resolution.conditions)
    return fact


def _terms(resolution: Resolution) -> Terms:
    return {"commercial_use": resolution.commercial_use, "obligations": sorted(resolution.obligations)}


def _conditions(land: Landscape, found: Conditions) -> LicenceConditions:
    """The conditions with every country of an excluded bloc named: a rule knows no members."""
    exclusions = [
        {**one, "countries": sorted({*one["countries"], *_members(land, one["blocs"])})} for one in found.exclusions
    ]
    return {
        "thresholds": [dict(one) for one in found.thresholds],
        "exclusions": exclusions,
        "naming": [dict(one) for one in found.naming],
        "pass_on": found.pass_on,
        "output_training": found.output_training,
        "foss": found.foss,
    }


def _members(land: Landscape, blocs: Collection[str]) -> set[str]:
    return {country for country in countries() if not set(blocs).isdisjoint(land.catalogue.blocs_of(country))}


def _publisher(land: Landscape, ref: str) -> str | None:
    stated = (land.attributes(ref) or {}).get("publisher")
    return stated or next((edge.target for edge in land.up(ref, ("published_by",))), None)
