"""Statements of the reference catalogue as the API shows them."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from service.inventory.reference_queries import Row


class ReferenceBody(BaseModel):
    """One dated statement. `valid_from` is the first day and `valid_to` the last one on which it holds; null is open."""

    catalogue: str
    key: str
    valid_from: date | None
    valid_to: date | None
    body: dict[str, Any]
    source: str
    reviewed_on: date
    own: bool = Field(description="Whether the workspace says so itself, in place of what is shipped")

    @classmethod
    def of(cls, row: Row) -> Self:
        """The body that shows `row`."""
        said = {name: getattr(row, name) for name in cls.model_fields if name != "own"}
        return cls.model_validate(said | {"own": row.workspace_id is not None})


class ReferencePage(BaseModel):
    """A page of statements."""

    items: list[ReferenceBody]
    next_cursor: str | None
