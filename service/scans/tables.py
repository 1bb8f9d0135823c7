"""Tables of the scans: sources, their runs, what each run covered, and what was wrong with single objects."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text
from sqlmodel import Field, SQLModel

from service.foundation.ids import new_id


class ScanSource(SQLModel, table=True):
    """A system that is read: by which connector, with what settings, how often. Secrets lie elsewhere and are named."""

    __tablename__ = "scan_source"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name"),
        Index("ix_scan_source_due", "next_due_at", postgresql_where=text("enabled AND next_due_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    name: str = Field(max_length=63)
    connector: str = Field(max_length=40)
    settings: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    owner: str | None = Field(default=None, max_length=200)
    enabled: bool = True
    every_seconds: int | None = None
    cron: str | None = Field(default=None, max_length=100)
    include: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    exclude: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    aliases: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    reach: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    stale_after: int
    remove_after: int
    time_limit_seconds: int
    next_due_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ScanRun(SQLModel, table=True):
    """One reading of a source. At most one of a mode is open for each source: that is the source's lock."""

    __tablename__ = "scan_run"
    __table_args__ = (
        Index("ix_scan_run_listing", "workspace_id", "id"),
        Index("ix_scan_run_of_source", "source_id", "id"),
        Index("ix_scan_run_open", "leased_until", postgresql_where=text("status IN ('waiting', 'running')")),
        Index(
            "uq_scan_run_open",
            "source_id",
            "mode",
            unique=True,
            postgresql_where=text("status IN ('waiting', 'running')"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    source_id: UUID = Field(foreign_key="scan_source.id", ondelete="CASCADE")
    mode: str = Field(max_length=10)
    interactive: bool = False
    status: str = Field(max_length=12)
    requested_by: str = Field(max_length=220)
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    finished_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    attempts: int = 0
    leased_by: str | None = Field(default=None, max_length=120)
    leased_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    cancelled: bool = False
    expected: int | None = Field(default=None, sa_column=Column(BigInteger))
    seen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    created: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    updated: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    unchanged: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    outside: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    refused: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    noted: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    stale: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    removed: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    error: str | None = None
    preview: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))


class ScanPart(SQLModel, table=True):
    """What of a part was asked and seen. `status`: asked, read, or refused in whole or in part."""

    __tablename__ = "scan_part"

    run_id: UUID = Field(foreign_key="scan_run.id", primary_key=True, ondelete="CASCADE")
    part: str = Field(primary_key=True)
    status: str = Field(max_length=10)
    expected: int | None = Field(default=None, sa_column=Column(BigInteger))
    seen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    refused: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    noted: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class ScanProblem(SQLModel, table=True):
    """One thing that could not be read (`refused`) or not be expressed (`note`); `object` None: the whole part."""

    __tablename__ = "scan_problem"

    run_id: UUID = Field(foreign_key="scan_run.id", primary_key=True, ondelete="CASCADE")
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str = Field(max_length=10)
    part: str
    object: str | None = None
    text: str
