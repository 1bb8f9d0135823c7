"""The gate's decision for a person: verdict, then reasons, each whole, readable at 80 columns."""

import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from service.gate.formats.parts import Answer, Missing, Reason, answer_of

_STYLES: Final = {"block": "bold red", "warn": "yellow", "inform": "dim", "allow": "bold green"}
_WIDTH: Final = 80


def as_table(decision: Mapping[str, Any], *, colour: bool, width: int = _WIDTH) -> str:
    """The decision as lines of at most `width` columns; nothing is cut off, long words are folded."""
    answer = answer_of(decision)
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, emoji=False)
    console.print(_head(answer))
    for indent, text in _lines(answer):
        console.print(Padding(text, (0, 0, 0, indent), expand=False) if text else text, overflow="fold")
    return out.getvalue()


def terminal() -> tuple[bool, int]:
    """Whether standard output takes colours, and how wide it is."""
    console = Console()
    return console.is_terminal and "NO_COLOR" not in os.environ, console.width if console.is_terminal else _WIDTH


def _head(answer: Answer) -> Text:
    head = Text(answer.verdict.upper(), style=_STYLES.get(answer.verdict, ""))
    if answer.undecided:
        head.append(" (could not decide: a rule could not run)", style="bold red")
    counts = Counter("waived" if reason.waiver else reason.enforcement for reason in answer.reasons)
    told = ", ".join(f"{counts[word]} {word}" for word in ("block", "warn", "inform", "waived") if counts[word])
    head.append(f"  {told or 'no findings'}")
    return head.append(f"  assets judged: {answer.judged}", style="dim")


def _lines(answer: Answer) -> Iterator[tuple[int, Text]]:
    lacking = {one.asset for one in answer.missing}
    for reason in answer.reasons:
        yield 0, Text()
        yield 0, _line(reason)
        # Where lines are to be added, these are the remedy of an open question, and stand once below.
        short = reason.outcome == "unknown" and reason.asset in lacking
        yield from ((4, text) for text in _below(reason, short=short))
    if answer.missing:
        yield 0, Text()
        yield 0, Text("Lines to add:", style="bold")
    for one in answer.missing:
        yield 4, _missing(one)
        yield from ((8, Text(line, style="green")) for line in one.add)
    if answer.ignored:
        yield 0, Text()
        yield 0, Text(f"Read and of no concern here: {answer.ignored}", style="dim")


def _line(reason: Reason) -> Text:
    word = "waived" if reason.waiver else reason.enforcement
    line = Text(f"{word:<7}", style=_STYLES.get(reason.enforcement, ""))
    line.append(f"{reason.rule}  {reason.outcome}, {reason.severity}  ", style="bold")
    return line.append(reason.asset, style="cyan")


def _below(reason: Reason, *, short: bool) -> list[Text]:
    place = [Text(f"at {reason.place}", style="cyan")] if reason.place else []
    message, *others = reason.told()
    notes = reason.notes()
    dim = others[: len(others) - len(notes)]
    return [
        *place,
        Text(message),
        *(
            Text(one, style="dim" if one.startswith("path:") else "")
            for one in dim
            if not (short and one.startswith("mend:"))
        ),
        *(Text(note, style="yellow") for note in notes),
    ]


def _missing(one: Missing) -> Text:
    return Text(f"{one.place}", style="cyan").append(f"  {one.asset}: {one.what}", style="")


def printable(text: str) -> str:
    """Text that cannot move the cursor, whatever a rule, a title or a ref holds."""
    return "".join(c if c.isprintable() else " " for c in text)
