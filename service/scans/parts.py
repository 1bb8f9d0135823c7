"""A part of a reading, from its beginning to its end, whatever happens between."""

from collections.abc import Callable, Iterable, Iterator

from service.scans.connector import Asked, Event, Read, Refused


def guarded(part: str, events: Iterable[Event], words: Callable[[Exception], str]) -> Iterator[Event]:
    """The events of a part between `Asked` and `Read`; where it fails it ends in a refusal, in `words`, instead."""
    yield Asked(part)
    try:
        yield from events
    except Exception as error:  # noqa: BLE001 -- a part's failure is the part's: the next may still be read
        yield Refused(part, None, words(error))
        return
    yield Read(part)
