"""The gate on the live inventory: who is judged, what counts, what is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.engine.protocol import Bundle, EngineFailure, FailureKind
from service.evaluation.record import Answer
from service.foundation.errors import Invalid, Unavailable
from service.foundation.settings import POLICIES
from service.gate import candidate
from service.gate.check import Question, check, replay
from service.gate.laying import Candidate
from service.inventory import queries, reference_load
from service.inventory.facts import Observation
from service.inventory.views import WorkspaceView
from service.packs import actions
from service.packs.lifecycle import Setting
from service.packs.source import load_library
from service.pipeline import Ground, judge_assets
from tests.factories.libraries import of_eight
from tests.factories.manifests import ACTOR, observation, register

DAY = date(2026, 11, 23)
PARIS = "cloud_region:scaleway/fr-par"
VIRGINIA = "cloud_region:aws/us-east-1"
BASE = observation("model:base", licence="Apache-2.0", weights="open")


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, of_eight(load_library(POLICIES)))
    engine.close()


def desk(*relations: tuple[str, str], region: str = PARIS, **attributes: Any) -> Observation:
    paths = [{"purpose": purpose, "region": region} for purpose in ("storage", "processing")]
    return observation(
        "system:desk",
        *relations,
        **{"commercial": True, "criticality": "low", "data_classes": ["personal"], "data_paths": paths, **attributes},
    )


def home_with(session: Session, *observations: Observation) -> WorkspaceView:
    reference_load.sync(session, POLICIES / "data")
    home = register(session, *observations)
    session.flush()
    return home


def ask(session: Session, ground: Ground, home: WorkspaceView, *candidates: Observation) -> Answer:
    question = Question(home, [Candidate(one) for one in candidates], DAY, "ci")
    return check(session, ground, question, ACTOR).kept.answer


def reasons(row: Answer) -> list[tuple[str, str, str]]:
    return [(reason["rule"], reason["asset"], reason["outcome"]) for reason in row.reasons]


def judge_all(session: Session, ground: Ground, home: WorkspaceView) -> None:
    ids = list(queries.ids_of(session, home.id, None))
    judge_assets(session, ground, home, ids, as_of=DAY, force=False, actor=ACTOR)


def test_a_compliant_candidate_may_ship_and_leaves_only_its_decision(session: Session, ground: Ground) -> None:
    home = home_with(session, BASE)
    row = ask(session, ground, home, desk(("uses", "model:base")))
    assert (row.verdict, row.reasons) == ("allow", [])
    assert {one["asset"] for one in row.inputs} == {"system:desk", "model:base"}
    for table, rows in {"asset": 1, "violation": 0, "decision_record": 1, "edge": 0}.items():
        counted = session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar()  # noqa: S608
        assert counted == rows, table


def test_a_candidate_outside_the_allowed_places_is_blocked_and_says_why(session: Session, ground: Ground) -> None:
    row = ask(session, ground, home_with(session, BASE), desk(("uses", "model:base"), region=VIRGINIA))
    assert row.verdict == "block"
    assert {rule for rule, _, _ in reasons(row)} == {"RES-001", "RES-002", "JUR-001"}
    residency = next(reason for reason in row.reasons if reason["rule"] == "RES-001")
    assert residency["path"] == ["system:desk", VIRGINIA]


def test_what_nobody_registered_is_unknown_and_unknown_blocks(session: Session, ground: Ground) -> None:
    row = ask(session, ground, home_with(session), desk(("uses", "model:nobody-knows")))
    assert row.verdict == "block"
    assert ("LIC-002", "system:desk", "unknown") in reasons(row)


def test_candidates_see_each_other_before_they_exist(session: Session, ground: Ground) -> None:
    host = observation("gpu_host:new", ("located_in", VIRGINIA), ("operated_by", "vendor:amazon-web-services"))
    row = ask(
        session, ground, home_with(session, BASE), desk(("uses", "model:base"), ("runs_on", "gpu_host:new")), host
    )
    assert ("RES-002", "gpu_host:new", "violation") in reasons(row)
    assert ("RES-002", "system:desk", "violation") in reasons(row)


def test_a_change_that_breaks_what_rests_on_it_is_blocked_for_that(session: Session, ground: Ground) -> None:
    home = home_with(session, BASE, desk(("uses", "model:base")))
    judge_all(session, ground, home)
    row = ask(session, ground, home, observation("model:base", licence="CC-BY-NC-4.0", weights="open"))
    assert ("LIC-002", "system:desk", "violation") in reasons(row)


def test_a_change_does_not_answer_for_old_faults_of_what_rests_on_it(session: Session, ground: Ground) -> None:
    home = home_with(session, BASE, desk(("uses", "model:base"), region=VIRGINIA))
    judge_all(session, ground, home)
    row = ask(session, ground, home, observation("model:base", licence="MIT", weights="open"))
    assert (row.verdict, row.reasons) == ("allow", [])


def test_a_candidate_replaces_what_is_stored_under_its_ref(session: Session, ground: Ground) -> None:
    home = home_with(session, BASE, desk(("uses", "model:gone"), region=VIRGINIA))
    assert ask(session, ground, home, desk(("uses", "model:base"))).verdict == "allow"


def test_a_decision_can_be_made_again_after_everything_changed(session: Session, ground: Ground) -> None:
    home = home_with(session, BASE)
    row = ask(session, ground, home, desk(("uses", "model:base"), region=VIRGINIA))
    register(session, observation("model:base", licence="CC-BY-NC-4.0"))
    again = replay(session, ground, row)
    assert (again.identical, again.digest, again.differences) == (True, row.digest, [])
    tampered = replay(session, ground, replace(row, outcomes={**row.outcomes, "system:desk": {}}))
    assert (tampered.identical, tampered.differences) == (False, ["system:desk"])


class _Mute:
    name = "mute"

    def activate(self, bundle: Bundle) -> None:
        raise EngineFailure(FailureKind.UNREACHABLE, "no route to host")

    def query(self, digest: str, entry: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        raise AssertionError


def test_without_an_engine_there_is_no_verdict(session: Session, ground: Ground) -> None:
    home = home_with(session, BASE)
    with pytest.raises(Unavailable, match="no route to host"):
        ask(session, Ground(_Mute(), ground.library), home, desk(("uses", "model:base")))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"candidate": []}', "empty"),
        (b'{"candidate": {}}', "cannot be read"),
        (b"kind: system\nname: x\nattributes: {criticallity: high}", "criticality"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"candidate": [{"kind": "system", "name": "x", "workspace": "other"}]}', "other"),
        (b"kind: [", "cannot"),
    ],
)
def test_an_unreadable_candidate_says_where(body: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        candidate.read(body, "default")
    told = f"{refusal.value.detail} {' '.join(map(str, refusal.value.faults))}"
    assert words in told


def test_a_candidate_may_be_the_file_itself(session: Session) -> None:
    text_ = b"kind: system\nname: a\n---\nkind: model\nname: b\n"
    assert [one.ref for one in candidate.read(text_, "default").candidates] == ["system:a", "model:b"]
    assert [one.ref for one in candidate.read(b'[{"kind": "model", "name": "b"}]', "default").candidates] == ["model:b"]


def test_a_candidate_does_not_escape_a_pack_by_leaving_out_its_label(session: Session, ground: Ground) -> None:
    home = home_with(session, replace(desk(region=VIRGINIA), labels={"env": "prod"}))
    actions.set_pack(session, ground.library, home, "eu-data-residency", Setting(labels={"env": ["prod"]}), ACTOR)
    assert "RES-001" in {rule for rule, _, _ in reasons(ask(session, ground, home, desk(region=VIRGINIA)))}
    new = replace(desk(region=VIRGINIA), name="other")
    assert "RES-001" not in {rule for rule, _, _ in reasons(ask(session, ground, home, new))}
