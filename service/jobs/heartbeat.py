"""Keeping a lease while its holder works: a thread of its own, in transactions of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service.foundation.database import unit_of_work
from service.scans import outbound

log = structlog.get_logger(__name__)


@contextmanager
def kept(bind: Engine, extend: Callable[[Session], bool], term: timedelta) -> Iterator[None]:
    """Calls `extend` three times in each `term` for as long as the block runs, or until it answers no."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(bind, extend, term, over), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(bind: Engine, extend: Callable[[Session], bool], term: timedelta, over: threading.Event) -> None:
    with outbound.aside():
        while not over.wait(term.total_seconds() / 3):
            try:
                with unit_of_work(bind) as session:
                    going_on = extend(session)
            except SQLAlchemyError as error:  # the next beat tries again; whether the lease held, the end sees
                log.warning("heartbeat.missed", error=type(error).__name__)
            else:
                if not going_on:
                    return
