"""What an import is: manifests, and an account of every file."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from service.foundation.errors import NotFound

Manifest = dict[str, Any]


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


@dataclass(slots=True)
class Draft:
    """An asset while it is being put together."""

    kind: str
    name: str
    title: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, dict[str, str]] = field(default_factory=dict)
    relations: dict[tuple[str, str], str | None] = field(default_factory=dict)
    managed_by: str = ""

    @property
    def ref(self) -> str:
        """`kind:name`."""
        return f"{self.kind}:{self.name}"

    def state(self, attribute: str, value: Any, *, grade: str, source: str) -> None:
        """Set an attribute with its evidence."""
        self.attributes[attribute] = value
        self.evidence[attribute] = {"grade": grade, "source": source}

    def annotate(self, key: str, value: Any) -> None:
        """Keep `value` as text; what says nothing (null, an empty text, list or mapping) is not kept."""
        if value not in (None, "", [], {}):
            self.annotations[key] = as_text(value)

    def relate(self, type_: str, to: str, derivation: str | None = None) -> None:
        """Point at another asset; the first mention holds."""
        self.relations.setdefault((type_, to), derivation)

    def manifest(self) -> Manifest:
        """The finished manifest, the same for the same content whatever the order it was put together in."""
        relations = [
            {"type": type_, "to": to, **({"as": derivation} if derivation else {})}
            for (type_, to), derivation in sorted(self.relations.items())
        ]
        parts: dict[str, Any] = {
            "labels": dict(sorted(self.labels.items())),
            "annotations": dict(sorted(self.annotations.items())),
            "attributes": dict(sorted(self.attributes.items())),
            "relations": relations,
            "evidence": dict(sorted(self.evidence.items())),
            "managed_by": self.managed_by,
        }
        head = {"kind": self.kind, "name": self.name, "title": self.title}
        return head | {key: part for key, part in parts.items() if part}


@dataclass(frozen=True, slots=True)
class Source:
    """A file as found: its path relative to the directory, its content, or why it could not be read."""

    file: str
    content: Any = None
    fault: str | None = None


DEPTH_MAX = 50  # levels of nesting; real records have five


def as_text(value: Any) -> str:
    """Text as it is, dates in ISO 8601, everything else as JSON."""
    if isinstance(value, date):
        return value.isoformat()
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


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
