"""From the text of a file to its documents: YAML or JSON, bounded in size, each value knowing its line."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import PurePath
from typing import Any, Final

from service.foundation.errors import Fault, Invalid
from service.inventory.manifest_faults import pointer
from service.inventory.manifest_yaml import ReadingError, decimal, documents, no_value

Lines = Callable[[], dict[str, int]]

SIZE_MAX: Final = 10 * 1024 * 1024  # characters of one file
_JSON_SUFFIXES: Final = frozenset({".json", ".jsonl", ".ndjson"})
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n|[^\s{}\[\],:"]+')


@dataclass(frozen=True)
class Where:
    """Where a document stands. `lines` gives the line (from 1) of each JSON pointer into it, and is asked when needed."""

    file: str | None = None
    document: int | None = None
    lines: Lines = dict

    def line(self, path: str) -> int | None:
        """The line of `path`, or of the nearest thing around it; None where no line is known."""
        lines = self.lines()
        while path and path not in lines:
            path = path.rpartition("/")[0]
        return lines.get(path)

    def placed(self, fault: Fault) -> Fault:
        """`fault` with file, document and line."""
        return replace(fault, file=self.file, document=self.document, line=self.line(fault.path))


NOWHERE: Final = Where()


@dataclass(frozen=True)
class Document:
    """One document of a file, as plain data, not yet checked."""

    data: Any
    where: Where


def read(text: str | bytes, file: str | None = None) -> list[Document]:
    """The documents of a manifest file: YAML with any number of documents, a JSON object, a JSON list, or JSON lines.

    A list at the top is a list of documents. `file` names the text in faults, and its suffix tells JSON from YAML.

    Raises:
        Invalid: the text as a whole cannot be read; the fault says where.
    """
    try:
        return _read(_decoded(text), file)
    except ReadingError as problem:
        fault = Fault("", problem.message, problem.expected, file=file, line=problem.line)
        raise Invalid(f"{file or 'The text'} cannot be read: {problem.message}.", [fault]) from problem


def _decoded(text: str | bytes) -> str:
    if len(text) > SIZE_MAX:
        raise ReadingError("the file is too large", expected=f"at most {SIZE_MAX // 1024 // 1024} MiB; split it")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise ReadingError("the text is not UTF-8", line=line, expected="a file in UTF-8") from error


def _read(text: str, file: str | None) -> list[Document]:
    suffix = PurePath(file).suffix.lower() if file else ""
    if suffix in _JSON_SUFFIXES:
        return list(_numbered(_json(text), file))
    if text.lstrip().startswith(("{", "[")):
        try:
            return list(_numbered(_json(text), file))
        except ReadingError:
            # YAML's flow style starts in the same way; if it is neither, YAML has the better message.
            pass
    return list(_numbered(((body, partial(dict, lines)) for body, lines in documents(text)), file))


def _numbered(values: Iterator[tuple[Any, Lines]], file: str | None) -> Iterator[Document]:
    number = 0
    for body, lines in values:
        if isinstance(body, list):
            entries = cache(partial(_by_entry, lines))
            for index, entry in enumerate(body):
                number += 1
                yield Document(entry, Where(file, number, partial(_entry, entries, str(index))))
        elif body is not None:
            number += 1
            yield Document(body, Where(file, number, lines))


def _entry(entries: Callable[[], dict[str, dict[str, int]]], number: str) -> dict[str, int]:
    return entries()[number]


def _by_entry(lines: Lines) -> dict[str, dict[str, int]]:
    """The lines of a list's entries, under each entry's number."""
    found: dict[str, dict[str, int]] = {}
    for path, line in lines().items():
        _, _, inside = path.partition("/")
        number, slash, rest = inside.partition("/")
        found.setdefault(number, {})[slash + rest] = line
    return found


def _json(text: str) -> Iterator[tuple[Any, Lines]]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer, parse_float=decimal
    )
    at, line = _skip(text, 0), 1
    start = 0
    while at < len(text):
        line += text.count("\n", start, at)
        start = at
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ReadingError(f"the JSON is broken: {error.msg}", line=error.lineno) from error
        except RecursionError as error:
            raise ReadingError("the JSON is nested too deeply", line=line) from error
        except ReadingError as error:
            error.line = line
            raise
        yield value, partial(_lines, text, start, at, line)
        at = _skip(text, at)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ReadingError(f"the key {key!r} stands twice in one object", expected="each key once")
        found[key] = value
    return found


def _no_constant(word: str) -> Any:
    raise no_value(word)


def _integer(digits: str) -> int:
    if len(digits) > 30:
        raise ReadingError("the number has too many digits", expected="at most 30")
    return int(digits)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _lines(text: str, start: int, end: int, line: int) -> dict[str, int]:
    """The line of every value in the JSON between `start`, which is on `line`, and `end`, by its pointer."""
    found: dict[str, int] = {}
    path: list[str | int] = []
    key = ""
    for part in _TOKEN.findall(text, start, end):
        if part == "\n":
            line += 1
        elif part in {"}", "]"}:
            path.pop()
        elif part == ",":
            last = path.pop()
            path.append(last + 1 if isinstance(last, int) else "")
        elif part == ":":
            path[-1] = json.loads(key)
            found[pointer(*path)] = line
        else:
            key = part
            if not path or isinstance(path[-1], int):
                found[pointer(*path)] = line
            if part in {"{", "["}:
                path.append("" if part == "{" else 0)
    return found
