"""From documents to decisions: an engine judges, `decision` weighs. No database, no clock."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from service.engine.judge import judge_mixed
from service.engine.protocol import Bundle, Engine
from service.evaluation.decision import Decision, RuleOutcome, decide
from service.evaluation.prepared import Prepared
from service.packs.source import Rule


def evaluate(engine: Engine, bundle: Bundle, rules: Mapping[str, Rule], prepared: Sequence[Prepared]) -> list[Decision]:
    """A decision for each document, in order.

    All documents go to the engine together; a rule that two packs bind with different parameters is asked once
    for each.

    Raises:
        EngineFailure: the engine cannot be reached or answers for another bundle; nothing is decided.
    """
    outcomes: list[list[RuleOutcome]] = [[] for _ in prepared]
    for number in range(max((len(one.slots) for one in prepared), default=0)):
        # A slot without packs has no rules that are anybody's.
        here = [at for at, one in enumerate(prepared) if len(one.slots) > number and one.slots[number].packs]
        documents = [prepared[at].documents(prepared[at].slots[number]) for at in here]
        # An engine takes any JSON object; that these are input documents is between us and the rules.
        asked = cast("list[dict[str, Any]]", documents)
        judged = judge_mixed(engine, bundle, [prepared[at].kind for at in here], asked)
        for at, document, verdicts in zip(here, documents, judged, strict=True):
            outcomes[at].extend(decide(document, verdicts, prepared[at].slots[number], rules))
    return [
        Decision(one.ref, one.digest, bundle.digest, tuple(sorted(outcomes[at], key=lambda o: (o.rule, o.pack))))
        for at, one in enumerate(prepared)
    ]
