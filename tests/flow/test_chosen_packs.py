"""A pack that a workspace lets judge only assets with certain labels: what opens, what is over, what is told apart."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.foundation.settings import POLICIES
from service.inventory import queries, reference_load
from service.inventory.facts import Kind, Observation
from service.inventory.views import WorkspaceView
from service.packs.actions import set_pack
from service.packs.lifecycle import Setting
from service.packs.source import load_library
from service.pipeline import Ground, PipelineResult, judge_assets
from tests.factories.manifests import ACTOR, register

DAY = date(2026, 11, 25)
VIRGINIA = [{"purpose": "storage", "region": "cloud_region:aws/us-east-1"}]
EUROPE, TEXAS = "eu-data-residency", "us-state-residency"


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, load_library(POLICIES))
    engine.close()


def dataset(name: str, **labels: str) -> Observation:
    attributes = {"data_classes": ["personal"], "data_paths": VIRGINIA}
    return Observation(Kind.DATASET, name, "default", labels=labels, attributes=attributes)


@pytest.fixture
def home(session: Session) -> WorkspaceView:
    """Three datasets in Virginia, of production, of a test, and of nobody knows what."""
    reference_load.sync(session, POLICIES / "data")
    return register(session, dataset("a-prod", env="prod"), dataset("b-test", env="test"), dataset("c-bare"))


def judge(session: Session, ground: Ground, home: WorkspaceView) -> PipelineResult:
    ids = list(queries.ids_of(session, home.id, None))
    return judge_assets(session, ground, home, ids, as_of=DAY, force=False, actor=ACTOR)


def standing(session: Session, rule: str = "RES-001") -> dict[tuple[str, str], str]:
    query = text("SELECT asset, pack, status FROM violation WHERE rule = :rule AND outcome = 'violation'")
    rows = session.connection().execute(query, {"rule": rule})
    return {(row.asset.partition(":")[2], row.pack): row.status for row in rows}


def test_what_a_pack_no_longer_judges_is_over_and_comes_back_with_it(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    judge(session, ground, home)
    everywhere = dict.fromkeys([("a-prod", EUROPE), ("b-test", EUROPE), ("c-bare", EUROPE)], "open")
    assert standing(session) == everywhere
    set_pack(session, ground.library, home, EUROPE, Setting(labels={"env": ["prod"]}), ACTOR)
    assert judge(session, ground, home).judged == 2, "the chosen one's document is as it was"
    assert standing(session) == {**everywhere, ("b-test", EUROPE): "resolved", ("c-bare", EUROPE): "resolved"}
    reasons = text("SELECT DISTINCT detail->>'reason' FROM violation_event WHERE event = 'resolved'")
    assert session.connection().execute(reasons).scalars().all() == ["rule_retired"]
    assert judge(session, ground, home).judged == 0
    set_pack(session, ground.library, home, EUROPE, Setting(), ACTOR)
    judge(session, ground, home)
    assert standing(session) == everywhere


def test_a_changed_label_brings_an_asset_under_a_pack(session: Session, ground: Ground, home: WorkspaceView) -> None:
    set_pack(session, ground.library, home, EUROPE, Setting(labels={"env": ["prod"]}), ACTOR)
    judge(session, ground, home)
    assert standing(session) == {("a-prod", EUROPE): "open"}
    register(session, dataset("c-bare", env="prod"))
    judge(session, ground, home)
    assert standing(session) == {("a-prod", EUROPE): "open", ("c-bare", EUROPE): "open"}


def test_packs_with_other_parameters_judge_each_its_own_assets_in_one_batch(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    """The rule stands in two slots; of one asset the first is empty, of another the second, of the third neither."""
    set_pack(session, ground.library, home, EUROPE, Setting(labels={"env": ["prod", "both"]}), ACTOR)
    texas = Setting(parameters={"allowed": ["US-TX"]}, labels={"env": ["test", "both"]})
    set_pack(session, ground.library, home, TEXAS, texas, ACTOR)
    register(session, dataset("c-bare", env="both"))
    judge(session, ground, home)
    assert standing(session) == dict.fromkeys(
        [("a-prod", EUROPE), ("b-test", TEXAS), ("c-bare", EUROPE), ("c-bare", TEXAS)], "open"
    )
