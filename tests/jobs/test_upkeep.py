"""What happens by the clock, what wakes the dispatcher, and what Celery is told."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta

import pytest
from celery.signals import setup_logging
from sqlalchemy import text
from sqlmodel import Session
from structlog.testing import capture_logs

from service.evaluation import runs
from service.evaluation.run_leases import Due
from service.foundation import clock, logs
from service.foundation.actor import SCHEDULER
from service.foundation.ids import new_id
from service.foundation.outbox import Topic, announce
from service.foundation.settings import LogFormat, settings
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation
from service.jobs import kick, scan, upkeep
from service.jobs.evaluate import hand_to_queue
from service.jobs.kick import Bell
from service.jobs.task import QUEUES, SCHEDULE, celery, configuration
from service.scans import leases, sources
from service.scans.sources import Wanted
from service.violations.tables import WaiverRow
from tests.factories.waivers import waiver


@pytest.fixture
def bell() -> Iterator[tuple[Bell, list[float]]]:
    """A bell with short rests, and when it rang."""
    rung: list[float] = []
    made = Bell(lambda: rung.append(time.monotonic()), pause=0.05, rest=0.05)
    yield made, rung
    made.stop()


def soon(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_clock_has_due_sources_read_and_old_runs_forgotten(
    session: Session, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, script: Callable[..., None]
) -> None:
    assert environment
    script(lambda _, context: iter(()))
    workspace = workspaces.ensure(session, "default", SCHEDULER)
    sources.put(session, workspace, "it", Wanted("mlflow", {}, every_seconds=3600), SCHEDULER)
    session.commit()
    handed: list[leases.Due] = []
    monkeypatch.setattr(scan.take_due, "__defaults__", (handed.extend,))
    upkeep.scan_due()
    assert len(handed) == 1
    monkeypatch.setattr("service.scans.runs.sweep.__defaults__", (0,))
    session.connection().execute(text("UPDATE scan_run SET status = 'done'"))
    session.commit()
    upkeep.sweep_scans()
    assert session.connection().execute(text("SELECT count(*) FROM scan_run")).scalar_one() == 0


def test_many_rings_are_few_kicks_and_the_last_ring_is_never_lost(bell: tuple[Bell, list[float]]) -> None:
    made, rung = bell
    for _ in range(100):
        made.ring()
    soon(lambda: rung)
    time.sleep(0.2)
    assert 1 <= len(rung) <= 3
    before = len(rung)
    made.ring()
    soon(lambda: len(rung) > before)


def test_a_broker_that_is_down_holds_up_no_caller_and_is_tried_again() -> None:
    answers = iter([ConnectionError("down")])
    done = threading.Event()

    def send() -> None:
        error = next(answers, None)
        if error:
            time.sleep(0.2)
            raise error
        done.set()

    made = Bell(send, pause=0.01, rest=0.01)
    with capture_logs() as lines:
        started = time.monotonic()
        made.ring()
        assert time.monotonic() - started < 0.15
        soon(lambda: lines)
        made.ring()
        assert done.wait(5)
        made.stop()
        made.stop()  # a bell at rest has nothing to end
    assert [(line["event"], line["error"]) for line in lines] == [("kick.failed", "ConnectionError")]


@pytest.mark.usefixtures("environment")
def test_a_kick_wakes_the_dispatcher_through_the_queue() -> None:
    celery.control.purge()
    kick.kick()
    soon(lambda: celery.control.purge() == 1)
    kick._bell.stop()


@pytest.mark.usefixtures("environment")
def test_chunks_go_to_the_queue_of_those_who_wait_or_of_the_rest() -> None:
    celery.control.purge()
    run = Due(new_id(), 0, interactive=True)
    hand_to_queue([run, Due(run.evaluation, 1, interactive=False), Due(run.evaluation, 2, interactive=False)])
    with celery.connection() as connection:
        lengths = {queue: connection.default_channel.client.llen(queue) for queue in QUEUES}
    celery.control.purge()
    assert lengths == {"interactive": 1, "scan": 0, "evaluate": 2, "upkeep": 0}


@pytest.mark.usefixtures("environment")
def test_every_workspace_is_judged_once_a_day_however_many_schedulers_there_are(session: Session) -> None:
    made = [workspaces.ensure(session, name, SCHEDULER) for name in ("a", "b")]
    session.commit()
    upkeep.evaluate_daily()
    upkeep.evaluate_daily()
    page = runs.listing(session, {one.id: one.name for one in made}, 10, None)
    assert sorted((run.workspace, run.reason) for run in page.items) == [("a", "daily"), ("b", "daily")]


@pytest.mark.usefixtures("environment")
def test_a_waiver_that_ends_soon_is_told_of_on_one_day_alone(session: Session) -> None:
    home = workspaces.ensure(session, "a", SCHEDULER)
    ends = clock.now() + timedelta(days=13)
    soon = waiver(workspace_id=home.id, expires_at=ends)
    session.add(WaiverRow(**asdict(soon)))
    session.add(WaiverRow(**asdict(waiver(workspace_id=home.id, expires_at=ends + timedelta(days=2)))))
    session.commit()
    with capture_logs() as lines:
        upkeep.evaluate_daily()
        upkeep.evaluate_daily()
    assert [line for line in lines if line["event"] == "waiver.expiring"] == [
        {
            "event": "waiver.expiring",
            "log_level": "info",
            "workspace": "a",
            "waiver": str(soon.id),
            "rule": "RES-001",
            "asset": "system:desk",
            "expires_at": ends.isoformat(),
        }
    ]


@pytest.mark.usefixtures("environment")
def test_the_dispatch_task_carries_out_the_outbox_and_the_reaper_frees_chunks(session: Session) -> None:
    workspace = workspaces.ensure(session, "default", SCHEDULER)
    ingest.record(session, workspace, [Observation(Kind.SYSTEM, "desk", "default")], SCHEDULER)
    announce(session, Topic.VIOLATION_OPENED, {"workspace": "default", "violations": []})
    session.commit()
    upkeep.dispatch_outbox()
    assert session.connection().execute(text("SELECT count(*) FROM outbox")).scalar_one() == 0
    session.connection().execute(text("UPDATE evaluation_chunk SET status = 'running', leased_until = now()"))
    session.commit()
    upkeep.reap()
    assert session.connection().execute(text("SELECT status FROM evaluation_chunk")).scalar_one() == "waiting"
    celery.control.purge()


@pytest.mark.usefixtures("environment")
def test_celery_is_told_to_lose_nothing() -> None:
    told = configuration()
    assert told["task_acks_late"]
    assert told["task_reject_on_worker_lost"]
    assert told["worker_prefetch_multiplier"] == 1
    assert told["task_soft_time_limit"] < told["task_time_limit"]
    assert told["broker_transport_options"]["visibility_timeout"] > told["task_time_limit"]
    assert told["accept_content"] == ["json"]
    assert told["broker_url"] == settings().redis_url.get_secret_value()


@pytest.mark.usefixtures("environment")
def test_the_schedule_names_tasks_that_there_are() -> None:
    celery.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(celery.tasks)


@pytest.mark.usefixtures("environment")
def test_celerys_lines_look_like_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(logs, "configure", told.append)
    setup_logging.send(None)
    assert told == [LogFormat.TEXT]


def test_the_jobs_are_imported_without_any_setting() -> None:
    code = "import service.jobs.upkeep, service.jobs.kick, service.worker"
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
