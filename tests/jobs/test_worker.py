"""A real worker on a real broker, killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from service.evaluation import run_leases, runs
from service.evaluation.runs import RunStatus
from service.foundation import clock
from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work
from service.foundation.settings import ROOT
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation
from service.jobs import dispatch, upkeep
from service.jobs.task import celery

ASSETS = 12
PATIENCE_SECONDS = 60


@contextmanager
def worker(environment: dict[str, str], log: Path, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process group of its own; whatever is left of it at the end is killed."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.slow_worker"],
            env={**os.environ, **environment, "SLOW_SECONDS": str(seconds)},
            cwd=ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the worker that this test started and to its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(what: Callable[[], bool], log: Path, tick: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        tick()
        time.sleep(0.1)


@pytest.fixture
def run(session: Session, environment: dict[str, str]) -> UUID:
    workspace = workspaces.ensure(session, "default", SCHEDULER)
    ingest.record(
        session, workspace, [Observation(Kind.SYSTEM, f"s{number}", "default") for number in range(ASSETS)], SCHEDULER
    )
    session.flush()
    session.connection().execute(text("DELETE FROM outbox"))
    session.connection().execute(text("CREATE TABLE mark (asset_id bigint NOT NULL)"))
    made = runs.request(session, workspace.id, "asked", None, SCHEDULER)
    session.commit()
    celery.control.purge()
    return made


def look(engine: Engine, run: UUID) -> runs.Run:
    with unit_of_work(engine) as session:
        names = {one.id: one.name for one in workspaces.listing(session)}
        return runs.find(session, names, run)


def chunks(engine: Engine, status: str) -> int:
    with unit_of_work(engine) as session:
        query = text("SELECT count(*) FROM evaluation_chunk WHERE status = :status")
        return int(session.connection().execute(query, {"status": status}).scalar_one())


def marks(engine: Engine) -> tuple[int, int]:
    with unit_of_work(engine) as session:
        row = session.connection().execute(text("SELECT count(*), count(DISTINCT asset_id) FROM mark")).one()
        return int(row[0]), int(row[1])


def test_a_worker_killed_in_the_middle_leaves_nothing_undone_and_nothing_done_twice(
    environment: dict[str, str], engine: Engine, run: UUID, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with worker(environment, log, 1.0) as first:
        dispatch.dispatch(engine)
        until(lambda: chunks(engine, "done") >= 1 and chunks(engine, "running") >= 1, log)
        kill(first)
    assert look(engine, run).status is RunStatus.RUNNING
    before = marks(engine)
    assert 0 < before[0] < ASSETS

    def tick() -> None:
        upkeep.reap()
        dispatch.dispatch(engine)

    with worker(environment, log, 0.05):
        until(lambda: look(engine, run).status is RunStatus.DONE, log, tick)
    seen = look(engine, run)
    assert (seen.done, seen.judged, seen.outcomes) == (ASSETS, ASSETS, {"pass": ASSETS})
    assert marks(engine) == (ASSETS, ASSETS)


def test_what_was_asked_while_the_broker_was_down_is_done_when_it_is_back(
    environment: dict[str, str], engine: Engine, run: UUID, tmp_path: Path
) -> None:
    def down(chunks: list[run_leases.Due]) -> None:
        if chunks:
            raise ConnectionError("no broker")

    with pytest.raises(ConnectionError):
        dispatch.dispatch(engine, down)
    with unit_of_work(engine) as session:
        session.connection().execute(text("UPDATE evaluation_chunk SET leased_until = :now"), {"now": clock.now()})
    log = tmp_path / "worker.log"
    with worker(environment, log, 0.0):
        until(lambda: look(engine, run).status is RunStatus.DONE, log, lambda: dispatch.dispatch(engine))
    assert marks(engine) == (ASSETS, ASSETS)
