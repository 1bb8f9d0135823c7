"""Python environments on this machine: the packages installed in them, by what those say of themselves.

Below each of `environments`, every directory that holds `*.dist-info` or `*.egg-info` is read (a virtual environment's
`site-packages`, a distribution's `dist-packages`, what `pip install --target` made). No Python is started and no file but
metadata is opened. What is found becomes:

- `software:<normalised name>`, AI software alone unless `packages` says otherwise; in several environments it is one
  asset with the newest version;
- relations `uses` of the system that `system` names, where it names one.

All is one part: what one environment did not show may stand in another that could not be read.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import Field

from service.inventory.facts import Kind, RelationType
from service.inventory.values import reference_to
from service.scans.ai_software import PACKAGES, Packages, Wanted
from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.python_packages import METADATA_MAX, Package, nameless, origin_of, parse
from service.scans.python_packages import Packages as Collection

PART: Final = "packages"
_SUFFIXES: Final = (".dist-info", ".egg-info")
_FILES: Final = ("METADATA", "PKG-INFO")
_PACKAGES: Final = ("site-packages", "dist-packages")
# Nothing is installed there, and a machine has much of it.
_SKIPPED: Final = frozenset({"__pycache__", "node_modules", ".git", "proc", "sys", "dev"})
SystemRef: Any = reference_to(Kind.SYSTEM)


class PythonEnvironmentSettings(SettingsBase):
    """Where environments are, and what is taken of them."""

    environments: list[str] = Field(
        min_length=1, max_length=1_000, description="Prefixes, `site-packages` directories, or directories above them"
    )
    packages: Packages = PACKAGES
    system: SystemRef | None = Field(
        default=None, description="The system that these environments belong to: it `uses` what is found"
    )


@dataclass(slots=True)
class _Reading:
    context: Context
    wanted: Wanted
    packages: Collection
    seen: set[Path] = field(default_factory=set)
    left: int = 0

    def environment(self, given: str) -> Iterator[Event]:
        """All packages below one directory."""
        try:
            root = self.context.path(given)
        except SourceFailure as failure:
            yield Refused(PART, given, failure.detail)
            return
        if not root.is_dir():
            yield Refused(PART, given, "this is a file, not the directory of an environment")
            return
        troubles: list[OSError] = []
        found = 0
        for place, directories, files in os.walk(root, onerror=troubles.append):
            self.context.pause()
            directories[:] = sorted(name for name in directories if name not in _SKIPPED)
            here = [name for name in sorted([*directories, *files]) if name.endswith(_SUFFIXES)]
            # What lies inside installed packages is theirs (they may carry others' metadata along).
            whole = Path(place).name in _PACKAGES or any(name.endswith(".dist-info") for name in here)
            directories[:] = [] if whole else [name for name in directories if not name.endswith(_SUFFIXES)]
            found += len(here)
            # `lib64` and the like lead to a directory that is read already.
            if here and Path(place) not in self.seen:
                self.seen.add(Path(place))
                for name in here:
                    yield from self.package(Path(place, name), given)
        yield from (Refused(PART, str(one.filename), f"cannot be read: {one.strerror}") for one in troubles)
        if not found:
            yield Note(PART, given, "no package is installed here")

    def package(self, path: Path, given: str) -> Iterator[Event]:
        """One directory of metadata (or, of an old egg, one file)."""
        if path.name.startswith("~"):
            yield Note(PART, str(path), "pip left this behind when it was interrupted: it is no installed package")
            return
        try:
            package = self.parsed(path)
        except (OSError, SourceFailure) as error:
            why = error.detail if isinstance(error, SourceFailure) else f"cannot be read: {error.strerror}"
            yield Refused(PART, str(path), why)
            return
        if package is None:
            package = nameless(path.name)
            yield Note(PART, str(path), "it holds no metadata: it goes by the name of its directory alone")
        if self.wanted.python(package.name, package.classifiers):
            self.packages.add(package, given)
        else:
            self.left += 1

    def parsed(self, path: Path) -> Package | None:
        """What the metadata says, None where there is none."""
        real = self.context.path(str(path))
        candidates = [real] if real.is_file() else [real / name for name in _FILES]
        for candidate in candidates:
            if os.path.lexists(candidate):
                content = self.bounded(candidate)
                return parse(content, directory=path.name, origin=self.origin(real))
        return None

    def origin(self, path: Path) -> str | None:
        file = path / "direct_url.json"
        if not file.is_file():
            return None
        try:
            return origin_of(orjson.loads(self.bounded(file)))
        except orjson.JSONDecodeError:
            return None

    def bounded(self, path: Path) -> bytes:
        real = self.context.path(str(path))  # a link may lead out of what sources may read
        if not real.is_file():
            raise SourceFailure("it is no regular file")
        with real.open("rb") as file:
            return file.read(METADATA_MAX)


def read(settings: PythonEnvironmentSettings, context: Context) -> Iterator[Event]:
    """The packages of all environments, then the system that uses them."""
    reading = _Reading(context, Wanted.of(settings.packages), Collection("python:metadata"))
    yield Asked(PART)
    for given in settings.environments:
        yield from reading.environment(given)
    refs = []
    for draft, troubles in reading.packages.drafts():
        refs.append(draft.ref)
        yield from (Note(PART, draft.title, text) for text in troubles)
        yield Seen(PART, draft.title, draft.manifest())
    if reading.left:
        yield Note(PART, "packages", f"{reading.left} installed packages are not among those asked for")
    if settings.system and refs:
        name = settings.system.partition(":")[2]
        system = Draft("system", name, name)
        for ref in refs:
            system.relate(RelationType.USES, ref)
        yield Seen(PART, settings.system, system.manifest())
    yield Read(PART)


CONNECTOR = Connector(
    name="python_environment",
    title="Python environments",
    settings=PythonEnvironmentSettings,
    read=read,
    reaches=lambda _: [],
)
