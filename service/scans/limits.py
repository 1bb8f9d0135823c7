"""Limits to every answer of a source, whichever client asks for it, and patience with servers that are busy."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from service.scans.failures import SourceFailure

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0  # between two pieces of an answer
WHOLE_SECONDS: Final = 120.0  # for one answer, however slowly it drips
BODY_MAX: Final = 64 * 2**20  # bytes of one answer
BUSY: Final = frozenset({429, 503})
TRIES: Final = 3
REST: Final = 1.0  # seconds before asking again, where the server does not say
REST_MAX: Final = 5.0  # a server may ask for more, a scan does not wait longer

T = TypeVar("T")


class Busy(SourceFailure):
    """The server is busy and wants to be asked again after `rest` seconds."""

    def __init__(self, detail: str, code: int, rest: float) -> None:
        super().__init__(detail, code)
        self.rest = rest


def patiently(ask: Callable[[], T]) -> T:
    """What `ask` answers, asked again while it says `Busy`, a few times.

    Raises:
        SourceFailure: what `ask` raises, `Busy` at last.
    """
    for _ in range(TRIES - 1):
        try:
            return ask()
        except Busy as busy:
            time.sleep(busy.rest)
    return ask()


def rest_of(headers: Mapping[str, str]) -> float:
    """How long a busy server wants to be left alone, in seconds, as far as a scan waits for that."""
    asked = headers.get("retry-after", "")
    return min(float(asked), REST_MAX) if asked.isdecimal() else REST


def pieces(stream: Iterable[bytes], called: str, code: int | None = None) -> Iterator[bytes]:
    """The pieces of an answer, as long as it is within limits. `called` begins the sentence that says otherwise.

    Raises:
        SourceFailure: it is too long, or takes too long.
    """
    deadline, size = time.monotonic() + WHOLE_SECONDS, 0
    for piece in stream:
        size += len(piece)
        if size > BODY_MAX:
            raise SourceFailure(f"{called} answers with more than {BODY_MAX} bytes.", code)
        if time.monotonic() > deadline:
            raise SourceFailure(f"{called} did not end its answer within {WHOLE_SECONDS:.0f} s.", code)
        yield piece
