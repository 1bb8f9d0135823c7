"""From the bytes of a file to documents that know their lines: bounded in size and depth, before anybody looks inside."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import orjson

from service.foundation.errors import Fault, Invalid
from service.gate.reading.parts import File, Place
from service.inventory import manifest
from service.inventory.manifest_faults import pointer

SIZE_MAX: Final = 8 * 2**20  # bytes of one file
DEPTH_MAX: Final = 100  # levels, what an alias repeats counted again
_OTHER_CODES: Final = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32"))
# Characters that show text in another order than it is read (Unicode TR36): a reviewer would approve something else.
_REORDERING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MESSAGE_MAX: Final = 200  # characters of a message that quotes a file
_MERGE: Final = "<<"


@dataclass(frozen=True)
class Document:
    """One document of a file as plain data, merge keys filled in. Paths are JSON pointers into it."""

    file: str
    number: int
    data: Any
    where: manifest.Where

    @cached_property
    def _lines(self) -> dict[str, int]:
        return self.where.lines()

    def place(self, path: str = "") -> Place:
        """Where `path` stands, or the nearest thing around it."""
        while path and path not in self._lines:
            path = path.rpartition("/")[0]
        return Place(self.file, self._lines.get(path, 1))

    def fault(self, path: str, message: str, expected: str) -> Fault:
        """What is wrong at `path`."""
        return Fault(path, message, expected, self.number, self.file, self.place(path).line)


def refusal(file: str, message: str, expected: str, *, path: str = "", line: int | None = None) -> Invalid:
    """The refusal of a file as a whole."""
    return Invalid(f"{file} cannot be read: {message}.", [Fault(path, message, expected, file=file, line=line)])


def refuse(faults: Sequence[Fault]) -> None:
    """Refuses what has faults.

    Raises:
        Invalid: with all of them.
    """
    if faults:
        more = f" ({len(faults) - 1} more)" if faults[1:] else ""
        raise Invalid(f"{faults[0].file} cannot be read: {faults[0].message}{more}.", faults)


def decoded(file: File) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        Invalid: it is no UTF-8, or holds a NUL.
    """
    for mark, name in _OTHER_CODES:
        if file.content.startswith(mark):
            raise refusal(file.name, f"the text is {name}", "a file in UTF-8", line=1)
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        raise refusal(file.name, "the text is not UTF-8", "a file in UTF-8", line=line) from error
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise refusal(file.name, "the text holds a NUL character", "text without it", line=line)
    return text


def straight(text: str, file: str) -> str:
    """`text`, where it is read in the order in which it is shown.

    Raises:
        Invalid: it holds a character that turns the order around.
    """
    if found := _REORDERING.search(text):
        message = f"the text holds U+{ord(found[0]):04X}, which shows it in another order than it is read"
        raise refusal(file, message, "text without it", line=text.count("\n", 0, found.start()) + 1)
    return text


def documents(file: File) -> list[Document]:
    """The documents of a file in YAML or JSON; empty ones are left out, a list at the top is a list of documents.

    Raises:
        Invalid: it cannot be read; the fault names the line.
    """
    text = straight(decoded(file), file.name)
    try:
        # Without its name, so that what is no JSON is read as YAML: that knows the line of a key that stands twice.
        read = manifest.read(text, None)
    except Invalid as error:
        faults = [replace(fault, file=file.name, message=fault.message[:_MESSAGE_MAX]) for fault in error.faults]
        if re.search(r"^[ -]*(?:\w+:[ \t]*)?\{\{", text, re.MULTILINE):
            faults = [replace(fault, expected="no template, but what `helm template` makes of it") for fault in faults]
        raise Invalid(f"{file.name} cannot be read: {faults[0].message}.", faults) from error
    return [
        Document(file.name, number, _plain(one.data, file.name, _MERGE in text), one.where)
        for number, one in enumerate(read, start=1)
    ]


def parsed(file: File) -> tuple[Any, str]:
    """The one JSON (or YAML) document that a file is, and its text.

    Raises:
        Invalid: it cannot be read, is empty, or holds several documents.
    """
    found = documents(file)
    if len(found) != 1:
        message = "there is nothing in it" if not found else f"there are {len(found)} documents in it"
        raise refusal(file.name, message, "one document", line=1)
    return found[0].data, decoded(file)


def lines_of(text: str, keys: Sequence[str]) -> dict[str, int]:
    """The line of each text that stands as the value of one of `keys` in JSON, of its first mention: one pass."""
    found: dict[str, int] = {}
    line, at = 1, 0
    for match in re.finditer(rf'"(?:{"|".join(keys)})"\s*:\s*("(?:[^"\\]|\\.)*")', text):
        line += text.count("\n", at, match.start(1))
        at = match.start(1)
        try:
            found.setdefault(orjson.loads(match[1]), line)
        except orjson.JSONDecodeError:
            continue  # the flow style of YAML has escapes of its own
    return found


def inside(data: Any) -> Iterator[tuple[str, Any]]:
    """Every key of every mapping inside `data` with its value; outer things first. `walk` tells where, and takes longer."""
    left: list[Any] = [data]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield from value.items()
            left += [one for one in reversed(value.values()) if isinstance(one, dict | list)]
        else:
            left += [one for one in reversed(value) if isinstance(one, dict | list)] if isinstance(value, list) else []


def walk(data: Any, path: str = "") -> Iterator[tuple[str, str | int, Any]]:
    """Everything inside `data`: its pointer, its key or number, its value; outer things first, in their order."""
    left: list[tuple[str, Any]] = [(path, data)]
    while left:
        at, value = left.pop()
        parts: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        told = [(at + pointer(key), key, one) for key, one in parts]
        yield from told
        left += [(to, one) for to, _, one in reversed(told) if isinstance(one, dict | list)]


def mentioned(data: Any, text: str, path: str = "") -> str:
    """The pointer of the first text inside `data` that is `text` or else holds it; `path` where there is none."""
    holding = ""
    for at, _, value in walk(data, path):
        if value == text:
            return at
        if not holding and isinstance(value, str) and text in value:
            holding = at
    return holding or path


def _plain(data: Any, file: str, merges: bool) -> Any:
    left = [(data, 1)]
    while left:
        value, depth = left.pop()
        if depth > DEPTH_MAX:
            raise refusal(file, "the document is nested too deeply", f"at most {DEPTH_MAX} levels")
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        left += [(one, depth + 1) for one in parts if isinstance(one, dict | list)]
    return _merged(data) if merges else data


def _merged(value: Any) -> Any:
    """`value` with the merge keys of YAML 1.1 filled in, as Compose and kubectl do: what stands beside them holds."""
    if isinstance(value, list):
        return [_merged(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _merged(one) for key, one in value.items()}
    given = plain.get(_MERGE)
    sources = given if isinstance(given, list) else [given]
    if _MERGE not in plain or not all(isinstance(one, dict) for one in sources):
        return plain
    found: dict[str, Any] = {}
    for source in reversed(sources):
        found |= source
    return found | {key: one for key, one in plain.items() if key != _MERGE}
