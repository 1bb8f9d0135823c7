"""Waivers on a real database: asked for, decided, told of, and read as the resolver says."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.audit.tables import AuditEntry
from service.evaluation.decision import Outcome
from service.foundation import clock
from service.foundation.actor import SCHEDULER, Actor, ActorKind
from service.foundation.errors import Invalid, NotFound
from service.foundation.ids import new_id
from service.foundation.outbox import OutboxMessage
from service.foundation.settings import POLICIES
from service.inventory import workspaces
from service.inventory.views import WorkspaceView
from service.packs.source import load_library
from service.violations import queries, waiver_rows, waivers
from service.violations.queries import By, Filter
from service.violations.reconcile import reconcile
from service.violations.tables import Violation, WaiverRow
from service.violations.waiver_rows import WaiverFilter
from service.violations.waiver_terms import (
    Asked,
    Step,
    Waiver,
    WaiverNeedsSecondPerson,
    Waivers,
    WaiverStatus,
    WaiverStepNotPossible,
)
from tests.factories.decisions import broken, decided, found, says
from tests.factories.waivers import NOON, waiver

LIBRARY = load_library(POLICIES)
RITA, ADAM = Actor(ActorKind.TOKEN, "rita"), Actor(ActorKind.TOKEN, "adam")
SECOND = timedelta(seconds=1)


@pytest.fixture
def home(session: Session, monkeypatch: pytest.MonkeyPatch) -> WorkspaceView:
    """A workspace in which it is noon."""
    made = workspaces.ensure(session, "default", SCHEDULER)
    session.commit()
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return made


Ask = Callable[..., Waiver]


@pytest.fixture
def ask(session: Session, home: WorkspaceView) -> Ask:
    """Asks, as Rita, for a waiver of RES-001 on `system:desk` for ten days; fields as given."""

    def asked(**given: Any) -> Waiver:
        wanted = Asked("RES-001", "system:desk", "The move is under way.", NOON + timedelta(days=10))
        return waivers.request(session, LIBRARY, home, replace(wanted, **given), RITA)

    return asked


def take(
    session: Session, home: WorkspaceView, one: Waiver, step: Step, actor: Actor = ADAM, note: str | None = None
) -> Waiver:
    return waivers.take(session, {home.id: home.name}, one.id, step, actor, note)


def audited(session: Session) -> list[tuple[str, str, str, Any]]:
    session.commit()
    rows = session.exec(select(AuditEntry).order_by(AuditEntry.number))  # type: ignore[arg-type]  # a column
    return [(row.action, row.actor, row.target, row.detail) for row in rows if row.action.startswith("waiver.")]


def announced(session: Session) -> list[dict[str, Any]]:
    return [one.payload for one in session.exec(select(OutboxMessage)) if one.topic == "waiver.changed"]


def kept(session: Session, *given: Waiver) -> None:
    session.add_all(WaiverRow(**asdict(one)) for one in given)
    session.flush()


def test_a_request_waives_nothing_until_another_approves_it(session: Session, home: WorkspaceView, ask: Ask) -> None:
    complaint = ("system:desk", "RES-001", "eu-data-residency", "x")
    made = ask(ticket="https://tickets.example.org/7")
    assert made.status is WaiverStatus.REQUESTED
    assert waivers.load(session, home.id).covering(*complaint, NOON) is None
    assert announced(session) == []
    approved = take(session, home, made, Step.APPROVE, note="Until the move.")
    assert waivers.load(session, home.id).covering(*complaint, NOON) == approved
    assert waivers.find(session, {home.id: home.name}, made.id) == approved
    assert (approved.requested_by, approved.approved_by, approved.note) == (
        "token:rita",
        "token:adam",
        "Until the move.",
    )
    take(session, home, made, Step.REVOKE)
    assert waivers.load(session, home.id).covering(*complaint, NOON) is None
    payload = {"workspace": "default", "waiver": str(made.id)}
    assert announced(session) == [{**payload, "status": "approved"}, {**payload, "status": "revoked"}]


def test_every_step_is_in_the_audit_log(session: Session, home: WorkspaceView, ask: Ask) -> None:
    approved, rejected, withdrawn = ask(), ask(subject="s"), ask(pack="eu-data-residency")
    take(session, home, approved, Step.APPROVE)
    take(session, home, approved, Step.REVOKE, note="The move is done.")
    take(session, home, rejected, Step.REJECT, note="Move first.")
    take(session, home, withdrawn, Step.WITHDRAW, RITA)
    told = audited(session)
    assert [(action, actor) for action, actor, _, _ in told] == [
        *[("waiver.requested", "token:rita")] * 3,
        ("waiver.approved", "token:adam"),
        ("waiver.revoked", "token:adam"),
        ("waiver.rejected", "token:adam"),
        ("waiver.withdrawn", "token:rita"),
    ]
    action, _, target, detail = told[4]
    assert (action, target) == ("waiver.revoked", f"waiver:{approved.id}")
    assert (detail["rule"], detail["asset"], detail["note"]) == ("RES-001", "system:desk", "The move is done.")
    assert told[0][3]["reason"] == "The move is under way."
    assert "pack" not in told[0][3]
    assert told[2][3]["pack"] == "eu-data-residency"
    assert len(announced(session)) == 2


@pytest.mark.parametrize(
    ("given", "path", "told"),
    [
        ({"rule": "RES-01"}, "/rule", "RES-001"),
        ({"rule": "?"}, "/rule", "RES-001"),
        ({"pack": "eu"}, "/pack", "eu-data-residency"),
        ({"pack": "ai-licensing"}, "/pack", "none for all"),
        ({"asset": "desk"}, "/asset", "system:<name>"),
        ({"reason": "  "}, "/reason", "some text"),
        ({"reason": "x" * 20_001}, "/reason", "at most 20000 characters"),
        ({"reason": "a\0b"}, "/reason", "printable text"),
        ({"subject": "\x1b"}, "/subject", "printable text"),
        ({"ticket": "a\nb"}, "/ticket", "one line"),
        ({"expires_at": NOON}, "/expires_at", "366 days"),
        ({"expires_at": NOON + timedelta(days=366) + SECOND}, "/expires_at", "366 days"),
        ({"expires_at": datetime(2026, 12, 1)}, "/expires_at", "offset from UTC"),  # noqa: DTZ001 -- the fault itself
    ],
)
def test_what_cannot_be_waived_is_refused_with_place_and_remedy(
    session: Session, ask: Ask, given: dict[str, Any], path: str, told: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ask(**given)
    (fault,) = refused.value.faults
    assert fault.path == path
    assert told in str(fault.expected)
    assert session.exec(select(WaiverRow)).all() == []


def test_all_faults_are_told_at_once(ask: Ask) -> None:
    with pytest.raises(Invalid) as refused:
        ask(rule="?", asset="?", reason="", expires_at=NOON)
    assert [fault.path for fault in refused.value.faults] == ["/asset", "/reason", "/rule", "/expires_at"]


def test_an_end_is_kept_in_utc_and_may_be_a_year_and_a_day_away(
    session: Session, home: WorkspaceView, ask: Ask
) -> None:
    east = timezone(timedelta(hours=5))
    made = ask(expires_at=(NOON + timedelta(days=366)).astimezone(east))
    read = waivers.find(session, {home.id: home.name}, made.id)
    assert read == made
    assert (read.expires_at, read.expires_at.tzinfo) == (NOON + timedelta(days=366), UTC)
    assert made.expires_at.tzinfo is UTC


def test_nobody_approves_his_own_request(session: Session, home: WorkspaceView, ask: Ask) -> None:
    made = ask()
    with pytest.raises(WaiverNeedsSecondPerson):
        take(session, home, made, Step.APPROVE, RITA)
    assert waivers.find(session, {home.id: home.name}, made.id).status is WaiverStatus.REQUESTED
    assert [action for action, *_ in audited(session)] == ["waiver.requested"]


def test_a_waiver_of_another_workspace_is_not_there(session: Session, home: WorkspaceView, ask: Ask) -> None:
    made = ask()
    for elsewhere in ({}, {uuid4(): "elsewhere"}):
        with pytest.raises(NotFound):
            waivers.find(session, elsewhere, made.id)
        with pytest.raises(NotFound):
            waivers.take(session, elsewhere, made.id, Step.APPROVE, ADAM)
    take(session, home, made, Step.APPROVE)
    assert waivers.load(session, uuid4()).covering("system:desk", "RES-001", "p", "s", NOON) is None


def test_a_note_that_is_no_text_is_refused(session: Session, home: WorkspaceView, ask: Ask) -> None:
    with pytest.raises(Invalid) as refused:
        take(session, home, ask(), Step.REJECT, note="a\0b")
    assert [fault.path for fault in refused.value.faults] == ["/note"]


def test_of_two_who_decide_at_once_the_second_finds_it_decided(
    session: Session, engine: Engine, home: WorkspaceView, ask: Ask
) -> None:
    made = ask()
    session.commit()
    names = {home.id: home.name}
    with Session(engine) as other:
        waivers.find(other, names, made.id)  # an old look at the row
        take(session, home, made, Step.REJECT)
        session.commit()
        with pytest.raises(WaiverStepNotPossible, match="rejected"):
            waivers.take(other, names, made.id, Step.APPROVE, ADAM)


def test_waivers_are_loaded_for_some_assets_or_for_all(session: Session, home: WorkspaceView) -> None:
    desk = waiver(workspace_id=home.id)
    other = waiver(workspace_id=home.id, asset="system:x")
    kept(session, desk, other, waiver(WaiverStatus.REQUESTED, workspace_id=home.id, asset="system:y"))

    def covered(loaded: Waivers) -> list[str]:
        refs = ("system:desk", "system:x", "system:y")
        return [ref for ref in refs if loaded.covering(ref, "RES-001", "p", "s", NOON)]

    assert covered(waivers.load(session, home.id)) == ["system:desk", "system:x"]
    assert covered(waivers.load(session, home.id, ["system:x", "system:y"])) == ["system:x"]
    assert covered(waivers.load(session, home.id, [])) == []


def listed(session: Session, home: WorkspaceView, **wanted: Any) -> list[UUID]:
    page = waiver_rows.listing(session, {home.id: home.name}, WaiverFilter(**wanted), NOON, 100, None)
    return [one.id for one in page.items]


def test_a_listing_is_filtered_paged_and_newest_first(session: Session, home: WorkspaceView) -> None:
    soon = waiver(workspace_id=home.id, ends=timedelta(days=14))
    later = waiver(workspace_id=home.id, ends=timedelta(days=14) + SECOND, asset="system:x", pack="eu-data-residency")
    over = waiver(workspace_id=home.id, ends=timedelta())
    asked = waiver(WaiverStatus.REQUESTED, workspace_id=home.id, ends=SECOND, rule="RES-002")
    kept(session, soon, later, over, asked)
    assert listed(session, home) == [asked.id, over.id, later.id, soon.id]
    assert listed(session, home, status=("approved", "rejected")) == [over.id, later.id, soon.id]
    assert listed(session, home, asset=("system:x",)) == [later.id]
    assert listed(session, home, rule=("RES-002",)) == [asked.id]
    assert listed(session, home, pack=("eu-data-residency",)) == [later.id]
    assert listed(session, home, expiring_within=timedelta(days=14)) == [soon.id]
    names = {home.id: home.name}
    seen, cursor = [], None
    while True:
        page = waiver_rows.listing(session, names, WaiverFilter(), NOON, 3, cursor)
        seen += [one.id for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [asked.id, over.id, later.id, soon.id]
    with pytest.raises(Invalid, match="cursor"):
        waiver_rows.listing(session, names, WaiverFilter(), NOON, 3, "WyJ4Il0")  # ["x"]
    assert waiver_rows.listing(session, {}, WaiverFilter(), NOON, 3, None).items == []


def test_a_waiver_that_covers_nothing_open_is_orphaned(session: Session, home: WorkspaceView) -> None:
    items = [
        (1, "system:desk", decided(says(found("a")))),
        (2, "system:gone", decided(says(found("a")), ref="system:gone")),
        (3, "system:broken", decided(broken(), ref="system:broken")),
    ]
    reconcile(session, home, items, SCHEDULER, NOON)
    passed = decided(says(outcome=Outcome.PASS), ref="system:gone")
    reconcile(session, home, [(2, "system:gone", passed)], SCHEDULER, NOON)
    used = waiver(workspace_id=home.id, subject="a")
    narrow = waiver(workspace_id=home.id, subject="b")
    resolved = waiver(workspace_id=home.id, asset="system:gone")
    failed = waiver(workspace_id=home.id, asset="system:broken")  # an error is not waived
    over = waiver(workspace_id=home.id, ends=timedelta())
    kept(session, used, narrow, resolved, failed, over)
    assert listed(session, home, orphaned=True) == [failed.id, resolved.id, narrow.id]
    assert listed(session, home, orphaned=False) == [over.id, used.id]


def test_a_waiver_that_ends_soon_is_told_of_once(session: Session, home: WorkspaceView) -> None:
    other = workspaces.ensure(session, "other", SCHEDULER)
    edge = waiver(workspace_id=home.id, ends=timedelta(days=14))
    last = waiver(workspace_id=home.id, ends=SECOND)
    kept(
        session,
        edge,
        last,
        waiver(workspace_id=home.id, ends=timedelta(days=14) + SECOND),
        waiver(workspace_id=home.id, ends=timedelta()),
        waiver(WaiverStatus.REVOKED, workspace_id=home.id, ends=SECOND),
        waiver(workspace_id=other.id, ends=SECOND),
    )
    assert waivers.tell_expiring(session, home) == [edge, last]
    assert waivers.tell_expiring(session, home) == []
    told = audited(session)
    assert [(action, actor, target) for action, actor, target, _ in told] == [
        ("waiver.expiring", "system:scheduler", f"waiver:{one.id}") for one in (edge, last)
    ]
    assert told[0][3] == {"rule": "RES-001", "asset": "system:desk", "expires_at": str(edge.expires_at)}


ASSETS, RULES, PACKS, SUBJECTS = ("system:a", "system:b"), ("R1", "R2"), ("p", "q"), ("s", "t")
any_waiver = st.builds(
    waiver,
    st.sampled_from(WaiverStatus),
    ends=st.sampled_from([-SECOND, timedelta(), SECOND, timedelta(days=1)]),
    asset=st.sampled_from(ASSETS),
    rule=st.sampled_from(RULES),
    pack=st.sampled_from([None, *PACKS]),
    subject=st.sampled_from([None, *SUBJECTS]),
)
any_complaint = st.tuples(
    st.sampled_from(ASSETS),
    st.sampled_from(RULES),
    st.sampled_from(PACKS),
    st.sampled_from(SUBJECTS),
    st.sampled_from(["violation", "unknown", "error"]),
    st.sampled_from(["open", "resolved"]),
)


def violation(
    home: WorkspaceView, asset: str, rule: str, pack: str, subject: str, outcome: str, status: str
) -> Violation:
    beside: dict[str, Any] = {
        **dict.fromkeys(("theme", "severity", "message", "remedy", "evidence_grade"), "x"),
        **dict.fromkeys(("input_digest", "bundle_digest"), "0"),
        **dict.fromkeys(("first_seen", "last_seen"), NOON),
    }
    return Violation(
        **beside,
        workspace_id=home.id,
        asset_id=1,
        asset=asset,
        rule=rule,
        pack=pack,
        subject=subject,
        outcome=outcome,
        status=status,
        fingerprint=str(new_id()),
        path=[],
        controls=[],
    )


@given(
    granted=st.lists(any_waiver, max_size=6),
    complaints=st.lists(any_complaint, min_size=1, max_size=8, unique=True),
    elsewhere=st.lists(any_waiver, max_size=2),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_as_waived_is_what_the_resolver_says(
    session: Session,
    home: WorkspaceView,
    granted: list[Waiver],
    complaints: list[tuple[str, str, str, str, str, str]],
    elsewhere: list[Waiver],
) -> None:
    session.rollback()
    away = workspaces.ensure(session, "away", SCHEDULER)
    granted = [replace(one, id=new_id(), workspace_id=home.id) for one in granted]
    kept(session, *granted, *(replace(one, id=new_id(), workspace_id=away.id) for one in elsewhere))
    session.add_all(violation(home, *complaint) for complaint in complaints)
    session.flush()
    names, pure = {home.id: home.name}, Waivers(granted)

    def expected(view: queries.ViolationView) -> dict[str, str] | None:
        one = pure.covering(view.asset, view.rule, view.pack, view.subject, NOON, view.outcome)
        return one.mark() if one else None

    def shown(view: queries.ViolationView) -> dict[str, str] | None:
        mark = view.waiver
        return (
            {**asdict(mark), "id": str(mark.id), "expires_at": mark.expires_at.isoformat()}
            if mark is not None
            else None
        )

    views = queries.listing(session, names, Filter(), 100, None).items
    assert len(views) == len(complaints)
    assert [shown(view) for view in views] == [expected(view) for view in views]
    for waived in (True, False):
        ids = [view.id for view in queries.listing(session, names, Filter(waived=waived), 100, None).items]
        assert ids == [view.id for view in views if (view.waiver is not None) == waived]
    counts = queries.summary(session, names, Filter(), By.RULE)
    assert {count.key: count.waived for count in counts} == {
        rule: sum(view.rule == rule and view.waiver is not None for view in views) for rule in {v.rule for v in views}
    }
    used = {view.waiver.id for view in views if view.status == "open" and view.waiver}
    orphans = set(listed(session, home, orphaned=True))
    assert not used & orphans
    loaded = waivers.load(session, home.id)
    assert [loaded.covering(v.asset, v.rule, v.pack, v.subject, NOON, v.outcome) for v in views] == [
        pure.covering(v.asset, v.rule, v.pack, v.subject, NOON, v.outcome) for v in views
    ]
    session.rollback()
