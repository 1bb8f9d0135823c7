"""What several statements about one asset come to, and where they contradict each other. Pure.

Of an attribute that several state, the best known holds: `verified` before `inferred` before `declared`, the newest of
equals. Labels, annotations and relations add up. Where a declaration says where the asset is, what a source says of that
does not replace it: it becomes a sighting (`seen_in`), which rules judge as a place and hold against the declaration.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.inventory.facts import Grade, Kind, Observation, Relation, RelationType
from service.inventory.kinds import ATTRIBUTES

DECLARED: Final = "declared"  # the origin of manifests and of REST
_RANK: Final = {Grade.VERIFIED: 0, Grade.INFERRED: 1, Grade.DECLARED: 2, Grade.UNRESOLVED: 3}
_PLACES: Final = {
    RelationType.STORED_IN: "storage",
    RelationType.RUNS_ON: "processing",
    RelationType.LOCATED_IN: "processing",
}
_REGION: Final = f"{Kind.CLOUD_REGION}:"
SEEN_IN: Final = "seen_in"
DATA_PATHS: Final = "data_paths"
# Lists of things that happened: who knows of more does not contradict who knows of less.
_ADDING: Final = frozenset({"evaluations"})


@dataclass(frozen=True, slots=True)
class Said:
    """One origin's statement since an instant: `body` as `Observation.body` gives it, `evidence` of every attribute."""

    origin: str
    body: dict[str, Any]
    evidence: dict[str, dict[str, str]]
    since: str


