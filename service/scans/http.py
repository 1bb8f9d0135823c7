"""HTTP for connectors: one host, no redirects, time limits everywhere, answers of bounded size, errors in words."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import orjson

from service.scans import limits
from service.scans.failures import SourceFailure
from service.scans.limits import Busy, patiently, pieces, rest_of


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
            timeout=httpx2.Timeout(limits.ANSWER_SECONDS, connect=limits.CONNECT_SECONDS),
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
        return patiently(lambda: self._once(method, path, params, body))

    def _once(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> bytes:
        called = self._called(method, path)
        try:
            with self._client.stream(method, path, params=dict(params or {}), json=body) as answer:
                if answer.is_redirect:
                    where = urlsplit(answer.headers.get("location", "")).hostname or "another address"
                    raise SourceFailure(
                        f"{called} redirects to {where}; redirects are not followed.", answer.status_code
                    )
                content = b"".join(pieces(answer.iter_bytes(), called, answer.status_code))
        except httpx2.TimeoutException as error:
            raise SourceFailure(f"{called} did not answer in time.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise SourceFailure(f"{called} cannot be reached: {str(error).strip() or type(error).__name__}.") from error
        if answer.status_code in limits.BUSY:
            detail = f"{called} answers {answer.status_code}: it is busy."
            raise Busy(detail, answer.status_code, rest_of(answer.headers))
        if not answer.is_success:
            raise SourceFailure(f"{called} answers {answer.status_code} {answer.reason_phrase}.", answer.status_code)
        return content

    def _called(self, method: str, path: str) -> str:
        parts = urlsplit(self.url)
        return f"{method} {parts.hostname}{parts.path}{path if path.startswith('/') else '/' + path}"
