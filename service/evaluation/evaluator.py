"""From documents to decisions: an engine judges, `decision` weighs. No database, no clock."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from service.engine.judge import judge
from service.engine.protocol import Bundle, Engine
from service.evaluation.decision import Decision, RuleOutcome, decide
from service.evaluation.prepared import Prepared
from service.packs.source import Rule


def evaluate(engine: Engine, bundle: Bundle, rules: Mapping[str, Rule], prepared: Sequence[Prepared]) -> list[Decision]:
    """A decision for each document, in order.

    Documents of one kind go to the engine together; a rule that two packs bind with different parameters is asked once
    for each.

    Raises:
        EngineFailure: the engine cannot be reached or answers for another bundle; nothing is decided.
    """
    outcomes: dict[int, list[RuleOutcome]] = {index: [] for index in range(len(prepared))}
    for indices in _alike(prepared):
        kind, slots = prepared[indices[0]].kind, prepared[indices[0]].slots
        for number, slot in enumerate(slots):
            if not slot.packs:
                continue
            documents = [prepared[index].documents(prepared[index].slots[number]) for index in indices]
            # An engine takes any JSON object; that these are input documents is between us and the rules.
            judged = judge(engine, bundle, kind, cast("list[dict[str, Any]]", documents))
            for index, document, verdicts in zip(indices, documents, judged, strict=True):
                outcomes[index].extend(decide(document, verdicts, prepared[index].slots[number], rules))
    return [
        Decision(one.ref, one.digest, bundle.digest, tuple(sorted(outcomes[index], key=lambda o: (o.rule, o.pack))))
        for index, one in enumerate(prepared)
    ]


def _alike(prepared: Sequence[Prepared]) -> list[list[int]]:
    """Indices of documents that can be asked together: of one kind, with as many slots."""
    groups: dict[tuple[str, int], list[int]] = {}
    for index, one in enumerate(prepared):
        groups.setdefault((one.kind, len(one.slots)), []).append(index)
    return list(groups.values())
