"""The statements behind `statements`: each takes a whole batch, so their number does not grow with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation import canonical
from service.inventory.merge import Said


@dataclass(frozen=True, slots=True)
class Mark:
    """What is needed to tell that a source says nothing new."""

    digest: str
    stale: bool
    seen_run: UUID | None
    object: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A statement as it shall be."""

    ref: str
    digest: str
    body: dict[str, Any]
    evidence: dict[str, dict[str, str]]
    part: str | None = None
    object: str | None = None


def marks(session: Session, workspace: UUID, origin: str, refs: Sequence[str]) -> dict[str, Mark]:
    """By ref, what `origin` said last."""
    rows = session.connection().execute(
        text("""
            SELECT ref, digest, stale_since IS NOT NULL, seen_run, object FROM statement
            WHERE workspace_id = :workspace AND origin = :origin AND ref = ANY (:refs)
        """),
        {"workspace": workspace, "origin": origin, "refs": list(refs)},
    )
    return {ref: Mark(*mark) for ref, *mark in rows.all()}


def said_of(session: Session, workspace: UUID, refs: Sequence[str]) -> dict[str, dict[str, Said]]:
    """By ref and origin, all that is said of these assets."""
    rows = session.connection().execute(
        text("""
            SELECT ref, origin, body, evidence, stated_at FROM statement
            WHERE workspace_id = :workspace AND ref = ANY (:refs)
        """),
        {"workspace": workspace, "refs": list(refs)},
    )
    found: dict[str, dict[str, Said]] = {}
    for row in rows:
        found.setdefault(row.ref, {})[row.origin] = Said(row.origin, row.body, row.evidence, row.stated_at.isoformat())
    return found


def keep(
    session: Session, workspace: UUID, origin: str, rows: Sequence[Row], at: datetime, run: UUID | None = None
) -> None:
    """Writes down what `origin` says, over what it said before."""
    if not rows:
        return
    session.connection().execute(
        text("""
            INSERT INTO statement (workspace_id, ref, origin, digest, body, evidence, stated_at, part, object, seen_run,
                                   missed)
            SELECT :workspace, ref, :origin, digest, body, evidence, :at, part, object, :run, 0
            FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS row (ref text, digest text, body jsonb, evidence jsonb, part text, object text)
            ORDER BY ref
            ON CONFLICT (workspace_id, ref, origin) DO UPDATE
            SET digest = excluded.digest, body = excluded.body, evidence = excluded.evidence, stated_at = excluded.stated_at,
                part = excluded.part, object = excluded.object, seen_run = excluded.seen_run, missed = 0,
                stale_since = NULL
        """),
        {
            "workspace": workspace,
            "origin": origin,
            "at": at,
            "run": run,
            "rows": canonical.encode(
                [
                    {
                        "ref": row.ref,
                        "digest": row.digest,
                        "body": row.body,
                        "evidence": row.evidence,
                        "part": row.part,
                        "object": row.object,
                    }
                    for row in rows
                ]
            ).decode(),
        },
    )


def touch(session: Session, workspace: UUID, origin: str, run: UUID, seen: Sequence[tuple[str, str, str]]) -> None:
    """Says that a run saw these again, each as ref, part and object: they are not missed any longer."""
    session.connection().execute(
        text("""
            UPDATE statement SET seen_run = :run, missed = 0, stale_since = NULL, part = row.part, object = row.object
            FROM unnest(CAST(:refs AS text[]), CAST(:parts AS text[]), CAST(:objects AS text[]))
                 AS row (ref, part, object)
            WHERE workspace_id = :workspace AND origin = :origin AND statement.ref = row.ref
        """),
        {
            "workspace": workspace,
            "origin": origin,
            "run": run,
            "refs": [ref for ref, _, _ in seen],
            "parts": [part for _, part, _ in seen],
            "objects": [name for _, _, name in seen],
        },
    )


def forget(session: Session, workspace: UUID, refs: Iterable[str], origin: str | None = None) -> None:
    """Deletes what `origin`, or everybody, says of these assets."""
    session.connection().execute(
        text("""
            DELETE FROM statement WHERE workspace_id = :workspace AND ref = ANY (:refs)
              AND (CAST(:origin AS text) IS NULL OR origin = :origin)
        """),
        {"workspace": workspace, "refs": list(refs), "origin": origin},
    )


def age(session: Session, workspace: UUID, origin: str, run: UUID, parts: Sequence[str] | None) -> None:
    """Counts for every statement of these parts (None: all) that `run` did not see one more miss, once for each run."""
    session.connection().execute(
        text("""
            UPDATE statement SET missed = missed + 1, aged_run = :run
            WHERE workspace_id = :workspace AND origin = :origin AND seen_run IS DISTINCT FROM :run
              AND aged_run IS DISTINCT FROM :run AND (CAST(:parts AS text[]) IS NULL OR part = ANY (:parts))
        """),
        {"workspace": workspace, "origin": origin, "run": run, "parts": None if parts is None else list(parts)},
    )


def grow_stale(session: Session, workspace: UUID, origin: str, missed: int, at: datetime) -> list[str]:
    """Marks as stale what was missed so often; answers the refs that became so."""
    rows = session.connection().execute(
        text("""
            UPDATE statement SET stale_since = :at
            WHERE workspace_id = :workspace AND origin = :origin AND missed >= :missed AND stale_since IS NULL
            RETURNING ref
        """),
        {"workspace": workspace, "origin": origin, "missed": missed, "at": at},
    )
    return [row.ref for row in rows]


def long_missed(session: Session, workspace: UUID, origin: str, missed: int, limit: int) -> list[str]:
    """Refs, at most `limit`, that `origin` has missed so often that it no longer speaks of them."""
    rows = session.connection().execute(
        text("""
            SELECT ref FROM statement
            WHERE workspace_id = :workspace AND origin = :origin AND missed >= :missed ORDER BY ref LIMIT :limit
        """),
        {"workspace": workspace, "origin": origin, "missed": missed, "limit": limit},
    )
    return [row.ref for row in rows]


def show_staleness(session: Session, workspace: UUID, refs: Sequence[str]) -> None:
    """Brings `asset.stale_since` in line: an asset is stale since the last of those who speak of it lost sight of it."""
    session.connection().execute(
        text("""
            UPDATE asset SET stale_since = said.stale
            FROM (
                SELECT ref, CASE WHEN bool_and(stale_since IS NOT NULL) THEN max(stale_since) END AS stale
                FROM statement WHERE workspace_id = :workspace AND ref = ANY (:refs) GROUP BY ref
            ) AS said
            WHERE asset.workspace_id = :workspace AND asset.ref = said.ref
              AND asset.stale_since IS DISTINCT FROM said.stale
        """),
        {"workspace": workspace, "refs": list(refs)},
    )
