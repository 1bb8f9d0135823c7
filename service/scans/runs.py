"""Runs of sources: asked for, handed on, taken under a lease, followed, ended. The lease in the database decides.

`leases` says who works on a run; `recording` what became of what it saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from service.audit import log
from service.foundation import clock
from service.foundation.actor import SCHEDULER, Actor
from service.foundation.errors import Conflict, NotFound
from service.foundation.outbox import Topic, announce
from service.foundation.pages import Page, cut, decode_id_cursor
from service.scans import schedule
from service.scans.sources import Source
from service.scans.tables import ScanRun

_LOCK: Final = 0x7363616E31  # "scan1"
KEPT_RUNS: Final = 200  # of each source; older ones go, problems and parts with them


class RunStatus(StrEnum):
    """Where a run stands. `partial`: something was refused or not reached; what was seen is kept, nothing aged by it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN: Final = (RunStatus.WAITING, RunStatus.RUNNING)


class Mode(StrEnum):
    """What a run is for."""

    SCAN = "scan"
    TEST = "test"  # read, and tell what would be recorded
    PUSH = "push"  # an agent brings what it saw


@dataclass(frozen=True, slots=True)
class Run:
    """A run and what came of it. Counts are of objects; `expected` is what the source told beforehand, if it did."""

    id: UUID
    workspace: str
    source: str
    connector: str
    mode: Mode
    interactive: bool
    status: RunStatus
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    cancelled: bool
    expected: int | None
    seen: int
    created: int
    updated: int
    unchanged: int
    outside: int
    refused: int
    noted: int
    stale: int
    removed: int
    error: str | None
    preview: list[dict[str, Any]]


def request(
    session: Session, source: Source, actor: Actor, mode: Mode = Mode.SCAN, *, interactive: bool = True
) -> UUID:
    """Asks for a run now; a run of the source that waits is moved up instead, one that goes on is answered as it is."""
    found = _open(session, source.id, mode)
    if found is not None:
        if interactive:
            session.connection().execute(
                text(
                    "UPDATE scan_run SET interactive = true, leased_until = NULL WHERE id = :id AND status = 'waiting'"
                ),
                {"id": found},
            )
            announce(session, Topic.SCAN_REQUESTED, {"run": str(found)})
        return found
    run = begin(session, source.workspace_id, source.id, mode, actor, interactive=interactive)
    if run is None:  # somebody else asked a moment ago
        found = _open(session, source.id, mode)
        if found is None:
            raise Conflict(f"A run of {source.name!r} has just ended; ask again.")
        return found
    announce(session, Topic.SCAN_REQUESTED, {"run": str(run)})
    if actor != SCHEDULER:
        log.record(session, actor, f"scan.{mode}", f"source:{source.name}", source.workspace, {"run": str(run)})
    return run


def begin(
    session: Session, workspace: UUID, source: UUID, mode: Mode, actor: Actor, *, interactive: bool, **more: Any
) -> UUID | None:
    """A new run, waiting unless `more` says otherwise; None where one of this mode is open already."""
    row = ScanRun(
        workspace_id=workspace,
        source_id=source,
        mode=str(mode),
        interactive=interactive,
        status=str(more.pop("status", RunStatus.WAITING)),
        requested_by=str(actor),
        created_at=clock.now(),
        **more,
    )
    made = session.connection().execute(
        insert(ScanRun).values(row.model_dump()).on_conflict_do_nothing().returning(col(ScanRun.id))
    )
    found: UUID | None = made.scalar_one_or_none()
    return found


def enqueue_due(session: Session, now: datetime, cap: int) -> int:
    """Asks for runs of the sources that are due, the longest overdue first, as long as fewer than `cap` are open.

    Several may do so at once: each takes what no other holds, and none takes more than is free.
    """
    connection = session.connection()
    # One at a time: two that count at once would each fill the room that is left. Who comes second leaves it to the first.
    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}).scalar_one():
        return 0
    count = "SELECT count(*) FROM scan_run WHERE status IN ('waiting', 'running') AND NOT interactive"
    room = cap - int(connection.execute(text(count)).scalar_one())
    if room <= 0:
        return 0
    due = connection.execute(
        text("""
            SELECT id, workspace_id, every_seconds, cron FROM scan_source
            WHERE enabled AND next_due_at <= :now
              AND NOT EXISTS (SELECT 1 FROM scan_run WHERE source_id = scan_source.id AND mode = 'scan'
                              AND status IN ('waiting', 'running'))
            ORDER BY next_due_at LIMIT :room FOR UPDATE SKIP LOCKED
        """),
        {"now": now, "room": room},
    ).all()
    for row in due:
        connection.execute(
            text("UPDATE scan_source SET next_due_at = :due WHERE id = :id"),
            {"id": row.id, "due": schedule.next_due(row.id, row.every_seconds, row.cron, now)},
        )
        begin(session, row.workspace_id, row.id, Mode.SCAN, SCHEDULER, interactive=False)
    return len(due)


