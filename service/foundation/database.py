"""The database: one engine for each process, one session for each unit of work, commit in one place only.

Rooms take a `Session`, flush when they need a key, and never commit: the edge that opened the unit of work does.
"""

import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlmodel import Session, SQLModel

from service.foundation.settings import settings

# Named constraints, so that a migration can name what it drops.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

STATEMENT_TIMEOUT_MS = 120_000
LOCK_TIMEOUT_MS = 30_000


def metadata() -> MetaData:
    """All tables that have been imported so far."""
    return SQLModel.metadata


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """An engine on `url`, with time limits on statements and locks.

    `url` may say `postgresql://` as other tools do: the driver is always psycopg 3.
    """
    engine = create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=10,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": 5,
            "application_name": "allod",
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}",
        },
    )
    event.listen(engine, "checkout", _refuse_what_was_ended)
    return engine


def _refuse_what_was_ended(connection: Any, record: Any, proxy: Any) -> None:  # noqa: ARG001 -- SQLAlchemy's signature
    """Has the pool make a new connection where a server has ended this one while nobody used it.

    An idle connection has nothing to say. If there is something to read, it is the server's farewell; so this costs a look
    at the socket, and no question to the server.
    """
    if not connection.closed:
        with selectors.DefaultSelector() as looking:
            looking.register(connection, selectors.EVENT_READ)
            if not looking.select(0):
                return
    raise DisconnectionError("the server has ended an idle connection")


def driver_url(url: str) -> str:
    """`url` with the driver named, as SQLAlchemy wants it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


@cache
def engine() -> Engine:
    """The engine of this process, on `ALLOD_DATABASE_URL`."""
    return connect(settings().database_url.get_secret_value())


@contextmanager
def each_for_itself(bind: Engine) -> Iterator[Session]:
    """A session in which each statement is a transaction of its own: for what reads, and writes with one at most."""
    with Session(bind.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False) as session:
        yield session


@contextmanager
def unit_of_work(bind: Engine | None = None) -> Iterator[Session]:
    """A session that commits when the block ends well and rolls back when it does not."""
    with Session(bind or engine(), expire_on_commit=False) as session:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
