"""Tokens at the border."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from service.api.schemas.common import Body
from service.auth.roles import Role

TokenName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@/+:-]*$", max_length=200)]
WorkspaceLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]


class NewToken(Body):
    """What a token shall be."""

    name: TokenName = Field(description="Whose or what it is for; history names it", examples=["ci-support-desk"])
    role: Role
    workspace: WorkspaceLabel | None = Field(default=None, description="The one it is bound to; null: all of them")
    expires_at: AwareDatetime | None = Field(default=None, description="With its offset from UTC; null: never")


class TokenOut(BaseModel):
    """A token, without the token."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    role: Role
    workspace: str | None
    prefix: str = Field(description="Its first characters, to recognise it by")
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute")


class CreatedToken(TokenOut):
    """A new token, with the token: shown once, kept nowhere."""

    token: str
