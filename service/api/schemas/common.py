"""What all resources share: the frame of a listing, and the strictness of bodies."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from service.foundation.pages import Page

T = TypeVar("T")
V = TypeVar("V")


class Body(BaseModel):
    """A request body: an unknown field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Listing(BaseModel, Generic[T]):
    """One page of a listing."""

    items: Sequence[T]
    next_cursor: str | None = Field(
        default=None, description="Give it back as `cursor` for what follows; null at the end"
    )


def listing(page: Page[V], shown: Callable[[V], T]) -> Listing[T]:
    """A page as the caller sees it, each row as `shown` shows it."""
    return Listing(items=[shown(item) for item in page.items], next_cursor=page.next_cursor)
