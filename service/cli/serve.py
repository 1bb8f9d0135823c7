"""`allod serve`: one role of the service, in the foreground, from `ALLOD_*` settings. SIGTERM ends it in good order."""

import logging
import os
from typing import Annotated

import typer

from service.foundation.settings import settings

# A line for each tick of each second, which nobody reads: what fails is said all the same.
CHATTY = ("celery.beat", "celery.worker.strategy", "celery.app.trace")
SHUTDOWN_SECONDS = 20

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Run one role of the service: api, worker, scheduler."
)


@app.command()
def api(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 in a container.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Port; default: ALLOD_PORT, else 8000.", min=0, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1)] = 1,
) -> None:
    """Serve REST and the dashboard."""
    import uvicorn

    number = settings().port if port is None else port
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=host,
        port=number,
        workers=workers,
        log_config=None,  # the application configures logs, uvicorn's among them
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


@app.command()
def worker(
    concurrency: Annotated[int | None, typer.Option(help="Tasks at once; default: one for each CPU.", min=1)] = None,
    queues: Annotated[str | None, typer.Option(help="Queues to serve, with commas between; default: all.")] = None,
    name: Annotated[str, typer.Option(help="Name of this worker, unique on its host.")] = "allod",
) -> None:
    """Take jobs from the queues. SIGTERM: finish what is running, take nothing new."""
    settings()
    from service.jobs.task import QUEUES, celery

    served = queues.split(",") if queues else QUEUES
    unknown = sorted(set(served) - set(QUEUES))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: the queues are {', '.join(QUEUES)}", param_hint="--queues")
    _quieten()
    celery.worker_main(
        [
            "worker",
            f"--hostname={name}@%h",
            f"--queues={','.join(served)}",
            f"--concurrency={concurrency or os.cpu_count() or 1}",
            "--loglevel=INFO",
            "--without-gossip",  # workers have nothing to tell each other: the database holds who does what
            "--without-mingle",
        ]
    )


@app.command()
def scheduler() -> None:
    """Send the periodic jobs. Two of them are safe: jobs claim their work in the database."""
    settings()
    from service.jobs.task import celery

    _quieten()
    celery.start(["beat", "--scheduler=service.cli.pulse:PulsingScheduler", "--loglevel=INFO"])


def _quieten() -> None:
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
