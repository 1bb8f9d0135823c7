"""The one place that asks what time it is, so that tests can say."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """The current instant, timezone-aware UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The current UTC date: the default `as_of` of every judgement."""
    return now().date()
