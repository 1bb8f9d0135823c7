"""Languages of the models that a system runs on, directly or through a service it calls."""

from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import LanguageFact
from service.inventory.edges import OFFERS
from service.inventory.facts import Kind


def languages(land: Landscape, ref: str) -> list[LanguageFact]:
    """Each model behind the system, sorted; a service that names no model stands for the one nobody knows."""
    found: dict[str, LanguageFact] = {}
    if kind_of(ref) != Kind.SYSTEM:
        return []
    for edge in land.up(ref, ("uses",)):
        ways = [[ref, edge.target]]
        if kind_of(edge.target) == Kind.AI_SERVICE:
            ways = [[*ways[0], offer.target] for offer in land.up(edge.target, (OFFERS,))] or ways
        elif kind_of(edge.target) != Kind.MODEL:
            continue
        for way in ways:
            if way[-1] not in found or len(way) < len(found[way[-1]]["path"]):
                stated = (land.attributes(way[-1]) or {}).get("languages")
                found[way[-1]] = {
                    "ref": way[-1],
                    "languages": stated,
                    "path": way,
                    "grade": land.grade(way[-1], "languages"),
                }
    return [found[key] for key in sorted(found)]
