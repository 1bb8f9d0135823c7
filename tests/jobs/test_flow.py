"""From a changed asset to its violation through real workers, the real engine and the shipped rules."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work
from service.foundation.settings import ROOT
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation
from service.inventory.views import WorkspaceView
from service.jobs.task import celery

PATIENCE_SECONDS = 90
ASSETS = 40


@contextmanager
def role(environment: dict[str, str], log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """`allod serve …` in a process group of its own; whatever is left of it at the end is killed."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", *command],
            env={**os.environ, **environment},
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
    """SIGKILL to the process that this test started and to its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def estate(count: int, tested_on: str | None) -> list[Observation]:
    """Critical systems; without a tested exit plan each breaks VEN-003."""
    plan = {"exit_plan": {"tested_on": tested_on, "alternatives": ["software:other"]}} if tested_on else {}
    attributes = {"criticality": "critical", "commercial": False, "data_classes": ["public"], **plan}
    return [Observation(Kind.SYSTEM, f"s{number}", "default", attributes=attributes) for number in range(count)]


def one(engine: Engine, query: str) -> int:
    with unit_of_work(engine) as session:
        return int(session.connection().execute(text(query)).scalar_one())


def until(engine: Engine, query: str, least: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while one(engine, query) < least:
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.1)


@pytest.fixture
def workspace(session: Session, environment: dict[str, str]) -> WorkspaceView:
    made = workspaces.ensure(session, "default", SCHEDULER)
    session.commit()
    celery.control.purge()
    return made


OPEN = "SELECT count(*) FROM violation WHERE rule = 'VEN-003' AND status = 'open' AND outcome = 'violation'"
RESOLVED = "SELECT count(*) FROM violation WHERE rule = 'VEN-003' AND status = 'resolved'"
UNDONE = "SELECT count(*) FROM evaluation WHERE status NOT IN ('done')"
JUDGED = "SELECT count(*) FROM judgement WHERE decided_at IS NOT NULL"
TWICE = "SELECT count(*) - count(DISTINCT violation_id) FROM violation_event WHERE event = 'opened'"


def test_a_change_is_judged_within_seconds_and_a_killed_worker_leaves_nothing_undone_or_twice(
    environment: dict[str, str], session: Session, engine: Engine, workspace: WorkspaceView, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with role(environment, log, "scheduler"):
        with role(environment, log, "worker", "--concurrency=2") as first:
            ingest.record(session, workspace, estate(ASSETS, None), SCHEDULER)
            session.commit()
            until(engine, JUDGED, 1, log)
            kill(first)
        assert one(engine, UNDONE) == 1
        with role(environment, log, "worker", "--concurrency=2"):
            until(engine, OPEN, ASSETS, log)
            until(engine, "SELECT count(*) FROM evaluation WHERE status = 'done'", 1, log)
            assert one(engine, TWICE) == 0
            assert one(engine, UNDONE) == 0
            ingest.record(session, workspace, estate(1, "2026-11-01"), SCHEDULER)
            session.commit()
            until(engine, RESOLVED, 1, log)
    assert one(engine, OPEN) == ASSETS - 1
