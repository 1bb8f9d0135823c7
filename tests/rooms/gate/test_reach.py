"""Who is judged with a candidate: what it reaches as it would be, and what rests on it."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.foundation.settings import POLICIES
from service.gate.check import Question, check
from service.gate.laying import Candidate
from service.inventory import reference_load
from service.inventory.facts import Observation
from service.packs.source import load_library
from service.pipeline import Ground
from tests.factories.manifests import ACTOR, observation, register
from tests.rooms.gate.test_check import DAY


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, load_library(POLICIES))
    engine.close()


def judged(session: Session, ground: Ground, stored: list[Observation], *candidates: Observation) -> set[str]:
    reference_load.sync(session, POLICIES / "data")
    home = register(session, *stored)
    kept = check(session, ground, Question(home, [Candidate(one) for one in candidates], DAY, "ci"), ACTOR).kept
    return {one["asset"] for one in kept.answer.inputs}


def test_what_only_the_replaced_statement_reached_is_not_judged(session: Session, ground: Ground) -> None:
    stored = [
        observation("model:old"),
        observation("model:new"),
        observation("model:tuned", ("derived_from", "model:old", "finetune")),
    ]
    desk = observation("system:desk", ("uses", "model:tuned"))
    tuned = observation("model:tuned", ("derived_from", "model:new", "finetune"))
    assert judged(session, ground, stored, desk, tuned) == {"system:desk", "model:tuned", "model:new"}


def test_what_a_dependent_shares_with_the_candidate_stands_in_its_document_once(
    session: Session, ground: Ground
) -> None:
    stored = [
        observation("model:base", licence="MIT"),
        observation("model:tuned", ("derived_from", "model:base", "finetune")),
        observation("system:desk", ("uses", "model:tuned"), ("uses", "model:base")),
    ]
    tuned = observation("model:tuned", ("derived_from", "model:base", "adapter"))
    assert judged(session, ground, stored, tuned) == {"model:tuned", "model:base", "system:desk"}


def test_a_registered_asset_that_serves_a_candidate_is_reached_by_who_uses_it(session: Session, ground: Ground) -> None:
    stored = [observation("gpu_host:n1", ("serves", "model:tuned")), observation("model:tuned", licence="MIT")]
    desk = observation("system:desk", ("uses", "model:tuned"))
    tuned = observation("model:tuned", licence="Apache-2.0")
    assert judged(session, ground, stored, desk, tuned) == {"system:desk", "model:tuned", "gpu_host:n1"}
