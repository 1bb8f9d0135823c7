"""An OpenStack cloud as the readers of its services see it: the catalogue, and calls that answer or say why not.

The SDK's connection of a region finds the right endpoint and version of a service; the lists are read here, page by page,
because one odd object ends the SDK's own lists.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from service.scans.connector import Context
from service.scans.connectors.openstack_session import api, open_session
from service.scans.connectors.openstack_settings import OpenStackSettings
from service.scans.failures import SourceFailure

RETRIES: Final = 2
PAGE: Final = 500
# 2.69 shows extra specs with flavors and names instances of a cell that is down, which older versions pass over in silence.
# From 2.88 on, Nova would ask every compute node for its uptime.
COMPUTE: Final = "2.69"
PLACEMENT: Final = "1.14"  # trees of resource providers
# Names that a service has had in catalogues, its present one first.
TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "compute": ("compute",),
    "placement": ("placement",),
    "image": ("image",),
    "object-store": ("object-store", "object-storage"),
    "block-storage": ("block-storage", "volumev3", "block-store", "volumev2", "volume"),
}


@dataclass(slots=True)
class Cloud:
    """The session, and what its catalogue offers: services by region."""

    settings: OpenStackSettings
    context: Context
    session: Any = None
    offers: dict[str, set[str]] = field(default_factory=dict)
    project: str = ""

    def sign_in(self) -> None:
        """Gets a token and with it the catalogue.

        Raises:
            SourceFailure: the SDK is not installed, a secret is not there, or Keystone does not let us in.
        """
        self.session = open_session(self.settings, self.context)
        try:
            access = self.session.auth.get_access(self.session)
            catalogue = access.service_catalog.catalog
            self.project = str(access.project_id or "")
        except SourceFailure:
            raise
        except Exception as error:
            raise SourceFailure(f"Keystone does not let this source in: {words(error)}") from error
        for service in filter(_mapping, catalogue if isinstance(catalogue, list) else ()):
            kind = next((name for name, types in TYPES.items() if service.get("type") in types), None)
            endpoints = service.get("endpoints")
            for endpoint in filter(_mapping, endpoints if isinstance(endpoints, list) else ()):
                if endpoint.get("interface") == self.settings.interface:
                    region = str(endpoint.get("region_id") or endpoint.get("region") or "")
                    self.offers.setdefault(region, set()).update({kind} if kind else ())

    def close(self) -> None:
        """Ends the session's connections."""
        if self.session is not None:
            self.session.session.close()

    def region(self, name: str) -> "Region":
        """The services of a region."""
        from openstack.config.cloud_region import from_session
        from openstack.connection import Connection

        retries = {"connect_retries": 1, "status_code_retries": RETRIES, "image_status_code_retries": RETRIES}
        config = from_session(
            self.session,
            name=self.settings.cloud,
            region_name=name,
            app_name="allod",
            interface=self.settings.interface,
            retriable_status_codes=[429, 503],
            **retries,
        )
        return Region(name, self, Connection(config=config))

    def titles(self) -> dict[str, str]:
        """What Keystone says of its regions, by their ids.

        Raises:
            SourceFailure: it does not tell.
        """
        answer = _checked(
            lambda: self.session.get(f"{api(self.settings.auth_url)}/regions", raise_exc=False), "GET /regions"
        )
        listed = _json(answer, "GET /regions").get("regions")
        found = (one for one in listed or () if isinstance(one, Mapping))
        return {str(one.get("id")): " ".join(str(one.get("description") or "").split()) for one in found}


