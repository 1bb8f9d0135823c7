"""What a cluster's namespaces are to Allod: the file that `ALLOD_ADMISSION_FILE` names, checked when it is read.

    cluster: prod                        # as the source of this cluster calls it: part of the names of its systems
    provider: aws                        # whose region codes its nodes' labels hold
    workspace: default                   # of namespaces that no entry names; without it those are refused
    namespaces:                          # the first entry that matches holds
      - {match: "care-*", workspace: care}
      - {match: "lab-?", workspace: lab, mode: warn, everything: true}
      - {match: "monitoring", mode: "off"}
    controllers: ["system:serviceaccount:kserve:kserve-controller-manager"]

Pure but for `load`, which reads the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from service.foundation.errors import Fault, Invalid
from service.inventory import manifest
from service.inventory.kinds_parts import Strict
from service.inventory.manifest_faults import faults, pointer
from service.inventory.values import Line, Slug, WorkspaceName

SETTING: Final = "ALLOD_ADMISSION_FILE"
_Pattern = Annotated[str, Field(pattern=r"^[a-z0-9*?-]{1,63}$")]


class Mode(StrEnum):
    """What a verdict does in a namespace. `warn` lets blocks through with a warning, `off` judges nothing."""

    ENFORCE = "enforce"
    WARN = "warn"
    OFF = "off"


class NamespaceEntry(Strict):
    """Namespaces and how they are treated; `*` and `?` in `match` stand for any letters and any letter."""

    match: _Pattern
    workspace: WorkspaceName | None = None
    mode: Annotated[Mode, Field(strict=False)] = Mode.ENFORCE
    everything: bool | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a namespace is treated. Without a workspace nothing in it can be judged."""

    workspace: str | None
    mode: Mode = Mode.ENFORCE
    everything: bool = False


class AdmissionFile(Strict):
    """The file. `everything` has workloads judged that show nothing of AI."""

    cluster: Annotated[Slug, Field(max_length=60)]
    provider: Slug | None = None
    workspace: WorkspaceName | None = None
    everything: bool = False
    namespaces: list[NamespaceEntry] = Field(default=[], max_length=5_000)
    controllers: list[Line] = Field(default=[], max_length=100)

    def treatment(self, namespace: str) -> Treatment:
        """What holds in `namespace`: the first entry that matches, else what the file says at its top."""
        for entry in self.namespaces:
            if fnmatchcase(namespace, entry.match):
                everything = self.everything if entry.everything is None else entry.everything
                return Treatment(entry.workspace or self.workspace, entry.mode, everything)
        return Treatment(self.workspace, Mode.ENFORCE, self.everything)


NO_FILE: Final = AdmissionFile(cluster="cluster", workspace=manifest.DEFAULT_WORKSPACE)
"""What holds where no file is named: all of a cluster without a name is judged in the workspace `default`."""


def load(path: Path | None) -> AdmissionFile:
    """The file at `path`; without one, `NO_FILE`.

    Raises:
        Invalid: it cannot be read or says what cannot be; with every fault and its line.
    """
    if path is None:
        return NO_FILE
    try:
        text = path.read_bytes()
    except OSError as error:
        fault = Fault("", error.strerror or "cannot be opened", f"the file that {SETTING} names", file=str(path))
        raise Invalid(f"{SETTING} names {path}, which cannot be read.", [fault]) from error
    documents = manifest.read(text, str(path))
    if len(documents) != 1:
        fault = Fault("", f"{len(documents)} documents", "exactly one, a mapping", file=str(path))
        raise Invalid(f"{path} does not hold one document.", [fault])
    (document,) = documents
    found, wrong = _checked(document.data)
    if found is None or wrong:
        placed = sorted((document.where.placed(fault) for fault in wrong), key=lambda fault: fault.line or 0)
        raise Invalid(f"{path} cannot be used: {placed[0]}.", placed)
    return found


def _checked(data: Any) -> tuple[AdmissionFile | None, list[Fault]]:
    try:
        found = AdmissionFile.model_validate(data)
    except ValidationError as error:
        return None, faults(error, AdmissionFile, of="an admission file")
    return found, _contradictions(found.namespaces, found.workspace)


def _contradictions(entries: Sequence[NamespaceEntry], default: str | None) -> list[Fault]:
    """Entries that are never reached, and entries whose namespaces belong to no workspace."""
    wrong: list[Fault] = []
    reached: dict[str, int] = {}
    for index, entry in enumerate(entries):
        for pattern in (entry.match, "*"):
            if pattern in reached:
                message = f"is never reached: entry {reached[pattern] + 1} matches {pattern!r} first"
                wrong.append(Fault(pointer("namespaces", index), message, "the narrower entry first, each once"))
                break
        reached.setdefault(entry.match, index)
        if entry.mode is not Mode.OFF and not (entry.workspace or default):
            message = f"{entry.match!r} belongs to no workspace, and the file names none at its top"
            wrong.append(Fault(pointer("namespaces", index), message, "'workspace: <name>' here or at the top"))
    return wrong
