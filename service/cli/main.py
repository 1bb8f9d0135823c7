"""`allod`: one table of commands, each imported when it is asked for, and one place that turns errors into a line."""

import importlib
import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.cli import failures

COMMANDS = {
    "up": ("service.cli.up:up", "Run everything on this machine."),
    "serve": ("service.cli.serve:app", "Run one role: api, worker, scheduler."),
    "migrate": ("service.cli.migrate:migrate", "Bring the database to the newest revision."),
    "health": ("service.cli.health:health", "Say whether a role on this machine works."),
    "apply": ("service.cli.apply:app", "Send manifests to the inventory."),
    "gate": ("service.cli.gate:app", "May this ship? Exit 0 yes, 1 no, 3 could not decide."),
    "evaluate": ("service.cli.evaluate:app", "Judge assets now and follow it."),
    "source": ("service.cli.source:app", "Say what is scanned; try it."),
    "scan": ("service.cli.scan:app", "Scan a source now and follow it; list scans."),
    "agent": ("service.cli.agent:app", "On a GPU host: read it and push what is seen."),
    "inventory": ("service.cli.inventory:app", "Export the inventory for the gate to judge by offline."),
    "bom": ("service.cli.bom:app", "Export the inventory as a bill of materials."),
    "assets": ("service.cli.listing:assets", "List assets."),
    "violations": ("service.cli.listing:violations", "List violations."),
    "admission": ("service.cli.admission:app", "Have the API server of a Kubernetes cluster ask the gate."),
    "waiver": ("service.cli.waiver:app", "Accept, until a day, what a rule says of one asset."),
    "explain": ("service.cli.explain:app", "Show what was judged, on which facts, and what would make it pass."),
    "import": ("service.cli.importing:app", "Read real-world records into the inventory."),
    "licence": ("service.cli.licence:app", "Resolve a licence text."),
    "openness": ("service.cli.openness:app", "Find a model's class in the Model Openness Framework."),
    "rule": ("service.cli.rules:app", "Check rules and run their cases."),
    "token": ("service.cli.token:app", "Make access tokens."),
    "audit": ("service.cli.audit:app", "Verify the audit log."),
}


class Commands(TyperGroup):
    """A group whose members are imported when they are called: none waits for another's imports, or falls with them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- the signature of the base class
        """Names of all commands, in the order of the table."""
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Lists the commands with the table's words, so that help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- the signature of the base class
        """The command called `cmd_name`, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
            found.command(cmd_name)(function)
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"allod {version('allod')}")
        raise typer.Exit


app = typer.Typer(name="allod", cls=Commands, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def allod(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Stay in control of your AI: an inventory of it, who controls it, and what your policies say about it."""


def run() -> None:
    """Entry point of `allod`: exits with the command's code, and never shows a traceback unless ALLOD_DEBUG asks."""
    try:
        typer.main.get_command(app).main(prog_name="allod")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 -- the last line of defence: every failure becomes one line and a code
        if os.environ.get("ALLOD_DEBUG"):
            traceback.print_exc()
        failure = failures.explain(error)
        for line in failure.lines:
            typer.echo(line, err=True)
        sys.exit(failure.code)
