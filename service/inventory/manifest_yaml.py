"""YAML 1.2 as manifests use it, read from libyaml's events: no tags, no classes, no surprises.

PyYAML's own constructors follow YAML 1.1, where `NO` is false, `2026-03-01` a date and `12:30` a number. Here the core
schema of YAML 1.2 (section 10.3) holds: Norway stays `NO`, dates stay text. Depth and number of values are bounded,
what an alias repeats counted again, so that a small file cannot become a large estate.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from service.inventory.manifest_faults import pointer

DEPTH_MAX: Final = 64
VALUES_MAX: Final = 1_000_000

_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,30}")
_BASED: Final = re.compile(r"0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAGS: Final = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class ReadingError(Exception):
    """A text that cannot be read at all, with the line (from 1) where that shows."""

    def __init__(self, message: str, *, line: int | None = None, expected: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.expected = expected


@dataclass
class _Open:
    """A mapping or list that is not closed yet."""

    value: dict[str, Any] | list[Any]
    path: str
    anchor: str | None
    before: int
    key: str | None = None


@dataclass
class _Builder:
    """One document in the making: events in, plain data out."""

    count: int
    lines: dict[str, int] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    root: Any = None

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _check_tag(event, line)
            if len(self.stack) >= DEPTH_MAX:
                raise ReadingError(
                    "the document is nested too deeply", line=line, expected=f"at most {DEPTH_MAX} levels"
                )
            path = self._path(line)
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self.stack.append(_Open(value, path, event.anchor, self.count))
            self._counted(1, line)
        else:
            closed = self.stack.pop()
            self._put(closed.value, closed.anchor, closed.before)

    def _scalar(self, event: Any, line: int) -> None:
        top = self.stack[-1] if self.stack else None
        value = _scalar(event, line)
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if not isinstance(value, str):
                raise ReadingError(f"{event.value!r} is a key and not text", line=line, expected="put it in quotes")
            if value in top.value:
                raise ReadingError(
                    f"the key {value!r} stands twice in one mapping", line=line, expected="each key once"
                )
            top.key = value
            self.lines[top.path + pointer(value)] = line
            return
        self._path(line)
        self._counted(1, line)
        self._put(value, event.anchor, self.count - 1)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self.anchors:
            raise ReadingError(f"nothing is called &{anchor} before *{anchor}", line=line)
        value, size = self.anchors[anchor]
        self._path(line)
        self._counted(size, line)
        self._put(value, None, 0)

    def _path(self, line: int) -> str:
        """The pointer of the value that comes next."""
        if not self.stack:
            path = ""
        else:
            top = self.stack[-1]
            if isinstance(top.value, dict) and top.key is None:
                raise ReadingError("a key is not text", line=line, expected="text")
            path = top.path + pointer(len(top.value) if top.key is None else top.key)
        self.lines.setdefault(path, line)
        return path

    def _counted(self, values: int, line: int) -> None:
        self.count += values
        if self.count > VALUES_MAX:
            raise ReadingError("the file holds too many values", line=line, expected=f"at most {VALUES_MAX}; split it")

    def _put(self, value: Any, anchor: str | None, before: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, self.count - before)
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            top.value[str(top.key)] = value
            top.key = None


def documents(text: str) -> Iterator[tuple[Any, dict[str, int]]]:
    """Each document of `text` as plain data, with the line of each JSON pointer into it. An empty one is None.

    Raises:
        ReadingError: the text is not YAML, or more than a manifest may be.
    """
    builder = _Builder(0)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                builder = _Builder(builder.count)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield builder.root, builder.lines
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                builder.take(event)
    except UnicodeEncodeError as error:
        raise ReadingError("the text holds half a surrogate pair", expected="valid Unicode") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise ReadingError(f"the YAML is broken: {error.problem or error.context}", line=line) from error
    except yaml.YAMLError as error:
        raise ReadingError(f"the YAML is broken: {' '.join(str(error).split())}") from error


def _check_tag(event: Any, line: int) -> None:
    if event.tag not in (None, "!") and event.tag not in _TAGS:
        raise ReadingError(f"the tag {event.tag!r} is not taken", line=line, expected="plain values without tags")


def _scalar(event: Any, line: int) -> Any:
    _check_tag(event, line)
    text = event.value
    if not event.implicit[0] or event.tag == "!":  # quoted, or tagged as text
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _NO_NUMBER.fullmatch(text):
        raise no_value(text, line)
    return decimal(text, line) if _FLOAT.fullmatch(text) else text


def decimal(text: str, line: int | None = None) -> float:
    """The number that `text` writes.

    Raises:
        ReadingError: it is beyond what a double can hold.
    """
    number = float(text)
    if math.isinf(number):
        raise no_value(text, line)
    return number


def no_value(text: str, line: int | None = None) -> ReadingError:
    """The refusal of a word or number that is not finite."""
    return ReadingError(f"{text} is no value", line=line, expected="a finite number, or null")
