"""Work that must come back within a time."""

import threading

import pytest

from service.foundation.patience import within


def test_the_answer_comes_back_and_so_does_the_error() -> None:
    assert within(60, lambda: 7) == 7
    assert within(60, lambda: None) is None

    def fail() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        within(60, fail)


def test_what_does_not_come_back_is_left() -> None:
    never = threading.Event()
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        within(0.05, never.wait)
    never.set()
