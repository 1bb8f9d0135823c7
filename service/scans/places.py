"""Files of this machine that sources may read: those below the directories that the operator names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from service.foundation.settings import Settings
from service.scans.failures import SourceFailure


@dataclass(frozen=True, slots=True)
class Places:
    """Directories, with everything below them."""

    roots: tuple[Path, ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The directories of `ALLOD_SCAN_ROOTS`."""
        return cls(tuple(Path(part) for part in settings.scan_roots.split(os.pathsep) if part))

    def find(self, given: str) -> Path:
        """The existing file or directory, links followed.

        Raises:
            SourceFailure: it is not there, or lies elsewhere.
        """
        try:
            real = Path(given).resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise SourceFailure(f"{given} is not there, where the worker runs.") from error
        if not any(real.is_relative_to(root.resolve()) for root in self.roots):
            allowed = ", ".join(map(str, self.roots)) or "nothing: set ALLOD_SCAN_ROOTS"
            raise SourceFailure(f"{given} is not for sources: they may read {allowed}.")
        return real
