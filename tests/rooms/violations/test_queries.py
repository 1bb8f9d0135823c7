"""Reading violations on a real database."""

import csv
import io
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from service.evaluation.decision import Outcome
from service.foundation import clock
from service.foundation.actor import SCHEDULER
from service.foundation.errors import Invalid, NotFound
from service.inventory import workspaces
from service.violations import queries
from service.violations.queries import By, Count, Filter, WaiverMark
from service.violations.reconcile import reconcile
from service.violations.tables import WaiverRow
from tests.factories.decisions import decided, found, says
from tests.factories.waivers import waiver

THEN = datetime(2026, 11, 23, 22, tzinfo=UTC)


@pytest.fixture
def names(session: Session) -> dict[UUID, str]:
    """Three violations, a question and a resolved one in `default`; one violation in `other`."""
    mine = workspaces.ensure(session, "default", SCHEDULER)
    other = workspaces.ensure(session, "other", SCHEDULER)
    first = decided(
        says(found("a", vendor="vendor:acme", jurisdiction="US"), found("b", message="=HYPERLINK(1)")),
        says(found("l", Outcome.UNKNOWN), rule="LIC-001", pack="ai-licensing", theme="licensing", severity="low"),
    )
    second = decided(says(found("gone"), severity="critical"), ref="system:x")
    reconcile(session, mine, [(1, "system:desk", first), (2, "system:x", second)], SCHEDULER, THEN)
    later = decided(says(found("a", vendor="vendor:acme", jurisdiction="US"), severity="critical"), ref="system:x")
    reconcile(session, mine, [(2, "system:x", later)], SCHEDULER, THEN + timedelta(hours=3))
    reconcile(session, other, [(3, "system:y", decided(says(found("a")), ref="system:y"))], SCHEDULER, THEN)
    session.commit()
    return {mine.id: "default"}


def subjects(session: Session, names: dict[UUID, str], **wanted: Any) -> list[str]:
    page = queries.listing(session, names, Filter(**wanted), 100, None)
    return sorted(f"{view.asset} {view.subject}" for view in page.items)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["system:desk a", "system:desk b", "system:desk l", "system:x a", "system:x gone"]),
        ({"status": ("resolved",)}, ["system:x gone"]),
        ({"severity": ("low", "critical")}, ["system:desk l", "system:x a", "system:x gone"]),
        ({"theme": ("licensing",)}, ["system:desk l"]),
        ({"rule": ("RES-001",), "status": ("open",)}, ["system:desk a", "system:desk b", "system:x a"]),
        ({"pack": ("ai-licensing",)}, ["system:desk l"]),
        ({"asset": ("system:x",)}, ["system:x a", "system:x gone"]),
        ({"outcome": ("unknown",)}, ["system:desk l"]),
        ({"asset": ("system:y",)}, []),
        ({"waived": True}, []),
        ({"waived": False, "severity": ("low",)}, ["system:desk l"]),
    ],
)
def test_a_listing_is_filtered_within_the_callers_workspaces(
    session: Session, names: dict[UUID, str], wanted: dict[str, Any], expected: list[str]
) -> None:
    assert subjects(session, names, **wanted) == expected


