"""Python packages by their metadata (`METADATA` of a `*.dist-info`, `PKG-INFO` of an egg), wherever it was found.

Becomes `software:<normalised name>`: its version, licence and package URL, and as annotations its summary, home page and
author. One package in several places is one asset: its version is the newest found, and an annotation names the others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import HeaderParser
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from service.inventory.facts import Grade
from service.scans.ai_software import normalised
from service.scans.draft import Draft
from service.scans.names import slug

METADATA_MAX: Final = 2**20  # bytes that are read of one file: the fields stand before the description
SPACE: Final = "python/"
_UNSAID: Final = frozenset({"", "unknown", "none", "null", "n/a"})
_LICENCE_CLASSIFIER: Final = "License :: "
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_UNPRINTED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]+")
LINE_MAX: Final = 500
_LICENCE_MAX: Final = 20_000
_NOTE_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Package:
    """What one metadata file says. `troubles` are sentences about what was half understood."""

    name: str
    version: str | None = None
    licence: str | None = None
    classifiers: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    origin: str | None = None
    troubles: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """The asset that the package is."""
        return f"software:{slug(normalised(self.name))}"


def parse(content: bytes, *, directory: str, origin: str | None = None) -> Package:
    """The package that a metadata file describes; `directory` is the name of the directory or file it stands in.

    `origin` is where it was installed from, where that was not an index (PEP 610).
    """
    troubles = []
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
        if len(content) < METADATA_MAX:  # else it was cut, perhaps within a letter
            troubles.append("its metadata is not UTF-8")
    headers = HeaderParser().parsestr(text)
    name, version = _from_directory(directory)
    stated = _line(headers.get("Name"))
    if stated and _NAME.fullmatch(stated):
        name = stated
    else:
        troubles.append(f"its metadata gives no usable name; it is taken for {name}, as its directory says")
    if found := _line(headers.get("Version")):
        version = found
    else:
        troubles.append("its metadata gives no version")
    classifiers = tuple(_line(one) for one in headers.get_all("Classifier", []))
    licence, trouble = _licence(headers.get("License-Expression"), headers.get("License"), classifiers)
    troubles += [trouble] if trouble else []
    urls = [_line(one) for one in headers.get_all("Project-URL", [])]
    author = next((_line(headers.get(key)) for key in ("Author", "Author-email") if _said(headers.get(key))), "")
    notes = {
        "summary": _line(headers.get("Summary")),
        "home-page": _line(headers.get("Home-page")) or next(iter(urls), ""),
        "author": author,
    }
    kept = tuple((SPACE + key, value[:_NOTE_MAX]) for key, value in notes.items() if _said(value))
    return Package(name, version or None, licence, classifiers, kept, origin, tuple(troubles))


def nameless(directory: str) -> Package:
    """The package that stands in `directory`, of which nothing but that is known."""
    name, version = _from_directory(directory)
    return Package(name, version or None)


def origin_of(direct_url: object) -> str | None:
    """Where a `direct_url.json` says that the package came from; names and passwords in addresses are left out."""
    url = direct_url.get("url") if isinstance(direct_url, dict) else None
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        return _line(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="")))[:_NOTE_MAX]
    except ValueError:
        return None


@dataclass(slots=True)
class _Copy:
    package: Package
    place: str


@dataclass(slots=True)
class Packages:
    """Packages as they are found, by ref. Holds what is taken: as many as there are different packages and places."""

    source: str
    found: dict[str, list[_Copy]] = field(default_factory=dict)

    def add(self, package: Package, place: str) -> None:
        """A package that stands in `place`."""
        self.found.setdefault(package.ref, []).append(_Copy(package, place))

    def drafts(self) -> Iterator[tuple[Draft, list[str]]]:
        """Each package once, in order of refs, with what was half understood."""
        for _, copies in sorted(self.found.items()):
            yield self._draft(sorted(copies, key=lambda one: (newness(one.package.version), one.place), reverse=True))

    def _draft(self, copies: list[_Copy]) -> tuple[Draft, list[str]]:
        best = copies[0].package
        draft = Draft("software", best.ref.partition(":")[2], best.name)
        source = self.source
        if best.version:
            draft.state("version", best.version[:LINE_MAX], grade=Grade.VERIFIED, source=source)
        if best.licence:
            draft.state("licence", best.licence, grade=Grade.DECLARED, source=source)
        # Installed under this name does not prove that it came from PyPI; where it says that it did not, that holds.
        if best.origin is None:
            version = f"@{quote(best.version, safe='.-_~')}" if best.version else ""
            purl = f"pkg:pypi/{normalised(best.name)}{version}"
            draft.state("purl", purl, grade=Grade.INFERRED, source=source)
        for key, value in best.notes:
            draft.annotate(key, value)
        draft.annotate(f"{SPACE}installed-from", best.origin)
        draft.annotate(f"{SPACE}places", "\n".join(sorted({one.place for one in copies}))[:_LICENCE_MAX])
        troubles = list(dict.fromkeys(text for one in copies for text in one.package.troubles))
        versions = {one.package.version or "?" for one in copies}
        if len(versions) > 1:
            listed = sorted({f"{one.package.version or '?'} in {one.place}" for one in copies})
            draft.annotate(f"{SPACE}versions", "\n".join(listed)[:_LICENCE_MAX])
            told = ", ".join(sorted(versions, key=newness))
            troubles.append(f"it is there in {len(versions)} versions ({told}); the newest is stated")
        return draft, troubles


def newness(version: str | None) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts versions: numbers as numbers, and a pre-release (letters) before what has none."""
    public = (version or "").lower().partition("+")[0]
    parts = re.findall(r"\d+|[a-z]+", public)
    return (*map(_rank, parts), (2, 0, version or ""))


def _rank(part: str) -> tuple[int, int, str]:
    if part.isdecimal():
        return 4, int(part), ""
    early = {"a", "alpha", "b", "beta", "c", "rc", "pre", "preview"}
    return (0 if part == "dev" else 1 if part in early else 3), 0, part


def _licence(expression: str | None, text: str | None, classifiers: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The licence as written, best statement first, and what there is to say about it."""
    if _said(expression):
        return _line(expression)[:_LICENCE_MAX], None
    whole = _UNPRINTED.sub(" ", (text or "").replace("\r\n", "\n")).strip()
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith(_LICENCE_CLASSIFIER)]
    named = [one for one in dict.fromkeys(named) if one != "OSI Approved"]
    # Some put the whole text of the licence there: then its name is the better statement.
    if _said(whole) and not (named and ("\n" in whole or len(whole) > 200)):
        cut = None if len(whole) <= _LICENCE_MAX else "its licence text is kept up to its 20,000th character"
        return whole[:_LICENCE_MAX], cut
    if named:
        several = "its classifiers name several licences and not how they go together" if len(named) > 1 else None
        return "; ".join(named)[:_LICENCE_MAX], several
    return None, None


def _from_directory(directory: str) -> tuple[str, str]:
    stem = re.sub(r"\.(?:dist|egg)-info$", "", directory)
    name, _, version = stem.partition("-")
    # An egg's name ends with the Python it was built for.
    version = re.sub(r"-py\d[\d.]*$", "", version)
    return name if _NAME.fullmatch(name) else slug(name), _line(version)


def _said(text: object) -> bool:
    return str(text or "").strip().lower() not in _UNSAID


def _line(text: object) -> str:
    return " ".join(_CONTROL.sub(" ", str(text or "")).split())
