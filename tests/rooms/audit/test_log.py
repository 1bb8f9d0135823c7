"""The audit log: written with what it tells, without a gap, whoever writes at the same time."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from service.audit import log, verify
from service.audit.tables import AuditEntry
from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work


def rows(session: Session) -> list[AuditEntry]:
    return list(session.exec(select(AuditEntry).order_by(AuditEntry.number)))  # type: ignore[arg-type]


def say(session: Session, target: str, **detail: Any) -> None:
    log.record(session, SCHEDULER, "thing.done", target, "default", detail)


def test_rows_are_numbered_and_chained_from_64_zeros(session: Session) -> None:
    for target in ("a", "b"):
        say(session, target)
    session.commit()
    say(session, "c")
    session.commit()
    found = rows(session)
    assert [(row.number, row.target) for row in found] == [(1, "a"), (2, "b"), (3, "c")]
    assert [row.previous for row in found] == ["0" * 64, found[0].hash, found[1].hash]
    assert found[0].actor == "system:scheduler"


def test_what_is_rolled_back_is_not_told(session: Session) -> None:
    say(session, "lost")
    session.rollback()
    say(session, "kept")
    session.commit()
    assert [(row.number, row.target) for row in rows(session)] == [(1, "kept")]


def test_nor_what_a_savepoint_takes_back(session: Session) -> None:
    say(session, "before")
    with session.begin_nested():
        say(session, "kept")
        inner = session.begin_nested()
        say(session, "lost")
        inner.rollback()
    say(session, "after")
    outer = session.begin_nested()
    with session.begin_nested():
        say(session, "lost too")
    outer.rollback()
    session.commit()
    assert [row.target for row in rows(session)] == ["before", "kept", "after"]


def test_nothing_is_told_of_a_commit_that_failed(session: Session) -> None:
    say(session, "x" * 301)
    with pytest.raises(DBAPIError):
        session.commit()
    session.rollback()
    session.commit()
    assert rows(session) == []


class Colour(StrEnum):
    RED = "red"


def test_every_detail_is_read_as_it_was_hashed(session: Session) -> None:
    detail: dict[Any, Any] = {
        "half": 0.5, "big": 2**80, "whole": 2**63 - 1, "price": Decimal("1.10"), "text": "a\0b\u00e9\U0001f600",
        "at": datetime(2026, 1, 1, tzinfo=UTC), "id": UUID(int=7), "none": None, "true": True, "colour": Colour.RED,
        "deep": [{"tuple": (1, 2.0)}], 3: "key", "key\0": "x",
    }  # fmt: skip
    log.record_many(session, SCHEDULER, "thing.done", None, [("t", detail)])
    session.commit()
    (row,) = rows(session)
    assert row.detail["half"] == "0.5"
    assert row.detail["colour"] == "red"
    assert row.detail["deep"] == [{"tuple": [1, "2.0"]}]
    assert verify.verify_log(session).intact


def test_writers_at_once_leave_no_gap_and_wait_only_at_commit(engine: Engine) -> None:
    """Each transaction has told before any has committed: a lock taken while telling would stop them all."""
    told = threading.Barrier(4, timeout=20)
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for turn in range(5):
                with unit_of_work(engine) as session:
                    log.record_many(
                        session, SCHEDULER, "thing.done", None, [(f"{name}-{turn}-{n}", {}) for n in range(3)]
                    )
                    told.wait()
        except BaseException as error:  # noqa: BLE001 -- carried to the test's own thread
            failures.append(error)
            told.abort()

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with Session(engine) as session:
        report = verify.verify_log(session)
        assert (report.intact, report.entries) == (True, 60)
        written = [row.target for row in rows(session)]
        # Rows of one transaction stand together.
        assert all(written[at].rpartition("-")[0] == written[at + 2].rpartition("-")[0] for at in range(0, 60, 3))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_the_database_itself_refuses_to_change_the_log(session: Session, statement: str) -> None:
    say(session, "a")
    session.commit()
    with pytest.raises(DBAPIError, match="appended to, never altered"):
        session.connection().execute(text(statement))
