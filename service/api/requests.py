"""Around every request: its correlation id, its limits, its log line, its metrics, and the last net under it.

Pure ASGI, so that streams stay streams.
"""

import re
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import problems
from service.api.metrics import Metrics
from service.api.openapi import PREFIX
from service.foundation.ids import new_id

HEADER = "X-Request-ID"
BODY_LIMIT = 16 * 2**20  # bytes; a gate candidate of a thousand assets has about one MiB

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = structlog.get_logger(__name__)


class RequestFrame:
    """Names, counts, times and logs each request, and answers 500 where nothing else answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. An `X-Request-ID` of the caller is kept if it is well formed, else there is a fresh one."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _WELL_FORMED.fullmatch(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        begun = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, named_send)
        except Exception:
            _log.exception("request.failed", method=scope["method"], path=scope["path"])
            if status:
                raise  # half an answer is out: the server must break the connection, not end it well
            await problems.unexpected(scope)(scope, receive, named_send)
        finally:
            seconds = time.perf_counter() - begun
            route = route_of(scope)
            self.metrics.observe(scope["method"], route, status, seconds)
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                actor=scope["state"].get("actor"),
            )
            structlog.contextvars.clear_contextvars()


def route_of(scope: Scope) -> str:
    """The template of the route that served, for instance `/api/v1/assets/{ref}`; a path nobody serves has none."""
    template: str = getattr(scope.get("route"), "path", "") or "unmatched"
    # An included router's routes do not know the prefix that they were included under.
    under_prefix = scope["path"].startswith(f"{PREFIX}/") and template.startswith("/")
    return PREFIX + template if under_prefix and not template.startswith(PREFIX) else template


class Limits:
    """Refuses what is too big or cannot be a text: a body over its limit (413), a NUL in the address (400).

    `larger` names the paths that read their body as a stream and may have more of it, in bytes.
    """

    def __init__(self, app: ASGIApp, body_limit: int = BODY_LIMIT, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.body_limit = body_limit
        self.larger = dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await problems.of_status(scope, 400, "The address holds a NUL character.")(scope, receive, send)
            return
        limit = self.larger.get(scope["path"], self.body_limit)
        too_large = f"The body has more than {limit} bytes."
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await problems.of_status(scope, 413, too_large)(scope, receive, send)
            return
        seen = 0

        async def counted_receive() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, too_large)
            return message

        await self.app(scope, counted_receive, send)
