"""What need not be judged again, and what always is."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from service.engine.protocol import Bundle, EngineFailure, FailureKind
from service.evaluation.decision import Outcome
from service.evaluation.gather import prepare
from service.evaluation.prepared import Prepared
from service.foundation.settings import POLICIES
from service.gate import recall
from service.inventory.reference import Catalogue
from service.inventory.views import Slice
from service.packs.assignment import Assignment
from service.packs.lifecycle import as_shipped, assign, effective
from service.packs.source import load_library
from tests.rooms.evaluation.test_chosen_packs import DAY, asset

LIBRARY = load_library(POLICIES)


class Counting:
    """An engine that says of every rule that it does not apply, and counts what it is asked; or fails."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failure: EngineFailure | None = None
        self.broken = False

    def activate(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def query(self, digest: str, entry: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        if self.failure is not None:
            raise self.failure
        self.asked += [document["asset"]["ref"] for document in documents]
        rules = {document["asset"]["kind"]: 0 for document in documents}
        for kind in rules:
            rules[kind] = sum(kind in rule.kinds for rule in self.bundle.rules)
        return [[] if self.broken else [[False], []] * rules[document["asset"]["kind"]] for document in documents]


@pytest.fixture
def engine() -> Iterator[Counting]:
    recall.forget()
    yield Counting()
    recall.forget()


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    packs = [effective(LIBRARY, pack, as_shipped(pack)) for pack in LIBRARY.packs.values() if pack.active]
    return assign(LIBRARY, packs)


def documents(assignment: Assignment, *kinds: str) -> list[Prepared]:
    assets = [asset(number, kind, {}) for number, kind in enumerate(kinds)]
    part = Slice("default", {one.ref: one for one in assets})
    return prepare(part, [one.ref for one in assets], Catalogue([]).on(DAY), DAY, assignment)


def test_what_is_reached_is_judged_once_and_a_candidate_each_time(engine: Counting, assignment: Assignment) -> None:
    prepared = documents(assignment, "system", "model", "dataset")
    first = recall.decisions(engine, assignment, prepared, {"system:a0"})
    assert sorted(engine.asked) == ["dataset:a2", "model:a1", "system:a0"]
    engine.asked.clear()
    again = recall.decisions(engine, assignment, prepared, {"system:a0"})
    assert engine.asked == ["system:a0"]
    assert again == first
    assert [one.asset_ref for one in again] == ["system:a0", "model:a1", "dataset:a2"]


def test_without_an_engine_no_candidate_is_decided_whatever_is_recalled(
    engine: Counting, assignment: Assignment
) -> None:
    prepared = documents(assignment, "system", "model")
    recall.decisions(engine, assignment, prepared, ())
    engine.failure = EngineFailure(FailureKind.UNREACHABLE, "gone")
    assert len(recall.decisions(engine, assignment, prepared, ())) == 2
    with pytest.raises(EngineFailure, match="gone"):
        recall.decisions(engine, assignment, prepared, {"system:a0"})


def test_an_error_is_not_recalled(engine: Counting, assignment: Assignment) -> None:
    prepared = documents(assignment, "model")
    engine.broken = True
    (failed,) = recall.decisions(engine, assignment, prepared, ())
    assert {one.outcome for one in failed.outcomes} == {Outcome.ERROR}
    engine.broken = False
    (sound,) = recall.decisions(engine, assignment, prepared, ())
    assert {one.outcome for one in sound.outcomes} == {Outcome.NOT_APPLICABLE}


def test_memory_has_an_end(engine: Counting, assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "KEPT", 1)
    prepared = documents(assignment, "model", "dataset")
    recall.decisions(engine, assignment, prepared, ())
    engine.asked.clear()
    recall.decisions(engine, assignment, prepared[:1], ())
    recall.decisions(engine, assignment, prepared[:1], ())
    assert engine.asked == ["model:a0"]
