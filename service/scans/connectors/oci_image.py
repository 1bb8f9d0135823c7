"""Container images in OCI layouts, as `crane pull --format oci`, `skopeo copy … oci:` or `buildah push … oci:` leave them.

A layout is a directory with `oci-layout`, `index.json` and `blobs` (https://github.com/opencontainers/image-spec).
Every blob is compared with its digest before it is believed. What is found becomes:

- `software:oci/<name>` for an image: version, licence and vendor by its labels `org.opencontainers.image.…`, the platforms
  and digests as annotations, marks `allod.dev/…` among its labels as everywhere;
- `software:<name>` for Python packages, `software:deb/<name>` for Debian's, as the layers leave them: AI software alone
  unless `packages` says otherwise; in several images or platforms it is one asset with the newest version;
- relations `uses` of the system that `system` names.

All is one part: what one image did not show may stand in another that could not be read.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

import orjson
from pydantic import Field

from service.inventory.facts import Kind, RelationType
from service.inventory.values import reference_to, shown
from service.scans.ai_software import PACKAGES, Packages, Wanted
from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.connectors.oci_image_assets import SOURCE, Image, debian, drawn, name_of
from service.scans.connectors.oci_image_layers import Deb, Installed, lay
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.python_packages import Packages as Collection

PART: Final = "images"
JSON_MAX: Final = 4 * 2**20  # bytes of an index, a manifest, a configuration; registries take no larger ones
DEPTH_MAX: Final = 5  # of indexes in indexes
_DIGEST: Final = re.compile(r"(sha256|sha512):([a-f0-9]{64}|[a-f0-9]{128})")
_IMAGE: Final = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
SystemRef: Any = reference_to(Kind.SYSTEM)


class OciImageSettings(SettingsBase):
    """Where image layouts are, and what is taken of them."""

    path: str = Field(description="An OCI image layout, or a directory with layouts below it")
    packages: Packages = PACKAGES
    platforms: list[str] | None = Field(
        default=None, min_length=1, description="Only these, for instance `linux/amd64`; without it all"
    )
    system: SystemRef | None = Field(
        default=None, description="The system that runs these images: it `uses` what is found"
    )


@dataclass(slots=True)
class _Reading:
    settings: OciImageSettings
    context: Context
    wanted: Wanted
    packages: Collection = field(default_factory=lambda: Collection(SOURCE))
    images: dict[str, Image] = field(default_factory=dict)
    debs: dict[str, list[tuple[Deb, str, str]]] = field(default_factory=dict)
    left: int = 0

    def layout(self, root: Path) -> Iterator[Event]:
        try:
            index = _json(self.bounded(root / "index.json"))
            entries = _mappings(index.get("manifests"))
        except (OSError, SourceFailure) as error:
            yield Refused(PART, str(root / "index.json"), _words(error))
            return
        if not entries:
            yield Note(PART, str(root), "this layout holds no image")
        for entry in entries:
            yield from self.entry(root, entry, _annotations(entry), DEPTH_MAX)

    def entry(self, root: Path, entry: dict[str, Any], named: Mapping[str, str], depth: int) -> Iterator[Event]:
        """One descriptor: of an image, or of an index of more of them; `named` says what the outermost is called."""
        called = f"{root}@{entry.get('digest')}"
        platform = _platform(entry.get("platform"))
        if platform == "unknown/unknown" or "attestation" in _annotations(entry).get("vnd.docker.reference.type", ""):
            yield Note(PART, called, "this is what was attested of an image, and no image")
            return
        if platform and self.settings.platforms and platform not in self.settings.platforms:
            return
        try:
            body = _json(self.blob(root, entry))
        except (OSError, SourceFailure) as error:
            yield Refused(PART, called, _words(error))
            return
        config = _mapping(body.get("config"))
        if "manifests" in body and not depth:
            yield Refused(PART, called, f"indexes in indexes, more than {DEPTH_MAX} deep")
        elif "manifests" in body:
            for one in _mappings(body["manifests"]):
                yield from self.entry(root, one, named, depth - 1)
        elif config.get("mediaType") not in _IMAGE:
            yield Note(PART, called, f"this is an artifact of type {shown(config.get('mediaType'))}, and no image")
        else:
            yield from self.image(root, str(entry.get("digest")), body, named)

    def image(self, root: Path, digest: str, body: dict[str, Any], named: Mapping[str, str]) -> Iterator[Event]:
        called = f"{root}@{digest}"
        try:
            config = _json(self.blob(root, _mapping(body.get("config"))))
        except (OSError, SourceFailure) as error:
            yield Refused(PART, called, f"its configuration: {_words(error)}")
            return
        platform = _platform(config)
        if self.settings.platforms and platform not in self.settings.platforms:
            return
        labels = _texts(_mapping(config.get("config")).get("Labels")) | _annotations(body)
        name, tag = name_of(named, labels, root.name)
        image = self.images.setdefault(name, Image())
        image.labels.append((tag, labels))
        image.platforms.add(platform)
        image.digests.add(digest)
        installed = Installed()
        for number, layer in enumerate(_mappings(body.get("layers")), start=1):
            try:
                with self.opened(root, layer) as file:
                    size, type_ = os.fstat(file.fileno()).st_size, str(layer.get("mediaType"))
                    troubles = lay(installed, file, packed=size, media_type=type_, pause=self.context.pause)
            except (OSError, SourceFailure) as error:
                yield Refused(PART, called, f"layer {number}: {_words(error)}")
            else:
                yield from (Note(PART, called, f"layer {number}: {text}") for text in troubles)
        yield from (
            Note(PART, called, f"packages of {kind} are in it, which are not read")
            for kind in sorted(set(installed.unread.values()))
        )
        self.count(installed, f"{name} ({platform})")

    def count(self, installed: Installed, place: str) -> None:
        """Adds the packages that are wanted."""
        for path, package in installed.python.items():
            if self.wanted.python(package.name, package.classifiers):
                origin = installed.origins.get(f"{path.rpartition('/')[0]}/direct_url.json")
                self.packages.add(package if origin is None else replace(package, origin=origin), place)
            else:
                self.left += 1
        for deb in (deb for debs in installed.debs.values() for deb in debs):
            if self.wanted.debian(deb.name):
                self.debs.setdefault(deb.name, []).append((deb, place, installed.distribution()))
            else:
                self.left += 1

    def blob(self, root: Path, descriptor: dict[str, Any]) -> bytes:
        with self.opened(root, descriptor) as file:
            return _bounded(file)

    def opened(self, root: Path, descriptor: dict[str, Any]) -> IO[bytes]:
        """The blob of a descriptor, once it is what the descriptor says it is."""
        match = _DIGEST.fullmatch(str(descriptor.get("digest")))
        if match is None:
            raise SourceFailure(f"{shown(descriptor.get('digest'))} is no digest")
        real = self.context.path(str(root / "blobs" / match[1] / match[2]))
        if not real.is_file():
            raise SourceFailure(f"the blob {match[0]} is no regular file")
        file = real.open("rb")
        if self.digest(file, match[1]) == match[2]:
            file.seek(0)
            return file
        file.close()
        raise SourceFailure(f"the blob {match[0]} is not what its digest says")

    def digest(self, file: IO[bytes], algorithm: str) -> str:
        found = hashlib.new(algorithm)
        while piece := file.read(2**20):
            found.update(piece)
        return found.hexdigest()

    def bounded(self, path: Path) -> bytes:
        real = self.context.path(str(path))
        if not real.is_file():
            raise SourceFailure("it is no regular file")
        with real.open("rb") as file:
            return _bounded(file)

    def seen(self) -> Iterator[Event]:
        """All that was found, each thing once."""
        refs = []
        for name, image in sorted(self.images.items()):
            draft, troubles, makers = drawn(name, image)
            yield from (Note(PART, name, text) for text in troubles)
            for maker in makers:
                yield Seen(PART, maker.title, maker.manifest())
            refs.append(draft.ref)
            yield Seen(PART, name, draft.manifest())
        for draft, troubles in self.packages.drafts():
            yield from (Note(PART, draft.title, text) for text in troubles)
            refs.append(draft.ref)
            yield Seen(PART, draft.title, draft.manifest())
        for name, copies in sorted(self.debs.items()):
            draft = debian(name, copies)
            refs.append(draft.ref)
            yield Seen(PART, name, draft.manifest())
        if self.left:
            yield Note(PART, "packages", f"{self.left} installed packages are not among those asked for")
        if self.settings.system and refs:
            name = self.settings.system.partition(":")[2]
            system = Draft("system", name, name)
            for ref in refs:
                system.relate(RelationType.USES, ref)
            yield Seen(PART, self.settings.system, system.manifest())


def read(settings: OciImageSettings, context: Context) -> Iterator[Event]:
    """The images of all layouts, then what was found in them."""
    reading = _Reading(settings, context, Wanted.of(settings.packages))
    yield Asked(PART)
    root = context.path(settings.path)
    troubles: list[OSError] = []
    count = 0
    for place, directories, files in os.walk(root, onerror=troubles.append):
        context.pause()
        directories.sort()
        if "oci-layout" in files:
            count += 1
            directories.clear()
            yield from reading.layout(Path(place))
    yield from (Refused(PART, str(one.filename), f"cannot be read: {one.strerror}") for one in troubles)
    if not count:
        yield Note(
            PART, settings.path, "there is no OCI layout here: a directory with oci-layout, index.json and blobs"
        )
    yield from reading.seen()
    yield Read(PART)


def _bounded(file: IO[bytes]) -> bytes:
    content = file.read(JSON_MAX + 1)
    if len(content) > JSON_MAX:
        raise SourceFailure(f"it has more than {JSON_MAX} bytes")
    return content


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise SourceFailure(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise SourceFailure("it is no JSON object")
    return found


def _platform(stated: Any) -> str:
    """`linux/amd64`, `linux/arm64/v8`; empty where nothing is said."""
    said = _mapping(stated)
    return "/".join(
        part for part in (said.get(word) for word in ("os", "architecture", "variant")) if isinstance(part, str)
    )


def _annotations(stated: dict[str, Any]) -> dict[str, str]:
    return _texts(stated.get("annotations"))


def _texts(value: Any) -> dict[str, str]:
    return {name: text for name, text in _mapping(value).items() if isinstance(text, str)}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _words(error: OSError | SourceFailure) -> str:
    return error.detail if isinstance(error, SourceFailure) else f"cannot be read: {error.strerror}"


CONNECTOR = Connector(
    name="oci_image",
    title="Container images (OCI layouts)",
    settings=OciImageSettings,
    read=read,
    reaches=lambda _: [],
)
