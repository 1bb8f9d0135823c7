"""`allod serve`: one role, in the foreground, that ends in good order when it is asked to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import hatchling.build
import httpx2
import pytest

from service.cli.home import free_port
from service.cli.serve import at_once

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "ALLOD_DATABASE_URL": database_url,
        "ALLOD_REDIS_URL": redis_url,
        "ALLOD_DATA_DIR": str(tmp_path / "data"),
        "ALLOD_PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def serve() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def start(environment: dict[str, str], log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def healthy(environment: dict[str, str], role: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "health", role],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def until_healthy(environment: dict[str, str], role: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not healthy(environment, role):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("role", "arguments"), [("api", ("--workers", "2")), ("worker", ("--concurrency", "1")), ("scheduler", ())]
)
def test_a_role_works_and_ends_when_it_is_asked_to(
    environment: dict[str, str],
    serve: list[subprocess.Popen[bytes]],
    tmp_path: Path,
    role: str,
    arguments: tuple[str, ...],
) -> None:
    log = tmp_path / "log"
    process = start(environment, log, role, *arguments)
    serve.append(process)
    until_healthy(environment, role, log)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in {0, -signal.SIGTERM}, log.read_text()
    assert "Traceback" not in log.read_text()


def test_two_schedulers_do_no_harm(
    environment: dict[str, str], serve: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    for number in (1, 2):
        own = {**environment, "ALLOD_DATA_DIR": str(tmp_path / str(number))}
        serve.append(start(own, tmp_path / f"{number}.log", "scheduler"))
        until_healthy(own, "scheduler", tmp_path / f"{number}.log")
    assert [process.poll() for process in serve] == [None, None]


def test_the_api_can_be_asked_while_it_runs(
    environment: dict[str, str], serve: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    port = free_port()
    serve.append(start(environment, tmp_path / "log", "api", "--port", str(port)))
    until_healthy({**environment, "ALLOD_PORT": str(port)}, "api", tmp_path / "log")
    answer = httpx2.get(f"http://127.0.0.1:{port}/healthz")
    assert answer.status_code == 200
    assert "server" not in answer.headers


@pytest.mark.parametrize("role", ["api", "worker", "scheduler"])
def test_a_role_without_settings_says_which(role: str, tmp_path: Path) -> None:
    process = start({"PATH": os.defpath}, tmp_path / "log", role)
    assert process.wait(30) == 2
    said = (tmp_path / "log").read_text()
    assert "ALLOD_DATABASE_URL: is not set" in said
    assert "Traceback" not in said


def test_a_queue_that_there_is_not_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    process = start(environment, tmp_path / "log", "worker", "--queues", "interactive,evalute")
    assert process.wait(30) == 2
    assert "evalute" in (tmp_path / "log").read_text()


def test_the_wheel_holds_what_the_service_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / hatchling.build.build_wheel(str(tmp_path))
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "service", "policies", "migrations"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("SKIPPED: this is no git checkout")
    missing = [name for name in tracked.stdout.split() if name not in names and (ROOT / name).exists()]
    assert missing == []


def test_no_answer_waits_for_an_acknowledgement() -> None:
    with socket.socket() as listening, socket.socket() as client:
        listening.bind(("127.0.0.1", 0))
        at_once(listening).listen()
        client.connect(listening.getsockname())
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
