"""The statements behind `ingest`: each takes a whole batch as arrays, so their number does not grow with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation import canonical
from service.inventory.facts import Observation
from service.inventory.views import EdgeView


@dataclass(frozen=True, slots=True)
class Known:
    """An asset as it was before this batch; `body` in the form of `Observation.body`."""

    id: int
    ref: str
    revision: int
    digest: str
    deleted: bool
    body: dict[str, Any]
    evidence: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset as it shall be."""

    observation: Observation
    digest: str
    evidence: dict[str, dict[str, str]]
    at: datetime


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A line of history."""

    asset_id: int
    revision: int
    operation: str
    actor: str
    at: datetime
    body: dict[str, Any]
    changed: list[str]


_BODY = """
    SELECT a.id, a.ref, a.revision, a.digest, a.deleted_at IS NOT NULL AS deleted, r.body, a.evidence
    FROM asset a JOIN asset_revision r ON r.asset_id = a.id AND r.revision = a.revision
    WHERE a.workspace_id = :workspace AND a.ref = ANY (:refs)
"""


def known(session: Session, workspace: UUID, refs: Sequence[str], *, lock: bool) -> dict[str, Known]:
    """What is stored under these refs; with `lock` nobody else changes it before this transaction ends.

    Rows are locked in the order of their refs, so that two batches never wait for each other in a circle, and read by a
    second statement: the first, having waited, would still join the newest asset with the revisions of its own start.
    """
    values = {"workspace": workspace, "refs": list(refs)}
    connection = session.connection()
    if lock:
        connection.execute(
            text("""
                SELECT id FROM asset WHERE workspace_id = :workspace AND ref = ANY (:refs)
                ORDER BY ref FOR NO KEY UPDATE
            """),
            values,
        )
    rows = connection.execute(text(_BODY), values)
    return {row.ref: Known(*row) for row in rows}


def insert_assets(session: Session, workspace: UUID, rows: Sequence[AssetRow]) -> dict[str, int]:
    """Inserts new assets and answers their ids; a ref that somebody else inserted meanwhile is left out."""
    made = session.connection().execute(
        text("""
            INSERT INTO asset (workspace_id, ref, kind, name, title, labels, annotations, attributes, relations, evidence,
                               managed_by, revision, digest, created_at, updated_at)
            SELECT :workspace, ref, kind, name, title, labels::jsonb, annotations::jsonb, attributes::jsonb,
                   relations::jsonb, evidence::jsonb, managed_by, 1, digest, :at, :at
            FROM unnest(CAST(:ref AS text[]), CAST(:kind AS text[]), CAST(:name AS text[]), CAST(:title AS text[]),
                        CAST(:labels AS text[]), CAST(:annotations AS text[]), CAST(:attributes AS text[]),
                        CAST(:relations AS text[]), CAST(:evidence AS text[]), CAST(:managed_by AS text[]),
                        CAST(:digest AS text[]))
                 AS row (ref, kind, name, title, labels, annotations, attributes, relations, evidence, managed_by, digest)
            ORDER BY ref
            ON CONFLICT (workspace_id, ref) DO NOTHING
            RETURNING id, ref
        """),
        {"workspace": workspace, "at": rows[0].at, **_columns(rows)},
    )
    return {row.ref: row.id for row in made}


def update_assets(session: Session, rows: Sequence[tuple[int, int, AssetRow]]) -> None:
    """Brings assets (id, revision, row) to their new state; a deleted one is there again."""
    session.connection().execute(
        text("""
            UPDATE asset SET title = row.title, labels = row.labels::jsonb, annotations = row.annotations::jsonb,
                   attributes = row.attributes::jsonb, relations = row.relations::jsonb,
                   evidence = row.evidence::jsonb, managed_by = row.managed_by, digest = row.digest,
                   revision = row.revision, updated_at = :at, deleted_at = NULL
            FROM unnest(CAST(:id AS bigint[]), CAST(:revision AS integer[]), CAST(:title AS text[]),
                        CAST(:labels AS text[]), CAST(:annotations AS text[]), CAST(:attributes AS text[]),
                        CAST(:relations AS text[]), CAST(:evidence AS text[]), CAST(:managed_by AS text[]),
                        CAST(:digest AS text[]))
                 AS row (id, revision, title, labels, annotations, attributes, relations, evidence, managed_by, digest)
            WHERE asset.id = row.id
        """),
        {
            "at": rows[0][2].at,
            "id": [id_ for id_, _, _ in rows],
            "revision": [revision for _, revision, _ in rows],
            **_columns([row for _, _, row in rows]),
        },
    )


def bury(session: Session, workspace: UUID, refs: Sequence[str], at: datetime) -> list[Known]:
    """Marks assets as deleted and answers them as they were, with the number of the revision that ends them."""
    there = {ref: k for ref, k in known(session, workspace, refs, lock=True).items() if not k.deleted}
    session.connection().execute(
        text("UPDATE asset SET deleted_at = :at, updated_at = :at, revision = revision + 1 WHERE id = ANY (:ids)"),
        {"at": at, "ids": [k.id for k in there.values()]},
    )
    return [Known(k.id, k.ref, k.revision + 1, k.digest, True, k.body, k.evidence) for k in there.values()]


def insert_revisions(session: Session, rows: Sequence[RevisionRow]) -> None:
    """Appends lines of history."""
    session.connection().execute(
        text("""
            INSERT INTO asset_revision (asset_id, revision, operation, actor, at, body, changed)
            SELECT asset_id, revision, operation, :actor, :at, body::jsonb, changed::jsonb
            FROM unnest(CAST(:asset_id AS bigint[]), CAST(:revision AS integer[]), CAST(:operation AS text[]),
                        CAST(:body AS text[]), CAST(:changed AS text[]))
                 AS row (asset_id, revision, operation, body, changed)
        """),
        {
            "actor": rows[0].actor,
            "at": rows[0].at,
            "asset_id": [r.asset_id for r in rows],
            "revision": [r.revision for r in rows],
            "operation": [r.operation for r in rows],
            "body": [_json(r.body) for r in rows],
            "changed": [_json(r.changed) for r in rows],
        },
    )


def delete_edges(session: Session, workspace: UUID, owners: Sequence[str]) -> None:
    """Forgets what these assets said they rest on."""
    session.connection().execute(
        text("DELETE FROM edge WHERE workspace_id = :workspace AND owner_ref = ANY (:owners)"),
        {"workspace": workspace, "owners": list(owners)},
    )


def insert_edges(session: Session, workspace: UUID, rows: Sequence[tuple[str, EdgeView, str]]) -> None:
    """Stores edges, each with the asset that states it and its origin."""
    if not rows:
        return
    session.connection().execute(
        text("""
            INSERT INTO edge (workspace_id, owner_ref, from_ref, type, to_ref, origin, detail)
            SELECT :workspace, owner_ref, from_ref, type, to_ref, origin, detail::jsonb
            FROM unnest(CAST(:owner AS text[]), CAST(:source AS text[]), CAST(:type AS text[]), CAST(:target AS text[]),
                        CAST(:origin AS text[]), CAST(:detail AS text[]))
                 AS row (owner_ref, from_ref, type, to_ref, origin, detail)
        """),
        {
            "workspace": workspace,
            "owner": [owner for owner, _, _ in rows],
            "source": [edge.source for _, edge, _ in rows],
            "type": [edge.type for _, edge, _ in rows],
            "target": [edge.target for _, edge, _ in rows],
            "origin": [origin for _, _, origin in rows],
            "detail": [_json(edge.detail) for _, edge, _ in rows],
        },
    )


def _columns(rows: Sequence[AssetRow]) -> dict[str, list[Any]]:
    observations = [row.observation for row in rows]
    return {
        "ref": [o.ref for o in observations],
        "kind": [o.kind.value for o in observations],
        "name": [o.name for o in observations],
        "title": [o.title for o in observations],
        "labels": [_json(o.labels) for o in observations],
        "annotations": [_json(o.annotations) for o in observations],
        "attributes": [_json(o.attributes) for o in observations],
        "relations": [_json([r.as_dict() for r in o.relations]) for o in observations],
        "evidence": [_json(row.evidence) for row in rows],
        "managed_by": [o.managed_by for o in observations],
        "digest": [row.digest for row in rows],
    }


def _json(value: Any) -> str:
    return canonical.encode(value).decode()
