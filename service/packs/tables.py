"""What a workspace changed about a shipped pack. No row: the pack is in force as it ships."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PackSetting(SQLModel, table=True):
    """A workspace's own parameters, enforcement, choice of assets, first day and on/off for one pack.

    What is absent keeps the pack's value.
    """

    __tablename__ = "pack_setting"

    workspace_id: UUID = Field(foreign_key="workspace.id", primary_key=True)
    pack: str = Field(primary_key=True, max_length=80)
    active: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    enforcement: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    labels: dict[str, list[str]] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'"))
    )
    effective_on: date | None = Field(default=None, sa_column=Column(Date))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_by: str = Field(max_length=220)
