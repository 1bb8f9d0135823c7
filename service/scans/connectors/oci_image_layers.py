"""What the layers of an image leave installed: read as streams, nothing is written and nothing is unpacked.

A layer is a tar of what one build step added, with whiteouts (`.wh.<name>`) for what it took away. Only metadata is kept:
of Python packages (`*.dist-info/METADATA` and the like), Debian's list of packages, and the name of the distribution.
Layers come from strangers: what they unpack to is bounded in size and by what it was packed into, and so is every header.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Final, cast

import orjson

from service.scans.failures import SourceFailure
from service.scans.python_packages import METADATA_MAX, Package, origin_of, parse

UNPACKED_MAX: Final = 64 * 2**30  # bytes of one layer
RATIO_MAX: Final = 200  # a layer of real files packs into a fifth; one of zeros into a thousandth
RATIO_FROM: Final = 64 * 2**20  # bytes; below, no ratio matters
HEADER_MAX: Final = 2**20  # bytes of a name or of extended attributes
STATUS_MAX: Final = 64 * 2**20  # bytes of a list of packages
FOUND_MAX: Final = 200_000  # packages of one image, and what a layer takes away
TROUBLES_MAX: Final = 20  # that are told of one layer
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_SITES: Final = ("site-packages", "dist-packages")
_STATUS: Final = "var/lib/dpkg/status"
_RELEASES: Final = ("etc/os-release", "usr/lib/os-release")
_UNREAD: Final = {"lib/apk/db/installed": "Alpine (apk)", "var/lib/rpm": "RPM", "usr/lib/sysimage/rpm": "RPM"}
_FOLLOWED: Final = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True, slots=True)
class Deb:
    """A Debian package that is installed."""

    name: str
    version: str
    architecture: str
    homepage: str = ""


@dataclass(slots=True)
class Gone:
    """What a layer takes away from those below it: paths with all inside them, and directories that it empties."""

    paths: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)

    def covers(self, path: str) -> bool:
        """Whether the path is taken away."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(len(parts))]
        return path in self.paths or not self.paths.isdisjoint(above) or not self.emptied.isdisjoint(above)


@dataclass(slots=True)
class Installed:
    """What stands in an image, by path, as its layers are laid over each other."""

    python: dict[str, Package] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    debs: dict[str, tuple[Deb, ...]] = field(default_factory=dict)
    releases: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def lay(self, layer: "Installed", gone: "Gone") -> None:
        """Lays a layer over this; `gone` is what it took away."""
        for below, new in zip(self._maps(), layer._maps(), strict=True):  # noqa: SLF001 -- another of this class
            for path in [path for path in below if gone.covers(path)]:
                del below[path]
            below.update(new)

    def distribution(self) -> str:
        """The id that the distribution gives itself, `debian` where it gives none."""
        return next((self.releases[path] for path in _RELEASES if self.releases.get(path)), "debian")

    def size(self) -> int:
        """How many packages."""
        return len(self.python) + sum(map(len, self.debs.values()))

    def _maps(self) -> tuple[dict[str, Any], ...]:
        return self.python, self.origins, self.debs, self.releases, self.unread


