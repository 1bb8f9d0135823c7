"""GitHub annotations: workflow commands, one a line, which the runner reads from a step's output.

The syntax is `::error file=…,line=…,title=…::message`; GitHub documents `%`, line ends and, in properties, `:` and `,` as
what must be written by its number. It shows ten annotations of a kind for each step, the hardest reasons come first.
"""

from typing import Final

from service.gate.formats.parts import Answer, Decision, Place, Reason, answer_of

_COMMANDS: Final = {"block": "error", "warn": "warning", "allow": "notice"}


def as_github(decision: Decision) -> str:
    """The verdict as an annotation of the run, then each reason at its place."""
    answer = answer_of(decision)
    verdict = _command(_COMMANDS.get(answer.verdict, "error"), "Allod gate", [answer.headline()], None)
    reasons = (_annotation(answer, reason) for reason in answer.reasons)
    missing = (
        _command("notice", f"Allod: {one.asset}", [one.what, "add:", *one.add], one.place) for one in answer.missing
    )
    return "\n".join((verdict, *reasons, *missing)) + "\n"


def _annotation(answer: Answer, reason: Reason) -> str:
    title = f"{reason.rule} {answer.rule_of(reason).title} ({reason.outcome}, {reason.severity})"
    lines = [f"{reason.asset}: {reason.message}", *reason.told()[1:]]
    return _command(_COMMANDS.get(reason.enforcement, "notice"), title, lines, reason.place)


def _command(command: str, title: str, lines: list[str], place: Place | None) -> str:
    at = f"file={_property(place.file.removeprefix('./'))},line={place.line}," if place else ""
    return f"::{command} {at}title={_property(title)}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
