"""A server that stands before moto: hands on what it is asked, unless a test wants something else to be answered."""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from service.scans import outbound

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Asked:
    key: str
    region: str
    service: str
    action: str
    path: str
    body: str
    authorization: str


@dataclass(frozen=True)
class Reply:
    content: str
    status: int = 200
    type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Reply | None]


def json_reply(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content), status)


def xml_reply(content: str, status: int = 200) -> Reply:
    return Reply(f'<?xml version="1.0" encoding="UTF-8"?>{content}', status, "text/xml")


@dataclass
class Front:
    url: str
    target: str
    answers: dict[str, Answer] = field(default_factory=dict)  # by `service Action` or `service GET /path`
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def count(self, action: str) -> int:
        return sum(one.action == action for one in self.asked)

    def hang(self, _: Asked) -> None:
        self.closing.wait(30)
        raise ConnectionAbortedError

    def die(self, _: Asked) -> None:
        raise ConnectionAbortedError


@contextmanager
def front(target: str) -> Iterator[Front]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = self.headers.get("Authorization", "")
            match = _SCOPE.search(told)
            key, region, service = match.groups() if match else ("", "", "")
            path = urlsplit(self.path).path
            form = parse_qs(body.decode("utf-8", "replace"))
            target_header = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            action = form.get("Action", [target_header])[0] or f"{self.command} {path}"
            asked = Asked(key, region, service, action, self.path, body.decode("utf-8", "replace"), told)
            made.asked.append(asked)
            try:
                for name in (f"{region} {service} {action}", f"{service} {action}", f"{service} *"):
                    if name in made.answers and (reply := made.answers[name](asked)) is not None:
                        self.answer(reply.status, {"Content-Type": reply.type, **reply.headers}, reply.content.encode())
                        return
                with outbound.aside():  # the reading that asks may not go to moto itself
                    self.hand_on(body)
            except ConnectionError:
                self.close_connection = True
                self.connection.close()

        def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def hand_on(self, body: bytes) -> None:
            parts = urlsplit(made.target)
            onward = http.client.HTTPConnection(parts.hostname or "", parts.port)
            try:
                onward.request(self.command, self.path, body, dict(self.headers))
                reply = onward.getresponse()
                kept = {
                    name: value
                    for name, value in reply.getheaders()
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date")
                }
                self.answer(reply.status, kept, reply.read())
            finally:
                onward.close()

        do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815 -- names of http.server

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Front(f"http://127.0.0.1:{server.server_address[1]}", target)
    thread = threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        made.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
