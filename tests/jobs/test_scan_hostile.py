"""Sources whose server hangs, talks garbage, revokes the token half-way or never ends: none harms another."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import Engine

from service.foundation.database import unit_of_work
from service.foundation.settings import ROOT
from service.inventory import queries, workspaces
from service.inventory.views import WorkspaceView
from service.jobs import dispatch
from service.jobs.task import celery
from service.scans import runs, sources
from service.scans.outbound import Reach
from service.scans.runs import OPEN, RunStatus
from service.scans.sources import Wanted
from tests.factories.manifests import ACTOR
from tests.jobs.test_worker import kill, until

SECRET = "hush-0f1e2d3c4b5a"
PAGE = 100


class Registry(BaseHTTPRequestHandler):
    """MLflow's registry, as far as it is asked here, in four moods: `/good`, `/garbage`, `/revoked`, `/endless`."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        mood, query = parts.path.split("/")[1], parse_qs(parts.query)
        page = int(query.get("page_token", ["0"])[0])
        if self.headers.get("Authorization") != f"Bearer {SECRET}" or (mood == "revoked" and page > 0):
            self._answer(401, b'{"error_code": "UNAUTHENTICATED"}')
        elif mood == "garbage":
            self._answer(200, b"<html>\xff\x00 a proxy's page")
        elif parts.path.endswith("registered-models/search"):
            last = {"good": 2, "revoked": 3, "endless": 10_000}[mood]
            names = [f"{mood}-{page * PAGE + number}" for number in range(PAGE)]
            body: dict[str, Any] = {"registered_models": [{"name": name} for name in names]}
            if page + 1 < last:
                body["next_page_token"] = str(page + 1)
            self._answer(200, json.dumps(body).encode())
        else:
            self._answer(200, b"{}")

    do_POST = do_GET  # noqa: N815 -- the name that http.server looks for

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def registry_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def scanner(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The worker of scans as `allod up` starts it."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "worker", "--queues=scan", "--concurrency=3"],
            env={**os.environ, **environment, "ALLOD_SECRET_MLFLOW": SECRET},
            cwd=ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        kill(process)


@pytest.mark.slow
def test_none_harms_another(engine: Engine, environment: dict[str, str], registry_url: str, tmp_path: Path) -> None:
    celery.control.purge()
    log = tmp_path / "worker.log"
    with unit_of_work(engine) as session:
        home = workspaces.ensure(session, "default", ACTOR)
    with closing(socket.socket()) as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(16)  # takes connections and says nothing, for ever
        addresses = {
            "hangs": f"http://127.0.0.1:{mute.getsockname()[1]}",
            **{mood: f"{registry_url}/{mood}" for mood in ("garbage", "revoked", "endless", "good")},
        }
        with scanner(environment, log):
            asked = {name: _ask(engine, home, name, url) for name, url in addresses.items()}
            tick: Callable[[], object] = lambda: dispatch.dispatch(engine, lambda _: None)  # noqa: E731 -- a clock's tick
            until(lambda: _run(engine, home, asked["good"]).status is RunStatus.DONE, log, tick)
            # The one that never answers and the one that never ends still hold their places, and only theirs.
            assert _run(engine, home, asked["hangs"]).status in OPEN
            assert _run(engine, home, asked["endless"]).status in OPEN
            until(lambda: not any(_run(engine, home, run).status in OPEN for run in asked.values()), log, tick)
    ended = {name: _run(engine, home, run) for name, run in asked.items()}
    assert {name: run.status for name, run in ended.items()} == {
        "good": RunStatus.DONE,
        "hangs": RunStatus.FAILED,
        "garbage": RunStatus.FAILED,
        "revoked": RunStatus.PARTIAL,
        "endless": RunStatus.PARTIAL,
    }
    assert (ended["hangs"].refused, "time" in str(ended["hangs"].error)) == (1, True)
    assert "did not answer with JSON" in str(ended["garbage"].error)
    assert "401" in str(ended["revoked"].error)
    assert "10 s, its time limit" in str(ended["endless"].error)
    assert ended["good"].seen == 2 * PAGE
    assert ended["revoked"].seen == PAGE
    assert ended["endless"].seen > 3 * PAGE
    with unit_of_work(engine) as session:
        found = queries.listing(session, [home], queries.Filter(text="good"), 1000, None).items
    assert len(found) == 2 * PAGE
    assert SECRET not in log.read_text()


def _ask(engine: Engine, home: WorkspaceView, name: str, url: str) -> UUID:
    settings = {"url": url, "token": "env:ALLOD_SECRET_MLFLOW", "workspace": name, "model_files": False}
    wanted = Wanted("mlflow", settings, reach=(Reach.LOOPBACK,), time_limit_seconds=10)
    with unit_of_work(engine) as session:
        source, _ = sources.put(session, home, name, wanted, ACTOR)
        return runs.request(session, source, ACTOR)


def _run(engine: Engine, home: WorkspaceView, run: UUID) -> runs.Run:
    with unit_of_work(engine) as session:
        return runs.find(session, {home.id: home.name}, run)
