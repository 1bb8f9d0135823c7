"""Isolation, on an engine that fails as it is told."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from service.engine import entry, isolation
from service.engine.judge import judge
from service.engine.protocol import Bundle, EngineFailure, FailureKind
from tests.rooms.engine import bundles
from tests.rooms.engine.bundles import document

Fails = Callable[[str, Sequence[Any]], FailureKind | None]


class Scripted:
    """Answers "not applicable" to everything that `fails` does not refuse; `fails` is told the entry and the documents."""

    name = "scripted 1"

    def __init__(self, fails: Fails) -> None:
        self.fails = fails
        self.bundles: dict[str, Bundle] = {}
        self.asked: list[str] = []

    def activate(self, bundle: Bundle) -> None:
        self.bundles[bundle.digest] = bundle
        self._perhaps("activate", bundle.rules)

    def query(self, digest: str, entry_name: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        self.asked.append(entry_name)
        self._perhaps(entry_name, documents)
        rules = len(entry.rules_for(self.bundles[digest], entry_name)) or int(entry_name.startswith("rule_"))
        return [[[], []] * rules for _ in documents]

    def _perhaps(self, asked: str, about: Sequence[Any]) -> None:
        kind = self.fails(asked, about)
        if kind is not None:
            raise EngineFailure(kind, "as told")


def fate(fails: Fails, count: int = 3) -> FailureKind:
    with pytest.raises(EngineFailure) as caught:
        judge(Scripted(fails), bundles.pair(), "system", [document(n) for n in range(count)])
    return caught.value.kind


@pytest.mark.parametrize("kind", [FailureKind.UNREACHABLE, FailureKind.REVISION])
@pytest.mark.parametrize("stage", ["activate", "system"])
def test_what_is_nobodys_fault_is_raised(kind: FailureKind, stage: str) -> None:
    assert fate(lambda asked, _: kind if asked == stage else None) is kind


def test_a_server_lost_while_isolating_is_raised() -> None:
    def at_the_rule(asked: str, _: Sequence[Any]) -> FailureKind | None:
        return {"system": FailureKind.EVALUATION, "rule_try_001": FailureKind.UNREACHABLE}.get(asked)

    def at_the_probe(asked: str, _: Sequence[Any]) -> FailureKind | None:
        return {"system": FailureKind.EVALUATION, "probe": FailureKind.UNREACHABLE}.get(asked)

    def at_its_own_bundle(asked: str, about: Sequence[Any]) -> FailureKind | None:
        if asked == "activate" and about:
            return FailureKind.REFUSED if len(about) == 2 else FailureKind.REVISION
        return None

    assert fate(at_the_rule) is FailureKind.UNREACHABLE
    assert fate(at_the_probe) is FailureKind.UNREACHABLE
    assert fate(at_its_own_bundle) is FailureKind.REVISION


def test_an_engine_that_answers_nothing_is_unreachable_and_suspends_no_rule() -> None:
    engine = Scripted(lambda *_: FailureKind.TIMEOUT)
    whole = bundles.pair()
    with pytest.raises(EngineFailure) as caught:
        judge(engine, whole, "system", [document()])
    assert caught.value.kind is FailureKind.UNREACHABLE
    assert isolation.ward_of(engine, whole).left_out == {}


def test_a_suspended_rule_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("service.engine.isolation.time.monotonic", lambda: now[0])
    engine = Scripted(lambda asked, _: FailureKind.TIMEOUT if asked in {"system", "rule_try_002"} else None)
    whole = bundles.pair()
    documents = [document(n) for n in range(40)]
    first = judge(engine, whole, "system", documents)
    assert engine.asked.count("rule_try_002") == isolation.DEAR_FAILURES
    assert all(one.verdicts["TRY-002"].error and not one.verdicts["TRY-001"].error for one in first)
    engine.fails = lambda *_: None
    assert judge(engine, whole, "system", documents)[0].verdicts["TRY-002"].error == "timeout: as told"
    now[0] += isolation.SUSPENDED_SECONDS + 1
    assert judge(engine, whole, "system", documents)[0].verdicts["TRY-002"].error is None


def test_what_is_remembered_of_bundles_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "WARDS_KEPT", 2)
    engine = Scripted(lambda *_: None)
    made = [bundles.pair(when=f"input.asset.number == {n}") for n in range(3)]
    first = isolation.ward_of(engine, made[0])
    assert isolation.ward_of(engine, made[0]) is first
    for whole in made[1:]:
        isolation.ward_of(engine, whole)
    assert isolation.ward_of(engine, made[0]) is not first
