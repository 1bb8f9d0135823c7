"""`allod bom export`: the inventory as a bill of materials, to a file or to standard output."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.cli.inventory import write

SECONDS = 600.0  # between two pieces of the answer; a large inventory is read several times


class Format(StrEnum):
    """The formats that the server writes."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"


app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Bills of materials.")


@app.callback()
def bom() -> None:
    """Bills of materials of what is registered."""


@app.command("export")
def export(
    format: Annotated[Format, typer.Option("--format", help="CycloneDX 1.7 or SPDX 3.0.1.")] = Format.CYCLONEDX,
    asset: Annotated[
        str | None, typer.Option("--asset", help="Only this asset and all it rests on: `system:support-desk`.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it standard output.")
    ] = None,
    workspace: client.WorkspaceName = None,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Write a workspace, or what one asset rests on, as a BOM that other tools can read."""
    params = client.known({"format": format.value, "asset": asset, "workspace": workspace})
    with client.connect(url, token_file, SECONDS) as server:
        content = server.ask("GET", "/bom", params=params).content
    write(content, output)
