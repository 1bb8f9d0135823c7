"""Effective subjects: where the people live whose data an asset holds or sees, and the laws that want it kept there."""

from collections.abc import Sequence
from typing import Final

from service.evaluation.effective_reach import NEAREST
from service.evaluation.landscape import Landscape
from service.evaluation.policy_input import LocalisationLaw, Subjects

PERSONAL: Final = frozenset({"personal", "special_category", "health"})
# Financial data may be of companies alone; where its subjects are stated, it is of people.
_OF_PEOPLE: Final = PERSONAL | {"financial"}


def subjects(land: Landscape, ways: Sequence[list[str]]) -> Subjects:
    """The people whose data is at the end of `ways` (see `effective_reach.carriers`)."""
    lived_in: set[str] = set()
    undeclared: dict[str, list[str]] = {}
    counts: dict[str, int | None] = {}
    for path in ways:
        view = land.reach(path[-1])
        if view is None or (view.data_classes is not None and not _OF_PEOPLE.intersection(view.data_classes)):
            continue
        counts[view.ref] = view.subjects
        lived_in.update(view.jurisdictions or ())
        if view.jurisdictions is None and PERSONAL.intersection(view.data_classes or ()):
            undeclared.setdefault(view.ref, path)
    stated = [count for count in counts.values() if count is not None]
    return {
        "jurisdictions": sorted(lived_in),
        "blocs": sorted({bloc for place in lived_in for bloc in land.catalogue.blocs_of(place[:2])}),
        "undeclared": [undeclared[ref] for ref in sorted(undeclared)][:NEAREST],
        "count": sum(stated) if stated and len(stated) == len(counts) else None,
    }


def localisation(land: Landscape, whose: Subjects) -> list[LocalisationLaw]:
    """The duties, of the laws in force, towards data of people in the countries of `whose`; by law, in the law's order."""
    return [
        {
            "id": law["id"],
            "title": law["title"],
            "country": country,
            "duty": duty["duty"],
            "data_classes": sorted(duty["data_classes"]),
            "above": duty.get("above"),
            "up_to": duty.get("up_to"),
            "measure": duty.get("measure"),
            "sectoral": bool(law.get("sectoral")),
            "condition": law.get("condition"),
        }
        for country in sorted({place[:2] for place in whose["jurisdictions"]})
        for law in land.catalogue.localisation_of(country)
        for duty in law["duties"]
    ]
