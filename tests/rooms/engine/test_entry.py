"""Entry points: what they ask, and how their answers are read."""

import pytest

from service.engine import entry
from service.engine.protocol import Bundle, EngineFailure, FailureKind, Finding, Module, RawVerdict, RuleEntry
from tests.rooms.engine import bundles

RULES = [RuleEntry("A-1", "allod.rules.a.b", ("system",))]


def refused(bundle: Bundle) -> str:
    with pytest.raises(EngineFailure) as caught:
        entry.prepare(bundle)
    assert caught.value.kind is FailureKind.REFUSED
    return caught.value.message


def test_each_kind_names_its_own_rules_in_order_of_id() -> None:
    both = bundles.rule("B-2", "second", kinds=("system", "model"))
    first = bundles.rule("A-1", "first")
    whole = bundles.bundle(both, first)
    assert [rule.id for rule in entry.rules_for(whole, "system")] == ["A-1", "B-2"]
    assert [rule.id for rule in entry.rules_for(whole, "model")] == ["B-2"]
    text = entry.prepare(whole).modules[-1].text
    model = text.split("model.verdicts := [")[1].split("answer")[0]
    assert "second" in model
    assert "first" not in model


def test_the_revision_stands_on_every_module() -> None:
    whole = bundles.bundle(bundles.healthy())
    prepared = entry.prepare(whole)
    assert all("allod_module := true" in module.text for module in prepared.modules[:-1])
    last = prepared.modules[-1].text
    assert f'revision := "{whole.digest}" if {{' in last
    assert "data.allod.lib.speech.allod_module" in last
    assert "data.allod.rules.trial.healthy.allod_module" in last


def test_a_rule_whose_package_nobody_declares_is_refused() -> None:
    rule, module = bundles.healthy()
    assert "0 modules declare package" in refused(Bundle((bundles.LIBRARY,), (rule,)))
    twice = Module("rules/other.rego", module.text)
    assert "2 modules declare package" in refused(Bundle((bundles.LIBRARY, module, twice), (rule,)))


@pytest.mark.parametrize("question", ["applies", "violation", "unknown"])
def test_a_mistyped_question_is_refused_and_not_taken_for_silence(question: str) -> None:
    whole = bundles.rewritten(bundles.bundle(bundles.healthy()), f"\n{question} ", f"\n{question}s ")
    assert f"does not define {question}" in refused(whole)


def test_what_cannot_be_told_apart_is_refused() -> None:
    assert "same id but for its signs" in refused(bundles.bundle(bundles.rule("A-1", "a"), bundles.rule("A_1", "b")))
    assert "no kind of asset" in refused(bundles.bundle(bundles.rule("A-1", "a", kinds=("probe",))))
    assert "no kind of asset" in refused(bundles.bundle(bundles.rule("A-1", "a", kinds=("rule_x",))))
    assert "no kind of asset" in refused(bundles.bundle(bundles.rule("A-1", "a", kinds=('x"',))))
    assert "the same path" in refused(bundles.bundle(bundles.healthy(), library=(bundles.LIBRARY, bundles.LIBRARY)))


def test_faults_of_modules_are_told_with_their_lines() -> None:
    message = refused(bundles.bundle(bundles.rule("A-1", "a", when="time.now_ns() > 1")))
    assert message == ("rules/trial/a/a.rego:8: call of time.now_ns (a built-in of the allow-list, or a function)")


def test_an_answer_of_another_revision_is_no_answer() -> None:
    good = {"revision": "d" * 64, "reports": [[]]}
    assert entry.reports_in(good, "d" * 64, 1) == [[]]
    answers: list[object] = [None, [], {}, {"revision": "e" * 64, "reports": [[]]}]
    for answer in answers:
        with pytest.raises(EngineFailure) as caught:
            entry.reports_in(answer, "d" * 64, 1)
        assert caught.value.kind is FailureKind.REVISION


@pytest.mark.parametrize("reports", [None, [], [[], []]])
def test_a_report_too_few_or_too_many_is_no_answer(reports: object) -> None:
    with pytest.raises(EngineFailure) as caught:
        entry.reports_in({"revision": "d", "reports": reports}, "d", 1)
    assert caught.value.kind is FailureKind.EVALUATION


def verdict(*report: object) -> RawVerdict:
    return entry.read_report(RULES, list(report))["A-1"]


def test_applies_undefined_and_false_are_not_applicable() -> None:
    assert verdict([], []) == RawVerdict(applies=False)
    assert verdict([False], []) == RawVerdict(applies=False)


def test_findings_are_read() -> None:
    whole = {"subject": "s", "message": "m", "path": ["a", "b"], "vendor": "vendor:v", "jurisdiction": "US"}
    read = verdict([True], [[[whole], [{"subject": "u", "message": "n"}]]])
    assert read.violations == (Finding("s", "m", ("a", "b"), "vendor:v", "US"),)
    assert read.unknowns == (Finding("u", "n"),)
    assert read.error is None


@pytest.mark.parametrize(
    ("report", "says"),
    [
        ((["yes"], [[[], []]]), "neither true nor false"),
        (([True], []), "undefined"),
        (([True], [[True, []]]), "must be sets"),
        (([True], [[[], {"a": 1}]]), "must be sets"),
        (([True], [[["text"], []]]), "no object"),
        (([True], [[[{"message": "m"}], []]]), "`subject` is no text"),
        (([True], [[[{"subject": "", "message": "m"}], []]]), "`subject` is no text"),
        (([True], [[[{"subject": "s", "message": 1}], []]]), "`message` is no text"),
        (([True], [[[{"subject": "s", "message": "%!s(int=1)"}], []]]), "sprintf"),
        (([True], [[[{"subject": "s", "message": "m", "path": "a"}], []]]), "`path` is no list"),
        (([True], [[[{"subject": "s", "message": "m", "path": [1]}], []]]), "`path` is no list"),
        (([True], [[[{"subject": "s", "message": "m", "vendor": 3}], []]]), "`vendor` is no text"),
        (([True], [[[{"subject": "s", "message": "m", "vendr": "v"}], []]]), "no `vendr`"),
        ((), "malformed"),
    ],
)
def test_whatever_is_malformed_is_an_error_of_the_rule(report: tuple[object, ...], says: str) -> None:
    read = verdict(*report)
    assert read.error is not None
    assert says in read.error
    assert read.violations == ()
    assert entry.read_report(RULES, "text")["A-1"].error is not None
