"""The Kubernetes API as this connector calls it: lists in pages, as plain dicts, with every refusal in words.

lightkube makes the requests and signs them. The answers are read here: lightkube takes a page apart as a whole, so that one
odd object would cost all others, hides the token that a `410 Gone` hands out, and reads answers of any size.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson

from service.scans import limits
from service.scans.failures import SourceFailure
from service.scans.limits import Busy, patiently, pieces, rest_of
from service.scans.workload_documents import mapping

RESTARTS: Final = 3  # of a list whose pages expire
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class ListKind:
    """A kind of object that can be listed. `custom`: only there where its owner installed it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    custom: bool = False

    @property
    def source(self) -> str:
        """What evidence calls it: `kubernetes:apps/v1/deployments`."""
        return "kubernetes:" + "/".join(part for part in (self.group, self.version, self.plural) if part)


class Api:
    """One API server."""

    def __init__(self, url: str, *, token: str | None, ca_file: Path | None, page: int) -> None:
        try:
            from lightkube.config.client_adapter import ConnectionParams
            from lightkube.config.kubeconfig import KubeConfig
            from lightkube.config.models import Cluster, User
            from lightkube.core.generic_client import GenericSyncClient
        except ImportError as error:
            raise SourceFailure("lightkube is not installed: pip install 'allod[kubernetes]'") from error
        cluster = Cluster(server=url.rstrip("/"), certificate_auth=str(ca_file) if ca_file else None)
        config = KubeConfig.from_one(cluster=cluster, user=User(token=token))
        timeout = httpx2.Timeout(limits.ANSWER_SECONDS, connect=limits.CONNECT_SECONDS)
        try:
            self._client: Any = GenericSyncClient(ConnectionParams(timeout=timeout, trust_env=False), config=config)
        except (OSError, ValueError) as error:
            raise SourceFailure(f"The certificates in {ca_file} cannot be used ({error}).") from error
        self._page = page

    def version(self) -> str:
        """The version of the server, which also shows that it is one.

        Raises:
            SourceFailure: it does not answer, or is no API server.
        """
        from lightkube.core.generic_client import BasicRequest

        found = self._json(BasicRequest("GET", "version")).get("gitVersion")
        if not isinstance(found, str) or not found:
            raise SourceFailure("What answers there is no Kubernetes API server: it tells no version.")
        return found.removeprefix("v")

    def objects(self, kind: ListKind, namespace: str | None) -> Iterator[Any]:
        """All objects of a kind, in one namespace or in all of them. Some may come twice, where the list had to start anew.

        Raises:
            SourceFailure: the list is refused, ends before its end, or is none.
        """
        request = self._client.prepare_request(
            "list",
            _resource(kind),
            namespace=namespace or "*" if kind.namespaced else None,
            params={"limit": self._page},
        )
        restarts = 0
        while True:
            try:
                answer = self._json(request)
            except _Gone as gone:
                # The place in the list is older than the server remembers. It may hand out a token to go on with.
                restarts += 1
                if restarts > RESTARTS:
                    raise
                request.params.pop("continue", None)
                if gone.token:
                    request.params["continue"] = gone.token
                continue
            items = answer.get("items")
            if not isinstance(items, list) and (items is not None or "metadata" not in answer):
                raise SourceFailure(f"GET {request.url} did not answer with a list.")
            yield from items or []
            following = mapping(answer.get("metadata")).get("continue")
            if not following:
                return
            if not isinstance(following, str) or following == request.params.get("continue"):
                raise SourceFailure(f"GET {request.url} answers with pages that have no end.")
            request.params["continue"] = following

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def _json(self, request: Any) -> dict[str, Any]:
        return patiently(lambda: self._once(request))

    def _once(self, request: Any) -> dict[str, Any]:
        called = f"GET {request.url}"
        try:
            with closing(self._client.send(self._client.build_adapter_request(request), stream=True)) as answer:
                content = b"".join(pieces(answer.iter_bytes(), called, answer.status_code))
        except httpx2.TimeoutException as error:
            raise SourceFailure(f"{called} did not answer in time.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise SourceFailure(f"{called} cannot be reached: {str(error).strip() or type(error).__name__}.") from error
        try:
            body = mapping(orjson.loads(content))
        except orjson.JSONDecodeError as error:
            if answer.is_success:
                raise SourceFailure(f"{called} did not answer with JSON ({error}).", answer.status_code) from error
            body = {}
        if not answer.is_success:
            raise _refusal(called, answer, body)
        return dict(body)


class _Gone(SourceFailure):
    def __init__(self, detail: str, token: str | None) -> None:
        super().__init__(detail, _GONE)
        self.token = token


def _refusal(called: str, answer: httpx2.Response, body: Any) -> SourceFailure:
    code = answer.status_code
    # A `Status` says why in its message; anything else that an error answers with is of no use to people.
    why = body.get("message") if body.get("kind") == "Status" else None
    detail = f"{called} answers {code} {answer.reason_phrase}{f': {why}' if isinstance(why, str) and why else ''}."
    if code == _GONE:
        token = mapping(body.get("metadata")).get("continue")
        return _Gone(detail, token if isinstance(token, str) else None)
    if code in limits.BUSY:
        return Busy(detail, code, rest_of(answer.headers))
    return SourceFailure(detail, code)


def _resource(kind: ListKind) -> Any:
    from lightkube.generic_resource import (
        GenericGlobalResource,
        GenericNamespacedResource,
        create_api_info,
    )

    # Not through lightkube's registry: that is one for the whole process, and a name in it cannot be given anew.
    base = GenericNamespacedResource if kind.namespaced else GenericGlobalResource
    information = create_api_info(kind.group, kind.version, kind.kind, kind.plural)
    return type(kind.kind, (base,), {"_api_info": information})
