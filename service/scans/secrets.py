"""Secrets of sources: kept outside, named in settings, resolved where a reading runs and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Self

from service.foundation.settings import Settings
from service.scans.failures import SourceFailure

SIZE_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Secrets:
    """What sources may use: variables whose names match `names`, files below `directory`.

    Without that bound, whoever may write a source could have the service's own passwords sent to a server of his.
    """

    names: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings of this process let sources use."""
        names = tuple(name.strip() for name in settings.source_secrets.split(",") if name.strip())
        return cls(names, settings.secrets_dir, os.environ)

    def resolve(self, reference: str) -> str:
        """The secret behind `env:NAME` or `file:PATH`, without the line break at its end.

        Raises:
            SourceFailure: it is not there, is empty, or is none of those that sources may use.
        """
        way, _, name = reference.partition(":")
        value = self._variable(name) if way == "env" else self._file(Path(name))
        if not value:
            raise SourceFailure(f"The secret {reference} is empty.")
        return value

    def _variable(self, name: str) -> str:
        if not any(fnmatchcase(name, pattern) for pattern in self.names):
            raise SourceFailure(
                f"The secret env:{name} is not for sources: ALLOD_SOURCE_SECRETS admits {', '.join(self.names)}."
            )
        value = self.environment.get(name)
        if value is None:
            raise SourceFailure(f"The secret env:{name} is not set where the worker runs.")
        return value

    def _file(self, path: Path) -> str:
        # Followed first: a mounted secret is a chain of links, and a link must not lead out.
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise SourceFailure(f"The secret file:{path} is not there.") from error
        if not real.is_relative_to(self.directory.resolve()):
            raise SourceFailure(
                f"The secret file:{path} is not for sources: they may use files below {self.directory}."
            )
        try:
            with real.open("rb") as file:
                return file.read(SIZE_MAX).decode().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceFailure(f"The secret file:{path} cannot be read ({type(error).__name__}).") from error
