"""Access tokens. The token itself is never stored: only its SHA-256 and a prefix to recognise it by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, UniqueConstraint
from sqlmodel import Field, SQLModel

from service.foundation.ids import new_id


class Token(SQLModel, table=True):
    """A bearer token. `workspace` None means all workspaces."""

    __tablename__ = "token"
    __table_args__ = (UniqueConstraint("hash"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    role: str = Field(max_length=20)
    workspace: str | None = Field(default=None, max_length=63)
    prefix: str = Field(max_length=16)
    hash: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    created_by: str = Field(max_length=220)
    expires_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
