"""The OPA server, through opa-python-client: the reference, and what production uses.

No request ever sees half a bundle. Each bundle lies under a root of its own (`allod` becomes `allod_<16 hex digits>`), is
uploaded in the order in which it compiles with the entry points last, and is asked only after its revision was read back;
the revision is defined only while all of its modules are there, and every answer carries it. A server that lost a bundle
(restart, another replica's cleaning) gets it again, once per request. Nothing here ever falls back to another engine.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import requests
from opa_client import OpaClient
from opa_client.errors import DeletePolicyError, RegoParseError

from service.engine import entry as entries
from service.engine.modules import ROOT, moved
from service.engine.protocol import Bundle, EngineFailure, FailureKind
from service.foundation import canonical
from service.foundation.patience import within

CONNECT_SECONDS = 3.0
REVISIONS_KEPT = 4
GRACE_SECONDS = 600.0
_STRICT = {
    "strict-builtin-errors": "true"
}  # otherwise a failing built-in is undefined, and a violation rule fails open
_ABOUT_MODULES = frozenset({"invalid_parameter", "resource_not_found"})

Answer = TypeVar("Answer")


@dataclass
class _Active:
    bundle: Bundle
    uploads: list[tuple[str, str]]  # id on the server, text
    used: float


class OpaEngine:
    """An `Engine` on an OPA server. Safe to use from several threads.

    Args:
        url: `http(s)://host:port`, without a path.
        token: bearer token, where the server wants one.
        timeout: seconds until a request is given up: without a byte of answer, and for the whole of it.
        grace: seconds for which a bundle that nobody asks any more stays on the server.
    """

    def __init__(
        self, url: str, *, token: str | None = None, timeout: float = 20.0, grace: float = GRACE_SECONDS
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(f"not the URL of an OPA server (http(s)://host:port): {url}")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._url, self._timeout, self._grace = url, timeout, grace
        # The client repeats failed GET, PUT and DELETE on its own; whether to ask again is decided here instead.
        self._client = OpaClient(
            host=host,
            port=parts.port or (443 if parts.scheme == "https" else 80),
            ssl=parts.scheme == "https",
            token=token,
            retries=0,
            timeout=(CONNECT_SECONDS, timeout),
        )
        self._active: OrderedDict[str, _Active] = OrderedDict()
        self._lock = threading.Lock()  # guards the table of active bundles
        self._uploading = threading.Lock()  # one upload at a time: each makes OPA compile everything anew
        self._version = ""

    @property
    def name(self) -> str:
        """`opa` and the version that the server last stated."""
        return f"opa {self._version}".strip()

    def activate(self, bundle: Bundle) -> None:
        """Uploads the bundle and reads its revision back, unless that was done before."""
        if self._touch(bundle.digest) is None:
            with self._uploading:
                if self._touch(bundle.digest) is None:
                    with _plain(bundle.digest):
                        self._upload(bundle)
                    self._clean()

    def query(self, digest: str, entry: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        """One report for each document; see `entry.py`."""
        active = self._touch(digest)
        if active is None:
            raise EngineFailure(FailureKind.REVISION, f"revision {digest[:16]} is not active")
        try:
            canonical.encode(documents)  # what one engine cannot read, the other must not judge
        except TypeError as error:
            raise EngineFailure(FailureKind.EVALUATION, f"a document is no JSON: {error}") from error
        path = entries.answer_path(entry, _root(digest))
        with _plain(digest):
            answer = self._ask(path, {"documents": list(documents)})
            if answer is None:
                self._restore(active.bundle)
                answer = self._ask(path, {"documents": list(documents)})
        return entries.reports_in(answer, digest, len(documents))

    def close(self) -> None:
        """Closes the connections; the server keeps the bundles."""
        self._client.close_connection()

    def _touch(self, digest: str) -> _Active | None:
        with self._lock:
            active = self._active.get(digest)
            if active is not None:
                active.used = time.monotonic()
                self._active.move_to_end(digest)
            return active

    def _restore(self, bundle: Bundle) -> None:
        """Uploads again what the server lost, unless another thread has done so meanwhile."""
        with self._uploading:
            if self._ask(entries.revision_path(_root(bundle.digest)), {}) != bundle.digest:
                self._upload(bundle)

    def _upload(self, bundle: Bundle) -> None:
        prepared = entries.prepare(bundle)
        root = _root(bundle.digest)
        uploads = [(f"{root}/{m.path}", moved(m.text, root)) for m in prepared.modules]
        try:
            for name, text in uploads:
                self._call(partial(self._client.update_policy_from_string, text, name, rego_compat=False))
            revision = self._ask(entries.revision_path(root), {})
        except EngineFailure:
            self._remove(uploads)
            raise
        if revision != bundle.digest:
            raise EngineFailure(
                FailureKind.REVISION, f"uploaded revision {bundle.digest[:16]}, the server has {revision}"
            )
        with self._lock:
            self._active[bundle.digest] = _Active(bundle, uploads, time.monotonic())

    def _clean(self) -> None:
        """Removes the bundles that were not asked for the grace, but for the few used last."""
        with self._lock:
            spare = list(self._active.items())[:-REVISIONS_KEPT]
            old = [digest for digest, active in spare if time.monotonic() - active.used > self._grace]
            removed = [self._active.pop(digest) for digest in old]
        for active in removed:
            self._remove(active.uploads)

    def _remove(self, uploads: list[tuple[str, str]]) -> None:
        """Takes modules off the server, the entry points first; what is not there, or cannot go now, is left."""
        for name, _ in reversed(uploads):
            try:
                self._call(partial(self._client.delete_policy, name))
            except EngineFailure as failure:
                if failure.kind in {FailureKind.UNREACHABLE, FailureKind.TIMEOUT}:
                    return

    def _ask(self, path: str, document: dict[str, Any]) -> Any:
        """The value at a path, None where it is undefined."""
        parameters = {**_STRICT, "provenance": "true"}
        answer = self._call(partial(self._client.query_rule, document, path, query_params=parameters))
        if not isinstance(answer, dict):
            raise EngineFailure(FailureKind.UNREACHABLE, f"{self._url} does not answer like an OPA server")
        provenance = answer.get("provenance")
        if isinstance(provenance, dict):
            self._version = str(provenance.get("version", ""))
        return answer.get("result")

    def _call(self, request: Callable[[], Answer]) -> Answer:
        """Carries a request out, again where a kept connection turned out to be dead; failures in our own words."""
        seconds = CONNECT_SECONDS + self._timeout
        try:
            try:
                return within(seconds, request)
            except requests.exceptions.ConnectionError as error:
                if "timed out" in str(error):
                    raise
                return within(seconds, request)
        except TimeoutError as error:
            raise EngineFailure(FailureKind.TIMEOUT, f"OPA did not end its answer within {seconds:g} s") from error
        except (requests.exceptions.Timeout, requests.exceptions.ConnectionError) as error:
            if "Read timed out" in str(error):  # with PUT it comes wrapped as a failed repetition
                raise EngineFailure(FailureKind.TIMEOUT, f"OPA gave no answer within {self._timeout:g} s") from error
            raise EngineFailure(FailureKind.UNREACHABLE, f"no OPA server at {self._url}: {_cause(error)}") from error
        except requests.exceptions.HTTPError as error:
            raise _refusal(cast("requests.Response", error.response), self._url) from error
        except (RegoParseError, DeletePolicyError) as error:
            kind = FailureKind.REFUSED if error.expression in _ABOUT_MODULES else FailureKind.UNREACHABLE
            raise EngineFailure(kind, _details(error.message, getattr(error, "errors", None))) from error
        except (requests.exceptions.RequestException, ValueError, AttributeError) as error:
            # The client reads bodies without looking: what is no JSON object surfaces as one of these.
            raise EngineFailure(
                FailureKind.UNREACHABLE, f"{self._url} does not answer like an OPA server: {_cause(error)}"
            ) from error


def _root(digest: str) -> str:
    return f"{ROOT}_{digest[:16]}"


@contextmanager
def _plain(digest: str) -> Iterator[None]:
    """Lets failures speak of modules as their authors know them, not as they are named on the server."""
    try:
        yield
    except EngineFailure as failure:
        root = _root(digest)
        message = failure.message.replace(f"{root}/", "").replace(root, ROOT)
        raise EngineFailure(failure.kind, message) from failure


def _cause(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]


def _details(message: Any, errors: Any) -> str:
    """OPA's message with its list of errors, each with its place."""
    told = []
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            place = error.get("location") or {}
            where = f"{place.get('file')}:{place.get('row')}: " if isinstance(place, dict) and place.get("file") else ""
            told.append(f"{where}{error.get('message')}")
    return "; ".join(told[:20]) or str(message)


def _refusal(response: requests.Response, url: str) -> EngineFailure:
    """What an HTTP error means: the client raises it bare, OPA's own words are in its body."""
    try:
        body = response.json()
        code, message = body["code"], _details(body.get("message"), body.get("errors"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return EngineFailure(
            FailureKind.UNREACHABLE, f"{url} answered {response.status_code}, and not like an OPA server"
        )
    if response.status_code in {401, 403, 429, 502, 503, 504}:
        return EngineFailure(FailureKind.UNREACHABLE, f"OPA answered {response.status_code}: {message}")
    return EngineFailure(FailureKind.EVALUATION, f"{message} ({code})"[:500])
