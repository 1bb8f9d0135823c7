"""GitLab code quality: a list of issues, each with description, check, fingerprint, severity and location.

GitLab shows only the first issue of a fingerprint, and none without a path.
"""

from typing import Any, Final

from service.foundation import canonical
from service.gate.formats.json_report import as_document
from service.gate.formats.parts import Answer, Decision, Place, Reason, answer_of

_SEVERITIES: Final = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}


def as_gitlab(decision: Decision) -> str:
    """Each reason as an issue; a waived one is `info` and says until when. No reason, no issue: `[]`."""
    answer = answer_of(decision)
    seen: dict[str, int] = {}
    issues = []
    for reason in answer.reasons:
        number = seen[reason.fingerprint] = seen.get(reason.fingerprint, -1) + 1
        fingerprint = canonical.digest([reason.fingerprint, number]) if number else reason.fingerprint
        issues.append(_issue(answer, reason, fingerprint))
    return as_document(issues)


def _issue(answer: Answer, reason: Reason, fingerprint: str) -> dict[str, Any]:
    # An asset that no file speaks of is shown by its name: there is no line to lead to.
    place = answer.nearest(reason) or Place(reason.asset, 1)
    told = [f"{reason.enforcement}: {reason.asset}: {reason.message}", *reason.notes()]
    return {
        "description": "; ".join(told),
        "check_name": reason.rule,
        "fingerprint": fingerprint,
        "severity": "info" if reason.waiver else _SEVERITIES.get(reason.severity, "blocker"),
        "location": {"path": place.file.removeprefix("./"), "lines": {"begin": place.line}},
    }
