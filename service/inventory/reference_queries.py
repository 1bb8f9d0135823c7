"""Listing the catalogue: statement by statement as they stand in the rows, for people who want to read them."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from service.foundation.errors import Fault, Invalid
from service.foundation.pages import Page, cut, decode_cursor
from service.inventory.reference_entries import CatalogueName
from service.inventory.tables import ReferenceEntry

Row = ReferenceEntry


def page(
    session: Session,
    workspace_id: UUID | None,
    catalogue: CatalogueName,
    *,
    as_of: date | None = None,
    key: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[ReferenceEntry]:
    """Statements of `catalogue` that the workspace sees, by key and age; with `as_of` those that hold on that day.

    A shipped statement is left out where the workspace says something itself under that key.

    Raises:
        Invalid: `cursor` is not one of this listing.
    """
    wanted = select(ReferenceEntry).where(col(ReferenceEntry.catalogue) == catalogue.value, _visible(workspace_id))
    if key is not None:
        wanted = wanted.where(col(ReferenceEntry.key) == key)
    if as_of is not None:
        wanted = wanted.where(
            func.coalesce(col(ReferenceEntry.valid_from), as_of) <= as_of,
            func.coalesce(col(ReferenceEntry.valid_to), as_of) >= as_of,
        )
    if cursor is not None:
        wanted = wanted.where(_after(cursor))
    ordered = wanted.order_by(col(ReferenceEntry.key), col(ReferenceEntry.id)).limit(limit + 1)
    return cut(session.exec(ordered).all(), limit, lambda row: (row.key, row.id))


def _after(cursor: str) -> ColumnElement[bool]:
    last_key, last_id = decode_cursor(cursor, 2)
    if not isinstance(last_key, str) or not isinstance(last_id, int):
        raise Invalid(
            "The cursor belongs to another listing; start again without one.",
            [Fault("/cursor", "not one of this listing")],
        )
    return tuple_(col(ReferenceEntry.key), col(ReferenceEntry.id)) > tuple_(literal(last_key), literal(last_id))


def _visible(workspace_id: UUID | None) -> ColumnElement[bool]:
    shipped = col(ReferenceEntry.workspace_id).is_(None)
    if workspace_id is None:
        return shipped
    own = aliased(ReferenceEntry)
    overridden = (
        exists()
        .where(col(own.catalogue) == col(ReferenceEntry.catalogue))
        .where(col(own.key) == col(ReferenceEntry.key))
        .where(col(own.workspace_id) == workspace_id)
        .correlate(ReferenceEntry)
    )
    return or_(col(ReferenceEntry.workspace_id) == workspace_id, and_(shipped, ~overridden))
