"""Connections that the server ended while nobody used them."""

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from service.foundation.database import each_for_itself, unit_of_work


def _cut_off(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as other:
        ended = other.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'allod'"
        ).fetchone()
    assert ended is not None
    return int(ended[0])


def test_an_idle_connection_that_was_ended_is_made_anew(engine: Engine, database_url: str) -> None:
    with unit_of_work(engine) as session:
        first = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with each_for_itself(engine) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() == first, "it is kept while it is sound"
    assert _cut_off(database_url) == 1
    with unit_of_work(engine) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != first


def test_a_connection_that_was_closed_here_is_made_anew(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.connection.driver_connection is not None
        connection.connection.driver_connection.close()
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
    with unit_of_work(engine) as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1


def test_one_that_is_ended_in_use_is_an_error_and_the_next_is_sound(engine: Engine, database_url: str) -> None:
    def use() -> None:
        with unit_of_work(engine) as session:
            session.execute(text("SELECT 1"))
            assert _cut_off(database_url) == 1
            session.execute(text("SELECT 1"))

    with pytest.raises(OperationalError):
        use()
    with unit_of_work(engine) as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1


def test_each_statement_stands_for_itself(engine: Engine) -> None:
    with each_for_itself(engine) as session:
        session.execute(text("CREATE TABLE kept (a int)"))
        session.rollback()
    with unit_of_work(engine) as session:
        assert session.execute(text("SELECT count(*) FROM kept")).scalar_one() == 0
