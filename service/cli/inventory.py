"""`allod inventory export`: a workspace as a file, for `allod gate --offline`."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.foundation.errors import Invalid

SECONDS = 600.0  # between two pieces of the answer

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="The inventory as a whole.")


@app.callback()
def inventory() -> None:
    """The inventory as a whole."""


@app.command("export")
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it standard output.")
    ] = None,
    workspace: client.WorkspaceName = None,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Write a workspace with its rules, settings and waivers as one file that `allod gate --offline` judges by."""
    with client.connect(url, token_file, SECONDS) as server:
        params = client.known({"workspace": workspace})
        content = server.ask("GET", "/inventory/export", params=params).content
    write(content, output)


def write(content: bytes, output: Path | None) -> None:
    """Writes to a file, whole or not at all, or to standard output.

    Raises:
        Invalid: the file cannot be written.
    """
    if output is None:
        typer.echo(content, nl=False)
        return
    # A file of a former export stays whole until the new one is.
    beside = output.with_name(f".{output.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(output)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise Invalid(f"{output} cannot be written: {error.strerror}.") from error
