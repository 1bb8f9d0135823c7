"""Tables of the inventory: workspaces, assets, the edges between them, their revisions, and the reference catalogue."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Index, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.foundation.ids import new_id


class Workspace(SQLModel, table=True):
    """A tenant's or a business unit's own inventory."""

    __tablename__ = "workspace"
    __table_args__ = (UniqueConstraint("name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=63)
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Asset(SQLModel, table=True):
    """One thing of the estate, as it is now. A deleted asset keeps its row and its history (`deleted_at`)."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("workspace_id", "ref"),
        Index("ix_asset_listing", "workspace_id", "kind", "ref", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_asset_labels", "labels", postgresql_using="gin", postgresql_ops={"labels": "jsonb_path_ops"}),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    workspace_id: UUID = Field(foreign_key="workspace.id")
    ref: str = Field(max_length=220)
    kind: str = Field(max_length=20)
    name: str = Field(max_length=200)
    title: str | None = Field(default=None, max_length=500)
    labels: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    annotations: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    attributes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    relations: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    evidence: dict[str, dict[str, str]] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    managed_by: str | None = Field(default=None, max_length=200)
    revision: int = Field(default=1)
    digest: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    stale_since: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class Edge(SQLModel, table=True):
    """A directed tie by ref, so that it can dangle: `from_ref` rests on `to_ref`.

    `origin` says where it was read: a `relation` of the manifest, an `attribute` that names another asset, or the
    `inverse` of a relation whose dependency runs the other way (`serves`: the model rests on the host that serves it).
    `owner_ref` is the asset whose manifest says so; its edges are replaced together.
    """

    __tablename__ = "edge"
    __table_args__ = (
        # The way up is the key, so that there is an index less to keep; the way down has its own.
        PrimaryKeyConstraint("workspace_id", "from_ref", "id"),
        Index("ix_edge_down", "workspace_id", "to_ref"),
        # What could take another's place: a few ties among the thousands that end at a region.
        Index(
            "ix_edge_exchange",
            "workspace_id",
            "to_ref",
            postgresql_where=text("type IN ('alternative_to', 'exit_alternative')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True)))
    # No foreign key: an edge comes and goes with the asset that states it, which has one.
    workspace_id: UUID
    owner_ref: str = Field(max_length=220)
    from_ref: str = Field(max_length=220)
    type: str = Field(max_length=40)
    to_ref: str = Field(max_length=220)
    origin: str = Field(max_length=10)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class AssetRevision(SQLModel, table=True):
    """What an asset was from one change to the next. Appended, never altered."""

    __tablename__ = "asset_revision"

    asset_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    revision: int = Field(primary_key=True)
    operation: str = Field(max_length=10)
    actor: str = Field(max_length=220)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    changed: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))


class Statement(SQLModel, table=True):
    """What one origin says of an asset, kept apart where somebody besides a manifest speaks of it.

    `origin` is `declared` (manifests, REST) or `source:<name>` (a scan). The asset's own row is what all of its statements
    come to. An asset without statements is its declaration. `part` and `object` are the source's words for where it found
    the thing, `seen_run` the last scan that did, `missed` how many complete scans have not since.
    """

    __tablename__ = "statement"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "ref", "origin"),
        Index("ix_statement_origin", "workspace_id", "origin", "ref"),
    )

    # No foreign key to the asset: a statement is written before the asset that it makes.
    workspace_id: UUID = Field(foreign_key="workspace.id")
    ref: str = Field(max_length=220)
    origin: str = Field(max_length=100)
    digest: str = Field(max_length=64)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    evidence: dict[str, dict[str, str]] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    stated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    part: str | None = None
    object: str | None = None
    seen_run: UUID | None = None
    aged_run: UUID | None = None
    missed: int = Field(default=0)
    stale_since: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class ReferenceEntry(SQLModel, table=True):
    """One dated statement of the reference catalogue; a workspace's own entry overrides the shipped one of its key."""

    __tablename__ = "reference_entry"
    __table_args__ = (
        UniqueConstraint("catalogue", "key", "workspace_id", "valid_from", postgresql_nulls_not_distinct=True),
        Index("ix_reference_entry_lookup", "catalogue", "key"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    catalogue: str = Field(max_length=20)
    key: str = Field(max_length=220)
    workspace_id: UUID | None = Field(default=None, foreign_key="workspace.id")
    valid_from: date | None = Field(default=None, sa_column=Column(Date))
    valid_to: date | None = Field(default=None, sa_column=Column(Date))
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source: str
    reviewed_on: date = Field(sa_column=Column(Date, nullable=False))
