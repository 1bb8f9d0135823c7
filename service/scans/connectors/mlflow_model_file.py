"""The MLmodel file of a version: which libraries load the model, and on which model of the hub it was built.

It is YAML that MLflow writes beside the weights (https://mlflow.org/docs/latest/ml/model/): `flavors`, each library that can
load the model with what it needs for that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.inventory.facts import Grade, RelationType
from service.inventory.manifest_yaml import ReadingError, documents
from service.scans import model_tasks
from service.scans.draft import Draft
from service.scans.names import hub_name
from service.scans.plain_text import line

SOURCE: Final = "mlflow:MLmodel"
NAME: Final = "MLmodel"
SIZE_MAX: Final = 2**20
# Flavours that record the name under which the hub knows what they saved.
_HUB_FLAVOURS: Final = ("transformers", "sentence_transformers")
_PICKLES: Final = frozenset({"pickle", "cloudpickle", "joblib"})
_PATH = re.compile(r"[./~].*|.*/(?:checkpoint|model|output)s?(?:-\d+)?")


class NoModelFile(Exception):
    """The file is not what MLflow writes."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`flavours` by name, each with what it needs."""

    flavours: Mapping[str, Mapping[str, Any]]


def parse(content: bytes) -> ModelFile:
    """The file.

    Raises:
        NoModelFile: it is none.
    """
    if len(content) > SIZE_MAX:
        raise NoModelFile(f"it is larger than {SIZE_MAX} bytes")
    try:
        found = next(documents(content.decode()), (None, {}))[0]
    except (UnicodeDecodeError, ReadingError) as error:
        raise NoModelFile(line(str(error))) from error
    flavours = found.get("flavors") if isinstance(found, dict) else None
    if not isinstance(flavours, dict):
        raise NoModelFile("it names no flavors")
    return ModelFile({name: inner if isinstance(inner, dict) else {} for name, inner in flavours.items()})


def hub_model(text: Any) -> str | None:
    """The model of the hub that `text` names with its organisation, None for a path and for everything else."""
    name = hub_name(line(text))
    return name if name and "/" in name and not _PATH.fullmatch(name) else None


def fill(draft: Draft, file: ModelFile) -> None:
    """States what the file tells."""
    draft.annotate("mlflow/flavors", ", ".join(sorted(map(line, file.flavours))))
    for flavour in _HUB_FLAVOURS:
        needs = file.flavours.get(flavour, {})
        if (base := hub_model(needs.get("source_model_name"))) and f"model:{base}" != draft.ref:
            draft.relate(RelationType.DERIVED_FROM, f"model:{base}", "adapter" if needs.get("peft_adaptor") else None)
            draft.annotate("mlflow/source-model-revision", line(needs.get("source_model_revision")))
        model_tasks.state(draft, line(needs.get("task")), SOURCE)
    if formats := sorted(set(_formats(file))):
        draft.state("formats", formats, grade=Grade.INFERRED, source=SOURCE)


def _formats(file: ModelFile) -> list[str]:
    """What the weights are packed in, where a flavour leaves no doubt."""
    found = []
    for name, needs in file.flavours.items():
        written = line(needs.get("serialization_format")).lower()
        if written in _PICKLES or ("pickled_model" in needs and not written):
            found.append("pickle")
        elif written == "skops":
            found.append("skops")
        elif name == "pytorch":
            found.append("pickle")
        elif name == "onnx":
            found.append("onnx")
        elif name == "python_function" and "python_model" in needs and not str(needs["python_model"]).endswith(".py"):
            found.append("pickle")
    return found
