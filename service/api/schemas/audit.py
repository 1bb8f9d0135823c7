"""The audit log at the border."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AuditRow(BaseModel):
    """One change. `hash` is the SHA-256 of the canonical JSON of all other fields."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="From 1, without a gap")
    # A string, not a datetime: an exported row must spell it as it was hashed.
    at: str = Field(json_schema_extra={"format": "date-time"})
    actor: str = Field(examples=["token:ci-support-desk"])
    action: str = Field(examples=["asset.recorded"])
    workspace: str | None
    target: str
    detail: dict[str, Any]
    previous: str = Field(description="The hash of the row before; 64 zeros in the first")
    hash: str


class Head(BaseModel):
    """A place in the chain. Keep one elsewhere: only against it can a cut-off end be seen."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    hash: str


class Break(BaseModel):
    """The first place where the chain does not hold."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="The number that should have stood there")
    reason: str = Field(description="altered, missing, reordered or truncated")
    message: str


class Verification(BaseModel):
    """What re-computing the chain found."""

    model_config = ConfigDict(from_attributes=True)

    intact: bool
    entries: int = Field(description="Rows that were read and hold")
    head: Head | None = Field(description="The last of them: keep it as the anchor of the next verification")
    anchored: bool = Field(description="Whether it was compared with a head kept elsewhere")
    broken: Break | None
