"""One run of a source: taken under a lease, read, recorded batch by batch, ended. Asked twice, it is done once."""

import ctypes
import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_shutting_down
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session
from structlog.contextvars import bound_contextvars

from service.foundation import clock, database
from service.foundation.actor import Actor, ActorKind
from service.foundation.database import unit_of_work
from service.foundation.errors import ServiceError
from service.foundation.ids import new_id
from service.foundation.settings import settings
from service.inventory import workspaces
from service.jobs.heartbeat import kept
from service.jobs.task import celery
from service.scans import leases, outbound, reading, recording, registry, runs, sources
from service.scans.failures import Stopped
from service.scans.leases import Due, Lease, LeaseLost, State
from service.scans.places import Places
from service.scans.reading import Surroundings
from service.scans.recording import Batch
from service.scans.runs import Mode, RunStatus
from service.scans.secrets import Secrets
from service.scans.sources import Source

GRACE_SECONDS: Final = 30  # between the limit that a run keeps itself and the one that Celery kills it at
SHOW_SECONDS: Final = 1.0  # a batch is written at least so often, so that whoever watches sees it move
log = structlog.get_logger(__name__)

# Set by the worker's main process and seen by those it forked: a scan may be longer than anybody waits for a shutdown. A
# bare value and no `Event`: its lock would stay taken for ever by a process that was killed while it looked.
_closing = multiprocessing.get_context("fork").RawValue(ctypes.c_bool, False)


@worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery ships no types
def _close(**_: Any) -> None:
    _closing.value = True


@celery.task(name="allod.scan")  # type: ignore[untyped-decorator]  # likewise
def scan(run_id: str) -> None:
    """Reads a source, unless the run is over or another's."""
    work(UUID(run_id), database.engine(), timedelta(seconds=settings().lease_seconds))


def hand_to_queue(due: list[Due]) -> None:
    """Wakes a worker for each run. What does not reach the queue is handed on again in its time."""
    for one in due:
        limit = one.time_limit_seconds + GRACE_SECONDS
        scan.apply_async((str(one.run),), queue="scan", soft_time_limit=limit, time_limit=limit + GRACE_SECONDS)


@dataclass(slots=True)
class _Watch:
    """Why a run must stop, if it must: looked at between objects, told by the heartbeat, the clock and the worker."""

    deadline: float
    state: State = State.HELD

    def look(self) -> None:
        """Raises `Stopped` where the run must end here."""
        if self.state is not State.HELD or _closing.value or time.monotonic() > self.deadline:
            raise Stopped


def work(run: UUID, bind: Engine, term: timedelta) -> None:
    """Takes a run for `term` and longer while it works, and says what became of it."""
    holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{new_id().hex}"
    with unit_of_work(bind) as session:
        lease = leases.claim(session, run, holder, clock.now(), term)
        source = _source(session, lease) if lease else None
    if lease is None or source is None:
        return
    watch = _Watch(time.monotonic() + source.wanted.time_limit_seconds)

    def extend(session: Session) -> bool:
        watch.state = leases.extend(session, lease, clock.now() + term)
        return watch.state is State.HELD

    with bound_contextvars(scan=str(run), source=source.name, attempt=lease.attempt), kept(bind, extend, term):
        try:
            _scan(bind, lease, source, watch)
        except LeaseLost:
            log.warning("scan.taken_over")


def _scan(bind: Engine, lease: Lease, source: Source, watch: _Watch) -> None:
    actor = Actor(ActorKind.SYSTEM, source.origin)
    error = None
    try:
        _read(bind, lease, source, watch, actor)
        if lease.mode == Mode.SCAN:
            _age(bind, lease, source, actor, watch)
    except (Stopped, SoftTimeLimitExceeded):
        if watch.state is State.LOST:
            raise LeaseLost(str(lease.run)) from None
        if _closing.value:
            with _unit(bind) as session:
                leases.hand_back(session, lease)
            log.info("scan.handed_back")
            return
        limit = source.wanted.time_limit_seconds
        error = None if watch.state is State.CANCELLED else f"The run was stopped after {limit} s, its time limit."
    except ServiceError as refusal:
        error = refusal.detail
    except (LeaseLost, OperationalError, InterfaceError):
        raise  # another's run, or a database that is away: the lease ends, and the run is taken again
    except Exception as failure:
        log.exception("scan.failed")
        error = f"{type(failure).__name__}; see the worker's log."
    with _unit(bind) as session:
        covered = recording.coverage(session, lease.run)
        status = RunStatus.CANCELLED if watch.state is State.CANCELLED else covered.status
        if error is not None and status is RunStatus.DONE:
            status = RunStatus.PARTIAL if covered.parts else RunStatus.FAILED
        if status in (RunStatus.PARTIAL, RunStatus.FAILED):
            error = error or recording.first_refusal(session, lease.run) or "Not all that was asked was read."
        leases.finish(session, lease, str(status), error, clock.now())
        # A place is free: who is overdue need not wait for the next tick.
        runs.enqueue_due(session, clock.now(), settings().scans_in_flight)
    log.info("scan.ended", status=str(status))


def _read(bind: Engine, lease: Lease, source: Source, watch: _Watch, actor: Actor) -> None:
    connector = registry.find(source.wanted.connector)
    around = Surroundings(
        source.origin, clock.today(), Secrets.of(settings()), Places.of(settings()), on_pause=watch.look
    )
    given = reading.settings_of(connector, source.wanted.settings)
    batch, written = Batch(), time.monotonic()
    try:
        for event in reading.read(connector, given, around, workspace=source.workspace, reach=source.wanted.reach):
            batch.add(event, source)
            if batch.full() or time.monotonic() - written > SHOW_SECONDS:
                _write(bind, lease, source, batch, actor)
                batch, written = Batch(), time.monotonic()
    finally:
        # However the reading ends, what it saw is kept; of a run that is another's now, the lease keeps us from writing.
        _write(bind, lease, source, batch, actor)


def _write(bind: Engine, lease: Lease, source: Source, batch: Batch, actor: Actor) -> None:
    with _unit(bind) as session:
        if lease.mode == Mode.TEST:
            recording.preview(session, lease, batch)
        else:
            recording.record(session, lease, source, batch, actor)


def _age(bind: Engine, lease: Lease, source: Source, actor: Actor, watch: _Watch) -> None:
    with _unit(bind) as session:
        recording.age(session, lease, source, recording.coverage(session, lease.run))
    more = True
    while more:
        watch.look()
        with _unit(bind) as session:
            more = recording.bury(session, lease, source, actor)


@contextmanager
def _unit(bind: Engine) -> Iterator[Session]:
    with outbound.aside(), unit_of_work(bind) as session:
        yield session


def _source(session: Session, lease: Lease) -> Source | None:
    names = {one.id: one.name for one in workspaces.listing(session)}
    return sources.by_id(session, lease.source_id, names[lease.workspace_id])


def take_due(bind: Engine, publish: Callable[[list[Due]], None] = hand_to_queue) -> int:
    """Asks for runs of what is due and hands on what waits; answers how many were handed on."""
    now = clock.now()
    with unit_of_work(bind) as session:
        runs.enqueue_due(session, now, settings().scans_in_flight)
    with unit_of_work(bind) as session:
        found = leases.due(session, now, timedelta(seconds=settings().lease_seconds))
    publish(found)
    return len(found)
