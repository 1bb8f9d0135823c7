"""Judging without a server: in a world that was exported, with whatever engine is at hand. Nothing is kept."""

from collections.abc import Sequence
from datetime import date, datetime

from service.engine.protocol import Engine
from service.foundation.errors import Fault, Invalid
from service.gate import candidate, kept
from service.gate.answer import Answer
from service.gate.decided import answer_of
from service.gate.judging import Asked, judge
from service.gate.kept import KeptWorld
from service.gate.reading.parts import Reading

__all__ = ["judged", "world"]


def world(content: bytes, name: str, workspace: str | None) -> KeptWorld:
    """The world that a file tells.

    Raises:
        Invalid: it cannot be read, or is that of another workspace than was asked for.
    """
    found = kept.read(content, name)
    if workspace is not None and workspace != found.workspace:
        fault = Fault("/workspace", f"is {found.workspace!r}", f"an export of {workspace!r}", file=name)
        raise Invalid(f"{name} is the inventory of another workspace.", [fault])
    return found


def judged(
    found: KeptWorld, engine: Engine, readings: Sequence[Reading], *, as_of: date, at: datetime, point: str
) -> Answer:
    """The answer that a server with this inventory, these rules and this engine would give.

    Raises:
        Invalid: a file proposes what is not well formed.
        Unavailable: the engine gave no answer.
    """
    given = candidate.of_readings(readings, found.workspace)
    asked = Asked(given.candidates, as_of, at, point)
    return answer_of(judge(found, engine, asked), asked, workspace=found.workspace, engine=engine.name)
