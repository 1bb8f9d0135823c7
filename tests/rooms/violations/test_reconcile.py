"""Plans carried out on a real database."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.evaluation.decision import Decision, Outcome
from service.foundation.actor import SCHEDULER
from service.inventory import workspaces
from service.inventory.views import WorkspaceView
from service.violations.reconcile import Reconciled, close_deleted, reconcile
from tests.factories.decisions import broken, decided, found, says

THEN = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def workspace(session: Session) -> WorkspaceView:
    return workspaces.ensure(session, "default", SCHEDULER)


def settle(session: Session, workspace: WorkspaceView, *decisions: Decision, hours: int = 0) -> Reconciled:
    """Reconciles decisions on assets 1, 2, …"""
    items = [(number, decision.asset_ref, decision) for number, decision in enumerate(decisions, 1)]
    return reconcile(session, workspace, items, SCHEDULER, THEN + timedelta(hours=hours))


def rows(session: Session, columns: str, table: str = "violation") -> Sequence[Any]:
    query = f"SELECT {columns} FROM {table} ORDER BY id"  # noqa: S608 -- words of this file
    return [tuple(row) for row in session.connection().execute(text(query))]


def messages(session: Session) -> list[tuple[str, int]]:
    session.flush()
    announced = rows(session, "topic, jsonb_array_length(payload->'violations')", "outbox")
    return [(topic, count) for topic, count in announced if topic.startswith("violation.")]


def test_a_new_finding_is_a_row_an_event_and_one_message_for_the_batch(
    session: Session, workspace: WorkspaceView
) -> None:
    finding = found("cloud_region:aws/us-east-1", vendor="vendor:amazon", jurisdiction="US")
    made = settle(session, workspace, decided(says(finding)), decided(says(found("a"), found("b")), ref="system:x"))
    assert made == Reconciled(opened=3)
    row = session.connection().execute(text("SELECT * FROM violation WHERE asset_id = 1")).mappings().one()
    assert len(row["fingerprint"]) == 64
    assert {key: row[key] for key in row if key not in {"id", "fingerprint"}} == {
        "workspace_id": workspace.id,
        "asset_id": 1,
        "asset": "system:desk",
        "rule": "RES-001",
        "pack": "eu-data-residency",
        "theme": "residency",
        "severity": "high",
        "outcome": "violation",
        "subject": "cloud_region:aws/us-east-1",
        "message": "It lies outside the allowed places.",
        "path": ["system:desk", "cloud_region:aws/us-east-1"],
        "remedy": "Move it.",
        "controls": [{"framework": "GDPR", "id": "Art. 44", "title": "General principle for transfers"}],
        "evidence_grade": "declared",
        "vendor": "vendor:amazon",
        "jurisdiction": "US",
        "status": "open",
        "input_digest": "i" * 64,
        "bundle_digest": "b" * 64,
        "first_seen": THEN,
        "last_seen": THEN,
        "resolved_at": None,
        "times_opened": 1,
    }
    events = rows(session, "event, actor, detail, at", "violation_event")
    assert events == [("opened", "system:scheduler", {"outcome": "violation"}, THEN)] * 3
    assert messages(session) == [("violation.opened", 3)]


def test_a_finding_seen_again_is_seen_later_and_has_no_new_event(session: Session, workspace: WorkspaceView) -> None:
    settle(session, workspace, decided(says(found("a"))))
    made = settle(session, workspace, decided(says(found("a")), digest="j" * 64), hours=1)
    assert made == Reconciled(kept=1)
    (seen,) = rows(session, "first_seen, last_seen, input_digest")
    assert seen == (THEN, THEN + timedelta(hours=1), "j" * 64)
    assert len(rows(session, "id", "violation_event")) == 1
    assert messages(session) == [("violation.opened", 1)]


def test_the_whole_life_of_a_violation_is_told_by_its_events(session: Session, workspace: WorkspaceView) -> None:
    settle(session, workspace, decided(says(found("a", Outcome.UNKNOWN))))
    assert settle(session, workspace, decided(says(found("a"))), hours=1) == Reconciled(changed=1)
    assert settle(session, workspace, decided(says(outcome=Outcome.PASS)), hours=2) == Reconciled(resolved=1)
    assert rows(session, "status, resolved_at, last_seen") == [
        ("resolved", THEN + timedelta(hours=2), THEN + timedelta(hours=1))
    ]
    assert settle(session, workspace, decided(says(found("a"))), hours=3) == Reconciled(reopened=1)
    assert rows(session, "status, resolved_at, first_seen, times_opened") == [("open", None, THEN, 2)]
    assert rows(session, "event, detail", "violation_event") == [
        ("opened", {"outcome": "unknown"}),
        ("changed", {"outcome": ["unknown", "violation"]}),
        ("resolved", {"reason": "passed"}),
        ("reopened", {}),
    ]
    assert messages(session) == [
        ("violation.opened", 1),
        ("violation.opened", 1),
        ("violation.resolved", 1),
        ("violation.opened", 1),
    ]


def test_new_words_of_a_rule_change_the_row_and_not_the_history(session: Session, workspace: WorkspaceView) -> None:
    settle(session, workspace, decided(says(found("a"))))
    settle(session, workspace, decided(says(found("a"), remedy="Move it to the EU.")))
    assert rows(session, "remedy") == [("Move it to the EU.",)]
    assert len(rows(session, "id", "violation_event")) == 1


def test_a_broken_rule_closes_nothing(session: Session, workspace: WorkspaceView) -> None:
    settle(session, workspace, decided(says(found("a"))))
    assert settle(session, workspace, decided(broken())) == Reconciled(opened=1)
    assert sorted(rows(session, "outcome, status")) == [("error", "open"), ("violation", "open")]


def test_violations_of_a_deleted_asset_are_resolved_and_those_of_others_stay(
    session: Session, workspace: WorkspaceView
) -> None:
    settle(session, workspace, decided(says(found("a"))), decided(says(found("a")), ref="system:x"))
    assert close_deleted(session, workspace, [1], SCHEDULER, THEN) == Reconciled(resolved=1)
    assert close_deleted(session, workspace, [1], SCHEDULER, THEN) == Reconciled()
    assert sorted(rows(session, "asset_id, status")) == [(1, "resolved"), (2, "open")]


def test_a_batch_of_nothing_writes_nothing(session: Session, workspace: WorkspaceView) -> None:
    assert settle(session, workspace) == Reconciled()
    assert messages(session) == []


def test_a_full_chunk_costs_a_fraction_of_a_second(session: Session, workspace: WorkspaceView) -> None:
    def batch(message: str) -> list[Decision]:
        findings = [found(f"subject-{number}", message=message) for number in range(4)]
        return [decided(says(*findings), ref=f"system:{number}") for number in range(250)]

    first, second = batch("first"), batch("second")
    for decisions, expected in (
        (first, Reconciled(opened=1000)),
        (first, Reconciled(kept=1000)),
        (second, Reconciled(changed=1000)),
    ):
        started = time.perf_counter()
        assert settle(session, workspace, *decisions) == expected
        assert time.perf_counter() - started < 2  # 0.06 s on an idle machine; a statement for each row takes longer
