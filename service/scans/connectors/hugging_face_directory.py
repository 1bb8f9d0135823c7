"""Cards in a directory: their names from where they lie, their metadata from how they begin.

A card is `README.md` in a directory of its own (`meta-llama/Llama-3.1-8B/README.md`, its weights beside it or not), or a
file `<name>.md`. `--` in a name stands for `/`; directories `models` and `datasets` say what lies in them; the cache of
`huggingface_hub` (`models--<organisation>--<name>/snapshots/…`) is read as it is, of each repository what `refs/main` names.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.inventory.facts import Kind
from service.inventory.manifest_yaml import ReadingError, documents
from service.inventory.values import split_ref
from service.scans import marks
from service.scans.connectors.hugging_face_card import Repository
from service.scans.connectors.hugging_face_formats import formats_of

SIZE_MAX: Final = 4 * 2**20  # of the metadata; cards with every score of a large benchmark have half of one
FILES_MAX: Final = 10_000
_README: Final = "readme.md"
_CACHED = re.compile(r"(models|datasets)--(.+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_KINDS: Final = {"models": Kind.MODEL, "datasets": Kind.DATASET}
# Metadata that only cards of data have, and those that only cards of models have.
_OF_DATA: Final = frozenset(
    {
        *("annotations_creators", "configs", "dataset_info", "language_creators", "multilinguality", "pretty_name"),
        *("size_categories", "source_datasets", "task_categories", "task_ids", "train-eval-index"),
    }
)
_OF_MODELS: Final = frozenset({"base_model", "datasets", "library_name", "model-index", "pipeline_tag"})


@dataclass(frozen=True, slots=True)
class Card:
    """What was found in `file`, a path below the directory: a repository, or why there is none."""

    file: str
    repository: Repository | None = None
    unread: str = ""
    remark: str = ""


def cards(root: Path) -> Iterator[Card]:
    """All cards below `root`, or in it where it is a file, by name."""
    if root.is_file():
        yield _card(root, root.name, root.parent.parts[-2:] if root.name.lower() == _README else (root.stem,))
        return
    lost: list[OSError] = []
    for directory, below, files in os.walk(root, onerror=lost.append):
        at = Path(directory)
        below[:] = _entered(at, below)
        for file in sorted(files):
            path = at / file
            if not file.lower().endswith(".md"):
                continue
            shown = path.relative_to(root).as_posix()
            if not path.resolve().is_relative_to(root):
                yield Card(shown, unread="it is a link that leads out of the directory")
                continue
            whole = file.lower() == _README
            parts = at.relative_to(root).parts
            yield _card(path, shown, parts if whole else (*parts, path.stem))
    for error in lost:
        yield Card(Path(error.filename).relative_to(root).as_posix(), unread=f"it cannot be listed: {error.strerror}")


def _entered(at: Path, below: list[str]) -> list[str]:
    """The directories to go on with: no hidden ones, and of a cached repository the snapshot that counts."""
    if at.name == "snapshots" and _CACHED.fullmatch(at.parent.name):
        try:
            with (at.parent / "refs" / "main").open(encoding="ascii") as file:
                main = file.read(100).strip()
        except (OSError, UnicodeDecodeError):
            main = ""
        below = [main] if main in below else below
    return sorted(name for name in below if not name.startswith("."))


def _card(path: Path, shown: str, parts: tuple[str, ...]) -> Card:
    try:
        with path.open("rb") as file:
            head = file.read(SIZE_MAX + 1).decode(errors="replace")
        metadata = front_matter(head)
    except (OSError, ReadingError) as error:
        where = f" (line {error.line})" if isinstance(error, ReadingError) and error.line else ""
        return Card(shown, unread=f"its metadata cannot be read: {error}{where}")
    kind, name = _named(parts)
    files = _beside(path) if path.name.lower() == _README else None
    if metadata is None and not formats_of(files or (), ""):
        return Card(shown, remark="it does not begin with metadata between two lines ---, so it is no card")
    card = metadata or {}
    own = split_ref(str(card.get(f"{marks.PREFIX}{marks.REF}", "")))
    if own and own[0] in (Kind.MODEL, Kind.DATASET):
        kind, name = own[0], name or own[1]
    if not name:
        hint = f"put it below <organisation>/<name>/, or give it {marks.PREFIX}{marks.REF}"
        return Card(shown, remark=f"it lies where no name can be told: {hint}")
    return Card(shown, Repository(kind or _kind(card), name, card=card, files=files))


def front_matter(text: str) -> Mapping[str, Any] | None:
    """The metadata that a card begins with, None where it begins with none.

    Raises:
        ReadingError: they do not end, are no YAML, or no mapping.
    """
    text = text.removeprefix("\ufeff").lstrip()
    if not re.match(r"---[ \t]*\r?\n", text):
        return None
    end = re.search(r"^---[ \t]*$", text[3:].replace("\r\n", "\n"), re.MULTILINE)
    if end is None:
        raise ReadingError("they do not end with a line ---")
    found = next(documents(text[3:].replace("\r\n", "\n")[: end.start()]), (None, {}))[0]
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ReadingError("they are no mapping")
    return found


def _named(parts: tuple[str, ...]) -> tuple[Kind | None, str]:
    """Kind, where the path tells it, and name."""
    for part in parts:
        if cached := _CACHED.fullmatch(part):
            return _KINDS[cached[1]], cached[2].replace("--", "/", 1)
    kind = next((_KINDS[part] for part in parts if part in _KINDS), None)
    rest = [part for part in parts if part not in _KINDS and not _COMMIT.fullmatch(part)]
    if rest and "--" in rest[-1]:
        return kind, rest[-1].replace("--", "/", 1)
    return kind, "/".join(rest[-2:])


def _kind(card: Mapping[str, Any]) -> Kind:
    data, models = len(_OF_DATA & set(card)), len(_OF_MODELS & set(card))
    return Kind.DATASET if data > models else Kind.MODEL


def _beside(path: Path) -> tuple[str, ...]:
    with os.scandir(path.parent) as entries:
        return tuple(sorted(entry.name for entry, _ in zip(entries, range(FILES_MAX), strict=False) if entry.is_file()))
