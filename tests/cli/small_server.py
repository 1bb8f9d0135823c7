"""A real HTTP server on a real port that answers what a test says, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.splitlines()]


Answer = tuple[int, Any]  # status and body: bytes as they are, a list as JSON lines, else JSON


@dataclass
class SmallServer:
    answers: dict[tuple[str, str], Callable[[Asked], Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def on(self, method: str, path: str, answer: Callable[[Asked], Answer]) -> None:
        self.answers[method, path] = answer

    def asked_for(self, method: str) -> list[Asked]:
        return [one for one in self.asked if one.method == method]


def _nothing(_: Asked) -> Answer:
    return 404, {"detail": "nothing here"}


@contextmanager
def serving() -> Iterator[SmallServer]:
    told = SmallServer()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path.removeprefix("/api/v1"), query, dict(self.headers.items()), body)
            told.asked.append(asked)
            answer = told.answers.get((asked.method, asked.path), _nothing)
            status, content = answer(asked)
            if isinstance(content, list):
                content = b"".join(json.dumps(one).encode() + b"\n" for one in content)
            elif not isinstance(content, bytes):
                content = json.dumps(content).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://elsewhere.example/")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 -- the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
