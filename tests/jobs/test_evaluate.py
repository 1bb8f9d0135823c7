"""One chunk under its lease, with a judge of the test's own."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from structlog.testing import capture_logs

from service.engine import choose
from service.engine.embedded import EmbeddedEngine
from service.engine.protocol import EngineFailure, FailureKind
from service.evaluation import run_leases, runs
from service.evaluation.run_leases import Lease
from service.evaluation.runs import RunStatus
from service.foundation import clock
from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work
from service.foundation.errors import Unavailable
from service.foundation.outbox import Topic, announce
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation
from service.inventory.views import WorkspaceView
from service.jobs import evaluate
from service.jobs.heartbeat import kept
from service.pipeline import PipelineResult

TERM = timedelta(seconds=30)


@pytest.fixture
def workspace(session: Session) -> WorkspaceView:
    made = workspaces.ensure(session, "default", SCHEDULER)
    ingest.record(session, made, [Observation(Kind.SYSTEM, "desk", "default")], SCHEDULER)
    session.commit()
    return made


@pytest.fixture
def run(session: Session, workspace: WorkspaceView) -> UUID:
    made = runs.request(session, workspace.id, "asked", None, SCHEDULER, chunk_size=2)
    session.flush()
    run_leases.due(session, clock.now(), TERM)
    session.connection().execute(text("DELETE FROM outbox"))
    session.commit()
    return made


def passes(session: Session, lease: Lease) -> PipelineResult:
    announce(session, Topic.VIOLATION_OPENED, {"workspace": "default", "violations": [str(lease.number)]})
    return PipelineResult(1, 0, Counter({"pass": 1}))


def see(session: Session, workspace: WorkspaceView, run: UUID) -> runs.Run:
    session.rollback()
    return runs.find(session, {workspace.id: workspace.name}, run)


def applied(session: Session) -> int:
    session.rollback()
    return int(session.connection().execute(text("SELECT count(*) FROM outbox")).scalar_one())


def chunk_error(session: Session) -> tuple[str, str]:
    session.rollback()
    return tuple(session.connection().execute(text("SELECT status, error FROM evaluation_chunk")).one())


def test_a_chunk_that_is_asked_for_twice_is_judged_once(
    session: Session, engine: Engine, workspace: WorkspaceView, run: UUID
) -> None:
    for _ in range(2):
        evaluate.work(run, 0, passes, engine, TERM)
    seen = see(session, workspace, run)
    assert (seen.status, seen.done, seen.outcomes) == (RunStatus.DONE, 1, {"pass": 1})
    assert applied(session) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            EngineFailure(FailureKind.UNREACHABLE, "no answer within 20 s"),
            "The policy engine gave no answer (unreachable): no answer within 20 s",
        ),
        (Unavailable("The catalogue is being loaded."), "The catalogue is being loaded."),
        (RuntimeError("password=hunter2"), "RuntimeError; see the worker's log."),
    ],
)
def test_a_chunk_that_fails_undoes_everything_and_waits_with_its_reason(
    session: Session, engine: Engine, run: UUID, error: Exception, reason: str
) -> None:
    def fails(session: Session, lease: Lease) -> PipelineResult:
        passes(session, lease)
        session.flush()
        raise error

    with capture_logs():
        evaluate.work(run, 0, fails, engine, TERM)
    assert chunk_error(session) == ("waiting", reason)
    assert applied(session) == 0


def test_a_worker_whose_chunk_was_taken_over_undoes_everything(
    session: Session, engine: Engine, workspace: WorkspaceView, run: UUID
) -> None:
    def overtaken(session: Session, lease: Lease) -> PipelineResult:
        with unit_of_work(engine) as other:
            other.connection().execute(text("UPDATE evaluation_chunk SET leased_until = now() - interval '1 second'"))
        evaluate.work(run, 0, passes, engine, TERM)
        return passes(session, lease)

    with capture_logs() as lines:
        evaluate.work(run, 0, overtaken, engine, TERM)
    assert [line["event"] for line in lines] == ["chunk.done", "chunk.taken_over"]
    assert see(session, workspace, run).status is RunStatus.DONE
    assert applied(session) == 1


def test_a_chunk_that_takes_longer_than_its_lease_is_kept_by_the_heartbeat(
    session: Session, engine: Engine, workspace: WorkspaceView, run: UUID
) -> None:
    def slow(session: Session, lease: Lease) -> PipelineResult:
        time.sleep(1.5)
        with unit_of_work(engine) as other:
            assert run_leases.reap(other, clock.now()) == 0
        return passes(session, lease)

    evaluate.work(run, 0, slow, engine, timedelta(seconds=0.6))
    assert see(session, workspace, run).status is RunStatus.DONE


def test_a_heartbeat_that_the_database_refuses_is_tried_again(engine: Engine) -> None:
    answers = iter([OperationalError("x", {}, Exception("gone")), True, False])
    beats = []
    over = threading.Event()

    def extend(_: object) -> bool:
        answer = next(answers)
        beats.append(answer)
        if isinstance(answer, Exception):
            raise answer
        if not answer:
            over.set()
        return bool(answer)

    with capture_logs() as lines, kept(engine, extend, timedelta(seconds=0.03)):
        assert over.wait(10)
    assert len(beats) == 3
    assert [line["event"] for line in lines] == ["heartbeat.missed"]


@pytest.fixture
def engines() -> Iterator[None]:
    """Ends the processes of the engines that this test asked."""
    yield
    for asked in choose._engines.values():
        if isinstance(asked, EmbeddedEngine):
            asked.close()
    choose._engines.clear()


@pytest.mark.usefixtures("environment", "engines")
def test_the_task_judges_with_the_shipped_rules_and_keeps_the_outcomes(
    session: Session, workspace: WorkspaceView, run: UUID
) -> None:
    evaluate.evaluate_chunk(str(run), 0)
    seen = see(session, workspace, run)
    assert (seen.status, seen.done, seen.judged) == (RunStatus.DONE, 1, 1)
    assert seen.outcomes["unknown"] > 0  # a system that says nothing of itself passes no rule in silence
    evaluate.evaluate_chunk(str(run), 0)
    assert see(session, workspace, run) == seen
