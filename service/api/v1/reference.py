"""The reference catalogue: countries, laws, regions, vendors and licences, with dates and sources."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from service.api.dependencies import PagingDep, Reader, SessionDep, WorkspaceName, workspace_of
from service.auth.principals import Principal
from service.foundation.errors import NotFound
from service.foundation.pages import LIMIT_MAX
from service.inventory import reference_queries
from service.inventory.reference_entries import CatalogueName

router = APIRouter(tags=["reference"])

AsOf = Annotated[date | None, Query(description="Only what holds on this day; without it all that was ever said")]
Key = Annotated[str, Path(max_length=220, description="For instance `aws/eu-central-1`, `vendor:ovh`, `Apache-2.0`")]


class ReferenceBody(BaseModel):
    """One dated statement. `valid_from` is the first day and `valid_to` the last one on which it holds; null is open."""

    model_config = ConfigDict(from_attributes=True)

    catalogue: str
    key: str
    valid_from: date | None
    valid_to: date | None
    body: dict[str, Any]
    source: str
    reviewed_on: date
    overridden: bool


class ReferencePage(BaseModel):
    """A page of statements."""

    items: list[ReferenceBody]
    next_cursor: str | None


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
    seen = _workspace(principal, session, workspace)
    page = reference_queries.page(session, seen, catalogue, as_of=as_of, limit=paging.limit, cursor=paging.cursor)
    return ReferencePage(items=[_body(row) for row in page.items], next_cursor=page.next_cursor)


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
    seen = _workspace(principal, session, workspace)
    page = reference_queries.page(session, seen, catalogue, as_of=as_of, key=key, limit=LIMIT_MAX)
    if not page.items:
        raise NotFound(
            f"The catalogue {catalogue.value!r} says nothing of {key!r}" + (f" on {as_of}." if as_of else ".")
        )
    return ReferencePage(items=[_body(row) for row in page.items], next_cursor=page.next_cursor)


def _workspace(principal: Principal, session: Session, name: str | None) -> UUID:
    return workspace_of(principal, session, name).id


def _body(row: Any) -> ReferenceBody:
    return ReferenceBody(
        catalogue=row.catalogue,
        key=row.key,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        body=row.body,
        source=row.source,
        reviewed_on=row.reviewed_on,
        overridden=row.workspace_id is not None,
    )
