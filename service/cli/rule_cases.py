"""Runs a rule's cases: each document is judged by an engine and weighed as everywhere else."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from service.engine.embedded import EmbeddedEngine
from service.engine.judge import judge
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Engine
from service.evaluation.decision import RuleOutcome, decide
from service.evaluation.policy_input import PolicyInput
from service.packs.cases import Case, differences
from service.packs.source import Library, Slot


@dataclass(frozen=True, slots=True)
class Ran:
    """A case, what the rule said, and in what that is not what was expected (empty: it held)."""

    case: Case
    said: RuleOutcome
    differences: tuple[str, ...]


def run(engine: Engine, library: Library, cases: Sequence[Case]) -> list[Ran]:
    """What came of the cases, in order. They may be of several rules; cases of one kind are judged together.

    Raises:
        EngineFailure: the engine does not answer.
    """
    bundle = library.bundle(case.rule for case in cases)  # one for all: compiling is the dear part
    alike: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        alike.setdefault(case.document["asset"]["kind"], []).append(number)
    ran: dict[int, Ran] = {}
    for kind, numbers in alike.items():
        judged = judge(engine, bundle, kind, [cases[number].document for number in numbers])
        for number, verdicts in zip(numbers, judged, strict=True):
            case = cases[number]
            # A case's document carries the parameters of its own rule alone, so that one alone is listened to.
            slot = Slot({}, {case.rule: ("cases",)})
            (said,) = decide(cast("PolicyInput", case.document), verdicts, slot, library.rules)
            ran[number] = Ran(case, said, tuple(differences(case, said.outcome, said.findings)))
    return [ran[number] for number in range(len(cases))]


@contextmanager
def engine_of_environment() -> Iterator[Engine]:
    """The OPA of `ALLOD_OPA_URL`, else an embedded engine that ends with the block. An author needs no other setting."""
    url = os.environ.get("ALLOD_OPA_URL")
    if url:
        yield OpaEngine(url, token=os.environ.get("ALLOD_OPA_TOKEN"))
        return
    engine = EmbeddedEngine(pool=1)
    try:
        yield engine
    finally:
        engine.close()
