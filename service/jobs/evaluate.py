"""One chunk of a run: taken under a lease, judged, and done in the transaction that holds its results."""

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlmodel import Session
from structlog.contextvars import bound_contextvars

from service.engine.choose import choose
from service.engine.protocol import EngineFailure
from service.evaluation import run_leases
from service.evaluation.run_leases import Lease, LeaseLost
from service.foundation import clock, database
from service.foundation.actor import Actor, ActorKind
from service.foundation.database import unit_of_work
from service.foundation.errors import ServiceError
from service.foundation.ids import new_id
from service.foundation.settings import settings
from service.inventory import workspaces
from service.jobs.heartbeat import kept
from service.jobs.task import celery
from service.packs.source import load_library
from service.pipeline import Ground, PipelineResult, judge_assets

EVALUATOR = Actor(ActorKind.SYSTEM, "evaluator")
log = structlog.get_logger(__name__)

Judge = Callable[[Session, Lease], PipelineResult]


@celery.task(name="allod.evaluate_chunk")  # type: ignore[untyped-decorator]  # Celery ships no types
def evaluate_chunk(evaluation_id: str, number: int) -> None:
    """Judges a chunk, unless it is done or another's; asked twice, it does it once."""
    work(UUID(evaluation_id), number, judge, database.engine(), timedelta(seconds=settings().lease_seconds))


def work(run: UUID, number: int, judge_chunk: Judge, bind: Engine, term: timedelta) -> None:
    """Takes a chunk for `term` and longer while it works, judges it, and says what became of it."""
    holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{new_id().hex}"
    with unit_of_work(bind) as session:
        lease = run_leases.claim(session, run, number, holder, clock.now(), term)
    if lease is None:
        return

    def extend(session: Session) -> bool:
        return run_leases.extend(session, lease, clock.now() + term)

    with bound_contextvars(evaluation=str(run), chunk=number, attempt=lease.attempt):
        try:
            with kept(bind, extend, term), unit_of_work(bind) as session:
                result = judge_chunk(session, lease)
                run_leases.finish(
                    session,
                    lease,
                    judged=result.judged,
                    unchanged=result.unchanged,
                    outcomes=result.outcomes,
                    now=clock.now(),
                )
        except LeaseLost:
            log.warning("chunk.taken_over")
        except Exception as error:
            # Whatever it was, the chunk is not done: it is tried again a bounded number of times, then the run fails.
            log.exception("chunk.failed")
            with unit_of_work(bind) as session:
                run_leases.fail(session, lease, _reason(error), clock.now())
        else:
            log.info("chunk.done", judged=result.judged, unchanged=result.unchanged)


def judge(session: Session, lease: Lease) -> PipelineResult:
    """Judges the assets of a chunk with this process's engine and rules."""
    workspace = next(one for one in workspaces.listing(session) if one.id == lease.workspace_id)
    return judge_assets(
        session, _ground(), workspace, lease.asset_ids, as_of=lease.as_of, force=lease.force, actor=EVALUATOR
    )


@cache
def _ground() -> Ground:
    return Ground(choose(settings()), load_library(settings().policies_dir))


def _reason(error: Exception) -> str:
    """What a reader of the run may know; the rest is in the worker's log."""
    match error:
        case EngineFailure():
            return f"The policy engine gave no answer ({error.kind}): {error.message}"
        case ServiceError():
            return error.detail
        case _:
            return f"{type(error).__name__}; see the worker's log."


def hand_to_queue(chunks: list[run_leases.Due]) -> None:
    """Wakes a worker for each chunk. What does not reach the queue is handed on again in its time."""
    for chunk in chunks:
        queue = "interactive" if chunk.interactive else "evaluate"
        evaluate_chunk.apply_async((str(chunk.evaluation), chunk.number), queue=queue)
