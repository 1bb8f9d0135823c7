"""Judgements of this process that need not be made again: the same document under the same rules has the same answer.

A gate is asked again and again about candidates that rest on the same registered assets. Their documents are content under
digests, so what was decided of one holds for as long as anybody asks. Candidates are not among them: those are always put to
the engine, so nothing ships on the word of an engine that is gone.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from threading import Lock
from typing import Final

from service.engine.protocol import Engine
from service.evaluation.decision import Decision, Outcome
from service.evaluation.evaluator import evaluate
from service.evaluation.prepared import Prepared
from service.packs.assignment import Assignment

KEPT: Final = 4_000  # decisions; some KiB each

_Key = tuple[str, str, str]
_known: OrderedDict[_Key, Decision] = OrderedDict()
_lock = Lock()


def decisions(
    engine: Engine, assignment: Assignment, prepared: Sequence[Prepared], afresh: Collection[str]
) -> list[Decision]:
    """A decision for each document, in order; those of the refs in `afresh` are made now, whatever is known.

    Raises:
        EngineFailure: the engine cannot be reached.
    """
    keys = [(engine.name, assignment.bundle.digest, one.digest) for one in prepared]
    found: dict[str, Decision] = {}
    due = []
    for one, key in zip(prepared, keys, strict=True):
        recalled = None if one.ref in afresh else _recalled(key)
        if recalled is None:
            due.append(one)
        else:
            found[one.ref] = recalled
    made = {one.asset_ref: one for one in evaluate(engine, assignment.bundle, assignment.rules, due)}
    for one, key in zip(prepared, keys, strict=True):
        if one.ref in made and one.ref not in afresh:
            _keep(key, made[one.ref])
    found |= made
    return [found[one.ref] for one in prepared]


def forget() -> None:
    """Forgets everything."""
    with _lock:
        _known.clear()


def _recalled(key: _Key) -> Decision | None:
    with _lock:
        decision = _known.get(key)
        if decision is not None:
            _known.move_to_end(key)
        return decision


def _keep(key: _Key, decision: Decision) -> None:
    # What could not run may run the next time.
    if any(one.outcome is Outcome.ERROR for one in decision.outcomes):
        return
    with _lock:
        _known[key] = decision
        while len(_known) > KEPT:
            _known.popitem(last=False)
