"""`/sources`: what is read, how often, and reading it now. `/connectors`: what can be read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response, status

from service.api.dependencies import (
    Admin,
    PagingDep,
    Reader,
    Registrar,
    SessionDep,
    WorkspaceName,
    workspace_of,
    workspaces_of,
)
from service.api.schemas.common import Listing, listing
from service.api.schemas.scans import ConnectorBody, PushBody, ScanBody, SourceBody, SourceIn
from service.api.v1.assets import writable
from service.inventory import workspaces
from service.inventory.views import WorkspaceView
from service.scans import pushing, registry, runs, sources
from service.scans.runs import Mode

router = APIRouter(tags=["scans"])


@router.get("/connectors", operation_id="list_connectors")
def list_connectors(_: Reader) -> Listing[ConnectorBody]:
    """All kinds of source, each with the schema of its settings."""
    found = [registry.find(name) for name in registry.NAMES]
    return Listing(
        items=[
            ConnectorBody(name=one.name, title=one.title, extra=one.extra, settings=one.settings.model_json_schema())
            for one in found
        ]
    )


@router.get("/sources", operation_id="list_sources")
def list_sources(
    principal: Reader, session: SessionDep, paging: PagingDep, workspace: WorkspaceName = None
) -> Listing[SourceBody]:
    """Sources by workspace and name."""
    names = {one.id: one.name for one in workspaces_of(principal, session, workspace)}
    return listing(sources.listing(session, names, paging.limit, paging.cursor), SourceBody.of)


@router.put("/sources/{name}", responses={201: {"model": SourceBody}}, operation_id="put_source")
def put_source(
    name: str,
    body: SourceIn,
    principal: Admin,
    session: SessionDep,
    response: Response,
    workspace: WorkspaceName = None,
) -> SourceBody:
    """Makes or replaces a source. What it is asked to read is tried with `:test`, not here."""
    home = writable(principal, session, workspace or principal.workspace or workspaces.DEFAULT)
    source, made = sources.put(session, home, name, body.wanted(), principal.actor)
    if made:
        response.status_code = status.HTTP_201_CREATED
    return SourceBody.of(source)


@router.get("/sources/{name}", operation_id="get_source")
def get_source(name: str, principal: Reader, session: SessionDep, workspace: WorkspaceName = None) -> SourceBody:
    """One source."""
    return SourceBody.of(sources.find(session, workspace_of(principal, session, workspace), name))


@router.delete("/sources/{name}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_source")
def delete_source(name: str, principal: Admin, session: SessionDep, workspace: WorkspaceName = None) -> None:
    """Deletes a source and its runs; assets that nobody else speaks of follow within seconds."""
    sources.remove(session, workspace_of(principal, session, workspace), name, principal.actor)


@router.post("/sources/{name}:scan", status_code=status.HTTP_202_ACCEPTED, operation_id="scan_source")
def scan_source(name: str, principal: Registrar, session: SessionDep, workspace: WorkspaceName = None) -> ScanBody:
    """Reads a source now, before all that is only due. A run that goes on already is answered instead."""
    home = workspace_of(principal, session, workspace)
    run = runs.request(session, sources.find(session, home, name), principal.actor)
    return _shown(session, home, run)


@router.post("/sources/{name}:test", status_code=status.HTTP_202_ACCEPTED, operation_id="test_source")
def try_source(name: str, principal: Admin, session: SessionDep, workspace: WorkspaceName = None) -> ScanBody:
    """Reads a source and records nothing: whether its credentials work, and what a scan would see (`preview`)."""
    home = workspace_of(principal, session, workspace)
    run = runs.request(session, sources.find(session, home, name), principal.actor, Mode.TEST)
    return _shown(session, home, run)


@router.post("/sources/{name}:push", status_code=status.HTTP_202_ACCEPTED, operation_id="push_to_source")
def push_to_source(
    name: str,
    body: Annotated[PushBody, Body()],
    principal: Registrar,
    session: SessionDep,
    workspace: WorkspaceName = None,
) -> ScanBody:
    """Takes what an agent saw where the service cannot look, as a run of the source."""
    home = workspace_of(principal, session, workspace)
    source = sources.find(session, home, name)
    run = pushing.take(session, source, [part.pushed() for part in body.parts], principal.actor)
    return _shown(session, home, run)


def _shown(session: SessionDep, home: WorkspaceView, run: UUID) -> ScanBody:
    return ScanBody.model_validate(runs.find(session, {home.id: home.name}, run))
