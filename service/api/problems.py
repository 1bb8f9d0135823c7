"""Refusals as the caller reads them: RFC 9457 problem details, and never an exception's own text."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.types import Scope

from service.api.schemas.problem import MEDIA_TYPE, Problem, ProblemFault
from service.foundation.errors import Fault, Invalid, ServiceError, Unavailable

# Spelt out: Python's own phrases change from version to version, and a type is for ever.
_BARE = {
    400: ("bad-request", "The request cannot be understood"),
    404: ("not-found", "Nothing is known under this name"),
    405: ("method-not-allowed", "This address is not served with this method"),
    413: ("content-too-large", "The body is too large"),
}
_MEANT = {
    404: "Nothing is served at this address; /openapi.json lists what is.",
    405: "This address is not served with this method; the header Allow names those that are.",
}
_log = structlog.get_logger(__name__)


def problem(
    scope: Scope,
    *,
    slug: str,
    status: int,
    title: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that says so. Its `type` is `urn:allod:problem:<slug>`, its `instance` the path that was asked."""
    body = Problem(
        type=f"urn:allod:problem:{slug}",
        title=title,
        status=status,
        detail=detail,
        instance=scope["path"],
        request_id=scope.get("state", {}).get("request_id"),
        errors=[ProblemFault(**fault.as_dict()) for fault in faults] or None,
    )
    extra = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = 'Bearer realm="allod"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra.setdefault("Retry-After", "1")
    return Response(body.model_dump_json(exclude_none=True), status, extra, MEDIA_TYPE)


def of_service_error(scope: Scope, error: ServiceError) -> Response:
    """The problem that a room's refusal is."""
    return problem(
        scope, slug=error.slug, status=error.status, title=error.title, detail=error.detail, faults=error.faults
    )


def of_status(scope: Scope, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The problem that a bare HTTP status is, for instance `method-not-allowed`."""
    slug, title = _BARE.get(status, (f"http-{status}", "The request cannot be answered"))
    return problem(scope, slug=slug, status=status, title=title, detail=detail, headers=headers)


def unexpected(scope: Scope) -> Response:
    """The problem of a fault of the service itself. What happened stands in the log under the request's id."""
    return problem(
        scope,
        slug="internal-error",
        status=500,
        title="The service failed",
        detail="This is a fault of the service, not of the request. Its log tells more under this request_id.",
    )


async def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)  # noqa: S101 -- Starlette's signature is wider than its use
    return of_service_error(request.scope, error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- likewise
    detail = _MEANT.get(error.status_code, error.detail)
    return of_status(request.scope, error.status_code, detail, error.headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- likewise
    faults = [_fault(one["loc"], one["type"], one["msg"]) for one in error.errors()]
    return of_service_error(request.scope, Invalid("The request is not what the contract asks for.", faults))


def _fault(place: Sequence[str | int], kind: str, message: str) -> Fault:
    if kind == "json_invalid":
        return Fault("", f"the body is not JSON from character {place[-1]} on", "a JSON document")
    where, *inside = place
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in inside)
    return Fault(pointer, f"{where}: {message[:1].lower()}{message[1:]}")


async def _no_database(request: Request, error: Exception) -> Response:
    _log.error("database.unavailable", error=type(error).__name__, reason=str(getattr(error, "orig", error))[:500])
    detail = "The database did not carry this out: it is unreachable or too busy. Try again."
    return of_service_error(request.scope, Unavailable(detail))


async def _unstorable(request: Request, error: Exception) -> Response:
    # What rooms let through and the database refuses: a NUL in a text, a number beyond 64 bits.
    _log.warning("database.refused_value", reason=str(getattr(error, "orig", error))[:500])
    return of_service_error(request.scope, Invalid("A value of the request cannot be stored."))


def install(app: FastAPI) -> None:
    """Has `app` answer every refusal as a problem. What is nobody's refusal is caught in `requests.py`."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(exc.OperationalError, _no_database)
    app.add_exception_handler(exc.TimeoutError, _no_database)
    app.add_exception_handler(exc.DataError, _unstorable)
