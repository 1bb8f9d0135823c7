"""The command line's way to a server: one bearer token, time limits, and every failure as a typed refusal.

No call returns anything but a success. What the server refuses is `Refused` (exit 2 by `failures`), what could not be
asked or answered is `Unreachable` (exit 3): a silence is never taken for a yes.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, NoReturn, Self
from urllib.parse import quote

import httpx2
import orjson
import typer

from service.foundation.errors import Fault, Invalid, ServiceError, Unavailable

DEFAULT_URL: Final = "http://127.0.0.1:8000"
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0
PAGE: Final = 1000

Url = Annotated[str, typer.Option("--url", envvar="ALLOD_URL", help="Where the server is.", show_default=True)]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="A file that holds the token; otherwise ALLOD_TOKEN does.")
]
WorkspaceName = Annotated[str | None, typer.Option("--workspace", "-w", help="Default: the token's own, or `default`.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


class Refused(ServiceError):
    """The server understood and said no. `answer` is its HTTP status."""

    slug = "refused"
    status = 400
    title = "The server refuses this"

    def __init__(self, detail: str, faults: list[Fault], answer: int) -> None:
        super().__init__(detail, faults)
        self.answer = answer


class Unreachable(Unavailable):
    """No answer, or none that a server of this kind gives."""

    slug = "unreachable"
    title = "The server gives no answer"


class Server:
    """A server's REST interface under `/api/v1`, with one token."""

    def __init__(self, url: str, token: str, timeout: float = ANSWER_SECONDS) -> None:
        self.url = url.rstrip("/")
        limits = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "allod-cli"}
        try:
            self._http = httpx2.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=limits)
        except (httpx2.InvalidURL, ValueError) as error:
            raise _not_an_address(url) from error
        if self._http.base_url.scheme not in {"http", "https"} or not self._http.base_url.host:
            raise _not_an_address(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """The server's answer, always a success; `given` is what httpx2 takes (`params`, `json`, `content`, `headers`).

        `path` begins with a slash: without it `assets:bulk` would be an address of scheme `assets`.

        Raises:
            Refused: a 4xx, with the problem's detail and faults.
            Unreachable: no connection, no answer in time, a 5xx, a redirect, or a body that breaks off.
        """
        try:
            answer = self._http.request(method, path, **given)
        except httpx2.TimeoutException as error:
            raise Unreachable(f"{self.url} did not answer in time ({_words(error)}).") from error
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self.url} cannot be reached: {_words(error)}.") from error
        if not answer.is_success:
            self._refuse(answer)
        return answer

    @staticmethod
    def _refuse(answer: httpx2.Response) -> NoReturn:
        detail, faults = _problem(answer)
        if answer.is_client_error:
            raise Refused(detail, faults, answer.status_code)
        raise Unreachable(detail, faults)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The JSON object at `path`; parameters that are None are left out."""
        return as_object(self.ask("GET", path, params=known(params)))

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """The JSON of each server-sent event at `path`, until the server ends the stream.

        Raises:
            Refused: a 4xx. Unreachable: no connection, a 5xx, or a stream that breaks off.
        """
        try:
            with self._http.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                    self._refuse(answer)
                for line in answer.iter_lines():
                    if line.startswith("data:") and isinstance(body := _decoded(line[5:].encode()), dict):
                        yield body
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self.url} breaks off: {_words(error)}.") from error

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every item of a listing, page by page, to the end."""
        cursor: str | None = None
        while True:
            page = self.get(path, **{"limit": PAGE, **params, "cursor": cursor})
            if not isinstance(page.get("items"), list):
                raise Unreachable(f"{self.url} answered {path} without items: is it an Allod server?")
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return


def connect(url: str, token_file: Path | None, timeout: float = ANSWER_SECONDS) -> Server:
    """The server at `url`, with the token of `token_file` or else of `ALLOD_TOKEN`.

    Raises:
        Invalid: there is no token, or it cannot be one.
    """
    try:
        token = token_file.read_text(encoding="utf-8") if token_file else os.environ.get("ALLOD_TOKEN", "")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The token file {token_file} cannot be read: {_words(error)}.") from error
    token = token.strip()
    if not token:
        raise Invalid("There is no token: set ALLOD_TOKEN or name a file with --token-file.")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Invalid("The token holds characters that no token has.")
    return Server(url, token, timeout)


def known(params: dict[str, Any]) -> dict[str, Any]:
    """`params` without those that are None."""
    return {key: value for key, value in params.items() if value is not None}


def asset_path(ref: str) -> str:
    """The path of an asset."""
    return f"/assets/{quote(ref, safe='/:@+')}"


def as_object(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON object that a success holds."""
    body = _decoded(answer.content)
    if not isinstance(body, dict):
        raise Unreachable(f"{answer.url} did not answer with a JSON object: is it an Allod server?")
    return body


def as_objects(answer: httpx2.Response) -> list[dict[str, Any]]:
    """The JSON objects of an NDJSON answer, one a line."""
    bodies = [_decoded(line) for line in answer.content.splitlines() if line.strip()]
    if not all(isinstance(body, dict) for body in bodies):
        raise Unreachable(f"{answer.url} did not answer in JSON lines: is it an Allod server?")
    return bodies


def faults_of(errors: Any, place: Callable[[Fault], Fault] = lambda fault: fault) -> list[Fault]:
    """The faults that a problem's `errors` list, each as `place` puts it."""
    found = []
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, dict) and isinstance(one.get("message"), str):
            expected = one.get("expected")
            number = one.get("document")
            fault = Fault(str(one.get("path", "")), one["message"], str(expected) if expected else None)
            found.append(place(replace(fault, document=number if isinstance(number, int) else None)))
    return found


def _problem(answer: httpx2.Response) -> tuple[str, list[Fault]]:
    body = _decoded(answer.content)
    said = body if isinstance(body, dict) else {}
    detail = said.get("detail") or said.get("title") or f"HTTP {answer.status_code} {answer.reason_phrase}".strip()
    hint = {401: " Is ALLOD_TOKEN right, and not expired?", 403: " The token's role does not cover this."}
    request = said.get("request_id")
    named = f" (request {request})" if request and answer.is_server_error else ""
    return f"{answer.url.host} answers {answer.status_code}: {detail}{hint.get(answer.status_code, '')}{named}", (
        faults_of(said.get("errors"))
    )


def _decoded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _not_an_address(url: str) -> Invalid:
    return Invalid(f"{url!r} is not the address of a server: set ALLOD_URL to http:// or https:// and a host.")


def _words(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__
