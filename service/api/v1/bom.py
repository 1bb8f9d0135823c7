"""`GET /bom`: the inventory as a bill of materials."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from service.api.dependencies import EngineDep, Reader, WorkspaceName, workspace_of
from service.foundation.database import unit_of_work
from service.inventory import queries
from service.reporting import bom
from service.reporting.bom import Format

router = APIRouter(tags=["inventory"])

_BODY = {"schema": {"type": "object"}}


@router.get(
    "/bom",
    operation_id="export_bom",
    response_class=StreamingResponse,
    responses={200: {"content": dict.fromkeys(bom.MEDIA_TYPES.values(), _BODY), "description": "The document"}},
)
def export_bom(
    principal: Reader,
    bind: EngineDep,
    format: Annotated[Format, Query(description="CycloneDX 1.7 or SPDX 3.0.1, both in JSON")] = Format.CYCLONEDX,
    asset: Annotated[
        str | None, Query(max_length=220, description="Only this asset and all that it rests on, for instance a system")
    ] = None,
    workspace: WorkspaceName = None,
) -> StreamingResponse:
    """All assets of a workspace, or one with everything below it; reading the document again gives the same assets."""
    with unit_of_work(bind) as session:
        home = workspace_of(principal, session, workspace)
        if asset is not None:
            queries.asset(session, home, asset)  # a refusal must come before the answer begins

    def pieces() -> Iterator[bytes]:
        with unit_of_work(bind) as session:
            # Several passes are made over the inventory, and all must see the same.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield from bom.export(session, home, format, asset)()

    return StreamingResponse(pieces(), media_type=bom.MEDIA_TYPES[format])
