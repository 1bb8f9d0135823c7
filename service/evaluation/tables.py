"""Tables of the evaluation: runs and their chunks, what was last judged of each asset, and the records that replay."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.foundation.ids import new_id


class Evaluation(SQLModel, table=True):
    """One run over some or all assets of a workspace."""

    __tablename__ = "evaluation"
    __table_args__ = (Index("ix_evaluation_listing", "workspace_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    reason: str = Field(max_length=60)
    scope: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    status: str = Field(max_length=12)
    as_of: date = Field(sa_column=Column(Date, nullable=False))
    force: bool = False
    requested_by: str = Field(max_length=220)
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    finished_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    error: str | None = None


class EvaluationChunk(SQLModel, table=True):
    """A part of a run that one worker does in one transaction, under a lease."""

    __tablename__ = "evaluation_chunk"
    __table_args__ = (
        Index("ix_evaluation_chunk_due", "leased_until", postgresql_where=text("status IN ('waiting', 'running')")),
    )

    evaluation_id: UUID = Field(foreign_key="evaluation.id", primary_key=True)
    number: int = Field(primary_key=True)
    asset_ids: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    status: str = Field(max_length=12)
    attempts: int = 0
    leased_by: str | None = Field(default=None, max_length=120)
    leased_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    judged: int = 0
    unchanged: int = 0
    outcomes: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    error: str | None = None


class Judgement(SQLModel, table=True):
    """What was last decided of an asset: the memory that lets an unchanged asset be passed over."""

    __tablename__ = "judgement"

    asset_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    workspace_id: UUID = Field(foreign_key="workspace.id")
    input_digest: str | None = Field(default=None, max_length=64)
    bundle_digest: str | None = Field(default=None, max_length=64)
    engine: str | None = Field(default=None, max_length=40)
    decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    outcomes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class KeptInput(SQLModel, table=True):
    """An input document under its digest, as canonical JSON compressed with zlib."""

    __tablename__ = "kept_input"

    digest: str = Field(primary_key=True, max_length=64)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class KeptBundle(SQLModel, table=True):
    """The rules that decided, under their digest, as canonical JSON compressed with zlib."""

    __tablename__ = "kept_bundle"

    digest: str = Field(primary_key=True, max_length=64)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class DecisionRecord(SQLModel, table=True):
    """An answer given at the gate, with all that is needed to give it again."""

    __tablename__ = "decision_record"
    __table_args__ = (Index("ix_decision_record_listing", "workspace_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str = Field(max_length=220)
    enforcement_point: str = Field(max_length=20)
    as_of: date = Field(sa_column=Column(Date, nullable=False))
    bundle_digest: str = Field(max_length=64)
    inputs: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    engine: str = Field(max_length=40)
    verdict: str = Field(max_length=10)
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    outcomes: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    digest: str = Field(max_length=64)
