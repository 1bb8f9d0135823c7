"""`allod waiver`: what is accepted for a time; asked for by one person, approved by another."""

from typing import Annotated, Any
from uuid import UUID

import typer

from service.cli import client
from service.cli.client import DEFAULT_URL
from service.cli.listing import show
from service.cli.token import moment
from service.foundation import canonical

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The waiver's id, from the listing.")]
Note = Annotated[str | None, typer.Option(help="What is to be remembered of this step.")]


@app.callback()
def waiver() -> None:
    """Waivers: accept, until a day, what a rule says of one asset."""


@app.command("request")
def request(
    rule: Annotated[str, typer.Option(help="For instance RES-001.")],
    asset: Annotated[str, typer.Option(help="A ref, for instance system:support-desk.")],
    reason: Annotated[str, typer.Option(help="Why this is acceptable until then.")],
    expires: Annotated[
        str, typer.Option(help="When it ends, 366 days ahead at most: 90d, 12h, 2027-01-31 or a full time.")
    ],
    pack: Annotated[str | None, typer.Option(help="One pack; default: every pack that binds the rule.")] = None,
    subject: Annotated[str | None, typer.Option(help="One finding, as a violation names its subject.")] = None,
    ticket: Annotated[str | None, typer.Option(help="Where this was talked over.")] = None,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Request a waiver. It holds once somebody else has approved it."""
    body = {"rule": rule, "asset": asset, "reason": reason, "expires_at": moment(expires).isoformat()}
    body |= client.known({"pack": pack, "subject": subject, "ticket": ticket})
    with client.connect(url, token_file) as server:
        params = client.known({"workspace": workspace})
        made = client.as_object(server.ask("POST", "/waivers", params=params, json=body))
    _tell(made, as_json=as_json)


@app.command("list")
def listing(
    status: Annotated[str | None, typer.Option(help="requested, approved, rejected, withdrawn or revoked.")] = None,
    asset: Annotated[str | None, typer.Option(help="A ref, for instance system:support-desk.")] = None,
    rule: Annotated[str | None, typer.Option(help="For instance RES-001.")] = None,
    expiring_within: Annotated[str | None, typer.Option(help="Those that hold and end so soon: 14d, 12h.")] = None,
    orphaned: Annotated[bool, typer.Option("--orphaned", help="Those that hold and cover nothing open.")] = False,
    workspace: client.WorkspaceName = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """List waivers, the newest first."""
    wanted = {"status": status, "asset": asset, "rule": rule, "expiring_within": expiring_within}
    with client.connect(url, token_file) as server:
        found = server.pages("/waivers", workspace=workspace, orphaned="true" if orphaned else None, **wanted)
        items = found if as_json else ({**one, "state": state(one)} for one in found)
        columns = {
            "id": "ID",
            "state": "STATE",
            "rule": "RULE",
            "asset": "ASSET",
            "expires_at": "EXPIRES",
            "requested_by": "REQUESTED BY",
            "reason": "REASON",
        }
        show(items, columns, as_json=as_json)


@app.command("approve")
def approve(
    id: Id,
    note: Note = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Approve a waiver that somebody else requested: it holds until its end."""
    _step(id, "approve", note, url, token_file, as_json=as_json)


@app.command("reject")
def reject(
    id: Id,
    note: Note = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Say no to a request."""
    _step(id, "reject", note, url, token_file, as_json=as_json)


@app.command("revoke")
def revoke(
    id: Id,
    note: Note = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """End a waiver that was approved, at once."""
    _step(id, "revoke", note, url, token_file, as_json=as_json)


@app.command("withdraw")
def withdraw(
    id: Id,
    note: Note = None,
    as_json: client.AsJson = False,
    url: client.Url = DEFAULT_URL,
    token_file: client.TokenFile = None,
) -> None:
    """Take back a request of your own."""
    _step(id, "withdraw", note, url, token_file, as_json=as_json)


def state(one: dict[str, Any]) -> str:
    """One word for where a waiver stands; one that was approved either holds or has expired."""
    if one.get("status") != "approved":
        return str(one.get("status"))
    return "holds" if one.get("holds") else "expired"


def _step(id: UUID, step: str, note: str | None, url: str, token_file: Any, *, as_json: bool) -> None:
    with client.connect(url, token_file) as server:
        body = client.known({"note": note})
        answer = client.as_object(server.ask("POST", f"/waivers/{id}:{step}", json=body))
    _tell(answer, as_json=as_json)


def _tell(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(canonical.encode(one))
        return
    typer.echo(f"{one.get('id')}: {state(one)}, {one.get('rule')} on {one.get('asset')} until {one.get('expires_at')}")
