"""When a waiver holds, what it covers, and who may take which step with it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from service.evaluation.decision import Outcome
from service.foundation.actor import SCHEDULER, Actor, ActorKind
from service.violations.waiver_terms import (
    STEPS,
    Step,
    WaiverHasExpired,
    WaiverIsAnothers,
    WaiverNeedsSecondPerson,
    Waivers,
    WaiverStatus,
    WaiverStepNotPossible,
    after,
    covers,
    holds,
    same_person,
)
from tests.factories.waivers import NOON, waiver

SECOND = timedelta(seconds=1)
RITA, ADAM = Actor(ActorKind.TOKEN, "rita"), Actor(ActorKind.TOKEN, "adam")
COMPLAINT = ("system:desk", "RES-001", "eu-data-residency", "cloud_region:aws/us-east-1")


def test_a_waiver_holds_to_the_last_second_before_its_end_and_not_at_it() -> None:
    one = waiver()
    assert holds(one, one.expires_at - SECOND)
    assert not holds(one, one.expires_at)
    assert not holds(one, one.expires_at + SECOND)
    kept = Waivers([one])
    assert kept.covering(*COMPLAINT, one.expires_at - SECOND) is one
    assert kept.covering(*COMPLAINT, one.expires_at) is None


@pytest.mark.parametrize("status", WaiverStatus)
def test_only_an_approved_waiver_holds(status: WaiverStatus) -> None:
    assert holds(waiver(status), NOON) == (status is WaiverStatus.APPROVED)


@pytest.mark.parametrize(
    ("given", "covered"),
    [
        ({}, True),
        ({"pack": "eu-data-residency"}, True),
        ({"pack": "us-state-residency"}, False),
        ({"subject": "cloud_region:aws/us-east-1"}, True),
        ({"subject": "cloud_region:aws/us-east"}, False),
        ({"pack": "eu-data-residency", "subject": "rule"}, False),
        ({"rule": "RES-002"}, False),
        ({"asset": "system:desk-2"}, False),
    ],
)
def test_a_waiver_covers_one_rule_on_one_asset_and_what_it_narrows_that_to(
    given: dict[str, Any], covered: bool
) -> None:
    one = waiver(**given)
    assert covers(one, *COMPLAINT) == covered
    assert Waivers([one]).covering(*COMPLAINT, NOON) == (one if covered else None)


def test_an_error_is_never_waived_and_a_question_may_be() -> None:
    kept = Waivers([waiver()])
    assert kept.covering(*COMPLAINT, NOON, Outcome.ERROR) is None
    assert kept.covering(*COMPLAINT, NOON, Outcome.UNKNOWN)


def test_of_several_the_one_that_holds_longest_is_shown_whatever_their_order() -> None:
    low, high = UUID(int=1), UUID(int=2)
    first = waiver(id=high)
    twin = waiver(id=low)
    longer_but_revoked = waiver(WaiverStatus.REVOKED, ends=timedelta(days=60))
    shorter = waiver(ends=timedelta(days=3))
    for order in ([first, twin, longer_but_revoked, shorter], [shorter, longer_but_revoked, twin, first]):
        chosen = Waivers(order).covering(*COMPLAINT, NOON)
        assert chosen is not None
        assert chosen.id == low
    assert Waivers().covering(*COMPLAINT, NOON) is None


def test_the_mark_beside_a_complaint_names_who_why_and_until_when() -> None:
    one = waiver()
    assert one.mark() == {
        "id": str(one.id),
        "reason": "The move is under way.",
        "approved_by": "token:adam",
        "expires_at": "2026-12-25T12:00:00+00:00",
    }


@pytest.mark.parametrize("status", WaiverStatus)
@pytest.mark.parametrize("step", Step)
def test_a_step_leads_where_the_table_says_or_is_refused(status: WaiverStatus, step: Step) -> None:
    actor = RITA if step is Step.WITHDRAW else ADAM
    if (status, step) in STEPS:
        assert after(waiver(status), step, actor, NOON).status is STEPS[status, step]
    else:
        with pytest.raises(WaiverStepNotPossible, match=f"is {status}"):
            after(waiver(status), step, actor, NOON)


def test_every_status_is_reached_by_a_step_and_no_end_is_left() -> None:
    ends = set(STEPS.values())
    assert ends | {WaiverStatus.REQUESTED} == set(WaiverStatus)
    assert {before for before, _ in STEPS} == {WaiverStatus.REQUESTED, WaiverStatus.APPROVED}


def test_a_step_writes_down_who_took_it_when_and_with_what_words() -> None:
    approved = after(waiver(WaiverStatus.REQUESTED), Step.APPROVE, ADAM, NOON, "until the move")
    assert (approved.approved_by, approved.approved_at, approved.note) == ("token:adam", NOON, "until the move")
    assert (approved.closed_by, approved.closed_at) == (None, None)
    revoked = after(approved, Step.REVOKE, SCHEDULER, NOON + SECOND)
    assert (revoked.closed_by, revoked.closed_at, revoked.note) == ("system:scheduler", NOON + SECOND, None)
    assert (revoked.approved_by, revoked.approved_at) == ("token:adam", NOON)


@pytest.mark.parametrize("name", ["rita", "Rita", "rita ", "RITA"])
def test_nobody_approves_what_he_requested_under_whatever_spelling(name: str) -> None:
    with pytest.raises(WaiverNeedsSecondPerson):
        after(waiver(WaiverStatus.REQUESTED), Step.APPROVE, Actor(ActorKind.TOKEN, name), NOON)


def test_a_request_whose_time_is_over_cannot_be_approved() -> None:
    late = waiver(WaiverStatus.REQUESTED, ends=timedelta())
    with pytest.raises(WaiverHasExpired, match="2026-11-25T12:00:00"):
        after(late, Step.APPROVE, ADAM, NOON)
    assert after(late, Step.APPROVE, ADAM, NOON - SECOND).status is WaiverStatus.APPROVED
    assert after(late, Step.REJECT, ADAM, NOON).status is WaiverStatus.REJECTED


def test_a_request_is_withdrawn_by_its_requester_alone() -> None:
    with pytest.raises(WaiverIsAnothers, match="rita"):
        after(waiver(WaiverStatus.REQUESTED), Step.WITHDRAW, ADAM, NOON)


def test_a_kind_of_actor_is_part_of_who_he_is() -> None:
    assert same_person("token:a  b", "token:A b")
    assert not same_person("token:scheduler", "system:scheduler")
    assert not same_person("token:ab", "token:a b")
