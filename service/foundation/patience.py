"""Patience with an end: work that must come back within a time, whatever it waits for.

A timeout of a client counts from one read to the next, so a server that sends a byte now and then holds its caller for ever.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class _Slot(Generic[Result]):
    """Where a thread puts what came of its work."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.error: BaseException | None = None


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What `work` answers or raises, if it does so in time. It runs in a thread of its own, which nobody waits for later.

    Raises:
        TimeoutError: it did not; whatever it still does comes to nothing.
    """
    slot: _Slot[Result] = _Slot()

    def run() -> None:
        try:
            slot.results.append(work())
        except BaseException as error:  # noqa: BLE001 -- it is raised where it is waited for
            slot.error = error

    thread = threading.Thread(target=run, daemon=True, name="within")
    thread.start()
    thread.join(seconds)
    if slot.error is not None:
        raise slot.error
    if not slot.results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return slot.results[0]
