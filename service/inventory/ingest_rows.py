"""The statements behind `ingest`: each takes a whole batch as one JSON array, so their number does not grow with it."""

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
    """An asset as it shall be; `id` is 0 where it has none yet."""

    id: int
    revision: int
    observation: Observation
    digest: str
    evidence: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A line of history."""

    asset_id: int
    revision: int
    operation: str
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
    second statement: the first, having waited, would still join the newest asset with the revisions of its own start. That
    one reads only what the first has locked: a row committed between the two is nobody's yet.
    """
    values = {"workspace": workspace, "refs": list(refs)}
    connection = session.connection()
    if lock:
        locked = connection.execute(
            text("""
                SELECT ref FROM asset WHERE workspace_id = :workspace AND ref = ANY (:refs)
                ORDER BY ref FOR NO KEY UPDATE
            """),
            values,
        )
        values["refs"] = [row.ref for row in locked]
    return {row.ref: Known(*row) for row in connection.execute(text(_BODY), values).all()}


def insert_assets(session: Session, workspace: UUID, rows: Sequence[AssetRow], at: datetime) -> dict[str, int]:
    """Inserts new assets and answers their ids; a ref that somebody else inserted meanwhile is left out."""
    made = session.connection().execute(
        text(f"""
            INSERT INTO asset (workspace_id, ref, kind, name, title, labels, annotations, attributes, relations, evidence,
                               managed_by, revision, digest, created_at, updated_at)
            SELECT :workspace, ref, kind, name, title, labels, annotations, attributes, relations, evidence,
                   managed_by, 1, digest, :at, :at
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row ({_ASSET})
            ORDER BY ref
            ON CONFLICT (workspace_id, ref) DO NOTHING
            RETURNING id, ref
        """),  # noqa: S608 -- the columns are a constant of this file
        {"workspace": workspace, "at": at, "rows": _json([_columns(row) for row in rows])},
    )
    return {row.ref: row.id for row in made.all()}


def update_assets(session: Session, rows: Sequence[AssetRow], at: datetime) -> None:
    """Brings assets to their new state; a deleted one is there again."""
    changed = [{"id": row.id, "revision": row.revision, **_columns(row)} for row in rows]
    session.connection().execute(
        text(f"""
            UPDATE asset SET title = row.title, labels = row.labels, annotations = row.annotations,
                   attributes = row.attributes, relations = row.relations, evidence = row.evidence,
                   managed_by = row.managed_by, digest = row.digest, revision = row.revision, updated_at = :at,
                   deleted_at = NULL
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (id bigint, revision integer, {_ASSET})
            WHERE asset.id = row.id
        """),  # noqa: S608 -- likewise
        {"at": at, "rows": _json(changed)},
    )


def bury(session: Session, workspace: UUID, refs: Sequence[str], at: datetime) -> list[Known]:
    """Marks assets as deleted and answers them as they were, with the number of the revision that ends them."""
    there = {ref: k for ref, k in known(session, workspace, refs, lock=True).items() if not k.deleted}
    session.connection().execute(
        text("""
            UPDATE asset SET deleted_at = :at, stale_since = NULL, updated_at = :at, revision = revision + 1
            WHERE id = ANY (:ids)
        """),
        {"at": at, "ids": [k.id for k in there.values()]},
    )
    return [Known(k.id, k.ref, k.revision + 1, k.digest, True, k.body, k.evidence) for k in there.values()]


def insert_revisions(session: Session, rows: Sequence[RevisionRow], actor: str, at: datetime) -> None:
    """Appends lines of history: what `actor` did at one moment."""
    session.connection().execute(
        text("""
            INSERT INTO asset_revision (asset_id, revision, operation, actor, at, body, changed)
            SELECT asset_id, revision, operation, :actor, :at, body, changed
            FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS row (asset_id bigint, revision integer, operation text, body jsonb, changed jsonb)
        """),
        {
            "actor": actor,
            "at": at,
            "rows": _json(
                [
                    {
                        "asset_id": row.asset_id,
                        "revision": row.revision,
                        "operation": row.operation,
                        "body": row.body,
                        "changed": row.changed,
                    }
                    for row in rows
                ]
            ),
        },
    )


def delete_edges(session: Session, workspace: UUID, owners: Sequence[str]) -> None:
    """Forgets what these assets said they rest on. An owner is always one end of its edges, and both have an index."""
    for end in ("from_ref", "to_ref"):
        session.connection().execute(
            text(f"DELETE FROM edge WHERE workspace_id = :workspace AND {end} = ANY (:owners) AND owner_ref = {end}"),  # noqa: S608 -- one of two words
            {"workspace": workspace, "owners": list(owners)},
        )


def insert_edges(session: Session, workspace: UUID, rows: Sequence[tuple[str, EdgeView, str]]) -> None:
    """Stores edges, each with the asset that states it and its origin."""
    if not rows:
        return
    session.connection().execute(
        text("""
            INSERT INTO edge (workspace_id, owner_ref, from_ref, type, to_ref, origin, detail)
            SELECT :workspace, owner, source, type, target, origin, detail
            FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS row (owner text, source text, type text, target text, origin text, detail jsonb)
        """),
        {
            "workspace": workspace,
            "rows": _json(
                [
                    {
                        "owner": owner,
                        "source": edge.source,
                        "type": edge.type,
                        "target": edge.target,
                        "origin": origin,
                        "detail": edge.detail,
                    }
                    for owner, edge, origin in rows
                ]
            ),
        },
    )


_ASSET = """ref text, kind text, name text, title text, labels jsonb, annotations jsonb, attributes jsonb, relations jsonb,
            evidence jsonb, managed_by text, digest text"""


def _columns(row: AssetRow) -> dict[str, Any]:
    said = row.observation
    return {
        "ref": said.ref,
        "kind": str(said.kind),
        "name": said.name,
        "title": said.title,
        "labels": said.labels,
        "annotations": said.annotations,
        "attributes": said.attributes,
        "relations": [relation.as_dict() for relation in said.relations],
        "evidence": row.evidence,
        "managed_by": said.managed_by,
        "digest": row.digest,
    }


def _json(value: Any) -> str:
    return canonical.encode(value).decode()
