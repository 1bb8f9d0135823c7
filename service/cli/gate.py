"""`allod gate`: may this ship? One question, one answer, and exit codes that a pipeline can act on.

0 allowed (warnings are printed), 1 blocked, 2 wrong usage or unreadable input, 3 could not decide. Only an answer that says
`allow` or `warn`, and holds no error, is 0.
"""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer

from service.cli import client, failures
from service.cli.client import DEFAULT_URL, Refused, Unreachable
from service.cli.gate_table import as_table, terminal
from service.cli.manifest_files import Accepted, MorePaths, PathOptions, all_of, gather
from service.foundation.errors import Invalid
from service.gate.formats import FORMATS

BLOCKED: Final = 1
STDOUT: Final = "-"
TABLE: Final = "table"
_WORDS: Final = ("allow", "warn", "block")
# What the server says of the candidate itself. All other refusals (token, role, rate) leave the question open.
_INPUT: Final = frozenset({400, 413, 415, 422})

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("gate")
def gate(
    given: PathOptions = None,
    more: MorePaths = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help=f"{TABLE} or {', '.join(FORMATS)}; may stand several times.")
    ] = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", help="Where each --format goes, in order; - is standard output."),
    ] = None,
    workspace: client.WorkspaceName = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the answer.")] = 60.0,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Ask whether what the files describe may ship: exit 0 yes, 1 no, 2 wrong usage, 3 could not decide."""
    wanted = pairs(formats or (), outputs or ())
    candidate = _candidate(all_of(given, more), workspace)
    with contextlib.ExitStack() as open_files:
        # Opened before the question: an unwritable place shows at once, and no report of a former run is left to mislead.
        places = [(name, _opened(place, open_files)) for name, place in wanted]
        try:
            decision = ask(url, token_file, timeout, candidate, workspace)
        except Refused as refusal:
            if refusal.answer in _INPUT:
                raise
            raise Unreachable(refusal.detail, refusal.faults) from refusal
        for name, file in places:
            _write(decision, name, file)
    raise typer.Exit(exit_code(decision))


def pairs(formats: Sequence[str], outputs: Sequence[str]) -> list[tuple[str, str]]:
    """Each format with its place; a table on standard output where nothing is said.

    Raises:
        Invalid: a format nobody knows, or places that do not match the formats.
    """
    names = list(formats) or [TABLE]
    unknown = [name for name in names if name != TABLE and name not in FORMATS]
    if unknown:
        raise Invalid(f"There is no format {unknown[0]!r}: take {TABLE} or {', '.join(FORMATS)}.")
    places = list(outputs) or [STDOUT] * (len(names) == 1)
    if len(places) != len(names):
        raise Invalid(f"{len(names)} --format and {len(outputs)} --output: each format needs its place, - among them.")
    if len(set(places)) != len(places):
        raise Invalid("Two formats go to the same place.")
    return list(zip(names, places, strict=True))


def ask(
    url: str, token_file: Path | None, timeout: float, candidate: Sequence[Accepted], workspace: str | None
) -> Mapping[str, Any]:
    """The server's decision on `candidate`.

    Raises:
        Refused, Unreachable: there is none; also where the answer is no decision.
    """
    params = client.known({"workspace": workspace})
    with client.connect(url, token_file, timeout) as server:
        body = {"candidate": [one.body for one in candidate]}
        decision = client.as_object(server.ask("POST", "/gate", params=params, json=body)).get("decision")
    reasons = decision.get("reasons") if isinstance(decision, dict) else None
    sound = isinstance(reasons, list) and all(isinstance(one, dict) and one.keys() >= _REASON for one in reasons)
    if not isinstance(decision, dict) or decision.get("verdict") not in _WORDS or not sound:
        raise Unreachable("The server's answer is no decision: is it an Allod server of this version?")
    return decision


_REASON: Final = frozenset({"rule", "outcome", "severity", "asset", "message", "path", "enforcement"})


def exit_code(decision: Mapping[str, Any]) -> int:
    """0 allowed, 1 blocked, 3 not decided: an error is no judgement, and a pass with a blocking reason is a fault."""
    reasons = decision["reasons"]
    if decision.get("undecided") or any(reason["outcome"] == "error" for reason in reasons):
        return failures.UNDECIDED
    blocked = any(reason["enforcement"] == "block" for reason in reasons)
    return BLOCKED if decision["verdict"] == "block" or blocked else 0


def _candidate(paths: Sequence[str], workspace: str | None) -> list[Accepted]:
    gathered = gather(paths, workspace)
    if gathered.refused:
        faults = [fault for refused in gathered.refused for fault in refused]
        raise Invalid("The candidate cannot be judged: it is not well formed.", faults)
    if not gathered.accepted:
        raise Invalid("There is nothing to judge: the files hold no document.")
    return gathered.accepted


def _opened(place: str, open_files: contextlib.ExitStack) -> TextIO | None:
    return None if place == STDOUT else open_files.enter_context(Path(place).open("w", encoding="utf-8"))


def _write(decision: Mapping[str, Any], name: str, file: TextIO | None) -> None:
    colour, width = terminal() if file is None else (False, 80)
    text = as_table(decision, colour=colour, width=width) if name == TABLE else FORMATS[name](decision)
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write(text)
