"""The audit log: one row for each change, each holding the hash of the row before it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AuditEntry(SQLModel, table=True):
    """One change. `number` runs from 1 without a gap; `hash` covers every other column and `previous`."""

    __tablename__ = "audit_entry"

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str = Field(max_length=220)
    action: str = Field(max_length=60)
    workspace: str | None = Field(default=None, max_length=63)
    target: str = Field(max_length=300)
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)
