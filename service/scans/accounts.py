"""The account that a run gives: what it was asked to read part by part, and everything that it could not."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation.pages import Page, cut, decode_cursor, not_a_cursor


@dataclass(frozen=True, slots=True)
class Part:
    """What of a part was asked, seen and refused."""

    part: str
    status: str
    expected: int | None
    seen: int
    refused: int
    noted: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read (`refused`) or not be expressed (`note`)."""

    number: int
    kind: str
    part: str
    object: str | None
    text: str


def parts(session: Session, run: UUID, limit: int, cursor: str | None) -> Page[Part]:
    """A page of a run's coverage, by part."""
    rows = session.connection().execute(
        text("""
            SELECT part, status, expected, seen, refused, noted FROM scan_part
            WHERE run_id = :run AND part > :after ORDER BY part LIMIT :limit
        """),
        {"run": run, "after": str(decode_cursor(cursor, 1)[0]) if cursor else "", "limit": limit + 1},
    )
    return cut([Part(*row) for row in rows], limit, lambda part: (part.part,))


def problems(session: Session, run: UUID, limit: int, cursor: str | None) -> Page[Problem]:
    """A page of what a run could not read or express, in the order of its reading."""
    rows = session.connection().execute(
        text("""
            SELECT number, kind, part, object, text FROM scan_problem
            WHERE run_id = :run AND number > :after ORDER BY number LIMIT :limit
        """),
        {"run": run, "after": _number(cursor) if cursor else 0, "limit": limit + 1},
    )
    return cut([Problem(*row) for row in rows], limit, lambda problem: (problem.number,))


def _number(cursor: str) -> int:
    (number,) = decode_cursor(cursor, 1)
    if isinstance(number, int) and 0 < number < 2**62:
        return number
    raise not_a_cursor()
