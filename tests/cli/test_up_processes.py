"""Programs under supervision, shown on small ones."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.cli import guard, processes
from service.cli.failures import Stopped
from service.cli.guard import Group
from service.cli.processes import SERVER, Program, Supervisor

SLEEP = "import time; time.sleep(60)"
# A program with a child of its own, whose number it writes down.
FAMILY = "import subprocess,sys,pathlib,time; p=subprocess.Popen([sys.executable,'-c','import time; time.sleep(60)']);"
DEAF = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def alive(pid: int) -> bool:
    return processes.birth(pid) is not None


def until(done: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    made = Supervisor(tmp_path / "children.json", lock, said.append)
    yield made
    made.close(grace=0.5)
    os.close(lock)


def program(tmp_path: Path, name: str, code: str, tier: int = processes.SERVICE) -> Program:
    return Program(name, (sys.executable, "-c", code), tmp_path / f"{name}.log", dict(os.environ), tier=tier)


def test_closing_ends_a_program_and_what_it_started(tmp_path: Path, supervisor: Supervisor) -> None:
    note = tmp_path / "grandchild"
    supervisor.open()
    child = supervisor.start(
        program(tmp_path, "family", f"{FAMILY} pathlib.Path({str(note)!r}).write_text(str(p.pid)); time.sleep(60)")
    )
    until(lambda: note.exists() and note.read_text() != "")
    grandchild = int(note.read_text())
    supervisor.close()
    assert not alive(child.process.pid)
    until(lambda: not alive(grandchild))
    assert not supervisor.record.exists()


def test_what_does_not_listen_is_killed(tmp_path: Path, supervisor: Supervisor) -> None:
    supervisor.open()
    child = supervisor.start(program(tmp_path, "deaf", DEAF))
    until(lambda: "deaf" in child.program.log.read_text())
    supervisor.close(grace=0.3)
    assert child.process.returncode == -signal.SIGKILL


def test_a_program_that_falls_is_started_again(tmp_path: Path, supervisor: Supervisor, said: list[str]) -> None:
    supervisor.open()
    child = supervisor.start(program(tmp_path, "steady", SLEEP))
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    child.process.wait()
    supervisor.watch()
    assert said == ["steady ended (signal SIGKILL); starting it again in 1 s"]
    until(lambda: supervisor.watch() is None and child.process.pid != first)  # type: ignore[func-returns-value]
    assert alive(child.process.pid)


def test_a_program_that_keeps_falling_ends_all_and_shows_its_last_words(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "RESTARTS", 1)
    supervisor.open()
    child = supervisor.start(program(tmp_path, "weak", "print('no such table'); raise SystemExit(7)"))

    def keeps_falling() -> bool:
        child.process.wait()
        supervisor.watch()
        return False

    with pytest.raises(Stopped, match=r"weak keeps ending \(exit 7\)[\s\S]*no such table"):
        until(keeps_falling)


def test_a_long_life_earns_the_restarts_back(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STEADY_SECONDS", 0.0)
    child = supervisor.start(program(tmp_path, "steady", "raise SystemExit(1)"))
    child.restarts = processes.RESTARTS
    child.process.wait()
    supervisor.watch()
    assert child.restarts == 1


def test_a_program_that_ends_at_once_is_noticed(tmp_path: Path, supervisor: Supervisor) -> None:
    child = supervisor.start(program(tmp_path, "weak", "print('port in use'); raise SystemExit(1)"))
    child.process.wait()
    with pytest.raises(Stopped, match="port in use"):
        supervisor.ensure("weak")


def test_a_program_that_is_not_there_is_a_clear_refusal(tmp_path: Path) -> None:
    missing = Program("ghost", ("/no/such/program",), tmp_path / "ghost.log", {})
    with pytest.raises(Stopped, match="ghost cannot be started: No such file"):
        processes.spawn(missing)


def test_killing_ends_everything_at_once(tmp_path: Path, supervisor: Supervisor) -> None:
    child = supervisor.start(program(tmp_path, "deaf", DEAF))
    supervisor.kill()
    assert child.process.wait(5) == -signal.SIGKILL


def test_what_a_killed_supervisor_leaves_is_ended_by_its_guard(tmp_path: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from service.cli.processes import Program, Supervisor
lock = os.open({str(tmp_path / "lock")!r}, os.O_RDWR | os.O_CREAT)
supervisor = Supervisor(Path({str(tmp_path / "children.json")!r}), lock, print)
supervisor.open()
child = supervisor.start(Program("sleeper", (sys.executable, "-c", {SLEEP!r}), Path({str(tmp_path / "log")!r}), {{}}))
print(child.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    until(lambda: not alive(int(done.stdout)))


def test_a_new_start_ends_what_a_killed_guard_could_not(supervisor: Supervisor, said: list[str]) -> None:
    orphan = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    entry = {"signal": int(signal.SIGTERM), "tier": 1}
    supervisor.record.write_text(
        json.dumps(
            [
                {"group": orphan.pid, "birth": processes.birth(orphan.pid), **entry},
                {"group": stranger.pid, "birth": "another process had this number", **entry},
            ]
        )
    )
    supervisor.open()
    try:
        assert orphan.wait(10) == -signal.SIGTERM
        assert stranger.poll() is None, "a number that was given to somebody else is left alone"
        assert said == ["Ending 1 programs that a killed run left behind"]
    finally:
        stranger.kill()
        stranger.wait()


def test_services_end_before_the_servers_they_stand_on() -> None:
    running = {1: SERVER, 2: 1, 3: 1}
    events: list[tuple[int, int]] = []

    def send(group: int, number: int) -> bool:
        if number == 0:
            running.pop(group, None)
            return False
        events.append((group, number))
        return True

    guard.end([Group(1, 2, SERVER), Group(2, 15, 1), Group(3, 15, 1)], send=send)
    assert events == [(2, 15), (3, 15), (1, 2)]


def test_the_guard_forgets_what_ended() -> None:
    assert guard.read(["+10 15 1\n", "+11 2 0\n", "-10\n"]) == [Group(11, 2, 0)]


def test_a_process_that_is_gone_has_no_birth_and_no_command() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert processes.birth(gone.pid) is None
    assert processes.command(gone.pid) == ""
    assert "pytest" in processes.command(os.getpid())


def test_the_tail_of_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert processes.tail(tmp_path / "none") == ""
