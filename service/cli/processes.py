"""Programs under supervision: started in groups of their own, restarted when they fall, ended together.

Every program leads a process group, so its children end with it. A `Guard` (see `guard.py`) does the same when the
supervisor itself is killed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.cli import guard
from service.cli.failures import Stopped
from service.cli.guard import Group

SERVER = 0  # what services stand on: ended after them
SERVICE = 1

RESTARTS = 3
STEADY_SECONDS = 60.0  # a program that ran this long has earned its restarts back
TAIL_LINES = 12
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: `log` takes both its outputs, `stdin` is written to it once, `user` and `group` are for root alone."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str]
    tier: int = SERVICE
    stop_signal: int = signal.SIGTERM
    user: int | None = None
    group: int | None = None
    stdin: bytes = b""


@dataclass(slots=True)
class Child:
    """A program that was started, how often it had to be, and when it last was."""

    program: Program
    process: subprocess.Popen[bytes]
    since: float
    restarts: int = 0
    due: float | None = None  # when it is started again, while it is down


def birth(pid: int) -> str | None:
    """When process `pid` began, as a word that no later process of this number repeats.

    None if there is no such process, or no /proc to look it up in.
    """
    try:
        state, *rest = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else rest[18]


def command(pid: int) -> str:
    """The command line of process `pid`, an empty text if there is no such process."""
    try:
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Starts `program` as the leader of a new session.

    Raises:
        Stopped: the system refuses to run it.
    """
    with program.log.open("ab") as log:
        try:
            process = subprocess.Popen(  # noqa: S603 -- our own programs and arguments
                program.argv,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(program.env),
                start_new_session=True,
                user=program.user,
                group=program.group,
                extra_groups=None if program.user is None else [],
                umask=0o077,
            )
        except OSError as error:
            raise Stopped(f"{program.name} cannot be started: {error.strerror}: {error.filename}") from error
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(program.stdin)
            process.stdin.close()
    return process


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented; an empty text where there is none."""
    if not log.exists():
        return ""
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(slots=True)
class Supervisor:
    """Keeps programs running until it is told to stop.

    `record` is a file that names the running groups, for a later start to clean up after a supervisor and guard that were
    both killed; `lock` a file descriptor that the guard inherits; `say` takes a line for the user.
    """

    record: Path
    lock: int
    say: Callable[[str], None]
    children: dict[str, Child] = field(default_factory=dict)
    _guard: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Ends what a former run left behind, and starts the guard."""
        self._sweep()
        self._guard = subprocess.Popen(  # noqa: S603 -- our own file
            [sys.executable, "-I", "-S", str(Path(guard.__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[self.lock],
        )

    def start(self, program: Program) -> Child:
        """Starts `program` and looks after it from now on."""
        child = Child(program, spawn(program), time.monotonic())
        self.children[program.name] = child
        self._tell(f"+{child.process.pid} {int(program.stop_signal)} {program.tier}")
        return child

    def watch(self) -> None:
        """Looks at every program once, and starts again what fell.

        Raises:
            Stopped: one of them keeps falling.
        """
        now = time.monotonic()
        for child in self.children.values():
            if child.due is not None:
                if now >= child.due:
                    self._again(child)
                continue
            code = child.process.poll()
            if code is None:
                continue
            guard.signal_group(child.process.pid, signal.SIGKILL)  # what it started itself
            self._tell(f"-{child.process.pid}")
            if now - child.since >= STEADY_SECONDS:
                child.restarts = 0
            if child.restarts >= RESTARTS:
                log = child.program.log
                raise Stopped(
                    f"{child.program.name} keeps ending ({_ending(code)}); its last words, from {log}:\n{tail(log)}"
                )
            child.due = now + 2**child.restarts
            child.restarts += 1
            self.say(
                f"{child.program.name} ended ({_ending(code)}); starting it again in {2 ** (child.restarts - 1)} s"
            )

    def ensure(self, name: str) -> None:
        """Holds that program `name` is running.

        Raises:
            Stopped: it has ended.
        """
        child = self.children[name]
        code = child.process.poll()
        if code is not None:
            log = child.program.log
            raise Stopped(f"{name} ended at once ({_ending(code)}); its last words, from {log}:\n{tail(log)}")

    def forget(self, name: str) -> None:
        """Stops looking after program `name`, which has done its work and ended."""
        child = self.children.pop(name)
        self._tell(f"-{child.process.pid}")

    def kill(self) -> None:
        """Ends everything at once."""
        for child in self.children.values():
            guard.signal_group(child.process.pid, signal.SIGKILL)

    def close(self, grace: float = guard.GRACE_SECONDS) -> None:
        """Ends every program, services before the servers they stand on, and then the guard."""
        groups = [
            Group(child.process.pid, int(child.program.stop_signal), child.program.tier)
            for child in self.children.values()
        ]
        guard.end(groups, send=self._send, grace=grace)
        self.kill()  # what a program that ended left in its group
        for child in self.children.values():
            child.process.wait()
        self.children.clear()
        if self._guard is not None and self._guard.stdin is not None:
            for group in groups:
                self._tell(f"-{group.number}")
            self._guard.stdin.close()
            self._guard.wait()
        self.record.unlink(missing_ok=True)

    def _again(self, child: Child) -> None:
        child.process, child.since, child.due = spawn(child.program), time.monotonic(), None
        self._tell(f"+{child.process.pid} {int(child.program.stop_signal)} {child.program.tier}")

    def _send(self, group: int, number: int) -> bool:
        # A child that has ended stays a zombie, and its group answers, until somebody asks after it.
        for child in self.children.values():
            if child.process.pid == group and child.process.poll() is not None:
                return False
        return guard.signal_group(group, number)

    def _tell(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with suppress(BrokenPipeError):  # a guard that was killed cannot be told; the record still speaks
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()
        running = [
            {
                "group": child.process.pid,
                "birth": birth(child.process.pid),
                "signal": int(child.program.stop_signal),
                "tier": child.program.tier,
            }
            for child in self.children.values()
            if child.process.poll() is None
        ]
        fresh = self.record.with_suffix(".tmp")
        fresh.write_text(json.dumps(running))
        fresh.replace(self.record)

    def _sweep(self) -> None:
        if not self.record.exists():
            return
        left = [
            Group(entry["group"], entry["signal"], entry["tier"])
            for entry in json.loads(self.record.read_text())
            if entry["birth"] is not None and birth(entry["group"]) == entry["birth"]
        ]
        if left:
            self.say(f"Ending {len(left)} programs that a killed run left behind")
            guard.end(left)
        self.record.unlink()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `extra` laid over it."""
    return {**os.environ, **extra}
