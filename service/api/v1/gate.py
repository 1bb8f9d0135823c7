"""The gate: one synchronous answer on a candidate."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from service.api.dependencies import GateCaller, SessionDep, WorkspaceName, workspace_of
from service.api.ground import GroundDep
from service.api.schemas.gate import GateAnswer, VerdictBody
from service.foundation import clock
from service.gate import candidate
from service.gate.check import Question, check

router = APIRouter(tags=["gate"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["candidate"],
                    "properties": {"candidate": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
                }
            },
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


async def _raw(request: Request) -> bytes:
    return await request.body()


@router.post("/gate", operation_id="ask_gate", openapi_extra=_BODY)
def ask_gate(
    body: Annotated[bytes, Depends(_raw)],
    principal: GateCaller,
    session: SessionDep,
    ground: GroundDep,
    workspace: WorkspaceName = None,
    point: Annotated[Literal["ci", "admission", "api"], Query(description="Enforcement point that asks")] = "ci",
    as_of: Annotated[date | None, Query(description="Judge as things stood on this day; default today")] = None,
) -> GateAnswer:
    """May this ship? The candidate is laid over the live inventory; nothing is saved but the decision."""
    home = workspace_of(principal, session, workspace)
    candidates = candidate.read(body, home.name)
    question = Question(home, candidates, as_of or clock.today(), point)
    return GateAnswer(decision=VerdictBody.of(check(session, ground, question, principal.actor)))
