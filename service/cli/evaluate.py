"""`allod evaluate`: have the inventory judged now, and follow until it is done."""

import time
from typing import Annotated, Any, Final

import orjson
import typer

from service.cli import bulk, client
from service.cli.client import DEFAULT_URL
from service.foundation.errors import Unavailable

PAUSE_SECONDS: Final = 0.5
_OUTCOMES: Final = ("pass", "violation", "unknown", "not_applicable", "error")

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("evaluate")
def evaluate(
    everything: Annotated[bool, typer.Option("--all", help="Judge again also what has not changed.")] = False,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Judge the inventory now and follow the progress. Exit 3 where the run failed or a rule could not run."""
    body = client.known({"workspace": workspace, "force": everything})
    with client.connect(url, token_file) as server, bulk.bar("Evaluating") as progress:
        run = client.as_object(server.ask("POST", "/evaluations", json=body))
        task = progress.add_task("", total=None)
        while run.get("status") in {"waiting", "running"}:
            progress.update(task, total=run.get("total"), completed=run.get("done", 0))
            time.sleep(PAUSE_SECONDS)
            run = server.get(f"/evaluations/{run['id']}")
    if as_json:
        typer.echo(orjson.dumps(run, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    else:
        typer.echo(_summary(run))
    outcomes = run.get("outcomes") or {}
    if run.get("status") != "done" or run.get("error"):
        raise Unavailable(f"The evaluation {run.get('id')} did not end well: {run.get('error') or run.get('status')}.")
    if outcomes.get("error"):
        raise Unavailable(f"{outcomes['error']} outcomes are errors: those rules could not run.")


def _summary(run: dict[str, Any]) -> str:
    outcomes = run.get("outcomes") or {}
    counted = ", ".join(f"{word} {outcomes[word]}" for word in _OUTCOMES if outcomes.get(word))
    done = f"{run.get('done')} of {run.get('total')} assets"
    return f"{done}, judged {run.get('judged')}, unchanged {run.get('unchanged')}: {counted or 'nothing to judge'}"
