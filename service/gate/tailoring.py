"""A pipeline's own terms: what it has accepted as known, and what it does not want to fail on. Pure.

They only ever turn a block into a warning, never into silence, and never an answer that nobody could give: an error stays an
error, and a block that names no reason stays a block.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid

SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
"""The gravest first; what `--fail-on` takes."""

_BASELINE: Final = "the answer of an earlier run, as `allod gate --format json --output FILE` writes it"


def read_baseline(content: bytes, file: str) -> Mapping[str, Any]:
    """The decision in a former JSON answer. `file` is its name, for the fault.

    Raises:
        Invalid: it is no decision.
    """
    try:
        answer = canonical.decode(content)
    except ValueError as error:
        raise _no_baseline(file, "", f"is not JSON: {error}") from error
    decision = answer.get("decision") if isinstance(answer, Mapping) else None
    if not isinstance(decision, Mapping):
        raise _no_baseline(file, "/decision", "holds no decision")
    reasons = decision.get("reasons")
    if not isinstance(reasons, list):
        raise _no_baseline(file, "/decision/reasons", "is not a list")
    for number, reason in enumerate(reasons):
        sound = isinstance(reason, Mapping) and {"fingerprint", "outcome"} <= reason.keys()
        if not sound or not isinstance(reason["fingerprint"], str):
            raise _no_baseline(file, f"/decision/reasons/{number}", "is no reason with a fingerprint and an outcome")
    return decision


def tailor(
    decision: Mapping[str, Any],
    *,
    baseline: Mapping[str, Any] | None = None,
    fail_on: str | None = None,
    soft_fail: Sequence[str] = (),
) -> dict[str, Any]:
    """The decision with only what is new and grave enough still blocking.

    `baseline` is an earlier decision: what it holds is `known`. Reasons less grave than `fail_on`, and those of the rules in
    `soft_fail`, are softened and say by what.

    Raises:
        Invalid: `fail_on` is no severity.
    """
    if fail_on is not None and fail_on not in SEVERITIES:
        raise Invalid(f"There is no severity {fail_on!r}: take {', '.join(SEVERITIES)}.")
    known = None if baseline is None else _known(baseline)
    before = decision["reasons"]
    after = [_tailored(reason, known, fail_on, soft_fail) for reason in before]
    after.sort(key=lambda reason: (not _blocks(reason), reason["enforcement"] == "inform"))  # stable: the rest stays
    return {**decision, "verdict": _verdict(decision, before, after), "reasons": after}


def _tailored(
    reason: Mapping[str, Any], known: Mapping[str, set[str]] | None, fail_on: str | None, soft_fail: Sequence[str]
) -> dict[str, Any]:
    told = dict(reason)
    if known is not None:
        told["baseline"] = "known" if _is_known(reason, known) else "new"
    if reason["outcome"] == "error" or not _blocks(reason):
        return told
    softened = _softened(reason, fail_on, soft_fail)
    if told.get("baseline") == "known" or softened:
        told |= {"enforcement": "warn", "softened": softened}
    return told


def _softened(reason: Mapping[str, Any], fail_on: str | None, soft_fail: Sequence[str]) -> str | None:
    if reason["rule"] in soft_fail:
        return str(reason["rule"])
    lighter = SEVERITIES[SEVERITIES.index(fail_on) + 1 :] if fail_on else ()
    return "severity" if reason["severity"] in lighter else None


def _known(baseline: Mapping[str, Any]) -> dict[str, set[str]]:
    """The outcomes of each fingerprint. What was waived then was accepted until a day, not for good: it is not known."""
    found: dict[str, set[str]] = {}
    for reason in baseline["reasons"]:
        if reason["fingerprint"] and not reason.get("waiver"):
            found.setdefault(reason["fingerprint"], set()).add(reason["outcome"])
    return found


def _is_known(reason: Mapping[str, Any], known: Mapping[str, set[str]]) -> bool:
    """Whether it was there before, and no less bad: a question that has become a violation is new."""
    outcomes = known.get(reason.get("fingerprint", ""), set())
    return reason["outcome"] != "error" and not outcomes.isdisjoint({"violation", reason["outcome"]})


def _verdict(
    decision: Mapping[str, Any], before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> str:
    if decision["undecided"] or any(map(_blocks, after)):
        return "block"
    return "warn" if any(map(_blocks, before)) else str(decision["verdict"])


def _blocks(reason: Mapping[str, Any]) -> bool:
    """Whether the reason keeps the candidate from shipping; so does an error, and a word that nobody knows."""
    return reason["outcome"] == "error" or reason["enforcement"] not in {"warn", "inform"}


def _no_baseline(file: str, path: str, message: str) -> Invalid:
    fault = Fault(path, message, _BASELINE, file=file)
    return Invalid(f"The baseline cannot be read: {fault}.", [fault])
