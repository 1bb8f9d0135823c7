"""Where a reading may go: to the hosts that its source names and to nowhere else, whatever library opens the connection.

Name look-ups of this process pass a gate that knows the allowed hosts; connections pass an audit hook that knows what those
look-ups answered. It binds the whole process while a reading runs, so a worker reads one source at a time; threads that a
library starts are bound as well. The service's own work in between (its database) steps `aside`.
"""

import ipaddress
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit


class Reach(StrEnum):
    """Addresses that no source reaches unless it says so."""

    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"  # cloud metadata among them


# Metadata services that do not lie in a link-local range: AWS (IPv6), Alibaba, Azure's wire server, Oracle.
METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)


class Denied(OSError):
    """The connection leads where the source may not go. An `OSError`, so that libraries take it for what it is."""


@dataclass(slots=True)
class Policy:
    """The hosts of one reading, the addresses they were found at, and what was denied."""

    hosts: tuple[str, ...]
    reach: frozenset[Reach] = frozenset()
    found: set[tuple[str, int]] = field(default_factory=set)  # with port 0: any port of the address
    denied: list[str] = field(default_factory=list)

    def admit(self, host: str, port: object) -> bool:
        """Lets a name be looked up, or not; answers whether all ports of what is found may be connected to.

        Raises:
            Denied: the source does not name this host.
        """
        wanted = host.lower().rstrip(".").strip("[]")
        for pattern in self.hosts:
            name, _, number = pattern.rpartition(":") if _has_port(pattern) else (pattern, "", "")
            if number and str(port) != number:
                continue
            if fnmatchcase(wanted, name.lower().strip("[]")):
                return not number
        raise self._denied(
            f"{host}:{port} is not among the hosts of this source ({', '.join(self.hosts) or 'it names none'})"
        )

    def connect(self, address: Any) -> None:
        """Lets a connection be made, or not.

        Raises:
            Denied: to a file, to an address that no allowed host was found at, or to one that is reserved.
        """
        if not isinstance(address, tuple):
            raise self._denied("connections to local sockets are not for sources")
        ip = str(address[0])
        if (kind := reserved(ip)) is not None and kind not in self.reach:
            raise self._denied(
                f"{ip} is a {kind.replace('_', '-')} address; the source must allow '{kind}' to reach it"
            )
        if not self.found & {(ip, 0), (ip, address[1])}:
            raise self._denied(f"{ip}:{address[1]} is not an address of the hosts of this source")

    def _denied(self, reason: str) -> Denied:
        self.denied.append(reason)
        return Denied(reason)


def host_of(url: str) -> str:
    """What admits the server at `url` and no other port of its host: `host:port`, an IPv6 address in brackets."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def reserved(ip: str) -> Reach | None:
    """What kind of reserved address this is, None for one that may be reached. Private networks may."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_link_local or address in METADATA or address.is_multicast:
        return Reach.LINK_LOCAL
    # 0.0.0.0 and :: lead to this machine, too.
    return Reach.LOOPBACK if address.is_loopback or address.is_unspecified else None


_current: Policy | None = None
_own = threading.local()


@contextmanager
def aside() -> Iterator[None]:
    """While the block runs, this thread does the service's own work and is not bound."""
    before = getattr(_own, "work", False)
    _own.work = True
    try:
        yield
    finally:
        _own.work = before


@contextmanager
def only(hosts: Sequence[str], reach: Sequence[Reach] = ()) -> Iterator[Policy]:
    """While the block runs, this process looks up and connects to nothing but `hosts`."""
    global _current
    _install_hook()
    if _current is not None:
        raise RuntimeError("a reading is already going on in this process")
    policy = Policy(tuple(hosts), frozenset(reach))
    look_up = socket.getaddrinfo
    _current, socket.getaddrinfo = policy, _gated(look_up, policy)
    try:
        yield policy
    finally:
        _current, socket.getaddrinfo = None, look_up


def _gated(look_up: Callable[..., Any], policy: Policy) -> Any:
    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(_own, "work", False):
            return look_up(host, port, *args, **kwargs)
        name = host.decode() if isinstance(host, bytes) else str(host)
        any_port = policy.admit(name, port)
        found = look_up(host, port, *args, **kwargs)
        policy.found.update((str(entry[4][0]), 0 if any_port else int(entry[4][1])) for entry in found)
        return found

    return getaddrinfo


@cache
def _install_hook() -> None:
    # An audit hook stays for the life of the process; without a policy it lets everything pass.
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto") and _current is not None and not getattr(_own, "work", False):
        _current.connect(arguments[1])


def _has_port(pattern: str) -> bool:
    head, colon, number = pattern.rpartition(":")
    return bool(colon) and number.isdecimal() and (":" not in head or head.endswith("]"))
