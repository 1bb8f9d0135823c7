"""Files from the paths that a command is given: files, directories to the bottom, standard input. Reads, judges nothing."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from service.foundation.errors import Invalid
from service.gate.reading.detect import detect
from service.gate.reading.parts import File, Ignored, Place, Type
from service.gate.reading.text import SIZE_MAX, documents, refusal

STDIN: Final = "-"
STDIN_NAME: Final = "standard input"
BESIDE_MAX: Final = 10_000
_LEFT_OUT: Final = frozenset({".git", ".hg", ".svn", ".terraform", ".venv", "node_modules", "__pycache__"})
_SUFFIXES: Final = frozenset(
    {
        *(".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".jsonld", ".cdx", ".spdx", ".xml", ".txt", ".in", ".toml"),
        *(".lock", ".md", ".tfplan", ".tfstate"),
    }
)
_PARSED: Final = frozenset({".yaml", ".yml", ".json"})


@dataclass(slots=True)
class Found:
    """The files to read, and those of directories that are none of the gate's."""

    files: list[File] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)


def read_paths(paths: Sequence[Path | str]) -> Found:
    """The files that `paths` mean, each once, those of directories in the order of their names.

    Of a directory those count whose type can be told; a card in it knows the names of the files beside it. A file that is
    too large is read as far as shows that it is.

    Raises:
        Invalid: a path is not there, cannot be read, is no regular file, or leads out of the directory that was given; also
            where a file of a directory is called YAML or JSON and is none.
    """
    if not paths:
        raise Invalid("No file is named: say -f FILE, -f DIRECTORY or -f - for standard input.")
    found = Found()
    seen: set[str] = set()
    for given in paths:
        name = str(given)
        key = STDIN if name == STDIN else os.path.abspath(name)  # noqa: PTH100 -- a path that holds a NUL, too
        if name == STDIN:
            if key not in seen:
                found.files.append(File(STDIN_NAME, sys.stdin.buffer.read(SIZE_MAX + 1)))
        elif os.path.isdir(name):  # noqa: PTH112 -- a path that holds a NUL is none, and no error
            if not _directory(Path(name), found, seen):
                raise refusal(name, "no file in it is of a type that is known", "a directory with something to judge")
        elif key not in seen:
            found.files.append(_card_or(File(Path(name).as_posix(), _content(Path(name))), Path(name)))
        seen.add(key)
    return found


def _directory(root: Path, found: Found, seen: set[str]) -> bool:
    """Takes the files of a directory that `seen` does not hold, and answers whether one is there that is of a type."""
    known = False
    for path in _below(root):
        key = str(path.absolute())
        if key not in seen:
            before = len(found.files)
            _take(path, found)
            known = known or len(found.files) > before
            seen.add(key)
        else:
            known = True
    return known


def _below(root: Path) -> Iterator[Path]:
    """Every file below `root`.

    Raises:
        Invalid: a directory cannot be listed, or a link leads out of `root`.
    """
    real = root.resolve()

    def closed(error: OSError) -> None:
        raise refusal(str(error.filename), f"it cannot be listed: {error.strerror}", "a directory that may be read")

    for directory, inner, names in os.walk(root, onerror=closed):
        inner[:] = sorted(name for name in inner if name not in _LEFT_OUT)
        for name in [*inner, *sorted(names)]:
            path = Path(directory, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(real):
                raise refusal(path.as_posix(), "the link leads out of the directory", f"links that stay in {root}")
        yield from (Path(directory, name) for name in sorted(names))


def _take(path: Path, found: Found) -> None:
    place = Place(path.as_posix())
    if path.suffix.lower() not in _SUFFIXES:
        found.ignored.append(Ignored(place.file, "files of this name are not read", place))
        return
    file = _card_or(File(place.file, _content(path)), path)
    if detect(file) is None:
        if path.suffix.lower() in _PARSED:
            documents(file)  # what cannot be read may be anything: it is refused, not passed over
        found.ignored.append(Ignored(place.file, "it is of no type that is known", place))
    else:
        found.files.append(file)


def _card_or(file: File, path: Path) -> File:
    """A card with the names of what lies beside it; any other file as it is."""
    if path.name.lower() != "readme.md" or detect(file) is not Type.MODEL_CARD:
        return file
    with os.scandir(path.parent) as entries:
        names = sorted(entry.name for entry, _ in zip(entries, range(BESIDE_MAX), strict=False) if entry.is_file())
    return File(file.name, file.content, tuple(name for name in names if name != path.name))


def _content(path: Path) -> bytes:
    name = path.as_posix()
    try:
        # Without waiting: a pipe that nobody writes to would be waited for for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise refusal(name, "it is no regular file", "a file, a directory, or - for standard input")
            return file.read(SIZE_MAX + 1)
    except FileNotFoundError as error:
        raise refusal(name, "it is not there", "a file, a directory, or - for standard input") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no such name can be"
        raise refusal(name, f"it cannot be opened: {why}", "a file that may be read") from error