class _Header(tarfile.TarInfo):
    """A header that is not taken for longer than names are: `tarfile` reads those that go before a file into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _FOLLOWED and self.size > HEADER_MAX:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return cast("tarfile.TarInfo", super()._proc_member(archive))  # type: ignore[misc]


class _Bounded(io.RawIOBase):
    """What a layer unpacks to, up to what is believed of a layer of its packed size."""

    def __init__(self, inner: IO[bytes], packed: int, pause: Callable[[], None]) -> None:
        self._inner, self._packed, self._pause, self._read = inner, max(packed, 1), pause, 0

    def read(self, size: int = -1) -> bytes:
        self._pause()
        piece = self._inner.read(size)
        self._read += len(piece)
        if self._read > UNPACKED_MAX or (self._read > RATIO_FROM and self._read > RATIO_MAX * self._packed):
            raise SourceFailure(
                f"it unpacks to more than {self._read} bytes out of {self._packed}: this is no layer of files"
            )
        return piece


def lay(base: Installed, file: IO[bytes], *, packed: int, media_type: str, pause: Callable[[], None]) -> list[str]:
    """Lays the layer in `file` over `base`; answers what was half understood.

    Raises:
        SourceFailure: it cannot be read, or is none.
    """
    layer, gone, troubles = Installed(), Gone(), list[str]()
    try:
        with _unpacked(file, media_type) as stream:
            bounded = cast("IO[bytes]", _Bounded(stream, packed, pause))
            with tarfile.open(fileobj=bounded, mode="r|", tarinfo=_Header, encoding="utf-8") as archive:
                while (member := archive.next()) is not None:
                    archive.members.clear()  # type: ignore[attr-defined]  # or it would keep them all
                    _take(layer, gone, troubles, archive, member)
                    _bound(base.size() + layer.size() + len(gone.paths) + len(gone.emptied))
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError) as error:
        raise SourceFailure(f"it is no layer that can be read: {str(error) or type(error).__name__}") from error
    base.lay(layer, gone)
    return troubles


@contextmanager
def _unpacked(file: IO[bytes], media_type: str) -> Iterator[IO[bytes]]:
    """By what the bytes are: media types are wrong often enough."""
    head = file.read(4)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file) as stream:
            yield cast("IO[bytes]", stream)
    elif head == b"\x28\xb5\x2f\xfd":
        try:
            import zstandard
        except ImportError as error:
            raise SourceFailure("it is packed with Zstandard: pip install 'allod[evaluations]'") from error
        try:
            with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(
                file, read_across_frames=True
            ) as stream:
                yield cast("IO[bytes]", stream)
        except zstandard.ZstdError as error:
            raise SourceFailure(f"it is no layer that can be read: {error}") from error
    elif "encrypted" in media_type:
        raise SourceFailure("it is encrypted")
    else:
        yield file


def _take(
    layer: Installed,
    gone: Gone,
    troubles: list[str],
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
) -> None:
    path = _path(member.name)
    if path is None:
        _told(troubles, f"a file would lie outside the image ({member.name[:100]!r}); it is not looked at")
        return
    directory, _, name = path.rpartition("/")
    if name == _OPAQUE:
        gone.emptied.add(directory)
    elif name.startswith(_WHITEOUT):
        gone.paths.add(f"{directory}/{name.removeprefix(_WHITEOUT)}".lstrip("/"))
    elif path in _UNREAD or directory in _UNREAD:
        layer.unread[path] = _UNREAD.get(path) or _UNREAD[directory]
    elif member.isreg() and (reader := _reader(path)):
        content = archive.extractfile(member)
        troubles += reader(layer, path, content) if content else []


Reader = Callable[[Installed, str, IO[bytes]], list[str]]


def _reader(path: str) -> Reader | None:
    if path == _STATUS or path.startswith(f"{_STATUS}.d/"):
        return None if path.endswith(".md5sums") else _status
    if path in _RELEASES:
        return _release
    parts = path.split("/")
    inner = parts[-2] if len(parts) > 1 else ""
    if (inner.endswith(".dist-info") and parts[-1] in ("METADATA", "direct_url.json")) or (
        inner.endswith(".egg-info") and parts[-1] == "PKG-INFO"
    ):
        return _package if _installed(parts[:-2]) else None
    return _package if parts[-1].endswith(".egg-info") and _installed(parts[:-1]) else None


def _installed(directory: list[str]) -> bool:
    """Not what a package carries along inside itself."""
    return not any(part in _SITES for part in directory[:-1])


def _package(layer: Installed, path: str, content: IO[bytes]) -> list[str]:
    text = content.read(METADATA_MAX)
    if path.endswith("/direct_url.json"):
        try:
            origin = origin_of(orjson.loads(text))
        except orjson.JSONDecodeError:
            origin = None
        if origin:
            layer.origins[path] = origin
        return []
    whole = path.endswith(".egg-info")
    layer.python[path] = parse(text, directory=path.split("/")[-1 if whole else -2])
    return []


def _release(layer: Installed, path: str, content: IO[bytes]) -> list[str]:
    lines = content.read(2**16).decode("utf-8", "replace").splitlines()
    stated = next((line.partition("=")[2] for line in lines if line.startswith("ID=")), "")
    layer.releases[path] = stated.strip().strip("\"'").lower()
    return []


def _status(layer: Installed, path: str, content: IO[bytes]) -> list[str]:
    text = content.read(STATUS_MAX + 1)
    troubles = [f"{path} has more than {STATUS_MAX} bytes; the rest is not read"] if len(text) > STATUS_MAX else []
    found, odd = [], 0
    for stanza in text[:STATUS_MAX].decode("utf-8", "replace").split("\n\n"):
        fields = _fields(stanza)
        state = fields.get("Status", "install ok installed").split()
        if fields.get("Package") and fields.get("Version"):
            deb = Deb(fields["Package"], fields["Version"], fields.get("Architecture", ""), fields.get("Homepage", ""))
            found += [deb] if state[-1:] == ["installed"] else []
        elif stanza.strip():
            odd += 1
    layer.debs[path] = tuple(found)
    return troubles + ([f"{odd} entries of {path} name no package and version"] if odd else [])


def _fields(stanza: str) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in stanza.splitlines() if line[:1] not in (" ", "\t", ""))
    return {name: value.strip()[:500] for name, colon, value in pairs if colon}


def _path(name: str) -> str | None:
    parts = [part for part in PurePosixPath(name.lstrip("/")).parts if part != "."]
    return None if ".." in parts or "\x00" in name else "/".join(parts)


def _told(troubles: list[str], text: str) -> None:
    if len(troubles) < TROUBLES_MAX:
        troubles.append(text)


def _bound(count: int) -> None:
    if count > FOUND_MAX:
        raise SourceFailure(f"it holds more than {FOUND_MAX} packages and removals")
