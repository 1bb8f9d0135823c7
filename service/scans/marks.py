"""Marks: what people write on their own things for Allod, as tags, labels or annotations, wherever those are found.

`allod.dev/ref` names the asset that the thing is; the others state attributes and relations. All are `declared`: somebody
wrote them. A mark that cannot be understood is told, never guessed.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.kinds import ATTRIBUTES
from service.inventory.relations import targets
from service.inventory.values import shown, split_ref
from service.scans.draft import Draft

PREFIX: Final = "allod.dev/"
REF: Final = "ref"
_LABEL_KEY = re.compile(r"[^A-Za-z0-9._/-]+")


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,;\s]+", text) if word]


def _truth(text: str) -> bool | None:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.strip().lower())


# Mark -> attribute and how its text is read. Which kinds have the attribute, `ATTRIBUTES` knows.
ATTRIBUTE_MARKS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "commercial": ("commercial", _truth),
    "confidential-computing": ("confidential_computing", _truth),
    "criticality": ("criticality", str.strip),
    "data-classes": ("data_classes", _words),
    "data-paths-complete": ("data_paths_complete", _truth),
    "languages": ("languages", _words),
    "licence": ("licence", str.strip),
    "owner-team": ("owner_team", str.strip),
    "subject-jurisdictions": ("subject_jurisdictions", _words),
    "tenancy": ("tenancy", str.strip),
    "user-jurisdictions": ("user_jurisdictions", _words),
}
# Mark -> relation; its text is one ref or several.
RELATION_MARKS: Final[Mapping[str, RelationType]] = {
    "derived-from": RelationType.DERIVED_FROM,
    "located-in": RelationType.LOCATED_IN,
    "operated-by": RelationType.OPERATED_BY,
    "published-by": RelationType.PUBLISHED_BY,
    "runs-on": RelationType.RUNS_ON,
    "serves": RelationType.SERVES,
    "stored-in": RelationType.STORED_IN,
    "trained-on": RelationType.TRAINED_ON,
    "uses": RelationType.USES,
}
# Mark -> the purpose of the places that it names; with `key-custody` and `transfer-mechanism` for all of them.
PLACE_MARKS: Final = frozenset({"storage", "processing", "backup", "telemetry", "support", "failover"})
_OF_PLACES: Final = {"key-custody": "key_custody", "transfer-mechanism": "transfer_mechanism"}
_OF_PLANS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "exit-plan-tested-on": ("tested_on", str.strip),
    "exit-plan-alternatives": ("alternatives", _words),
}
KNOWN: Final = frozenset({REF, *ATTRIBUTE_MARKS, *RELATION_MARKS, *PLACE_MARKS, *_OF_PLACES, *_OF_PLANS})


def marks(tags: Mapping[str, str]) -> dict[str, str]:
    """The marks among `tags`, without their prefix."""
    return {key.removeprefix(PREFIX): str(value) for key, value in tags.items() if key.startswith(PREFIX)}


def name_of(kind: Kind, name: str, tags: Mapping[str, str]) -> tuple[str, str | None]:
    """The name that the mark `allod.dev/ref` gives a thing of `kind`, else `name`; and what is wrong with the mark."""
    ref = marks(tags).get(REF)
    if ref is None:
        return name, None
    parts = split_ref(ref)
    if parts is None or parts[0] is not kind:
        return name, f"the mark {PREFIX}{REF} says {shown(ref)}, which is no ref of kind {kind.value}"
    return parts[1], None


def apply(draft: Draft, tags: Mapping[str, str], *, source: str) -> list[str]:
    """States on `draft` what the marks say; answers what could not be understood, a sentence each."""
    kind = Kind(draft.kind)
    troubles = []
    for mark, text in sorted(marks(tags).items()):
        if mark == REF:
            continue
        if mark in ATTRIBUTE_MARKS:
            attribute, understand = ATTRIBUTE_MARKS[mark]
            value = understand(text)
            if attribute not in ATTRIBUTES[kind].model_fields:
                troubles.append(f"the mark {PREFIX}{mark} says nothing about a {kind.value}")
            elif value in (None, "", []):
                troubles.append(f"the mark {PREFIX}{mark} says {shown(text)}, which cannot be understood")
            else:
                draft.state(attribute, value, grade=Grade.DECLARED, source=source)
        elif mark in RELATION_MARKS:
            troubles += _relate(draft, kind, mark, text)
        elif mark not in KNOWN:
            troubles.append(f"there is no mark {PREFIX}{mark}")
    return [*troubles, *_state_places(draft, kind, marks(tags), source), *_state_plan(draft, kind, marks(tags), source)]


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """The other tags as labels of an asset: keys and texts as labels may have them, empty ones left out."""
    found = {}
    for key, value in tags.items():
        word = _LABEL_KEY.sub("-", key).lstrip("-._/")[:120]
        text = " ".join(str(value).split())[:500]
        if word and text and not key.startswith(PREFIX):
            found[word] = text
    return found


def _state_places(draft: Draft, kind: Kind, given: Mapping[str, str], source: str) -> list[str]:
    """Adds the places that marks name to those that are known of the thing."""
    named = sorted(given.keys() & PLACE_MARKS)
    details = {_OF_PLACES[mark]: given[mark].strip() for mark in sorted(given.keys() & _OF_PLACES.keys())}
    wrong = [] if "data_paths" in ATTRIBUTES[kind].model_fields else [*named, *sorted(given.keys() & _OF_PLACES.keys())]
    if wrong:
        return [f"the mark {PREFIX}{mark} says nothing about a {kind.value}" for mark in wrong]
    troubles, paths = [], list(draft.attributes.get("data_paths", ()))
    for mark in named:
        for ref in _words(given[mark]):
            parts = split_ref(ref)
            if parts is None or parts[0] is not Kind.CLOUD_REGION:
                troubles.append(f"the mark {PREFIX}{mark} says {shown(ref)}, which is no cloud_region")
            else:
                paths.append({"purpose": mark, "region": ref, **details})
    if named and paths:
        draft.state("data_paths", paths, grade=Grade.DECLARED, source=source)
    elif details:
        troubles.append(f"the mark {PREFIX}{next(m for m in _OF_PLACES if m in given)} needs a place: {PREFIX}storage")
    return troubles


def _state_plan(draft: Draft, kind: Kind, given: Mapping[str, str], source: str) -> list[str]:
    named = sorted(given.keys() & _OF_PLANS.keys())
    if named and "exit_plan" not in ATTRIBUTES[kind].model_fields:
        return [f"the mark {PREFIX}{mark} says nothing about a {kind.value}" for mark in named]
    plan = {field: value for mark in named for field, read in [_OF_PLANS[mark]] if (value := read(given[mark]))}
    if plan:
        draft.state("exit_plan", plan, grade=Grade.DECLARED, source=source)
    return [f"the mark {PREFIX}{mark} says nothing" for mark in named if _OF_PLANS[mark][0] not in plan]


def _relate(draft: Draft, kind: Kind, mark: str, text: str) -> list[str]:
    relation, troubles = RELATION_MARKS[mark], []
    for ref in _words(text):
        parts = split_ref(ref)
        if parts is None or parts[0] not in targets(kind, relation):
            troubles.append(f"the mark {PREFIX}{mark} says {shown(ref)}, which a {kind.value} cannot point at")
        else:
            draft.relate(relation, ref)
    return troubles
