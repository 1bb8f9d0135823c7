"""The gate: one synchronous answer on a candidate."""

import threading
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.asking import in_time
from service.api.dependencies import EngineDep, GateCaller, SettingsDep, WorkspaceName, workspace_of
from service.api.ground import GroundDep
from service.api.schemas.gate import GateAnswer
from service.foundation import canonical, clock
from service.foundation.database import unit_of_work
from service.foundation.errors import Unavailable
from service.gate import answer, candidate
from service.gate.check import Question, check
from service.gate.reading.parts import Options, Type

router = APIRouter(tags=["gate"])

_FILES = {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["name", "content"]}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "candidate": {"type": "array", "items": {"type": "object"}},
                        "partial": {"type": "array", "items": {"type": "object", "required": ["type", "manifest"]}},
                        "files": _FILES,
                    },
                }
            },
            "application/yaml": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}
Scope = Annotated[str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the files of a request are read."""

    name: str
    type: Type | None
    options: Options


async def _reading(
    file: Annotated[str, Query(max_length=500, description="What the file in the body is called")] = "",
    type: Annotated[Type | None, Query(description="What the files are; detected where it is not said")] = None,
    cluster: Annotated[Scope, Query(description="The Kubernetes cluster, as its source calls it")] = None,
    provider: Annotated[Scope, Query(description="Whose regions are meant: aws, scaleway, …")] = None,
    everything: Annotated[bool, Query(description="Judge workloads that show nothing of AI, too")] = False,
) -> _Reading:
    return _Reading(file, type, Options(cluster=cluster, provider=provider, everything=everything))


async def _raw(request: Request) -> bytes:
    return await request.body()


@router.post("/gate", operation_id="ask_gate", response_model=GateAnswer, openapi_extra=_BODY)
async def ask_gate(
    body: Annotated[bytes, Depends(_raw)],
    reading: Annotated[_Reading, Depends(_reading)],
    principal: GateCaller,
    bind: EngineDep,
    ground: GroundDep,
    settings: SettingsDep,
    workspace: WorkspaceName = None,
    point: Annotated[Literal["ci", "admission", "api"], Query(description="Enforcement point that asks")] = "ci",
    as_of: Annotated[date | None, Query(description="Judge as things stood on this day; default today")] = None,
) -> Response:
    """May this ship? The candidate is laid over the live inventory; nothing is saved but the decision."""

    def work(over: threading.Event) -> bytes:
        with unit_of_work(bind) as session:
            home = workspace_of(principal, session, workspace)
            given = candidate.read(body, home.name, name=reading.name, type=reading.type, options=reading.options)
            day = as_of or clock.today()
            if given.candidates:
                question = Question(home, given.candidates, day, point)
                decision = check(session, ground, question, principal.actor).decision
            else:
                decision = answer.nothing(workspace=home.name, point=point, as_of=day.isoformat())
            if over.is_set():
                raise Unavailable("The time was over before the decision could be kept.")
        # Written by hand: what was made of our own values need not be checked, copied and taken apart once more.
        return canonical.encode({"decision": answer.located(decision, given.readings)})

    return Response(await in_time(settings.gate_seconds, work), media_type="application/json")
