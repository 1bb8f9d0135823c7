"""What a violation can be and how it moves: a table, not a maze of ifs. Pure.

A waiver is no status: what it covers is still so, and stays open while the waiver holds; see `waiver_terms.py`.
"""

from enum import StrEnum


class Status(StrEnum):
    """Where a violation stands."""

    OPEN = "open"
    RESOLVED = "resolved"


class Event(StrEnum):
    """What can happen to a violation."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Reason(StrEnum):
    """Why a violation was resolved."""

    NO_LONGER_FOUND = "no_longer_found"  # the rule found others, and not this one
    PASSED = "passed"
    NOT_APPLICABLE = "not_applicable"
    ANSWERED = "answered"  # it was a question, or a failed run, and it no longer stands
    RULE_RETIRED = "rule_retired"  # the rule or its pack is no longer in force for this asset
    ASSET_DELETED = "asset_deleted"


MOVES: dict[tuple[Status | None, Event], Status] = {
    (None, Event.OPENED): Status.OPEN,
    (Status.OPEN, Event.CHANGED): Status.OPEN,
    (Status.OPEN, Event.RESOLVED): Status.RESOLVED,
    (Status.RESOLVED, Event.REOPENED): Status.OPEN,
}


def move(status: Status | None, event: Event) -> Status:
    """The status after `event`; None is before the first one.

    Raises:
        ValueError: the table has no such move.
    """
    try:
        return MOVES[status, event]
    except KeyError:
        raise ValueError(f"a violation that is {status} cannot be {event}") from None
