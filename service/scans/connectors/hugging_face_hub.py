"""The hub, asked with its own client and kept in bounds.

`huggingface_hub` looks for tokens in the environment and in files, follows redirects, waits as long as a server tells it to,
and has no time limit on lists. All of that is switched off where it goes through one door: the transport of its HTTP
client, which speaks to the hub of the settings alone, in bounded time, and answers bounded bodies. Its look-up of who runs
it, part of its telemetry, is switched off as well.
"""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from service.inventory.facts import Kind
from service.scans import limits
from service.scans.connector import Context
from service.scans.connectors.hugging_face_card import Repository
from service.scans.failures import SourceFailure
from service.scans.limits import Busy, patiently, pieces, rest_of
from service.scans.plain_text import line, words

REDIRECTS_MAX: Final = 3  # a repository that was renamed answers from its new name
MISSING: Final = "huggingface_hub, which asks the hub, is not installed: pip install 'allod[huggingface]'"
# The client would try these again, for minutes; it does not get to see them.
_FAILING: Final = (408, 500, 502, 504)
_WORDS: Final = {
    401: "the hub wants to know who asks: there is no such repository, it is private, or the token is not known (401)",
    403: "the token may not see it (403)",
    404: "there is no such repository, or none that the token may see (404)",
}
# What the client raises where an answer lacks what it counts on.
ODD: Final = (AttributeError, KeyError, TypeError, ValueError)
_SHARED: Final = ("author", "cardData", "disabled", "gated", "private", "sha", "siblings", "tags")
_MODEL: Final = (*_SHARED, "evalResults", "gguf", "library_name", "pipeline_tag", "safetensors")


@dataclass(frozen=True, slots=True)
class Unread:
    """A repository that the hub lists and of which it says nothing that can be understood."""

    name: str
    reason: str


class Hub:
    """The client, for one reading."""

    def __init__(self, api: Any, endpoint: str) -> None:
        self._api = api
        self._endpoint = endpoint

    def listed(self, kind: Kind, organisation: str) -> Iterator[Repository | Unread]:
        """All repositories of an organisation.

        Raises:
            SourceFailure: the list cannot be read, or not to its end.
        """
        seen: set[str] = set()
        try:
            for info in self._list(kind, organisation, _fields(kind)):
                found = self._repository(kind, info)
                seen.add(found.name)
                yield found
        except ODD:
            # One odd entry, and the client gives up the whole list.
            yield from self._one_by_one(kind, organisation, seen)

    def _one_by_one(self, kind: Kind, organisation: str, seen: set[str]) -> Iterator[Repository | Unread]:
        try:
            for info in self._list(kind, organisation, ("private",)):
                if (name := str(info.id)) not in seen:
                    yield self._one_of_list(kind, name)
        except ODD as error:
            raise SourceFailure("The hub answers a list that its own client does not understand.") from error

    def one(self, kind: Kind, name: str) -> Repository:
        """The repository called `name`, or called so before.

        Raises:
            SourceFailure: it cannot be read.
        """
        ask = self._api.model_info if kind is Kind.MODEL else self._api.dataset_info
        with _failures():
            try:
                return self._repository(kind, ask(name, expand=list(_fields(kind))))
            except httpx2.HTTPError:
                raise  # some are ValueErrors, too
            except ODD as error:
                raise SourceFailure("the hub answers something that its own client does not understand", 200) from error

    def _one_of_list(self, kind: Kind, name: str) -> Repository | Unread:
        try:
            return self.one(kind, name)
        except SourceFailure as error:
            if error.code is None:
                raise
            return Unread(name, error.detail)

    def _list(self, kind: Kind, organisation: str, fields: Iterable[str]) -> Iterator[Any]:
        ask = self._api.list_models if kind is Kind.MODEL else self._api.list_datasets
        with _failures():
            yield from ask(author=organisation, expand=list(fields))

    def _repository(self, kind: Kind, info: Any) -> Repository:
        card = info.card_data.to_dict() if hasattr(info.card_data, "to_dict") else {}
        name = str(info.id)
        weights = getattr(info, "safetensors", None)
        gguf = getattr(info, "gguf", None)
        total = weights.total if weights else gguf.get("total") if isinstance(gguf, dict) else None
        files = tuple(line(one.rfilename) for one in info.siblings or ())
        prefix = "datasets/" if kind is Kind.DATASET else ""
        return Repository(
            kind,
            name,
            card={str(key): value for key, value in card.items()},
            files=files,
            gated=None if info.gated is None else bool(info.gated),
            private=info.private,
            disabled=info.disabled,
            revision=line(info.sha),
            task=line(getattr(info, "pipeline_tag", None)),
            library=line(getattr(info, "library_name", None)),
            tags=tuple(words(info.tags)),
            parameters=dict(weights.parameters) if weights else {},
            total=total if isinstance(total, int) else None,
            evaluations=tuple(
                (line(one.dataset_id), line(one.task_id), line(one.date))
                for one in getattr(info, "eval_results", None) or ()
            ),
            address=f"{self._endpoint}/{prefix}{name}" if "README.md" in files else "",
        )


