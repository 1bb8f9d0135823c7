"""Tables of the violations: what is or was wrong, everything that happened to it, and what of it is waived."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.foundation.ids import new_id


class Violation(SQLModel, table=True):
    """A finding of one rule of one pack on one asset, through all its life.

    `fingerprint` is the same as long as it is the same complaint about the same subject, whatever revision the asset is
    in. `outcome` tells a violation from an `unknown` and an `error`, which are listed too, so that nobody mistakes them
    for a pass.
    """

    __tablename__ = "violation"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        Index("ix_violation_asset", "asset_id"),
        Index("ix_violation_listing", "workspace_id", "status", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    asset_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    asset: str = Field(max_length=220)
    rule: str = Field(max_length=20)
    pack: str = Field(max_length=80)
    theme: str = Field(max_length=30)
    severity: str = Field(max_length=10)
    outcome: str = Field(max_length=15)
    subject: str
    fingerprint: str = Field(max_length=64)
    message: str
    path: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    remedy: str
    controls: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    evidence_grade: str = Field(max_length=12)
    vendor: str | None = Field(default=None, max_length=220)
    jurisdiction: str | None = Field(default=None, max_length=10)
    status: str = Field(max_length=12)
    input_digest: str = Field(max_length=64)
    bundle_digest: str = Field(max_length=64)
    first_seen: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    last_seen: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    resolved_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    times_opened: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})


class ViolationEvent(SQLModel, table=True):
    """One thing that happened to a violation. Appended, never altered."""

    __tablename__ = "violation_event"
    __table_args__ = (Index("ix_violation_event_history", "violation_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    violation_id: UUID = Field(foreign_key="violation.id")
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    event: str = Field(max_length=20)
    actor: str = Field(max_length=220)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class WaiverRow(SQLModel, table=True):
    """An agreement to live with what one rule says of one asset, until a day. `pack` and `subject` None: whichever.

    `expiry_told_at` is when its near end was told of.
    """

    __tablename__ = "waiver"
    __table_args__ = (
        Index("ix_waiver_place", "workspace_id", "asset", "rule"),
        Index("ix_waiver_listing", "workspace_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    rule: str = Field(max_length=20)
    pack: str | None = Field(default=None, max_length=80)
    asset: str = Field(max_length=220)
    subject: str | None = None
    reason: str
    ticket: str | None = Field(default=None, max_length=500)
    status: str = Field(max_length=12)
    requested_by: str = Field(max_length=220)
    requested_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    approved_by: str | None = Field(default=None, max_length=220)
    approved_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    closed_by: str | None = Field(default=None, max_length=220)
    closed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    note: str | None = None
    expiry_told_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
