"""`allod openness`: the Model Openness Framework class of a record, without a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.cli.gate_table import printable
from service.inventory import openness_record
from service.inventory.openness import Assessment, Judged, Status, assess

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("openness")
def openness(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Model Openness Framework record, YAML or JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the openness class of a model: by exact SPDX ids as the reference tool reads them, and by resolved licences."""
    found = assess(openness_record.read(file))
    if as_json:
        typer.echo(orjson.dumps(found.as_dict(), option=orjson.OPT_INDENT_2))
        return
    for line in (*_classes(found), "", *_components(found), *_warnings(found)):
        typer.echo(printable(line).rstrip())


def _classes(found: Assessment) -> Iterator[str]:
    strict, resolved = found.strict, found.resolved
    yield f"{'':<12}{'strict':<32}resolved"
    yield f"{'class':<12}{f'{strict.level}  {strict.label}':<32}{resolved.level}  {resolved.label}"
    for level in (3, 2, 1):
        shares = [f"{openness.progress[level]:.0f} %" for openness in (strict, resolved)]
        yield f"{f'to class {level}':<12}{shares[0]:<32}{shares[1]}"


def _components(found: Assessment) -> Iterator[str]:
    yield f"{'component':<33}{'class':<7}{'strict':<12}{'resolved':<12}licence"
    for strict, resolved in zip(found.strict.components, found.resolved.components, strict=True):
        asked = f"{strict.level}" if strict.required else f"({strict.level})"
        licence = strict.licence or "-"
        yield f"{strict.name:<33}{asked:<7}{strict.status:<12}{resolved.status:<12}{licence}"
        yield from (f"    {why}" for why in _reasons(strict, resolved))


def _reasons(strict: Judged, resolved: Judged) -> Iterator[str]:
    """Why a component that is there does not count."""
    out = [one for one in (strict, resolved) if one.status in {Status.INVALID, Status.UNLICENSED}]
    if len(out) == 2 and strict.why != resolved.why:
        yield f"strict: {strict.why}"
        yield f"resolved: {resolved.why}"
    elif out:
        yield out[0].why if len(out) == 2 else f"strict: {out[0].why}"


def _warnings(found: Assessment) -> Iterator[str]:
    told = dict.fromkeys((*found.strict.warnings, *found.resolved.warnings))
    if told:
        yield ""
        yield from (f"warning: {warning}" for warning in told)
