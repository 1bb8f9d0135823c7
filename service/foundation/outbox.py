"""The outbox: what a room announces lies in the same transaction as what it changed, so neither is there alone.

`jobs.dispatch` claims rows, oldest first, and turns each topic into a job.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session, SQLModel

from service.foundation import clock

# In a session's `info`: something was announced in it, so whoever commits may wake the dispatcher.
ANNOUNCED = "outbox.announced"


class Topic(StrEnum):
    """What can be announced."""

    ASSET_CHANGED = "asset.changed"  # {"workspace": name, "refs": [ref, ...]}
    REFERENCE_CHANGED = "reference.changed"  # {"workspace": name | null}
    PACK_CHANGED = "pack.changed"  # {"workspace": name | null}
    EVALUATION_REQUESTED = "evaluation.requested"  # {"evaluation": id}
    SCAN_REQUESTED = "scan.requested"  # {"run": id}
    SOURCE_REMOVED = "source.removed"  # {"workspace": name, "origin": origin}
    VIOLATION_OPENED = "violation.opened"  # {"workspace": name, "violations": [id, ...]}
    VIOLATION_RESOLVED = "violation.resolved"  # {"workspace": name, "violations": [id, ...]}
    WAIVER_CHANGED = "waiver.changed"  # {"workspace": name, "waiver": id, "status": "approved" | "revoked"}


class OutboxMessage(SQLModel, table=True):
    """A thing announced and not yet handed on. A row is deleted in the transaction that carries it out."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "not_before", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    topic: str = Field(max_length=60)
    payload: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    not_before: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    last_error: str | None = None


def announce(session: Session, topic: Topic, payload: dict[str, Any]) -> None:
    """Says `topic` in the caller's transaction."""
    now = clock.now()
    session.info[ANNOUNCED] = True
    session.add(OutboxMessage(topic=topic.value, payload=payload, created_at=now, not_before=now))
