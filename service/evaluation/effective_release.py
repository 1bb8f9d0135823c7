"""Effective release: how open a model is, what an interface is worth, and which parts of the AI Act apply."""

from dataclasses import replace

from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import Interface, Milestone, OpennessFact
from service.inventory import openness, openness_record
from service.inventory.facts import Kind
from service.inventory.licences import Match
from service.inventory.openness import Judged, Release, Released, Status

# Where the kinds state which formats and protocols they speak.
_SPOKEN = {Kind.SOFTWARE.value: "standards", Kind.AI_SERVICE.value: "compatible_with"}
_OPEN_FOR_ALL = "OpenMDW-1.0"


def release(land: Landscape, ref: str) -> OpennessFact | None:
    """The openness class of a model that states its components."""
    asset = land.asset(ref)
    if asset is None or kind_of(ref) != Kind.MODEL or not asset.attributes.get("components"):
        return None
    stated = openness_record.of_asset(asset)
    found = openness.assess(stated, land.catalogue)
    unclear = {one.name for one in found.resolved.components if _is_unclear(land, one)}
    required = [one for one in found.resolved.components if one.required]
    return {
        "strict": found.strict.level,
        "resolved": found.resolved.level,
        "possible": _possible(land, stated, unclear) if unclear else found.resolved.level,
        "missing": sorted(one.name for one in required if one.status is Status.MISSING),
        "closed": sorted(
            one.name
            for one in required
            if one.status in (Status.INVALID, Status.UNLICENSED) and one.name not in unclear
        ),
        "unclear": sorted(unclear),
        "grade": land.grade(ref, "components"),
    }


def interfaces(land: Landscape, ref: str) -> list[Interface]:
    """The formats and protocols that a software or an AI service says it speaks."""
    stated = (land.attributes(ref) or {}).get(_SPOKEN.get(kind_of(ref), ""), ())
    facts: list[Interface] = []
    for name in sorted(set(stated)):
        known = land.catalogue.open_standard(name)
        grade = land.grade(ref, _SPOKEN[kind_of(ref)])
        facts.append({"name": name, "status": known["status"] if known else "unknown", "grade": grade})
    return facts


def ai_act(land: Landscape, ref: str) -> list[Milestone]:
    """The parts of the AI Act, of models alone: no other kind is judged by them."""
    if kind_of(ref) != Kind.MODEL:
        return []
    return [
        {"id": one["id"], "title": one["title"], "applies_on": one["applies_on"], "applies": one["applies"]}
        for one in land.catalogue.ai_act_dates()
    ]


def _is_unclear(land: Landscape, one: Judged) -> bool:
    """Whether nobody says under which licence a component is, or nobody can tell what was said."""
    if one.status is Status.UNLICENSED:
        return one.licence is None and one.inherited_from is None and not one.why.startswith("it is released")
    if one.status is not Status.INVALID or one.licence is None:
        return False
    return land.licence(one.licence).grade not in (Match.EXACT, Match.NORMALISED)


def _possible(land: Landscape, stated: Release, unclear: set[str]) -> int:
    names = {" ".join(name.split()).casefold() for name in unclear}
    opened = tuple(
        Released(one.name, _OPEN_FOR_ALL) if " ".join(one.name.split()).casefold() in names else one
        for one in stated.components
    )
    return openness.assess(replace(stated, components=opened), land.catalogue).resolved.level
