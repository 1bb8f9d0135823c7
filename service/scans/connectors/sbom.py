"""Bills of materials below a directory: CycloneDX 1.5 to 1.7 in JSON, SPDX 2.2 and 2.3 in JSON, SPDX 3.0 in JSON-LD.

Each file is a part. What becomes of it, `service/scans/bom_cyclonedx.py`, `bom_spdx.py` and `bom_spdx2.py` say: models,
datasets, software, AI services, vendors, and the relations between them. Beside that:

- packages are taken as `packages` says: AI software by default;
- relations `uses` of the system that `system` names lead to every model, dataset, software and service of its BOMs;
- a BOM that Allod exported comes back as it was, but its grades are those of a document: `declared`, unless `grades` says
  that they are to be kept.

A CycloneDX file that its schema refuses is read as far as it can be, and that is noted (`validate`).
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from pydantic import Field

from service.foundation import canonical
from service.inventory.facts import Kind, RelationType
from service.inventory.relations import targets
from service.inventory.values import reference_to
from service.scans import bom_cyclonedx, bom_spdx, bom_spdx2
from service.scans.ai_software import PACKAGES, Packages, Wanted
from service.scans.bom_facts import declared
from service.scans.bom_reading import Bom, Described
from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.draft import Draft
from service.scans.failures import SourceFailure

SIZE_MAX: Final = 64 * 2**20  # bytes of one file
_SUFFIXES: Final = (".json", ".jsonld", ".cdx", ".spdx")
_READERS: Final[tuple[tuple[Callable[[Any], bool], Callable[..., Bom]], ...]] = (
    (bom_cyclonedx.is_cyclonedx, bom_cyclonedx.read),
    (bom_spdx.is_spdx3, bom_spdx.read),
    (bom_spdx2.is_spdx2, bom_spdx2.read),
)
SystemRef: Any = reference_to(Kind.SYSTEM)
Validity = Callable[[str, bytes], str | None]


class SbomSettings(SettingsBase):
    """Where BOMs are, and what is taken of them."""

    path: str = Field(description="A BOM, or a directory: every .json, .jsonld, .cdx and .spdx below it")
    packages: Packages = PACKAGES
    system: SystemRef | None = Field(
        default=None, description="The system that these BOMs are about: it `uses` what they describe"
    )
    grades: Literal["declared", "kept"] = Field(
        default="declared", description="What Allod's own exports say of their evidence: a document's claim, or kept"
    )
    validate_schema: bool = Field(
        default=True, alias="validate", description="Check CycloneDX files against the official schema"
    )


@dataclass(slots=True)
class _Reading:
    settings: SbomSettings
    context: Context
    wanted: Wanted
    validity: Validity | None
    used: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)

    def file(self, path: Path, part: str) -> Iterator[Event]:
        yield Asked(part)
        try:
            content = self.content(path)
            document = orjson.loads(content)
        except (OSError, SourceFailure, orjson.JSONDecodeError) as error:
            why = error.detail if isinstance(error, SourceFailure) else str(error)
            yield Refused(part, None, f"the file cannot be read: {why}")
            return
        reader = next((read for fits, read in _READERS if fits(document)), None)
        if reader is None:
            yield Note(part, part, "this is no BOM of a format that is read: CycloneDX or SPDX, in JSON")
        else:
            if self.validity and reader is bom_cyclonedx.read:
                fault = self.validity(str(document.get("specVersion")), content)
                yield from [Note(part, part, fault)] if fault else []
            yield from self.bom(reader(document, source=f"bom:{part}"[:500], wanted=self.wanted), part)
        yield Read(part)

    def content(self, path: Path) -> bytes:
        # A link may lead out of what sources may read, and a pipe would never end.
        real = self.context.path(str(path))
        if not real.is_file():
            raise SourceFailure("it is no regular file")
        with real.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
        if len(content) > SIZE_MAX:
            raise SourceFailure(f"it has more than {SIZE_MAX} bytes")
        return content

    def bom(self, bom: Bom, part: str) -> Iterator[Event]:
        for thing, text in bom.notes:
            yield Note(part, thing, text)
        if bom.left:
            yield Note(part, "packages", f"{bom.left} packages are not among those asked for")
        for described in bom.assets:
            self.context.pause()
            yield from self.asset(described, part)

    def asset(self, described: Described, part: str) -> Iterator[Event]:
        manifest = described.manifest
        if described.marked and self.settings.grades == "declared":
            manifest = declared(manifest, f"bom:{part}"[:500])
        ref = f"{manifest['kind']}:{manifest['name']}"
        # Evidence names the file; what two files say alike is said once.
        digest = canonical.digest({key: value for key, value in manifest.items() if key != "evidence"})
        known = self.said.setdefault(ref, digest)
        if ref in self.used or known != digest:
            if known != digest:
                yield Note(part, described.object, f"another file describes {ref} otherwise; the first holds")
            return
        self.used.add(ref)
        yield Seen(part, described.object, manifest)

    def system(self) -> Iterator[Event]:
        """The system that the BOMs are about, as a part of its own: its relations come from all files."""
        ref = self.settings.system
        kinds = targets(Kind.SYSTEM, RelationType.USES)
        used = sorted(one for one in self.used if Kind(one.partition(":")[0]) in kinds)
        if ref is None or ref in self.used or not used:
            return
        yield Asked("system")
        draft = Draft("system", ref.partition(":")[2], ref.partition(":")[2])
        for one in used:
            draft.relate(RelationType.USES, one)
        yield Seen("system", ref, draft.manifest())
        yield Read("system")


def read(settings: SbomSettings, context: Context) -> Iterator[Event]:
    """The assets of all files, file by file in the order of their paths."""
    reading = _Reading(
        settings, context, Wanted.of(settings.packages), _validity() if settings.validate_schema else None
    )
    root = context.path(settings.path)
    if root.is_file():
        yield from reading.file(root, root.name)
    else:
        troubles: list[OSError] = []
        count = 0
        for place, directories, files in os.walk(root, onerror=troubles.append):
            context.pause()
            directories.sort()
            for name in sorted(name for name in files if name.lower().endswith(_SUFFIXES)):
                count += 1
                path = Path(place, name)
                yield from reading.file(path, path.relative_to(root).as_posix())
        for error in troubles:
            yield Refused(str(error.filename), None, f"cannot be read: {error.strerror}")
        if not count:
            yield Note("files", settings.path, "no file below it has the suffix of a BOM in JSON")
    yield from reading.system()


def _validity() -> Validity:
    """The check against the schemas that the official library brings, one validator for each version."""
    try:
        from cyclonedx.exception import MissingOptionalDependencyException
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError as error:
        raise _missing() from error
    versions = {version.to_version(): version for version in SchemaVersion}
    validators: dict[str, Any] = {}

    def fault(version: str, content: bytes) -> str | None:
        if version not in versions:
            return None  # the reader notes that
        validator = validators.setdefault(version, JsonStrictValidator(versions[version]))
        try:
            found = validator.validate_str(content.decode("utf-8-sig"))
        except MissingOptionalDependencyException as error:
            raise _missing() from error
        if found is None:
            return None
        reason = " ".join(str(getattr(found.data, "message", found.data)).split())[:300]
        where = getattr(found.data, "json_path", "$")
        return f"the schema of CycloneDX {version} refuses it, at {where}: {reason}"

    return fault


def _missing() -> SourceFailure:
    return SourceFailure(
        "The schemas of CycloneDX are not installed: pip install 'allod[bom]', or set validate: false."
    )


CONNECTOR = Connector(
    name="sbom",
    title="Bills of materials (CycloneDX, SPDX)",
    settings=SbomSettings,
    read=read,
    reaches=lambda _: [],
    extra="bom",
)
