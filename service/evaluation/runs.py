"""Runs: what is asked to be judged, cut into chunks, and how far it is.

`run_leases` says who works on a chunk; `jobs.evaluate` does it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.evaluation.tables import Evaluation, EvaluationChunk
from service.foundation import clock
from service.foundation.actor import Actor
from service.foundation.errors import Fault, Invalid, NotFound
from service.foundation.outbox import Topic, announce
from service.foundation.pages import Page, cut, decode_cursor
from service.foundation.settings import settings
from service.inventory import queries


class RunStatus(StrEnum):
    """Where a run or a chunk stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """A run and its progress: `done` of `total` assets, of which `judged` were judged and `unchanged` passed over.

    `outcomes` counts rules by outcome over the judged assets. `error` says why the run, or a part of it, failed.
    """

    id: UUID
    workspace: str
    reason: str
    status: RunStatus
    as_of: date
    force: bool
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    total: int
    done: int
    judged: int
    unchanged: int
    outcomes: dict[str, int]


def request(
    session: Session,
    workspace_id: UUID,
    reason: str,
    refs: Sequence[str] | None,
    actor: Actor,
    *,
    as_of: date | None = None,
    force: bool = False,
    chunk_size: int | None = None,
) -> UUID:
    """Asks for a run over `refs`, or over every asset of the workspace where `refs` is None; the answer is its id.

    Without `as_of` the run judges by the state of things today. A run over nothing is done at once.
    """
    size = chunk_size or settings().chunk_size
    asset_ids = list(queries.ids_of(session, workspace_id, refs))
    parts = [asset_ids[start : start + size] for start in range(0, len(asset_ids), size)]
    now = clock.now()
    run = Evaluation(
        workspace_id=workspace_id,
        reason=reason,
        scope={"all": refs is None, "assets": len(asset_ids), "chunks": len(parts)},
        status=RunStatus.WAITING if parts else RunStatus.DONE,
        as_of=as_of or now.date(),
        force=force,
        requested_by=str(actor),
        created_at=now,
        finished_at=None if parts else now,
    )
    session.add(run)
    session.flush()
    session.add_all(
        EvaluationChunk(evaluation_id=run.id, number=number, asset_ids=part, status=RunStatus.WAITING)
        for number, part in enumerate(parts)
    )
    if parts:
        announce(session, Topic.EVALUATION_REQUESTED, {"evaluation": str(run.id)})
    session.flush()
    return run.id


def asked_on(session: Session, workspace_id: UUID, reason: str, as_of: date) -> bool:
    """Whether a run with this reason and date was ever asked for."""
    rows = session.connection().execute(
        text(
            "SELECT 1 FROM evaluation WHERE workspace_id = :workspace AND reason = :reason AND as_of = :as_of LIMIT 1"
        ),
        {"workspace": workspace_id, "reason": reason, "as_of": as_of},
    )
    return rows.first() is not None


def find(session: Session, workspaces: dict[UUID, str], run_id: UUID) -> Run:
    """A run of one of `workspaces` (names by id).

    Raises:
        NotFound: there is none of this id in them.
    """
    found = _runs(session, workspaces, "id = :id", {"id": run_id})
    if not found:
        raise NotFound(f"There is no evaluation {run_id}.")
    return found[0]


def listing(session: Session, workspaces: dict[UUID, str], limit: int, cursor: str | None) -> Page[Run]:
    """A page of the runs of `workspaces` (names by id), the newest first."""
    condition, values = "true", dict[str, Any](limit=limit + 1)
    if cursor is not None:
        condition, values["before"] = "id < :before", _key(cursor)
    return cut(_runs(session, workspaces, condition, values), limit, lambda run: (str(run.id),))


def _key(cursor: str) -> UUID:
    try:
        return UUID(str(decode_cursor(cursor, 1)[0]))
    except ValueError as error:
        fault = Fault("/cursor", "this is not a cursor of evaluations", "the next_cursor of the page before, unchanged")
        raise Invalid("The cursor cannot be read; start again without one.", [fault]) from error


def _runs(session: Session, workspaces: dict[UUID, str], condition: str, values: dict[str, Any]) -> list[Run]:
    limit = "LIMIT :limit" if "limit" in values else ""
    rows = session.connection().execute(
        # Both parts are constants of this file; what the caller says goes in as values.
        text(f"""
            SELECT run.*, part.done, part.judged, part.unchanged, part.outcomes FROM (
                SELECT * FROM evaluation WHERE workspace_id = ANY (:workspaces) AND {condition} ORDER BY id DESC {limit}
            ) AS run CROSS JOIN LATERAL (
                SELECT coalesce(sum(cardinality(asset_ids)) FILTER (WHERE status = 'done'), 0) AS done,
                       coalesce(sum(judged), 0) AS judged, coalesce(sum(unchanged), 0) AS unchanged,
                       coalesce(jsonb_agg(outcomes), '[]'::jsonb) AS outcomes
                FROM evaluation_chunk WHERE evaluation_id = run.id
            ) AS part ORDER BY run.id DESC
        """),  # noqa: S608 -- see above
        {**values, "workspaces": list(workspaces)},
    )
    return [
        Run(
            id=row.id,
            workspace=workspaces[row.workspace_id],
            reason=row.reason,
            status=RunStatus(row.status),
            as_of=row.as_of,
            force=row.force,
            requested_by=row.requested_by,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
            total=row.scope["assets"],
            done=int(row.done),
            judged=int(row.judged),
            unchanged=int(row.unchanged),
            outcomes=dict(sum((Counter(part) for part in row.outcomes), Counter())),
        )
        for row in rows
    ]
