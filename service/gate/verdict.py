"""The verdict: outcomes and what each pack makes of them at this point, weighed into one word. Pure.

An error always blocks, whatever a pack or a waiver says: a rule that could not run has allowed nothing. So does a word that
no pack should use. What is waived is told and changes nothing. Of the rest the hardest reason decides: any `block` blocks,
else any `warn` warns, else the candidate may ship.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from service.evaluation.decision import DecidedFinding, Outcome, RuleOutcome
from service.foundation import canonical


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


@dataclass(frozen=True, slots=True)
class Waived:
    """That a complaint is let pass for a time: whose waiver, why, and until when (ISO 8601, in UTC)."""

    id: str
    reason: str
    approved_by: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a finding does: the pack's word, the day from which it would block where it only warns yet, and its waiver."""

    word: str
    blocks_from: date | None = None
    waiver: Waived | None = None


EffectOf = Callable[[str, RuleOutcome, DecidedFinding], Effect]
"""What a finding of a rule on an asset does at the point that asks."""

_HARDNESS: Final = {word: rank for rank, word in enumerate(Enforcement)}
_SEVERITY: Final = {word: rank for rank, word in enumerate(("critical", "high", "medium", "low", "info"))}
_SILENT: Final = {
    Outcome.VIOLATION: "The rule is violated, and does not say where.",
    Outcome.UNKNOWN: "Evidence is missing, and the rule does not say which.",
    Outcome.ERROR: "The rule could not run.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding, and what it does to the verdict. `path` leads from the asset to what is wrong.

    `via` is the candidate that the asset is judged for: itself, the one that reaches it, or the one that it rests on.
    """

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
    via: str | None = None
    blocks_from: date | None = None
    waiver: Waived | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 that names the complaint, whatever workspace it is made in and whatever else is judged with it."""
        return canonical.digest([self.asset, self.rule, self.pack, self.subject])

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
            "via": self.via,
            "fingerprint": self.fingerprint,
            "blocks_from": self.blocks_from.isoformat() if self.blocks_from else None,
            "waiver": asdict(self.waiver) if self.waiver else None,
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


def weigh(
    outcomes: Iterable[tuple[str, RuleOutcome]], effect_of: EffectOf, via: Mapping[str, str] | None = None
) -> Verdict:
    """The verdict on `outcomes`, each with the ref of the asset that it speaks of; `via` as in `Reason`, by that ref."""
    reasons = {
        reason for asset, decided in outcomes for reason in _reasons(asset, decided, effect_of, via or {})
    }  # a set: a rule that stands in two slots says the same twice
    hardest = min((_HARDNESS[reason.enforcement] for reason in reasons), default=_HARDNESS[Enforcement.INFORM])
    word = (Word.BLOCK, Word.WARN, Word.ALLOW)[hardest]
    undecided = any(reason.outcome is Outcome.ERROR for reason in reasons)
    return Verdict(word, tuple(sorted(reasons, key=Reason.order)), undecided)


def _reasons(asset: str, decided: RuleOutcome, effect_of: EffectOf, via: Mapping[str, str]) -> Iterator[Reason]:
    if decided.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}:
        return
    findings = decided.findings
    if not findings or (
        decided.outcome is Outcome.ERROR and not any(finding.outcome is Outcome.ERROR for finding in findings)
    ):
        findings = (*findings, DecidedFinding(decided.outcome, "", _SILENT[decided.outcome]))
    for finding in findings:
        # Nobody is asked about an error: nobody can let it pass.
        error = finding.outcome is Outcome.ERROR
        effect = Effect(Enforcement.BLOCK) if error else effect_of(asset, decided, finding)
        yield Reason(
            rule=decided.rule,
            pack=decided.pack,
            outcome=finding.outcome,
            severity=decided.severity,
            asset=asset,
            subject=finding.subject,
            message=finding.message,
            path=finding.path,
            enforcement=_word(effect),
            remedy=decided.remedy,
            via=via.get(asset) or next((ref for ref in finding.path if via.get(ref) == ref), None),
            blocks_from=effect.blocks_from if effect.waiver is None else None,
            waiver=effect.waiver,
        )


def _word(effect: Effect) -> Enforcement:
    if effect.waiver is not None:
        return Enforcement.INFORM
    return Enforcement(effect.word) if effect.word in _HARDNESS else Enforcement.BLOCK
