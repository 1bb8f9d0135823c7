"""Who works on a chunk: a lease in the database decides, never the queue.

A chunk whose worker died is taken again when its lease ends; a worker that comes back too late finds the lease no longer
its own and undoes everything. A chunk is done in the transaction that holds its results, so nothing is applied twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.evaluation.runs import RunStatus
from service.foundation import canonical

ATTEMPTS = 5
FIRST_BACKOFF_SECONDS = 5  # then 10, 20, 40: an engine that restarts is back within that
FEW_CHUNKS = 4  # a run of so many is somebody waiting for it, and goes before the large ones
IN_FLIGHT = 64  # chunks of large runs that lie in the queue or are worked on; the rest waits its turn in the database
QUEUED = "queue"  # the holder of a chunk that was handed to the queue and is not taken yet
SILENT = "The worker fell silent at each of {} attempts."


class LeaseLost(Exception):
    """The chunk is no longer this worker's; what was done for it must be rolled back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A chunk that `holder` alone may finish, and what is needed to do it."""

    evaluation: UUID
    number: int
    holder: str
    attempt: int
    workspace_id: UUID
    asset_ids: tuple[int, ...]
    as_of: date
    force: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A chunk that somebody should take; `interactive` if someone waits for it."""

    evaluation: UUID
    number: int
    interactive: bool


def due(session: Session, now: datetime, trust: timedelta, run: UUID | None = None, few: int = 1000) -> list[Due]:
    """Chunks to hand to the queue, oldest run first, of `run` or of all; the queue is trusted with them for `trust`.

    Of large runs only so many are handed on as keep `IN_FLIGHT` in flight, of small ones `few` at once.
    """
    return [
        *_hand_on(session, now, trust, run, few, interactive=True),
        *_hand_on(session, now, trust, run, IN_FLIGHT - _in_flight(session, now), interactive=False),
    ]


def _in_flight(session: Session, now: datetime) -> int:
    rows = session.connection().execute(
        text("""
            SELECT count(*) FROM evaluation_chunk AS chunk JOIN evaluation AS run ON run.id = chunk.evaluation_id
            WHERE chunk.status IN ('waiting', 'running') AND chunk.leased_until > :now
              AND CAST(run.scope->>'chunks' AS int) > :few
        """),
        {"now": now, "few": FEW_CHUNKS},
    )
    return int(rows.scalar_one())


def _hand_on(
    session: Session, now: datetime, trust: timedelta, run: UUID | None, limit: int, *, interactive: bool
) -> list[Due]:
    rows = session.connection().execute(
        text("""
            WITH ripe AS (
                SELECT chunk.evaluation_id, chunk.number
                FROM evaluation_chunk AS chunk JOIN evaluation AS run ON run.id = chunk.evaluation_id
                WHERE chunk.status = 'waiting' AND (chunk.leased_until IS NULL OR chunk.leased_until <= :now)
                  AND (CAST(run.scope->>'chunks' AS int) <= :few) = :interactive
                  AND (CAST(:run AS uuid) IS NULL OR run.id = :run)
                ORDER BY chunk.evaluation_id, chunk.number LIMIT :limit
                FOR UPDATE OF chunk SKIP LOCKED
            )
            UPDATE evaluation_chunk AS chunk SET leased_by = :queued, leased_until = :until
            FROM ripe WHERE (chunk.evaluation_id, chunk.number) = (ripe.evaluation_id, ripe.number)
            RETURNING chunk.evaluation_id, chunk.number
        """),
        {
            "now": now,
            "until": now + trust,
            "queued": QUEUED,
            "run": run,
            "few": FEW_CHUNKS,
            "interactive": interactive,
            "limit": max(0, limit),
        },
    )
    return [Due(row.evaluation_id, row.number, interactive) for row in sorted(rows)]


def claim(session: Session, run: UUID, number: int, holder: str, now: datetime, term: timedelta) -> Lease | None:
    """Takes a chunk for `term`; None where it is done, failed, resting after a failure, or another's.

    `holder` must name this attempt alone (120 characters). The caller commits before he works.
    """
    row = (
        session.connection()
        .execute(
            text("""
                UPDATE evaluation_chunk AS chunk
                SET status = 'running', attempts = attempts + 1, leased_by = :holder, leased_until = :until
                FROM evaluation AS run
                WHERE run.id = chunk.evaluation_id AND (chunk.evaluation_id, chunk.number) = (
                    SELECT evaluation_id, number FROM evaluation_chunk
                    WHERE evaluation_id = :run AND number = :number AND attempts < :attempts
                      AND (status = 'waiting' AND leased_by = :queued
                           OR status IN ('waiting', 'running') AND coalesce(leased_until, :now) <= :now)
                    FOR UPDATE SKIP LOCKED
                )
                RETURNING chunk.asset_ids, chunk.attempts, run.workspace_id, run.as_of, run.force
            """),
            {
                "run": run,
                "number": number,
                "holder": holder,
                "now": now,
                "until": now + term,
                "queued": QUEUED,
                "attempts": ATTEMPTS,
            },
        )
        .one_or_none()
    )
    if row is None:
        return None
    session.connection().execute(
        text("UPDATE evaluation SET status = 'running', started_at = :now WHERE id = :run AND status = 'waiting'"),
        {"run": run, "now": now},
    )
    return Lease(run, number, holder, row.attempts, row.workspace_id, tuple(row.asset_ids), row.as_of, row.force)


def extend(session: Session, lease: Lease, until: datetime) -> bool:
    """Keeps a chunk longer; False where it is no longer the holder's."""
    return _holding(session, lease, "leased_until = :until", {"until": until})


