"""Waking the dispatcher at once instead of at its next tick: best effort, from a thread, so that no request waits for it.

A broker that is down costs nothing but that second: what was announced lies in the outbox.
"""

import threading
from collections.abc import Callable

import structlog

from service.jobs.task import celery

log = structlog.get_logger(__name__)


class Bell:
    """Rings `send` from a thread of its own, at most every `pause` seconds; after a failure it rests for `rest`."""

    def __init__(self, send: Callable[[], None], pause: float = 0.05, rest: float = 5.0) -> None:
        self._send, self._pause, self._rest = send, pause, rest
        self._rung, self._still = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Asks for one more `send` and returns at once."""
        self._rung.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # not alive: this process was forked off
                self._thread = threading.Thread(target=self._run, name="kick", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Ends the thread; another ring starts a new one."""
        with self._lock:
            if self._thread is not None:
                self._still.set()
                self._rung.set()
                self._thread.join()
                self._still.clear()
                self._thread = None

    def _run(self) -> None:
        while self._rung.wait() and not self._still.is_set():
            self._rung.clear()
            try:
                self._send()
            except Exception as error:  # noqa: BLE001 -- whatever the broker's client raises: the next tick does the work
                log.warning("kick.failed", error=type(error).__name__)
                self._still.wait(self._rest)
            else:
                self._still.wait(self._pause)


def _send() -> None:
    celery.send_task("allod.dispatch", queue="upkeep", retry=False, expires=60)


_bell = Bell(_send)


def kick() -> None:
    """Wakes the dispatcher. Call it after the commit."""
    _bell.ring()
