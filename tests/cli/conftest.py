"""The command line in this process, and a small server to speak with."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from service.cli.main import run
from tests.cli.small_server import SmallServer, serving

TOKEN = "allod_0123456789abcdef"


@dataclass
class Ran:
    code: int
    out: str
    err: str


Allod = Callable[..., Ran]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    with serving() as told:
        monkeypatch.setenv("ALLOD_URL", told.url)
        monkeypatch.setenv("ALLOD_TOKEN", TOKEN)
        yield told


@pytest.fixture
def allod(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Allod:
    def call(*arguments: object, stdin: bytes | None = None) -> Ran:
        monkeypatch.setattr(sys, "argv", ["allod", *map(str, arguments)])
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, told.out, told.err)

    return call
