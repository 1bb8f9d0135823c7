"""Model cards and dataset cards of the Hugging Face hub: the metadata that a `README.md` begins with.

The name is what the mark `allod.dev/ref` says, else that of the directory (`organisation/name/README.md`,
`organisation--name`), else the one that the card gives its own results. Files beside the card tell the format of weights.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from service.foundation.errors import Fault
from service.gate.reading.parts import File, Ignored, Missing, Options, Place, Proposed, Reading, Type
from service.gate.reading.text import decoded, refusal, refuse, straight
from service.gate.reading.workload import is_of_marks, refused_mark
from service.inventory.facts import Kind, RelationType
from service.inventory.manifest_yaml import ReadingError
from service.inventory.values import split_ref
from service.scans import marks
from service.scans.bom_facts import declared
from service.scans.connectors.hugging_face_card import Repository, draft_of
from service.scans.connectors.hugging_face_directory import front_matter
from service.scans.draft import Draft
from service.scans.names import hub_name

_KINDS: Final = {"models": Kind.MODEL, "datasets": Kind.DATASET}
# Keys that cards of data have, and those of models have not.
_OF_DATA: Final = frozenset(
    {
        "annotations_creators",
        "dataset_info",
        "language_creators",
        "size_categories",
        "source_datasets",
        "task_categories",
    }
)
_OF_MODELS: Final = frozenset({"base_model", "datasets", "library_name", "model-index", "pipeline_tag"})
_REF: Final = f"{marks.PREFIX}{marks.REF}"


def read(file: File, _options: Options) -> Reading:
    """The model or dataset that a card describes.

    Raises:
        Invalid: it begins with no metadata, these are broken, or it lies where no name can be told.
    """
    text = decoded(file)
    head = re.match(r"\s*---[ \t]*\r?\n.*?^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
    straight(head[0] if head else text, file.name)
    try:
        card = front_matter(text)
    except ReadingError as error:
        message = f"its metadata cannot be read: {error.message}"
        expected = error.expected or "YAML between two lines ---"
        raise refusal(file.name, message, expected, line=error.line or 1) from error
    if card is None:
        raise refusal(file.name, "it begins with no metadata", "YAML between two lines ---", line=1)
    if {"apiVersion", "kind"} & card.keys():
        raise refusal(file.name, "this is no card of a model", "the README.md of a model or a dataset", line=1)
    kind, name = _called(file, card)
    if not name:
        expected = f"a line {_REF}: model:organisation/name in its metadata, or a directory organisation/name"
        raise refusal(file.name, "nothing tells what the model is called", expected, line=1)
    repository = Repository(kind, name, card=card, files=file.beside or None)
    draft, notes = draft_of(repository, heed_marks=True)
    place = Place(file.name, _line(text, _REF))
    faults: list[Fault] = [refused_mark(place, note) for note in notes if is_of_marks(note)]
    refuse(faults)
    ignored = tuple(Ignored(draft.title, note, place) for note in notes)
    manifest = declared(draft.manifest(), f"card:{file.name}"[:500])
    missing = tuple(_asked(draft, place, files_known=bool(file.beside)))
    return Reading(Type.MODEL_CARD, (Proposed(manifest, place, whole=False),), missing, ignored)


def _called(file: File, card: Mapping[str, Any]) -> tuple[Kind, str]:
    own = split_ref(str(card.get(_REF, "")))
    if own and own[0] in (Kind.MODEL, Kind.DATASET):
        return own[0], own[1]
    path = PurePosixPath(file.name)
    readme = path.name.lower() == "readme.md"
    parts = [part for part in (path.parent.parts if readme else (*path.parent.parts, path.stem)) if part.strip("./\\~")]
    told = next((_KINDS[part] for part in parts if part in _KINDS), None)
    parts = [part for part in parts if part not in _KINDS]
    data, models = len(_OF_DATA & card.keys()), len(_OF_MODELS & card.keys())
    kind = told or (Kind.DATASET if data > models else Kind.MODEL)
    if parts and "--" in parts[-1]:
        return kind, re.sub(r"^(?:models|datasets)--", "", parts[-1]).replace("--", "/", 1)
    index = card.get("model-index")
    first = index[0] if isinstance(index, list) and index and isinstance(index[0], dict) else {}
    given = next((text for text in (card.get("model_name"), first.get("name")) if isinstance(text, str)), "")
    return kind, "/".join(parts[-2:]) or (hub_name(given) or "")


def _asked(draft: Draft, place: Place, *, files_known: bool) -> list[Missing]:
    known, found = draft.attributes, []
    related = {type_ for type_, _ in draft.relations}
    if "licence" not in known:
        found.append(("its licence", "license: apache-2.0"))
    if draft.kind == Kind.DATASET:
        if "data_classes" not in known:
            found.append(("which data it holds", f"{marks.PREFIX}data-classes: public"))
    else:
        if not related & {RelationType.DERIVED_FROM, RelationType.TRAINED_ON}:
            found.append(("what it was made from", "base_model: organisation/name (or datasets: [organisation/name])"))
        if "languages" not in known:
            found.append(("which languages it speaks", "language: [en]"))
        if "modalities" not in known:
            found.append(("what it takes and makes", "pipeline_tag: text-generation"))
        if not files_known:
            found.append(("in which format its weights come", "give its directory instead: -f DIRECTORY"))
    return [Missing(draft.ref, what, add, place) for what, add in found]


def _line(text: str, key: str) -> int:
    at = re.search(rf"^{re.escape(key)}\s*:", text, re.MULTILINE)
    return text.count("\n", 0, at.start()) + 1 if at else 1
