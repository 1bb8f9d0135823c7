"""`/audit`: who changed what, and whether the record of it was tampered with."""

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from service.api.dependencies import Admin, EngineDep, PagingDep, SessionDep
from service.api.schemas.audit import AuditRow, Verification
from service.api.schemas.common import Listing, listing
from service.audit import verify
from service.foundation import canonical
from service.foundation.database import unit_of_work
from service.foundation.errors import Fault, Invalid

router = APIRouter(tags=["audit"])

NDJSON = "application/x-ndjson"


@router.get("/audit", summary="List changes")
def list_audit(principal: Admin, session: SessionDep, paging: PagingDep) -> Listing[AuditRow]:
    """The newest first. A token that is bound to a workspace sees the changes of that workspace."""
    page = verify.listing(session, principal.workspace, paging.limit, paging.cursor)
    return listing(page, AuditRow.model_validate)


@router.get(
    "/audit.ndjson",
    summary="Export the log",
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}, "description": "A row on each line"}},
)
def export_audit(principal: Admin, bind: EngineDep) -> StreamingResponse:
    """All rows, the oldest first, as a stream; `allod audit verify FILE` checks it without this service."""
    principal.demand_whole_service()

    def lines() -> Iterator[bytes]:
        with unit_of_work(bind) as session, closing(verify.stream(session)) as rows:
            for row in rows:
                yield canonical.encode(row) + b"\n"

    return StreamingResponse(lines(), media_type=NDJSON)


@router.get("/audit:verify", summary="Verify the chain")
def verify_audit(
    principal: Admin,
    session: SessionDep,
    number: Annotated[int | None, Query(ge=1, lt=2**63, description="Number of a head kept elsewhere")] = None,
    hash: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Its hash")] = None,
) -> Verification:
    """Computes every hash again. Only against a head that was kept elsewhere can a cut-off end be seen."""
    principal.demand_whole_service()
    if (number is None) != (hash is None):
        raise Invalid("A kept head has two parts.", [Fault("/hash", "number and hash go together", "both or neither")])
    anchor = None if number is None or hash is None else verify.Head(number, hash)
    return Verification.model_validate(verify.verify_log(session, anchor))
