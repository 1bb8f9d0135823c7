"""What the child answers, asked in this process."""

from typing import Any

import regorus

from service.engine import child, entry
from service.engine.protocol import Bundle
from service.foundation import canonical
from tests.rooms.engine import bundles


def texts(whole: Bundle) -> bytes:
    return canonical.encode([[module.path, module.text] for module in entry.prepare(whole).modules])


def test_it_loads_and_answers() -> None:
    host = child.Host(regorus)
    whole = bundles.pair()
    question = f"{whole.digest} data.allod.entry.system.answer"
    body = canonical.encode({"documents": [bundles.document()]})
    assert host.answer(b"Q", question, body) == (b"U", b"")
    assert host.answer(b"L", whole.digest, texts(whole)) == (b"A", b"null")
    status, answer = host.answer(b"Q", question, body)
    assert status == b"A"
    assert canonical.decode(answer)["revision"] == whole.digest
    assert host.answer(b"Q", f"{whole.digest} data.allod.entry.nothing.answer", body)[0] == b"U"
    assert host.answer(b"Q", question, b"{")[0] == b"E"


def test_what_does_not_compile_is_refused_and_forgotten() -> None:
    host = child.Host(regorus)
    whole = bundles.pair(when="undefined_variable == 1")
    assert host.answer(b"L", whole.digest, texts(whole))[0] == b"R"
    assert host.answer(b"Q", f"{whole.digest} data.allod.entry.system.answer", b"{}")[0] == b"U"


def test_it_keeps_the_bundles_used_last() -> None:
    host = child.Host(regorus)
    for n in range(child.ENGINES_KEPT + 1):
        host.answer(b"L", str(n), texts(bundles.pair()))
    assert host.answer(b"Q", "0 data.allod.entry.probe.answer", b"{}")[0] == b"U"
    assert host.answer(b"Q", "1 data.allod.entry.probe.answer", b'{"documents": []}')[0] == b"A"


def test_no_memory_is_said_so() -> None:
    class Full:
        def __getattr__(self, _: str) -> Any:
            raise MemoryError

    host = child.Host(regorus)
    host._engines["d"] = _Quiet(Full())
    assert host.answer(b"Q", "d rule", b"{}") == (b"M", b"out of memory")


class _Quiet:
    """An engine that fails in everything but in clearing up."""

    def __init__(self, failing: Any) -> None:
        self._failing = failing

    def set_input_json(self, text: str) -> None:
        self._failing.anything(text)

    def take_prints(self) -> None:
        """Nothing was printed."""