@contextmanager
def hub(endpoint: str, token: str | None, ca_file: str | None, context: Context) -> Iterator[Hub]:
    """The hub at `endpoint`.

    Raises:
        SourceFailure: its client is not installed.
    """
    try:
        from huggingface_hub import HfApi, close_session, constants, set_client_factory
    except ImportError as error:
        raise SourceFailure(MISSING) from error
    constants.HF_HUB_DISABLE_TELEMETRY = True
    try:
        verify = ssl.create_default_context(cafile=str(context.path(ca_file)) if ca_file else None)
    except OSError as error:
        raise SourceFailure(f"{ca_file} holds no certificates that can be used ({type(error).__name__}).") from error

    def client() -> httpx2.Client:
        return httpx2.Client(
            transport=Bounded(endpoint, httpx2.HTTPTransport(verify=verify, trust_env=False)),
            follow_redirects=True,
            max_redirects=REDIRECTS_MAX,
            trust_env=False,
        )

    set_client_factory(client)
    try:
        # Without a token, False: None would have one looked for.
        yield Hub(HfApi(endpoint=endpoint, token=token or False, library_name="allod"), endpoint)
    finally:
        close_session()


class Bounded(httpx2.BaseTransport):
    """Speaks to one server, in bounded time, and hands on bounded answers."""

    def __init__(self, endpoint: str, inner: httpx2.BaseTransport) -> None:
        self._home = _origin(endpoint)
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Asks, and asks again where the hub says that it is busy.

        Raises:
            SourceFailure: it leads elsewhere, does not answer, or fails.
        """
        if _origin(str(request.url)) != self._home:
            raise SourceFailure(f"The hub leads to {request.url.host}; other hosts are not followed.", 302)
        timeout = httpx2.Timeout(limits.ANSWER_SECONDS, connect=limits.CONNECT_SECONDS)
        request.extensions = {**request.extensions, "timeout": timeout.as_dict()}
        answer = patiently(lambda: self._once(request))
        if answer.status_code in _FAILING:
            raise SourceFailure(f"The hub answers {answer.status_code} {answer.reason_phrase}.", answer.status_code)
        return answer

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()

    def _once(self, request: httpx2.Request) -> httpx2.Response:
        try:
            answer = self._inner.handle_request(request)
            try:
                content = b"".join(pieces(answer.iter_bytes(), "The hub"))
            finally:
                answer.close()
        except httpx2.TimeoutException as error:
            raise SourceFailure("The hub did not answer in time.") from error
        except httpx2.HTTPError as error:
            raise SourceFailure(f"The hub cannot be reached: {line(str(error)) or type(error).__name__}.") from error
        if answer.status_code in limits.BUSY:
            detail = f"The hub answers {answer.status_code} {answer.reason_phrase}."
            raise Busy(detail, answer.status_code, rest_of(answer.headers))
        gone = {"content-encoding", "content-length", "transfer-encoding"}
        headers = [(key, value) for key, value in answer.headers.multi_items() if key.lower() not in gone]
        return httpx2.Response(answer.status_code, headers=headers, content=content, request=request)


@contextmanager
def _failures() -> Iterator[None]:
    """What the client raises, in words and with the status that it answers."""
    try:
        yield
    except httpx2.HTTPError as error:
        code = getattr(getattr(error, "response", None), "status_code", None)
        if type(error).__name__ == "DisabledRepoError":
            raise SourceFailure("the hub has disabled it", code) from error
        raise SourceFailure(_WORDS.get(code or 0, f"the hub answers {code or type(error).__name__}"), code) from error


def _fields(kind: Kind) -> tuple[str, ...]:
    return _MODEL if kind is Kind.MODEL else _SHARED


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
