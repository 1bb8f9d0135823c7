"""GitHub's job summary: Markdown to append to the file that `GITHUB_STEP_SUMMARY` names."""

from typing import Final

from service.gate.formats.page import page
from service.gate.formats.parts import Decision, answer_of

_ROOM: Final = 1_000_000  # bytes; GitHub takes 1 MiB from a step, and shows none of it beyond


def as_github_summary(decision: Decision) -> str:
    """The summary."""
    return page(answer_of(decision), room=_ROOM)
