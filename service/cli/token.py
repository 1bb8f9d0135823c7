"""`allod token`: access tokens on the server that `ALLOD_URL` names."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from service.auth.roles import Role
from service.cli import client
from service.cli.client import DEFAULT_URL
from service.foundation import canonical, clock

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make, list and revoke access tokens.")


@app.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="Whose or what it is for; history names it.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    workspace: Annotated[
        str | None, typer.Option("--workspace", "-w", help="Bind it to this workspace; default: all of them.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="When it ends: 90d, 12h, 2027-01-31 or a full time.")] = None,
    json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Make a token and print it, this once."""
    ends = moment(expires) if expires else None
    body = {"name": name, "role": role.value, "workspace": workspace, "expires_at": ends and ends.isoformat()}
    with client.connect(url, token_file) as server:
        made = client.as_object(server.ask("POST", "/tokens", json=body))
    if json:
        typer.echo(canonical.encode(made))
        return
    typer.echo(made["token"])
    typer.echo(f"Token {made['id']} for {_scope(made)}; it is shown once and kept nowhere.", err=True)


@app.command("list")
def list_tokens(
    json: client.AsJson = False, url: client.Url = DEFAULT_URL, token_file: client.TokenFile = None
) -> None:
    """List tokens, the oldest first; the tokens themselves are kept nowhere."""
    with client.connect(url, token_file) as server:
        found = list(server.pages("/tokens"))
    if json:
        typer.echo(canonical.encode(found))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "name", "role", "workspace", "begins", "state", "last used", box=None)
    for one in found:
        cells = (one["id"], one["name"], one["role"], one["workspace"] or "all", one["prefix"], state(one))
        table.add_row(*cells, one["last_used_at"] or "never")
    Console().print(table)


@app.command("revoke")
def revoke_token(
    id: Annotated[UUID, typer.Argument(help="The token's id, from the listing.")],
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """End a token, at once and for ever."""
    with client.connect(url, token_file) as server:
        gone = client.as_object(server.ask("DELETE", f"/tokens/{id}"))
    typer.echo(f"Revoked {gone['name']} ({gone['id']}).")


def moment(text: str) -> datetime:
    """The time that `text` names: a span from now (`90d`, `12h`), a day in UTC, or a time with its offset.

    Raises:
        typer.BadParameter: it names none.
    """
    span = re.fullmatch(r"([1-9]\d{0,4})([dh])", text)
    if span:
        return clock.now() + timedelta(**{{"d": "days", "h": "hours"}[span[2]]: int(span[1])})
    try:
        named = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; say 90d, 12h, 2027-01-31 or 2027-01-31T12:00Z") from error
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def state(token: dict[str, Any]) -> str:
    """One word for whether a token still opens anything."""
    if token["revoked_at"]:
        return "revoked"
    if token["expires_at"] and datetime.fromisoformat(token["expires_at"]) <= clock.now():
        return "expired"
    return "live"


def _scope(token: dict[str, Any]) -> str:
    return f"{token['role']} in " + (f"workspace {token['workspace']}" if token["workspace"] else "all workspaces")
