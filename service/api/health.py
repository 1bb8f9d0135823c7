"""Whether this process lives and whether it can do its work; the two that an orchestrator asks, and the metrics.

None of them needs a token, so none of them says more than a state: no address, no error text.
"""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache

import anyio
import redis
import structlog
from alembic.config import Config
from alembic.script import ScriptDirectory
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel
from sqlalchemy import Engine, text

from service.api.metrics import Metrics
from service.engine.choose import choose
from service.engine.entry import read_report
from service.engine.protocol import Bundle, Finding, Module, RawVerdict, RuleEntry
from service.foundation.settings import MIGRATIONS, Settings

PROBE_SECONDS = 2.0
_QUESTION = Bundle(
    modules=(
        Module(
            "rules/health/probe/probe.rego",
            "package allod.rules.health.probe\n\napplies := true\n\n"
            'violation contains {"subject": "x", "message": "it answers", "path": []} if input.asked\n\n'
            "unknown contains finding if {\n\tfalse\n\tfinding := {}\n}\n",
        ),
    ),
    rules=(RuleEntry("PROBE-001", "allod.rules.health.probe", ("model",)),),
)
_ANSWER = {"PROBE-001": RawVerdict(applies=True, violations=(Finding("x", "it answers"),))}

_log = structlog.get_logger(__name__)
router = APIRouter(tags=["health"])


class State(StrEnum):
    """How one thing that the service needs is."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"


class NotReady(Exception):
    """A probe's answer that is neither OK nor a failure to ask. It is logged, not shown."""


Probe = Callable[[], None]


class Health(BaseModel):
    """The process lives."""

    status: State


class Readiness(BaseModel):
    """Whether work can be done, and what stands in its way."""

    status: State
    checks: dict[str, State]


def probes(bind: Engine, settings: Settings) -> dict[str, Probe]:
    """What must answer before the service can work, by name. A probe returns when all is well and raises when it is not."""
    return {
        "database": lambda: _ask_database(bind),
        "migrations": lambda: _compare_migrations(bind),
        "broker": lambda: _ping_broker(settings),
        "engine": lambda: _ask_engine(settings),
    }


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answers as long as the process can answer; asks nobody else."""
    return Health(status=State.OK)


@router.get("/readyz", summary="Can it work?", responses={503: {"model": Readiness, "description": "Not now"}})
async def readyz(request: Request) -> Response:
    """Asks the database, its migrations, the broker and the engine, each for at most two seconds."""
    states = await _ask(request.app.state.probes)
    ready = all(state is State.OK for state in states.values())
    body = Readiness(status=State.OK if ready else State.FAILED, checks=states)
    return JSONResponse(body.model_dump(mode="json"), 200 if ready else 503)


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    kept: Metrics = request.app.state.metrics
    return Response(kept.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _ask(all_probes: Mapping[str, Probe]) -> dict[str, State]:
    states = dict.fromkeys(all_probes, State.TIMEOUT)
    # Threads of their own: a probe that hangs is left behind, and takes no place from requests.
    limiter = CapacityLimiter(math.inf)

    async def ask(name: str, probe: Probe) -> None:
        with anyio.move_on_after(PROBE_SECONDS):
            try:
                await to_thread.run_sync(probe, abandon_on_cancel=True, limiter=limiter)
                states[name] = State.OK
            except Exception as error:  # noqa: BLE001 -- whatever a probe raises means not ready, and is logged
                states[name] = State.FAILED
                _log.warning("probe.failed", probe=name, error=type(error).__name__, reason=str(error)[:500])

    async with anyio.create_task_group() as group:
        for name, probe in all_probes.items():
            group.start_soon(ask, name, probe)
    return states


def _ask_database(bind: Engine) -> None:
    with bind.connect() as connection:
        connection.execute(text("SELECT 1"))


def _compare_migrations(bind: Engine) -> None:
    with bind.connect() as connection:
        current = set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    if current != _heads():
        raise NotReady(f"the database is at {sorted(current)}, this release needs {sorted(_heads())}")


@cache
def _heads() -> frozenset[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return frozenset(ScriptDirectory.from_config(config).get_heads())


def _ping_broker(settings: Settings) -> None:
    client = redis.Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
    )
    try:
        client.ping()
    finally:
        client.close()


def _ask_engine(settings: Settings) -> None:
    # A question whose answer is known: an engine that is merely there might still not judge.
    engine = choose(settings)
    engine.activate(_QUESTION)
    (report,) = engine.query(_QUESTION.digest, "model", [{"asked": True}])
    if read_report(_QUESTION.rules, report) != _ANSWER:
        raise NotReady(f"{engine.name} gave another answer than the known one: {report}")
