"""`allod health ROLE`: does the role on this machine do its work? For container health checks; exit 0 or 3."""

import time
from enum import StrEnum
from typing import Annotated

import typer

from service.cli.failures import Stopped
from service.foundation.settings import settings

PULSE_SECONDS = 60
ANSWER_SECONDS = 5.0


class Role(StrEnum):
    """What `allod serve` runs."""

    API = "api"
    WORKER = "worker"
    SCHEDULER = "scheduler"


def health(role: Annotated[Role, typer.Argument(help="The role to ask after.")]) -> None:
    """Say whether a role runs and works on this machine."""
    sick = {Role.API: _api, Role.WORKER: _worker, Role.SCHEDULER: _scheduler}[role]()
    if sick:
        raise Stopped(sick)
    typer.echo(f"{role} is well")


def _api() -> str | None:
    import httpx2

    # Its own address stands in no certificate; nobody else answers on it.
    tls = settings().tls_cert is not None
    url = f"{'https' if tls else 'http'}://127.0.0.1:{settings().port}/readyz"
    answer = httpx2.get(url, timeout=ANSWER_SECONDS, verify=not tls)
    return None if answer.status_code == httpx2.codes.OK else f"The API is not ready: {answer.text}"


def _worker() -> str | None:
    import socket

    from service.jobs.task import celery

    host = socket.gethostname()
    answers = celery.control.ping(timeout=ANSWER_SECONDS, limit=None) or []
    here = [node for answer in answers for node in answer if node.partition("@")[2] == host]
    return None if here else f"No worker of {host} answers within {ANSWER_SECONDS:.0f} s."


def _scheduler() -> str | None:
    from service.cli.pulse import pulse_file

    file = pulse_file()
    if not file.exists():
        return f"The scheduler has not started: {file} is not there."
    age = time.time() - file.stat().st_mtime
    return None if age < PULSE_SECONDS else f"The scheduler has been silent for {age:.0f} s."
