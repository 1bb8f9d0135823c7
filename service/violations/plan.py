"""From what is known of an asset and what was just decided to what must be written. Pure.

What may close a violation is the promise of this file: only a rule that ran, on complete evidence, and did not find it
again. `unknown` and `error` close nothing but questions and failed runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from service.evaluation.decision import DecidedFinding, Decision, Outcome, RuleOutcome
from service.foundation import canonical
from service.violations.lifecycle import Event, Reason, Status

# The rule's own words, the same for all it finds: a new wording is written to the row and is no event of its history.
WORDING = frozenset({"theme", "remedy", "controls"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, in the words of the last judgement that saw it; `fingerprint` names it through all its life."""

    fingerprint: str
    rule: str
    pack: str
    theme: str
    severity: str
    outcome: str
    subject: str
    message: str
    path: tuple[str, ...]
    remedy: str
    controls: tuple[Mapping[str, str], ...]
    evidence_grade: str
    vendor: str | None
    jurisdiction: str | None

    def differences(self, other: "Complaint") -> dict[str, list[Any]]:
        """`{field: [here, there]}` of what differs."""
        pairs = ((field.name, getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return {name: [here, there] for name, here, there in pairs if here != there}


@dataclass(frozen=True, slots=True)
class Known:
    """A violation that has a row."""

    id: UUID
    status: Status
    complaint: Complaint


@dataclass(frozen=True, slots=True)
class Update:
    """`known` was found again and reads as `complaint` now; `event` is None where only the rule's wording is new."""

    known: Known
    complaint: Complaint
    event: Event | None
    detail: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Resolution:
    """`known` is over."""

    known: Known
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What a judgement changes. A known violation that stands in no list is left as it is."""

    open: tuple[Complaint, ...] = ()
    keep: tuple[Known, ...] = ()
    update: tuple[Update, ...] = ()
    reopen: tuple[Update, ...] = ()
    resolve: tuple[Resolution, ...] = ()


def fingerprint(workspace_id: UUID, asset_ref: str, rule: str, pack: str, subject: str) -> str:
    """SHA-256 that names one complaint about one subject, whatever its outcome and the asset's revision."""
    return canonical.digest([str(workspace_id), asset_ref, rule, pack, subject])


def plan(workspace_id: UUID, known: Iterable[Known], decision: Decision) -> Plan:
    """What `decision` changes of the violations of its asset; `known` are all of them, resolved ones too."""
    rows = {row.complaint.fingerprint: row for row in known}
    outcomes = {(decided.rule, decided.pack): decided for decided in decision.outcomes}
    opened, kept, updated, reopened = [], [], [], []
    found: set[str] = set()
    for complaint in _complaints(workspace_id, decision):
        found.add(complaint.fingerprint)
        row = rows.get(complaint.fingerprint)
        if row is None:
            opened.append(complaint)
        elif row.status is Status.RESOLVED:
            reopened.append(Update(row, complaint, Event.REOPENED, row.complaint.differences(complaint)))
        elif row.complaint == complaint:
            kept.append(row)
        elif not _doubts(row, complaint):
            updated.append(_update(row, complaint))
    resolved = [
        Resolution(row, reason)
        for mark, row in rows.items()
        if row.status is Status.OPEN and mark not in found and (reason := _over(row, outcomes))
    ]
    return Plan(tuple(opened), tuple(kept), tuple(updated), tuple(reopened), tuple(resolved))


def plan_deleted(known: Iterable[Known]) -> Plan:
    """What the deletion of their asset changes: all that is open is over."""
    rows = (row for row in known if row.status is Status.OPEN)
    return Plan(resolve=tuple(Resolution(row, Reason.ASSET_DELETED) for row in rows))


def _complaints(workspace_id: UUID, decision: Decision) -> Iterator[Complaint]:
    for decided in decision.outcomes:
        for finding in decided.findings:
            yield _complaint(workspace_id, decision.asset_ref, decided, finding)


def _complaint(workspace_id: UUID, asset_ref: str, decided: RuleOutcome, finding: DecidedFinding) -> Complaint:
    return Complaint(
        fingerprint=fingerprint(workspace_id, asset_ref, decided.rule, decided.pack, finding.subject),
        rule=decided.rule,
        pack=decided.pack,
        theme=decided.theme,
        severity=decided.severity,
        outcome=finding.outcome.value,
        subject=finding.subject,
        message=finding.message,
        path=finding.path,
        remedy=decided.remedy,
        controls=decided.controls,
        evidence_grade=decided.grade,
        vendor=finding.vendor,
        jurisdiction=finding.jurisdiction,
    )


def _doubts(row: Known, complaint: Complaint) -> bool:
    """Whether a violation is merely questioned: it stays one, else the next answered question would close it."""
    return row.complaint.outcome == Outcome.VIOLATION and complaint.outcome != Outcome.VIOLATION


def _update(row: Known, complaint: Complaint) -> Update:
    differences = row.complaint.differences(complaint)
    detail = {name: pair for name, pair in differences.items() if name not in WORDING}
    return Update(row, complaint, Event.CHANGED if detail else None, detail)


def _over(row: Known, outcomes: Mapping[tuple[str, str], RuleOutcome]) -> Reason | None:
    """Why an open violation that was not found again is over, or None where nothing shows that it is."""
    decided = outcomes.get((row.complaint.rule, row.complaint.pack))
    if decided is None:
        return Reason.RULE_RETIRED
    match decided.outcome:
        case Outcome.PASS:
            return Reason.PASSED
        case Outcome.NOT_APPLICABLE:
            return Reason.NOT_APPLICABLE
        case Outcome.ERROR:
            return None
    if row.complaint.outcome != Outcome.VIOLATION:
        return Reason.ANSWERED
    complete = all(finding.outcome is Outcome.VIOLATION for finding in decided.findings)
    return Reason.NO_LONGER_FOUND if complete else None
