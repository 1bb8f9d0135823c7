"""The gate's decision for a person: verdict, then reasons, each whole, readable at 80 columns."""

import io
import os
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

_STYLES: Final = {"block": "bold red", "warn": "yellow", "inform": "dim", "allow": "bold green"}
_WIDTH: Final = 80


def as_table(decision: Mapping[str, Any], *, colour: bool, width: int = _WIDTH) -> str:
    """The decision as lines of at most `width` columns; nothing is cut off, long words are folded."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, emoji=False)
    reasons = decision["reasons"]
    console.print(_head(decision, Counter(str(reason["enforcement"]) for reason in reasons)))
    for reason in reasons:
        console.print()
        console.print(_line(reason), overflow="fold")
        for text in _below(reason):
            console.print(Padding(text, (0, 0, 0, 4)), overflow="fold")
    return out.getvalue()


def terminal() -> tuple[bool, int]:
    """Whether standard output takes colours, and how wide it is."""
    console = Console()
    return console.is_terminal and "NO_COLOR" not in os.environ, console.width if console.is_terminal else _WIDTH


def _head(decision: Mapping[str, Any], counts: Counter[str]) -> Text:
    word = str(decision["verdict"])
    told = ", ".join(f"{counts[word]} {word}" for word in ("block", "warn", "inform") if counts[word])
    head = Text(word.upper(), style=_STYLES.get(word, ""))
    if decision.get("undecided"):
        head.append(" (could not decide: a rule could not run)", style="bold red")
    return head.append(f"  {told or 'no findings'}", style="").append(f"  decision {decision.get('id')}", style="dim")


def _line(reason: Mapping[str, Any]) -> Text:
    word = str(reason["enforcement"])
    line = Text(f"{word:<7}", style=_STYLES.get(word, ""))
    line.append(f"{reason['rule']}  {reason['outcome']}, {reason['severity']}  ", style="bold")
    return line.append(_shown(reason["asset"]), style="cyan")


def _below(reason: Mapping[str, Any]) -> list[Text]:
    lines = [Text(_shown(reason["message"]))]
    if len(reason.get("path") or ()) > 1:
        lines.append(Text("path: " + " → ".join(map(_shown, reason["path"])), style="dim"))
    if reason.get("remedy"):
        lines.append(Text("mend: " + _shown(reason["remedy"])))
    return lines


def printable(text: str) -> str:
    """Text that cannot move the cursor, whatever a rule, a title or a ref holds."""
    return "".join(c if c.isprintable() else " " for c in text)


def _shown(value: Any) -> str:
    return printable(" ".join(str(value).split()))
