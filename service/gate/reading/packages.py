"""Python packages that are asked for (`requirements.txt`) or locked (`pylock.toml`, `uv.lock`): AI software among them.

`pylock.toml` is https://packaging.python.org/en/latest/specifications/pylock-toml/, `uv.lock` as uv writes it. Packages that
are no AI software (`service/scans/ai_software.py`) are counted, not proposed.
"""

import re
import tomllib
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any, Final

from service.foundation.errors import Fault
from service.gate.reading import requirements
from service.gate.reading.parts import File, Ignored, Missing, Options, Place, Proposed, Reading, Type
from service.gate.reading.requirements import Odd, Passed, Required
from service.gate.reading.text import decoded, refusal, refuse, straight
from service.scans.ai_software import Wanted
from service.scans.bom_facts import declared
from service.scans.python_packages import Package, Packages, origin_of

_WANTED: Final = Wanted.of("ai")
_TABLE: Final = re.compile(r"^\[\[packages?\]\]", re.MULTILINE)
_LOCK: Final = re.compile(r"^(?:\[\[packages?\]\]|(?:lock-version|requires-python)[ \t]*=)", re.MULTILINE)
_AT: Final = re.compile(r"\(at line (\d+), column \d+\)")
_PYPI: Final = ("https://pypi.org/simple", "https://files.pythonhosted.org")
_ELSEWHERE: Final = ("git", "url", "path", "directory", "editable", "vcs", "archive")
_STRING: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_DOTS_MAX: Final = 50  # outside of texts: keys of many parts cost their square
_ITSELF: Final = frozenset({"editable", "virtual"})


def read(file: File, _options: Options) -> Reading:
    """The packages of a file.

    Raises:
        Invalid: a line is none of such a file, or the lock file is broken.
    """
    text = straight(decoded(file), file.name)
    told = _locked(text, file.name) if _LOCK.search(text) else requirements.read(text)
    lines = list(islice(told, requirements.LINES_MAX + 1))
    if len(lines) > requirements.LINES_MAX:
        expected = f"at most {requirements.LINES_MAX}"
        raise refusal(file.name, "it names too many packages", expected)
    odd = [Fault("", one.message, one.expected, file=file.name, line=one.line) for one in lines if isinstance(one, Odd)]
    refuse(odd)
    ignored = [Ignored(one.what, one.why, Place(file.name, one.line)) for one in lines if isinstance(one, Passed)]
    required = [one for one in lines if isinstance(one, Required)]
    wanted = [one for one in required if _WANTED.python(one.package.name)]
    if left := len(required) - len(wanted):
        why = "none of them is known as AI software" if not wanted else "not known as AI software"
        ignored.append(Ignored(f"{left} other packages", why, Place(file.name)))
    packages = Packages(f"packages:{file.name}"[:500])
    first: dict[str, Required] = {}
    for one in wanted:
        packages.add(one.package, file.name)
        first.setdefault(one.package.ref, one)
    proposed, missing = [], []
    for draft, troubles in packages.drafts():
        place = Place(file.name, first[draft.ref].line)
        proposed.append(Proposed(declared(draft.manifest(), packages.source), place, whole=False))
        ignored += [Ignored(draft.title, trouble, place) for trouble in troubles]
        if "version" not in draft.attributes and draft.annotations.get("python/installed-from") is None:
            what = f"which version of it is installed ({first[draft.ref].bound})"
            missing.append(Missing(draft.ref, what, f"{draft.title}==<version>", place))
    return Reading(Type.PACKAGES, tuple(proposed), tuple(missing), tuple(ignored))


def _locked(text: str, file: str) -> Iterator[Required | Passed | Odd]:
    for number, written in enumerate(text.split("\n"), start=1):
        if len(written) > requirements.LINE_MAX or _STRING.sub("", written).count(".") > _DOTS_MAX:
            yield Odd(number, "no lock file has such a line", "a lock file as its tool wrote it")
            return
    try:
        found = tomllib.loads(text)
    except RecursionError as error:
        raise refusal(file, "the file is nested too deeply", "a lock file as its tool wrote it") from error
    except ValueError as error:
        at = _AT.search(str(error))
        message = f"the TOML is broken: {_AT.sub('', str(error)).strip()}"
        line = int(at[1]) if at else None
        raise refusal(file, message, "a lock file as its tool wrote it", line=line) from error
    listed = found.get("packages", found.get("package"))
    starts = [at for at, line in enumerate(text.split("\n"), start=1) if _TABLE.match(line)]
    entries = listed if isinstance(listed, list) else []
    for line, entry in zip_longest(starts[: len(entries)], entries, fillvalue=1):
        yield _entry(int(line), entry)


def _entry(line: int, entry: Any) -> Required | Passed | Odd:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not (isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?", name)):
        return Odd(line, "a package has no name that can be read", 'name = "torch"')
    source = entry.get("source") if isinstance(entry.get("source"), dict) else entry
    if source is not entry and _ITSELF & source.keys():
        return Passed(line, name, "the project itself, which is not looked into")
    elsewhere = next((source[key] for key in _ELSEWHERE if key in source), None)
    index = source.get("registry", entry.get("index"))
    origin = None
    if elsewhere is not None:
        inner = elsewhere if isinstance(elsewhere, dict) else {"url": elsewhere}
        origin = origin_of({"url": inner.get("url", inner.get("path"))}) or "?"
    elif isinstance(index, str) and not index.startswith(_PYPI):
        origin = origin_of({"url": index})
    version = entry.get("version")
    marker = entry.get("marker")
    notes = (("python/marker", " ".join(marker.split())[:500]),) if isinstance(marker, str) and marker.strip() else ()
    stated = version if isinstance(version, str) and version else None
    return Required(line, Package(name, stated, notes=notes, origin=origin), "" if stated else "no version in the lock")
