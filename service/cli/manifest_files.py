"""Manifests from the paths that a command is given: files, directories, standard input."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from service.foundation.errors import Fault, Invalid
from service.inventory import manifest
from service.inventory.facts import Observation
from service.inventory.manifest import Document
from service.inventory.values import is_workspace

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
STDIN: Final = "-"

PathOptions = Annotated[
    list[str] | None,
    typer.Option("--file", "-f", metavar="PATH...", help="Files, directories, or - for standard input."),
]
# What a shell makes of `-f manifests/*.yaml`: one option and arguments behind it.
MorePaths = Annotated[list[str] | None, typer.Argument(hidden=True)]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A document that is well formed: its body as it goes to the server, and what it says."""

    document: Document
    body: dict[str, Any]
    observation: Observation


@dataclass(slots=True)
class Gathered:
    """All documents of a command's paths. `refused` holds one list of faults for each document that is not taken."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[list[Fault]] = field(default_factory=list)


def all_of(given: Sequence[str] | None, more: Sequence[str] | None) -> list[str]:
    """All paths of a command line.

    Raises:
        Invalid: there is none.
    """
    paths = [*(given or ()), *(more or ())]
    if not paths:
        raise Invalid("No file is named: say -f FILE, -f DIRECTORY or -f - for standard input.")
    return paths


def files(paths: Iterable[str]) -> list[str]:
    """Every manifest file that `paths` mean, each once, directories read to the bottom and in order of name.

    Raises:
        Invalid: a path is not there, or a directory holds no manifest.
    """
    found: dict[str, None] = {}
    for given in paths:
        path = Path(given)
        if given != STDIN and path.is_dir():
            inside = sorted(str(one) for one in path.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
            if not inside:
                raise Invalid(f"{given} holds no manifest: no {', '.join(sorted(SUFFIXES))} file is in it.")
            found.update(dict.fromkeys(inside))
        elif given == STDIN or path.is_file():
            found[given] = None
        else:
            raise Invalid(f"{given} is not there.")
    return list(found)


def gather(paths: Iterable[str], workspace: str | None) -> Gathered:
    """The documents of `paths`, each checked; with `workspace`, one that names another is refused.

    A file that cannot be read is one refusal. Two documents that state the same asset are a contradiction: the second is
    refused.
    """
    if workspace is not None and not is_workspace(workspace):
        raise Invalid(f"{workspace!r} is not the name of a workspace.")
    gathered = Gathered()
    seen: dict[tuple[str, str], str] = {}
    for file in files(paths):
        try:
            documents = manifest.read(_content(file), "standard input" if file == STDIN else file)
        except Invalid as error:
            gathered.refused.append(list(error.faults))
            continue
        for document in documents:
            try:
                gathered.accepted.append(_accepted(document, workspace, seen))
            except Invalid as error:
                gathered.refused.append(list(error.faults))
    return gathered


def _accepted(document: Document, workspace: str | None, seen: dict[tuple[str, str], str]) -> Accepted:
    observation = manifest.observation(document.data, workspace=workspace or "", where=document.where)
    if workspace and observation.workspace != workspace:
        message = f"the document belongs to workspace {observation.workspace!r}"
        raise _refusal(document, Fault("/workspace", message, f"{workspace!r}, as --workspace says"))
    place = f"{document.where.file}:{document.where.line('')}"
    first = seen.setdefault((observation.workspace, observation.ref), place)
    if first is not place:
        raise _refusal(document, Fault("/name", f"{observation.ref} is stated at {first} already", "each asset once"))
    body = {**document.data, "workspace": observation.workspace} if observation.workspace else document.data
    return Accepted(document, body, observation)


def _refusal(document: Document, fault: Fault) -> Invalid:
    return Invalid(fault.message, [document.where.placed(fault)])


def _content(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
