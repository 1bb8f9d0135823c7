"""What a connector is: settings that say where to look, and a reading that yields what is seen there, part by part.

A reading is a stream of events. Every part of what is asked (a region's buckets, a namespace's workloads) begins with
`Asked` and ends with `Read`; between them stand `Seen`, `Refused` and `Note`. A part that was not `Read` to its end, or in
which something was refused, is incomplete: what it did not show is not held to be gone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.inventory.values import Url, refusal
from service.scans.draft import Manifest
from service.scans.failures import SourceFailure, Stopped
from service.scans.http import Http

__all__ = [
    "Address",
    "Asked",
    "Connector",
    "Context",
    "Event",
    "Note",
    "Read",
    "Refused",
    "SecretRef",
    "Seen",
    "SettingsBase",
    "SourceFailure",
    "Stopped",
]

_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:/[^\x00-\x1f]{1,400}")


def _secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        # The value is not repeated: whoever wrote the secret itself here must not find it in an answer.
        raise refusal(
            "this is not a reference to a secret", "env:NAME or file:/run/secrets/NAME, never the secret itself"
        )
    return value


SecretRef = Annotated[
    str, AfterValidator(_secret), Field(description="Where the secret lies: `env:NAME` or `file:/run/secrets/NAME`")
]


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        raise refusal("the address cannot be used", "http(s)://host[:port][/path], without a password in it")
    return value


Address = Annotated[Url, AfterValidator(_address)]


class SettingsBase(BaseModel):
    """What every connector's settings are: known keys, of the type they ask for."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """A part is being read; `expected` objects, where the source tells beforehand."""

    part: str
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """An asset as this source sees it. `object` is the source's own name for it (an ARN, a path), for people to find it."""

    part: str
    object: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Refused:
    """Something of a part could not be read, or all of it (`object` None); `reason` says why, in words for people."""

    part: str
    object: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was read and cannot be expressed, or was understood only half. The part stays complete."""

    part: str
    object: str
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """A part was read to its end."""

    part: str


Event = Asked | Seen | Refused | Note | Read


class Context(Protocol):
    """What a reading may use of the world around it."""

    source: str
    """The source's name, as evidence names it: `source:<name>`."""
    today: date

    def secret(self, reference: str) -> str:
        """The secret that a `SecretRef` points at.

        Raises:
            SourceFailure: it is not there, or sources may not use it.
        """

    def path(self, given: str) -> Path:
        """An existing file or directory that sources may read, with every symbolic link followed.

        Raises:
            SourceFailure: it is not there, or lies outside `ALLOD_SCAN_ROOTS`.
        """

    def http(self, url: str, *, headers: dict[str, str] | None = None, ca_file: str | None = None) -> Http:
        """A client of the server at `url`: no redirects, time limits, bounded answers."""

    def pause(self) -> None:
        """To be called between objects or pages.

        Raises:
            Stopped: the run must end here.
        """


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of source.

    `reaches` answers the hosts that a reading with these settings may speak to (`host`, `host:port`, `*.domain`); nothing
    else can be reached while it reads. `extra` is the package's extra that brings its SDK.
    """

    name: str
    title: str
    settings: type[SettingsBase]
    read: Callable[[Any, Context], Iterator[Event]]
    reaches: Callable[[Any], Sequence[str]]
    extra: str | None = None
