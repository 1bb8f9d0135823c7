"""HTTP for connectors: one host, no redirects, time limits everywhere, answers of bounded size, errors in words."""

import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx2
import orjson

from service.scans.failures import SourceFailure

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0  # between two pieces of an answer
WHOLE_SECONDS: Final = 120.0  # for one answer, however slowly it drips
BODY_MAX: Final = 64 * 2**20  # bytes of one answer
TRIES: Final = 3
REST_MAX: Final = 5.0  # seconds; a server may ask for more, a scan does not wait longer


class Http:
    """A client of one server. Paths are relative to its base URL."""

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None, ca_file: Path | None = None) -> None:
        self.url = url.rstrip("/")
        verify: bool | ssl.SSLContext = True
        if ca_file is not None:
            verify = ssl.create_default_context(cafile=str(ca_file))
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"User-Agent": "allod", **(headers or {})},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            verify=verify,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def json(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """The JSON that the server answers.

        Raises:
            SourceFailure: no answer, an error, a redirect, too large an answer, or no JSON.
        """
        content = self.content(method, path, params=params, body=body)
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise SourceFailure(f"{self._called(method, path)} did not answer with JSON ({error}).") from error

    def content(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> bytes:
        """The bytes that the server answers with success. Asks again where the server says that it is busy.

        Raises:
            SourceFailure: no answer, an error, a redirect, or too large an answer.
        """
        for _ in range(TRIES - 1):
            try:
                return self._once(method, path, params, body)
            except _Busy as busy:
                time.sleep(busy.rest)
        return self._once(method, path, params, body)

    def _once(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> bytes:
        called = self._called(method, path)
        try:
            with self._client.stream(method, path, params=dict(params or {}), json=body) as answer:
                if answer.is_redirect:
                    where = urlsplit(answer.headers.get("location", "")).hostname or "another address"
                    raise SourceFailure(
                        f"{called} redirects to {where}; redirects are not followed.", answer.status_code
                    )
                content = _bounded(answer, called)
        except httpx2.TimeoutException as error:
            raise SourceFailure(f"{called} did not answer in time.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise SourceFailure(f"{called} cannot be reached: {str(error).strip() or type(error).__name__}.") from error
        if answer.status_code in (429, 503):
            raise _Busy(f"{called} answers {answer.status_code}: it is busy.", answer.status_code, _rest(answer))
        if not answer.is_success:
            raise SourceFailure(f"{called} answers {answer.status_code} {answer.reason_phrase}.", answer.status_code)
        return content

    def _called(self, method: str, path: str) -> str:
        parts = urlsplit(self.url)
        return f"{method} {parts.hostname}{parts.path}{path if path.startswith('/') else '/' + path}"


class _Busy(SourceFailure):
    def __init__(self, detail: str, code: int, rest: float) -> None:
        super().__init__(detail, code)
        self.rest = rest


def _rest(answer: httpx2.Response) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), REST_MAX) if asked.isdecimal() else 1.0


def _bounded(answer: httpx2.Response, called: str) -> bytes:
    deadline = time.monotonic() + WHOLE_SECONDS
    pieces, size = [], 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > BODY_MAX:
            raise SourceFailure(f"{called} answers with more than {BODY_MAX} bytes.", answer.status_code)
        if time.monotonic() > deadline:
            raise SourceFailure(f"{called} did not end its answer within {WHOLE_SECONDS:.0f} s.", answer.status_code)
        pieces.append(piece)
    return b"".join(pieces)
