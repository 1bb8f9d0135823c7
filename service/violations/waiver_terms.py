"""What a waiver is, whom it needs, when it holds and what it covers. Pure.

`holds` and `Waivers.covering` are the one answer to "is this waived?": listings, the gate and the command line ask them.
`waiver_rows` says the same in SQL, and a test holds the two together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from service.evaluation.decision import Outcome
from service.foundation.actor import Actor
from service.foundation.errors import Conflict, ServiceError

LONGEST_DAYS: Final = 366  # what is still right after a year is asked for again


class WaiverStatus(StrEnum):
    """Where a waiver stands. One that is approved ends by itself at its expiry: that is a date, not a status."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class Step(StrEnum):
    """What somebody can do to a waiver."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


STEPS: Final[dict[tuple[WaiverStatus, Step], WaiverStatus]] = {
    (WaiverStatus.REQUESTED, Step.APPROVE): WaiverStatus.APPROVED,
    (WaiverStatus.REQUESTED, Step.REJECT): WaiverStatus.REJECTED,
    (WaiverStatus.REQUESTED, Step.WITHDRAW): WaiverStatus.WITHDRAWN,
    (WaiverStatus.APPROVED, Step.REVOKE): WaiverStatus.REVOKED,
}


class WaiverNeedsSecondPerson(ServiceError):
    """Whoever asks for a waiver does not grant it to himself."""

    slug = "waiver-needs-second-person"
    status = 403
    title = "A waiver is approved by another than who requested it"


class WaiverIsAnothers(ServiceError):
    """Only the requester takes a request back; an approver rejects it."""

    slug = "waiver-is-anothers"
    status = 403
    title = "A waiver is withdrawn by who requested it"


class WaiverStepNotPossible(Conflict):
    """The waiver has moved on, or never came so far."""

    slug = "waiver-step-not-possible"
    title = "The waiver's status does not allow this step"


class WaiverHasExpired(Conflict):
    """Approving it would change nothing: its time is over."""

    slug = "waiver-has-expired"
    title = "The waiver's time is over"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants waived: a rule on one asset; `pack` None means in every pack, `subject` None whatever of it.

    `expires_at` is timezone-aware.
    """

    rule: str
    asset: str
    reason: str
    expires_at: datetime
    pack: str | None = None
    subject: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver as it stands. `closed_by` and `closed_at` tell of its rejection, withdrawal or revocation.

    `note` is what was said at the last step.
    """

    id: UUID
    workspace_id: UUID
    rule: str
    pack: str | None
    asset: str
    subject: str | None
    reason: str
    ticket: str | None
    status: WaiverStatus
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    note: str | None = None

    def mark(self) -> dict[str, str]:
        """What stands beside a complaint that the waiver covers: `{id, reason, approved_by, expires_at}`."""
        return {
            "id": str(self.id),
            "reason": self.reason,
            "approved_by": str(self.approved_by),
            "expires_at": self.expires_at.isoformat(),
        }


def holds(waiver: Waiver, at: datetime) -> bool:
    """Whether a waiver is in force at the instant `at`. At `expires_at` it no longer is."""
    return waiver.status is WaiverStatus.APPROVED and at < waiver.expires_at


def covers(waiver: Waiver, asset: str, rule: str, pack: str, subject: str) -> bool:
    """Whether a complaint is what the waiver was asked for, whether or not it holds."""
    return (
        (waiver.asset, waiver.rule) == (asset, rule)
        and waiver.pack in (None, pack)
        and waiver.subject in (None, subject)
    )


class Waivers:
    """Waivers of one workspace, found by asset and rule."""

    def __init__(self, waivers: Iterable[Waiver] = ()) -> None:
        self._by_place: dict[tuple[str, str], list[Waiver]] = {}
        # Of several that hold, the one that holds longest is shown; equal ones in a fixed order.
        for waiver in sorted(waivers, key=lambda one: (-one.expires_at.timestamp(), one.id)):
            self._by_place.setdefault((waiver.asset, waiver.rule), []).append(waiver)

    def covering(
        self,
        asset: str,
        rule: str,
        pack: str,
        subject: str,
        at: datetime,
        outcome: str = Outcome.VIOLATION,
    ) -> Waiver | None:
        """The waiver that covers this complaint at the instant `at`, None where none does.

        An `error` is never waived: nobody knows what would have been found.
        """
        if outcome == Outcome.ERROR:
            return None
        here = self._by_place.get((asset, rule), ())
        return next((one for one in here if covers(one, asset, rule, pack, subject) and holds(one, at)), None)


def after(waiver: Waiver, step: Step, actor: Actor, at: datetime, note: str | None = None) -> Waiver:
    """The waiver once `actor` has taken `step`.

    Raises:
        WaiverStepNotPossible: its status has no such step.
        WaiverNeedsSecondPerson: its requester would approve it.
        WaiverHasExpired: its time was over before anybody approved it.
        WaiverIsAnothers: somebody else than its requester would withdraw it.
    """
    status = STEPS.get((waiver.status, step))
    if status is None:
        needed = next(before for before, possible in STEPS if possible is step)
        raise WaiverStepNotPossible(f"This waiver is {waiver.status}. To {step} one it must be {needed}.")
    own = same_person(waiver.requested_by, str(actor))
    if step is Step.APPROVE:
        if own:
            raise WaiverNeedsSecondPerson(f"{actor} requested this waiver; somebody else must approve it.")
        if at >= waiver.expires_at:
            ended = waiver.expires_at.isoformat()
            raise WaiverHasExpired(f"It would have ended at {ended}. Request one that ends later.")
        return replace(waiver, status=status, approved_by=str(actor), approved_at=at, note=note)
    if step is Step.WITHDRAW and not own:
        raise WaiverIsAnothers(f"{waiver.requested_by} requested this waiver and may withdraw it; you may reject it.")
    return replace(waiver, status=status, closed_by=str(actor), closed_at=at, note=note)


def same_person(one: str, other: str) -> bool:
    """Whether two actors, as history writes them, are taken for the same person: by kind and name, case and spaces aside.

    A name may be borne by two tokens, of two scopes or one after the other: they are one person's.
    """
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
