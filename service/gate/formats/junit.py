"""JUnit XML as Jenkins reads it: a suite for the verdict, then one for each asset that a reason speaks of.

A test case is one finding: what blocks has failed, an error is an error, what is waived was skipped, and what only warns or
informs has passed and says so in its output. The verdict is a case of its own, so that a report is never empty and a block
never reads as a pass.
"""

from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree as ET

from service.gate.formats.parts import Answer, Decision, Reason, answer_of

_FAILED: Final = frozenset({"failure", "error"})


def as_junit(decision: Decision) -> str:
    """The report; texts are printable already, so every character in it is one that XML may hold."""
    answer = answer_of(decision)
    assets: dict[str, list[ET.Element]] = {}
    for reason in answer.reasons:
        assets.setdefault(reason.asset, []).append(_case(answer, reason))
    suites = [_suite("allod gate", [_verdict(answer)]), *(_suite(asset, cases) for asset, cases in assets.items())]
    root = ET.Element("testsuites", {"name": "allod gate", **_sums(case for suite in suites for case in suite)})
    root.extend(suites)
    ET.indent(root)
    return f"{_DECLARATION}{ET.tostring(root, encoding='unicode')}\n"


_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _suite(name: str, cases: list[ET.Element]) -> ET.Element:
    skipped = sum(case.find("skipped") is not None for case in cases)
    suite = ET.Element("testsuite", {"name": name, **_sums(cases), "skipped": str(skipped)})
    suite.extend(cases)
    return suite


def _sums(cases: Iterable[ET.Element]) -> dict[str, str]:
    kinds = [{child.tag for child in case} for case in cases]
    failures, errors = (sum(tag in kind for kind in kinds) for tag in ("failure", "error"))
    return {"tests": str(len(kinds)), "failures": str(failures), "errors": str(errors)}


def _verdict(answer: Answer) -> ET.Element:
    case = ET.Element("testcase", name="verdict", classname="allod gate", time="0")
    kind = "error" if answer.undecided else "system-out" if answer.verdict in {"allow", "warn"} else "failure"
    return _ended(case, kind, "verdict", answer.headline(), [answer.headline()])


def _case(answer: Answer, reason: Reason) -> ET.Element:
    name = " ".join(part for part in (reason.rule, answer.rule_of(reason).title, reason.subject) if part)
    case = ET.Element("testcase", name=name, classname=reason.asset, time="0")
    where = [f"at {reason.place}"] if reason.place else []
    return _ended(case, _kind(reason), reason.severity, reason.message, [*reason.told(), *where])


def _kind(reason: Reason) -> str:
    if reason.outcome == "error":
        return "error"
    if reason.enforcement == "block":
        return "failure"
    return "skipped" if reason.waiver else "system-out"


def _ended(case: ET.Element, kind: str, type: str, message: str, lines: list[str]) -> ET.Element:
    # The schema takes no attributes on what was skipped or written.
    attributes = {"type": type, "message": message} if kind in _FAILED else {}
    ET.SubElement(case, kind, attributes).text = "\n".join(lines)
    return case
