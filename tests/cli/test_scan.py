"""`allod source` and `allod scan` against the real application, with a worker beside it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.foundation.settings import ROOT
from tests.cli.conftest import Allod
from tests.cli.small_server import SmallServer
from tests.cli.test_real_server import live

__all__ = ["live"]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A Python environment with one package of the field."""
    info = tmp_path / "env" / "lib" / "python3.11" / "site-packages" / "torch-2.9.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: torch\nVersion: 2.9.0\nLicense-Expression: BSD-3-Clause\n"
    )
    return tmp_path / "env"


@pytest.fixture
def _worker(live: str, database_url: str, environment: Path, tmp_path: Path) -> Iterator[None]:
    """A worker beside the application."""
    assert live
    variables = {
        "ALLOD_DATABASE_URL": database_url,
        "ALLOD_REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOD_SCAN_ROOTS": str(environment),
    }
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.scan_worker"],
            env={**os.environ, **variables},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        yield
        process.terminate()
        process.wait(10)


@pytest.fixture
def source(tmp_path: Path, environment: Path) -> Path:
    file = tmp_path / "sources.yaml"
    file.write_text(
        "name: py\nconnector: python_environment\nowner: platform\n"
        f"settings: {{environments: ['{environment}'], packages: all}}\n"
    )
    return file


@pytest.mark.usefixtures("_worker")
def test_a_source_is_put_tried_scanned_shown_and_deleted(allod: Allod, source: Path) -> None:
    assert allod("source", "put", "-f", source).out == "py: created\n"
    assert allod("source", "put", "-f", source).out == "py: as told\n"
    assert [one["owner"] for one in json.loads(allod("source", "list", "--json").out)] == ["platform"]
    assert "python_environment" in allod("source", "connectors").out
    tried = allod("source", "test", "py")
    assert (tried.code, '"name":"torch"' in tried.out) == (0, True), tried
    assert json.loads(allod("assets", "--json").out) == []
    ran = allod("scan", "run", "py")
    assert (ran.code, ran.out) == (0, "packages: 1 seen, read\npy: done, 1 seen (created 1)\n")
    again = json.loads(allod("scan", "run", "py", "--json").out)
    assert (again["unchanged"], again["problems"]) == (1, [])
    assert [one["status"] for one in json.loads(allod("scan", "list", "--source", "py", "--json").out)] == ["done"] * 3
    assert allod("scan", "show", again["id"]).out.endswith("py: done, 1 seen (unchanged 1)\n")
    assert allod("scan", "cancel", again["id"]).code == 2
    assert allod("source", "delete", "py").out == "py: deleted\n"
    assert allod("scan", "run", "py").code == 2


@pytest.mark.usefixtures("_worker")
def test_what_cannot_be_read_is_told_and_exits_so(allod: Allod, source: Path, environment: Path) -> None:
    source.write_text(source.read_text().replace(str(environment), "/etc"))
    allod("source", "put", "-f", source)
    ran = allod("scan", "run", "py")
    assert ran.code == 3
    assert "/etc is not for sources" in ran.err
    broken = environment / "lib" / "python3.11" / "site-packages" / "odd-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").mkdir()
    source.write_text(source.read_text().replace("/etc", str(environment)))
    allod("source", "put", "-f", source)
    partial = allod("scan", "run", "py")
    assert (partial.code, "odd-1.dist-info" in partial.err) == (1, True), partial


def test_files_that_hold_no_source(allod: Allod, server: SmallServer, tmp_path: Path) -> None:
    assert server.url
    file = tmp_path / "x.yaml"
    assert allod("source", "put", "-f", file).code == 2
    file.write_text("connector: aws\n")
    refused = allod("source", "put", "-f", file)
    assert (refused.code, "the source is not named" in refused.err) == (2, True)


def test_a_stream_that_breaks_off_is_no_end(allod: Allod, server: SmallServer) -> None:
    server.on("POST", "/sources/s:scan", lambda _: (202, {"id": "1", "status": "waiting"}))
    assert allod("scan", "run", "s").code == 2, "the run is not there"
    server.on("GET", "/scans/1/events", lambda _: (503, {"detail": "no database"}))
    assert allod("scan", "run", "s").code == 3
    server.on("GET", "/scans/1/events", lambda _: (200, b": ping\n"))
    silent = allod("scan", "run", "s")
    assert (silent.code, "tells nothing of the run 1" in silent.err) == (3, True)
    run = b'data: {"id": "1", "source": "s", "status": "cancelled", "seen": 1}'
    ended = b"event: progress\n" + run + b"\n\ndata: no JSON\n\n: ping\n"
    server.on("GET", "/scans/1/events", lambda _: (200, ended))
    for path in ("parts", "problems"):
        server.on("GET", f"/scans/1/{path}", lambda _: (200, {"items": [], "next_cursor": None}))
    assert allod("scan", "run", "s").code == 1
