"""What the endpoints beside `POST /gate` share: files in, a decision out, in the shape that the gate answers."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from service.foundation import clock
from service.foundation.actor import Actor
from service.gate import answer, candidate
from service.gate.check import Question, check
from service.gate.reading.parts import Reading
from service.inventory.views import WorkspaceView
from service.pipeline import Ground


def decide(
    session: Session, ground: Ground, workspace: WorkspaceView, readings: Sequence[Reading], point: str, actor: Actor
) -> dict[str, Any]:
    """The decision on what was read, as `POST /gate` answers it. It is kept if the session is committed.

    Where all that was read is of no concern nothing is decided: the answer allows, and has no `id`.

    Raises:
        Unavailable: the engine gave no answer.
        Invalid: what was read makes no assets of this workspace.
    """
    today = clock.today()
    given = candidate.of_readings(readings, workspace.name)
    if not given.candidates:
        nothing = answer.nothing(workspace=workspace.name, point=point, as_of=today.isoformat())
        return answer.located(nothing, readings)
    question = Question(workspace, given.candidates, today, point)
    return answer.located(check(session, ground, question, actor).decision, readings)
