"""Finds what is at fault when an engine gives no answer: the engine, a document, or a rule on a document.

What a rule does dearly (time, memory, a crash) it may do only a few times in a batch: the rest of its documents are `error`
unasked, and the rule is left out of the next batches for a while, so that one runaway rule does not cost an evaluation of
an estate its night. Rules found at fault are remembered per engine and bundle, in a `Ward`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from service.engine import entry as entries
from service.engine import modules
from service.engine.protocol import Bundle, Engine, EngineFailure, FailureKind, RawVerdict, RuleEntry

PARTS = 16  # a part of a batch that failed is asked again in so many parts
DEAR_FAILURES = 6  # of one rule in one batch; enough to find two bad documents among 250
SUSPENDED_SECONDS = 300.0
WARDS_KEPT = 64
NOBODYS_FAULT = frozenset({FailureKind.UNREACHABLE, FailureKind.REVISION})
DEAR = frozenset({FailureKind.TIMEOUT, FailureKind.MEMORY, FailureKind.CRASH})
EMPTY = Bundle((), ())

Document = dict[str, Any]
Part = TypeVar("Part")


@dataclass
class Ward:
    """What is known of one bundle in one engine.

    `left_out`: rules not asked at all, why, and until when (monotonic seconds; None: for good). `suspects`: rules that
    failed before; they are asked apart, so that they fail alone.
    """

    left_out: dict[str, tuple[str, float | None]] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)

    def current(self) -> dict[str, str]:
        """The rules left out now, and why."""
        now = time.monotonic()
        return {rule: why for rule, (why, until) in list(self.left_out.items()) if until is None or until > now}


_wards: WeakKeyDictionary[Any, dict[str, Ward]] = WeakKeyDictionary()
_lock = threading.Lock()


def ward_of(engine: Engine, bundle: Bundle) -> Ward:
    """What this process remembers of the bundle in that engine."""
    with _lock:
        wards = _wards.setdefault(engine, {})
        ward = wards.pop(bundle.digest, None) or Ward()
        wards[bundle.digest] = ward  # the one used last stands last
        while len(wards) > WARDS_KEPT:
            del wards[next(iter(wards))]
        return ward


def failed(failure: EngineFailure) -> RawVerdict:
    """The verdict of a rule that could not run."""
    return RawVerdict(applies=True, error=f"{failure.kind}: {failure.message}")


def check_answering(engine: Engine) -> None:
    """After a dear failure: an engine that does not even answer a question about nothing is itself at fault.

    Raises:
        EngineFailure: UNREACHABLE.
    """
    try:
        engine.activate(EMPTY)
        engine.query(EMPTY.digest, entries.PROBE, [])
    except EngineFailure as silent:
        raise EngineFailure(FailureKind.UNREACHABLE, f"the engine stopped answering: {silent.message}") from silent


def unreadable(engine: Engine, documents: Sequence[Document]) -> dict[int, RawVerdict]:
    """The documents that the engine cannot read, whatever the rule: their places, and what to say of them."""
    engine.activate(EMPTY)
    bad: dict[int, RawVerdict] = {}

    def ask(places: Sequence[int]) -> None:
        try:
            engine.query(EMPTY.digest, entries.PROBE, [documents[place] for place in places])
        except EngineFailure as failure:
            if failure.kind in NOBODYS_FAULT:
                raise
            if len(places) == 1:
                bad[places[0]] = failed(failure)
            else:
                for part in parts(places):
                    ask(part)

    ask(range(len(documents)))
    return bad


def parts(whole: Sequence[Part]) -> list[Sequence[Part]]:
    """At most `PARTS` slices of nearly equal length."""
    size = -(-len(whole) // PARTS)
    return [whole[start : start + size] for start in range(0, len(whole), size)]


class Isolation:
    """One rule, asked apart from all others; in a bundle of its own where the whole one does not compile."""

    def __init__(self, engine: Engine, bundle: Bundle, rule: RuleEntry, ward: Ward, *, compiles: bool) -> None:
        self._engine, self._rule, self._ward = engine, rule, ward
        self._bundle = bundle if compiles else modules.only(bundle, [rule])
        self._dear = 0

    def judge(self, documents: Sequence[Document]) -> list[RawVerdict]:
        """The rule's verdict on each document.

        Raises:
            EngineFailure: UNREACHABLE or REVISION.
        """
        try:
            self._guard(lambda: self._engine.activate(self._bundle))
        except EngineFailure as failure:
            if failure.kind in NOBODYS_FAULT:
                raise
            self._leave_out(failure, for_good=failure.kind is FailureKind.REFUSED)
            return [failed(failure)] * len(documents)
        return self._ask(documents)

    def _ask(self, documents: Sequence[Document]) -> list[RawVerdict]:
        if self._dear >= DEAR_FAILURES:
            return [RawVerdict(applies=True, error="not asked: the rule failed too often on this batch")] * len(
                documents
            )
        entry = entries.for_rule(self._rule.id)
        try:
            reports = self._guard(lambda: self._engine.query(self._bundle.digest, entry, documents))
        except EngineFailure as failure:
            if failure.kind in NOBODYS_FAULT:
                raise
            self._ward.suspects.add(self._rule.id)
            if self._dear == DEAR_FAILURES:
                self._leave_out(failure, for_good=False)
            if len(documents) == 1:
                return [failed(failure)]
            return [verdict for part in parts(documents) for verdict in self._ask(part)]
        return [entries.read_report([self._rule], report)[self._rule.id] for report in reports]

    def _guard(self, request: Callable[[], Part]) -> Part:
        """Carries a request out and counts dear failures, after making sure that they are not the engine's own."""
        try:
            return request()
        except EngineFailure as failure:
            if failure.kind in DEAR:
                self._dear += 1
                check_answering(self._engine)
            raise

    def _leave_out(self, failure: EngineFailure, *, for_good: bool) -> None:
        until = None if for_good else time.monotonic() + SUSPENDED_SECONDS
        self._ward.left_out[self._rule.id] = (f"{failure.kind}: {failure.message}", until)