@dataclass(slots=True)
class Region:
    """The services of one region."""

    name: str
    cloud: Cloud
    connection: Any
    silent: dict[str, SourceFailure] = field(default_factory=dict)  # services that did not answer: not waited for again

    def has(self, service: str) -> bool:
        """Whether the catalogue lists the service here."""
        return service in self.cloud.offers.get(self.name, ())

    def get(self, service: str, path: str, *, version: str | None = None, **params: Any) -> Mapping[str, Any]:
        """The JSON object that a service answers.

        Raises:
            SourceFailure: it answers nothing, an error, or something else.
        """
        return _json(self._call("GET", service, path, version, params), f"GET {path}")

    def head(self, service: str, path: str) -> Mapping[str, str]:
        """The headers that a service answers, as UTF-8 texts under lower-case keys.

        Raises:
            SourceFailure: as `get`.
        """
        answer = self._call("HEAD", service, path, None, {})
        return {
            key.lower(): value.encode("latin-1", "replace").decode("utf-8", "replace")
            for key, value in answer.headers.items()
        }

    def listed(self, service: str, path: str, key: str, *, version: str | None = None, **params: Any) -> Iterator[Any]:
        """All objects of a list, page by page: the service's link says where the next begins.

        Raises:
            SourceFailure: as `get`, or the pages do not end.
        """
        seen: set[str] = set()
        marker: str | None = None
        while True:
            body = self.get(
                service, path, version=version, limit=PAGE, **params, **({"marker": marker} if marker else {})
            )
            objects = body.get(key)
            if not isinstance(objects, list):
                raise SourceFailure(f"GET {path} answers without a list of {key}.")
            yield from objects
            marker = _next(body, key)
            if marker is None:
                return
            if marker in seen or not objects:
                raise SourceFailure(f"GET {path} answers the same page again and again.")
            seen.add(marker)
            self.cloud.context.pause()

    def containers(self) -> Iterator[Any]:
        """All containers of the project; Swift's pages are over when one is empty.

        Raises:
            SourceFailure: as `listed`.
        """
        marker = ""
        while True:
            answer = self._call("GET", "object-store", "/", None, {"format": "json", "limit": PAGE, "marker": marker})
            page = [] if answer.status_code == 204 else _parsed(answer, "GET /")
            if not isinstance(page, list):
                raise SourceFailure("GET / answers without a list of containers.")
            yield from page
            names = [one["name"] for one in page if isinstance(one, Mapping) and isinstance(one.get("name"), str)]
            if not names:
                return
            if names[-1] <= marker:
                raise SourceFailure("GET / answers the same page again and again.")
            marker = names[-1]
            self.cloud.context.pause()

    def version(self) -> str | None:
        """The version of Nova's API to ask for: `COMPUTE`, or the newest that it has. None for one without such versions.

        Raises:
            SourceFailure: Nova cannot be reached.
        """
        from openstack.utils import maximum_supported_microversion

        found = self._answered("compute", lambda nova: maximum_supported_microversion(nova, COMPUTE), "GET /")
        return str(found) if found else None

    def _call(self, method: str, service: str, path: str, version: str | None, params: Mapping[str, Any]) -> Any:
        def call(proxy: Any) -> Any:
            return proxy.request(quote(path), method, params=dict(params), microversion=version, raise_exc=False)

        return self._answered(service, call, f"{method} {path}")

    def _answered(self, service: str, call: Callable[[Any], Any], called: str) -> Any:
        if service in self.silent:
            raise self.silent[service]
        try:
            return _checked(lambda: call(getattr(self.connection, service.replace("-", "_"))), called)
        except SourceFailure as error:
            if error.code is None:
                self.silent[service] = error
            raise


def words(error: Exception) -> str:
    """What went wrong, for people."""
    if isinstance(error, SourceFailure):
        return error.detail
    plain = " ".join(str(error).split()).partition(": HTTP")[0]  # what follows repeats it in urllib3's words
    if type(error).__name__ == "NotSupported":
        plain = f"it does not answer, or in no version of its API that is known ({plain})"
    return f"{type(error).__name__}: {plain}"[:500]


def _checked(call: Callable[[], Any], called: str) -> Any:
    try:
        answer = call()
    except SourceFailure:
        raise
    except Exception as error:
        raise SourceFailure(f"{called}: {words(error)}", getattr(error, "http_status", None)) from error
    status = getattr(answer, "status_code", 200)
    if 300 <= status < 400:
        where = urlsplit(answer.headers.get("location", "")).hostname or "another address"
        raise SourceFailure(f"{called} redirects to {where}; redirects are not followed.", status)
    if status >= 400:
        raise SourceFailure(f"{called} answers {status} {answer.reason}{_said(answer)}.", status)
    return answer


def _mapping(one: Any) -> bool:
    return isinstance(one, Mapping)


def _said(answer: Any) -> str:
    """The message that OpenStack's services wrap once, under a name of each one's own."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    inner = next((one for one in body.values() if isinstance(one, Mapping)), body) if isinstance(body, Mapping) else {}
    message = inner.get("message")
    return f" ({' '.join(message.split())[:300].rstrip('.')})" if isinstance(message, str) and message else ""


def _parsed(answer: Any, called: str) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise SourceFailure(f"{called} did not answer with JSON.") from error


def _json(answer: Any, called: str) -> Mapping[str, Any]:
    body = _parsed(answer, called)
    if not isinstance(body, Mapping):
        raise SourceFailure(f"{called} did not answer with a JSON object.")
    return body


def _next(body: Mapping[str, Any], key: str) -> str | None:
    links, following = body.get(f"{key}_links"), body.get("next")
    if isinstance(links, list):
        following = next((one.get("href") for one in filter(_mapping, links) if one.get("rel") == "next"), None)
    found = parse_qs(urlsplit(following).query).get("marker") if isinstance(following, str) else None
    return found[0] if found else None
