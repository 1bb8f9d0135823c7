"""The day of judgement: one estate, judged for two days, has two right answers."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.evaluation.decision import RuleOutcome
from service.evaluation.evaluator import evaluate
from service.evaluation.gather import prepare
from service.evaluation.standing import StoredMemory, standing
from service.foundation.settings import POLICIES
from service.inventory import graph, reference_load
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Observation
from service.inventory.reference import Catalogue
from service.packs.queries import in_force
from service.packs.source import Library, load_library
from tests.factories.manifests import observation, register


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(pool=1)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(POLICIES)


class Judge:
    """Judges one asset of an estate for any day."""

    def __init__(self, session: Session, engine: EmbeddedEngine, library: Library) -> None:
        reference_load.sync(session, POLICIES / "data")
        self.session, self.engine, self.library = session, engine, library

    def says(self, ref: str, rule: str, day: str, *estate: Observation) -> RuleOutcome:
        session, as_of = self.session, date.fromisoformat(day)
        home = register(session, *estate)
        session.flush()
        catalogue = Catalogue.load(session, home.id)
        assignment = in_force(session, self.library, home.id)
        part = graph.slice_for(StoredEstate(session, home), [ref], catalogue)
        beyond = standing(StoredMemory(session, home), part, [ref], catalogue, as_of)
        documents = prepare(part, [ref], catalogue.on(as_of), as_of, assignment, beyond)
        (decision,) = evaluate(self.engine, assignment.bundle, assignment.rules, documents)
        return next(outcome for outcome in decision.outcomes if outcome.rule == rule)


@pytest.fixture
def judge(session: Session, embedded: EmbeddedEngine, library: Library) -> Judge:
    return Judge(session, embedded, library)


@pytest.mark.parametrize(("day", "outcome"), [("2026-01-25", "violation"), ("2026-01-26", "pass")])
def test_data_in_brazil_has_a_basis_from_the_day_of_the_adequacy_decision(judge: Judge, day: str, outcome: str) -> None:
    estate = [
        observation(
            "dataset:people",
            data_classes=["personal"],
            subject_jurisdictions=["DE"],
            data_paths=[{"purpose": "storage", "region": "cloud_region:aws/sa-east-1"}],
        ),
        observation("vendor:amazon", dpf_certified=True),
    ]
    assert judge.says("dataset:people", "RES-004", day, *estate).outcome == outcome


def taken_over() -> list[Observation]:
    """A host whose French operator an American company takes over on 1 June 2026."""
    return [
        observation("dataset:files", ("stored_in", "gpu_host:h"), data_classes=["health"]),
        observation("gpu_host:h", ("operated_by", "vendor:host"), ("located_in", "cloud_region:scaleway/fr-par")),
        observation(
            "vendor:host",
            incorporated_in="FR",
            headquarters="FR",
            owners=[
                {"name": "The founders", "country": "FR", "capital_share": 100.0, "to": "2026-06-01"},
                {"vendor": "vendor:buyer", "capital_share": 100.0, "from": "2026-06-01"},
            ],
        ),
        observation("vendor:buyer", incorporated_in="US", headquarters="US", owners=[]),
        observation("system:desk", ("runs_on", "gpu_host:h"), criticality="critical"),
    ]


@pytest.mark.parametrize(("day", "outcome"), [("2026-05-31", "pass"), ("2026-06-01", "violation")])
def test_a_takeover_brings_an_estate_under_a_foreign_law_on_its_day(judge: Judge, day: str, outcome: str) -> None:
    said = judge.says("dataset:files", "JUR-001", day, *taken_over())
    assert said.outcome == outcome
    assert {finding.jurisdiction for finding in said.findings} == ({"US"} if outcome == "violation" else set())


@pytest.mark.parametrize(("day", "outcome"), [("2026-05-31", "not_applicable"), ("2026-06-01", "violation")])
def test_a_takeover_moves_the_concentration_to_the_buyer(judge: Judge, day: str, outcome: str) -> None:
    assert judge.says("vendor:buyer", "VEN-001", day, *taken_over()).outcome == outcome


@pytest.mark.parametrize(("day", "outcome"), [("2026-05-31", "pass"), ("2026-06-01", "violation")])
def test_a_takeover_lets_one_foreign_state_stop_the_system(judge: Judge, day: str, outcome: str) -> None:
    assert judge.says("system:desk", "VEN-006", day, *taken_over()).outcome == outcome


@pytest.mark.parametrize(("day", "outcome"), [("2027-08-01", "not_applicable"), ("2027-08-02", "violation")])
def test_an_older_general_purpose_model_owes_its_documents_from_the_day_that_the_ai_act_names(
    judge: Judge, day: str, outcome: str
) -> None:
    model = observation(
        "model:general",
        training_flop=1e24,
        generates_text=True,
        weights="closed",
        weights_released_on="2025-08-01",
        gpai_documents={"technical_documentation": "a binder", "downstream_information": "a site"},
    )
    said = judge.says("model:general", "PRV-006", day, model)
    assert said.outcome == outcome
    assert [finding.subject for finding in said.findings] == (
        ["copyright_policy", "training_summary"] if outcome == "violation" else []
    )
