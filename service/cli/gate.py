"""`allod gate`: may this ship? One question, one answer, and exit codes that a pipeline can act on.

0 allowed (warnings are printed), 1 blocked, 2 wrong usage or unreadable input, 3 could not decide. Only an answer that says
`allow` or `warn`, and holds no error, is 0.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer

from service.cli import client, failures
from service.cli.client import DEFAULT_URL, Refused, Unreachable
from service.cli.gate_table import as_table, terminal
from service.cli.manifest_files import MorePaths, PathOptions, all_of
from service.foundation import clock
from service.foundation.errors import Fault, Invalid
from service.foundation.patience import within
from service.gate import answer
from service.gate.formats.choose import FORMATS
from service.gate.formats.explained import explained
from service.gate.reading.parts import Options, Proposed, Reading, Type
from service.gate.reading.paths import read_paths
from service.gate.reading.read import read
from service.gate.tailoring import read_baseline, tailor
from service.inventory import manifest
from service.inventory.values import is_workspace

BLOCKED: Final = 1
STDOUT: Final = "-"
TABLE: Final = "table"
_WORDS: Final = ("allow", "warn", "block")
# What the server says of the candidate itself. All other refusals (token, role, rate) leave the question open.
_INPUT: Final = frozenset({400, 413, 415, 422})
_REASON: Final = frozenset({"rule", "outcome", "severity", "asset", "message", "path", "enforcement"})


class Point(StrEnum):
    """Where the question is asked from; each pack says what it does there."""

    CI = "ci"
    ADMISSION = "admission"
    API = "api"


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("gate")
def gate(
    given: PathOptions = None,
    more: MorePaths = None,
    type_: Annotated[
        Type | None, typer.Option("--type", help="What the files are; without it each is looked at.")
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help=f"{TABLE} or {', '.join(FORMATS)}; may stand several times.")
    ] = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", help="Where each --format goes, in order; - is standard output."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="An earlier answer in JSON: what it holds no longer blocks.")
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="SEVERITY", help="Only this grave or graver blocks.")
    ] = None,
    soft_fail: Annotated[
        list[str] | None, typer.Option("--soft-fail", metavar="RULE", help="A rule that only warns here.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell each reason at length.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Judge here, by --inventory, without a server.")] = False,
    inventory: Annotated[Path | None, typer.Option("--inventory", help="What `allod inventory export` wrote.")] = None,
    workspace: client.WorkspaceName = None,
    point: Annotated[Point, typer.Option("--point", help="Where this is asked from.")] = Point.CI,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="The Kubernetes cluster, as its source in Allod is called.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Whose regions the files speak of: aws, scaleway, …")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Judge workloads that show nothing of AI, too.")
    ] = False,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Judge as things stood on this day.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the answer.")] = 60.0,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Ask whether what the files describe may ship: exit 0 yes, 1 no, 2 wrong usage, 3 could not decide."""
    wanted = pairs(formats or (), outputs or ())
    if workspace is not None and not is_workspace(workspace):
        raise Invalid(f"{workspace!r} is not the name of a workspace.")
    if offline != (inventory is not None):
        raise Invalid("--offline judges by --inventory FILE, which `allod inventory export -o FILE` writes: say both.")
    known = None if baseline is None else read_baseline(_content(baseline), str(baseline))
    day = None if as_of is None else as_of.date()
    found = read_paths(all_of(given, more))
    readings = read(found.files, type_, Options(cluster=cluster, provider=provider, everything=everything))
    with contextlib.ExitStack() as open_files:
        # Opened before the question: an unwritable place shows at once, and no report of a former run is left to mislead.
        places = [(name, _opened(place, open_files)) for name, place in wanted]
        if not any(reading.proposed for reading in readings):
            today = (day or clock.today()).isoformat()
            decision = answer.nothing(workspace=workspace or "", point=point.value, as_of=today)
        elif inventory is not None:
            from service.cli import gate_offline

            decision = gate_offline.ask(inventory, workspace, readings, point.value, day, timeout)
        else:
            decision = ask(url, token_file, timeout, readings, workspace, point, day)
        located = answer.located(decision, readings, found.ignored)
        told = tailor(located, baseline=known, fail_on=fail_on, soft_fail=soft_fail or ())
        for name, file in places:
            _write(told, name, file, explain=explain)
    if decision.get("id"):
        # Beside the answer, not in it: the same question has the same answer, and another id each time.
        typer.echo(f"allod: decision {decision['id']}", err=True)
    raise typer.Exit(exit_code(told))


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
    url: str,
    token_file: Path | None,
    timeout: float,
    readings: Sequence[Reading],
    workspace: str | None,
    point: Point,
    as_of: date | None,
) -> dict[str, Any]:
    """The server's decision on what the files propose.

    Raises:
        Invalid: the server finds a fault in what is proposed.
        Unreachable: there is no decision; also where the answer is none.
    """
    proposed = [(one, reading.type) for reading in readings for one in reading.proposed]
    whole = [one for one, _ in proposed if one.whole]
    parts = [(one, type_) for one, type_ in proposed if not one.whole]
    _check(whole, workspace)
    body = {
        "candidate": [_placed(one, workspace) for one in whole],
        "partial": [{"type": type_.value, "manifest": _placed(one, workspace)} for one, type_ in parts],
    }
    asked = {"point": None if point is Point.CI else point.value, "as_of": as_of.isoformat() if as_of else None}
    params = client.known({"workspace": workspace, **asked})
    try:
        with client.connect(url, token_file, timeout) as server:
            given = within(timeout, partial(server.ask, "POST", "/gate", params=params, json=body))
            decision = client.as_object(given).get("decision")
    except TimeoutError as error:
        raise Unreachable(f"{url} did not answer in time ({error}).") from error
    except Refused as refusal:
        if refusal.answer in _INPUT:
            raise _with_places(refusal, [*whole, *(one for one, _ in parts)]) from refusal
        raise Unreachable(refusal.detail, refusal.faults) from refusal
    if not isinstance(decision, dict) or decision.get("verdict") not in _WORDS or not _sound(decision.get("reasons")):
        raise Unreachable("The server's answer is no decision: is it an Allod server of this version?")
    return {**answer.nothing(workspace=workspace or "", point=point.value, as_of=""), **decision}


