"""Judging a candidate in a world: laid over the inventory, evaluated with all that it reaches, weighed into a verdict.

Judged are the candidates, every registered asset that they reach, and what rests on a candidate that is there already and
would change. Of these last only what the change would newly break counts: a deployment does not answer for old faults of
others. Nothing is written.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from service.engine.protocol import Engine, EngineFailure
from service.evaluation.decision import DecidedFinding, Decision, RuleOutcome
from service.evaluation.gather import prepare
from service.evaluation.prepared import Prepared
from service.evaluation.standing import standing
from service.foundation.errors import Unavailable
from service.gate import recall
from service.gate.laying import Candidate, lay
from service.gate.verdict import Effect, Verdict, Waived, weigh
from service.gate.world import Complaint, World
from service.inventory import graph
from service.inventory.overlay import Overlay
from service.inventory.views import Slice
from service.packs.assignment import Assignment

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """May these ship, as things stand on `as_of`, at this enforcement point? `at` is the instant waivers must hold at."""

    candidates: Sequence[Candidate]
    as_of: date
    at: datetime
    point: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict, and all it was made from."""

    verdict: Verdict
    assignment: Assignment
    prepared: list[Prepared]
    decisions: list[Decision]


def judge(world: World, engine: Engine, asked: Asked) -> Judged:
    """The verdict on what is asked.

    Raises:
        Unavailable: the engine gave no answer; nothing may ship on that.
    """
    memory, catalogue, assignment = world.memory, world.catalogue(), world.assignment()
    stored = memory.estate.assets({one.ref for one in asked.candidates})
    parts = {one.ref for one in asked.candidates if one.part_of is not None}
    laid = Overlay(lay(asked.candidates, stored, memory.estate.said(parts), world.connector_of))
    part = Slice(memory.estate.workspace)
    graph.add_above(memory.estate, part, (), catalogue, laid)
    via = {ref: ref for ref in laid.assets} | graph.reached_assets(part, laid)
    refs = sorted(via)
    dependents = sorted(graph.resting_on(memory.estate, laid, stored) - via.keys())
    if dependents:
        graph.add_above(memory.estate, part, dependents, catalogue, laid)
    graph.add_below(memory.estate, part, refs + dependents, laid)
    former = {ref: view.labels for ref, view in stored.items()}
    prepared: list[Prepared] = []
    decisions: list[Decision] = []
    for batch in _batches(refs + dependents):
        beyond = standing(memory, part, batch, catalogue, asked.as_of, laid)
        documents = prepare(part, batch, catalogue.on(asked.as_of), asked.as_of, assignment, beyond, former)
        prepared += documents
        decisions += _decided(engine, assignment, documents, laid.assets.keys())
    verdict = _verdict(world, asked, assignment, decisions, via, frozenset(dependents))
    return Judged(verdict, assignment, prepared, decisions)


def answered(engine: Engine, assignment: Assignment, prepared: Sequence[Prepared]) -> list[Decision]:
    """What the engine decides of these documents now.

    Raises:
        Unavailable: it gave no answer.
    """
    return _decided(engine, assignment, prepared, {one.ref for one in prepared})


def _decided(
    engine: Engine, assignment: Assignment, prepared: Sequence[Prepared], afresh: Collection[str]
) -> list[Decision]:
    try:
        return recall.decisions(engine, assignment, prepared, afresh)
    except EngineFailure as failure:
        raise Unavailable(f"The policy engine gave no answer ({failure.kind.value}): {failure.message}") from failure


def _verdict(
    world: World,
    asked: Asked,
    assignment: Assignment,
    decisions: Sequence[Decision],
    via: Mapping[str, str],
    dependents: frozenset[str],
) -> Verdict:
    known = world.open(dependents) if dependents else set()
    let_pass = world.waivers([decision.asset_ref for decision in decisions])
    outcomes: list[tuple[str, RuleOutcome]] = []
    for decision in decisions:
        for outcome in decision.outcomes:
            if decision.asset_ref not in dependents:
                outcomes.append((decision.asset_ref, outcome))
            elif (new := _only_new(decision.asset_ref, outcome, known)).findings:
                outcomes.append((decision.asset_ref, new))

    def effect(asset: str, decided: RuleOutcome, finding: DecidedFinding) -> Effect:
        word = assignment.enforcement(decided.pack, asked.point, finding.outcome, asked.as_of)
        later = assignment.blocks_from(decided.pack, asked.point, finding.outcome, asked.as_of)
        waiver = let_pass.covering(asset, decided.rule, decided.pack, finding.subject, asked.at, finding.outcome)
        return Effect(word, later, Waived(**waiver.mark()) if waiver else None)

    return weigh(outcomes, effect, via)


def _only_new(ref: str, outcome: RuleOutcome, known: set[Complaint]) -> RuleOutcome:
    new = tuple(
        finding
        for finding in outcome.findings
        if Complaint(ref, outcome.rule, outcome.pack, finding.subject) not in known
    )
    return replace(outcome, findings=new)


def _batches(refs: Sequence[str]) -> list[list[str]]:
    return [list(refs[start : start + _BATCH]) for start in range(0, len(refs), _BATCH)]
