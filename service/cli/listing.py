"""`allod assets` and `allod violations`: complete listings, as a table or as one JSON list."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.cli.gate_table import printable

_PIPE_WIDTH: Final = 2_000


def assets(
    workspace: client.WorkspaceName = None,
    kind: Annotated[str | None, typer.Option(help="One kind of asset.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="key:value; several must all hold.")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", help="Looked for in ref and title.")] = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """List assets."""
    with client.connect(url, token_file) as server:
        items = server.pages("/assets", workspace=workspace, kind=kind, label=label, q=query)
        show(items, {"workspace": "WORKSPACE", "ref": "REF", "title": "TITLE", "revision": "REV"}, as_json=as_json)


def violations(
    workspace: client.WorkspaceName = None,
    status: Annotated[str | None, typer.Option(help="For instance open.")] = None,
    severity: Annotated[str | None, typer.Option(help="critical, high, medium, low or info.")] = None,
    theme: Annotated[str | None, typer.Option(help="For instance residency.")] = None,
    rule: Annotated[str | None, typer.Option(help="For instance RES-001.")] = None,
    pack: Annotated[str | None, typer.Option(help="For instance eu-data-residency.")] = None,
    asset: Annotated[str | None, typer.Option(help="A ref, for instance system:support-desk.")] = None,
    waived: Annotated[
        bool | None,
        typer.Option("--waived/--not-waived", help="Only what a waiver covers now, or only what none does."),
    ] = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """List violations."""
    wanted = {"status": status, "severity": severity, "theme": theme, "rule": rule, "pack": pack, "asset": asset}
    with client.connect(url, token_file) as server:
        items = server.pages("/violations", workspace=workspace, waived=waived, **wanted)
        columns = {"severity": "SEVERITY", "rule": "RULE", "status": "STATUS", "asset": "ASSET", "message": "MESSAGE"}
        show(items, columns, as_json=as_json)


def show(items: Iterable[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Prints `items`: all of them as one JSON list, or those fields that `columns` head as a table."""
    rows = list(items)
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        return
    # Through a pipe a row is a line, for programs that read lines.
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(highlight=False, emoji=False, width=width).print(_table(rows, columns))
    typer.echo(f"{len(rows)} in all", err=True)


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    table = Table(*columns.values(), box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in columns))
    return table


def _cell(value: Any) -> str:
    return "" if value is None else printable(str(value))
