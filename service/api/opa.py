"""`/v1/data/allod/gate`: the gate as a policy of OPA, so that whatever asks an OPA server can ask Allod.

Path and answers are OPA's: `{"result": …, "decision_id": …}`, `{}` for a path that leads nowhere or without any `input`, and
errors as `{"code", "message"}` with 400, 401 or 500. What could not be decided is a 500 and never a result: a client that
finds no `deny` in an answer takes that for a yes.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import exc

from service.api import asking
from service.api.dependencies import bearer, principal_of, workspace_of
from service.api.ground import make as make_ground
from service.api.schemas.admission import AdmissionReview
from service.auth.principals import Forbidden, Unauthenticated
from service.auth.roles import Permission
from service.foundation import canonical
from service.foundation.database import unit_of_work
from service.foundation.errors import Fault, Invalid, ServiceError, Unavailable
from service.gate import admission, opa
from service.gate.admission_file import AdmissionFile
from service.gate.reading.parts import File, Ignored, Options, Place, Reading, Type
from service.gate.reading.read import read

PATH: Final = "/v1/data/allod/gate"
_POINTS: Final = ("ci", "admission", "api")
_NO_INPUT: Final = {"code": "api_usage_warning", "message": "'input' key missing from the request"}

router = APIRouter(
    tags=["gate"],
    responses={
        "4XX": {"description": "`{code, message, errors}`, as OPA says that the question or the token is wrong"},
        "5XX": {"description": "`{code, message}`: nothing was decided"},
    },
)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """What the address of a request says beside its path."""

    workspace: str | None
    point: str
    pretty: bool
    metrics: bool


def _flag(value: str | None) -> bool:
    return value is not None and value.lower() not in {"false", "0"}


async def _asking(
    workspace: Annotated[str | None, Query(description="A workspace; else the token's own")] = None,
    point: Annotated[str, Query(description="Enforcement point that asks: ci, admission or api")] = "api",
    pretty: Annotated[str | None, Query(description="Write the answer on many lines")] = None,
    metrics: Annotated[str | None, Query(description="Tell how long it took")] = None,
) -> Asking:
    return Asking(workspace, point, _flag(pretty), _flag(metrics))


async def _raw(request: Request) -> bytes:
    return await request.body()


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
AskingDep = Annotated[Asking, Depends(_asking)]
_BODY: Final = {
    "requestBody": {
        "content": {"application/json": {"schema": {"type": "object", "properties": {"input": {}}}}},
    }
}


@router.post(PATH, summary="The gate as a document of OPA", openapi_extra=_BODY)
async def ask_as_opa(
    request: Request, asking_: AskingDep, credentials: Credentials, body: Annotated[bytes, Depends(_raw)]
) -> Response:
    """Judges `input` and answers allow, verdict, deny, warn, undecided, reasons, missing, ignored and decision_id."""
    return await _respond(request, asking_, credentials, "", body)


@router.post(f"{PATH}/{{path:path}}", summary="A part of the gate's document of OPA", openapi_extra=_BODY)
async def ask_part_as_opa(
    request: Request, path: str, asking_: AskingDep, credentials: Credentials, body: Annotated[bytes, Depends(_raw)]
) -> Response:
    """Judges `input` and answers what stands under the path, for instance `allow`; `{}` where nothing does."""
    return await _respond(request, asking_, credentials, path, body)


@router.get(PATH, summary="The gate as a document of OPA, asked by address")
async def see_as_opa(
    request: Request,
    asking_: AskingDep,
    credentials: Credentials,
    input: Annotated[str | None, Query(description="The input, as JSON")] = None,
) -> Response:
    """As with POST; without an input nothing is judged, and there is no result."""
    return await _respond(request, asking_, credentials, "", _body_of(input))


@router.get(f"{PATH}/{{path:path}}", summary="A part of the gate's document of OPA, asked by address")
async def see_part_as_opa(
    request: Request,
    path: str,
    asking_: AskingDep,
    credentials: Credentials,
    input: Annotated[str | None, Query(description="The input, as JSON")] = None,
) -> Response:
    """As with POST; without an input nothing is judged, and there is no result."""
    return await _respond(request, asking_, credentials, path, _body_of(input))


def _body_of(text: str | None) -> bytes:
    return b"" if text is None else b'{"input":' + text.encode("utf-8", "surrogatepass") + b"}"


async def _respond(
    request: Request, asked: Asking, credentials: HTTPAuthorizationCredentials | None, path: str, body: bytes
) -> Response:
    begun = time.perf_counter_ns()
    steps = [step for step in path.split("/") if step]

    def work(over: threading.Event) -> tuple[int, dict[str, Any]]:
        return _answered(request, asked, credentials, steps, body, over)

    try:
        status, content = await asking.in_time(request.app.state.settings.gate_seconds, work)
    except Unavailable as refusal:
        status, content = 500, {"code": "internal_error", "message": refusal.detail}
    if asked.metrics and status == 200:
        content["metrics"] = {"timer_server_handler_ns": time.perf_counter_ns() - begun}
    option = orjson.OPT_INDENT_2 if asked.pretty else 0
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(orjson.dumps(content, option=option), status, headers, media_type="application/json")


def _answered(
    request: Request,
    asked: Asking,
    credentials: HTTPAuthorizationCredentials | None,
    steps: list[str],
    body: bytes,
    over: threading.Event,
) -> tuple[int, dict[str, Any]]:
    """Status and body, whatever happens."""
    try:
        return 200, _answer(request, asked, credentials, steps, body, over)
    except (Unauthenticated, Forbidden) as refusal:
        return 401, {"code": "unauthorized", "message": refusal.detail}
    except ServiceError as refusal:
        if refusal.status >= 500:
            return 500, {"code": "internal_error", "message": refusal.detail}
        errors = [
            {"code": "invalid_parameter", "message": str(fault), "location": {"file": fault.file, "row": fault.line}}
            for fault in refusal.faults
        ]
        return 400, {"code": "invalid_parameter", "message": refusal.detail, **({"errors": errors} if errors else {})}
    except exc.SQLAlchemyError as error:
        _log.error("database.unavailable", error=type(error).__name__, reason=str(getattr(error, "orig", error))[:500])
        return 500, {"code": "internal_error", "message": "The database did not carry this out. Try again."}


def _answer(
    request: Request,
    asked: Asking,
    credentials: HTTPAuthorizationCredentials | None,
    steps: list[str],
    body: bytes,
    over: threading.Event,
) -> dict[str, Any]:
    state = request.app.state
    principal = principal_of(request, state.engine, credentials)
    principal.demand(Permission.GATE)
    if asked.point not in _POINTS:
        fault = Fault("/point", f"{asked.point[:60]!r} is no enforcement point", f"one of {', '.join(_POINTS)}")
        raise Invalid("The question cannot be understood.", [fault])
    document = _input(body)
    if document is opa.UNDEFINED:
        return {"warning": _NO_INPUT}
    if steps and steps[0] not in opa.KEYS:
        return {}
    readings = _read(document, state.admission)
    with unit_of_work(state.engine) as session:
        home = workspace_of(principal, session, asked.workspace)
        ground = make_ground(request.app, state.settings)
        decision = asking.decide(session, ground, home, readings, asked.point, principal.actor)
        if decision["undecided"]:
            told = "; ".join(one["message"] for one in decision["reasons"] if one["outcome"] == "error")
            raise Undecided(f"A rule could not run, so nothing is decided: {told}")
        if over.is_set():
            raise Unavailable("The time was over before the decision could be kept.")
    found = opa.at(opa.result(decision), steps)
    answer = {} if found is opa.UNDEFINED else {"result": found}
    return {**answer, "decision_id": decision["id"]} if decision["id"] else answer


class Undecided(ServiceError):
    """A rule could not run."""

    slug = "undecided"
    status = 500
    title = "Nothing was decided"


def _input(body: bytes) -> Any:
    """The `input` of a request, `UNDEFINED` where there is none.

    Raises:
        Invalid: the body is no JSON object.
    """
    if not body.strip():
        return opa.UNDEFINED
    try:
        whole = canonical.decode(body)
    except ValueError as error:
        raise Invalid("The body is not JSON.", [Fault("", "is not JSON", 'an object: {"input": …}')]) from error
    if not isinstance(whole, Mapping):
        raise Invalid("The body is no object.", [Fault("", "is no object", '{"input": …}')])
    return whole.get("input", opa.UNDEFINED)


def _read(document: Any, file: AdmissionFile) -> list[Reading]:
    options = Options(file.cluster, file.provider, file.everything)
    if isinstance(document, Mapping) and document.get("kind") == admission.KIND:
        asked = AdmissionReview.of(document).asked()
        found = admission.sort(
            asked, AdmissionFile(cluster=file.cluster, workspace="any", controllers=file.controllers)
        )
        if isinstance(found, admission.Answer):
            why = found.message or found.annotations["verdict"]
            return [Reading(Type.KUBERNETES, ignored=(Ignored(f"review {asked.uid}", why, Place(opa.NAME)),))]
        return read([File(opa.NAME, canonical.encode(found.document))], Type.KUBERNETES, options)
    given = opa.given(document)
    return read(given.files, given.type, options)
