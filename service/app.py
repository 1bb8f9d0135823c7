"""The web application: API, documentation pages and health, put together. `create_app` is a factory for uvicorn."""

import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from service.api import admission, health, opa, openapi, problems
from service.api.ground import make as make_ground
from service.api.metrics import Metrics
from service.api.requests import Limits, RequestFrame
from service.api.router import STREAMS, router
from service.auth import tokens
from service.engine.protocol import EngineFailure
from service.foundation import database, logs
from service.foundation.actor import INSTALLER
from service.foundation.errors import ServiceError
from service.foundation.settings import Settings
from service.foundation.settings import settings as from_environment
from service.gate import admission_file
from service.inventory import workspaces
from service.jobs.kick import kick
from service.packs.lifecycle import as_shipped, assign, effective
from service.web import pages

_log = structlog.get_logger()


def create_app(
    engine: Engine | None = None, settings: Settings | None = None, wake: Callable[[], None] | None = None
) -> FastAPI:
    """An app on the given database and settings, else on those of the environment.

    Without settings it is the whole process, and configures its logs too. Starting it makes sure that the workspace
    `default` and the bootstrap token exist; the database must be migrated. `wake` is called after each commit that
    announced something.
    """
    alone = settings is None
    if settings is None:
        settings = from_environment()
        logs.configure(settings.log_format)  # no caller's settings: this app has the process to itself
        wake = wake or kick
        # Requests make many small values and no cycles: looking for cycles less often saves a third of a bulk's time.
        gc.set_threshold(20_000, 20, 50)
    engine = engine or database.engine()
    app = FastAPI(
        title="Allod",
        version=version("allod"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=openapi.operation_id,
    )
    app.state.engine = engine
    app.state.settings = settings
    app.state.wake = wake or _let_tick
    app.state.metrics = Metrics(engine)
    app.state.probes = health.probes(engine, settings)
    app.state.alone = alone
    app.state.admission = admission_file.load(settings.admission_file)
    app.include_router(health.router)
    app.include_router(router)
    app.include_router(admission.router)
    app.include_router(opa.router)
    pages.install(app)
    problems.install(app)
    openapi.install(app)
    # The last one added is the outermost: every refusal of the limits has its id, its log line and its count.
    app.add_middleware(Limits, larger=STREAMS)
    app.add_middleware(RequestFrame, metrics=app.state.metrics)
    return app


def _let_tick() -> None:
    """Nobody is woken: the dispatcher comes round by itself."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(_furnish, app.state.engine, app.state.settings)
    if app.state.alone:
        # Rules are read and compiled before the first candidate waits for it, not before the first page can be seen.
        threading.Thread(target=_warm, args=(app,), daemon=True, name="warm").start()
    yield


def _warm(app: FastAPI) -> None:
    try:
        ground = make_ground(app, app.state.settings)
        packs = (
            effective(ground.library, pack, as_shipped(pack)) for pack in ground.library.packs.values() if pack.active
        )
        ground.engine.activate(assign(ground.library, packs).bundle)
    except (ServiceError, EngineFailure) as failure:
        _log.warning("gate.cold", reason=str(failure))  # whoever asks is told the same


def _furnish(engine: Engine, settings: Settings) -> None:
    with database.unit_of_work(engine) as session:
        workspaces.ensure(session, workspaces.DEFAULT, INSTALLER)
        if settings.bootstrap_token is not None:
            tokens.ensure_bootstrap(session, settings.bootstrap_token.get_secret_value())
