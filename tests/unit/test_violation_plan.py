"""What a decision changes: above all, what never closes a violation."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.evaluation.decision import RULE_ITSELF, DecidedFinding, Decision, Outcome, RuleOutcome
from service.inventory.facts import Grade
from service.violations.lifecycle import MOVES, Event, Reason, Status, move
from service.violations.plan import Known, Plan, fingerprint, plan, plan_deleted

WORKSPACE = UUID(int=1)
REF = "system:desk"


def found(subject: str, outcome: Outcome = Outcome.VIOLATION, message: str = "m") -> DecidedFinding:
    return DecidedFinding(outcome, subject, message, (REF, subject))


def says(
    *findings: DecidedFinding,
    outcome: Outcome | None = None,
    rule: str = "RES-001",
    pack: str = "eu",
    remedy: str = "r",
) -> RuleOutcome:
    if outcome is None:
        outcome = min((f.outcome for f in findings), key=[Outcome.VIOLATION, Outcome.UNKNOWN, Outcome.ERROR].index)
    return RuleOutcome(rule, pack, "residency", "high", outcome, findings, Grade.DECLARED, remedy, ())


def decided(*outcomes: RuleOutcome) -> Decision:
    return Decision(REF, "i", "b", outcomes)


def carried_out(known: Sequence[Known], made: Plan) -> list[Known]:
    """The rows after a plan, as `reconcile` would leave them."""
    rows = {row.id: row for row in known}
    for complaint in made.open:
        row_id = uuid4()
        rows[row_id] = Known(row_id, move(None, Event.OPENED), complaint)
    for update in (*made.update, *made.reopen):
        status = move(update.known.status, update.event or Event.CHANGED)
        rows[update.known.id] = Known(update.known.id, status, update.complaint)
    for over in made.resolve:
        rows[over.known.id] = replace(over.known, status=move(over.known.status, Event.RESOLVED))
    return list(rows.values())


def after(*decisions: Decision) -> list[Known]:
    rows: list[Known] = []
    for decision in decisions:
        rows = carried_out(rows, plan(WORKSPACE, rows, decision))
    return rows


def standing(rows: Sequence[Known]) -> dict[str, str]:
    """Open rows: subject to outcome."""
    return {row.complaint.subject: str(row.complaint.outcome) for row in rows if row.status is Status.OPEN}


subjects = st.sampled_from(["a", "b", "c"])


@st.composite
def rule_outcomes(draw: st.DrawFn, rule: str) -> RuleOutcome:
    outcome = draw(st.sampled_from(list(Outcome)))
    questions = draw(st.sets(subjects))
    if outcome is Outcome.ERROR:
        return says(found(RULE_ITSELF, Outcome.ERROR), rule=rule)
    if outcome is Outcome.VIOLATION:
        wrong = draw(st.sets(subjects, min_size=1))
        findings = [found(s, message=draw(st.sampled_from("xy"))) for s in sorted(wrong)]
        return says(*findings, *(found(s, Outcome.UNKNOWN) for s in sorted(questions - wrong)), rule=rule)
    if outcome is Outcome.UNKNOWN:
        return says(*(found(s, Outcome.UNKNOWN) for s in sorted(questions | {"a"})), rule=rule)
    return says(outcome=outcome, rule=rule)


decisions = st.builds(decided, rule_outcomes("RES-001"), rule_outcomes("RES-002"))


@given(st.lists(decisions, min_size=1, max_size=5))
def test_a_violation_is_closed_only_by_a_rule_that_ran_on_complete_evidence(history: list[Decision]) -> None:
    rows = after(*history[:-1])
    last = {outcome.rule: outcome for outcome in history[-1].outcomes}
    for over in plan(WORKSPACE, rows, history[-1]).resolve:
        outcome = last[over.known.complaint.rule]
        assert outcome.outcome is not Outcome.ERROR
        if over.known.complaint.outcome == Outcome.VIOLATION:
            assert outcome.outcome is not Outcome.UNKNOWN
            assert all(finding.outcome is Outcome.VIOLATION for finding in outcome.findings)


@given(st.lists(decisions, min_size=1, max_size=5), st.lists(decisions, max_size=5))
def test_no_number_of_unknowns_and_errors_closes_a_violation(history: list[Decision], doubtful: list[Decision]) -> None:
    rows = after(*history)
    violated = {row.id for row in rows if row.status is Status.OPEN and row.complaint.outcome == Outcome.VIOLATION}
    for decision in doubtful:
        kept = (o for o in decision.outcomes if o.outcome in {Outcome.UNKNOWN, Outcome.ERROR})
        by_rule = {o.rule: o for o in kept}
        fill = says(found("a", Outcome.UNKNOWN))
        both = [by_rule.get(rule, replace(fill, rule=rule)) for rule in ("RES-001", "RES-002")]
        rows = carried_out(rows, plan(WORKSPACE, rows, decided(*both)))
    still = {row.id for row in rows if row.status is Status.OPEN and row.complaint.outcome == Outcome.VIOLATION}
    assert violated <= still


@given(st.lists(decisions, min_size=1, max_size=5))
def test_the_same_decision_again_changes_nothing(history: list[Decision]) -> None:
    again = plan(WORKSPACE, after(*history), history[-1])
    assert (again.open, again.update, again.reopen, again.resolve) == ((), (), (), ())


@given(st.lists(decisions, min_size=1, max_size=5))
def test_everything_found_is_open_afterwards(history: list[Decision]) -> None:
    open_now = {row.complaint.fingerprint for row in after(*history) if row.status is Status.OPEN}
    for outcome in history[-1].outcomes:
        for finding in outcome.findings:
            assert fingerprint(WORKSPACE, REF, outcome.rule, outcome.pack, finding.subject) in open_now


@given(st.lists(decisions, min_size=1, max_size=5))
def test_a_pass_closes_all_that_is_open(history: list[Decision]) -> None:
    clean = decided(says(outcome=Outcome.PASS), says(outcome=Outcome.NOT_APPLICABLE, rule="RES-002"))
    assert standing(after(*history, clean)) == {}


def test_a_finding_that_is_gone_is_resolved_when_the_rule_found_only_others() -> None:
    rows = after(decided(says(found("a"), found("b"))))
    (over,) = plan(WORKSPACE, rows, decided(says(found("b")))).resolve
    assert (over.known.complaint.subject, over.reason) == ("a", Reason.NO_LONGER_FOUND)


def test_a_finding_that_is_gone_stays_open_while_the_rule_has_open_questions() -> None:
    rows = after(decided(says(found("a"))), decided(says(found("b"), found("c", Outcome.UNKNOWN))))
    assert standing(rows) == {"a": "violation", "b": "violation", "c": "unknown"}


def test_a_question_that_no_longer_stands_is_answered() -> None:
    rows = after(decided(says(found("a", Outcome.UNKNOWN))))
    (over,) = plan(WORKSPACE, rows, decided(says(found("b", Outcome.UNKNOWN)))).resolve
    assert over.reason is Reason.ANSWERED


def test_a_question_that_is_answered_badly_is_the_same_row_changed() -> None:
    rows = after(decided(says(found("a", Outcome.UNKNOWN))))
    (update,) = plan(WORKSPACE, rows, decided(says(found("a")))).update
    assert update.event is Event.CHANGED
    assert update.detail["outcome"] == ["unknown", "violation"]


def test_a_violation_that_can_no_longer_be_shown_stays_a_violation() -> None:
    doubt = decided(says(found("a", Outcome.UNKNOWN)))
    other = decided(says(found("b", Outcome.UNKNOWN)))
    assert standing(after(decided(says(found("a"))), doubt, other)) == {"a": "violation", "b": "unknown"}


def test_an_error_is_a_row_of_its_own_and_ends_when_the_rule_runs_again() -> None:
    broken = decided(says(found(RULE_ITSELF, Outcome.ERROR)))
    rows = after(decided(says(found("a"))), broken)
    assert standing(rows) == {"a": "violation", RULE_ITSELF: "error"}
    (over,) = plan(WORKSPACE, rows, decided(says(found("a")))).resolve
    assert (over.known.complaint.subject, over.reason) == (RULE_ITSELF, Reason.ANSWERED)


def test_a_violation_that_comes_back_is_reopened_with_its_name() -> None:
    rows = after(decided(says(found("a"))), decided(says(outcome=Outcome.PASS)))
    (update,) = plan(WORKSPACE, rows, decided(says(found("a")))).reopen
    assert update.known.id == rows[0].id


@pytest.mark.parametrize("left", [(), (says(found("a"), pack="us"),)])
def test_what_a_rule_out_of_force_found_is_resolved_as_retired(left: tuple[RuleOutcome, ...]) -> None:
    rows = after(decided(says(found("a"))))
    assert [over.reason for over in plan(WORKSPACE, rows, decided(*left)).resolve] == [Reason.RULE_RETIRED]


def test_new_words_of_a_rule_are_written_and_are_no_event() -> None:
    rows = after(decided(says(found("a"))))
    (update,) = plan(WORKSPACE, rows, decided(says(found("a"), remedy="Move it to the EU."))).update
    assert (update.event, update.detail) == (None, {})


def test_deletion_of_the_asset_resolves_what_is_open_and_nothing_else() -> None:
    rows = after(decided(says(found("a"), found("b"))), decided(says(found("a"))))
    (over,) = plan_deleted(rows).resolve
    assert (over.known.complaint.subject, over.reason) == ("a", Reason.ASSET_DELETED)


def test_the_fingerprint_knows_workspace_asset_rule_pack_and_subject_alone() -> None:
    same = {"workspace_id": WORKSPACE, "asset_ref": REF, "rule": "RES-001", "pack": "eu", "subject": "a"}
    other = {"workspace_id": UUID(int=2), "asset_ref": "system:x", "rule": "RES-002", "pack": "us", "subject": "b"}
    marks = {fingerprint(**{**same, name: value}) for name, value in other.items()}  # type: ignore[arg-type]
    assert len(marks | {fingerprint(**same)}) == 6  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [None, *Status])
@pytest.mark.parametrize("event", list(Event))
def test_a_move_that_the_table_lacks_is_refused(status: Status | None, event: Event) -> None:
    if (status, event) in MOVES:
        assert move(status, event) is MOVES[status, event]
    else:
        with pytest.raises(ValueError, match="cannot be"):
            move(status, event)
