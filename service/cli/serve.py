"""`allod serve`: one role of the service, in the foreground, from `ALLOD_*` settings. SIGTERM ends it in good order."""

import logging
import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from service.cli.failures import Stopped
from service.foundation.errors import Fault, Invalid
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
    tls_cert: Annotated[
        Path | None,
        typer.Option(help="Serve HTTPS with this certificate chain (PEM); default: ALLOD_TLS_CERT.", dir_okay=False),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="Its private key (PEM); default: ALLOD_TLS_KEY.", dir_okay=False)
    ] = None,
) -> None:
    """Serve REST and the dashboard."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from service.gate import admission_file

    number = settings().port if port is None else port
    certificate, key = _pair(tls_cert or settings().tls_cert, tls_key or settings().tls_key)
    admission_file.load(settings().admission_file)  # of several processes none could say what is wrong with it
    config = uvicorn.Config(
        "service.app:create_app",
        factory=True,
        host=host,
        port=number,
        workers=workers,
        log_config=None,  # the application configures logs, uvicorn's among them
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # it has ended in good order by then
        if workers > 1:
            Multiprocess(config, sockets=[at_once(config.bind_socket())]).run()
            return
        server.run()
    if not server.started:
        raise Stopped("The API could not start; its log says why.")


def at_once(listening: socket.socket) -> socket.socket:
    """The socket, so that answers on its connections leave as they are written.

    asyncio sees to that only on sockets it made itself. On one that processes share an answer's end waits for the client to
    acknowledge its beginning, which clients put off for 40 ms.
    """
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


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


def _pair(certificate: Path | None, key: Path | None) -> tuple[str | None, str | None]:
    """The two files that HTTPS needs, None for plain HTTP.

    Raises:
        Invalid: one is missing, or they cannot be used together.
    """
    if certificate is None and key is None:
        return None, None
    if certificate is None or key is None:
        raise Invalid("HTTPS needs both a certificate and its key: say --tls-cert FILE and --tls-key FILE, or neither.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fault = Fault("", what, "a certificate chain and its private key without a password, both in PEM")
        raise Invalid(f"HTTPS cannot be served with {certificate} and {key}.", [fault]) from error
    return str(certificate), str(key)


def _quieten() -> None:
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
