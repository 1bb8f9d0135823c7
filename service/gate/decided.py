"""From what was judged to the answer on it, as plain data."""

from typing import Any

from service.evaluation.record import outcomes_of
from service.foundation import canonical
from service.gate.answer import Answer
from service.gate.judging import Asked, Judged
from service.packs.assignment import Rule


def answer_of(judged: Judged, asked: Asked, *, workspace: str, engine: str) -> Answer:
    """The answer on what was judged; nothing in it speaks of files yet, see `answer.located`."""
    reasons = [
        {**reason.as_dict(), "place": None, "softened": None, "baseline": None} for reason in judged.verdict.reasons
    ]
    rules = judged.assignment.rules
    return {
        "id": None,
        "digest": canonical.digest(outcomes_of(judged.decisions)),
        "verdict": judged.verdict.word.value,
        "undecided": judged.verdict.undecided,
        "workspace": workspace,
        "point": asked.point,
        "as_of": asked.as_of.isoformat(),
        "engine": engine,
        "judged": len(judged.prepared),
        "reasons": reasons,
        "rules": {rule: _described(rules[rule]) for rule in sorted({reason["rule"] for reason in reasons})},
        "missing": [],
        "ignored": [],
    }


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "title": rule.title,
        "description": rule.description,
        "severity": rule.severity,
        "theme": rule.theme,
        "remedy": rule.remedy,
        "controls": [dict(control) for control in rule.controls],
    }
