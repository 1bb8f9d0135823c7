"""The reference catalogue: countries, laws, regions, vendors and licences, with dates and sources."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from service.api.dependencies import PagingDep, Reader, SessionDep, WorkspaceName, workspace_of
from service.api.schemas.reference import ReferenceBody, ReferencePage
from service.auth.principals import Principal
from service.foundation.errors import NotFound
from service.foundation.pages import LIMIT_MAX
from service.inventory import reference_queries, workspaces
from service.inventory.reference_entries import CatalogueName

router = APIRouter(tags=["reference"])

AsOf = Annotated[date | None, Query(description="Only what holds on this day; without it all that was ever said")]
Key = Annotated[str, Path(max_length=220, description="For instance `aws/eu-central-1`, `vendor:ovh`, `Apache-2.0`")]


@router.get("/reference/{catalogue}", operation_id="list_reference")
def list_reference(
    catalogue: CatalogueName,
    principal: Reader,
    session: SessionDep,
    paging: PagingDep,
    as_of: AsOf = None,
    workspace: WorkspaceName = None,
) -> ReferencePage:
    """Statements of one catalogue, by key; those of the workspace stand in place of the shipped ones of their key."""
    seen = _seen(principal, session, workspace)
    page = reference_queries.page(session, seen, catalogue, as_of=as_of, limit=paging.limit, cursor=paging.cursor)
    return ReferencePage(items=[ReferenceBody.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/reference/{catalogue}/{key:path}", operation_id="get_reference")
def get_reference(
    catalogue: CatalogueName,
    key: Key,
    principal: Reader,
    session: SessionDep,
    as_of: AsOf = None,
    workspace: WorkspaceName = None,
) -> ReferencePage:
    """All that is said under one key, oldest first; with `as_of` the one statement that holds on that day."""
    seen = _seen(principal, session, workspace)
    page = reference_queries.page(session, seen, catalogue, as_of=as_of, key=key, limit=LIMIT_MAX)
    if not page.items:
        raise NotFound(
            f"The catalogue {catalogue.value!r} says nothing of {key!r}" + (f" on {as_of}." if as_of else ".")
        )
    return ReferencePage(items=[ReferenceBody.of(row) for row in page.items], next_cursor=page.next_cursor)


def _seen(principal: Principal, session: Session, name: str | None) -> UUID | None:
    """The workspace whose own statements count; before there is any, those of the release stand alone."""
    if name is not None:
        return workspace_of(principal, session, name).id
    home = workspaces.find(session, principal.workspace or workspaces.DEFAULT)
    return home.id if home else None
