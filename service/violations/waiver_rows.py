"""Waivers in SQL: what holds and what covers, once, for every query that asks; and rows as values.

`HOLDS` and `COVERS` say what `waiver_terms.holds` and `covers` say. They take `:at`, the instant that is asked about, and
speak of a row of `waiver` and one of `violation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation.pages import Page, cut, decode_id_cursor
from service.violations.waiver_terms import Waiver, WaiverStatus

HOLDS: Final = "waiver.status = 'approved' AND :at < waiver.expires_at"
COVERS: Final = """
    waiver.workspace_id = violation.workspace_id AND waiver.asset = violation.asset AND waiver.rule = violation.rule
    AND (waiver.pack IS NULL OR waiver.pack = violation.pack)
    AND (waiver.subject IS NULL OR waiver.subject = violation.subject) AND violation.outcome <> 'error'
"""
# Joined to `violation`: the waiver that is shown beside it, chosen as `Waivers.covering` chooses.
COVERING: Final = f"""
    LEFT JOIN LATERAL (
        SELECT waiver.id AS waiver_id, waiver.reason AS waiver_reason, waiver.approved_by AS waiver_approved_by,
               waiver.expires_at AS waiver_expires_at
        FROM waiver WHERE {COVERS} AND {HOLDS} ORDER BY waiver.expires_at DESC, waiver.id LIMIT 1
    ) AS covering ON true
"""  # noqa: S608 -- constants of this file
# Ids of all that is waived: found from the waivers, which are few, so that a count over many violations stays one pass.
WAIVED_IDS: Final = f"SELECT violation.id FROM violation JOIN waiver ON {COVERS} WHERE {HOLDS}"  # noqa: S608 -- likewise
_ORPHANED: Final = f"""
    {HOLDS} AND NOT EXISTS (SELECT 1 FROM violation WHERE violation.status = 'open' AND {COVERS})
"""  # noqa: S608 -- likewise
_COLUMNS: Final = ", ".join(field.name for field in fields(Waiver))


@dataclass(frozen=True, slots=True)
class WaiverFilter:
    """What is asked for. Of the lists an empty one wants all.

    `expiring_within` wants those that hold and end within this time, `orphaned` those that hold and cover nothing open (or,
    where it is False, all others).
    """

    status: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    expiring_within: timedelta | None = None
    orphaned: bool | None = None


def select(session: Session, condition: str, values: Mapping[str, Any]) -> list[Waiver]:
    """The waivers that meet `condition`, a constant of this room, with what follows it."""
    query = f"SELECT {_COLUMNS} FROM waiver WHERE {condition}"  # noqa: S608 -- see above
    return [_waiver(row) for row in session.connection().execute(text(query), values).mappings()]


def listing(
    session: Session, workspaces: Mapping[UUID, str], wanted: WaiverFilter, at: datetime, limit: int, cursor: str | None
) -> Page[Waiver]:
    """A page of the waivers of `workspaces` (names by id), the newest first; `at` is the instant that is now."""
    conditions = ["workspace_id = ANY (:workspaces)"]
    values: dict[str, Any] = {"workspaces": list(workspaces), "at": at, "limit": limit + 1}
    for name in ("status", "asset", "rule", "pack"):  # the columns have the fields' names
        if chosen := getattr(wanted, name):
            conditions.append(f"{name} = ANY (:{name})")
            values[name] = list(chosen)
    if wanted.expiring_within is not None:
        conditions.append(f"{HOLDS} AND expires_at <= :soon")
        values["soon"] = at + wanted.expiring_within
    if wanted.orphaned is not None:
        conditions.append(f"({_ORPHANED})" if wanted.orphaned else f"NOT ({_ORPHANED})")
    if cursor is not None:
        conditions.append("id < :before")
        values["before"] = decode_id_cursor(cursor)
    found = select(session, f"{' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit", values)
    return cut(found, limit, lambda waiver: (str(waiver.id),))


def _waiver(row: Any) -> Waiver:
    return Waiver(**{**row, "status": WaiverStatus(row["status"])})
