"""Waivers as somebody asked for and approved them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from service.violations.waiver_terms import Waiver, WaiverStatus

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
_numbers = count(1)  # a later waiver has a greater id, as in the database


def waiver(
    status: WaiverStatus = WaiverStatus.APPROVED, *, ends: timedelta = timedelta(days=30), **given: Any
) -> Waiver:
    """A waiver of RES-001 on `system:desk` that ends `ends` after noon; `given` are other fields."""
    fields: dict[str, Any] = {
        "id": UUID(int=next(_numbers)),
        "workspace_id": UUID(int=0),
        "rule": "RES-001",
        "pack": None,
        "asset": "system:desk",
        "subject": None,
        "reason": "The move is under way.",
        "ticket": None,
        "status": status,
        "requested_by": "token:rita",
        "requested_at": NOON - timedelta(days=1),
        "expires_at": NOON + ends,
        "approved_by": "token:adam" if status in {WaiverStatus.APPROVED, WaiverStatus.REVOKED} else None,
    }
    return Waiver(**{**fields, **given})
