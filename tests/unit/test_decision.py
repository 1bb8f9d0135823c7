"""From raw verdicts to outcomes: precedence, one finding for each subject, and the weakest fact's grade."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.protocol import Finding, Judged, RawVerdict
from service.evaluation import grades
from service.evaluation.decision import NO_ANSWER, RULE_ITSELF, Decision, Outcome, RuleOutcome, decide
from service.evaluation.policy_input import PolicyInput
from service.inventory.facts import Grade
from service.packs import metadata


@dataclass(frozen=True)
class SomeRule:
    theme: str = "residency"
    kinds: tuple[str, ...] = ("system",)
    severity: str = "high"
    remedy: str = "Move it."
    controls: tuple[dict[str, str], ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class SomeSlot:
    packs: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"RES-001": ("eu",)})


def document(**sections: Any) -> PolicyInput:
    body: dict[str, Any] = {
        "version": 1,
        "as_of": "2026-11-23",
        "workspace": "default",
        "asset": {
            "ref": "system:desk",
            "kind": "system",
            "name": "desk",
            "title": None,
            "labels": {},
            "attributes": {},
            "evidence": {},
        },
        "data": {"classes": [], "undeclared": []},
        "places": [],
        "control": [],
        "licences": [],
        "weights": [],
        "consumers": {"total": 0, "commercial": 0, "undeclared": 0, "nearest": []},
        "dangling": [],
        "parameters": {},
    }
    return cast("PolicyInput", {**body, **sections})


def one(verdict: RawVerdict | None, reads: Sequence[str] = (), **sections: Any) -> RuleOutcome:
    judged = Judged({"RES-001": verdict} if verdict else {})
    (decided,) = decide(document(**sections), judged, SomeSlot(), {"RES-001": SomeRule(reads=tuple(reads))})
    return decided


def attributes(values: dict[str, Any], grades: dict[str, str]) -> dict[str, Any]:
    evidence = {
        name: {"grade": grade, "source": "test", "at": "2026-11-23T00:00:00Z"} for name, grade in grades.items()
    }
    return {"asset": {**document()["asset"], "attributes": values, "evidence": evidence}}


findings = st.builds(
    Finding,
    subject=st.sampled_from(["a", "b", "c"]),
    message=st.sampled_from(["x", "y"]),
    path=st.lists(st.sampled_from(["p", "q"]), max_size=2).map(tuple),
)
verdicts = st.builds(
    RawVerdict,
    applies=st.booleans(),
    violations=st.lists(findings, max_size=4).map(tuple),
    unknowns=st.lists(findings, max_size=4).map(tuple),
    error=st.none() | st.just("boom"),
)


@given(verdicts)
def test_a_pass_is_only_what_applied_and_found_nothing(verdict: RawVerdict) -> None:
    decided = one(verdict)
    clean = verdict.applies and verdict.error is None and not verdict.violations and not verdict.unknowns
    assert (decided.outcome is Outcome.PASS) == clean
    assert (decided.outcome is Outcome.ERROR) == (verdict.error is not None)
    if verdict.error is None and verdict.applies and verdict.violations:
        assert decided.outcome is Outcome.VIOLATION


@given(verdicts)
def test_each_subject_is_found_once_and_a_violation_stands_before_a_question(verdict: RawVerdict) -> None:
    decided = one(verdict)
    subjects = [finding.subject for finding in decided.findings]
    assert subjects == sorted(set(subjects))
    if decided.outcome in {Outcome.VIOLATION, Outcome.UNKNOWN}:
        violated = {finding.subject for finding in verdict.violations}
        assert set(subjects) == violated | {finding.subject for finding in verdict.unknowns}
        for finding in decided.findings:
            assert finding.outcome is (Outcome.VIOLATION if finding.subject in violated else Outcome.UNKNOWN)


def test_of_two_findings_on_one_subject_the_shorter_path_is_shown() -> None:
    far, near = Finding("s", "far", ("a", "b", "s")), Finding("s", "near", ("a", "s"))
    assert [finding.message for finding in one(RawVerdict(applies=True, violations=(far, near))).findings] == ["near"]


def test_an_error_is_one_finding_about_the_rule() -> None:
    decided = one(RawVerdict(applies=True, error="out of memory"))
    assert [(f.outcome, f.subject, f.message) for f in decided.findings] == [
        (Outcome.ERROR, RULE_ITSELF, "out of memory")
    ]


@pytest.mark.parametrize(
    "finding",
    [
        Finding("s", "m", jurisdiction="the United States"),
        Finding("s", "m", vendor="v" * 221),
        Finding("s", "nul \0"),
        Finding("s", "m", ("nul \0",)),
    ],
)
def test_a_finding_that_no_column_can_hold_is_an_error_of_its_rule(finding: Finding) -> None:
    assert one(RawVerdict(applies=True, violations=(finding,))).outcome is Outcome.ERROR
    assert one(RawVerdict(applies=True, unknowns=(finding,))).outcome is Outcome.ERROR


def test_a_rule_that_the_engine_left_out_is_an_error_and_not_a_pass() -> None:
    decided = one(None)
    assert decided.outcome is Outcome.ERROR
    assert decided.findings[0].message == NO_ANSWER


def test_a_rule_of_another_kind_is_not_asked() -> None:
    rules = {"RES-001": SomeRule(kinds=("dataset",))}
    assert decide(document(), Judged(), SomeSlot(), rules) == ()


def test_a_rule_bound_by_two_packs_counts_for_both() -> None:
    slot = SomeSlot({"RES-001": ("us", "eu")})
    judged = Judged({"RES-001": RawVerdict(applies=True, violations=(Finding("s", "m", vendor="vendor:x"),))})
    outcomes = decide(document(), judged, slot, {"RES-001": SomeRule()})
    assert [decided.pack for decided in outcomes] == ["eu", "us"]
    decision = Decision("system:desk", "i", "b", outcomes)
    assert decision.counts() == {"violation": 2}
    assert decision.summary() == {
        "RES-001": [{"pack": pack, "outcome": "violation", "grade": "declared", "findings": 1} for pack in ("eu", "us")]
    }
    (first, _) = decision.as_dict()["RES-001"]
    assert first["findings"] == [
        {
            "outcome": "violation",
            "subject": "s",
            "message": "m",
            "path": [],
            "vendor": "vendor:x",
            "jurisdiction": None,
        }
    ]


V, N, D, U = (grade.value for grade in Grade)


@pytest.mark.parametrize(
    ("reads", "sections", "grade"),
    [
        ([], {}, D),
        (["places"], {"places": []}, D),
        (["places"], {"places": [{"grade": V, "status": "known"}]}, V),
        (["places"], {"places": [{"grade": V, "status": "known"}, {"grade": N, "status": "known"}]}, N),
        (["places"], {"places": [{"grade": V, "status": "no_country"}]}, U),
        (["data"], {"data": {"classes": [{"grade": N}], "undeclared": []}}, N),
        (["data"], {"data": {"classes": [{"grade": N}], "undeclared": [["a"]]}}, U),
        (["control"], {"control": [{"status": "complete", "links": [{"grade": V}, {"grade": D}]}]}, D),
        (["control"], {"control": [{"status": "unknown_owner", "links": [{"grade": V}]}]}, U),
        (["licences"], {"licences": [{"grade": N, "status": "resolved"}]}, N),
        (["licences"], {"licences": [{"grade": N, "status": "absent"}]}, U),
        (["weights"], {"weights": [{"grade": V, "status": "known"}]}, V),
        (["subjects"], {"subjects": {"jurisdictions": ["DE"], "undeclared": []}}, D),
        (["subjects"], {"subjects": {"jurisdictions": [], "undeclared": [["a"]]}}, U),
        (["localisation"], {"localisation": [{}]}, N),
        (["seen"], {"seen": [{"grade": V}]}, V),
        (["holders"], {"holders": [{"grade": V, "share": 1}]}, V),
        (["holders"], {"holders": [{"grade": V, "share": None}]}, U),
        (["languages"], {"languages": [{"grade": N, "languages": []}]}, N),
        (["languages"], {"languages": [{"grade": N, "languages": None}]}, U),
        (["accelerators"], {"accelerators": [{"grade": N, "status": "known"}]}, N),
        (["accelerators"], {"accelerators": [{"grade": N, "status": "undeclared"}]}, U),
        (
            ["subprocessors"],
            {"subprocessors": {"chains": [{"status": "complete", "links": [{"grade": V}]}], "undisclosed": []}},
            V,
        ),
        (["subprocessors"], {"subprocessors": {"chains": [], "undisclosed": [["a"]]}}, U),
        (["consumers"], {}, D),
        (["consumers"], {"consumers": {"total": 2, "undeclared": 0}}, D),
        (["consumers"], {"consumers": {"total": 2, "undeclared": 1}}, U),
        (["consumers", "weights"], {"weights": [{"grade": V, "status": "known"}]}, V),
        (["attributes.exit_plan"], {}, U),
        (["attributes.exit_plan"], attributes({"exit_plan": {}}, {}), D),
        (["attributes.exit_plan.tested_on"], attributes({"exit_plan": {}}, {"exit_plan": V}), V),
        (
            ["attributes.commercial", "attributes.languages"],
            attributes({"commercial": True, "languages": ["de"]}, {"commercial": V, "languages": N}),
            N,
        ),
        (["attributes.licence"], {}, D),  # what the kind does not have is not missing
    ],
)
def test_the_grade_is_that_of_the_weakest_fact_read(reads: list[str], sections: dict[str, Any], grade: str) -> None:
    assert one(RawVerdict(applies=True), reads, **sections).grade == grade


def test_the_sections_that_metadata_may_name_are_those_that_have_grades() -> None:
    assert metadata.SECTIONS == grades.SECTIONS


def test_a_section_that_the_input_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no section 'prices'"):
        one(RawVerdict(applies=True), ["prices"])
