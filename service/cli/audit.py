"""`allod audit`: the log of all changes, checked from outside."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.foundation import canonical
from service.foundation.errors import Fault, Invalid

BROKEN = 1

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Verify the audit log.")


@app.callback()
def audit() -> None:
    """Verify the audit log."""


@app.command("verify")
def verify_chain(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="An exported log (NDJSON), checked here; or a saved report, whose head the server must hold."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON: save it, it is the anchor of next time.")] = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Compute the hash chain again. Exit 0 it holds, 1 it does not.

    Within the chain nothing can be altered, left out or moved unseen. That its end was cut off can only be seen against
    a head that was kept elsewhere: save the report of `--json` and hand it in next time.
    """
    anchor, report = (None, None) if file is None else _read(file)
    if report is None:
        with client.connect(url, token_file) as server:
            report = server.get("/audit:verify", **(anchor or {}))
    if json:
        typer.echo(canonical.encode(report))
    else:
        for line in words(report):
            typer.echo(line)
    if not report["intact"]:
        raise typer.Exit(BROKEN)


def words(report: dict[str, Any]) -> Iterator[str]:
    """The report in sentences."""
    if report["broken"]:
        yield f"BROKEN at {report['broken']['number']}: {report['broken']['reason']}: {report['broken']['message']}"
        yield f"{report['entries']} entries before it hold."
        return
    yield f"{report['entries']} entries, and the chain holds."
    if report["head"]:
        yield f"head {report['head']['number']} {report['head']['hash']}"
    if not report["anchored"]:
        yield "Not compared with a kept head: a cut-off end would not show."


def _read(file: Path) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The head that a saved report keeps, or the report on an exported log: one of the two."""
    lines = _lines(file)
    first = next(lines, None)
    if first is None:
        raise Invalid(f"{file} is empty: neither an exported log nor a saved report.")
    head = first.get("head", first)
    if "previous" not in first and isinstance(head, dict) and {"number", "hash"} <= head.keys():
        return {"number": head["number"], "hash": head["hash"]}, None
    from dataclasses import asdict

    from service.audit.verify import verify

    report = verify(chain([first], lines))
    return None, {"intact": report.intact, **asdict(report)}


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                value = canonical.decode(line)
            except ValueError:
                value = None
            if not isinstance(value, dict):
                fault = Fault("", "not a JSON object", "a line of an exported log", file=str(file), line=number)
                raise Invalid("The file cannot be read.", [fault])
            yield value
