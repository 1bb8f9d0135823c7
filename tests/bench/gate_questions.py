"""What the gate asked its engine, for others to be asked the same: recorded questions, and a policy directory."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from service.engine import entry as entries
from service.engine.modules import moved
from service.engine.protocol import Bundle, Module
from service.foundation import canonical

QUESTION = b'"documents"'


@dataclass
class Recorder:
    """A way to an OPA server that remembers the questions: each path, with its query, and its body."""

    url: str
    questions: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def recording(opa_url: str) -> Iterator[Recorder]:
    """Hands requests on to the server and its answers back, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "POST" and QUESTION in body:
                recorder.questions.append((self.path, body))
            answer = requests.request(self.command, f"{opa_url}{self.path}", data=body, timeout=60)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_PUT = do_POST = do_DELETE = hand_on  # noqa: N815 -- the standard library's names

        def log_message(self, format: str, *args: Any) -> None:
            """A benchmark prints its figures alone."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    recorder = Recorder(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def documents_in(questions: Sequence[tuple[str, bytes]]) -> int:
    """How many documents the questions hold together."""
    return sum(_count(canonical.decode(body)) for _, body in questions)


def _count(value: Any) -> int:
    """Documents below `documents`: a list of them, or lists by kind."""
    if isinstance(value, Mapping):
        found = value.get("documents")
        if isinstance(found, list):
            return len(found)
        if isinstance(found, Mapping):
            return sum(len(group) for group in found.values())
        return sum(_count(inner) for inner in value.values())
    return 0


def upload(opa_url: str, bundle: Bundle, root: str) -> None:
    """The bundle under `root` of an OPA server."""
    for module in entries.prepare(bundle).modules:
        address = f"{opa_url}/v1/policies/{root}/{module.path}"
        requests.put(address, data=moved(module.text, root).encode(), timeout=60).raise_for_status()


def write_policies(directory: Path, bundle: Bundle, kinds: Sequence[str]) -> None:
    """The bundle as a directory of Rego, with a package `main` that denies whatever a rule finds in `input.<kind>`.

    This is how `conftest` wants it: input is a candidate file, `deny` what is wrong with it.
    """
    modules = [*entries.prepare(bundle).modules, Module("main.rego", _main(kinds))]
    for module in modules:
        place = directory / module.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(module.text)


def _main(kinds: Sequence[str]) -> str:
    rules = "".join(
        f"""
deny contains sprintf("%v: %v", [finding.subject, finding.message]) if {{
	answer := data.{entries.answer_path(kind)} with input as {{"documents": input.{kind}}}
	some report in answer.reports
	some found in report
	some lists in found
	some findings in lists
	some finding in findings
}}
"""
        for kind in kinds
    )
    return f"package main\n{rules}"
