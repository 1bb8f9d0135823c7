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
    """The first instant after `after`, in UTC; None for a source without a schedule.

    The jitter is up to a tenth of the time until then, five minutes at most, and the same for the same source and time.

    Raises:
        Invalid: the cron expression cannot be read.
    """
    if every_seconds is not None:
        due = after + timedelta(seconds=every_seconds)
    elif cron is not None:
        due = next(_simulated(cron, after.astimezone(UTC))).replace(tzinfo=UTC)
    else:
        return None
    room = min((due - after) / JITTER_SHARE, JITTER_MAX)
    seed = hashlib.sha256(f"{source}:{due.isoformat()}".encode()).digest()
    return due + room * (int.from_bytes(seed[:4]) / 2**32)


def check_cron(cron: str, now: datetime) -> None:
    """Whether `cron` can be read; a day that no month has cannot.

    Raises:
        Invalid: it cannot.
    """
    _simulated(cron, now)


def _simulated(cron: str, after: datetime) -> CronSim:
    try:
        return CronSim(cron, after.replace(tzinfo=None))
    except CronSimError as error:
        fault = Fault("/schedule/cron", f"{cron!r}: {error}", "five fields in UTC, for instance '17 3 * * *'")
        raise Invalid("The schedule cannot be used.", [fault]) from error
