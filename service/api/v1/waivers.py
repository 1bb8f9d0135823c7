"""`/waivers`: what is accepted for a time, asked for by one person and approved by another."""

import re
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status
from sqlmodel import Session

from service.api.dependencies import (
    Approver,
    PagingDep,
    Reader,
    SessionDep,
    WorkspaceName,
    workspace_of,
    workspaces_of,
)
from service.api.ground import GroundDep
from service.api.schemas.common import Listing, listing
from service.api.schemas.waivers import RemarkIn, WaiverBody, WaiverIn
from service.auth.principals import Forbidden, Principal
from service.auth.roles import Permission
from service.foundation import clock
from service.foundation.errors import Fault, Invalid
from service.violations import waiver_rows, waivers
from service.violations.waiver_rows import WaiverFilter
from service.violations.waivers import Step, WaiverStatus

router = APIRouter(prefix="/waivers", tags=["violations"])

_UNITS = {"d": "days", "h": "hours"}
Words = list[Annotated[str, Query(max_length=220)]]


async def _asker(principal: Reader) -> Principal:
    """Lets in whoever answers for assets or for rules: both know why one should be waived on the other."""
    if not (principal.may(Permission.REGISTER) or principal.may(Permission.AUTHOR)):
        raise Forbidden(f"The role {principal.role} does not request waivers: registrar and policy_author do.")
    return principal


Asker = Annotated[Principal, Depends(_asker)]


def _filter(
    status: Annotated[list[WaiverStatus], Query(description="Repeat for several; without it every status")] = [],  # noqa: B006 -- FastAPI copies defaults
    asset: Annotated[Words, Query(description="A ref, for instance `system:support-desk`")] = [],  # noqa: B006 -- likewise
    rule: Annotated[Words, Query()] = [],  # noqa: B006 -- likewise
    pack: Annotated[Words, Query()] = [],  # noqa: B006 -- likewise
    expiring_within: Annotated[
        str | None, Query(max_length=6, description="Those that hold and end within this time: `14d`, `12h`")
    ] = None,
    orphaned: Annotated[bool | None, Query(description="Those that hold and cover nothing that is open")] = None,
) -> WaiverFilter:
    return WaiverFilter(
        tuple(status), tuple(asset), tuple(rule), tuple(pack), _span(expiring_within), orphaned=orphaned
    )


def _span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,3})([dh])", text)
    if found is None:
        raise Invalid("The listing cannot be made.", [Fault("/expiring_within", f"{text!r} is no span", "14d or 12h")])
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _names(principal: Principal, session: Session, workspace: str | None = None) -> dict[UUID, str]:
    return {one.id: one.name for one in workspaces_of(principal, session, workspace)}


@router.post("", status_code=status.HTTP_201_CREATED, operation_id="request_waiver")
def request_waiver(
    body: WaiverIn, principal: Asker, session: SessionDep, ground: GroundDep, workspace: WorkspaceName = None
) -> WaiverBody:
    """Asks for one. Nothing is waived before another person approves it; an `error` never is."""
    home = workspace_of(principal, session, workspace)
    made = waivers.request(session, ground.library, home, body.asked(), principal.actor)
    return WaiverBody.of(made, home.name, clock.now())


@router.get("", operation_id="list_waivers")
def list_waivers(
    principal: Reader,
    session: SessionDep,
    wanted: Annotated[WaiverFilter, Depends(_filter)],
    paging: PagingDep,
    workspace: WorkspaceName = None,
) -> Listing[WaiverBody]:
    """The newest first, over the workspace named or all that the token sees."""
    names, now = _names(principal, session, workspace), clock.now()
    page = waiver_rows.listing(session, names, wanted, now, paging.limit, paging.cursor)
    return listing(page, lambda waiver: WaiverBody.of(waiver, names[waiver.workspace_id], now))


@router.get("/{waiver_id}", operation_id="get_waiver")
def get_waiver(waiver_id: UUID, principal: Reader, session: SessionDep) -> WaiverBody:
    """One waiver; its whole story stands in the audit log."""
    names = _names(principal, session)
    waiver = waivers.find(session, names, waiver_id)
    return WaiverBody.of(waiver, names[waiver.workspace_id], clock.now())


@router.post("/{waiver_id}:approve", operation_id="approve_waiver")
def approve_waiver(
    waiver_id: UUID, principal: Approver, session: SessionDep, body: RemarkIn | None = None
) -> WaiverBody:
    """Puts it in force until its end. Who requested it cannot approve it."""
    return _taken(session, principal, waiver_id, Step.APPROVE, body)


@router.post("/{waiver_id}:reject", operation_id="reject_waiver")
def reject_waiver(
    waiver_id: UUID, principal: Approver, session: SessionDep, body: RemarkIn | None = None
) -> WaiverBody:
    """Says no to a request."""
    return _taken(session, principal, waiver_id, Step.REJECT, body)


@router.post("/{waiver_id}:revoke", operation_id="revoke_waiver")
def revoke_waiver(
    waiver_id: UUID, principal: Approver, session: SessionDep, body: RemarkIn | None = None
) -> WaiverBody:
    """Ends one that was approved, at once."""
    return _taken(session, principal, waiver_id, Step.REVOKE, body)


@router.post("/{waiver_id}:withdraw", operation_id="withdraw_waiver")
def withdraw_waiver(waiver_id: UUID, principal: Asker, session: SessionDep, body: RemarkIn | None = None) -> WaiverBody:
    """Takes a request back; only who made it may."""
    return _taken(session, principal, waiver_id, Step.WITHDRAW, body)


def _taken(session: Session, principal: Principal, waiver_id: UUID, step: Step, body: RemarkIn | None) -> WaiverBody:
    names = _names(principal, session)
    note = body.note if body else None
    waiver = waivers.take(session, names, waiver_id, step, principal.actor, note)
    return WaiverBody.of(waiver, names[waiver.workspace_id], clock.now())
