"""Bulk: manifests as NDJSON in, one line of answer for each in the same order.

Lines are taken in batches, each its own short transaction, so that neither memory nor a lock grows with the file; while the
database works on one batch, the next is read and checked. Answers wait in a spool, on disk once they are many, until the
whole input is read: a client that sends everything before it reads anything would otherwise block against a server that
does the opposite.
"""

import tempfile
from asyncio import Task, create_task
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
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
from service.inventory import ingest, manifest, statements, workspaces
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


_Line = tuple[int, bytes | None]  # its number in the input; None where it was too long to keep


@dataclass(frozen=True, slots=True)
class _Batch:
    """Lines that were looked at: `answers` by number to those that were refused, the others by workspace."""

    numbers: list[int]
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    by_workspace: dict[str, list[tuple[int, Observation]]] = field(default_factory=dict)


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
    writing: Task[None] | None = None
    try:
        async for lines in _batches(request.stream()):
            batch = await run_in_threadpool(_checked, asked, lines)
            if writing:
                await writing
            writing = create_task(run_in_threadpool(_answer, asked, batch, spool))
    finally:
        if writing:
            await writing
    return StreamingResponse(_read_out(spool), media_type=_NDJSON)


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[_Line]]:
    """Lines that are not blank, with their numbers, as many at a time as go into one transaction."""
    batch: list[_Line] = []
    number = 0
    async for line in _lines(chunks):
        number += 1
        if line is not None and not line.strip():
            continue
        batch.append((number, line))
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


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


def _checked(asked: _Request, lines: list[_Line]) -> _Batch:
    batch = _Batch([number for number, _ in lines])
    for number, line in lines:
        try:
            observation = _observation(asked, line)
        except ServiceError as refusal:
            batch.answers[number] = _refused(number, _ref_of(line), refusal)
        else:
            batch.by_workspace.setdefault(observation.workspace, []).append((number, observation))
    return batch


def _answer(asked: _Request, batch: _Batch, spool: IO[bytes]) -> None:
    answers = batch.answers
    for name, numbered in batch.by_workspace.items():
        try:
            recorded = _record(asked, name, [observation for _, observation in numbered])
        except ServiceError as refusal:
            answers |= {number: _refused(number, observation.ref, refusal) for number, observation in numbered}
        else:
            answers |= {
                number: {"ref": one.ref, "status": str(one.status), "revision": one.revision}
                for (number, _), one in zip(numbered, recorded, strict=True)
            }
    spool.write(b"".join(canonical.encode(answers[number]) + b"\n" for number in batch.numbers))


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
        recorded = statements.declare(session, target, observations, asked.principal.actor, dry_run=asked.dry_run)
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
