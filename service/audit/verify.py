"""Checking the audit log: the chain is computed again, row by row, and the first place that does not hold is named.

A chain shows what was altered, taken out or moved within it. It cannot show that its end was cut off, unless a head was
kept somewhere else: that is the `anchor`.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlmodel import Session, col

from service.audit.log import GENESIS, seal, spell_time
from service.audit.tables import AuditEntry
from service.foundation.errors import Invalid
from service.foundation.pages import Page, cut, decode_cursor

_COLUMNS = tuple(AuditEntry.model_fields)
_COLUMNS_SET = frozenset(_COLUMNS)
_CHUNK = 2000  # rows in memory at once


class Reason(StrEnum):
    """How a chain fails to hold."""

    ALTERED = "altered"  # a row is not what was hashed
    MISSING = "missing"  # a number is left out
    REORDERED = "reordered"  # a number comes late or twice, or a row follows another than the one it names
    TRUNCATED = "truncated"  # the chain ends before the anchor, or holds another row in its place


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain: the number of a row and its hash."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place that does not hold: the number that should have stood there, and what is wrong."""

    number: int
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `entries` and `head` are of the part that holds, from the start."""

    entries: int
    head: Head | None
    anchored: bool
    broken: Break | None

    @property
    def intact(self) -> bool:
        """Whether all of it holds."""
        return self.broken is None


def verify(rows: Iterable[Mapping[str, Any]], anchor: Head | None = None) -> Report:
    """Computes the chain of `rows` again, in the order given, up to the first break.

    A row is a mapping with the columns of the log, as `spell` spells it and an export holds it.
    """
    head = Head(0, GENESIS)
    rest = iter(rows)
    for row in rest:
        broken = _examine(row, head, rest)
        if broken is None:
            head = Head(row["number"], row["hash"])
            if anchor is not None and head.number == anchor.number and head.hash != anchor.hash:
                broken = Break(head.number, Reason.TRUNCATED, "this row is not the one that the kept head names")
        if broken is not None:
            return Report(head.number, _or_none(head), anchor is not None, broken)
    if anchor is not None and head.number < anchor.number:
        broken = Break(
            head.number + 1, Reason.TRUNCATED, f"the log ends at {head.number}, the kept head is {anchor.number}"
        )
        return Report(head.number, _or_none(head), True, broken)
    return Report(head.number, _or_none(head), anchor is not None, None)


def verify_log(session: Session, anchor: Head | None = None) -> Report:
    """Computes the chain in the database again, without holding it in memory."""
    with closing(stream(session)) as rows:
        return verify(rows, anchor)


def stream(session: Session) -> Generator[dict[str, Any], None, None]:
    """All rows in order, from a cursor of the server; close it if you do not read to the end."""
    columns = [col(getattr(AuditEntry, name)) for name in _COLUMNS]
    statement = select(*columns).order_by(col(AuditEntry.number))
    with session.execute(statement, execution_options={"yield_per": _CHUNK}) as result:
        for row in result.mappings():
            yield spell(row)


def listing(session: Session, workspace: str | None, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """Rows, the newest first; of one workspace, or all with `workspace` None.

    Raises:
        Invalid: the cursor is of another listing.
    """
    within: ColumnElement[bool] = true() if workspace is None else col(AuditEntry.workspace) == workspace
    columns = [col(getattr(AuditEntry, name)) for name in _COLUMNS]
    statement = select(*columns).where(within).order_by(col(AuditEntry.number).desc()).limit(limit + 1)
    if cursor is not None:
        (last,) = decode_cursor(cursor, 1)
        if not isinstance(last, int):
            raise Invalid("The cursor cannot be read; start again without one.")
        statement = statement.where(col(AuditEntry.number) < last)
    rows = [spell(row) for row in session.execute(statement).mappings()]
    return cut(rows, limit, lambda row: [row["number"]])


def spell(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of the database as it is hashed and exported: plain JSON, the time in UTC to the microsecond."""
    plain = {name: row[name] for name in _COLUMNS}
    plain["at"] = spell_time(plain["at"])
    return plain


def _examine(row: Mapping[str, Any], head: Head, rest: Iterator[Mapping[str, Any]]) -> Break | None:
    expected = head.number + 1
    reason = Reason.ALTERED
    if not row.keys() >= _COLUMNS_SET or not isinstance(row["number"], int):
        message = "this is no row of an audit log"
    elif row["number"] < expected:
        reason, message = Reason.REORDERED, f"row {row['number']} stands here, late or a second time"
    elif row["number"] > expected:
        came_late = any(later.get("number") == expected for later in rest)
        reason = Reason.REORDERED if came_late else Reason.MISSING
        message = f"row {row['number']} stands in its place"
    elif seal(row) != row["hash"]:
        message = "its hash is not the hash of what it says"
    elif row["previous"] != head.hash:
        message = "it follows another row than the one before it, which was rewritten"
    else:
        return None
    return Break(expected, reason, message)


def _or_none(head: Head) -> Head | None:
    return head if head.number else None
