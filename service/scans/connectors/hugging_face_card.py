"""A repository of the hub, or a card that lies in a directory, and the asset that it becomes.

The metadata that a card begins with are those of https://huggingface.co/docs/hub/model-cards and …/datasets-cards. What
somebody wrote there is `declared`; what the hub answers of its own (whether a repository is gated, how many parameters its
safetensors files hold) is `verified`; what follows from the names of files, tasks and namespaces is `inferred`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.values import Language
from service.scans import marks, model_tasks
from service.scans.connectors.hugging_face_formats import formats_of
from service.scans.draft import Draft, as_text
from service.scans.names import hub_name, slug
from service.scans.plain_text import line, note, words

API: Final = "hugging_face:api"
CARD: Final = "hugging_face:card"
FILES: Final = "hugging_face:files"
SPACE: Final = "hugging-face/"
ANNOTATIONS_MAX: Final = 80  # a manifest holds a hundred
LISTED_MAX: Final = 1_000  # base models, data sets and evaluations of one card
DERIVATIONS: Final = frozenset({"finetune", "adapter", "merge", "quantized", "distilled"})
_ORGANISATIONS = Path(__file__).with_name("hugging_face_organisations.yaml")
_LANGUAGE: TypeAdapter[str] = TypeAdapter(Language)
_KEY = re.compile(r"[^A-Za-z0-9._/-]+")
_ADDRESS = re.compile(r"https?://(?:huggingface\.co|hf\.co)/(?:datasets/)?([^/?#]+/[^/?#]+)/?(?:[?#].*)?")
_BASE_TAG = re.compile(r"base_model:([a-z]+):(.+)")
# What a card says in place of a licence that has a name of its own.
_OTHER: Final = frozenset({"other", "custom"})
# Names of benchmarks in `model-index` that say that the hub has no such data.
_NO_DATA: Final = frozenset({"custom", "unknown", "other", "private", "n/a", "none", "internal"})
# For the page that the hub makes of the card, not for whoever runs the model; long, and without an answer to any question.
_PAGE: Final = frozenset(
    {"configs", "dataset_info", "inference", "thumbnail", "train-eval-index", "train_eval_index", "viewer", "widget"}
)
# Told as attributes and relations.
_TOLD: Final = frozenset(
    {"base_model", "datasets", "language", "languages", "library_name", "model-index", "pipeline_tag", "pretty_name"}
)


@dataclass(frozen=True, slots=True)
class Repository:
    """What is known of one model or dataset. None means that nobody said; `tags` are those that the hub adds."""

    kind: Kind
    name: str
    card: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] | None = None
    gated: bool | None = None
    private: bool | None = None
    disabled: bool | None = None
    revision: str = ""
    task: str = ""
    library: str = ""
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    total: int | None = None
    evaluations: tuple[tuple[str, str, str], ...] = ()  # dataset, task, when
    address: str = ""


@cache
def organisations() -> Mapping[str, str]:
    """Vendors of the reference catalogue by what their organisation on the hub is called."""
    found: dict[str, str] = yaml.safe_load(_ORGANISATIONS.read_text(encoding="utf-8"))
    return {name: f"vendor:{vendor}" for name, vendor in found.items()}


def draft_of(found: Repository, *, heed_marks: bool) -> tuple[Draft, list[str]]:
    """The asset, and what was not understood. Marks count where `heed_marks` says so."""
    written = {key: _mark(value) for key, value in found.card.items() if key.startswith(marks.PREFIX)}
    unheeded = f"its marks do not count ({', '.join(sorted(written))}): see heed_marks" if written else None
    written = written if heed_marks else {}
    wanted = hub_name(found.name) or "/".join(slug(part) for part in found.name.split("/"))
    name, trouble = marks.name_of(found.kind, wanted, written)
    titles = (line(found.card.get("pretty_name")), line(found.card.get("model_name")), found.name.rpartition("/")[2])
    draft = Draft(found.kind, name, next(filter(None, map(line, titles)), name))
    notes = [trouble] if trouble else []
    notes += [unheeded] if unheeded and not heed_marks else []
    _licence(draft, found.card)
    notes += _languages(draft, found.card)
    notes += _model(draft, found) if found.kind is Kind.MODEL else _dataset(draft, found)
    _state_of_repository(draft, found)
    notes += _keep(draft, found.card)
    return draft, notes + marks.apply(draft, written, source=CARD)


def _model(draft: Draft, found: Repository) -> list[str]:
    organisation = found.name.partition("/")[0]
    if vendor := organisations().get(organisation):
        draft.state("publisher", vendor, grade=Grade.INFERRED, source="hugging_face:namespace")
    if found.address:
        draft.state("card", found.address, grade=Grade.VERIFIED, source=API)
    task = found.task or line(found.card.get("pipeline_tag"))
    library = found.library or line(found.card.get("library_name"))
    draft.labels = {key: text for key, text in ((f"{SPACE}task", task), (f"{SPACE}library", library)) if text}
    notes = []
    if task and not model_tasks.state(draft, task, "hugging_face:pipeline_tag"):
        notes.append(f"the task {task!r} is not known; what the model takes and makes stays open")
    formats = formats_of(found.files or (), library)
    if formats:
        draft.state("formats", formats, grade=Grade.INFERRED, source=FILES)
    _weights(draft, found, formats)
    notes += _parameters(draft, found)
    notes += _bases(draft, found, formats, library)
    notes += _relate(draft, RelationType.TRAINED_ON, found.card.get("datasets"), Kind.DATASET)
    return notes + _evaluations(draft, found)


def _dataset(draft: Draft, found: Repository) -> list[str]:
    if vendor := organisations().get(found.name.partition("/")[0]):
        draft.relate(RelationType.PUBLISHED_BY, vendor)
    draft.annotate(f"{SPACE}card", found.address)
    told = {key: ", ".join(words(found.card.get(key))) for key in ("language_creators", "annotations_creators")}
    if how := "; ".join(f"{key.replace('_', ' ')}: {text}" for key, text in told.items() if text):
        draft.state("collection", {"how": how}, grade=Grade.DECLARED, source=CARD)
    if "synthetic" in map(str.lower, words(found.card.get("tags"))):
        draft.state("synthetic", True, grade=Grade.DECLARED, source=CARD)
    elif told["language_creators"] == "machine-generated":
        draft.state("synthetic", True, grade=Grade.INFERRED, source=CARD)
    return []


def _licence(draft: Draft, card: Mapping[str, Any]) -> None:
    licences = words(card.get("license"))
    text = ", ".join(licences)
    if not licences or licences[0].lower() in _OTHER:
        text = line(card.get("license_name")) or line(card.get("license_link")) or text
    if text:
        draft.state("licence", text, grade=Grade.DECLARED, source=CARD)


def _languages(draft: Draft, card: Mapping[str, Any]) -> list[str]:
    known, other = [], []
    for word in words(card.get("language")) + words(card.get("languages")):
        try:
            known.append(_LANGUAGE.validate_python(word))
        except ValidationError:
            other.append(word)
    if known:
        draft.state("languages", list(dict.fromkeys(known)), grade=Grade.DECLARED, source=CARD)
    draft.annotate(f"{SPACE}language", ", ".join(other))
    return [f"{', '.join(map(repr, other))}: no BCP 47 tag of a language"] if other else []


def _weights(draft: Draft, found: Repository, formats: list[str]) -> None:
    if found.private:
        return  # what the owner alone can see is neither open nor gated for anybody else
    if found.gated:
        draft.state("weights", "gated", grade=Grade.VERIFIED, source=API)
    elif found.gated is False and formats:
        draft.state("weights", "open", grade=Grade.VERIFIED, source=API)
    elif found.gated is None and any(key.startswith("extra_gated_") for key in found.card):
        draft.state("weights", "gated", grade=Grade.DECLARED, source=CARD)


def _parameters(draft: Draft, found: Repository) -> list[str]:
    if not found.total:
        return []
    # Four-bit weights lie eight in one whole number: their count is not that of the model's parameters.
    packed = sum(count for kind, count in found.parameters.items() if kind in {"I32", "U32", "U8"})
    if 2 * packed > found.total:
        return ["its parameters are packed into whole numbers, so their count is not told"]
    draft.state("parameters", found.total, grade=Grade.VERIFIED, source=API)
    return []


def _bases(draft: Draft, found: Repository, formats: list[str], library: str) -> list[str]:
    bases = found.card.get("base_model")
    stated = line(found.card.get("base_model_relation")).lower()
    notes = [f"base_model_relation {stated!r} is not one of {', '.join(sorted(DERIVATIONS))}"] if stated else []
    derivation: str | None = None
    if stated in DERIVATIONS:
        derivation, notes = stated, []
    elif len(words(bases)) > 1:
        derivation = "merge"
    elif library in {"peft", "adapter-transformers"} or "adapter_config.json" in (found.files or ()):
        derivation = "adapter"
    elif formats == ["gguf"]:
        derivation = "quantized"
    # The hub works the relation out itself, and writes it into its tags.
    told = {match[2]: match[1] for tag in found.tags if (match := _BASE_TAG.fullmatch(tag))}
    return notes + _relate(draft, RelationType.DERIVED_FROM, bases, Kind.MODEL, derivation, told)


def _relate(
    draft: Draft,
    relation: RelationType,
    entries: Any,
    kind: Kind,
    derivation: str | None = None,
    told: Mapping[str, str] | None = None,
) -> list[str]:
    """Points at each repository that `entries` names; answers those that are none."""
    notes = []
    named = words(entries)
    for entry in named[:LISTED_MAX]:
        address = _ADDRESS.fullmatch(entry)
        name = hub_name(address[1] if address else entry)
        if name is None:
            notes.append(f"{entry!r} is not the name of a {kind.value} on the hub")
        elif f"{kind.value}:{name}" == draft.ref:
            notes.append(f"{entry!r} is the {kind.value} itself")
        else:
            way = (told or {}).get(name, derivation)
            draft.relate(relation, f"{kind.value}:{name}", way if way in DERIVATIONS else derivation)
    if len(named) > LISTED_MAX:
        notes.append(f"{len(named) - LISTED_MAX} of {len(named)} names of a {kind.value} are left out")
    return notes


def _evaluations(draft: Draft, found: Repository) -> list[str]:
    """Scores become `evaluated_on`; those with a day are `evaluations`, too, which nobody can be without one."""
    data, lines = [], []
    index = found.card.get("model-index")
    for model in index if isinstance(index, list) else []:
        results = model.get("results") if isinstance(model, dict) else None
        for result in results if isinstance(results, list) else []:
            dataset = result.get("dataset") if isinstance(result, dict) else None
            if isinstance(dataset, dict):
                data.append(line(dataset.get("type")))
                lines.append(f"{line(dataset.get('name')) or data[-1]}: {_scores(result.get('metrics'))}")
    dated = []
    for dataset_id, task, when in found.evaluations:
        data.append(dataset_id)
        benchmark = dataset_id if task in ("", "default") else f"{dataset_id} {task}"
        if day := _day(when):
            dated.append({"benchmark": benchmark, "on": day})
    for name in sorted(set(data))[:LISTED_MAX]:
        if (hub := hub_name(name)) and hub.lower() not in _NO_DATA:
            draft.relate(RelationType.EVALUATED_ON, f"dataset:{hub}")
    if dated:
        unique = {tuple(sorted(one.items())): one for one in dated}
        ordered = [one for _, one in sorted(unique.items())][:LISTED_MAX]
        draft.state("evaluations", ordered, grade=Grade.DECLARED, source=API)
    draft.annotate(f"{SPACE}model-index", note("\n".join(lines)))
    return []


def _scores(metrics: Any) -> str:
    entries = [one for one in metrics if isinstance(one, dict)] if isinstance(metrics, list) else []
    return ", ".join(
        f"{line(one.get('type')) or line(one.get('name'))} {line(as_text(one.get('value')))}" for one in entries
    )


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def _state_of_repository(draft: Draft, found: Repository) -> None:
    draft.annotate(f"{SPACE}revision", found.revision)
    for key in ("gated", "private", "disabled"):
        if getattr(found, key):
            draft.annotate(f"{SPACE}{key}", "true")


def _keep(draft: Draft, card: Mapping[str, Any]) -> list[str]:
    """Keeps what else the card says, as it is written."""
    others = {
        key: note(as_text(value))
        for key, value in sorted(card.items())
        if key not in _PAGE | _TOLD and not key.startswith((marks.PREFIX, "extra_gated_"))
    }
    for key, text in list(others.items())[:ANNOTATIONS_MAX]:
        draft.annotate(f"{SPACE}{_KEY.sub('-', key)}"[:100], text)
    if len(others) > ANNOTATIONS_MAX:
        return [f"{len(others) - ANNOTATIONS_MAX} of {len(others)} entries of its card are left out"]
    return []


def _mark(value: Any) -> str:
    return ", ".join(words(value)) if isinstance(value, list) else line(as_text(value))
