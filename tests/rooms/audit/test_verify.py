"""Verification names the first place that does not hold, whatever was done to it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from service.audit import log, verify
from service.audit.verify import Head, Reason
from service.foundation.actor import SCHEDULER

Rows = list[dict[str, Any]]


def made(count: int) -> Rows:
    rows: Rows = []
    previous = log.GENESIS
    for number in range(1, count + 1):
        row: dict[str, Any] = {
            "number": number,
            "at": f"2026-01-01T00:00:{number % 60:02}.000000+00:00",
            "actor": "system:scheduler",
            "action": "thing.done",
            "workspace": None,
            "target": f"t{number}",
            "detail": {"n": number},
            "previous": previous,
        }
        previous = row["hash"] = log.seal(row)
        rows.append(row)
    return rows


def resealed(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    row = {**row, **changes}
    return {**row, "hash": log.seal(row)}


def test_a_whole_chain_holds_and_so_does_an_empty_one() -> None:
    rows = made(5)
    report = verify.verify(rows)
    assert (report.intact, report.entries, report.head) == (True, 5, Head(5, rows[-1]["hash"]))
    empty = verify.verify([])
    assert (empty.intact, empty.entries, empty.head, empty.anchored) == (True, 0, None, False)


@pytest.mark.parametrize(
    ("tamper", "number", "reason"),
    [
        (lambda r: [*r[:2], {**r[2], "actor": "token:eve"}, *r[3:]], 3, Reason.ALTERED),
        (lambda r: [*r[:2], {**r[2], "detail": {}}, *r[3:]], 3, Reason.ALTERED),
        (lambda r: [*r[:2], resealed(r[2], actor="token:eve"), *r[3:]], 4, Reason.ALTERED),
        (lambda r: [*r[:2], *r[3:]], 3, Reason.MISSING),
        (lambda r: r[1:], 1, Reason.MISSING),
        (lambda r: [*r[:2], r[3], r[2], r[4]], 3, Reason.REORDERED),
        (lambda r: [*r[:3], r[2], *r[3:]], 4, Reason.REORDERED),
        (lambda r: [*r[:2], {"number": 3}, *r[3:]], 3, Reason.ALTERED),
        (lambda r: [*r[:2], {**r[2], "number": "3"}, *r[3:]], 3, Reason.ALTERED),
        (lambda r: [resealed(r[0], previous="1" * 64), *r[1:]], 1, Reason.ALTERED),
    ],
)
def test_tampering_is_found_where_it_is(tamper: Callable[[Rows], Rows], number: int, reason: Reason) -> None:
    report = verify.verify(tamper(made(5)))
    assert report.broken is not None
    assert (report.broken.number, report.broken.reason) == (number, reason)
    assert report.entries == number - 1


@given(st.integers(1, 8), st.data())
def test_no_single_change_of_a_column_goes_unseen(count: int, data: st.DataObject) -> None:
    rows = made(count)
    at = data.draw(st.integers(0, count - 1))
    column = data.draw(st.sampled_from(sorted(rows[at])))
    rows[at] = {**rows[at], column: data.draw(st.text(max_size=3))}
    assert not verify.verify(rows).intact


def test_a_cut_off_end_is_seen_only_against_a_kept_head() -> None:
    rows = made(5)
    kept = Head(5, rows[4]["hash"])
    assert verify.verify(rows[:3]).intact
    cut = verify.verify(rows[:3], kept)
    assert cut.broken is not None
    assert (cut.broken.number, cut.broken.reason, cut.anchored) == (4, Reason.TRUNCATED, True)
    assert verify.verify([*rows, *()], Head(3, rows[2]["hash"])).intact
    rewritten = verify.verify([*rows[:4], resealed(rows[4], actor="token:eve")], kept)
    assert rewritten.broken is not None
    assert (rewritten.broken.number, rewritten.broken.reason) == (5, Reason.TRUNCATED)
    assert verify.verify([], kept).broken is not None


def test_tampering_in_the_database_is_found(session: Session) -> None:
    log.record_many(session, SCHEDULER, "thing.done", None, [(f"t{n}", {"n": n}) for n in range(10)])
    session.commit()
    assert verify.verify_log(session).entries == 10
    # Who owns the table can switch its guard off; the chain is there for him.
    session.connection().execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
    session.connection().execute(text("UPDATE audit_entry SET detail = '{\"n\": 99}' WHERE number = 4"))
    broken = verify.verify_log(session).broken
    assert broken is not None
    assert (broken.number, broken.reason) == (4, Reason.ALTERED)
    session.connection().execute(text("DELETE FROM audit_entry WHERE number = 4"))
    broken = verify.verify_log(session).broken
    assert broken is not None
    assert (broken.number, broken.reason) == (4, Reason.MISSING)
