"""Workspaces: made on first use by whoever may, found by name by everybody else."""

import re

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from service.audit import log
from service.foundation import clock
from service.foundation.actor import Actor
from service.foundation.errors import Fault, Invalid
from service.foundation.ids import new_id
from service.inventory.tables import Workspace
from service.inventory.views import WorkspaceView

DEFAULT = "default"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def find(session: Session, name: str) -> WorkspaceView | None:
    """The workspace of this name, None where there is none."""
    row = session.exec(select(Workspace).where(Workspace.name == name)).one_or_none()
    return WorkspaceView(row.id, row.name) if row else None


def listing(session: Session) -> list[WorkspaceView]:
    """All workspaces, by name."""
    return [WorkspaceView(row.id, row.name) for row in session.exec(select(Workspace).order_by(Workspace.name))]


def ensure(session: Session, name: str, actor: Actor) -> WorkspaceView:
    """The workspace of this name, made where it is missing.

    Raises:
        Invalid: the name is not a DNS label.
    """
    found = find(session, name)
    if found:
        return found
    if not _NAME.fullmatch(name):
        fault = Fault("/workspace", f"{name!r} is no workspace name", "1 to 63 of a-z, 0-9 and inner hyphens")
        raise Invalid("The workspace cannot be made.", [fault])
    row = {"id": new_id(), "name": name, "created_at": clock.now()}
    made = session.connection().execute(
        insert(Workspace).values(row).on_conflict_do_nothing().returning(Workspace.__table__.c.id)  # type: ignore[attr-defined]
    )
    if made.first():
        log.record(session, actor, "workspace.created", f"workspace:{name}", name, {})
    session.flush()
    workspace = find(session, name)
    if workspace is None:  # made by another transaction that is not yet committed: wait for it and look again
        raise Invalid(f"The workspace {name!r} is being made by somebody else; try again.")
    return workspace
