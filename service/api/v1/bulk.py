"""Bulk: manifests as NDJSON in, one line of answer for each in the same order.

Lines are taken in batches, each its own short transaction, so that neither memory nor a lock grows with the file. Answers
wait in a spool, on disk once they are many, until the whole input is read: a client that sends everything before it reads
anything would otherwise block against a server that does the opposite.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine

from service.api.dependencies import EngineDep, Registrar, wake
from service.api.v1.assets import writable
from service.auth.principals import Principal
from service.foundation import canonical
from service.foundation.database import unit_of_work
from service.foundation.errors import Fault, Invalid, ServiceError
from service.inventory import ingest, manifest, workspaces
from service.inventory.facts import Observation

router = APIRouter(tags=["inventory"])

BATCH = 1000  # lines in one transaction
LINE_MAX = 2**20  # bytes of one manifest
BODY_MAX = 4 * 2**30
_SPOOL = 2**20  # bytes of answers kept in memory
_NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class _Request:
    request: Request
    bind: Engine
    principal: Principal
    workspace: str
    dry_run: bool
    managed_by: str | None


@router.post(
    "/assets:bulk",
    operation_id="bulk_assets",
    response_class=StreamingResponse,
    responses={200: {"content": {_NDJSON: {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": {_NDJSON: {"schema": {"type": "string"}}}}},
)
async def bulk_assets(
    request: Request,
    principal: Registrar,
    bind: EngineDep,
    workspace: Annotated[str | None, Query(max_length=63, description="For lines that name none")] = None,
    dry_run: Annotated[bool, Query(description="Answer what would happen, and write nothing")] = False,
    managed_by: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Marks all assets as applied by this name")
    ] = None,
) -> StreamingResponse:
    """Manifests in, one a line; one bad line is refused alone and the rest goes in."""
    home = workspace or principal.workspace or workspaces.DEFAULT
    asked = _Request(request, bind, principal, home, dry_run, managed_by)
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 -- closed by who reads it out
    batch: list[tuple[int, bytes | None]] = []
    number = 0
    async for line in _lines(request.stream()):
        number += 1
        if line is not None and not line.strip():
            continue
        batch.append((number, line))
        if len(batch) >= BATCH:
            await run_in_threadpool(_answer, asked, batch, spool)
            batch = []
    if batch:
        await run_in_threadpool(_answer, asked, batch, spool)
    return StreamingResponse(_read_out(spool), media_type=_NDJSON)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes | None]:
    """Lines of a stream; None for one that is longer than a manifest may be, whose bytes are let go."""
    rest, overlong = b"", False
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield None if overlong or len(line) > LINE_MAX else line
            overlong = False
        if len(rest) > LINE_MAX:
            rest, overlong = b"", True
    if rest or overlong:
        yield None if overlong else rest


def _answer(asked: _Request, batch: list[tuple[int, bytes | None]], spool: IO[bytes]) -> None:
    answers: dict[int, dict[str, Any]] = {}
    by_workspace: dict[str, list[tuple[int, Observation]]] = {}
    for number, line in batch:
        try:
            observation = _observation(asked, line)
        except ServiceError as refusal:
            answers[number] = _refused(number, _ref_of(line), refusal)
        else:
            by_workspace.setdefault(observation.workspace, []).append((number, observation))
    for name, numbered in by_workspace.items():
        try:
            recorded = _record(asked, name, [observation for _, observation in numbered])
        except ServiceError as refusal:
            answers |= {number: _refused(number, observation.ref, refusal) for number, observation in numbered}
        else:
            answers |= {
                number: {"ref": one.ref, "status": one.status.value, "revision": one.revision}
                for (number, _), one in zip(numbered, recorded, strict=True)
            }
    spool.write(b"".join(canonical.encode(answers[number]) + b"\n" for number, _ in batch))


def _observation(asked: _Request, line: bytes | None) -> Observation:
    if line is None:
        raise Invalid("The line is too long.", [Fault("", f"has more than {LINE_MAX} bytes", "one manifest a line")])
    try:
        document = canonical.decode(line)
    except ValueError as error:
        raise Invalid("The line is not JSON.", [Fault("", str(error), "one manifest a line, as JSON")]) from error
    if asked.managed_by and isinstance(document, dict):
        document = {**document, "managed_by": asked.managed_by}
    return manifest.observation(document, workspace=asked.workspace)


def _record(asked: _Request, workspace: str, observations: list[Observation]) -> list[ingest.Recorded]:
    with unit_of_work(asked.bind) as session:
        target = writable(asked.principal, session, workspace)
        recorded = ingest.record(session, target, observations, asked.principal.actor, dry_run=asked.dry_run)
        if asked.dry_run:
            session.rollback()
    wake(asked.request, session)
    return recorded


def _refused(number: int, ref: str | None, refusal: ServiceError) -> dict[str, Any]:
    return {
        "ref": ref,
        "status": "refused",
        "line": number,
        "error": {
            "type": f"urn:allod:problem:{refusal.slug}",
            "detail": refusal.detail,
            "errors": [fault.as_dict() for fault in refusal.faults],
        },
    }


def _ref_of(line: bytes | None) -> str | None:
    """What a refused line seems to be about."""
    try:
        document = canonical.decode(line or b"")
    except ValueError:
        return None
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("kind"), str)
        or not isinstance(document.get("name"), str)
    ):
        return None
    return f"{document['kind']}:{document['name']}"[:300]


def _read_out(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        spool.seek(0)
        while chunk := spool.read(2**16):
            yield chunk
