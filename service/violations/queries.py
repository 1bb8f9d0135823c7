"""Reading violations: listings, one with its events, counts, and a stream of all."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation import clock
from service.foundation.errors import Fault, Invalid, NotFound
from service.foundation.pages import Page, cut, decode_cursor
from service.violations.waiver_rows import COVERING, WAIVED_IDS

_COLUMNS = """id, workspace_id, rule, pack, theme, severity, asset, subject, message, path, remedy, controls, vendor,
              jurisdiction, status, outcome, evidence_grade, first_seen, last_seen, resolved_at, times_opened,
              waiver_id, waiver_reason, waiver_approved_by, waiver_expires_at"""
_FROM = f"violation {COVERING}"
_STREAMED = 2000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may run instead of show


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for. Each field lists the values that are wanted; an empty one wants all.

    `waived` wants only what a waiver covers now, or only what none does; None wants both.
    """

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    theme: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    waived: bool | None = None


_LISTS = tuple(field.name for field in fields(Filter) if field.name != "waived")


@dataclass(frozen=True, slots=True)
class WaiverMark:
    """The waiver that covers a violation now."""

    id: UUID
    reason: str
    approved_by: str
    expires_at: datetime


_MARK = fields(WaiverMark)  # the last columns of a row, null where no waiver covers it


@dataclass(frozen=True, slots=True)
class ViolationView:
    """A violation as others see it. A waiver changes nothing of it, its status least: it stands beside it."""

    id: UUID
    workspace: str
    rule: str
    pack: str
    theme: str
    severity: str
    asset: str
    subject: str
    message: str
    path: list[str]
    remedy: str
    controls: list[dict[str, str]]
    vendor: str | None
    jurisdiction: str | None
    status: str
    outcome: str
    evidence_grade: str
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    times_opened: int
    waiver: WaiverMark | None


@dataclass(frozen=True, slots=True)
class EventView:
    """One thing that happened to a violation."""

    at: datetime
    event: str
    actor: str
    detail: dict[str, Any]


class By(StrEnum):
    """What violations can be counted by; `day` is the day they were first seen, in UTC."""

    SEVERITY = "severity"
    THEME = "theme"
    RULE = "rule"
    VENDOR = "vendor"
    JURISDICTION = "jurisdiction"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Count:
    """How many violations share a key, and how many of them a waiver covers now.

    None is the key of those that name no vendor or jurisdiction.
    """

    key: str | None
    count: int
    waived: int
    outcomes: dict[str, int]


def listing(
    session: Session, workspaces: Mapping[UUID, str], wanted: Filter, limit: int, cursor: str | None
) -> Page[ViolationView]:
    """A page of the violations of `workspaces` (names by id), the newest first."""
    condition, values = _condition(workspaces, wanted)
    if cursor is not None:
        condition, values["before"] = f"{condition} AND id < :before", _key(cursor)
    query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition} ORDER BY id DESC LIMIT :limit"  # noqa: S608 -- constants of this room
    rows = session.connection().execute(text(query), {**values, "limit": limit + 1})
    return cut([_view(workspaces, row) for row in rows], limit, lambda view: (str(view.id),))


def find(session: Session, workspaces: Mapping[UUID, str], violation_id: UUID) -> tuple[ViolationView, list[EventView]]:
    """A violation of one of `workspaces` with all that happened to it, the oldest first.

    Raises:
        NotFound: there is none of this id in them.
    """
    query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE id = :id AND workspace_id = ANY (:workspaces)"  # noqa: S608 -- likewise
    values = {"id": violation_id, "workspaces": list(workspaces), "at": clock.now()}
    row = session.connection().execute(text(query), values).one_or_none()
    if row is None:
        raise NotFound(f"There is no violation {violation_id}.")
    events = session.connection().execute(
        text("SELECT at, event, actor, detail FROM violation_event WHERE violation_id = :id ORDER BY id"),
        {"id": violation_id},
    )
    return _view(workspaces, row), [EventView(*event) for event in events]


def input_of(session: Session, violation_id: UUID) -> str:
    """The digest of the input document that a violation was last found in."""
    query = text("SELECT input_digest FROM violation WHERE id = :id")
    return str(session.connection().execute(query, {"id": violation_id}).scalar_one())


def summary(session: Session, workspaces: Mapping[UUID, str], wanted: Filter, by: By) -> list[Count]:
    """Counts by `by`: the most frequent first, days in their order."""
    condition, values = _condition(workspaces, wanted)
    key = "CAST(CAST(first_seen AT TIME ZONE 'UTC' AS date) AS text)" if by is By.DAY else by.value
    rows = session.connection().execute(
        # Words of this room.
        text(f"""
            SELECT key, CAST(sum(part) AS int) AS count, CAST(sum(waived) AS int) AS waived,
                   jsonb_object_agg(outcome, part) AS outcomes
            FROM (
                SELECT {key} AS key, outcome, count(*) AS part, count(*) FILTER (WHERE id IN ({WAIVED_IDS})) AS waived
                FROM violation WHERE {condition} GROUP BY 1, 2
            ) AS parts GROUP BY key ORDER BY count DESC, key
        """),  # noqa: S608 -- see above
        values,
    )
    counts = [Count(*row) for row in rows]
    return sorted(counts, key=lambda count: count.key or "") if by is By.DAY else counts


def csv_lines(session: Session, workspaces: Mapping[UUID, str], wanted: Filter) -> Iterator[str]:
    """All violations as CSV (RFC 4180), the newest first, read through a server-side cursor.

    A cell that a spreadsheet would run as a formula begins with an apostrophe.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = [field.name for field in fields(ViolationView) if field.name != "waiver"]
    writer.writerow([*names, "waived_until"])
    condition, values = _condition(workspaces, wanted)
    query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition} ORDER BY id DESC"  # noqa: S608 -- constants of this room
    rows = session.connection().execute(text(query), values, execution_options={"yield_per": _STREAMED})
    for part in rows.partitions():
        for row in part:
            view = _view(workspaces, row)
            until = view.waiver and view.waiver.expires_at
            writer.writerow([_cell(value) for value in (*(getattr(view, name) for name in names), until)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        value = " > ".join(one if isinstance(one, str) else f"{one['framework']} {one['id']}" for one in value)
    elif isinstance(value, datetime):
        value = value.isoformat()
    shown = "" if value is None else str(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _condition(workspaces: Mapping[UUID, str], wanted: Filter) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"workspaces": list(workspaces), "at": clock.now()}
    conditions = ["workspace_id = ANY (:workspaces)"]
    for name in _LISTS:  # the columns have the fields' names
        chosen: Sequence[str] = getattr(wanted, name)
        if chosen:
            conditions.append(f"{name} = ANY (:{name})")
            values[name] = list(chosen)
    if wanted.waived is not None:
        conditions.append(f"id {'' if wanted.waived else 'NOT '}IN ({WAIVED_IDS})")
    return " AND ".join(conditions), values


def _view(workspaces: Mapping[UUID, str], row: Any) -> ViolationView:
    violation_id, workspace_id, *rest = row
    words, mark = rest[: -len(_MARK)], rest[-len(_MARK) :]
    covered = WaiverMark(*mark) if mark[0] is not None else None
    return ViolationView(violation_id, workspaces[workspace_id], *[*words, covered])


def _key(cursor: str) -> UUID:
    try:
        return UUID(str(decode_cursor(cursor, 1)[0]))
    except ValueError as error:
        fault = Fault("/cursor", "this is not a cursor of violations", "the next_cursor of the page before, unchanged")
        raise Invalid("The cursor cannot be read; start again without one.", [fault]) from error
