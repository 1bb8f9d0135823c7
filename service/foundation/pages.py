"""Keyset paging: a cursor is the sort key of the last row seen, so a page costs the same wherever it lies."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid

T = TypeVar("T")

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a listing and the cursor of what follows, None at the end."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(key: Sequence[Any]) -> str:
    """A cursor that means "after the row with this sort key"."""
    return base64.urlsafe_b64encode(canonical.encode(list(key))).decode().rstrip("=")


def decode_cursor(cursor: str, width: int) -> list[Any]:
    """The sort key in `cursor`.

    Raises:
        Invalid: this is no cursor of a listing with `width` sort columns.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = canonical.decode(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise not_a_cursor() from error
    if not isinstance(key, list) or len(key) != width:
        raise not_a_cursor()
    return key


def decode_id_cursor(cursor: str) -> UUID:
    """The key in the cursor of a listing that is sorted by a UUID alone.

    Raises:
        Invalid: this is no cursor of such a listing.
    """
    try:
        return UUID(str(decode_cursor(cursor, 1)[0]))
    except ValueError as error:
        raise not_a_cursor() from error


def cut(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]) -> Page[T]:
    """A page of `limit` rows, from a query that asked for one row more."""
    if len(rows) <= limit:
        return Page(rows, None)
    kept = rows[:limit]
    return Page(kept, encode_cursor(key(kept[-1])))


def not_a_cursor() -> Invalid:
    """The refusal of a cursor that a listing did not hand out."""
    fault = Fault("/cursor", "this is not a cursor of this listing", "the next_cursor of the page before, unchanged")
    return Invalid("The cursor cannot be read; start again without one.", [fault])