@dataclass(frozen=True, slots=True)
class Version:
    """What one origin says of an attribute."""

    origin: str
    value: Any
    grade: str
    at: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An attribute that origins state differently: what holds, and what others say, the better known first."""

    attribute: str
    holds: Version
    others: tuple[Version, ...]


def merge(workspace: str, statements: Iterable[Said]) -> Observation:
    """What the statements, one at least and all of one asset, come to."""
    said = _ordered(statements)
    first = said[0].body
    attributes: dict[str, Any] = {}
    evidence: dict[str, dict[str, str]] = {}
    for name, versions in sorted(_versions(said).items()):
        holder = next(one for one in said if one.origin == versions[0].origin)
        attributes[name] = _together(versions) if name in _ADDING else versions[0].value
        evidence[name] = holder.evidence[name]
    _keep_unresolved(said, attributes, evidence)
    _sightings(said, attributes, evidence)
    return Observation(
        kind=Kind(first["kind"]),
        name=first["name"],
        workspace=workspace,
        title=next((one.body["title"] for one in said if one.body["title"]), None),
        labels=_union(one.body["labels"] for one in said),
        annotations=_union(one.body["annotations"] for one in said),
        attributes=dict(sorted(attributes.items())),
        relations=_relations(said),
        evidence=dict(sorted(evidence.items())),
        managed_by=first["managed_by"],
    )


def _together(versions: Sequence[Version]) -> list[Any]:
    """The entries of all lists, each once, those of the best known first."""
    found: list[Any] = []
    for version in versions:
        found += [entry for entry in version.value if entry not in found]
    return found


def disagreements(statements: Iterable[Said]) -> list[Disagreement]:
    """Where the statements of one asset contradict each other, by attribute."""
    found = []
    for name, versions in sorted(_versions(_ordered(statements)).items()):
        others = tuple(version for version in versions[1:] if version.value != versions[0].value)
        if others and name not in _ADDING:
            found.append(Disagreement(name, versions[0], others))
    return found


def _ordered(statements: Iterable[Said]) -> list[Said]:
    return sorted(statements, key=lambda one: (one.origin != DECLARED, one.origin))


def _versions(said: Sequence[Said]) -> dict[str, list[Version]]:
    """By attribute, what each origin says, the one that holds first."""
    found: dict[str, list[Version]] = {}
    for one in said:
        for name, value in one.body["attributes"].items():
            stated = one.evidence[name]
            found.setdefault(name, []).append(Version(one.origin, value, stated["grade"], stated["at"]))
    places_declared = _states_places(said[0])
    for name, versions in found.items():
        # Twice, as sorting is stable: of equals in grade the newest, whatever its origin's name.
        versions.sort(key=lambda version: version.at, reverse=True)
        versions.sort(key=lambda version: _RANK[Grade(version.grade)])
        if name == DATA_PATHS and places_declared:
            versions.sort(key=lambda version: version.origin != DECLARED)
    if places_declared and DATA_PATHS in found and found[DATA_PATHS][0].origin != DECLARED:
        del found[DATA_PATHS]  # the declaration says it by its relations; see `_sightings`
    found.pop(SEEN_IN, None)  # adds up instead
    return found


def _keep_unresolved(said: Sequence[Said], attributes: Mapping[str, Any], evidence: dict[str, dict[str, str]]) -> None:
    """What an origin says is not known stays on record while nobody knows better."""
    for one in said:
        for name, stated in one.evidence.items():
            if name not in attributes and name not in one.body["attributes"] and name != SEEN_IN:
                evidence.setdefault(name, stated)


def _states_places(one: Said) -> bool:
    if one.origin != DECLARED:
        return False
    related = any(relation["type"] in _PLACES for relation in one.body["relations"])
    return related or bool(one.body["attributes"].get(DATA_PATHS))


def _sightings(said: Sequence[Said], attributes: dict[str, Any], evidence: dict[str, dict[str, str]]) -> None:
    """Puts together who saw the asset where: what origins say outright, and places beside those that are declared."""
    if SEEN_IN not in ATTRIBUTES[Kind(said[0].body["kind"])].model_fields:
        return
    seen: list[dict[str, Any]] = []
    grounds: list[dict[str, str]] = []
    for one in said:
        outright = one.body["attributes"].get(SEEN_IN) or []
        beside = _beside(one) if one.origin != DECLARED and _states_places(said[0]) else []
        entries = [*outright, *(place for place in beside if place not in outright)]
        if entries:
            seen += [entry for entry in entries if entry not in seen]
            grounds.append(one.evidence[SEEN_IN] if outright else _ground(one))
    if seen:
        attributes[SEEN_IN] = sorted(
            seen,
            key=lambda entry: (entry["region"], entry.get("purpose") or "", entry["source"], entry.get("on") or ""),
        )
        evidence[SEEN_IN] = min(grounds, key=lambda ground: _RANK[Grade(ground["grade"])])


def _beside(one: Said) -> list[dict[str, Any]]:
    places = [
        (relation["to"], _PLACES[RelationType(relation["type"])])
        for relation in one.body["relations"]
        if relation["type"] in _PLACES and relation["to"].startswith(_REGION)
    ]
    places += [(path["region"], path["purpose"]) for path in one.body["attributes"].get(DATA_PATHS) or ()]
    return [{"region": region, "purpose": purpose, "source": one.origin} for region, purpose in dict.fromkeys(places)]


def _ground(one: Said) -> dict[str, str]:
    """How well a source knows the places that it tells: as its data paths say.

    A relation has no evidence of its own: what only relations tell is inferred at best, and declared where all that the
    source says is.
    """
    told = one.evidence.get(DATA_PATHS)
    if told:
        return told
    grades = {Grade(stated["grade"]) for stated in one.evidence.values()}
    copied = grades and grades <= {Grade.DECLARED, Grade.UNRESOLVED}
    return {"grade": str(Grade.DECLARED if copied else Grade.INFERRED), "source": one.origin, "at": one.since}


def _relations(said: Sequence[Said]) -> tuple[Relation, ...]:
    """All relations, each once; of a source beside a declaration that states places, those that are no places."""
    found: dict[tuple[str, str], Relation] = {}
    places_declared = _states_places(said[0])
    for one in said:
        for stated in one.body["relations"]:
            relation = Relation(RelationType(stated["type"]), stated["to"], stated.get("as"))
            place = relation.type in _PLACES and relation.to.startswith(_REGION)
            if not (place and places_declared and one.origin != DECLARED):
                found.setdefault((relation.type, relation.to), relation)
    return tuple(found[key] for key in sorted(found))


def _union(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        for key, value in part.items():
            found.setdefault(key, value)
    return found
