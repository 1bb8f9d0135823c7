"""The two candidates at the gate, over the example estate."""

from service.foundation.actor import SCHEDULER
from service.foundation.settings import EXAMPLE
from service.gate import candidate, check
from service.pipeline import Ground
from tests.rooms.example.conftest import DAY, Judged


def ask(ground: Ground, estate: Judged, name: str) -> tuple[str, set[tuple[str, str]]]:
    candidates = candidate.read((EXAMPLE / "candidates" / f"{name}.yaml").read_bytes(), "default").candidates
    question = check.Question(estate.workspace, candidates, DAY, "ci")
    decision = check.check(estate.session, ground, question, SCHEDULER).kept.answer
    return decision.verdict, {(reason["rule"], reason["outcome"]) for reason in decision.reasons}


def test_one_may_ship(ground: Ground, estate: Judged) -> None:
    assert ask(ground, estate, "allowed") == ("allow", set())


def test_one_may_not_for_three_different_reasons(ground: Ground, estate: Judged) -> None:
    verdict, reasons = ask(ground, estate, "blocked")
    assert verdict == "block"
    assert {("RES-001", "violation"), ("LIC-002", "violation"), ("VEN-003", "violation")} <= reasons
