"""The outbox carried out on a real database."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from structlog.testing import capture_logs

from service.evaluation import runs
from service.evaluation.run_leases import Due
from service.foundation.actor import SCHEDULER
from service.foundation.outbox import Topic, announce
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation, Relation, RelationType
from service.inventory.views import WorkspaceView
from service.jobs import dispatch

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def workspace(session: Session) -> WorkspaceView:
    made = workspaces.ensure(session, "default", SCHEDULER)
    session.commit()
    return made


@pytest.fixture
def published() -> list[Due]:
    return []


def clear(session: Session) -> None:
    session.flush()
    session.connection().execute(text("DELETE FROM outbox"))
    session.commit()


def say(session: Session, topic: Topic, **payload: Any) -> None:
    announce(session, topic, payload)
    session.commit()


def left(session: Session) -> list[tuple[str, int]]:
    session.rollback()
    rows = session.connection().execute(text("SELECT topic, attempts FROM outbox ORDER BY id"))
    return [(topic, attempts) for topic, attempts in rows]


def asked(session: Session, *among: WorkspaceView) -> list[tuple[str, str, int]]:
    session.rollback()
    page = runs.listing(session, {one.id: one.name for one in among}, 100, None)
    return sorted((run.workspace, run.reason, run.total) for run in page.items)


def test_every_topic_has_its_function() -> None:
    assert set(dispatch.TOPICS) == set(Topic)


def test_a_changed_asset_and_all_that_rests_on_it_are_judged_in_one_run(
    session: Session, engine: Engine, workspace: WorkspaceView, published: list[Due]
) -> None:
    base = Observation(Kind.MODEL, "base", "default")
    tuned = Observation(Kind.MODEL, "tuned", "default", relations=(Relation(RelationType.DERIVED_FROM, "model:base"),))
    desk = Observation(Kind.SYSTEM, "desk", "default", relations=(Relation(RelationType.USES, "model:tuned"),))
    aside = Observation(Kind.SOFTWARE, "aside", "default")
    # A vendor is judged by its share of all systems, so a change below one of them reaches it.
    vendor = Observation(Kind.VENDOR, "acme", "default")
    ingest.record(session, workspace, [base, tuned, desk, aside, vendor], SCHEDULER)
    clear(session)
    say(session, Topic.ASSET_CHANGED, workspace="default", refs=["model:base"])
    say(session, Topic.ASSET_CHANGED, workspace="default", refs=["model:tuned"])
    dispatch.dispatch(engine, published.extend)
    rows = session.connection().execute(text("SELECT ref FROM asset JOIN evaluation_chunk ON id = ANY (asset_ids)"))
    assert sorted(rows.scalars()) == ["model:base", "model:tuned", "system:desk", "vendor:acme"]
    assert asked(session, workspace) == [("default", "asset.changed", 4)]
    assert [chunk.number for chunk in published] == [0, 1]
    assert left(session) == []


@pytest.mark.parametrize("topic", [Topic.PACK_CHANGED, Topic.REFERENCE_CHANGED])
def test_a_changed_pack_or_reference_has_everything_judged_in_the_workspace_or_in_all(
    session: Session, engine: Engine, workspace: WorkspaceView, published: list[Due], topic: Topic
) -> None:
    other = workspaces.ensure(session, "other", SCHEDULER)
    for one in (workspace, other):
        ingest.record(session, one, [Observation(Kind.SYSTEM, "desk", one.name)], SCHEDULER)
    clear(session)
    say(session, topic, workspace="other")
    dispatch.dispatch(engine, published.extend)
    assert asked(session, workspace, other) == [("other", topic.value, 1)]
    say(session, topic, workspace=None)
    dispatch.dispatch(engine, published.extend)
    assert asked(session, workspace, other) == [(name, topic.value, 1) for name in ("default", "other", "other")]


def test_a_message_that_fails_waits_and_holds_up_no_other(
    session: Session, engine: Engine, workspace: WorkspaceView, published: list[Due]
) -> None:
    ingest.record(session, workspace, [Observation(Kind.SYSTEM, "desk", "default")], SCHEDULER)
    clear(session)
    say(session, Topic.ASSET_CHANGED, workspace="nowhere", refs=["system:desk"])
    say(session, Topic.ASSET_CHANGED, workspace="default", refs=["system:desk"])
    with capture_logs():
        dispatch.dispatch(engine, published.extend)
        assert left(session) == [("asset.changed", 1)]
        assert dispatch.dispatch(engine, published.extend) == 0  # not before its rest is over
        session.connection().execute(text("UPDATE outbox SET not_before = now() - interval '1 second'"))
        session.commit()
        assert dispatch.dispatch(engine, published.extend) == 1
    assert left(session) == [("asset.changed", 2)]
    rest = session.connection().execute(text("SELECT not_before > now() + interval '1 second', last_error FROM outbox"))
    assert tuple(rest.one()) == (True, "NotFound: There is no workspace 'nowhere'.")
    assert len(published) == 1


def test_a_message_that_failed_is_tried_alone() -> None:
    def message(number: int, attempts: int) -> dispatch.Message:
        return dispatch.Message(number, "asset.changed", {"workspace": "default"}, attempts)

    groups = dispatch._groups([message(1, 0), message(2, 3), message(3, 0), message(4, 1)])
    assert [[m.id for m in group] for group in groups] == [[1, 3], [2], [4]]


def test_a_topic_of_a_later_version_waits_for_it(session: Session, engine: Engine, published: list[Due]) -> None:
    session.connection().execute(
        text("INSERT INTO outbox (topic, payload, created_at, not_before) VALUES ('x.y', '{}', now(), now())")
    )
    session.commit()
    with capture_logs():
        assert dispatch.dispatch(engine, published.extend) == 1
    assert left(session) == [("x.y", 1)]


def test_opened_and_resolved_violations_are_told_in_the_log(
    session: Session, engine: Engine, published: list[Due]
) -> None:
    say(session, Topic.VIOLATION_OPENED, workspace="default", violations=["1", "2"])
    say(session, Topic.VIOLATION_RESOLVED, workspace="default", violations=["3"])
    with capture_logs() as lines:
        dispatch.dispatch(engine, published.extend)
    assert [(line["event"], line["count"]) for line in lines] == [("violation.opened", 2), ("violation.resolved", 1)]


def test_two_dispatchers_share_the_messages(session: Session, engine: Engine, published: list[Due]) -> None:
    say(session, Topic.VIOLATION_OPENED, workspace="default", violations=["1"])
    with Session(engine) as other:
        held = other.connection().execute(text("SELECT id FROM outbox FOR UPDATE")).all()
        assert len(held) == 1
        assert dispatch.dispatch(engine, published.extend) == 0
    assert dispatch.dispatch(engine, published.extend) == 1


def test_chunks_that_the_queue_lost_are_handed_on_again(
    session: Session, engine: Engine, workspace: WorkspaceView
) -> None:
    ingest.record(session, workspace, [Observation(Kind.SYSTEM, "desk", "default")], SCHEDULER)
    session.commit()

    def broker_is_down(chunks: Sequence[Due]) -> None:
        if chunks:
            raise ConnectionError("no broker")

    with pytest.raises(ConnectionError):
        dispatch.dispatch(engine, broker_is_down)
    published: list[Due] = []
    dispatch.dispatch(engine, published.extend)
    assert published == []  # the queue is trusted with them for a while
    session.connection().execute(text("UPDATE evaluation_chunk SET leased_until = now()"))
    session.commit()
    dispatch.dispatch(engine, published.extend)
    assert len(published) == 1
    assert left(session) == []


def test_a_waiver_that_changed_is_told_and_nothing_is_judged_anew(
    session: Session, engine: Engine, workspace: WorkspaceView, published: list[Due]
) -> None:
    say(session, Topic.WAIVER_CHANGED, workspace="default", waiver="7", status="approved")
    with capture_logs() as lines:
        assert dispatch.dispatch(engine, published.extend) == 1
    (line,) = [line for line in lines if line["event"] == "waiver.changed"]
    assert (line["workspace"], line["waiver"], line["status"]) == ("default", "7", "approved")
    assert (left(session), asked(session, workspace), published) == ([], [], [])
