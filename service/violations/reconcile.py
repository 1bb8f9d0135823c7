"""Carrying out a plan for a whole batch of assets: one statement to read, one for each sort of change.

Rows travel as one JSON array for each statement, which PostgreSQL unpacks; so a batch costs a handful of round trips,
however many findings it has. The caller holds the judgements of these assets, so nobody else writes their violations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.evaluation.decision import Decision
from service.foundation import canonical
from service.foundation.actor import Actor
from service.foundation.ids import new_id
from service.foundation.outbox import Topic, announce
from service.inventory.views import WorkspaceView
from service.violations.lifecycle import Event, Status, move
from service.violations.plan import Complaint, Known, Plan, Resolution, Update, plan, plan_deleted

_READ = text("""
    SELECT asset_id, id, status, fingerprint, rule, pack, theme, severity, outcome, subject, message, path, remedy,
           controls, evidence_grade, vendor, jurisdiction
    FROM violation WHERE asset_id = ANY (:ids)
""")
_INSERT = text("INSERT INTO violation SELECT * FROM jsonb_populate_recordset(NULL::violation, CAST(:rows AS jsonb))")
_UPDATE = text("""
    UPDATE violation SET theme = row.theme, severity = row.severity, outcome = row.outcome, message = row.message,
           path = row.path, remedy = row.remedy, controls = row.controls, evidence_grade = row.evidence_grade,
           vendor = row.vendor, jurisdiction = row.jurisdiction, status = row.status, resolved_at = NULL,
           input_digest = row.input_digest, bundle_digest = row.bundle_digest, last_seen = row.last_seen,
           times_opened = violation.times_opened + row.times_opened
    FROM jsonb_populate_recordset(NULL::violation, CAST(:rows AS jsonb)) AS row WHERE violation.id = row.id
""")
_SEE = text("""
    UPDATE violation SET last_seen = :now, input_digest = row.input_digest, bundle_digest = row.bundle_digest
    FROM jsonb_populate_recordset(NULL::violation, CAST(:rows AS jsonb)) AS row WHERE violation.id = row.id
""")
_RESOLVE = text("""
    UPDATE violation SET status = row.status, resolved_at = :now
    FROM jsonb_populate_recordset(NULL::violation, CAST(:rows AS jsonb)) AS row WHERE violation.id = row.id
""")
_APPEND = text("""
    INSERT INTO violation_event (violation_id, at, event, actor, detail)
    SELECT violation_id, :now, event, :actor, detail
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (violation_id uuid, event text, detail jsonb)
""")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many violations a batch opened, reopened, changed, saw again as they were, and resolved."""

    opened: int = 0
    reopened: int = 0
    changed: int = 0
    kept: int = 0
    resolved: int = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """One asset's plan, and the digests that its rows get."""

    asset_id: int
    ref: str
    input_digest: str
    bundle_digest: str
    plan: Plan


def reconcile(
    session: Session,
    workspace: WorkspaceView,
    items: Sequence[tuple[int, str, Decision]],
    actor: Actor,
    now: datetime,
) -> Reconciled:
    """Brings the violations of these assets, as `(asset id, ref, decision)`, to what was decided of them."""
    known = _read(session, [asset_id for asset_id, _, _ in items])
    work = [
        _Work(
            asset_id,
            ref,
            decision.input_digest,
            decision.bundle_digest,
            plan(workspace.id, known.get(asset_id, ()), decision),
        )
        for asset_id, ref, decision in items
    ]
    return _carry_out(session, workspace, work, actor, now)


def close_deleted(
    session: Session, workspace: WorkspaceView, asset_ids: Sequence[int], actor: Actor, now: datetime
) -> Reconciled:
    """Resolves whatever is open of assets that are gone."""
    known = _read(session, asset_ids)
    work = [_Work(asset_id, "", "", "", plan_deleted(rows)) for asset_id, rows in known.items()]
    return _carry_out(session, workspace, work, actor, now)


