"""Reading a text as a file: what most tests here begin with."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from service.foundation.errors import Fault, Invalid
from service.gate.reading.parts import File, Options, Reading, Type
from service.gate.reading.read import read

Read = Callable[..., Reading]
Refused = Callable[..., list[Fault]]


@pytest.fixture
def reading() -> Read:
    """`reading(name, text, type, options)`: the reading of one file."""

    def of(
        name: str, text: str, type_: Type | None = None, *, beside: tuple[str, ...] = (), **options: object
    ) -> Reading:
        file = File(name, dedent(text).encode(), beside)
        (found,) = read([file], type_, Options(**options))  # type: ignore[arg-type]
        return found

    return of


@pytest.fixture
def refused() -> Refused:
    """`refused(name, text, type)`: the faults of a file that is not taken."""

    def of(name: str, text: str | bytes, type_: Type | None = None) -> list[Fault]:
        content = text if isinstance(text, bytes) else dedent(text).encode()
        with pytest.raises(Invalid) as refusal:
            read([File(name, content)], type_)
        return list(refusal.value.faults)

    return of
