"""One record of the ecosystem graph: what each field says, and where it goes."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from service.scans.draft import Draft
from service.scans.importers.organisations import Organisation
from service.scans.importers.quantities import leading, whole

PREFIX = "ecosystem-graph/"
TYPES = ("model", "dataset", "application")

# Ways to write that nobody knows, one of them as a slip of the keyboard in the collection itself.
_NOTHING = frozenset({"", "unknown", "unknkown", "none", "n/a", "not specified"})
# "limited" is a form to fill in or an API: `gated` either way says that the holder decides who gets it.
_WEIGHTS = {"open": "open", "limited": "gated", "closed": "closed"}
_COUNTRIES = {
    "Canada": "CA",
    "China": "CN",
    "Denmark": "DK",
    "France": "FR",
    "Germany": "DE",
    "Israel": "IL",
    "Japan": "JP",
    "Philippines": "PH",
    "Russia": "RU",
    "Singapore": "SG",
    "South Korea": "KR",
    "Sweden": "SE",
    "Switzerland": "CH",
    "UK": "GB",
    "USA": "US",
}
_NO_COUNTRY = frozenset({"", "unknown", "international"})
_GENERATES = {
    "text": "text",
    "code": "code",
    "image": "image",
    "images": "image",
    "audio": "audio",
    "music": "audio",
    "video": "video",
}
_SLUG = re.compile(r"[^a-z0-9._+-]+")
_KEY = re.compile(r"[^A-Za-z0-9._/-]+")
# Fields that become something else than an annotation, and need no second place.
_TAKEN = frozenset({"type", "name"})


def plain(value: Any) -> str:
    """The value of a field as text: some are `{value, explanation}`, some dates, some missing."""
    if isinstance(value, dict):
        value = value.get("value")
    return "" if value is None else str(value).strip()


def fault_of(record: Any) -> str | None:
    """Why `record` cannot be imported at all."""
    if not isinstance(record, dict):
        return "it is no mapping"
    if not isinstance(record.get("name"), str) or not record["name"].strip():
        return "it has no name"
    if record.get("type") not in TYPES:
        return f"its type is {record.get('type')!r}, not one of {', '.join(TYPES)}"
    return None


def country_of(nationality: str) -> tuple[str | None, str | None]:
    """ISO 3166-1 alpha-2 of a nationality, or why there is none worth telling."""
    if nationality.lower() in _NO_COUNTRY:
        return None, None
    country = _COUNTRIES.get(nationality)
    return country, None if country else f"nationality {nationality!r} names no single country"


def dependencies(record: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Names that the record depends on, and entries that are no names."""
    value = record.get("dependencies")
    if isinstance(value, dict):
        value = value.get("value")
    entries = value if isinstance(value, list) else [] if value is None else [value]
    names = [entry.strip() for entry in entries if isinstance(entry, str) and entry.strip()]
    return names, [entry for entry in entries if not isinstance(entry, str)]


def key(*parts: Any) -> str:
    """The key of an annotation under this collection's prefix."""
    return PREFIX + "/".join(_KEY.sub("-", str(part)) for part in parts)[:100]


def fill(draft: Draft, record: dict[str, Any], makers: Sequence[Organisation], source: str) -> list[str]:
    """Put the fields of `record` into `draft`; answers what was not understood."""
    _annotate(draft, record)
    return [*_FILL[draft.kind](draft, record, makers, source), *_undated(record)]


def _annotate(draft: Draft, record: dict[str, Any]) -> None:
    for field, value in record.items():
        if field in _TAKEN:
            continue
        if isinstance(value, dict) and set(value) <= {"value", "explanation"}:
            draft.annotate(key(field), value.get("value"))
            draft.annotate(key(field, "explanation"), value.get("explanation"))
        else:
            draft.annotate(key(field), value)


def _undated(record: dict[str, Any]) -> list[str]:
    value = record.get("created_date")
    bare = value.get("value") if isinstance(value, dict) else value
    if isinstance(bare, date) or plain(value).lower() in _NOTHING:
        return []
    return [f"created_date {plain(value)!r} is no date"]


def _model(draft: Draft, record: dict[str, Any], makers: Sequence[Organisation], source: str) -> list[str]:
    notes = []
    _published(draft, makers)
    if makers:
        draft.state("publisher", makers[0].ref, grade="declared", source=source)
    _licence(draft, record, source)
    access = plain(record.get("access"))
    if weights := _WEIGHTS.get(access.lower()):
        draft.state("weights", weights, grade="inferred", source=source)
    elif access.lower() not in _NOTHING:
        notes.append(f"access {access!r} is not understood")
    size = plain(record.get("size"))
    if parameters := leading(size):
        draft.state("parameters", parameters, grade="declared", source=source)
    elif size.lower() not in _NOTHING:
        notes.append(f"size {size!r} is not understood")
    _modalities(draft, plain(record.get("modality")), source)
    card = next((url for url in (plain(record.get("model_card")), plain(record.get("url"))) if _is_url(url)), None)
    if card:
        draft.state("card", card, grade="declared", source=source)
    return notes


def _dataset(draft: Draft, record: dict[str, Any], makers: Sequence[Organisation], source: str) -> list[str]:
    _published(draft, makers)
    _licence(draft, record, source)
    return []


def _service(draft: Draft, record: dict[str, Any], makers: Sequence[Organisation], source: str) -> list[str]:
    if makers:
        draft.state("provider", makers[0].ref, grade="declared", source=source)
    terms = [plain(record.get(field)) for field in ("terms_of_service", "license")]
    if text := next((text for text in terms if text.lower() not in _NOTHING), None):
        draft.state("terms", text, grade="declared", source=source)
    return []


def _system(draft: Draft, record: dict[str, Any], makers: Sequence[Organisation], source: str) -> list[str]:
    if makers:
        draft.state("owner_team", ", ".join(one.title for one in makers), grade="declared", source=source)
        # A system has no relation to a vendor: its own organisation runs it.
        draft.annotate("allod/vendors", " ".join(one.ref for one in makers))
    users = plain(record.get("monthly_active_users"))
    if number := whole(users):
        draft.state("monthly_active_users", number, grade="declared", source=source)
    elif users.lower() not in _NOTHING:
        return [f"monthly_active_users is kept as text: {users!r}"]
    return []


_FILL = {"model": _model, "dataset": _dataset, "ai_service": _service, "system": _system}


def _published(draft: Draft, makers: Sequence[Organisation]) -> None:
    for maker in makers:
        draft.relate("published_by", maker.ref)


def _licence(draft: Draft, record: dict[str, Any], source: str) -> None:
    text = plain(record.get("license"))
    if text.lower() not in _NOTHING:
        draft.state("licence", text, grade="declared", source=source)


def _is_url(text: str) -> bool:
    return re.fullmatch(r"https?://[^\s/?#]+\S*", text) is not None


def _modalities(draft: Draft, text: str, source: str) -> None:
    """`inputs; outputs`, each a list: all of them are modalities, the outputs are what the model generates."""
    if text.lower() in _NOTHING:
        return
    sides = [[word.strip().lower() for word in side.split(",")] for side in re.sub(r"\([^)]*\)", "", text).split(";")]
    words = {_SLUG.sub("-", word).strip("-") for side in sides for word in side if word not in _NOTHING} - {""}
    if words:
        draft.state("modalities", sorted(words), grade="declared", source=source)
    for word in sides[1] if len(sides) == 2 else ():
        if word in _GENERATES:
            draft.state(f"generates_{_GENERATES[word]}", True, grade="declared", source=source)
