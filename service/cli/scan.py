"""`allod scan`: read a source now and follow it; what was read, and what could not be."""

from typing import Annotated, Any, Final

import orjson
import typer

from service.cli import bulk, client
from service.cli.client import DEFAULT_URL, Server, Unreachable
from service.cli.listing import show
from service.foundation.errors import Unavailable

OPEN: Final = frozenset({"waiting", "running"})
REFUSED: Final = 1  # exit code: something could not be read
_COUNTS: Final = ("created", "updated", "unchanged", "outside", "refused", "noted", "stale", "removed")

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The name of a source.")]


@app.callback()
def scan() -> None:
    """Scans: read a source now, list what was read, show what could not be."""


@app.command("run")
def run(
    source: Source,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Scan a source now and follow the progress. Exit 1 where something could not be read, 3 where nothing could."""
    with client.connect(url, token_file) as server:
        ended = follow(server, source, "scan", workspace)
        tell(server, ended, as_json=as_json)


@app.command("list")
def listing(
    source: Annotated[str | None, typer.Option(help="Of one source.")] = None,
    status: Annotated[str | None, typer.Option(help="For instance partial.")] = None,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """List scans, the newest first."""
    columns = {
        "id": "ID",
        "source": "SOURCE",
        "status": "STATUS",
        "created_at": "ASKED",
        "seen": "SEEN",
        "error": "ERROR",
    }
    with client.connect(url, token_file) as server:
        show(server.pages("/scans", workspace=workspace, source=source, status=status), columns, as_json=as_json)


@app.command("show")
def problems(
    scan_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a scan.")],
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Show a scan: what was asked of it, and everything that could not be read or not be expressed."""
    with client.connect(url, token_file) as server:
        tell(server, server.get(f"/scans/{scan_id}"), as_json=as_json)


@app.command("cancel")
def cancel(
    scan_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a scan.")],
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """End a scan at its next object; what it saw is kept."""
    with client.connect(url, token_file) as server:
        answer = client.as_object(server.ask("POST", f"/scans/{scan_id}:cancel"))
    typer.echo(f"{answer.get('source')}: {answer.get('status')}")


def follow(server: Server, source: str, verb: str, workspace: str | None) -> dict[str, Any]:
    """Asks for a run of `source` (`scan` or `test`) and follows it with a progress bar to its end.

    Raises:
        Unreachable: the server stopped telling; the run goes on without anybody watching.
    """
    asked = client.as_object(
        server.ask("POST", f"/sources/{source}:{verb}", params=client.known({"workspace": workspace}))
    )
    with bulk.bar(f"Reading {source}") as progress:
        task = progress.add_task("", total=None)
        while asked.get("status") in OPEN:
            before = asked
            for event in server.events(f"/scans/{before['id']}/events"):
                asked = event
                progress.update(task, total=asked.get("expected"), completed=asked.get("seen", 0))
            if asked is before:
                raise Unreachable(f"{server.url} tells nothing of the run {asked['id']}.")
    return asked


def tell(server: Server, ended: dict[str, Any], *, as_json: bool) -> None:
    """Prints what became of a run, and exits with 1 or 3 where not all of it could be read."""
    path = f"/scans/{ended['id']}"
    parts, found = list(server.pages(f"{path}/parts")), list(server.pages(f"{path}/problems"))
    if as_json:
        body = {**ended, "parts": parts, "problems": found}
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    else:
        for part in parts:
            read = "read" if part["status"] == "read" and not part["refused"] else "NOT READ WHOLE"
            typer.echo(f"{part['part']}: {part['seen']} seen, {read}")
        for problem in found:
            where = ": ".join(word for word in (problem["part"], problem["object"]) if word)
            typer.echo(f"{problem['kind']}: {where}: {problem['text']}", err=True)
        typer.echo(summary(ended))
    if ended.get("status") == "failed":
        raise Unavailable(f"Nothing of {ended.get('source')} could be read: {ended.get('error')}")
    if ended.get("status") in {"partial", "cancelled"}:
        raise typer.Exit(REFUSED)


def summary(run: dict[str, Any]) -> str:
    """One line, for instance `cards: done, 12 seen (created 12)`."""
    counted = ", ".join(f"{word} {run[word]}" for word in _COUNTS if run.get(word))
    return f"{run.get('source')}: {run.get('status')}, {run.get('seen')} seen" + (f" ({counted})" if counted else "")
