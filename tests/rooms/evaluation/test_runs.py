"""Runs, chunks and leases on a real database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from service.evaluation import run_leases, runs
from service.evaluation.run_leases import ATTEMPTS, Due, Lease, LeaseLost
from service.evaluation.runs import RunStatus
from service.foundation.actor import SCHEDULER
from service.foundation.errors import Invalid, NotFound
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation
from service.inventory.views import WorkspaceView

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TERM = timedelta(seconds=60)


@pytest.fixture
def workspace(session: Session) -> WorkspaceView:
    return workspaces.ensure(session, "default", SCHEDULER)


def register(session: Session, workspace: WorkspaceView, count: int) -> None:
    observations = [Observation(Kind.SYSTEM, f"s{number}", workspace.name) for number in range(count)]
    ingest.record(session, workspace, observations, SCHEDULER)


def ask(session: Session, workspace: WorkspaceView, refs: list[str] | None = None, **options: Any) -> UUID:
    run = runs.request(session, workspace.id, "asked", refs, SCHEDULER, **{"chunk_size": 2, **options})
    session.commit()
    return run


def see(session: Session, workspace: WorkspaceView, run: UUID) -> runs.Run:
    return runs.find(session, {workspace.id: workspace.name}, run)


def hand_on(session: Session, now: datetime = NOW, run: UUID | None = None) -> list[Due]:
    handed = run_leases.due(session, now, TERM, run)
    session.commit()
    return handed


def take(session: Session, run: UUID, number: int = 0, holder: str = "one", now: datetime = NOW) -> Lease | None:
    lease = run_leases.claim(session, run, number, holder, now, TERM)
    session.commit()
    return lease


def held(session: Session, run: UUID, number: int = 0, holder: str = "one", now: datetime = NOW) -> Lease:
    lease = take(session, run, number, holder, now)
    assert lease is not None
    return lease


def complete(session: Session, lease: Lease, **counts: Any) -> None:
    run_leases.finish(session, lease, **{"judged": 2, "unchanged": 0, "outcomes": {"pass": 3}, **counts}, now=NOW)
    session.commit()


def test_a_run_over_everything_is_cut_into_chunks_and_announced(session: Session, workspace: WorkspaceView) -> None:
    register(session, workspace, 5)
    run = ask(session, workspace, as_of=date(2026, 1, 1), force=True)
    seen = see(session, workspace, run)
    assert (seen.status, seen.total, seen.done) == (RunStatus.WAITING, 5, 0)
    assert (seen.as_of, seen.force, seen.requested_by) == (date(2026, 1, 1), True, "system:scheduler")
    sizes = session.connection().execute(text("SELECT cardinality(asset_ids) FROM evaluation_chunk ORDER BY number"))
    assert list(sizes.scalars()) == [2, 2, 1]
    payload = session.connection().execute(text("SELECT payload FROM outbox WHERE topic = 'evaluation.requested'"))
    assert payload.scalar_one() == {"evaluation": str(run)}


def test_a_run_over_some_assets_holds_those_alone_and_deleted_ones_too(
    session: Session, workspace: WorkspaceView
) -> None:
    register(session, workspace, 3)
    ingest.remove(session, workspace, ["system:s1"], SCHEDULER)
    assert see(session, workspace, ask(session, workspace, ["system:s0", "system:s1"])).total == 2
    assert see(session, workspace, ask(session, workspace)).total == 2


def test_a_run_over_nothing_is_done_at_once(session: Session, workspace: WorkspaceView) -> None:
    seen = see(session, workspace, ask(session, workspace))
    assert (seen.status, seen.total) == (RunStatus.DONE, 0)
    assert seen.finished_at is not None
    assert hand_on(session) == []


def test_a_run_is_done_with_its_last_chunk_and_adds_up_what_its_chunks_did(
    session: Session, workspace: WorkspaceView
) -> None:
    register(session, workspace, 3)
    run = ask(session, workspace)
    assert hand_on(session) == [Due(run, 0, interactive=True), Due(run, 1, interactive=True)]
    complete(session, held(session, run, 0), outcomes={"pass": 3, "violation": 1})
    seen = see(session, workspace, run)
    assert (seen.status, seen.total, seen.done) == (RunStatus.RUNNING, 3, 2)
    complete(session, held(session, run, 1), judged=0, unchanged=1, outcomes={"pass": 0})
    seen = see(session, workspace, run)
    assert (seen.status, seen.done, seen.judged, seen.unchanged) == (RunStatus.DONE, 3, 2, 1)
    assert seen.outcomes == {"pass": 3, "violation": 1}
    assert (seen.started_at, seen.finished_at) == (NOW, NOW)


def test_a_chunk_handed_on_is_not_handed_on_again_before_the_queue_has_had_its_time(
    session: Session, workspace: WorkspaceView
) -> None:
    register(session, workspace, 1)
    run = ask(session, workspace)
    assert hand_on(session, run=uuid4()) == []
    assert hand_on(session, run=run) == [Due(run, 0, interactive=True)]
    assert hand_on(session, NOW + TERM / 2) == []
    assert hand_on(session, NOW + TERM) == [Due(run, 0, interactive=True)]


def test_of_a_large_run_only_a_bounded_part_is_in_flight_and_small_runs_pass_by(
    session: Session, workspace: WorkspaceView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_leases, "IN_FLIGHT", 3)
    register(session, workspace, 5)
    large = ask(session, workspace, chunk_size=1)
    assert hand_on(session) == [Due(large, number, interactive=False) for number in range(3)]
    small = ask(session, workspace, ["system:s0"])
    assert hand_on(session) == [Due(small, 0, interactive=True)]
    complete(session, held(session, large, 1))
    assert hand_on(session) == [Due(large, 3, interactive=False)]


def test_a_chunk_has_one_holder(session: Session, workspace: WorkspaceView) -> None:
    register(session, workspace, 1)
    run = ask(session, workspace)
    hand_on(session)
    lease = held(session, run)
    assert (lease.attempt, lease.workspace_id, len(lease.asset_ids)) == (1, workspace.id, 1)
    assert take(session, run, holder="two") is None
    complete(session, lease)
    assert take(session, run, holder="two") is None


def test_a_chunk_that_another_is_taking_at_this_moment_is_passed_over(
    session: Session, workspace: WorkspaceView, engine: Engine
) -> None:
    register(session, workspace, 1)
    run = ask(session, workspace)
    hand_on(session)
    assert run_leases.claim(session, run, 0, "one", NOW, TERM)
    with Session(engine) as other:
        assert run_leases.claim(other, run, 0, "two", NOW, TERM) is None


def test_a_worker_that_comes_back_after_its_lease_was_taken_cannot_finish(
    session: Session, workspace: WorkspaceView
) -> None:
    register(session, workspace, 1)
    run = ask(session, workspace)
    hand_on(session)
    late = held(session, run)
    second = held(session, run, holder="two", now=NOW + TERM)
    assert not run_leases.extend(session, late, NOW + 2 * TERM)
    assert run_leases.fail(session, late, "x", NOW) is None
    with pytest.raises(LeaseLost):
        run_leases.finish(session, late, judged=1, unchanged=0, outcomes={}, now=NOW)
    session.rollback()
    complete(session, second)
    assert see(session, workspace, run).status is RunStatus.DONE


def test_a_heartbeat_keeps_a_chunk(session: Session, workspace: WorkspaceView) -> None:
    register(session, workspace, 1)
    run = ask(session, workspace)
    hand_on(session)
    lease = held(session, run)
    assert run_leases.extend(session, lease, NOW + 3 * TERM)
    assert run_leases.reap(session, NOW + 2 * TERM) == 0
    assert take(session, run, holder="two", now=NOW + 2 * TERM) is None


def test_a_failure_rests_longer_each_time_and_the_last_one_ends_the_run_with_its_reason(
    session: Session, workspace: WorkspaceView
) -> None:
    register(session, workspace, 3)
    run = ask(session, workspace)
    now, rests = NOW, []
    for attempt in range(1, ATTEMPTS + 1):
        hand_on(session, now, run)
        lease = held(session, run, 0, f"attempt {attempt}", now)
        status = run_leases.fail(session, lease, "OPA cannot be reached", now)
        session.commit()
        assert status is (RunStatus.FAILED if attempt == ATTEMPTS else RunStatus.WAITING)
        rest = 5 * 2 ** (attempt - 1)
        assert take(session, run, 0, "too early", now + timedelta(seconds=rest - 1)) is None
        now += timedelta(seconds=rest)
        rests.append(rest)
    assert rests == [5, 10, 20, 40, 80]
    assert take(session, run, 0, "after the last", now) is None
    assert see(session, workspace, run).status is RunStatus.RUNNING  # the other chunk is still to come
    hand_on(session, now)
    complete(session, held(session, run, 1, now=now))
    seen = see(session, workspace, run)
    assert (seen.status, seen.error, seen.done, seen.total) == (RunStatus.FAILED, "OPA cannot be reached", 1, 3)


def test_a_chunk_whose_worker_fell_silent_is_freed_and_in_the_end_given_up(
    session: Session, workspace: WorkspaceView
) -> None:
    register(session, workspace, 1)
    run = ask(session, workspace)
    now = NOW
    for attempt in range(1, ATTEMPTS + 1):
        assert see(session, workspace, run).status is not RunStatus.FAILED
        assert hand_on(session, now) == [Due(run, 0, interactive=True)]
        held(session, run, 0, f"attempt {attempt}", now)
        assert run_leases.reap(session, now + TERM / 2) == 0
        now += TERM
        assert run_leases.reap(session, now) == 1
        session.commit()
    seen = see(session, workspace, run)
    assert (seen.status, seen.error) == (RunStatus.FAILED, "The worker fell silent at each of 5 attempts.")
    assert hand_on(session, now) == []


def test_runs_are_listed_newest_first_page_by_page_within_the_callers_workspaces(
    session: Session, workspace: WorkspaceView
) -> None:
    other = workspaces.ensure(session, "other", SCHEDULER)
    mine = [ask(session, workspace) for _ in range(3)]
    theirs = ask(session, other)
    seen, cursor = [], None
    while True:
        page = runs.listing(session, {workspace.id: "default"}, 2, cursor)
        seen += [run.id for run in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen, reverse=True) == seen
    assert set(seen) == set(mine)
    with pytest.raises(NotFound):
        see(session, workspace, theirs)


def test_a_cursor_of_another_listing_is_refused(session: Session, workspace: WorkspaceView) -> None:
    with pytest.raises(Invalid, match="cursor"):
        runs.listing(session, {workspace.id: "default"}, 2, "WyJ4Il0")  # ["x"]
