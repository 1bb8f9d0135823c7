"""`allod source`: what is scanned, kept in files like manifests; and whether a source can be read at all."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.cli.listing import show
from service.cli.scan import Source, follow, tell
from service.foundation.errors import Fault, Invalid
from service.inventory import manifest

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def source() -> None:
    """Sources: the systems that are scanned."""


@app.command("list")
def listing(
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """List sources."""
    columns = {
        "workspace": "WORKSPACE",
        "name": "NAME",
        "connector": "CONNECTOR",
        "next_due_at": "DUE",
        "owner": "OWNER",
    }
    with client.connect(url, token_file) as server:
        show(server.pages("/sources", workspace=workspace), columns, as_json=as_json)


@app.command("connectors")
def connectors(
    as_json: client.AsJson = False, url: client.Url = DEFAULT_URL, token_file: client.TokenFile = None
) -> None:
    """List what can be scanned; --json shows the settings that each asks for."""
    with client.connect(url, token_file) as server:
        show(server.pages("/connectors"), {"name": "NAME", "title": "TITLE", "extra": "EXTRA"}, as_json=as_json)


@app.command("put")
def put(
    files: Annotated[list[Path], typer.Option("--file", "-f", help="YAML or JSON, several sources in a file.")],
    workspace: client.WorkspaceName = None,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Make or replace sources: documents with `name`, `connector`, `settings`, `schedule` and so on."""
    documents = [(name, body) for file in files for name, body in _sources(file)]
    with client.connect(url, token_file) as server:
        for name, body in documents:
            params = client.known({"workspace": body.pop("workspace", workspace)})
            answer = server.ask("PUT", f"/sources/{name}", params=params, json=body)
            typer.echo(f"{name}: {'created' if answer.status_code == 201 else 'as told'}")


@app.command("test")
def trial(
    name: Source,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Read a source and record nothing: do its credentials work, and what would a scan see?"""
    with client.connect(url, token_file) as server:
        ended = follow(server, name, "test", workspace)
        if not as_json:
            for one in ended.get("preview") or ():
                typer.echo(orjson.dumps(one["manifest"], option=orjson.OPT_SORT_KEYS).decode())
        tell(server, ended, as_json=as_json)


@app.command("delete")
def delete(
    name: Source,
    workspace: client.WorkspaceName = None,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Delete a source, its runs, and the assets that nobody else speaks of."""
    with client.connect(url, token_file) as server:
        server.ask("DELETE", f"/sources/{name}", params=client.known({"workspace": workspace}))
    typer.echo(f"{name}: deleted")


def _sources(file: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    found = []
    for document in manifest.read(content, str(file)):
        body = document.data
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not isinstance(body, dict):
            fault = Fault("/name", "the source is not named", "a document with `name`, `connector`, `settings`")
            raise Invalid(f"{file} holds a document that is no source.", [document.where.placed(fault)])
        found.append((name, {key: value for key, value in body.items() if key != "name"}))
    return found
