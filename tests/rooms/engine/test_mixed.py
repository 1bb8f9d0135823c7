"""Documents of several kinds in one question: the same answers as kind by kind, and the same fate for what fails."""

from collections.abc import Sequence
from typing import Any

import pytest

from service.engine import entry
from service.engine.judge import judge, judge_mixed
from service.engine.protocol import Bundle, Engine, EngineFailure, FailureKind, Judged
from tests.rooms.engine import bundles
from tests.rooms.engine.bundles import rule

BOTH = ("system", "model")


def of_kind(kind: str, number: int, **facts: Any) -> dict[str, Any]:
    whole = bundles.document(number, **facts)
    return {**whole, "asset": {**whole["asset"], "kind": kind}}


def shared(second: str = "input.asset.bad") -> Bundle:
    return bundles.bundle(rule("TRY-001", "healthy", kinds=BOTH), rule("TRY-002", "other", when=second, kinds=BOTH[:1]))


KINDS = ["model", "system", "vendor", "system", "model"]
DOCUMENTS = [of_kind(kind, number, bad=number % 2 == 1, vague=number == 4) for number, kind in enumerate(KINDS)]


def one_by_one(engine: Engine, bundle: Bundle) -> list[Judged]:
    return [judge(engine, bundle, kind, [document])[0] for kind, document in zip(KINDS, DOCUMENTS, strict=True)]


def test_each_document_is_judged_by_the_rules_of_its_kind(each_engine: Engine) -> None:
    found = judge_mixed(each_engine, shared(), KINDS, DOCUMENTS)
    assert found == one_by_one(each_engine, shared())
    assert [sorted(one.verdicts) for one in found] == [
        ["TRY-001"],
        ["TRY-001", "TRY-002"],
        [],
        ["TRY-001", "TRY-002"],
        ["TRY-001"],
    ]
    assert [bool(one.verdicts["TRY-001"].violations) for one in found if one.verdicts] == [False, True, True, False]


def test_a_rule_that_fails_fails_alone(each_engine: Engine) -> None:
    broken = shared('to_number(sprintf("%v", [input.asset.ref])) > 0')
    found = judge_mixed(each_engine, broken, KINDS, DOCUMENTS)
    assert found == one_by_one(each_engine, broken)
    assert [one.verdicts["TRY-002"].error is not None for one in found if "TRY-002" in one.verdicts] == [True, True]
    assert all(one.verdicts["TRY-001"].error is None for one in found if one.verdicts)
    assert judge_mixed(each_engine, broken, KINDS, DOCUMENTS) == found, "also when it is known to fail"


class Scripted:
    """Answers "not applicable" to all, but fails the question for several kinds as it is told."""

    name = "scripted mixed"

    def __init__(self, failure: FailureKind | None = None) -> None:
        self.failure, self.asked = failure, list[str]()

    def activate(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def query(self, digest: str, entry_name: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        self.asked.append(entry_name)
        if self.failure is not None and entry_name == entry.MIXED:
            raise EngineFailure(self.failure, "as told")
        return [[[], []] * len(entry.rules_for(self.bundle, one["asset"]["kind"])) for one in documents]


def test_one_question_is_enough_while_nothing_fails() -> None:
    engine = Scripted()
    judge_mixed(engine, shared(), KINDS, DOCUMENTS)
    judge_mixed(engine, shared(), ["system", "vendor"], [DOCUMENTS[1], DOCUMENTS[2]])
    judge_mixed(engine, shared(), ["vendor"], [DOCUMENTS[2]])
    judge_mixed(engine, shared(), [], [])
    assert engine.asked == ["mixed", "system"]


@pytest.mark.parametrize("kind", [FailureKind.EVALUATION, FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY])
def test_what_fails_together_is_asked_kind_by_kind(kind: FailureKind) -> None:
    engine = Scripted(kind)
    assert len(judge_mixed(engine, shared(), KINDS, DOCUMENTS)) == len(KINDS)
    assert engine.asked == ["mixed", "model", "system"]


@pytest.mark.parametrize("kind", [FailureKind.UNREACHABLE, FailureKind.REVISION])
def test_what_is_nobodys_fault_is_raised(kind: FailureKind) -> None:
    with pytest.raises(EngineFailure) as caught:
        judge_mixed(Scripted(kind), shared(), KINDS, DOCUMENTS)
    assert caught.value.kind is kind


def test_no_kind_may_be_called_as_an_entry_is() -> None:
    with pytest.raises(EngineFailure, match="no kind of asset"):
        entry.prepare(bundles.bundle(rule("TRY-001", "healthy", kinds=("mixed",))))