def exit_code(decision: Mapping[str, Any]) -> int:
    """0 allowed, 1 blocked, 3 not decided: an error is no judgement, and a pass with a blocking reason is a fault."""
    reasons = decision["reasons"]
    if decision.get("undecided") or any(reason["outcome"] == "error" for reason in reasons):
        return failures.UNDECIDED
    blocked = any(reason["enforcement"] == "block" for reason in reasons)
    return BLOCKED if decision["verdict"] == "block" or blocked else 0


def _sound(reasons: Any) -> bool:
    return isinstance(reasons, list) and all(isinstance(one, dict) and one.keys() >= _REASON for one in reasons)


def _check(whole: Sequence[Proposed], workspace: str | None) -> None:
    """Finds what is wrong with manifests here, where their lines are known; what only the server knows, it tells."""
    faults: list[Fault] = []
    for one in whole:
        try:
            stated = manifest.observation(one.manifest, workspace=workspace or manifest.DEFAULT_WORKSPACE)
        except Invalid as refusal:
            faults += [_at(one, fault) for fault in refusal.faults]
            continue
        if workspace is not None and stated.workspace != workspace:
            message = f"the document belongs to workspace {stated.workspace!r}"
            faults.append(_at(one, Fault("/workspace", message, f"{workspace!r}, as --workspace says")))
    if faults:
        raise Invalid("The candidate cannot be judged: it is not well formed.", faults)


def _placed(one: Proposed, workspace: str | None) -> dict[str, Any]:
    return {**one.manifest, **({"workspace": workspace} if workspace else {})}


def _with_places(refusal: Refused, proposed: Sequence[Proposed]) -> Refused:
    """The refusal with files and lines where the server numbers documents."""
    faults = [
        _at(proposed[fault.document - 1], fault) if fault.document and fault.document <= len(proposed) else fault
        for fault in refusal.faults
    ]
    return Refused(refusal.detail, faults, refusal.answer)


def _at(one: Proposed, fault: Fault) -> Fault:
    return replace(fault, document=None, file=fault.file or one.place.file, line=fault.line or one.place.line)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"The baseline {path} cannot be read: {error.strerror}.") from error


def _opened(place: str, open_files: contextlib.ExitStack) -> TextIO | None:
    return None if place == STDOUT else open_files.enter_context(Path(place).open("w", encoding="utf-8"))


def _write(decision: Mapping[str, Any], name: str, file: TextIO | None, *, explain: bool) -> None:
    if name == TABLE:
        colour, width = terminal() if file is None else (False, 80)
        text = as_table(decision, colour=colour, width=width) + (explained(decision) if explain else "")
    else:
        text = FORMATS[name](decision)
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write(text)
