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
        else:
            troubles.append(f"there is no mark {PREFIX}{mark}")
    return troubles


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """The other tags as labels of an asset: keys and texts as labels may have them, empty ones left out."""
    found = {}
    for key, value in tags.items():
        word = _LABEL_KEY.sub("-", key).lstrip("-._/")[:120]
        text = " ".join(str(value).split())[:500]
        if word and text and not key.startswith(PREFIX):
            found[word] = text
    return found


def _relate(draft: Draft, kind: Kind, mark: str, text: str) -> list[str]:
    relation, troubles = RELATION_MARKS[mark], []
    for ref in _words(text):
        parts = split_ref(ref)
        if parts is None or parts[0] not in targets(kind, relation):
            troubles.append(f"the mark {PREFIX}{mark} says {shown(ref)}, which a {kind.value} cannot point at")
        else:
            draft.relate(relation, ref)
    return troubles
