"""A system is judged by how its alternatives were judged, so their answers call for its own."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.evaluation import record
from service.foundation.actor import SCHEDULER
from service.foundation.outbox import Topic
from service.foundation.settings import POLICIES
from service.inventory import queries, reference_load
from service.inventory.estate_stored import StoredEstate
from service.inventory.views import WorkspaceView
from service.packs.source import load_library
from service.pipeline import Ground, judge_assets
from tests.factories.manifests import affected_by, observation, register

DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, load_library(POLICIES))
    engine.close()


@pytest.fixture
def home(session: Session) -> WorkspaceView:
    reference_load.sync(session, POLICIES / "data")
    return register(
        session,
        observation("system:desk", ("uses", "software:a"), criticality="critical"),
        observation("software:a", licence="MIT", standards=["onnx"]),
        observation("software:b", ("alternative_to", "software:a"), licence="MIT", standards=["onnx"]),
        observation("software:alone"),
    )


def judged(session: Session, ground: Ground, home: WorkspaceView, *refs: str) -> list[str]:
    """Judges `refs`; the refs that were announced for it."""
    session.flush()
    session.connection().execute(text("DELETE FROM outbox"))
    ids = list(queries.ids_of(session, home.id, refs))
    judge_assets(session, ground, home, ids, as_of=DAY, force=True, actor=SCHEDULER)
    session.flush()
    rows = session.connection().execute(
        text("SELECT payload FROM outbox WHERE topic = :topic ORDER BY id"), {"topic": Topic.ASSET_CHANGED}
    )
    return [ref for row in rows for ref in row.payload["refs"]]


def single_source(session: Session, home: WorkspaceView) -> tuple[str, int]:
    (key,) = queries.ids_of(session, home.id, ["system:desk"])
    last = record.last(session, key)
    assert last is not None
    (said,) = last.outcomes["VEN-002"]
    return said["outcome"], said["findings"]


def test_a_new_answer_on_an_alternative_calls_for_the_systems_that_could_use_it(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    assert judged(session, ground, home, "system:desk") == []
    assert single_source(session, home) == ("unknown", 1)
    assert judged(session, ground, home, "software:b", "software:alone") == ["software:b"]
    assert "system:desk" in affected_by(session, home, ["software:b"])
    assert judged(session, ground, home, "system:desk") == []
    assert single_source(session, home) == ("pass", 0)
    assert judged(session, ground, home, "software:b") == [], "the same answer calls for nothing"


def test_an_alternative_that_is_refused_later_calls_again(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    judged(session, ground, home, "software:b")
    register(session, observation("software:b", ("alternative_to", "software:a"), licence="no such thing"))
    assert judged(session, ground, home, "software:b") == ["software:b"]


def test_hosts_of_one_system_stand_in_for_each_other(session: Session, ground: Ground, home: WorkspaceView) -> None:
    register(
        session,
        observation("system:two", ("runs_on", "gpu_host:a"), ("runs_on", "gpu_host:b"), criticality="high"),
        observation("gpu_host:a"),
        observation("gpu_host:b"),
        observation("gpu_host:c"),
    )
    assert judged(session, ground, home, "gpu_host:a", "gpu_host:c") == ["gpu_host:a"]
    assert StoredEstate(session, home).alternatives(["gpu_host:b", "gpu_host:c"]) == {"gpu_host:b"}
