"""What stands open now, for those who must tell new faults from old ones."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def open_complaints(
    session: Session, workspace_id: UUID, refs: Collection[str] | None = None
) -> set[tuple[str, str, str, str]]:
    """All that is open on these assets of a workspace, or on any, as `(asset, rule, pack, subject)`."""
    which = "" if refs is None else "AND asset.ref = ANY (:refs)"
    rows = session.connection().execute(
        text(f"""
            SELECT asset.ref, violation.rule, violation.pack, violation.subject
            FROM violation JOIN asset ON asset.id = violation.asset_id
            WHERE asset.workspace_id = :workspace AND violation.status = 'open' {which}
        """),  # noqa: S608 -- words of this file
        {"workspace": workspace_id} | ({} if refs is None else {"refs": list(refs)}),
    )
    return {(row.ref, row.rule, row.pack, row.subject) for row in rows}
