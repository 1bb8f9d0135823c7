"""Assets: create or replace, read, delete, list; their lineage and their history."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Query, Response, status
from sqlmodel import Session

from service.api.dependencies import (
    PagingDep,
    Reader,
    Registrar,
    SessionDep,
    WorkspaceName,
    workspace_of,
    workspaces_of,
)
from service.api.schemas.assets import AssetBody, AssetPage, LineageBody, RevisionBody, RevisionPage
from service.auth.principals import Principal
from service.foundation.errors import Fault, Invalid, NotFound, ServiceError
from service.inventory import ingest, lineage, manifest, queries, statements, workspaces
from service.inventory.facts import Kind
from service.inventory.views import WorkspaceView

router = APIRouter(tags=["inventory"])

Asset = Annotated[str, Query(max_length=220, description="A ref, for instance `model:acme/support-llm`")]


class PreconditionFailed(ServiceError):
    """The asset is no longer what the caller read."""

    slug = "precondition-failed"
    status = 412
    title = "The asset was changed by somebody else"


def writable(principal: Principal, session: Session, name: str) -> WorkspaceView:
    """The workspace to write into, made on first use by a caller whose token covers it.

    Raises:
        NotFound: it is not the caller's.
    """
    if not principal.sees(name):
        raise NotFound(f"There is no workspace {name!r}.")
    return workspaces.ensure(session, name, principal.actor)


def etag_of(revision: int, digest: str) -> str:
    """The strong entity tag of a revision (RFC 9110, section 8.8.3)."""
    return f'"{revision}-{digest[:16]}"'


@router.put("/assets/{ref:path}", responses={201: {"model": AssetBody}}, operation_id="put_asset")
def put_asset(
    ref: str,
    body: Annotated[dict[str, Any], Body(description="A manifest; `kind` and `name` may be left to the address")],
    principal: Registrar,
    session: SessionDep,
    response: Response,
    workspace: WorkspaceName = None,
    if_match: Annotated[str | None, Header(description="Write only over the revision with this ETag")] = None,
    if_none_match: Annotated[str | None, Header(description="`*`: only create")] = None,
) -> AssetBody:
    """Creates or replaces an asset. A body that says what is already known changes nothing."""
    kind, _, name = ref.partition(":")
    if (body.get("kind", kind), body.get("name", name)) != (kind, name):
        fault = Fault(
            "/name", f"the body names {body.get('kind', kind)}:{body.get('name', name)}", f"{ref}, as the address does"
        )
        raise Invalid("The body names another asset than the address.", [fault])
    home = workspace or body.get("workspace") or principal.workspace or workspaces.DEFAULT
    observation = manifest.observation({**body, "kind": kind, "name": name}, workspace=str(home))
    if workspace and observation.workspace != workspace:
        raise Invalid(
            "The body names another workspace than the address.", [Fault("/workspace", "differs from ?workspace=")]
        )
    target = writable(principal, session, observation.workspace)
    if if_match is not None or if_none_match is not None:
        _check(ingest.held(session, target, observation.ref), if_match, if_none_match)
    (recorded,) = statements.declare(session, target, [observation], principal.actor)
    if recorded.status is ingest.Status.CREATED:
        response.status_code = status.HTTP_201_CREATED
    response.headers["ETag"] = etag_of(recorded.revision, recorded.digest)
    return AssetBody.of(queries.asset(session, target, observation.ref), target.name)


@router.get("/assets/{ref:path}", operation_id="get_asset")
def get_asset(
    ref: str, principal: Reader, session: SessionDep, response: Response, workspace: WorkspaceName = None
) -> AssetBody:
    """One asset."""
    home = workspace_of(principal, session, workspace)
    view = queries.asset(session, home, ref)
    response.headers["ETag"] = etag_of(view.revision, view.digest)
    return AssetBody.of(view, home.name)


@router.delete("/assets/{ref:path}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_asset")
def delete_asset(
    ref: str,
    principal: Registrar,
    session: SessionDep,
    workspace: WorkspaceName = None,
    if_match: Annotated[str | None, Header(description="Delete only the revision with this ETag")] = None,
) -> None:
    """Deletes an asset; its history stays, and its violations close. A source that still sees it brings it back."""
    home = workspace_of(principal, session, workspace)
    if if_match is not None:
        _check(ingest.held(session, home, ref), if_match, None)
    if not statements.remove(session, home, [ref], principal.actor):
        raise NotFound(f"{ref} is not registered in workspace {home.name!r}.")


@router.get("/assets", operation_id="list_assets")
def list_assets(
    principal: Reader,
    session: SessionDep,
    paging: PagingDep,
    workspace: WorkspaceName = None,
    kind: Annotated[Kind | None, Query()] = None,
    label: Annotated[list[str] | None, Query(description="`key:value`; several must all hold")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Looked for in ref and title")] = None,
    managed_by: Annotated[str | None, Query(max_length=200, description="Who applies the asset's manifest")] = None,
) -> AssetPage:
    """Assets in the order of their workspace and ref."""
    homes = workspaces_of(principal, session, workspace)
    wanted = queries.Filter(kind.value if kind else None, tuple(map(_label, label or ())), q, managed_by)
    page = queries.listing(session, homes, wanted, paging.limit, paging.cursor)
    return AssetPage(items=[AssetBody.of(one.asset, one.workspace) for one in page.items], next_cursor=page.next_cursor)


@router.get("/lineage", operation_id="get_lineage")
def get_lineage(
    asset: Asset,
    principal: Reader,
    session: SessionDep,
    workspace: WorkspaceName = None,
    direction: Annotated[
        Literal["upstream", "downstream"], Query(description="What it comes from, or what came of it")
    ] = "upstream",
    depth: Annotated[int, Query(ge=1, le=lineage.DEPTH_MAX)] = lineage.DEPTH_MAX,
) -> LineageBody:
    """What an asset comes from or what came of it: nodes with the way to each, and the edges between them."""
    home = workspace_of(principal, session, workspace)
    found = lineage.lineage(session, home, asset, upstream=direction == "upstream", depth=depth)
    return LineageBody.of(asset, direction, found)


@router.get("/history", operation_id="get_history")
def get_history(
    asset: Asset, principal: Reader, session: SessionDep, paging: PagingDep, workspace: WorkspaceName = None
) -> RevisionPage:
    """An asset's revisions, newest first: who changed what, and when."""
    home = workspace_of(principal, session, workspace)
    page = queries.history(session, home, asset, paging.limit, paging.cursor)
    return RevisionPage(items=[RevisionBody.of(one) for one in page.items], next_cursor=page.next_cursor)


def _check(held: ingest.Held | None, if_match: str | None, if_none_match: str | None) -> None:
    tag = etag_of(held.revision, held.digest) if held else None
    if if_none_match is not None and tag is not None and if_none_match in ("*", tag):
        raise PreconditionFailed(f"The asset is there already, as {tag}.")
    if if_match is not None and if_match not in (tag, "*" if tag else tag):
        raise PreconditionFailed(f"The asset is now {tag or 'not there'}; read it again and repeat the change on that.")


def _label(text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    if not colon:
        raise Invalid("The label cannot be read.", [Fault("/label", f"{text!r} has no colon", "key:value")])
    return key, value