def finish(
    session: Session, lease: Lease, *, judged: int, unchanged: int, outcomes: Mapping[str, int], now: datetime
) -> None:
    """Says in the transaction that holds its results that a chunk is done, and the run with its last chunk.

    Raises:
        LeaseLost: the chunk is no longer the holder's; the caller rolls back.
    """
    values = {"judged": judged, "unchanged": unchanged, "outcomes": canonical.encode(dict(outcomes)).decode()}
    change = """status = 'done', leased_by = NULL, leased_until = NULL, error = NULL, judged = :judged,
                unchanged = :unchanged, outcomes = CAST(:outcomes AS jsonb)"""
    if not _holding(session, lease, change, values):
        raise LeaseLost(f"chunk {lease.number} of {lease.evaluation}")
    _end_run(session, lease.evaluation, now)


def fail(session: Session, lease: Lease, error: str, now: datetime) -> RunStatus | None:
    """Gives a chunk back after a failure: it waits longer each time, and has failed after the last attempt.

    Answers what became of it, None where it is no longer the holder's.
    """
    last = lease.attempt >= ATTEMPTS
    status = RunStatus.FAILED if last else RunStatus.WAITING
    rest = now + timedelta(seconds=FIRST_BACKOFF_SECONDS * 2 ** (lease.attempt - 1))
    values = {"status": status, "rest": None if last else rest, "error": error}
    change = "status = :status, leased_by = NULL, leased_until = CAST(:rest AS timestamptz), error = :error"
    if not _holding(session, lease, change, values):
        return None
    _end_run(session, lease.evaluation, now)
    return status


def reap(session: Session, now: datetime) -> int:
    """Frees the chunks whose worker fell silent, and gives up those that did so too often; answers their number."""
    rows = (
        session.connection()
        .execute(
            text("""
            UPDATE evaluation_chunk AS chunk
            SET status = CASE WHEN attempts >= :attempts THEN 'failed' ELSE 'waiting' END,
                error = CASE WHEN attempts >= :attempts THEN :silent ELSE error END,
                leased_by = NULL, leased_until = NULL
            FROM (
                SELECT evaluation_id, number FROM evaluation_chunk WHERE status = 'running' AND leased_until <= :now
                ORDER BY evaluation_id, number FOR UPDATE SKIP LOCKED
            ) AS silent
            WHERE (chunk.evaluation_id, chunk.number) = (silent.evaluation_id, silent.number)
            RETURNING chunk.evaluation_id, chunk.status
        """),
            {"now": now, "attempts": ATTEMPTS, "silent": SILENT.format(ATTEMPTS)},
        )
        .all()
    )
    for run in sorted({row.evaluation_id for row in rows if row.status == RunStatus.FAILED}):
        _end_run(session, run, now)
    return len(rows)


def _holding(session: Session, lease: Lease, change: str, values: Mapping[str, object]) -> bool:
    result = session.connection().execute(
        # `change` is a constant of this file.
        text(f"""
            UPDATE evaluation_chunk SET {change}
            WHERE evaluation_id = :run AND number = :number AND leased_by = :holder AND status = 'running'
        """),  # noqa: S608 -- see above
        {**values, "run": lease.evaluation, "number": lease.number, "holder": lease.holder},
    )
    return result.rowcount == 1


def _end_run(session: Session, run: UUID, now: datetime) -> None:
    # Of two last chunks, each would see the other unfinished: they pass here one after the other.
    session.connection().execute(text("SELECT 1 FROM evaluation WHERE id = :run FOR UPDATE"), {"run": run})
    session.connection().execute(
        text("""
            UPDATE evaluation SET finished_at = :now, error = failed.error,
                   status = CASE WHEN failed.error IS NULL THEN 'done' ELSE 'failed' END
            FROM (
                SELECT min(error) FILTER (WHERE status = 'failed') AS error,
                       count(*) FILTER (WHERE status IN ('waiting', 'running')) AS left_over
                FROM evaluation_chunk WHERE evaluation_id = :run
            ) AS failed
            WHERE id = :run AND failed.left_over = 0
        """),
        {"run": run, "now": now},
    )
