"""From an engine's raw verdicts to a decision: one outcome for each rule of each pack. Pure.

The order of precedence is the product's promise: a rule that could not run is an `error`; one that does not apply is
`not_applicable`; any violation makes it a `violation`, with the open questions kept beside it; any open question alone
makes it `unknown`; only what is left is a `pass`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from service.engine.protocol import Finding, Judged, RawVerdict
from service.evaluation.grades import weakest
from service.evaluation.policy_input import PolicyInput
from service.inventory.facts import Grade

RULE_ITSELF = "rule"  # the subject of an error: what is wrong is the rule's run, not a part of the asset
NO_ANSWER = "The engine gave no answer to this rule."


class Outcome(StrEnum):
    """What a rule says of an asset. Only `pass` and `not_applicable` are good news."""

    PASS = "pass"  # noqa: S105 -- the word, not a secret
    VIOLATION = "violation"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


class DecidingRule(Protocol):
    """As much of a rule as a decision needs (`packs.source.Rule` is one)."""

    @property
    def theme(self) -> str:
        """The folder that the rule lies in."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of asset that it judges."""

    @property
    def severity(self) -> str:
        """How bad its violation is."""

    @property
    def remedy(self) -> str:
        """What mends it."""

    @property
    def controls(self) -> Sequence[Mapping[str, str]]:
        """The frameworks' controls that it checks."""

    @property
    def reads(self) -> Sequence[str]:
        """The sections of the input whose evidence counts."""


class DecidingSlot(Protocol):
    """As much of a slot as a decision needs (`packs.actions.Slot` is one)."""

    @property
    def packs(self) -> Mapping[str, Sequence[str]]:
        """By rule id, the packs that bind it with this slot's parameters."""


@dataclass(frozen=True, slots=True)
class DecidedFinding:
    """One finding; `outcome` is `violation`, `unknown` or `error`. `path` leads from the asset to what is wrong."""

    outcome: Outcome
    subject: str
    message: str
    path: tuple[str, ...] = ()
    vendor: str | None = None
    jurisdiction: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for records."""
        return {
            "outcome": self.outcome.value,
            "subject": self.subject,
            "message": self.message,
            "path": list(self.path),
            "vendor": self.vendor,
            "jurisdiction": self.jurisdiction,
        }


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule of one pack says of one asset.

    `findings` hold one finding for each subject, sorted by subject. `grade` is that of the weakest fact which the rule
    read.
    """

    rule: str
    pack: str
    theme: str
    severity: str
    outcome: Outcome
    findings: tuple[DecidedFinding, ...]
    grade: Grade
    remedy: str
    controls: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """All outcomes for one asset, with the digests of the input and of the rules that they came from."""

    asset_ref: str
    input_digest: str
    bundle_digest: str
    outcomes: tuple[RuleOutcome, ...]

    def counts(self) -> Counter[str]:
        """How many rules had each outcome; a rule counts once for each pack that binds it."""
        return Counter(decided.outcome.value for decided in self.outcomes)

    def summary(self) -> dict[str, list[dict[str, Any]]]:
        """By rule id, `{pack, outcome, grade, findings}` for each pack that binds it; `findings` is their number."""
        return self._by_rule(lambda decided: len(decided.findings))

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """As `summary`, with the findings themselves: what a replay is compared with."""
        return self._by_rule(lambda decided: [finding.as_dict() for finding in decided.findings])

    def _by_rule(self, findings: Callable[[RuleOutcome], Any]) -> dict[str, list[dict[str, Any]]]:
        rules: dict[str, list[dict[str, Any]]] = {}
        for decided in self.outcomes:
            rules.setdefault(decided.rule, []).append(
                {
                    "pack": decided.pack,
                    "outcome": decided.outcome.value,
                    "grade": decided.grade.value,
                    "findings": findings(decided),
                }
            )
        return rules


def decide(
    document: PolicyInput, judged: Judged, slot: DecidingSlot, rules: Mapping[str, DecidingRule]
) -> tuple[RuleOutcome, ...]:
    """The outcome of every rule of `slot` that judges assets of this kind, sorted by rule and pack.

    A rule without a verdict is an error: silence is never a pass.
    """
    kind = document["asset"]["kind"]
    known: dict[str, Grade | None] = {}
    decided: list[RuleOutcome] = []
    for rule_id in sorted(slot.packs):
        rule = rules[rule_id]
        if kind not in rule.kinds:
            continue
        outcome, findings = _weigh(judged.verdicts.get(rule_id, RawVerdict(applies=True, error=NO_ANSWER)))
        grade = weakest(document, rule.reads, known)
        controls = tuple(rule.controls)
        decided.extend(
            RuleOutcome(rule_id, pack, rule.theme, rule.severity, outcome, findings, grade, rule.remedy, controls)
            for pack in sorted(slot.packs[rule_id])
        )
    return tuple(decided)


def _weigh(verdict: RawVerdict) -> tuple[Outcome, tuple[DecidedFinding, ...]]:
    if verdict.error is not None:
        return Outcome.ERROR, (DecidedFinding(Outcome.ERROR, RULE_ITSELF, verdict.error),)
    if not verdict.applies:
        return Outcome.NOT_APPLICABLE, ()
    fault = next(filter(None, map(_fault, (*verdict.violations, *verdict.unknowns))), None)
    if fault:
        return Outcome.ERROR, (DecidedFinding(Outcome.ERROR, RULE_ITSELF, fault),)
    if verdict.violations:
        return Outcome.VIOLATION, _one_for_each_subject(verdict.violations, verdict.unknowns)
    if verdict.unknowns:
        return Outcome.UNKNOWN, _one_for_each_subject((), verdict.unknowns)
    return Outcome.PASS, ()


def _fault(finding: Finding) -> str | None:
    """Why a finding cannot be kept, so that one careless rule does not fail the batch it is in."""
    if len(finding.vendor or "") > 220 or len(finding.jurisdiction or "") > 10:
        return "A finding of this rule names a vendor or a jurisdiction that is none."
    if any("\0" in text for text in (finding.subject, finding.message, *finding.path, finding.vendor or "")):
        return "A finding of this rule holds a NUL character."
    return None


def _one_for_each_subject(violations: Iterable[Finding], unknowns: Iterable[Finding]) -> tuple[DecidedFinding, ...]:
    """A subject is what a finding is known by: of several, a violation stands before a question, a short path first."""
    chosen: dict[str, DecidedFinding] = {}
    for outcome, findings in ((Outcome.VIOLATION, violations), (Outcome.UNKNOWN, unknowns)):
        for found in sorted(findings, key=lambda f: (len(f.path), f.path, f.message)):
            finding = DecidedFinding(
                outcome, found.subject, found.message, found.path, found.vendor, found.jurisdiction
            )
            chosen.setdefault(found.subject, finding)
    return tuple(chosen[subject] for subject in sorted(chosen))
