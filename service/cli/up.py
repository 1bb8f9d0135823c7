"""`allod up`: all of Allod on one machine, with nothing installed but this package.

PostgreSQL and Valkey from wheels, migrations, the API, two workers and the scheduler, each a program of its own under one
supervisor; when it goes, all of them go.
"""

import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from service.cli import embedded_postgres, embedded_valkey, processes, showcase
from service.cli.failures import Stopped
from service.cli.home import Home, free_port, secret
from service.cli.processes import Program, Supervisor
from service.foundation.errors import Conflict, Fault, Invalid

HOST = "127.0.0.1"
PORT = 8000
PORTS_TRIED = 20
READY_SECONDS = 90.0
LOCK_SECONDS = 30.0
MIGRATE_SECONDS = 900.0
LOOK_SECONDS = 0.2
WORK = "interactive,evaluate,upkeep"
SCANS = 2  # scheduled ones at once; one more place is there for who asks for a scan now


class AlreadyUp(Conflict):
    """Another `allod up` has this data directory."""

    slug = "already-up"
    title = "Allod is running there already"


class Ended(Exception):
    """The user, or the system, wants this to end."""


class Bell:
    """Rings when a signal asks for the end; every wait listens to it."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Asks for the end."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Waits `seconds`.

        Raises:
            Ended: the bell rang before or meanwhile.
        """
        if self._rung.wait(seconds):
            raise Ended

    def until(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Waits until `done` answers yes.

        Raises:
            Stopped: it does not within `seconds`.
            Ended: the bell rang meanwhile.
        """
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise Stopped(f"{what} is not ready after {seconds:.0f} s")
            self.wait(LOOK_SECONDS)


def up(
    example: Annotated[bool, typer.Option("--example", help="Load and evaluate the example estate.")] = False,
    port: Annotated[
        int | None,
        typer.Option(envvar="ALLOD_PORT", help=f"Port; default {PORT} or the next free one; 0: any.", min=0, max=65535),
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="ALLOD_DATA_DIR", help="Where everything is kept.")] = Path("var"),
    concurrency: Annotated[
        int, typer.Option(help="Jobs at once; default: one for each CPU, from 2 to 4.", min=1)
    ] = min(4, max(2, os.cpu_count() or 2)),
) -> None:
    """Run everything on this machine: API, workers, scheduler, database, broker. Ctrl-C ends all of it."""
    home = Home(data_dir.expanduser().absolute())
    home.make()
    with _locked(home) as lock:
        number = choose_port(port)
        bell = Bell()
        supervisor = Supervisor(home.run / "children.json", lock, _say)
        with _signals(bell, supervisor):
            try:
                _run(home, number, concurrency, example=example, bell=bell, supervisor=supervisor)
            except Ended:
                _say("Ending ...")
            finally:
                supervisor.close()
            _say("Everything has ended. A new start finds the data as it is.")


def choose_port(wanted: int | None) -> int:
    """The port to listen on: `wanted` if given, else the first free one from 8000 on, 0 meaning any.

    Raises:
        Invalid: the wanted port is taken, or all that were tried are.
    """
    if wanted == 0:
        return free_port(HOST)
    if wanted is not None:
        if _taken(wanted):
            raise Invalid(
                f"Port {wanted} is taken by another program: choose another with --port, or leave it out.",
                [Fault("/port", "somebody listens on it")],
            )
        return wanted
    for number in range(PORT, PORT + PORTS_TRIED):
        if not _taken(number):
            if number != PORT:
                _say(f"Port {PORT} is taken by another program: taking {number}.")
            return number
    raise Invalid(f"Ports {PORT} to {PORT + PORTS_TRIED - 1} are all taken: choose one with --port.")


def _run(home: Home, port: int, concurrency: int, *, example: bool, bell: Bell, supervisor: Supervisor) -> None:
    began = time.monotonic()
    _say(f"Allod {version('allod')}, data in {home.path}")
    supervisor.open()
    broker, redis_url = embedded_valkey.prepare(home)
    server = embedded_postgres.prepare(home, _say)
    bell.wait(0)
    supervisor.start(broker)
    supervisor.start(server.program)
    database_url = embedded_postgres.open_database(server, bell.wait, lambda: supervisor.ensure("postgres"))
    _say(f"  PostgreSQL and Valkey answer     {_since(began)}")

    url = f"http://{HOST}:{port}"
    token = secret(home.token, prefix="allod_")
    env = processes.environment(
        {
            "ALLOD_DATABASE_URL": database_url,
            "ALLOD_REDIS_URL": redis_url,
            "ALLOD_PORT": str(port),
            "ALLOD_DATA_DIR": str(home.path),
            "ALLOD_BOOTSTRAP_TOKEN": token,
            "ALLOD_LOG_FORMAT": os.environ.get("ALLOD_LOG_FORMAT", "text"),
            "ALLOD_SCANS_IN_FLIGHT": os.environ.get("ALLOD_SCANS_IN_FLIGHT", str(SCANS)),
            "ALLOD_SCAN_ROOTS": os.environ.get("ALLOD_SCAN_ROOTS", os.pathsep.join(map(str, showcase.ROOTS))),
            "PYTHONUNBUFFERED": "1",
        }
    )

    def program(name: str, *arguments: str) -> Program:
        return Program(name, (sys.executable, "-m", "service.cli", *arguments), home.logs / f"{name}.log", env)

    _migrate(program("migrate", "migrate"), bell, supervisor)
    _say(f"  the database is migrated         {_since(began)}")
    supervisor.start(program("api", "serve", "api", f"--host={HOST}", f"--port={port}"))
    supervisor.start(program("worker", "serve", "worker", f"--concurrency={concurrency}", f"--queues={WORK}"))
    # A worker of its own: a source that hangs holds up other sources at most, never a judgement.
    supervisor.start(
        program("scanner", "serve", "worker", f"--concurrency={SCANS + 1}", "--queues=scan", "--name=scanner")
    )
    supervisor.start(program("scheduler", "serve", "scheduler"))
    services = ("api", "worker", "scanner", "scheduler")

    def ready(probe: Callable[[], bool]) -> Callable[[], bool]:
        def check() -> bool:
            for name in services:
                supervisor.ensure(name)
            return probe()

        return check

    bell.until(ready(lambda: showcase.is_ready(url)), READY_SECONDS, "The API")
    bell.until(ready(lambda: worker_answers(redis_url)), READY_SECONDS, "The worker")
    _say(f"  API, worker and scheduler answer {_since(began)}")
    if example:
        for line in showcase.show(url, token, bell.wait):
            _say(line)
    _say(f"\n  URL    {url}\n  docs   {url}/docs\n  token  {home.token} (administrator)\n  logs   {home.logs}")
    for line in showcase.gate_commands(url, home.token) if example else ():
        _say(line)
    _say("\nCtrl-C ends all of it.")
    while True:
        bell.wait(LOOK_SECONDS)
        supervisor.watch()


def worker_answers(redis_url: str) -> bool:
    """Whether any worker on this broker answers."""
    from celery import Celery

    with Celery(broker=redis_url, set_as_current=False) as asker:
        return bool(asker.control.ping(timeout=0.5, limit=1))


def _migrate(program: Program, bell: Bell, supervisor: Supervisor) -> None:
    process = supervisor.start(program).process
    bell.until(lambda: process.poll() is not None, MIGRATE_SECONDS, "The migration")
    if process.returncode:
        raise Stopped(f"The database cannot be migrated:\n{processes.tail(program.log)}")
    supervisor.forget(program.name)


@contextmanager
def _locked(home: Home) -> Iterator[int]:
    file = os.open(home.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(file, home)
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield file
    finally:
        os.close(file)


def _take(file: int, home: Home) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Held by a running `allod up`, or by the guard of one that was killed and whose children it is ending.
            holder = os.pread(file, 20, 0).decode()
            if (holder.isdigit() and processes.birth(int(holder))) or time.monotonic() > deadline:
                raise AlreadyUp(
                    f"Another `allod up` (process {holder or 'unknown'}) uses {home.path}: "
                    "end it, or choose another --data-dir."
                ) from None
            if not told:
                _say("A former run was killed; waiting until its programs have ended ...")
                told = True
            time.sleep(LOOK_SECONDS)
        else:
            return


@contextmanager
def _signals(bell: Bell, supervisor: Supervisor) -> Iterator[None]:
    asked = 0

    def handle(*_: object) -> None:
        nonlocal asked
        asked += 1
        bell.ring()
        if asked > 1:
            supervisor.kill()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: not stopped by TIME_WAIT
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _since(began: float) -> str:
    return f"{time.monotonic() - began:5.1f} s"


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()
