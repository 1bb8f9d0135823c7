"""Decisions as an evaluation would make them."""

from service.evaluation.decision import RULE_ITSELF, DecidedFinding, Decision, Outcome, RuleOutcome
from service.inventory.facts import Grade


def found(
    subject: str,
    outcome: Outcome = Outcome.VIOLATION,
    message: str = "It lies outside the allowed places.",
    vendor: str | None = None,
    jurisdiction: str | None = None,
) -> DecidedFinding:
    """A finding about `subject`."""
    return DecidedFinding(outcome, subject, message, ("system:desk", subject), vendor, jurisdiction)


def says(
    *findings: DecidedFinding,
    outcome: Outcome | None = None,
    rule: str = "RES-001",
    pack: str = "eu-data-residency",
    theme: str = "residency",
    severity: str = "high",
    remedy: str = "Move it.",
) -> RuleOutcome:
    """What a rule says; without `outcome` the worst of its findings'."""
    order = [Outcome.VIOLATION, Outcome.UNKNOWN, Outcome.ERROR]
    worst = outcome or min((finding.outcome for finding in findings), key=order.index)
    controls = ({"framework": "GDPR", "id": "Art. 44", "title": "General principle for transfers"},)
    return RuleOutcome(rule, pack, theme, severity, worst, findings, Grade.DECLARED, remedy, controls)


def broken(rule: str = "RES-001") -> RuleOutcome:
    """A rule that could not run."""
    return says(DecidedFinding(Outcome.ERROR, RULE_ITSELF, "out of memory"), rule=rule)


def decided(*outcomes: RuleOutcome, ref: str = "system:desk", digest: str = "i" * 64) -> Decision:
    """A decision on one asset."""
    return Decision(ref, digest, "b" * 64, outcomes)
