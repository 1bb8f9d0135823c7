"""Waivers: an answered "we know, and accept it until then" for one rule on one asset. Asked for, decided, looked up.

A waiver hides nothing and resolves nothing: it stands beside the violation, and takes it out of the way of a deployment.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import Session, col, select

from service.audit import log
from service.foundation import clock
from service.foundation.actor import SCHEDULER, Actor
from service.foundation.errors import Fault, Invalid, NotFound
from service.foundation.ids import new_id
from service.foundation.outbox import Topic, announce
from service.inventory import manifest_faults
from service.inventory.values import AnyRef, Line, Note, Prose
from service.inventory.views import WorkspaceView
from service.packs.source import Library
from service.violations import waiver_rows
from service.violations.tables import WaiverRow
from service.violations.waiver_terms import (
    LONGEST_DAYS,
    Asked,
    Step,
    Waiver,
    Waivers,
    WaiverStatus,
    after,
    holds,
)

__all__ = [
    "Asked",
    "Step",
    "Waiver",
    "WaiverStatus",
    "Waivers",
    "find",
    "holds",
    "load",
    "request",
    "take",
    "tell_expiring",
]

TOLD_BEFORE = timedelta(days=14)
_ANNOUNCED = frozenset({Step.APPROVE, Step.REVOKE})


class _Words(BaseModel):
    """What people write into a waiver."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    asset: AnyRef
    subject: Note | None
    reason: Prose
    ticket: Line | None


class _Remark(BaseModel):
    """What somebody says when he decides."""

    note: Prose | None


def load(session: Session, workspace_id: UUID, refs: Collection[str] | None = None) -> Waivers:
    """The approved waivers of a workspace, on these assets or on all: ask them with `covering`, for any instant."""
    condition, values = "workspace_id = :workspace AND status = 'approved'", dict[str, Any](workspace=workspace_id)
    if refs is not None:
        condition, values["refs"] = f"{condition} AND asset = ANY (:refs)", list(refs)
    return Waivers(waiver_rows.select(session, condition, values))


def request(session: Session, library: Library, workspace: WorkspaceView, asked: Asked, actor: Actor) -> Waiver:
    """Asks for a waiver; nothing is waived before somebody else approves it. The asset need not be registered yet.

    Raises:
        Invalid: a rule or pack that is not there, an end that has passed or is too far, no reason; all faults at once.
    """
    now = clock.now()
    faults = [*_wrong_words(_Words, asdict(asked)), *_wrong_rule(library, asked), *_wrong_end(asked.expires_at, now)]
    if faults:
        raise Invalid("The waiver cannot be requested.", faults)
    waiver = Waiver(
        id=new_id(),
        workspace_id=workspace.id,
        status=WaiverStatus.REQUESTED,
        requested_by=str(actor),
        requested_at=now,
        **{**asdict(asked), "expires_at": asked.expires_at.astimezone(UTC)},
    )
    session.add(WaiverRow(**asdict(waiver)))
    session.flush()
    detail = {key: value for key, value in asdict(asked).items() if value is not None}
    log.record(session, actor, "waiver.requested", f"waiver:{waiver.id}", workspace.name, detail)
    return waiver


