"""What stands open now, for those who must tell new faults from old ones."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def open_fingerprints(session: Session, workspace_id: UUID, refs: Collection[str]) -> set[str]:
    """Fingerprints of everything that is open on these assets of a workspace."""
    if not refs:
        return set()
    rows = session.connection().execute(
        text("""
            SELECT violation.fingerprint FROM violation JOIN asset ON asset.id = violation.asset_id
            WHERE asset.workspace_id = :workspace AND asset.ref = ANY (:refs) AND violation.status = 'open'
        """),
        {"workspace": workspace_id, "refs": list(refs)},
    )
    return {row.fingerprint for row in rows}
