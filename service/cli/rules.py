"""`allod rule check` and `allod rule test`: the author's two questions, answered without a server.

Exit 0 all is well, 1 something is not, 2 the policies cannot be read, 3 the engine gives no answer.
"""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.cli.failures import UNDECIDED
from service.foundation.errors import Fault
from service.foundation.settings import POLICIES
from service.packs import cases as case_files
from service.packs.source import Library, Rule, load_library

WRONG = 1

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

Directory = Annotated[Path, typer.Argument(help="A directory of policies, or one rule's folder or file in it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for each line.")]


@app.callback()
def rules() -> None:
    """Write, check and test rules."""


@app.command("check")
def check_rules(path: Directory = POLICIES, as_json: AsJson = False) -> None:
    """Say in what rules leave the conventions: language, files, METADATA, parameters, cases."""
    from service.packs.check import check

    directory, library, chosen = _opened(path)
    faults = [fault for fault in check(directory, library) if _is_of(fault, chosen, library)]
    for fault in faults:
        typer.echo(orjson.dumps(fault.as_dict()).decode() if as_json else str(fault))
    if faults:
        raise typer.Exit(WRONG)
    if not as_json:
        typer.echo(f"{len(chosen)} rules keep to the conventions.")


@app.command("test")
def run_cases(path: Directory = POLICIES, as_json: AsJson = False) -> None:
    """Run the cases of rules on the embedded engine, or on OPA where ALLOD_OPA_URL is set."""
    from service.cli.rule_cases import engine_of_environment, run
    from service.engine.protocol import EngineFailure

    directory, library, chosen = _opened(path)
    cases = [case for rule in chosen for case in case_files.load_cases(directory, library, rule)]
    with engine_of_environment() as engine:
        try:
            ran = run(engine, library, cases)
        except EngineFailure as failure:
            typer.echo(f"The engine gave no answer ({failure.kind.value}): {failure.message}", err=True)
            raise typer.Exit(UNDECIDED) from failure
    failed = [one for one in ran if one.differences]
    for one in ran if as_json else failed:
        said = {"rule": one.case.rule, "case": one.case.name, "differences": one.differences}
        typer.echo(
            orjson.dumps(said).decode()
            if as_json
            else "\n    ".join([f"{one.case.rule}: {one.case.name}", *one.differences])
        )
    if not as_json:
        typer.echo(f"{len(ran) - len(failed)} of {len(ran)} cases hold on {engine.name}.")
    if failed:
        raise typer.Exit(WRONG)


def _opened(path: Path) -> tuple[Path, Library, list[Rule]]:
    """The directory of policies that `path` lies in, what it holds, and the rules that `path` means."""
    whole = path.resolve()
    directory = next((one for one in (whole, *whole.parents) if (one / "rules").is_dir()), None)
    if directory is None:
        raise typer.BadParameter(f"{path} is no directory of policies, nor in one: none has a folder `rules`.")
    library = load_library(directory)
    chosen = [rule for rule in library.rules.values() if (directory / rule.module.path).is_relative_to(whole)]
    if not chosen:
        raise typer.BadParameter(f"There is no rule in {path}.")
    return directory, library, chosen


def _is_of(fault: Fault, chosen: list[Rule], library: Library) -> bool:
    """Whether a fault is of one of these rules; of all rules every fault is asked for, the library modules' too."""
    if len(chosen) == len(library.rules):
        return True
    folders = tuple(rule.module.path.rpartition("/")[0] + "/" for rule in chosen)
    return fault.file is not None and any(folder in fault.file for folder in folders)
