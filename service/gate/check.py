"""The check: a candidate judged on the live inventory, and the decision kept with all it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from service.evaluation import record
from service.foundation import canonical, clock
from service.foundation.actor import Actor
from service.gate.decided import answer_of
from service.gate.judging import Asked, Judged, answered, judge
from service.gate.laying import Candidate
from service.gate.world import StoredWorld
from service.inventory.views import WorkspaceView
from service.packs.assignment import Assignment
from service.pipeline import Ground


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: may these ship into this workspace, as things stand on `as_of`, at this enforcement point?"""

    workspace: WorkspaceView
    candidates: Sequence[Candidate]
    as_of: date
    point: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A decision that is kept, and the whole answer, as `decided.answer_of` gives it."""

    kept: record.KeptDecision
    decision: dict[str, Any]


def check(session: Session, ground: Ground, question: Question, actor: Actor) -> Checked:
    """The answer, kept if the session is committed.

    Raises:
        Unavailable: the engine gave no answer; nothing may ship on that.
    """
    workspace = question.workspace
    asked = Asked(question.candidates, question.as_of, clock.now(), question.point)
    judged = judge(StoredWorld(session, ground, workspace), ground.engine, asked)
    kept = _keep(session, ground, question, judged, actor)
    said = answer_of(judged, asked, workspace=workspace.name, engine=ground.engine.name)
    return Checked(kept, {**said, "id": str(kept.id)})


def _keep(session: Session, ground: Ground, question: Question, judged: Judged, actor: Actor) -> record.KeptDecision:
    bundle = judged.assignment.bundle
    outcomes = record.outcomes_of(judged.decisions)
    kept = record.Answer(
        actor=str(actor),
        enforcement_point=question.point,
        as_of=question.as_of,
        bundle_digest=bundle.digest,
        inputs=[{"asset": one.ref, "digest": one.digest} for one in judged.prepared],
        engine=ground.engine.name,
        verdict=judged.verdict.word.value,
        reasons=[reason.as_dict() for reason in judged.verdict.reasons],
        outcomes=outcomes,
        digest=canonical.digest(outcomes),
    )
    return record.keep_answer(session, question.workspace.id, bundle, judged.prepared, kept)


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision made again: `differences` lists the refs whose outcomes came out otherwise."""

    identical: bool
    engine: str
    digest: str
    differences: list[str]


def replay(session: Session, ground: Ground, given: record.Answer) -> Replay:
    """Judges the kept documents by the kept rules once more.

    Raises:
        Unavailable: the engine gave no answer.
        NotFound: a document or the rules are no longer kept.
    """
    bundle = record.kept_bundle(session, given.bundle_digest)
    prepared = [record.kept_input(session, one["digest"]) for one in given.inputs]
    outcomes = record.outcomes_of(answered(ground.engine, Assignment.of_bundle(bundle), prepared))
    differences = sorted(
        ref for ref in outcomes.keys() | given.outcomes.keys() if outcomes.get(ref) != given.outcomes.get(ref)
    )
    return Replay(not differences, ground.engine.name, canonical.digest(outcomes), differences)