def _read(session: Session, asset_ids: Iterable[int]) -> dict[int, list[Known]]:
    known: dict[int, list[Known]] = {}
    for asset_id, row_id, status, *words in session.connection().execute(_READ, {"ids": list(asset_ids)}):
        complaint = Complaint(*words)
        complaint = replace(complaint, path=tuple(complaint.path), controls=tuple(complaint.controls))
        known.setdefault(asset_id, []).append(Known(row_id, Status(status), complaint))
    return known


def _carry_out(
    session: Session, workspace: WorkspaceView, work: Sequence[_Work], actor: Actor, now: datetime
) -> Reconciled:
    opened = [(new_id(), one, complaint) for one in work for complaint in one.plan.open]
    updated = [(one, update) for one in work for update in (*one.plan.update, *one.plan.reopen)]
    kept = [(one, known) for one in work for known in one.plan.keep]
    resolved = [resolution for one in work for resolution in one.plan.resolve]
    events = [
        *(_event(row_id, Event.OPENED, {"outcome": complaint.outcome}) for row_id, _, complaint in opened),
        *(_event(update.known.id, update.event, update.detail) for _, update in updated if update.event),
        *(_event(over.known.id, Event.RESOLVED, {"reason": over.reason}) for over in resolved),
    ]
    _write(session, _INSERT, [_inserted(workspace.id, *each, now) for each in opened])
    _write(session, _UPDATE, [_updated(*each, now) for each in updated])
    _write(session, _SEE, [{"id": known.id, **_digests(one)} for one, known in kept], now=now)
    _write(session, _RESOLVE, [_moved(over.known, Event.RESOLVED) for over in resolved], now=now)
    _write(session, _APPEND, events, now=now, actor=str(actor))
    _announce(session, workspace, opened, updated, resolved)
    reopened = sum(update.event is Event.REOPENED for _, update in updated)
    return Reconciled(len(opened), reopened, len(updated) - reopened, len(kept), len(resolved))


def _write(session: Session, statement: Any, rows: list[dict[str, Any]], **values: Any) -> None:
    if rows:
        session.connection().execute(statement, {"rows": canonical.encode(rows).decode(), **values})


def _inserted(workspace_id: UUID, row_id: UUID, one: _Work, complaint: Complaint, now: datetime) -> dict[str, Any]:
    return {
        **_words(complaint),
        **_digests(one),
        "id": row_id,
        "workspace_id": workspace_id,
        "asset_id": one.asset_id,
        "asset": one.ref,
        "status": move(None, Event.OPENED),
        "first_seen": now,
        "last_seen": now,
        "times_opened": 1,
    }


def _updated(one: _Work, update: Update, now: datetime) -> dict[str, Any]:
    row = {"last_seen": now, "times_opened": int(update.event is Event.REOPENED)}
    return {**_words(update.complaint), **_digests(one), **_moved(update.known, update.event or Event.CHANGED), **row}


def _moved(known: Known, event: Event) -> dict[str, Any]:
    return {"id": known.id, "status": move(known.status, event)}


def _words(complaint: Complaint) -> dict[str, Any]:
    return {name: getattr(complaint, name) for name in complaint.__slots__}


def _digests(one: _Work) -> dict[str, Any]:
    return {"input_digest": one.input_digest, "bundle_digest": one.bundle_digest}


def _event(row_id: UUID, event: Event, detail: dict[str, Any]) -> dict[str, Any]:
    return {"violation_id": row_id, "event": event, "detail": detail}


def _announce(
    session: Session,
    workspace: WorkspaceView,
    opened: list[tuple[UUID, _Work, Complaint]],
    updated: list[tuple[_Work, Update]],
    resolved: list[Resolution],
) -> None:
    """One message for each direction and batch. What is told as opened: new, open again, or now of another outcome."""
    fresh = [row_id for row_id, _, _ in opened]
    fresh += [update.known.id for _, update in updated if update.event is Event.REOPENED or "outcome" in update.detail]
    for topic, ids in (
        (Topic.VIOLATION_OPENED, fresh),
        (Topic.VIOLATION_RESOLVED, [over.known.id for over in resolved]),
    ):
        if ids:
            announce(session, topic, {"workspace": workspace.name, "violations": [str(each) for each in ids]})
