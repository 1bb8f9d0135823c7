"""From outcomes to one word."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.evaluation.decision import DecidedFinding, Outcome, RuleOutcome
from service.gate.verdict import Effect, Enforcement, Waived, Word, weigh
from service.inventory.facts import Grade

STRICT = {Outcome.VIOLATION: "block", Outcome.UNKNOWN: "block"}


def decided(outcome: Outcome, *findings: Outcome, rule: str = "RES-001", severity: str = "high") -> RuleOutcome:
    return RuleOutcome(
        rule=rule,
        pack="eu-data-residency",
        theme="residency",
        severity=severity,
        outcome=outcome,
        findings=tuple(
            DecidedFinding(one, f"subject-{n}", f"message {n}", ("system:a", "cloud_region:b"))
            for n, one in enumerate(findings)
        ),
        grade=Grade.DECLARED,
        remedy="Move it.",
        controls=(),
    )


def enforcing(violation: str, unknown: str):  # type: ignore[no-untyped-def]  # a lookup, its type is weigh's
    words = {Outcome.VIOLATION: violation, Outcome.UNKNOWN: unknown}
    return lambda _asset, _decided, finding: Effect(words[finding.outcome])


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_good_news_allows_and_gives_no_reasons(outcome: Outcome) -> None:
    verdict = weigh([("system:a", decided(outcome))], enforcing("block", "block"))
    assert (verdict.word, verdict.reasons, verdict.undecided) == (Word.ALLOW, (), False)


@pytest.mark.parametrize(
    ("outcome", "violation", "unknown", "word"),
    [
        (Outcome.VIOLATION, "block", "inform", Word.BLOCK),
        (Outcome.VIOLATION, "warn", "block", Word.WARN),
        (Outcome.VIOLATION, "inform", "block", Word.ALLOW),
        (Outcome.UNKNOWN, "inform", "block", Word.BLOCK),
        (Outcome.UNKNOWN, "block", "warn", Word.WARN),
        (Outcome.UNKNOWN, "block", "inform", Word.ALLOW),
        (Outcome.UNKNOWN, "block", "perhaps", Word.BLOCK),
        (Outcome.VIOLATION, "", "inform", Word.BLOCK),
    ],
)
def test_the_pack_says_what_an_outcome_does_and_a_strange_word_blocks(
    outcome: Outcome, violation: str, unknown: str, word: Word
) -> None:
    verdict = weigh([("system:a", decided(outcome, outcome))], enforcing(violation, unknown))
    assert verdict.word is word
    assert [reason.outcome for reason in verdict.reasons] == [outcome]
    assert not verdict.undecided


def test_an_error_always_blocks_and_nobody_is_asked() -> None:
    verdict = weigh([("system:a", decided(Outcome.ERROR, Outcome.ERROR))], lambda *_: pytest.fail("asked"))
    assert (verdict.word, verdict.undecided) == (Word.BLOCK, True)
    assert verdict.reasons[0].enforcement is Enforcement.BLOCK


def test_an_outcome_without_findings_is_a_reason_all_the_same() -> None:
    for outcome in (Outcome.VIOLATION, Outcome.UNKNOWN, Outcome.ERROR):
        verdict = weigh([("system:a", decided(outcome))], enforcing("block", "block"))
        assert verdict.word is Word.BLOCK
        assert verdict.reasons[0].message
    open_question = weigh([("system:a", decided(Outcome.ERROR, Outcome.UNKNOWN))], enforcing("inform", "inform"))
    assert open_question.undecided


def test_open_questions_beside_a_violation_are_weighed_as_unknown() -> None:
    both = decided(Outcome.VIOLATION, Outcome.VIOLATION, Outcome.UNKNOWN)
    assert weigh([("system:a", both)], enforcing("warn", "block")).word is Word.BLOCK
    assert len(weigh([("system:a", both)], enforcing("warn", "block")).reasons) == 2


def test_the_hardest_and_gravest_reasons_stand_first() -> None:
    outcomes = [
        ("system:b", decided(Outcome.UNKNOWN, Outcome.UNKNOWN, rule="A-1", severity="critical")),
        ("system:a", decided(Outcome.VIOLATION, Outcome.VIOLATION, rule="B-1", severity="low")),
        ("system:a", decided(Outcome.VIOLATION, Outcome.VIOLATION, rule="C-1", severity="critical")),
    ]
    reasons = weigh(outcomes, enforcing("block", "warn")).reasons
    assert [reason.rule for reason in reasons] == ["C-1", "B-1", "A-1"]


def test_a_reason_is_plain_data() -> None:
    effect = Effect("warn", date(2027, 1, 1))
    (reason,) = weigh(
        [("system:a", decided(Outcome.VIOLATION, Outcome.VIOLATION))], lambda *_: effect, {"system:a": "system:a"}
    ).reasons
    assert reason.as_dict() == {
        "rule": "RES-001",
        "pack": "eu-data-residency",
        "outcome": "violation",
        "severity": "high",
        "asset": "system:a",
        "subject": "subject-0",
        "message": "message 0",
        "path": ["system:a", "cloud_region:b"],
        "enforcement": "warn",
        "remedy": "Move it.",
        "via": "system:a",
        "fingerprint": reason.fingerprint,
        "blocks_from": "2027-01-01",
        "waiver": None,
    }


WAIVER = Waived("w", "until the move", "actor:two", "2027-01-01T00:00:00+00:00")


def test_what_is_waived_is_told_and_changes_nothing() -> None:
    verdict = weigh(
        [("system:a", decided(Outcome.VIOLATION, Outcome.VIOLATION))],
        lambda *_: Effect("block", date(2027, 1, 1), WAIVER),
    )
    (reason,) = verdict.reasons
    assert (verdict.word, reason.enforcement, reason.waiver) == (Word.ALLOW, Enforcement.INFORM, WAIVER)
    assert reason.blocks_from is None


def test_nobody_can_waive_an_error() -> None:
    verdict = weigh([("system:a", decided(Outcome.ERROR, Outcome.ERROR))], lambda *_: Effect("inform", None, WAIVER))
    assert (verdict.word, verdict.undecided, verdict.reasons[0].waiver) == (Word.BLOCK, True, None)


def test_a_reason_names_the_candidate_it_is_told_for() -> None:
    outcomes = [("system:old", decided(Outcome.VIOLATION, Outcome.VIOLATION))]
    lookups: tuple[dict[str, str], ...] = (
        {"system:old": "model:new"},
        {"cloud_region:b": "cloud_region:b"},
        {"cloud_region:b": "system:c"},
        {},
    )
    told = [weigh(outcomes, enforcing("block", "block"), via).reasons[0].via for via in lookups]
    assert told == ["model:new", "cloud_region:b", None, None]


def test_a_complaint_has_one_fingerprint_whatever_is_said_of_it() -> None:
    one, other = decided(Outcome.VIOLATION, Outcome.VIOLATION), decided(Outcome.UNKNOWN, Outcome.UNKNOWN)
    first, second = (weigh([("system:a", each)], enforcing("block", "warn")).reasons[0] for each in (one, other))
    elsewhere = weigh([("system:b", one)], enforcing("block", "warn")).reasons[0]
    assert first.fingerprint == second.fingerprint != elsewhere.fingerprint


OUTCOMES = st.builds(
    lambda outcome, findings, rule, severity: decided(outcome, *findings, rule=rule, severity=severity),
    st.sampled_from(Outcome),
    st.lists(st.sampled_from([Outcome.VIOLATION, Outcome.UNKNOWN, Outcome.ERROR]), max_size=3),
    st.sampled_from(["A-1", "A-2"]),
    st.sampled_from(["critical", "low", "unheard-of"]),
)
ASSETS = st.sampled_from(["system:a", "model:b"])
WORDS = st.sampled_from(["block", "warn", "inform"])


@given(st.lists(st.tuples(ASSETS, OUTCOMES), max_size=4), WORDS, WORDS)
def test_order_and_repetition_change_nothing_and_what_is_not_allowed_says_why(
    outcomes: list[tuple[str, RuleOutcome]], violation: str, unknown: str
) -> None:
    verdict = weigh(outcomes, enforcing(violation, unknown))
    assert weigh([*reversed(outcomes), *outcomes], enforcing(violation, unknown)) == verdict
    enforcements = {reason.enforcement for reason in verdict.reasons}
    assert (verdict.word is Word.BLOCK) == (Enforcement.BLOCK in enforcements)
    if verdict.undecided or any(one.outcome is Outcome.ERROR for _, one in outcomes):
        assert verdict.word is Word.BLOCK
    for first, second in itertools.pairwise(verdict.reasons):
        assert first.order() < second.order()
