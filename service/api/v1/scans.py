"""`/scans`: runs of sources, what they covered, what was wrong, and how far they are."""

from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import Engine

from service.api.dependencies import (
    EngineDep,
    PagingDep,
    Reader,
    Registrar,
    SessionDep,
    WorkspaceName,
    workspaces_of,
)
from service.api.schemas.common import Listing, listing
from service.api.schemas.scans import PartBody, ProblemBody, ScanBody
from service.auth.principals import Principal
from service.foundation.database import unit_of_work
from service.scans import accounts, runs
from service.scans.runs import OPEN, RunStatus

router = APIRouter(tags=["scans"])

LOOK_SECONDS: Final = 0.5
FOLLOW_SECONDS: Final = 3600.0  # then the client asks anew: a token may have been revoked meanwhile


@router.get("/scans", operation_id="list_scans")
def list_scans(
    principal: Reader,
    session: SessionDep,
    paging: PagingDep,
    workspace: WorkspaceName = None,
    source: Annotated[str | None, Query(max_length=63)] = None,
    status: Annotated[RunStatus | None, Query()] = None,
) -> Listing[ScanBody]:
    """Runs, the newest first."""
    page = runs.listing(
        session, _names(principal, session, workspace), paging.limit, paging.cursor, source=source, status=status
    )
    return listing(page, ScanBody.model_validate)


@router.get("/scans/{scan_id}", operation_id="get_scan")
def get_scan(scan_id: UUID, principal: Reader, session: SessionDep) -> ScanBody:
    """One run and its progress."""
    return ScanBody.model_validate(runs.find(session, _names(principal, session), scan_id))


@router.get("/scans/{scan_id}/parts", operation_id="list_scan_parts")
def list_scan_parts(scan_id: UUID, principal: Reader, session: SessionDep, paging: PagingDep) -> Listing[PartBody]:
    """What was asked, and how much of it was seen: one line for each part."""
    run = runs.find(session, _names(principal, session), scan_id)
    return listing(accounts.parts(session, run.id, paging.limit, paging.cursor), PartBody.model_validate)


@router.get("/scans/{scan_id}/problems", operation_id="list_scan_problems")
def list_scan_problems(
    scan_id: UUID, principal: Reader, session: SessionDep, paging: PagingDep
) -> Listing[ProblemBody]:
    """Everything that could not be read or not be expressed, by object, with the reason."""
    run = runs.find(session, _names(principal, session), scan_id)
    return listing(accounts.problems(session, run.id, paging.limit, paging.cursor), ProblemBody.model_validate)


@router.post("/scans/{scan_id}:cancel", operation_id="cancel_scan")
def cancel_scan(scan_id: UUID, principal: Registrar, session: SessionDep) -> ScanBody:
    """Ends a run at its next object; what it saw is kept."""
    names = _names(principal, session)
    runs.cancel(session, runs.find(session, names, scan_id), principal.actor)
    return ScanBody.model_validate(runs.find(session, names, scan_id))


def _there(scan_id: UUID, principal: Reader, session: SessionDep) -> None:
    """Refuses before the stream begins: afterwards there is no other answer."""
    runs.find(session, _names(principal, session), scan_id)


@router.get(
    "/scans/{scan_id}/events",
    response_class=EventSourceResponse,
    operation_id="follow_scan",
    dependencies=[Depends(_there)],
)
async def follow_scan(scan_id: UUID, principal: Reader, bind: EngineDep) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events `progress` with the run whenever it has moved, the last one when it has ended."""
    shown = None
    with anyio.move_on_after(FOLLOW_SECONDS):
        while True:
            run = await to_thread.run_sync(_look, bind, principal, scan_id)
            if run != shown:
                shown = run
                yield ServerSentEvent(event="progress", data=run.model_dump(mode="json"))
            if run.status not in OPEN:
                return
            await anyio.sleep(LOOK_SECONDS)


def _look(bind: Engine, principal: Principal, scan_id: UUID) -> ScanBody:
    with unit_of_work(bind) as session:
        return ScanBody.model_validate(runs.find(session, _names(principal, session), scan_id))


def _names(principal: Principal, session: SessionDep, workspace: str | None = None) -> dict[UUID, str]:
    return {one.id: one.name for one in workspaces_of(principal, session, workspace)}
