"""`--explain`: each reason with all that helps to understand and mend it, for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator

from service.gate.formats.parts import Answer, Decision, Reason, answer_of

_WIDTH = 80


def explained(decision: Decision) -> str:
    """For each reason: rule, what it demands, the path step by step, remedy, controls and place. Empty without reasons."""
    answer = answer_of(decision)
    return "".join(f"{line}\n" for reason in answer.reasons for line in (*_told(answer, reason), ""))


def _told(answer: Answer, reason: Reason) -> Iterator[str]:
    rule = answer.rule_of(reason)
    yield from _folded(f"{rule.id}  {rule.title}", "")
    yield from _folded(f"{reason.enforcement}: {reason.outcome}, {reason.severity}, pack {reason.pack}", "  ")
    for name, text in (("asset", reason.asset), ("place", str(reason.place or "")), ("finding", reason.message)):
        yield from _named(name, text)
    yield from _named("demands", rule.description)
    for number, step in enumerate(reason.path):
        yield from _folded(
            f"{'→ ' if number else ''}{step}", "  " + " " * 9 + "  " * number, "path" if not number else ""
        )
    yield from _named("remedy", reason.remedy or rule.remedy)
    for control in rule.controls:
        yield from _named("control", control)
    for note in reason.notes():
        yield from _named("note", note)


def _named(name: str, text: str) -> list[str]:
    return _folded(text, " " * 11, name) if text else []


def _folded(text: str, indent: str, name: str = "") -> list[str]:
    # A deep path must not push its words off the page: half the width is left to them.
    indent = indent[: _WIDTH // 2]
    first = f"  {name:<9}" if name else indent
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
