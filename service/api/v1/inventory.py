"""`GET /inventory/export`: a workspace as a file that a gate can judge by without a server."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from service.api.dependencies import EngineDep, Reader, WorkspaceName, workspace_of
from service.api.ground import GroundDep
from service.foundation.database import unit_of_work
from service.gate.export import export
from service.packs.queries import in_force

router = APIRouter(tags=["inventory"])


@router.get(
    "/inventory/export",
    operation_id="export_inventory",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "The file"}},
)
def export_inventory(
    principal: Reader, bind: EngineDep, ground: GroundDep, workspace: WorkspaceName = None
) -> StreamingResponse:
    """All assets of a workspace with the rules, settings, reference data and waivers that judge them."""
    with unit_of_work(bind) as session:
        home = workspace_of(principal, session, workspace)
        in_force(session, ground.library, home.id)  # a refusal must come before the answer begins

    def pieces() -> Iterator[bytes]:
        with unit_of_work(bind) as session:
            # Many queries, and all must see the same.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield from export(session, ground.library, home)

    return StreamingResponse(pieces(), media_type="application/json")
