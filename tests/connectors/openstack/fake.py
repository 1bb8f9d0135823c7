"""A cloud that answers what a test says, however bad: Keystone lets everybody in, and every service is on the same port."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

SERVICES = {"compute": "nova/v2.1", "image": "glance", "placement": "placement", "object-store": "swift/v1/AUTH_p"}
NOVA = {"id": "v2.1", "status": "CURRENT", "version": "2.96", "min_version": "2.1"}
GLANCE = {"id": "v2.9", "status": "CURRENT"}


@dataclass
class Answer:
    """A status, a body (bytes as they are, all else as JSON) and headers. `hangs` sends nothing until the test is over."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False


Answers = Callable[[str, dict[str, str]], Answer | None]


@dataclass
class Fake:
    """The running cloud: where its Keystone is, what it was asked, and what its catalogue says."""

    url: str
    catalogue: Any
    asked: list[str] = field(default_factory=list)
    token: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that lead here."""
        return {
            "auth_url": f"{self.url}/v3",
            "cloud": "fake",
            "username": "u",
            "password": "env:ALLOD_SECRET_PASSWORD",
            "project": "p",
        }


def catalogue(url: str, services: Mapping[str, str] = SERVICES, region: str = "R") -> list[dict[str, Any]]:
    """A catalogue with one public endpoint for each service."""
    return [
        {
            "type": kind,
            "endpoints": [{"interface": "public", "region_id": region, "region": region, "url": f"{url}/{path}"}],
        }
        for kind, path in services.items()
    ]


def _usual(path: str, url: str) -> Answer:
    """Versions of the services, and lists of nothing."""
    version: dict[str, Any] = {"id": "v1.0", "max_version": "1.39", "min_version": "1.0", "status": "CURRENT"}
    version["links"] = [{"rel": "self", "href": ""}]
    glance = {**GLANCE, "links": [{"rel": "self", "href": f"{url}/glance/v2/"}]}
    known = {
        "nova/v2.1": Answer({"version": {**NOVA, "links": [{"rel": "self", "href": f"{url}/nova/v2.1/"}]}}),
        "glance": Answer({"versions": [glance]}, 300),
        "placement": Answer({"versions": [version]}),
        "swift/v1/AUTH_p": Answer([]),
    }
    lists = ("servers", "flavors", "hypervisors", "images", "aggregates", "regions", "resource_providers")
    return known.get(path.strip("/"), Answer({key: [] for key in lists}))


@contextmanager
def fake(answer: Answers) -> Iterator[Fake]:
    """Serves until the block ends. What `answer` has no answer to is an empty list, or a version of an API."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            given = answer("/v3/auth/tokens", {})
            project = {"id": "p", "name": "p", "domain": {"id": "default", "name": "Default"}}
            token = {"methods": ["password"], "expires_at": "2999-01-01T00:00:00Z", "project": project}
            body = {"token": {**token, "catalog": cloud.catalogue}}
            self.say(given or Answer(body, 201, {"X-Subject-Token": "a-token"}))

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path, query = unquote(parts.path), {key: found[-1] for key, found in parse_qs(parts.query).items()}
            cloud.asked.append(self.path)
            self.say(answer(path, query) or _usual(path, cloud.url))

        def do_HEAD(self) -> None:
            self.do_GET()

        def say(self, given: Answer) -> None:
            if given.hangs:
                over.wait(30)
                self.close_connection = True
                return
            content = given.body if isinstance(given.body, bytes) else orjson.dumps(given.body)
            self.send_response(given.status)
            for name, value in {"Content-Length": str(len(content)), **given.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                with suppress(OSError):  # the reader may have gone
                    self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    url = f"http://127.0.0.1:{listening.server_address[1]}"
    cloud = Fake(url, catalogue(url))
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        over.set()
        listening.shutdown()
        listening.server_close()
        thread.join()
