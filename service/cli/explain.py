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
    """Explain an asset: its facts with their evidence, what is found against it and why, and what would make it pass."""
    with client.connect(url, token_file) as server:
        asset = server.get(client.asset_path(ref), workspace=workspace)
        found = server.pages("/violations", asset=ref, rule=rule, workspace=asset.get("workspace"))
        violations = [one for one in found if one.get("status") != _RESOLVED]
        judged = list(server.pages("/judgements", asset=ref, rule=rule, workspace=asset.get("workspace")))
    if as_json:
        body = {"asset": asset, "violations": violations, "judgements": judged}
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        return
    for line in (*_facts(asset), "", *_findings(violations, rule), *_judged(judged, asked=rule is not None)):
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


def _judged(judged: Sequence[Mapping[str, Any]], *, asked: bool) -> list[str]:
    """What each rule came to; of a rule that was asked for, also the facts that it was told."""
    lines = [""] if judged else []
    for one in judged:
        lines.append(
            f"{one['rule']}  {one['outcome']}, on facts that are {one['evidence_grade']}  (pack {one['pack']})"
        )
        explanation = one.get("explanation")
        if asked and explanation:
            lines.append(printable(f"  asks: {explanation['question']}"))
            for fact in explanation["facts"]:
                known = ", ".join(word for word in (fact["grade"], fact["source"]) if word)
                way = " → ".join(fact["path"])
                lines.append(printable(f"  {fact['section']}: {fact['says']}  ({known or 'not graded'}; {way})"))
            if one["outcome"] not in ("pass", "not_applicable"):
                lines.append(printable(f"  would pass: {explanation['would_pass']}"))
    return lines
