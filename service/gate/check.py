"""The check: candidates are laid over the live inventory and judged with all they reach; only the decision is kept.

Judged are the candidates, every registered asset that they reach, and what rests on a candidate that is there already and
would change. Of these last only what the change would newly break counts: a deployment does not answer for old faults of
others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from service.engine.protocol import EngineFailure
from service.evaluation import record
from service.evaluation.decision import Decision, RuleOutcome
from service.evaluation.evaluator import evaluate
from service.evaluation.gather import prepare
from service.evaluation.prepared import Prepared
from service.evaluation.standing import standing
from service.foundation import canonical
from service.foundation.actor import Actor
from service.foundation.errors import Unavailable
from service.gate.verdict import Verdict, weigh
from service.inventory import graph
from service.inventory.facts import Observation
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.views import Slice, WorkspaceView
from service.packs.queries import in_force
from service.packs.source import Assignment
from service.pipeline import Ground
from service.violations.plan import fingerprint
from service.violations.standing import open_fingerprints

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: may these ship into this workspace, as things stand on `as_of`, at this enforcement point?"""

    workspace: WorkspaceView
    candidates: Sequence[Observation]
    as_of: date
    point: str


def check(session: Session, ground: Ground, question: Question, actor: Actor) -> record.KeptDecision:
    """The answer, kept with all it was made from.

    Raises:
        Unavailable: the engine gave no answer; nothing may ship on that.
    """
    workspace = question.workspace
    overlay = Overlay(question.candidates)
    catalogue = Catalogue.load(session, workspace.id)
    assignment = in_force(session, ground.library, workspace.id)
    part = Slice(workspace.name)
    graph.add_above(session, workspace.id, part, (), catalogue, overlay)
    refs = sorted(overlay.assets.keys() | graph.reached_assets(part, overlay))
    dependents = sorted(graph.resting_on(session, workspace, overlay) - set(refs))
    if dependents:
        graph.add_above(session, workspace.id, part, dependents, catalogue, overlay)
    graph.add_below(session, workspace.id, part, refs + dependents, overlay)
    prepared: list[Prepared] = []
    decisions: list[Decision] = []
    for batch in _batches(refs + dependents):
        beyond = standing(session, workspace, part, batch, catalogue, question.as_of, overlay)
        documents = prepare(part, batch, catalogue.on(question.as_of), question.as_of, assignment, beyond)
        prepared += documents
        decisions += _evaluate(ground, assignment, documents)
    verdict = _verdict(session, question, assignment, decisions, set(dependents))
    record.keep_bundle(session, assignment.bundle)
    record.keep_inputs(session, prepared)
    outcomes = record.outcomes_of(decisions)
    answer = record.Answer(
        actor=str(actor),
        enforcement_point=question.point,
        as_of=question.as_of,
        bundle_digest=assignment.bundle.digest,
        inputs=[{"asset": one.ref, "digest": one.digest} for one in prepared],
        engine=ground.engine.name,
        verdict=verdict.word.value,
        reasons=[reason.as_dict() for reason in verdict.reasons],
        outcomes=outcomes,
        digest=canonical.digest(outcomes),
    )
    return record.add_decision(session, workspace.id, answer)


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision made again: `differences` lists the refs whose outcomes came out otherwise."""

    identical: bool
    engine: str
    digest: str
    differences: list[str]


def replay(session: Session, ground: Ground, answer: record.Answer) -> Replay:
    """Judges the kept documents by the kept rules once more.

    Raises:
        Unavailable: the engine gave no answer.
        NotFound: a document or the rules are no longer kept.
    """
    bundle = record.kept_bundle(session, answer.bundle_digest)
    prepared = [record.kept_input(session, one["digest"]) for one in answer.inputs]
    kept = Assignment.of_bundle(bundle)
    outcomes = record.outcomes_of(_evaluate(ground, kept, prepared))
    differences = sorted(
        ref for ref in outcomes.keys() | answer.outcomes.keys() if outcomes.get(ref) != answer.outcomes.get(ref)
    )
    return Replay(not differences, ground.engine.name, canonical.digest(outcomes), differences)


def _evaluate(ground: Ground, assignment: Assignment, prepared: Sequence[Prepared]) -> list[Decision]:
    try:
        return evaluate(ground.engine, assignment.bundle, assignment.rules, prepared)
    except EngineFailure as failure:
        raise Unavailable(f"The policy engine gave no answer ({failure.kind.value}): {failure.message}") from failure


def _verdict(
    session: Session,
    question: Question,
    assignment: Assignment,
    decisions: Sequence[Decision],
    dependents: set[str],
) -> Verdict:
    known = open_fingerprints(session, question.workspace.id, dependents)
    outcomes: list[tuple[str, RuleOutcome]] = []
    for decision in decisions:
        for outcome in decision.outcomes:
            if decision.asset_ref not in dependents:
                outcomes.append((decision.asset_ref, outcome))
            elif (new := _only_new(question.workspace, decision.asset_ref, outcome, known)).findings:
                outcomes.append((decision.asset_ref, new))
    return weigh(outcomes, lambda pack, outcome: assignment.enforcement(pack, question.point, outcome, question.as_of))


def _only_new(workspace: WorkspaceView, ref: str, outcome: RuleOutcome, known: set[str]) -> RuleOutcome:
    new = tuple(
        finding
        for finding in outcome.findings
        if fingerprint(workspace.id, ref, outcome.rule, outcome.pack, finding.subject) not in known
    )
    return replace(outcome, findings=new)


def _batches(refs: Sequence[str]) -> list[list[str]]:
    return [list(refs[start : start + _BATCH]) for start in range(0, len(refs), _BATCH)]
