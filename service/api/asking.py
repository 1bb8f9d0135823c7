"""What the endpoints beside `POST /gate` share: files in, a decision out, in the shape that the gate answers."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import anyio
from anyio import to_thread
from sqlmodel import Session

from service.foundation import clock
from service.foundation.actor import Actor
from service.foundation.errors import Unavailable
from service.gate import answer, candidate
from service.gate.check import Question, check
from service.gate.reading.parts import Reading
from service.inventory.views import WorkspaceView
from service.pipeline import Ground

Result = TypeVar("Result")


async def in_time(seconds: float, work: Callable[[threading.Event], Result]) -> Result:
    """What `work` answers in a thread, if it does so in time; the event tells it that nobody waits any more.

    Raises:
        Unavailable: it did not.
    """
    over = threading.Event()
    try:
        with anyio.fail_after(seconds):
            return await to_thread.run_sync(work, over, abandon_on_cancel=True)
    except TimeoutError as error:
        raise Unavailable(f"No verdict within {seconds:g} s.") from error
    finally:
        over.set()


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
