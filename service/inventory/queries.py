"""Reading the inventory: one asset, listings, history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation.errors import NotFound
from service.foundation.pages import Page, cut, decode_cursor, not_a_cursor
from service.inventory.views import AssetView, WorkspaceView

_COLUMNS = """asset.id, ref, kind, asset.name, title, labels, annotations, attributes, relations, evidence, managed_by,
              revision, digest, asset.created_at, updated_at, stale_since"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the inventory is asked for. `labels` must all hold; `text` is looked for in ref and title."""

    kind: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    managed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An asset with the name of its workspace."""

    workspace: str
    asset: AssetView


@dataclass(frozen=True, slots=True)
class Revision:
    """One line of an asset's history; `changed` are JSON pointers into `body`."""

    revision: int
    operation: str
    actor: str
    at: datetime
    changed: list[str]
    body: dict[str, Any]


def asset(session: Session, workspace: WorkspaceView, ref: str) -> AssetView:
    """One asset.

    Raises:
        NotFound: it is not registered here, or was deleted.
    """
    # The columns are a constant of this file.
    query = f"SELECT {_COLUMNS} FROM asset WHERE workspace_id = :w AND ref = :ref AND deleted_at IS NULL"  # noqa: S608
    row = session.connection().execute(text(query), {"w": workspace.id, "ref": ref}).one_or_none()
    if row is None:
        raise _not_registered(workspace, ref)
    return AssetView(*row)


def listing(
    session: Session, workspaces: Sequence[WorkspaceView], wanted: Filter, limit: int, cursor: str | None
) -> Page[Listed]:
    """A page of assets in the order of workspace and ref, for the workspaces given."""
    names = {workspace.id: workspace.name for workspace in workspaces}
    conditions = ["workspace_id = ANY (:workspaces)", "deleted_at IS NULL"]
    values: dict[str, Any] = {"workspaces": list(names), "limit": limit + 1}
    if wanted.kind:
        conditions.append("kind = :kind")
        values["kind"] = wanted.kind
    for number, (key, value) in enumerate(wanted.labels):
        conditions.append(f"labels @> jsonb_build_object(CAST(:key{number} AS text), CAST(:value{number} AS text))")
        values |= {f"key{number}": key, f"value{number}": value}
    if wanted.text:
        conditions.append("(ref ILIKE :text OR title ILIKE :text)")
        values["text"] = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if wanted.managed_by:
        conditions.append("managed_by = :managed_by")
        values["managed_by"] = wanted.managed_by
    if cursor:
        after = _place(cursor)
        conditions.append("(workspace_id, ref) > (CAST(:after_workspace AS uuid), :after_ref)")
        values |= {"after_workspace": after[0], "after_ref": after[1]}
    # Conditions are put together from constants of this function; what the caller says goes in as values.
    query = (
        f"SELECT workspace_id, {_COLUMNS} FROM asset WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY workspace_id, ref LIMIT :limit"
    )
    rows = list(session.connection().execute(text(query), values))
    page = cut(rows, limit, lambda row: (str(row.workspace_id), row.ref))
    return Page([Listed(names[row[0]], AssetView(*row[1:])) for row in page.items], page.next_cursor)


def history(session: Session, workspace: WorkspaceView, ref: str, limit: int, cursor: str | None) -> Page[Revision]:
    """An asset's revisions, newest first; a deleted asset's, too.

    Raises:
        NotFound: nothing was ever registered under this ref here.
    """
    asset_id = (
        session.connection()
        .execute(text("SELECT id FROM asset WHERE workspace_id = :w AND ref = :ref"), {"w": workspace.id, "ref": ref})
        .scalar_one_or_none()
    )
    if asset_id is None:
        raise _not_registered(workspace, ref)
    before = _revision(cursor) if cursor else 2**31 - 1
    rows = session.connection().execute(
        text("""
            SELECT revision, operation, actor, at, changed, body FROM asset_revision
            WHERE asset_id = :id AND revision < :before ORDER BY revision DESC LIMIT :limit
        """),
        {"id": asset_id, "before": before, "limit": limit + 1},
    )
    return cut([Revision(*row) for row in rows], limit, lambda revision: (revision.revision,))


def ids_of(session: Session, workspace: UUID, refs: Sequence[str] | None) -> Iterator[int]:
    """Keys of these assets, or of all that are not deleted, in ascending order, read as a stream.

    Deleted assets are among those asked for by ref: their violations must close.
    """
    wanted = "ref = ANY (:refs)" if refs is not None else "deleted_at IS NULL AND CAST(:refs AS text[]) IS NULL"
    # One constant or the other; what the caller says goes in as a value.
    query = f"SELECT id FROM asset WHERE workspace_id = :w AND {wanted} ORDER BY id"  # noqa: S608
    rows = session.connection().execute(
        text(query),
        {"w": workspace, "refs": list(refs) if refs is not None else None},
        execution_options={"yield_per": 10_000},
    )
    for row in rows:
        yield row.id


def _place(cursor: str) -> tuple[UUID, str]:
    workspace, ref = decode_cursor(cursor, 2)
    try:
        return UUID(str(workspace)), str(ref)
    except ValueError as error:
        raise not_a_cursor() from error


def _revision(cursor: str) -> int:
    (number,) = decode_cursor(cursor, 1)
    if isinstance(number, int) and 0 < number < 2**31:
        return number
    raise not_a_cursor()


def _not_registered(workspace: WorkspaceView, ref: str) -> NotFound:
    return NotFound(f"{ref} is not registered in workspace {workspace.name!r}.")