def take(
    session: Session,
    workspaces: Mapping[UUID, str],
    waiver_id: UUID,
    step: Step,
    actor: Actor,
    note: str | None = None,
) -> Waiver:
    """Takes a step with a waiver of one of `workspaces` (names by id); see `waiver_terms.after` for what it refuses.

    Raises:
        NotFound: there is none of this id in them.
        Invalid: the note is no text.
    """
    if faults := _wrong_words(_Remark, {"note": note}):
        raise Invalid("The note cannot be kept.", faults)
    wanted = select(WaiverRow).where(col(WaiverRow.id) == waiver_id, col(WaiverRow.workspace_id).in_(workspaces))
    # Whoever decides at the same time waits here, and then finds it decided.
    row = session.exec(wanted.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no waiver {waiver_id}.")
    (before,) = waiver_rows.select(session, "id = :id", {"id": waiver_id})
    waiver = after(before, step, actor, clock.now(), note)
    row.sqlmodel_update(asdict(waiver))
    session.add(row)
    session.flush()
    name = workspaces[waiver.workspace_id]
    detail = {"rule": waiver.rule, "asset": waiver.asset, "expires_at": waiver.expires_at, "note": note}
    log.record(session, actor, f"waiver.{waiver.status}", f"waiver:{waiver.id}", name, detail)
    if step in _ANNOUNCED:
        payload = {"workspace": name, "waiver": str(waiver.id), "status": waiver.status.value}
        announce(session, Topic.WAIVER_CHANGED, payload)
    return waiver


def find(session: Session, workspaces: Mapping[UUID, str], waiver_id: UUID) -> Waiver:
    """A waiver of one of `workspaces` (names by id).

    Raises:
        NotFound: there is none of this id in them.
    """
    values = {"id": waiver_id, "workspaces": list(workspaces)}
    found = waiver_rows.select(session, "id = :id AND workspace_id = ANY (:workspaces)", values)
    if not found:
        raise NotFound(f"There is no waiver {waiver_id}.")
    return found[0]


def tell_expiring(session: Session, workspace: WorkspaceView) -> list[Waiver]:
    """Writes into the audit log which waivers end within `TOLD_BEFORE`, each once; answers those told now."""
    now = clock.now()
    query = select(WaiverRow).where(
        col(WaiverRow.workspace_id) == workspace.id,
        col(WaiverRow.status) == WaiverStatus.APPROVED,
        col(WaiverRow.expires_at) > now,
        col(WaiverRow.expires_at) <= now + TOLD_BEFORE,
        col(WaiverRow.expiry_told_at).is_(None),
    )
    rows = session.exec(query.order_by(col(WaiverRow.id)).with_for_update()).all()
    for row in rows:
        row.expiry_told_at = now
        session.add(row)
    session.flush()
    ids = [row.id for row in rows]
    told = waiver_rows.select(session, "id = ANY (:ids) ORDER BY id", {"ids": ids})
    changes = [
        (f"waiver:{one.id}", {"rule": one.rule, "asset": one.asset, "expires_at": one.expires_at}) for one in told
    ]
    log.record_many(session, SCHEDULER, "waiver.expiring", workspace.name, changes)
    return told


def _wrong_words(form: type[BaseModel], given: Mapping[str, Any]) -> list[Fault]:
    try:
        form.model_validate(given)
    except ValidationError as error:
        return manifest_faults.faults(error, form, of="a waiver")
    return []


def _wrong_rule(library: Library, asked: Asked) -> list[Fault]:
    """A slip here would be a waiver that covers nothing and that everybody relies on."""
    if asked.rule not in library.rules:
        guess = manifest_faults.nearest(asked.rule, library.rules)
        return [Fault("/rule", "there is no such rule", f"the id of a rule, for instance {guess or 'RES-001'}")]
    binding = sorted(pack.id for pack in library.packs.values() if asked.rule in pack.rules)
    if asked.pack is not None and asked.pack not in binding:
        expected = f"one of {', '.join(binding)}, or none for all of them"
        return [Fault("/pack", f"no such pack binds {asked.rule}", expected)]
    return []


def _wrong_end(expires_at: datetime, now: datetime) -> list[Fault]:
    expected = f"a time to come, with its offset from UTC, at most {LONGEST_DAYS} days ahead"
    if expires_at.tzinfo is None:
        return [Fault("/expires_at", "it does not say in which zone it is meant", expected)]
    if expires_at <= now:
        return [Fault("/expires_at", "this moment has passed", expected)]
    if expires_at > now + timedelta(days=LONGEST_DAYS):
        return [Fault("/expires_at", "this is too far away", expected)]
    return []