def test_pages_are_complete_and_newest_first(session: Session, names: dict[UUID, str]) -> None:
    seen, cursor = [], None
    while True:
        page = queries.listing(session, names, Filter(), 2, cursor)
        seen += [view.id for view in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


def test_a_cursor_of_another_listing_is_refused(session: Session, names: dict[UUID, str]) -> None:
    with pytest.raises(Invalid, match="cursor"):
        queries.listing(session, names, Filter(), 2, "WyJ4Il0")  # ["x"]


def test_one_violation_has_its_events_and_is_not_there_for_others(session: Session, names: dict[UUID, str]) -> None:
    (gone,) = queries.listing(session, names, Filter(status=("resolved",)), 1, None).items
    view, events = queries.find(session, names, gone.id)
    assert (view.workspace, view.subject, view.resolved_at) == ("default", "gone", THEN + timedelta(hours=3))
    assert [(event.event, event.detail) for event in events] == [
        ("opened", {"outcome": "violation"}),
        ("resolved", {"reason": "no_longer_found"}),
    ]
    with pytest.raises(NotFound):
        queries.find(session, {uuid4(): "elsewhere"}, gone.id)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.SEVERITY, [("critical", 2), ("high", 2), ("low", 1)]),
        (By.THEME, [("residency", 4), ("licensing", 1)]),
        (By.RULE, [("RES-001", 4), ("LIC-001", 1)]),
        (By.VENDOR, [(None, 3), ("vendor:acme", 2)]),
        (By.JURISDICTION, [(None, 3), ("US", 2)]),
        (By.DAY, [("2026-11-23", 4), ("2026-11-24", 1)]),
    ],
)
def test_counts_add_up_to_the_listing(
    session: Session, names: dict[UUID, str], by: By, expected: list[tuple[str | None, int]]
) -> None:
    counts = queries.summary(session, names, Filter(), by)
    assert [(count.key, count.count) for count in counts] == expected
    assert all(sum(count.outcomes.values()) == count.count for count in counts)


def test_counts_tell_questions_from_violations(session: Session, names: dict[UUID, str]) -> None:
    open_now = queries.summary(session, names, Filter(status=("open",)), By.THEME)
    assert open_now == [Count("residency", 3, 0, {"violation": 3}), Count("licensing", 1, 0, {"unknown": 1})]


def test_a_waiver_stands_beside_what_it_covers_and_hides_nothing(
    session: Session, names: dict[UUID, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home,) = names
    granted = waiver(workspace_id=home, subject="a")
    session.add(WaiverRow(**asdict(granted)))
    session.flush()
    everything = subjects(session, names)

    def waived_at(moment: datetime) -> tuple[list[str], list[tuple[str | None, int]], list[str]]:
        monkeypatch.setattr(clock, "now", lambda: moment)
        assert subjects(session, names) == everything
        counts = [(count.key, count.waived) for count in queries.summary(session, names, Filter(), By.SEVERITY)]
        rows = csv.DictReader(io.StringIO("".join(queries.csv_lines(session, names, Filter())), newline=""))
        return subjects(session, names, waived=True), counts, [r["waived_until"] for r in rows if r["waived_until"]]

    counted = [("critical", 0), ("high", 1), ("low", 0)]
    until = granted.expires_at.isoformat()
    assert waived_at(granted.expires_at - timedelta(seconds=1)) == (["system:desk a"], counted, [until])
    (one,) = queries.listing(session, names, Filter(waived=True), 10, None).items
    assert one.waiver == WaiverMark(granted.id, granted.reason, "token:adam", granted.expires_at)
    assert one.status == "open"
    assert queries.find(session, names, one.id)[0] == one
    assert waived_at(granted.expires_at) == ([], [(key, 0) for key, _ in counted], [])
    assert queries.find(session, names, one.id)[0].waiver is None


def test_the_csv_holds_every_row_and_no_formula(
    session: Session, names: dict[UUID, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_STREAMED", 2)
    text = "".join(queries.csv_lines(session, names, Filter(rule=("RES-001",))))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 4
    by_subject = {(row["asset"], row["subject"]): row for row in rows}
    assert by_subject["system:desk", "b"]["message"] == "'=HYPERLINK(1)"
    one = by_subject["system:desk", "a"]
    assert (one["path"], one["controls"], one["vendor"]) == ("system:desk > a", "GDPR Art. 44", "vendor:acme")
    assert (one["first_seen"], one["resolved_at"]) == ("2026-11-23T22:00:00+00:00", "")


def test_a_csv_of_nothing_is_a_header(session: Session, names: dict[UUID, str]) -> None:
    assert "".join(queries.csv_lines(session, names, Filter(rule=("NONE",)))).startswith("id,workspace,rule,")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_guarded(start: str) -> None:
    assert queries._cell(f"{start}1") == f"'{start}1"
