"""`allod explain`: what is known of an asset and how well, what rules say against it, and what would mend it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
import typer

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.cli.gate_table import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_RESOLVED: Final = "resolved"


@app.command("explain")
def explain(
    ref: Annotated[str, typer.Argument(help="For instance system:support-desk.")],
    rule: Annotated[str | None, typer.Argument(help="For instance RES-001.")] = None,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Explain an asset: its facts with their evidence, what is found against it, on which path, and the remedy."""
    with client.connect(url, token_file) as server:
        asset = server.get(client.asset_path(ref), workspace=workspace)
        found = server.pages("/violations", asset=ref, rule=rule, workspace=asset.get("workspace"))
        violations = [one for one in found if one.get("status") != _RESOLVED]
    if as_json:
        body = {"asset": asset, "violations": violations}
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        return
    for line in (*_facts(asset), "", *_findings(violations, rule)):
        typer.echo(line)


def _facts(asset: Mapping[str, Any]) -> list[str]:
    lines = [f"{asset.get('ref')}  workspace {asset.get('workspace')}, revision {asset.get('revision')}"]
    evidence = asset.get("evidence") or {}
    for name, value in (asset.get("attributes") or {}).items():
        known = evidence.get(name) or {}
        source = f", {known['source']}" if known.get("source") else ""
        lines.append(printable(f"  {name}: {orjson.dumps(value).decode()}  ({known.get('grade', 'declared')}{source})"))
    relations = (f"  {relation['type']} {relation['to']}" for relation in asset.get("relations") or ())
    return [*lines, *map(printable, relations)]


def _findings(violations: Sequence[Mapping[str, Any]], rule: str | None) -> list[str]:
    if not violations:
        return [f"Nothing is found against it{f' by {rule}' if rule else ''}."]
    lines: list[str] = []
    for one in violations:
        lines.append(f"{one['rule']}  {one['outcome']}, {one['severity']}, {one['status']}  (pack {one['pack']})")
        lines.append(printable(f"  {one['message']}"))
        lines.append(printable(f"  path: {' → '.join(one['path'])}"))
        lines.append(printable(f"  rests on facts that are {one['evidence_grade']}"))
        lines.append(printable(f"  mend: {one['remedy']}"))
    return lines
