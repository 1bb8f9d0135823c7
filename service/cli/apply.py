"""`allod apply`: manifests into the inventory, as often as one likes.

Documents are checked here first, so that a refusal names file and line; the server checks them again.
"""

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from service.cli import bulk, client
from service.cli.client import DEFAULT_URL, Server
from service.cli.manifest_files import Accepted, MorePaths, PathOptions, all_of, gather
from service.foundation.errors import Invalid

REFUSED: Final = 1  # exit code
_MANAGER_MAX: Final = 200

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("apply")
def apply(
    given: PathOptions = None,
    more: MorePaths = None,
    workspace: client.WorkspaceName = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what was applied before and is no longer here.")
    ] = False,
    managed_by: Annotated[
        str | None, typer.Option(help="The name under which --prune knows its own. Default: made of the paths.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Bring manifests into the inventory. Exit 1 where a document was refused."""
    if prune and not (yes or dry_run or watched()):
        raise Invalid("--prune deletes, and nobody is here to ask: say --yes.")
    paths = all_of(given, more)
    gathered = gather(paths, workspace)
    if not gathered.accepted and not gathered.refused:
        raise Invalid("There is no document in what was given.")
    for faults in gathered.refused:
        bulk.tell(faults)
    counts = Counter(refused=len(gathered.refused))
    manager = managed_by or (manager_of(paths) if prune else None)
    with client.connect(url, token_file, bulk.SECONDS) as server:
        documents = [(one.body, one.document.where) for one in gathered.accepted]
        counts += bulk.send(server, documents, managed_by=manager, dry_run=dry_run)
        if prune and counts["refused"]:
            typer.echo("Nothing is deleted while a document is refused: it may be what would be missing.", err=True)
        elif prune and manager:
            gone = left_over(server, gathered.accepted, manager, workspace)
            counts["deleted"] = _delete(server, gone, dry_run=dry_run, yes=yes)
    typer.echo(bulk.summary(counts, dry_run=dry_run))
    if counts["refused"]:
        raise typer.Exit(REFUSED)


def watched() -> bool:
    """Whether somebody sits at the terminal."""
    return sys.stdin.isatty()


def manager_of(paths: Sequence[str]) -> str:
    """The name that the same paths always have, for `managed_by`."""
    name = "apply:" + ",".join(sorted({os.path.normpath(path) for path in paths}))
    if len(name) <= _MANAGER_MAX and name.isprintable():
        return name
    return "apply:" + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def left_over(
    server: Server, accepted: Sequence[Accepted], manager: str, workspace: str | None
) -> list[tuple[str, str]]:
    """Workspace and ref of what `manager` applied before and `accepted` does not hold."""
    kept = {(one.observation.workspace, one.observation.ref) for one in accepted}
    # A document that names no workspace may have gone into any that the token sees: its ref is kept in all.
    named = {place for place, _ in kept} | ({workspace} if workspace else set())
    scopes = sorted(named) if "" not in named else [None]
    return [
        (asset["workspace"], asset["ref"])
        for scope in scopes
        for asset in server.pages("/assets", managed_by=manager, workspace=scope)
        if asset["managed_by"] == manager and kept.isdisjoint({(asset["workspace"], asset["ref"]), ("", asset["ref"])})
    ]


def _delete(server: Server, gone: Sequence[tuple[str, str]], *, dry_run: bool, yes: bool) -> int:
    for workspace, ref in gone:
        typer.echo(f"{'would delete' if dry_run else 'delete'}: {ref} (workspace {workspace})", err=True)
    if dry_run or not gone:
        return len(gone)
    if not yes and not typer.confirm(f"Delete {len(gone)}?", err=True):
        return 0
    for workspace, ref in gone:
        server.ask("DELETE", client.asset_path(ref), params={"workspace": workspace})
    return len(gone)
