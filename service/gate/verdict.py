"""The verdict: outcomes and what each pack makes of them at this point, weighed into one word. Pure.

An error always blocks, whatever a pack says: a rule that could not run has allowed nothing. So does a word that no pack
should use. Of the rest the hardest reason decides: any `block` blocks, else any `warn` warns, else the candidate may ship.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from service.evaluation.decision import DecidedFinding, Outcome, RuleOutcome


class Word(StrEnum):
    """The one-word answer."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


class Enforcement(StrEnum):
    """What a finding does to the verdict, the hardest first. `inform` is told and changes nothing."""

    BLOCK = "block"
    WARN = "warn"
    INFORM = "inform"


EnforcementOf = Callable[[str, Outcome], str]
"""What a pack (by id) does about an outcome at the point that asks: `block`, `warn` or `inform`."""

_HARDNESS: Final = {word: rank for rank, word in enumerate(Enforcement)}
_SEVERITY: Final = {word: rank for rank, word in enumerate(("critical", "high", "medium", "low", "info"))}
_SILENT: Final = {
    Outcome.VIOLATION: "The rule is violated, and does not say where.",
    Outcome.UNKNOWN: "Evidence is missing, and the rule does not say which.",
    Outcome.ERROR: "The rule could not run.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding, and what it does to the verdict. `path` leads from the asset to what is wrong."""

    rule: str
    pack: str
    outcome: Outcome
    severity: str
    asset: str
    subject: str
    message: str
    path: tuple[str, ...]
    enforcement: Enforcement
    remedy: str

    def as_dict(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "rule": self.rule,
            "pack": self.pack,
            "outcome": self.outcome.value,
            "severity": self.severity,
            "asset": self.asset,
            "subject": self.subject,
            "message": self.message,
            "path": list(self.path),
            "enforcement": self.enforcement.value,
            "remedy": self.remedy,
        }

    def order(self) -> tuple[Any, ...]:
        """The hardest and gravest first, then by name: equal reasons stand in equal order."""
        grave = _SEVERITY.get(self.severity, -1)
        place = (self.asset, self.subject, self.path, self.message, self.outcome.value)
        return _HARDNESS[self.enforcement], grave, self.severity, self.rule, self.pack, *place


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `undecided` says that a rule could not run, so that the block is no judgement of the candidate."""

    word: Word
    reasons: tuple[Reason, ...]
    undecided: bool

    def as_dict(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "verdict": self.word.value,
            "undecided": self.undecided,
            "reasons": [reason.as_dict() for reason in self.reasons],
        }


def weigh(outcomes: Iterable[tuple[str, RuleOutcome]], enforcement_of: EnforcementOf) -> Verdict:
    """The verdict on `outcomes`, each with the ref of the asset that it speaks of."""
    reasons = {
        reason for asset, decided in outcomes for reason in _reasons(asset, decided, enforcement_of)
    }  # a set: a rule that stands in two slots says the same twice
    hardest = min((_HARDNESS[reason.enforcement] for reason in reasons), default=_HARDNESS[Enforcement.INFORM])
    word = (Word.BLOCK, Word.WARN, Word.ALLOW)[hardest]
    undecided = any(reason.outcome is Outcome.ERROR for reason in reasons)
    return Verdict(word, tuple(sorted(reasons, key=Reason.order)), undecided)


def _reasons(asset: str, decided: RuleOutcome, enforcement_of: EnforcementOf) -> Iterator[Reason]:
    if decided.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}:
        return
    findings = decided.findings
    if not findings or (
        decided.outcome is Outcome.ERROR and not any(finding.outcome is Outcome.ERROR for finding in findings)
    ):
        findings = (*findings, DecidedFinding(decided.outcome, "", _SILENT[decided.outcome]))
    for finding in findings:
        yield Reason(
            rule=decided.rule,
            pack=decided.pack,
            outcome=finding.outcome,
            severity=decided.severity,
            asset=asset,
            subject=finding.subject,
            message=finding.message,
            path=finding.path,
            enforcement=_enforcement(enforcement_of, decided.pack, finding.outcome),
            remedy=decided.remedy,
        )


def _enforcement(enforcement_of: EnforcementOf, pack: str, outcome: Outcome) -> Enforcement:
    if outcome is Outcome.ERROR:
        return Enforcement.BLOCK
    word = enforcement_of(pack, outcome)
    return Enforcement(word) if word in _HARDNESS else Enforcement.BLOCK
