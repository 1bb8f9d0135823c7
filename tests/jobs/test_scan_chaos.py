"""Worker, scheduler, broker and database are killed at random moments of scans: every run ends, nothing is lost or twice."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from service.audit import verify
from service.cli import embedded_postgres, embedded_valkey, processes
from service.cli.home import Home
from service.cli.processes import Program
from service.foundation import database
from service.foundation.database import unit_of_work
from service.foundation.settings import settings
from service.inventory import workspaces
from service.inventory.views import WorkspaceView
from service.scans import registry, runs, sources
from service.scans.runs import OPEN, Run, RunStatus
from service.scans.sources import Wanted
from tests.factories.manifests import ACTOR
from tests.jobs import slow_scanner

KILLS = 32
SOURCES = ("one", "two", "three")
PATIENCE_SECONDS = 120
T = TypeVar("T")


class Stage:
    """The four programs, each killed and started again at will."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = Home(directory)
        self.home.make()
        broker, redis_url = embedded_valkey.prepare(self.home)
        server = embedded_postgres.prepare(self.home, lambda _: None)
        self.programs: dict[str, Program] = {"broker": broker, "database": server.program}
        self.running = {name: processes.spawn(program) for name, program in self.programs.items()}
        url = embedded_postgres.open_database(server, time.sleep, lambda: None)
        variables = {
            "ALLOD_DATABASE_URL": url,
            "ALLOD_REDIS_URL": redis_url,
            "ALLOD_LEASE_SECONDS": "2",
            "ALLOD_LOG_FORMAT": "text",
            "ALLOD_DATA_DIR": str(self.home.path),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        env = processes.environment(variables)
        logs = self.home.logs
        migrate = Program("migrate", (sys.executable, "-m", "service.cli", "migrate"), logs / "migrate.log", env)
        assert processes.spawn(migrate).wait(60) == 0, processes.tail(migrate.log)
        self.programs["worker"] = Program(
            "worker", (sys.executable, "-m", "tests.jobs.slow_scanner"), logs / "worker.log", env
        )
        self.programs["scheduler"] = Program(
            "scheduler", (sys.executable, "-m", "service.cli", "serve", "scheduler"), logs / "scheduler.log", env
        )
        for name in ("worker", "scheduler"):
            self.start(name)
        self.engine: Engine = database.connect(url)

    def start(self, name: str) -> None:
        self.running[name] = processes.spawn(self.programs[name])

    def kill(self, name: str) -> None:
        """SIGKILL to the whole group, as a machine that goes dark."""
        with suppress(ProcessLookupError):
            os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait()

    def close(self) -> None:
        for name in ("scheduler", "worker", "database", "broker"):
            self.kill(name)
        self.engine.dispose()

    def asked(self, what: Callable[[Session], T]) -> T:
        """The database's answer, once it gives one again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with unit_of_work(self.engine) as session:
                    return what(session)
            except DBAPIError:
                assert time.monotonic() < deadline, processes.tail(self.programs["database"].log)
                time.sleep(0.1)


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    import tempfile

    # Not below pytest's own folder: run by root, the database is another user's.
    stage = Stage(Path(tempfile.mkdtemp(prefix="allod-chaos-")), monkeypatch)
    yield stage
    stage.close()
    settings.cache_clear()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whatever_is_killed_every_run_ends_and_nothing_is_lost_or_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find", slow_scanner.find)
    chance = random.Random(20261124)  # noqa: S311 -- moments, not secrets
    home = stage.asked(partial(workspaces.ensure, name="default", actor=ACTOR))
    for name in SOURCES:
        stage.asked(partial(_put, home, name))
    asked: set[UUID] = set()

    def ask() -> None:
        for name in SOURCES:
            asked.add(stage.asked(partial(_ask, home, name)))

    for number in range(KILLS):
        ask()
        _until(lambda: stage.asked(partial(_number, _RUNNING)) > 0, stage)
        time.sleep(chance.uniform(0, 1.2))
        # Every program in turn, the worker twice as often: it is where the work is.
        victim = ("worker", "database", "worker", "broker", "scheduler")[number % 5]
        stage.kill(victim)
        stage.start(victim)

    def ended() -> bool:
        found = stage.asked(partial(_runs, home))
        return {run.id for run in found} >= asked and not any(run.status in OPEN for run in found)

    _until(ended, stage)
    ask()
    _until(ended, stage)
    _until(lambda: stage.asked(partial(_number, "SELECT count(*) FROM outbox")) == 0, stage)
    last = stage.asked(partial(_runs, home))[: len(SOURCES)]
    assert {(run.source, run.status) for run in last} == {(name, RunStatus.DONE) for name in SOURCES}
    assert {run.seen for run in last} == {slow_scanner.OBJECTS}
    expected = len(SOURCES) * slow_scanner.OBJECTS
    for query, count in (
        ("SELECT count(*) FROM asset WHERE deleted_at IS NULL", expected),
        ("SELECT count(*) FROM asset_revision", expected),  # nothing was written twice
        ("SELECT count(*) FROM statement WHERE missed > 0", 0),
        ("SELECT count(*) FROM audit_entry WHERE action = 'asset.created'", expected),
        ("SELECT count(*) FROM scan_run WHERE leased_by IS NOT NULL", 0),
        ("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", 0),
        ("SELECT coalesce(sum(created), 0) FROM scan_run", expected),
    ):
        assert stage.asked(partial(_number, query)) == count, query
    report = stage.asked(verify.verify_log)
    assert (report.broken, report.entries >= expected) == (None, True)
    assert stage.asked(partial(_number, "SELECT max(attempts) FROM scan_run")) > 1, "no kill has hit a run"


_RUNNING = "SELECT count(*) FROM scan_run WHERE status = 'running'"


def _put(home: WorkspaceView, name: str, session: Session) -> None:
    sources.put(session, home, name, Wanted("mlflow", {"prefix": name}), ACTOR)


def _ask(home: WorkspaceView, name: str, session: Session) -> UUID:
    return runs.request(session, sources.find(session, home, name), ACTOR)


def _runs(home: WorkspaceView, session: Session) -> list[Run]:
    return list(runs.listing(session, {home.id: home.name}, 1000, None).items)


def _number(query: str, session: Session) -> int:
    return int(session.connection().execute(text(query)).scalar_one())


def _until(what: Callable[[], bool], stage: Stage) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, processes.tail(stage.programs["worker"].log)
        time.sleep(0.1)
