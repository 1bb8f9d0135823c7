"""`allod import`: collections that others keep, into the inventory; every file accounted for, twice is as good as once."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from service.cli import bulk, client
from service.cli.client import DEFAULT_URL
from service.inventory.manifest import Where
from service.scans.importers.result import ImportResult

REFUSED: Final = 1  # exit code

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The directory that holds the records.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]


@app.callback()
def importing() -> None:
    """Bring a collection of records into the inventory."""


@app.command("ecosystem-graph")
def ecosystem_graph(
    directory: Directory,
    workspace: client.WorkspaceName = None,
    dry_run: DryRun = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """The AI ecosystem graph (Stanford CRFM): models, datasets and applications with what they rest on."""
    from service.scans.importers import ecosystem_graph as importer

    _import(importer.read, directory, workspace, dry_run, url, token_file)


@app.command("mof")
def mof(
    directory: Directory,
    workspace: client.WorkspaceName = None,
    dry_run: DryRun = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Records of the Model Openness Framework."""
    from service.scans.importers import mof as importer

    _import(importer.read, directory, workspace, dry_run, url, token_file)


def _import(
    read: Callable[[Path], ImportResult],
    directory: Path,
    workspace: str | None,
    dry_run: bool,
    url: str,
    token_file: Path | None,
) -> None:
    result = read(directory)
    for account in result.accounts:
        typer.echo(f"{account.file}: {account.imported} of {account.records} records")
        for note in account.notes:
            typer.echo(f"  {note}")
    place: dict[str, Any] = {"workspace": workspace} if workspace else {}
    documents = [({**one, **place}, Where()) for one in result.manifests]
    with client.connect(url, token_file, bulk.SECONDS) as server:
        counts = bulk.send(server, documents, managed_by=None, dry_run=dry_run)
    typer.echo(f"{len(result.accounts)} files, {len(documents)} assets: {bulk.summary(counts, dry_run=dry_run)}")
    if counts["refused"]:
        raise typer.Exit(REFUSED)
