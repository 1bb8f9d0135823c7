"""One lock for each workspace: declarations share it, sources that change something have it alone.

A declaration and a source's first statement about the same new asset would else not see each other, and one be lost. Taken
before any row is locked, so that nobody waits in a circle.
"""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def share(session: Session, workspace: UUID) -> None:
    """Keeps sources from writing until this transaction ends; other declarations go on."""
    _take(session, "pg_advisory_xact_lock_shared", workspace)


def own(session: Session, workspace: UUID) -> None:
    """Keeps everybody else from writing into the workspace until this transaction ends."""
    _take(session, "pg_advisory_xact_lock", workspace)


def _take(session: Session, function: str, workspace: UUID) -> None:
    query = f"SELECT {function}(hashtextextended(:key, 0))"
    session.connection().execute(text(query), {"key": f"allod.workspace:{workspace}"})
