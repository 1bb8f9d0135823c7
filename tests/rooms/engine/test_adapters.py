"""What holds for every engine: the two adapters, side by side, on the same bundles."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.engine import entry
from service.engine.judge import judge
from service.engine.protocol import Bundle, Engine, EngineFailure, FailureKind, Finding, Module, RawVerdict
from tests.rooms.engine import bundles
from tests.rooms.engine.bundles import document

BAD = Finding("system:s0", "bad!", ("system:s0",))
VAGUE = Finding("vague", "who knows", (), "vendor:x", "US")


def only(engine: Engine, **asset: Any) -> RawVerdict:
    whole = bundles.bundle(bundles.healthy())
    return judge(engine, whole, "system", [document(**asset)])[0].verdicts["TRY-001"]


def test_every_kind_of_answer_means_the_same(each_engine: Engine) -> None:
    assert only(each_engine) == RawVerdict(applies=True, violations=(BAD,))
    assert only(each_engine, bad=False) == RawVerdict(applies=True)
    assert only(each_engine, bad=False, vague=True) == RawVerdict(applies=True, unknowns=(VAGUE,))
    assert only(each_engine, vague=True) == RawVerdict(applies=True, violations=(BAD,), unknowns=(VAGUE,))
    assert only(each_engine, kind="vendor") == RawVerdict(applies=False)


def test_answers_come_in_the_order_of_the_documents(each_engine: Engine) -> None:
    documents = [document(number, bad=number % 3 == 0) for number in range(100)]
    judged = judge(each_engine, bundles.pair(), "system", documents)
    assert [len(one.verdicts["TRY-001"].violations) for one in judged] == [int(n % 3 == 0) for n in range(100)]
    assert judged[99].verdicts["TRY-002"].violations[0].subject == "system:s99"


def test_no_documents_and_no_rules_are_no_question(each_engine: Engine) -> None:
    assert judge(each_engine, bundles.pair(), "system", []) == []
    assert judge(each_engine, bundles.pair(), "gpu_host", [document()])[0].verdicts == {}


@pytest.mark.parametrize(
    "expression",
    [
        'to_number("x") == 1',
        "1 / (input.asset.number * 0) == 1",
        "lower(input.asset.number) == input.asset.ref",
        "{k: v | some v in [1, 2]; k := input.asset.ref} == {}",
        'time.parse_rfc3339_ns("yesterday") > 0',
        "two == 1",
        "not to_number(input.asset.ref)",
        'json.unmarshal("{") == {}',
        "regex.match(input.asset.open, input.asset.ref)",
    ],
)
def test_a_builtin_that_fails_is_an_error_and_never_silence(each_engine: Engine, expression: str) -> None:
    extra = "\ntwo := 1 if input.asset.bad\n\ntwo := 2 if input.asset.bad\n"
    whole = bundles.pair(when=expression, extra=extra)
    judged = judge(each_engine, whole, "system", [document(open="[")])[0].verdicts
    assert judged["TRY-002"].error is not None
    assert judged["TRY-002"].error.startswith("evaluation: ")
    assert judged["TRY-001"] == RawVerdict(applies=True, violations=(BAD,))


def test_one_document_at_fault_costs_no_other_its_verdict(each_engine: Engine) -> None:
    whole = bundles.pair(when="to_number(input.asset.count) > 3")
    documents = [document(n, count="x" if n in {7, 60} else str(n)) for n in range(80)]
    for _ in range(2):  # the second time the rule is a suspect, and asked apart from the start
        judged = judge(each_engine, whole, "system", documents)
        assert [n for n, one in enumerate(judged) if one.verdicts["TRY-002"].error] == [7, 60]
        assert all(len(one.verdicts["TRY-001"].violations) == 1 for one in judged)
        assert len(judged[61].verdicts["TRY-002"].violations) == 1
        assert not judged[2].verdicts["TRY-002"].violations


def test_a_finding_without_a_subject_is_that_rules_error_on_that_document(each_engine: Engine) -> None:
    extra = '\nviolation contains {"message": "no subject"} if input.asset.number == 1\n'
    judged = judge(
        each_engine, bundles.pair(when="input.asset.never", extra=extra), "system", [document(0), document(1)]
    )
    assert judged[0].verdicts["TRY-002"] == RawVerdict(applies=True)
    assert "`subject` is no text" in (judged[1].verdicts["TRY-002"].error or "")


@pytest.mark.parametrize(
    ("when", "extra"),
    [
        ("nobody(1)", ""),
        ("speech.nobody(1)", ""),
        ("undefined_variable == 1", ""),
        ("input.asset.bad ==", ""),
        ("input.asset.bad", "\nimport data.allod.rules\n"),
        ("[" * 100_000 + "]" * 100_000 + " == 1", ""),
    ],
)
def test_a_rule_that_does_not_compile_is_an_error_and_the_other_is_judged(
    each_engine: Engine, when: str, extra: str
) -> None:
    for _ in range(2):
        judged = judge(each_engine, bundles.pair(when=when, extra=extra), "system", [document()])[0].verdicts
        assert judged["TRY-001"] == RawVerdict(applies=True, violations=(BAD,))
        assert judged["TRY-002"].error is not None
        assert judged["TRY-002"].violations == ()


def test_a_broken_library_fails_the_rules_that_rest_on_it(each_engine: Engine) -> None:
    whole = bundles.rewritten(bundles.bundle(bundles.healthy()), "sprintf(", "spritnf(")
    verdict = judge(each_engine, whole, "system", [document()])[0].verdicts["TRY-001"]
    assert verdict.error is not None
    assert verdict.error.startswith("refused: lib/speech/speech.rego:3: call of spritnf")


def test_a_document_that_no_engine_can_read_is_an_error_of_every_rule_on_it(each_engine: Engine) -> None:
    deep: object = None
    for _ in range(100_000):
        deep = [deep]
    try:
        judged = judge(each_engine, bundles.pair(), "system", [document(0), document(1, deep=deep), document(2)])
    finally:
        while isinstance(deep, list):  # or freeing it would need as many frames
            deep = deep.pop()
    assert all(verdict.error for verdict in judged[1].verdicts.values())
    assert len(judged[1].verdicts) == 2
    assert [len(one.verdicts["TRY-001"].violations) for one in judged] == [1, 0, 1]


def test_a_single_unreadable_document_is_an_error_too(each_engine: Engine) -> None:
    judged = judge(each_engine, bundles.pair(), "system", [document(odd={1, 2})])
    assert all("evaluation" in (verdict.error or "") for verdict in judged[0].verdicts.values())


def test_a_bundle_that_was_never_activated_is_not_asked(each_engine: Engine) -> None:
    with pytest.raises(EngineFailure) as caught:
        each_engine.query("0" * 64, "system", [document()])
    assert caught.value.kind is FailureKind.REVISION


def test_an_entry_that_the_bundle_has_not_is_no_answer(each_engine: Engine) -> None:
    whole = bundles.pair()
    each_engine.activate(whole)
    with pytest.raises(EngineFailure) as caught:
        each_engine.query(whole.digest, "vendor", [document()])
    assert caught.value.kind is FailureKind.REVISION


def test_many_threads_each_get_their_own_answers(each_engine: Engine) -> None:
    whole = bundles.pair()

    def ask(number: int) -> str:
        return judge(each_engine, whole, "system", [document(number)])[0].verdicts["TRY-001"].violations[0].subject

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(60))) == [f"system:s{n}" for n in range(60)]


def test_who_asks_while_bundles_are_activated_never_sees_a_mix(each_engine: Engine) -> None:
    """Every rule of bundle n says n: an answer in which two numbers meet would come from half a pack."""

    def made(n: int) -> Bundle:
        rules = []
        for number in range(4):
            rule, module = bundles.rule(f"TRY-{number}", f"r{number}")
            text = module.text.replace('speech.say("bad")', f'speech.say("bundle {n}")')
            rules.append((rule, Module(module.path, text)))
        return bundles.bundle(*rules)

    current = made(0)
    done = threading.Event()
    mixed: list[set[str]] = []
    asked = 0

    def activate() -> None:
        nonlocal current
        for n in range(1, 4):
            following = made(n)
            each_engine.activate(following)
            current = following
        done.set()

    each_engine.activate(current)
    activating = threading.Thread(target=activate)
    activating.start()
    while not done.is_set() or asked < 10:
        verdicts = judge(each_engine, current, "system", [document()])[0].verdicts
        said = {finding.message for verdict in verdicts.values() for finding in verdict.violations}
        asked += 1
        if len(said) != 1 or len(verdicts) != 4:
            mixed.append(said)
    activating.join()
    assert mixed == []
    assert asked >= 10


def test_the_name_says_engine_and_version(each_engine: Engine) -> None:
    each_engine.activate(bundles.pair())
    name, _, version = each_engine.name.partition(" ")
    assert name in {"regorus", "opa"}
    assert version.count(".") == 2


def test_a_rule_alone_can_be_asked(each_engine: Engine) -> None:
    whole = bundles.pair()
    each_engine.activate(whole)
    reports = each_engine.query(whole.digest, entry.for_rule("TRY-002"), [document()])
    assert entry.read_report([whole.rules[1]], reports[0])["TRY-002"].violations == (BAD,)
