"""SARIF 2.1.0 (OASIS): one run with a rule for each id that a reason names, and a result for each reason.

What only informs although its evidence is missing is of the kind `open`, which the standard gives the level `none`. Where
missing evidence blocks or warns it is a `fail` like any other: readers drop what has no level, and it did stop the pipeline.
"""

from typing import Any, Final
from urllib.parse import quote

from service.gate.formats.json_report import as_document
from service.gate.formats.parts import Answer, Decision, Place, Reason, Rule, answer_of
from service.gate.formats.text import as_markdown_text

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"block": "error", "warn": "warning", "inform": "note"}
# How GitHub ranks an alert: above 9.0 critical, from 7.0 high, from 4.0 medium, above 0 low.
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.1"}
_RULE_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_BASELINES: Final = {"new": "new", "known": "unchanged"}


def as_sarif(decision: Decision) -> str:
    """The log. A result stands where its asset stands; see `Answer.nearest` for one that no file speaks of."""
    answer = answer_of(decision)
    rules = {reason.rule: answer.rule_of(reason) for reason in answer.reasons}
    index = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "Allod", "rules": [_rule(rule) for rule in rules.values()]}},
        "automationDetails": {"id": f"allod/{answer.workspace}/{answer.point}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(answer)],
        "results": [_result(answer, reason, index[reason.rule]) for reason in answer.reasons],
        "properties": {
            "verdict": answer.verdict,
            "asOf": answer.as_of,
            "engine": answer.engine,
            "judged": answer.judged,
            "digest": answer.digest,
        },
    }
    return as_document({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    told = [rule.description or rule.title, *([f"Remedy: {rule.remedy}"] if rule.remedy else [])]
    controls = ["Controls:", *(f"- {one}" for one in rule.controls)] if rule.controls else []
    escaped = [as_markdown_text(line) for line in told]
    listed = ["Controls:\n", *(f"- {as_markdown_text(one)}" for one in rule.controls)] if rule.controls else []
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.description or rule.title},
        "help": {
            "text": "\n".join([*told, *controls]),
            "markdown": "\n\n".join([*escaped, *(["\n".join(listed)] if listed else [])]),
        },
        "defaultConfiguration": {"level": _RULE_LEVELS.get(rule.severity, "error")},
        "properties": {
            "tags": sorted({"security", "sovereignty", rule.theme} - {""}),
            "security-severity": _SCORES.get(rule.severity, _SCORES["critical"]),
            "controls": list(rule.controls),
        },
    }


def _result(answer: Answer, reason: Reason, index: int) -> dict[str, Any]:
    still_open = reason.outcome == "unknown" and reason.enforcement == "inform" and not reason.waiver
    result: dict[str, Any] = {
        "ruleId": reason.rule,
        "ruleIndex": index,
        "kind": "open" if still_open else "fail",
        "level": "none" if still_open else _LEVELS.get(reason.enforcement, "error"),
        "message": {"text": _message(" ".join(reason.told()))},
        "locations": [_location(answer.nearest(reason), reason.asset)],
        "partialFingerprints": {"allodComplaint/v1": reason.fingerprint},
        "suppressions": [_suppression(reason)] if reason.waiver else [],
        "properties": {
            "asset": reason.asset,
            "subject": reason.subject,
            "pack": reason.pack,
            "outcome": reason.outcome,
            "severity": reason.severity,
            "enforcement": reason.enforcement,
            "path": list(reason.path),
        },
    }
    if reason.baseline in _BASELINES:
        result["baselineState"] = _BASELINES[reason.baseline]
    return result


def _suppression(reason: Reason) -> dict[str, str]:
    return {"kind": "external", "status": "accepted", "justification": str(reason.waiver)}


def _location(place: Place | None, asset: str) -> dict[str, Any]:
    logical = {"logicalLocations": [{"fullyQualifiedName": asset, "kind": "resource"}]}
    return {"physicalLocation": _physical(place), **logical} if place else logical


def _physical(place: Place) -> dict[str, Any]:
    file = place.file.removeprefix("./")
    artifact = (
        {"uri": f"file://{quote(file)}"} if file.startswith("/") else {"uri": quote(file), "uriBaseId": "%SRCROOT%"}
    )
    return {"artifactLocation": artifact, "region": {"startLine": place.line}}


def _invocation(answer: Answer) -> dict[str, Any]:
    blocked = answer.verdict not in {"allow", "warn"}
    errors = [
        {
            "level": "error",
            "message": {"text": _message(f"{reason.rule} could not run on {reason.asset}: {reason.message}")},
        }
        for reason in answer.reasons
        if reason.outcome == "error"
    ]
    missing = [
        {
            "level": "note",
            "message": {"text": _message(f"{one.asset}: {one.what}; add: {' '.join(one.add)}")},
            "locations": [_location(one.place, one.asset)],
        }
        for one in answer.missing
    ]
    return {
        "executionSuccessful": not answer.undecided,
        "exitCode": 3 if answer.undecided else int(blocked),
        "exitCodeDescription": answer.headline(),
        "toolExecutionNotifications": errors + missing,
    }


def _message(text: str) -> str:
    """Text that names no link and no placeholder: `[text](target)` and `{0}` have a meaning in SARIF's messages."""
    return text.replace("](", "] (").replace("{", "{{").replace("}", "}}")
