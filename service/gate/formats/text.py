"""Text that comes from rules, files and people, made harmless for whoever shows it."""

import re
from typing import Any, Final

_BEFORE_A_REFERENCE: Final = re.compile(r"([@#!~%&$^])(?=[\w\"])")
_MARKUP: Final = re.compile(r"[!-/:-@\[-`{-~]")
_HARMLESS: Final = frozenset(",;'(")  # at the start of a line, too, where `-`, `1)` and GitLab's `/approve` are not
_JOINER: Final = "\N{WORD JOINER}"


def one_line(value: Any) -> str:
    """The value in one line. Control characters, line separators and characters that turn the direction of writing go."""
    return " ".join(_printable(str(value)).split())


def lines(value: Any) -> list[str]:
    """The value's lines, each with its indentation, without characters that nobody sees."""
    return [_printable(line.replace("\t", "    ")).rstrip() for line in str(value).splitlines()]


def as_markdown_text(text: str) -> str:
    """One line that Markdown shows as it stands: no markup, no table column, no mention, no reference, no link.

    Punctuation is written by its number, which neither Markdown nor HTML takes for its own. A mention is looked for in what
    is shown, so a character without width stands between its mark and the name.
    """
    joined = _BEFORE_A_REFERENCE.sub(lambda found: found[1] + _JOINER, text)
    return _MARKUP.sub(lambda found: found[0] if found[0] in _HARMLESS else f"&#{ord(found[0])};", joined)


def as_code(text: str) -> str:
    """One line in the type of code; safe in a table, which a span between backticks is not."""
    return f"<code>{as_markdown_text(text)}</code>"


def as_code_block(given: list[str]) -> str:
    """Lines as a block of code, fenced by more backticks than any of them holds."""
    longest = max((len(run) for line in given for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((f"{fence}text", *given, fence))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
