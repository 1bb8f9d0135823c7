"""When a source is due next: an interval or a cron expression, spread a little, so that not all start at once. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from cronsim import CronSim, CronSimError

from service.foundation.errors import Fault, Invalid

JITTER_SHARE: Final = 10  # of an interval, one part
JITTER_MAX: Final = timedelta(minutes=5)


def next_due(source: UUID, every_seconds: int | None, cron: str | None, after: datetime) -> datetime | None:
    """The first instant after `after`, in UTC; None for a source without a schedule, or whose cron never comes.

    The jitter is up to a tenth of the time until then, five minutes at most, and the same for the same source and time.

    Raises:
        Invalid: the cron expression cannot be read.
    """
    if every_seconds is not None:
        due = after + timedelta(seconds=every_seconds)
    elif cron is not None:
        found = next(_simulated(cron, after.astimezone(UTC)), None)
        if found is None:
            return None
        due = found.replace(tzinfo=UTC)
    else:
        return None
    room = min((due - after) / JITTER_SHARE, JITTER_MAX)
    seed = hashlib.sha256(f"{source}:{due.isoformat()}".encode()).digest()
    return due + room * (int.from_bytes(seed[:4]) / 2**32)


def check_cron(cron: str, now: datetime) -> None:
    """Whether `cron` can be read and ever comes.

    Raises:
        Invalid: it cannot, or never does.
    """
    if next(_simulated(cron, now), None) is None:
        raise _unreadable(cron, "it never comes")


def _simulated(cron: str, after: datetime) -> CronSim:
    try:
        return CronSim(cron, after.replace(tzinfo=None))
    except CronSimError as error:
        raise _unreadable(cron, str(error) or "it cannot be read") from error


def _unreadable(cron: str, why: str) -> Invalid:
    fault = Fault("/schedule/cron", f"{cron!r}: {why}", "five fields in UTC, for instance '17 3 * * *'")
    return Invalid("The schedule cannot be used.", [fault])