def cancel(session: Session, run: Run, actor: Actor) -> None:
    """Ends a run: one that waits at once, one that goes on at its next object. What it saw is kept.

    Raises:
        Conflict: it has ended already.
    """
    row = session.connection().execute(
        text("""
            UPDATE scan_run SET cancelled = true,
                   status = CASE WHEN status = 'waiting' THEN 'cancelled' ELSE status END,
                   finished_at = CASE WHEN status = 'waiting' THEN :now ELSE finished_at END
            WHERE id = :id AND status IN ('waiting', 'running') RETURNING id
        """),
        {"id": run.id, "now": clock.now()},
    )
    if row.first() is None:
        raise Conflict(f"The run {run.id} has ended: it is {run.status}.")
    log.record(session, actor, "scan.cancelled", f"source:{run.source}", run.workspace, {"run": str(run.id)})


def find(session: Session, workspaces: Mapping[UUID, str], run_id: UUID) -> Run:
    """A run of one of `workspaces` (names by id).

    Raises:
        NotFound: there is none of this id in them.
    """
    found = _runs(session, workspaces, "run.id = :id", {"id": run_id, "limit": 1})
    if not found:
        raise NotFound(f"There is no scan {run_id}.")
    return found[0]


def listing(
    session: Session,
    workspaces: Mapping[UUID, str],
    limit: int,
    cursor: str | None,
    *,
    source: str | None = None,
    status: RunStatus | None = None,
) -> Page[Run]:
    """A page of the runs of `workspaces`, the newest first, of one source or in one status if so asked."""
    conditions, values = ["true"], dict[str, Any](limit=limit + 1)
    if source is not None:
        conditions.append("source.name = :source")
        values["source"] = source
    if status is not None:
        conditions.append("run.status = :status")
        values["status"] = str(status)
    if cursor is not None:
        conditions.append("run.id < :before")
        values["before"] = decode_id_cursor(cursor)
    return cut(_runs(session, workspaces, " AND ".join(conditions), values), limit, lambda run: (str(run.id),))


def sweep(session: Session, keep: int = KEPT_RUNS) -> int:
    """Deletes what is beyond the newest `keep` ended runs of each source; answers how many."""
    rows = session.connection().execute(
        text("""
            DELETE FROM scan_run WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (PARTITION BY source_id ORDER BY id DESC) AS place
                    FROM scan_run WHERE status NOT IN ('waiting', 'running')
                ) AS run WHERE place > :keep
            )
        """),
        {"keep": keep},
    )
    return int(rows.rowcount)


def waiting(session: Session, now: datetime) -> dict[str, int]:
    """How many runs wait and go on, and how many sources are overdue."""
    rows = session.connection().execute(
        text("""
            SELECT status, count(*) FROM scan_run WHERE status IN ('waiting', 'running') GROUP BY status
            UNION ALL SELECT 'overdue', count(*) FROM scan_source WHERE enabled AND next_due_at <= :now
        """),
        {"now": now},
    )
    return {"waiting": 0, "running": 0, **{row[0]: row[1] for row in rows}}


def _open(session: Session, source: UUID, mode: Mode) -> UUID | None:
    rows = session.connection().execute(
        text("SELECT id FROM scan_run WHERE source_id = :s AND mode = :m AND status IN ('waiting', 'running')"),
        {"s": source, "m": str(mode)},
    )
    found: UUID | None = rows.scalar_one_or_none()
    return found


def _runs(session: Session, workspaces: Mapping[UUID, str], condition: str, values: dict[str, Any]) -> list[Run]:
    rows = session.connection().execute(
        # The condition is put together from constants of this file; what the caller says goes in as values.
        text(f"""
            SELECT run.*, source.name AS source_name, source.connector
            FROM scan_run AS run JOIN scan_source AS source ON source.id = run.source_id
            WHERE run.workspace_id = ANY (:workspaces) AND {condition} ORDER BY run.id DESC LIMIT :limit
        """),  # noqa: S608 -- see above
        {**values, "workspaces": list(workspaces)},
    )
    return [
        Run(
            id=row.id,
            workspace=workspaces[row.workspace_id],
            source=row.source_name,
            connector=row.connector,
            mode=Mode(row.mode),
            interactive=row.interactive,
            status=RunStatus(row.status),
            requested_by=row.requested_by,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            attempts=row.attempts,
            cancelled=row.cancelled,
            expected=row.expected,
            seen=row.seen,
            created=row.created,
            updated=row.updated,
            unchanged=row.unchanged,
            outside=row.outside,
            refused=row.refused,
            noted=row.noted,
            stale=row.stale,
            removed=row.removed,
            error=row.error,
            preview=row.preview,
        )
        for row in rows
    ]
