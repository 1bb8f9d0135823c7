"""The flow from a changed asset to its violations, on real parts: what opens, what stays, what closes."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.engine.protocol import EngineFailure, Module
from service.evaluation import record
from service.foundation.errors import NotFound
from service.foundation.settings import POLICIES
from service.inventory import ingest, queries, reference_load
from service.inventory.views import WorkspaceView
from service.packs.source import Library, Rule, load_library
from service.pipeline import Ground, PipelineResult, judge_assets
from tests.factories.manifests import ACTOR, affected_by, observation, register

DAY = date(2026, 11, 23)
VIRGINIA = {"purpose": "storage", "region": "cloud_region:aws/us-east-1"}
PARIS = {"purpose": "storage", "region": "cloud_region:scaleway/fr-par"}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, load_library(POLICIES))
    engine.close()


@pytest.fixture
def home(session: Session) -> WorkspaceView:
    reference_load.sync(session, POLICIES / "data")
    return register(session, observation("dataset:hr", data_classes=["personal"], data_paths=[VIRGINIA], licence="MIT"))


def judge(
    session: Session,
    ground: Ground,
    home: WorkspaceView,
    *,
    on: date = DAY,
    force: bool = False,
    refs: list[str] | None = None,
) -> PipelineResult:
    ids = list(queries.ids_of(session, home.id, refs))
    return judge_assets(session, ground, home, ids, as_of=on, force=force, actor=ACTOR)


def standing(session: Session) -> set[tuple[str, str, str]]:
    rows = session.connection().execute(text("SELECT rule, outcome, status FROM violation"))
    return {(row.rule, row.outcome, row.status) for row in rows}


def broken(library: Library, rule_id: str, old: str, new: str) -> Library:
    rule = library.rules[rule_id]
    assert old in rule.module.text
    module = Module(rule.module.path, rule.module.text.replace(old, new))
    changed = Rule(**{name: getattr(rule, name) for name in rule.__slots__} | {"module": module})
    return Library({**library.rules, rule_id: changed}, library.packs, library.modules, library.blocs)


def test_a_violation_opens_and_closes_with_the_facts(session: Session, ground: Ground, home: WorkspaceView) -> None:
    judge(session, ground, home)
    assert ("RES-001", "violation", "open") in standing(session)
    register(session, observation("dataset:hr", data_classes=["personal"], data_paths=[PARIS], licence="MIT"))
    judge(session, ground, home)
    assert ("RES-001", "violation", "resolved") in standing(session)
    assert not any(rule == "RES-001" and status == "open" for rule, _, status in standing(session))


def test_an_unchanged_asset_is_passed_over_until_a_day_a_rule_or_somebody_asks(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    assert (judge(session, ground, home).judged, judge(session, ground, home).unchanged) == (1, 1)
    assert judge(session, ground, home, force=True).judged == 1
    assert judge(session, ground, home, on=DAY + timedelta(days=1)).judged == 1
    reworded = broken(ground.library, "LIC-001", "applies := true", "# another text\napplies := true")
    assert judge(session, Ground(ground.engine, reworded), home, on=DAY + timedelta(days=1)).judged == 1


def test_missing_evidence_never_closes_a_violation(session: Session, ground: Ground, home: WorkspaceView) -> None:
    judge(session, ground, home)
    elsewhere = {"purpose": "storage", "region": "cloud_region:nobody/knows"}
    register(session, observation("dataset:hr", data_classes=["personal"], data_paths=[elsewhere], licence="MIT"))
    judge(session, ground, home)
    assert {("RES-001", "violation", "open"), ("RES-001", "unknown", "open")} <= standing(session)


def test_a_rule_that_cannot_run_closes_nothing_and_says_so(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    judge(session, ground, home)
    library = broken(ground.library, "RES-001", "default applies := false", "applies if 1 / 0 == 1")
    register(session, observation("dataset:hr", data_classes=["personal"], data_paths=[PARIS], licence="MIT"))
    result = judge(session, Ground(ground.engine, library), home)
    assert result.outcomes["error"] == 1
    assert {("RES-001", "violation", "open"), ("RES-001", "error", "open")} <= standing(session)
    judge(session, ground, home)
    assert not any(rule == "RES-001" and status == "open" for rule, _, status in standing(session))


def test_without_an_engine_nothing_is_decided_and_nothing_changes(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    judge(session, ground, home)
    before = standing(session)
    register(session, observation("dataset:hr", data_classes=["personal"], data_paths=[PARIS], licence="MIT"))
    session.commit()
    with pytest.raises(EngineFailure):
        judge(session, Ground(OpaEngine("http://127.0.0.1:1", timeout=1), ground.library), home)
    session.rollback()
    assert standing(session) == before


def test_a_deleted_asset_takes_its_violations_with_it_and_is_judged_anew_when_it_returns(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    judge(session, ground, home)
    ingest.remove(session, home, ["dataset:hr"], ACTOR)
    assert judge(session, ground, home, refs=["dataset:hr"]).judged == 0
    assert {status for _, _, status in standing(session)} == {"resolved"}
    register(session, observation("dataset:hr", data_classes=["personal"], data_paths=[VIRGINIA], licence="MIT"))
    assert judge(session, ground, home).judged == 1
    assert ("RES-001", "violation", "open") in standing(session)


def test_a_change_reaches_whatever_rests_on_it_and_nothing_else(session: Session, home: WorkspaceView) -> None:
    register(
        session,
        observation("model:base"),
        observation("model:tuned", ("derived_from", "model:base", "finetune")),
        observation("system:a", ("uses", "model:tuned"), ("runs_on", "gpu_host:h"), commercial=True),
        observation("system:b", ("uses", "model:other")),
        observation("model:other"),
        observation("gpu_host:h", ("located_in", "cloud_region:scaleway/fr-par")),
    )
    assert {"model:base", "model:tuned", "system:a", "gpu_host:h"} <= affected_by(session, home, ["model:base"])
    assert not {"system:b", "model:other", "dataset:hr"} & affected_by(session, home, ["model:base"])
    # The catalogue ties regions to their operators: who owns Amazon matters to whoever lies in its regions.
    assert "dataset:hr" in affected_by(session, home, ["vendor:amazon"])
    assert affected_by(session, home, ["vendor:amazon"]).isdisjoint({"system:b", "model:base"})


def test_what_was_not_kept_cannot_be_replayed(session: Session) -> None:
    for missing in (record.kept_input, record.kept_bundle):
        with pytest.raises(NotFound):
            missing(session, "0" * 64)
