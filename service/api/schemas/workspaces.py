"""Workspaces at the border."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas.common import Body
from service.api.schemas.tokens import WorkspaceLabel


class NewWorkspace(Body):
    """What it shall be called."""

    name: WorkspaceLabel = Field(description="A DNS label", examples=["research"])


class WorkspaceOut(BaseModel):
    """A workspace."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
