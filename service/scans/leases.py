"""Who works on a run: a lease in the database decides, never the queue. See `evaluation.run_leases` for the idea."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

ATTEMPTS: Final = 5
QUEUED: Final = "queue"  # the holder of a run that was handed to the queue and is not taken yet
SILENT: Final = "The worker fell silent at each of {} attempts."


class LeaseLost(Exception):
    """The run is no longer this worker's: whoever has it now does it anew."""


class State(StrEnum):
    """How a lease stands at a heartbeat."""

    HELD = "held"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """A run that `holder` alone may work on."""

    run: UUID
    holder: str
    attempt: int
    workspace_id: UUID
    source_id: UUID
    mode: str


@dataclass(frozen=True, slots=True)
class Due:
    """A run that a worker should take, and how long it may work on it."""

    run: UUID
    time_limit_seconds: int


def due(session: Session, now: datetime, trust: timedelta) -> list[Due]:
    """Runs to hand to the queue, those that somebody waits for first; the queue is trusted with them for `trust`."""
    rows = session.connection().execute(
        text("""
            WITH ripe AS (
                SELECT id FROM scan_run
                WHERE status = 'waiting' AND coalesce(leased_until, :now) <= :now AND mode <> 'push'
                ORDER BY interactive DESC, id LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            UPDATE scan_run AS run SET leased_by = :queued, leased_until = :until
            FROM ripe, scan_source AS source WHERE run.id = ripe.id AND source.id = run.source_id
            RETURNING run.id, source.time_limit_seconds, run.interactive
        """),
        {"now": now, "until": now + trust, "queued": QUEUED},
    )
    ordered = sorted(rows.all(), key=lambda row: (not row.interactive, row.id))
    return [Due(row.id, row.time_limit_seconds) for row in ordered]


def claim(session: Session, run: UUID, holder: str, now: datetime, term: timedelta) -> Lease | None:
    """Takes a run for `term`; None where it has ended, rests after a failure, or is another's. Commit before working.

    What an earlier attempt told of coverage is forgotten; what it saw is in the inventory and stays.
    """
    row = (
        session.connection()
        .execute(
            text("""
                UPDATE scan_run SET status = 'running', attempts = attempts + 1, leased_by = :holder, leased_until = :until,
                       started_at = coalesce(started_at, :now), expected = NULL, seen = 0, outside = 0, refused = 0,
                       noted = 0
                WHERE id = (
                    SELECT id FROM scan_run WHERE id = :run AND attempts < :attempts AND mode <> 'push'
                      AND (status = 'waiting' AND leased_by = :queued
                           OR status IN ('waiting', 'running') AND coalesce(leased_until, :now) <= :now)
                    FOR UPDATE SKIP LOCKED
                )
                RETURNING attempts, workspace_id, source_id, mode
            """),
            {"run": run, "holder": holder, "now": now, "until": now + term, "queued": QUEUED, "attempts": ATTEMPTS},
        )
        .one_or_none()
    )
    if row is None:
        return None
    for table in ("scan_part", "scan_problem"):
        session.connection().execute(text(f"DELETE FROM {table} WHERE run_id = :run"), {"run": run})  # noqa: S608 -- one of two
    return Lease(run, holder, row.attempts, row.workspace_id, row.source_id, row.mode)


def extend(session: Session, lease: Lease, until: datetime) -> State:
    """Keeps a run longer, and says whether it is to go on."""
    row = (
        session.connection()
        .execute(
            text("""
                UPDATE scan_run SET leased_until = :until WHERE id = :run AND leased_by = :holder AND status = 'running'
                RETURNING cancelled
            """),
            {"until": until, "run": lease.run, "holder": lease.holder},
        )
        .one_or_none()
    )
    if row is None:
        return State.LOST
    return State.CANCELLED if row.cancelled else State.HELD


def count(session: Session, lease: Lease, counts: Mapping[str, int], expected: int | None = None) -> None:
    """Adds to a run's counts, and to what is expected of it, in the transaction that holds what was counted.

    Raises:
        LeaseLost: the run is no longer the holder's; the caller rolls back.
    """
    _holding(
        session,
        lease,
        """seen = seen + :seen, created = created + :created, updated = updated + :updated,
           unchanged = unchanged + :unchanged, outside = outside + :outside, refused = refused + :refused,
           noted = noted + :noted, stale = stale + :stale, removed = removed + :removed,
           expected = coalesce(expected + CAST(:expected AS bigint), CAST(:expected AS bigint), expected)""",
        {**dict.fromkeys(COUNTS, 0), **counts, "expected": expected},
    )


def finish(session: Session, lease: Lease, status: str, error: str | None, now: datetime) -> None:
    """Ends a run.

    Raises:
        LeaseLost: the run is no longer the holder's; the caller rolls back.
    """
    change = "status = :status, error = :error, finished_at = :now, leased_by = NULL, leased_until = NULL"
    _holding(session, lease, change, {"status": status, "error": error, "now": now})


def hand_back(session: Session, lease: Lease) -> None:
    """Gives a run back unharmed, for the next worker at once: this one shuts down.

    Raises:
        LeaseLost: the run is no longer the holder's.
    """
    change = "status = 'waiting', attempts = attempts - 1, leased_by = NULL, leased_until = NULL"
    _holding(session, lease, change, {})


def reap(session: Session, now: datetime) -> int:
    """Frees the runs whose worker fell silent, and gives up those that did so too often; answers their number."""
    rows = session.connection().execute(
        text("""
            UPDATE scan_run AS run
            SET status = CASE WHEN attempts >= :attempts THEN 'failed' ELSE 'waiting' END,
                error = CASE WHEN attempts >= :attempts THEN :silent ELSE error END,
                finished_at = CASE WHEN attempts >= :attempts THEN CAST(:now AS timestamptz) END,
                leased_by = NULL, leased_until = NULL
            FROM (
                SELECT id FROM scan_run WHERE status = 'running' AND leased_until <= :now ORDER BY id FOR UPDATE SKIP LOCKED
            ) AS silent WHERE run.id = silent.id RETURNING run.id
        """),
        {"now": now, "attempts": ATTEMPTS, "silent": SILENT.format(ATTEMPTS)},
    )
    return len(rows.all())


COUNTS: Final = ("seen", "created", "updated", "unchanged", "outside", "refused", "noted", "stale", "removed")


def _holding(session: Session, lease: Lease, change: str, values: Mapping[str, object]) -> None:
    result = session.connection().execute(
        # `change` is a constant of this file.
        text(f"UPDATE scan_run SET {change} WHERE id = :run AND leased_by = :holder AND status = 'running'"),  # noqa: S608
        {**values, "run": lease.run, "holder": lease.holder},
    )
    if result.rowcount != 1:
        raise LeaseLost(f"run {lease.run}")
