"""When a source is due next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.errors import Invalid
from service.scans.schedule import JITTER_MAX, check_cron, next_due

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SOURCE = UUID(int=7)


def test_a_source_without_a_schedule_is_never_due() -> None:
    assert next_due(SOURCE, None, None, NOW) is None


@given(st.uuids(), st.integers(60, 366 * 86_400))
def test_an_interval_is_kept_and_spread_by_a_tenth_at_most(source: UUID, seconds: int) -> None:
    due = next_due(source, seconds, None, NOW)
    assert due is not None
    late = due - NOW - timedelta(seconds=seconds)
    assert timedelta(0) <= late <= min(timedelta(seconds=seconds) / 10, JITTER_MAX)
    assert next_due(source, seconds, None, NOW) == due, "the same for the same source and time"


def test_a_cron_expression_is_read_in_utc() -> None:
    due = next_due(SOURCE, None, "30 13 * * *", NOW.astimezone())
    assert due is not None
    assert datetime(2026, 11, 24, 13, 30, tzinfo=UTC) <= due <= datetime(2026, 11, 24, 13, 35, tzinfo=UTC)


def test_sources_of_one_schedule_do_not_start_at_once() -> None:
    assert len({next_due(UUID(int=number), 3600, None, NOW) for number in range(20)}) == 20


@pytest.mark.parametrize("cron", ["every day", "* * *", "99 * * * *", "0 0 30 2 *"])
def test_what_cannot_be_read_or_never_comes_is_refused(cron: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_cron(cron, NOW)
    assert [fault.path for fault in refused.value.faults] == ["/schedule/cron"]


def test_a_day_that_comes_once_in_four_years_is_waited_for() -> None:
    check_cron("0 0 29 2 *", NOW)
    due = next_due(SOURCE, None, "0 0 29 2 *", NOW)
    assert due is not None
    assert (due.year, due.month, due.day) == (2028, 2, 29)
