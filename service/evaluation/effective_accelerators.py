"""Accelerators of a host as the catalogue knows them, and the export controls towards the place where it stands."""

from typing import Any, cast

from service.evaluation.effective_places import RELATED
from service.evaluation.landscape import Landscape, kind_of, weakest
from service.evaluation.policy_input import AcceleratorFact, Grade, Place
from service.inventory.facts import Kind


def accelerators(land: Landscape, ref: str, where: list[Place]) -> list[AcceleratorFact]:
    """Each accelerator that a host states, at each of its places (`where`).

    A host that does not speak of accelerators has one of which nothing is known; an empty list is of one that has none.
    """
    if kind_of(ref) != Kind.GPU_HOST:
        return []
    stated = (land.attributes(ref) or {}).get("accelerators")
    entries: list[dict[str, Any]] = [{}] if stated is None else stated
    grade = weakest(land.grade(ref, "accelerators"), RELATED)
    facts = [_fact(land, entry, place["country"], grade) for entry in entries for place in where]
    return sorted(facts, key=lambda fact: (fact["model"] or "", fact["destination"] or "", fact["count"] or 0))


def _fact(land: Landscape, entry: dict[str, Any], destination: str | None, grade: Grade) -> AcceleratorFact:
    name = entry.get("model")
    chip = land.catalogue.accelerator(name) if name else None
    export_class = chip.get("export_class") if chip else None
    controls: list[str] | None = None
    if export_class == "none":
        controls = []
    elif chip and export_class and destination:
        controls = [
            f"{one['title']} ({one['policy'].replace('_', ' ')})"
            for one in land.catalogue.export_controls(chip, destination)
        ]
    return {
        "model": name,
        "status": cast("Any", "known" if chip else "not_catalogued" if name else "undeclared"),
        "vendor": entry.get("vendor") or (chip["vendor"] if chip else None),
        "count": entry.get("count"),
        "design_country": chip["design_country"] if chip else None,
        "export_class": export_class,
        "destination": destination,
        "controls": controls,
        "grade": grade,
    }
