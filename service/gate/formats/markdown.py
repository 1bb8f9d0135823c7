"""Markdown for a comment on a merge or pull request."""

from typing import Final

from service.gate.formats.page import page
from service.gate.formats.parts import Decision, answer_of

MARK: Final = "<!-- allod-gate -->"
"""The first line, by which a pipeline finds its former comment and writes over it."""

_ROOM: Final = 60_000  # bytes; GitHub takes 65,536 characters in a comment


def as_markdown(decision: Decision) -> str:
    """The comment."""
    return f"{MARK}\n{page(answer_of(decision), room=_ROOM)}"
