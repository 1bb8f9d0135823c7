"""Waivers at the border."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.schemas.common import Body
from service.violations.waiver_terms import Asked, Waiver, WaiverStatus, holds


class WaiverIn(Body):
    """What shall be waived, why, and until when."""

    rule: str = Field(max_length=20, examples=["RES-001"])
    asset: str = Field(max_length=220, description="The ref of one asset, exactly", examples=["system:support-desk"])
    reason: str = Field(min_length=1, max_length=2000, description="Why this is acceptable until then")
    expires_at: AwareDatetime = Field(description="With its offset from UTC; at most 366 days ahead")
    pack: str | None = Field(default=None, max_length=80, description="null: in every pack that binds the rule")
    subject: str | None = Field(
        default=None, max_length=5000, description="As a violation names it; null: whatever the rule finds on the asset"
    )
    ticket: str | None = Field(default=None, max_length=500, description="Where this was talked over")

    def asked(self) -> Asked:
        """The same as a value."""
        return Asked(self.rule, self.asset, self.reason, self.expires_at, self.pack, self.subject, self.ticket)


class RemarkIn(Body):
    """What is said at a step."""

    note: str | None = Field(default=None, min_length=1, max_length=2000)


class WaiverBody(BaseModel):
    """A waiver as it stands."""

    id: UUID
    workspace: str
    rule: str
    pack: str | None = Field(description="null: every pack that binds the rule")
    asset: str
    subject: str | None = Field(description="null: whatever the rule finds on the asset")
    reason: str
    ticket: str | None
    status: WaiverStatus
    holds: bool = Field(description="Whether it is in force now: approved, and before its end")
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    closed_by: str | None = Field(description="Who rejected, withdrew or revoked it")
    closed_at: datetime | None
    note: str | None = Field(description="What was said at the last step")

    @classmethod
    def of(cls, waiver: Waiver, workspace: str, at: datetime) -> Self:
        """The body that shows `waiver` at the instant `at`."""
        shown = {name: getattr(waiver, name) for name in cls.model_fields if name not in {"workspace", "holds"}}
        return cls(**shown, workspace=workspace, holds=holds(waiver, at))


class WaiverMarkBody(BaseModel):
    """The waiver that covers a violation now."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    reason: str
    approved_by: str
    expires_at: datetime
