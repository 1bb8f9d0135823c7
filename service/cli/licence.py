"""`allod licence`: what a licence text means, without a server."""

import dataclasses
import json
from typing import Annotated

import typer

from service.inventory import licences

app = typer.Typer(add_completion=False)


@app.command("licence")
def licence(
    text: Annotated[str, typer.Argument(help="The licence as written, for instance 'Apache 2.0'")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Resolve a licence text to an SPDX expression and say what it asks for."""
    found = licences.resolve(text)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False))
        return
    commercial = {True: "allowed", False: "not allowed", None: "not known"}[found.commercial_use]
    lines = {
        "text": repr(found.text),
        "expression": found.expression or "-",
        "grade": found.grade.value,
        "commercial use": commercial,
        "asks for": ", ".join(found.obligations) or "-",
        "could be": ", ".join(found.alternatives),
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"{name:<15} {value}")
