"""`allod agent`: runs on a GPU host, reads the machine as the connector `gpu_host` does, and reports it to the server.

The server judges and keeps; the agent only says what it sees, under the name of a source that is there. Hosts may share one:
each speaks of its own part, and what that no longer shows ages. The token is read anew for every report, so that it can be
changed under the agent.
"""

import random
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
import typer

from service.cli import client, failures
from service.cli.client import DEFAULT_URL
from service.foundation.errors import ServiceError
from service.scans import reading, registry
from service.scans.connector import Note, Read, Refused
from service.scans.places import Places
from service.scans.reading import Surroundings, Taken
from service.scans.secrets import Secrets

INCOMPLETE: Final = 1  # exit code: reported, and something could not be read
CONNECTOR: Final = "gpu_host"
JITTER: Final = 0.1  # of the interval, either way: a thousand hosts that start together do not report together

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("agent")
def agent(
    source: Annotated[
        str | None,
        typer.Option("--source", help="The source to report as; its connector is `gpu_host`."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The host's name in the inventory. Default: hostname.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Where the host stands, for instance cloud_region:hetzner/fsn1.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Report once and end. The default.")] = False,
    every: Annotated[
        float | None, typer.Option("--every", min=1.0, metavar="SECONDS", help="Report again and again, until SIGTERM.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the report; no server is needed.")] = False,
    workspace: client.WorkspaceName = None,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Report this GPU host to the inventory. Exit 1 where something of it could not be read."""
    if once and every is not None:
        raise typer.BadParameter("--once and --every contradict each other")
    if source is None and not dry_run:
        raise typer.BadParameter("--source is missing: as which source to report")
    settings = client.known({"name": name, "region": region})
    if dry_run:
        parts = _read(source or CONNECTOR, settings)
        typer.echo(orjson.dumps({"parts": parts}, option=orjson.OPT_INDENT_2))
        raise typer.Exit(_told(parts))
    with client.connect(url, token_file):  # what can never work ends here, and not in a loop
        reading.settings_of(registry.find(CONNECTOR), settings)

    def report() -> int:
        parts = _read(str(source), settings)
        with client.connect(url, token_file) as server:
            path = f"/sources/{quote(str(source), safe='')}:push"
            answer = server.ask("POST", path, params=client.known({"workspace": workspace}), json={"parts": parts})
            run = client.as_object(answer)
        assets = sum(len(part["assets"]) for part in parts)
        typer.echo(f"Reported {assets} assets as {source}, run {run.get('id')}.")
        return _told(parts)

    if every is None:
        raise typer.Exit(report())
    with _ending_at_once():
        while True:
            try:
                report()
            except ServiceError as error:  # away, restarting, a token that is being changed: the next time may do
                typer.echo("\n".join(failures.explain(error).lines), err=True)
            sys.stdout.flush()
            time.sleep(every * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 -- spreads load, guards nothing


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Within, SIGTERM ends the program wherever it stands: a report half sent is one that the server never took."""

    def end(_: int, __: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _read(source: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """What this machine shows, part by part, as the server takes it; parts bear its name, as agents may share a source."""
    connector = registry.find(CONNECTOR)
    around = Surroundings(
        f"source:{source}", datetime.now(UTC).date(), Secrets((), Path("/run/secrets"), {}), Places(())
    )
    host = given.get("name") or socket.gethostname()
    parts: dict[str, dict[str, Any]] = {}
    for event in reading.read(connector, reading.settings_of(connector, given), around):
        part = parts.setdefault(
            event.part, {"part": f"{host}: {event.part}", "complete": False, "assets": [], "refused": [], "notes": []}
        )
        match event:
            case Taken():
                part["assets"].append({"object": event.object, "manifest": _manifest(event)})
            case Refused():
                part["refused"].append({"object": event.object, "reason": event.reason})
            case Note():
                part["notes"].append({"object": event.object, "text": event.text})
            case Read():
                part["complete"] = True
    return list(parts.values())


def _manifest(taken: Taken) -> dict[str, Any]:
    """What was observed as a manifest; whom it is managed by, the server knows."""
    return {key: value for key, value in taken.observation.body().items() if value and key != "managed_by"}


def _told(parts: list[dict[str, Any]]) -> int:
    """Says on standard error what could not be read and what is to be known; answers the exit code."""
    refused = [one for part in parts for one in part["refused"]]
    for part in parts:
        for one in part["notes"]:
            typer.echo(f"note: {one['object']}: {one['text']}", err=True)
        for one in part["refused"]:
            typer.echo(f"refused: {one['object'] or part['part']}: {one['reason']}", err=True)
    return INCOMPLETE if refused or not all(part["complete"] for part in parts) else 0
