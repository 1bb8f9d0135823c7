"""The scheduler's pulse: a file that it touches as it works, so that a health check sees it alive and not only present."""

from pathlib import Path
from typing import Any

from celery.beat import Scheduler

from service.foundation.settings import settings

LONGEST_SLEEP_SECONDS = 5


def pulse_file() -> Path:
    """The file whose age says whether the scheduler of this machine is alive."""
    return settings().data_dir / "run" / "scheduler.pulse"


class PulsingScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Celery's scheduler without a file of past runs (a half-written one stops it for good), and with a pulse."""

    max_interval = LONGEST_SLEEP_SECONDS

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Sends what is due, and shows that it is alive."""
        seconds = super().tick(*args, **kwargs)
        pulse_file().parent.mkdir(parents=True, exist_ok=True)
        pulse_file().touch()
        return seconds
