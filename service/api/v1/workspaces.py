"""`/workspaces`: inventories of their own."""

from fastapi import APIRouter, Response

from service.api.dependencies import Admin, Reader, SessionDep
from service.api.schemas.common import Listing
from service.api.schemas.workspaces import NewWorkspace, WorkspaceOut
from service.inventory import workspaces

router = APIRouter(prefix="/workspaces", tags=["workspaces"])


@router.get("", summary="List workspaces")
def list_workspaces(principal: Reader, session: SessionDep) -> Listing[WorkspaceOut]:
    """Those that the caller sees, by name, on one page."""
    seen = [one for one in workspaces.listing(session) if principal.sees(one.name)]
    return Listing(items=[WorkspaceOut.model_validate(one) for one in seen])


@router.post("", status_code=201, summary="Make a workspace", responses={200: {"description": "It was there already"}})
def create_workspace(body: NewWorkspace, principal: Admin, session: SessionDep, response: Response) -> WorkspaceOut:
    """Needs a token for all workspaces. Making one that is there changes nothing."""
    principal.demand_whole_service()
    if workspaces.find(session, body.name) is not None:
        response.status_code = 200
    return WorkspaceOut.model_validate(workspaces.ensure(session, body.name, principal.actor))
