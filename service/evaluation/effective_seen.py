"""Where an asset was seen, beside where it says that it is."""

from collections.abc import Sequence
from typing import Any

from service.evaluation.effective_places import place_at
from service.evaluation.landscape import Landscape
from service.evaluation.policy_input import Place, Purpose, SeenFact


def seen(land: Landscape, ref: str, where: Sequence[Place]) -> list[SeenFact]:
    """What others saw of the asset up to the day of judgement, sorted; `where` are its effective places."""
    stated = (land.attributes(ref) or {}).get("seen_in") or ()
    found: list[SeenFact] = [
        {
            "region": one["region"],
            "purpose": one.get("purpose"),
            "source": one["source"],
            "on": one.get("on"),
            "declared": _declared(one, where),
            "path": [ref, one["region"]],
            "grade": land.grade(ref, "seen_in"),
        }
        for one in stated
        if (one.get("on") or "") <= land.as_of.isoformat()
    ]
    return sorted(found, key=lambda fact: (fact["region"], fact["purpose"] or "", fact["source"], fact["on"] or ""))


def seen_places(land: Landscape, sightings: Sequence[SeenFact], where: Sequence[Place]) -> list[Place]:
    """Places that nobody declares and somebody saw: the asset's data lies there, whatever its declaration says.

    A sighting that does not say what for is none of these: rules judge places by their purpose.
    """
    told = {(place["purpose"], place["region"]) for place in where}
    found: dict[tuple[Purpose, str], Place] = {}
    for one in sightings:
        purpose = one["purpose"]
        if purpose is not None and (purpose, one["region"]) not in told:
            place = place_at(land, purpose, one["region"], list(one["path"]), {}, one["grade"])
            found.setdefault((purpose, one["region"]), place)
    return [found[key] for key in sorted(found)]


def _declared(one: dict[str, Any], where: Sequence[Place]) -> bool | None:
    alike = [place["region"] for place in where if one.get("purpose") in (None, place["purpose"])]
    if one["region"] in alike:
        return True
    return None if not alike or None in alike else False
