"""What the fault matrix breaks: a PostgreSQL of its own, APIs as production runs them, and the command of a pipeline."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from service.cli import embedded_postgres, processes
from service.cli.home import Home
from service.cli.processes import Program
from service.foundation.settings import EXAMPLE, ROOT
from tests.fixtures.opa import free_port

FILLER = "nobody"  # of rows that only take room
TOKEN = "bootstrap-token-of-the-faults"
ALLOWED = EXAMPLE / "candidates" / "allowed.yaml"
BLOCKED = EXAMPLE / "candidates" / "blocked.yaml"
PATIENCE_SECONDS = 60.0  # for what must become so; nothing here is a measure of speed
ANSWER_SECONDS = 90.0  # no fault may keep a caller longer
COMMAND_SECONDS = 120.0  # no `allod gate` may run longer, whatever it waits for


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


def children(pid: int) -> list[int]:
    """The processes that process `pid` started and that live."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


class Database:
    """A PostgreSQL server in a process group of its own, with the service's database in it."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(directory)
        self.home.make()
        self._server = embedded_postgres.prepare(self.home, lambda _: None)
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        self._process = processes.spawn(self._server.program)
        self.url = embedded_postgres.open_database(self._server, time.sleep, self._check)

    def stop(self) -> None:
        """Ends the server in good order; its clients are cut off."""
        self._process.send_signal(self._server.program.stop_signal)
        self._process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Ends the server and all that it does for its clients as a machine does that goes dark."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server and all connections are there and nothing answers."""
        # Each server process leads a group of its own.
        stopped = [self._process.pid, *children(self._process.pid)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection that may do everything in the service's database; each statement is a transaction."""
        return psycopg.connect(self._server.url("postgres", "allod"), autocommit=True)

    def run(self, *statements: str) -> None:
        """Carries statements out as superuser."""
        with self.superuser() as connection:
            for statement in statements:
                connection.execute(statement)

    def decisions(self) -> int:
        """How many decisions are kept."""
        with self.superuser() as connection:
            row = connection.execute("SELECT count(*) FROM decision_record WHERE actor <> %s", [FILLER]).fetchone()
            assert row is not None
            return int(row[0])

    def cut_off(self) -> None:
        """Ends all of the service's connections: the next ones begin under what is in force then."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'allod'")

    def _check(self) -> None:
        assert self._process.poll() is None, processes.tail(self._server.program.log)


@dataclass
class Api:
    """An API on a port of its own, startable again and again."""

    program: Program
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def spawn(self) -> None:
        """Starts it and does not wait."""
        self.process = processes.spawn(self.program)

    def start(self) -> None:
        """Starts it and waits until it lives."""
        self.spawn()
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if self.lives():
                return
            assert self.process.poll() is None, processes.tail(self.program.log)
            assert time.monotonic() < deadline, processes.tail(self.program.log)
            time.sleep(0.05)

    def lives(self) -> bool:
        """Whether it takes connections and answers."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def end(self, how: signal.Signals) -> None:
        """Ends it: SIGTERM in good order, SIGKILL as when memory runs out."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(PATIENCE_SECONDS)

    def children(self) -> list[int]:
        """The embedded engine's processes."""
        assert self.process is not None
        return [pid for pid in children(self.process.pid) if "child.py" in processes.command(pid)]

    def post(self, candidate: Path, token: str = TOKEN) -> requests.Response:
        """The gate's answer over HTTP, whatever it is."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"}
        body = candidate.read_bytes()
        return requests.post(f"{self.url}/api/v1/gate", data=body, headers=headers, timeout=ANSWER_SECONDS)

    def verdict(self, candidate: Path) -> str:
        """The gate's verdict, once it gives one again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.post(candidate)
            if answer.status_code == 200:
                decision = answer.json()["decision"]
                assert not decision["undecided"], decision
                return str(decision["verdict"])
            assert answer.status_code == 503, (answer.status_code, answer.text)
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)

    def gate(
        self, candidate: Path = ALLOWED, *, timeout: float = 60, token: str = TOKEN, within: float = COMMAND_SECONDS
    ) -> Ran:
        """`allod gate` in a process of its own, as a pipeline runs it.

        Raises:
            subprocess.TimeoutExpired: it still waits after `within` seconds.
        """
        done = subprocess.run(
            [sys.executable, "-m", "service.cli", "gate", "-f", candidate, "--timeout", str(timeout)],
            cwd=ROOT,
            env=processes.environment({"ALLOD_URL": self.url, "ALLOD_TOKEN": token}),
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


class Stage:
    """The database with the example estate in it, and the APIs that were started on it."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory)
        self._closing = ExitStack()
        variables = self._variables({})
        for step in (["migrate"], ["apply", "-f", str(EXAMPLE / "estate")]):
            with ExitStack() as block:
                if step[0] == "apply":
                    api = self.api()
                    block.callback(api.end, signal.SIGTERM)
                    variables |= {"ALLOD_URL": api.url, "ALLOD_TOKEN": TOKEN}
                done = subprocess.run(
                    [sys.executable, "-m", "service.cli", *step],
                    cwd=ROOT,
                    env=processes.environment(variables),
                    capture_output=True,
                    text=True,
                    timeout=COMMAND_SECONDS,
                    check=False,
                )
                assert done.returncode == 0, done.stdout + done.stderr

    def prepare(self, **settings: object) -> Api:
        """An API that is not started yet; `opa_url=…` sets ALLOD_OPA_URL, and so on."""
        port = free_port()
        log = self.database.home.logs / f"api-{port}.log"
        argv = (sys.executable, "-m", "service.cli", "serve", "api", "--port", str(port))
        given = {f"ALLOD_{name.upper()}": str(value) for name, value in settings.items()}
        api = Api(Program("api", argv, log, processes.environment(self._variables(given))), port)
        self._closing.callback(self._end, api)
        return api

    def api(self, **settings: object) -> Api:
        """An API that runs."""
        api = self.prepare(**settings)
        api.start()
        return api

    def close(self) -> None:
        """Ends all of it."""
        self._closing.close()
        self.database.kill()

    def _variables(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {
            "ALLOD_DATABASE_URL": self.database.url,
            "ALLOD_REDIS_URL": "redis://127.0.0.1:1/0",
            "ALLOD_BOOTSTRAP_TOKEN": TOKEN,
            **settings,
        }

    @staticmethod
    def _end(api: Api) -> None:
        if api.process is not None and api.process.poll() is None:
            api.end(signal.SIGKILL)
