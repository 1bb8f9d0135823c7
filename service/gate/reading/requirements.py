"""Lines of `requirements.txt`: names, versions and origins of packages, as pip's own reference describes the format.

https://pip.pypa.io/en/stable/reference/requirements-file-format/. Files that a file names are not opened.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.scans.python_packages import Package, origin_of

LINE_MAX: Final = 100_000  # characters of one requirement with all its hashes
LINES_MAX: Final = 20_000  # requirements of one file
NAMES: Final = re.compile(r"(?:[\w.-]*requirements[\w.-]*|constraints[\w.-]*)\.(?:txt|in)")
# What a line of such a file begins with: a name and what may follow one, an option, an address, a path.
LINE: Final = re.compile(
    r"\s*(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[^\]]*\])?\s*(?:[=<>~!]=|[<>@;(\\#]|$)"
    r"|--?[a-z]|[a-z+]+://|\.{0,2}/)"
)
_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]{0,2000})\])?\s*(?P<rest>.*)"
)
_VERSIONS: Final = re.compile(r"\(?\s*(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+\s*(?:,\s*|(?=\)?$)))*\)?")
_EXACT: Final = re.compile(r"\(?\s*={2,3}\s*([\w.+!-]+)\s*\)?")
_ADDRESS: Final = re.compile(r"(?:[a-z]+\+)?[a-z]+://\S+")
_WHEEL: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.]*)-(?P<version>[^-/]+)(?:-[^-/]+){3,4}\.whl")
_SDIST: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*?)-(?P<version>\d[^-/]*)\.(?:tar\.gz|zip)")
_OPTION: Final = re.compile(r"(--?[A-Za-z][A-Za-z-]*)(?:[ \t=]+(.*))?")
_FILES: Final = frozenset({"-r", "--requirement", "-c", "--constraint"})
_EDITABLE: Final = frozenset({"-e", "--editable"})


@dataclass(frozen=True, slots=True)
class Required:
    """A package that a line asks for. `bound` is what is written of its version where that is not one version."""

    line: int
    package: Package
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """A line that names no package of an index, and why that is all that is said."""

    line: int
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Odd:
    """A line that is none of such a file."""

    line: int
    message: str
    expected: str


def read(text: str) -> Iterator[Required | Passed | Odd]:
    """What each line says, in the order of the file."""
    for number, line in _logical(text):
        if len(line) > LINE_MAX:
            yield Odd(number, "the line is too long", f"at most {LINE_MAX} characters")
            continue
        # A comment begins the line, or follows a space: `#egg=` is none.
        plain = re.sub(r"(?:^|(?<=\s))#.*", "", line).strip()
        if plain:
            yield _told(number, plain)


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that they go on in, by the number of the first."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), start=1):
        start = number if not parts else start
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        yield start, "".join([*parts, line])
        parts = []
    if parts:
        yield start, "".join(parts)


def _told(number: int, text: str) -> Required | Passed | Odd:
    option = _OPTION.fullmatch(text)
    if option and option[1] not in _EDITABLE:
        if option[1] in _FILES:
            return Passed(number, f"{option[1]} {option[2] or ''}".strip(), "the file is not followed: give it as well")
        return Passed(number, option[1], "an option of pip, which names no package")
    given = (option[2] or "") if option else text
    # Options of one requirement (`--hash`, `--config-settings`) follow it.
    given = re.split(r"\s--[a-z]", given, maxsplit=1)[0].strip()
    if _ADDRESS.match(given) or re.match(r"\.{0,2}/|\.$", given):
        return _addressed(number, given)
    return _named(number, given)


def _named(number: int, given: str) -> Required | Odd:
    """A package by its name, with the versions of it that will do, or where it comes from."""
    found = _REQUIREMENT.fullmatch(given)
    if found is None:
        return Odd(number, f"{given[:60]!r} is no requirement", "a name, with a version: torch==2.5.1")
    rest, _, marker = found["rest"].partition(";")
    rest = rest.strip()
    notes = tuple(
        (f"python/{key}", " ".join(value.split())[:500])
        for key, value in (("extras", found["extras"] or ""), ("marker", marker))
        if value.strip()
    )
    if rest.startswith("@"):
        address = rest[1:].strip()
        return Required(number, Package(found["name"], None, notes=notes, origin=origin_of({"url": address}) or "?"))
    if len(rest) > 1_000 or not _VERSIONS.fullmatch(rest):
        return Odd(number, f"{rest[:60]!r} says no version of {found['name'][:60]}", "for instance torch==2.5.1")
    exact = _EXACT.fullmatch(rest)
    version = exact[1] if exact else None
    return Required(number, Package(found["name"], version, notes=notes), "" if exact else rest or "any version")


def _addressed(number: int, given: str) -> Required | Passed:
    """A package by where it lies: its name is that of the file, or what `#egg=` says."""
    place, _, fragment = given.partition("#")
    place = place.partition(";")[0].strip()
    origin = origin_of({"url": place}) or "?"
    file = place.rpartition("/")[2]
    if egg := re.search(r"(?:^|&)egg=([A-Za-z0-9][A-Za-z0-9._-]{0,198})", fragment):
        return Required(number, Package(egg[1].rstrip("._-"), None, origin=origin))
    if found := _WHEEL.fullmatch(file) or _SDIST.fullmatch(file):
        return Required(number, Package(found["name"], found["version"], origin=origin))
    return Passed(number, origin[:200], "a package that lies there, and does not say what it is called")
