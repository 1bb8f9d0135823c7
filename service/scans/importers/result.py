"""What an import is: manifests, and an account of every file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from service.foundation.errors import NotFound
from service.scans.draft import Draft, Manifest


@dataclass(frozen=True, slots=True)
class FileAccount:
    """What became of one file: `records` it holds, `imported` of them (the rest is named in `notes`).

    `file` is relative to the directory. `notes` name the record and say what was not understood, or not expressible.
    """

    file: str
    records: int
    imported: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Manifests (as a manifest file writes them, sorted by kind and name) and accounts (sorted by file)."""

    manifests: tuple[Manifest, ...]
    accounts: tuple[FileAccount, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A file as found: its path relative to the directory, its content, or why it could not be read."""

    file: str
    content: Any = None
    fault: str | None = None


DEPTH_MAX = 50  # levels of nesting; real records have five


def sources(directory: Path) -> list[Source]:
    """Every file below `directory`, by name. Raises `NotFound` where there is no such directory."""
    if not directory.is_dir():
        raise NotFound(f"{directory} is not a directory: name the one that holds the records")
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return [_open(path, path.relative_to(directory).as_posix()) for path in paths]


def _open(path: Path, file: str) -> Source:
    if path.suffix not in (".yaml", ".yml"):
        return Source(file, fault="no record file: only .yaml and .yml hold records")
    try:
        text = path.read_text(encoding="utf-8")
        if _too_deep(text):
            return Source(file, fault=f"cannot be read: nested more than {DEPTH_MAX} deep")
        # libyaml: it reads these files about ten times as fast, and its loader is as safe
        content = yaml.load(text, yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return Source(file, fault=f"cannot be read: {' '.join(str(error).split())}")
    return Source(file, content)


def _too_deep(text: str) -> bool:
    """Whether building the document would take more of the stack than any record needs: libyaml's loader recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            return True
    return False


def finish(drafts: Iterable[Draft], accounts: Mapping[str, FileAccount]) -> ImportResult:
    """The result in its fixed order."""
    manifests = sorted((draft.manifest() for draft in drafts), key=lambda m: (m["kind"], m["name"]))
    return ImportResult(tuple(manifests), tuple(accounts[file] for file in sorted(accounts)))
