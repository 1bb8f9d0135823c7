"""The child process: what kills it, what it may not do, and that nobody else notices."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from service.engine import entry
from service.engine.embedded import EmbeddedEngine
from service.engine.judge import judge
from service.engine.protocol import EngineFailure, FailureKind
from service.engine.sandbox import Sandbox
from service.foundation import canonical
from tests.rooms.engine import bundles
from tests.rooms.engine.bundles import document

LOOP = "count([1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a + b < 0]) == 0"
DOUBLING = '\n\ns0 := concat("", [input.asset.ref])\n' + "\n".join(
    f's{n} := concat("", [s{n - 1}, s{n - 1}])' for n in range(1, 40)
)


def children(engine: EmbeddedEngine) -> list[int]:
    return [seat.sandbox.pid for seat in engine._all if seat.sandbox is not None and seat.sandbox.alive]


def open_files(pid: int) -> list[str]:
    """What a process holds open, by the names that the kernel gives it."""
    names = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists this directory
            names.append(str(descriptor.readlink()))
    return names


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("when", "extra", "kind"),
    [
        ("count(numbers.range(1, 100000000)) > 1", "", "memory"),
        ('sprintf("%900000000d", [input.asset.number]) != ""', "", "memory"),
        ("count(s39) > 1", DOUBLING, ("memory", "timeout")),  # whichever comes first on this machine
        ("f(1) == 2", "\nf(x) := f(x + 1)\n", "crash"),
        ('json.unmarshal(concat("", ["[" | some x in numbers.range(1, 100000)])) == 1', "", "evaluation"),
        ('json.unmarshal(concat("", [c | some x in numbers.range(1, 100000); c := "["])) == 1', "", "evaluation"),
    ],
)
def test_a_bomb_is_the_error_of_its_own_rule(
    embedded: EmbeddedEngine, when: str, extra: str, kind: str | tuple[str, ...]
) -> None:
    judged = judge(embedded, bundles.pair(when=when, extra=extra), "system", [document(0), document(1)])
    for one in judged:
        assert len(one.verdicts["TRY-001"].violations) == 1
        assert one.verdicts["TRY-001"].error is None
        assert (one.verdicts["TRY-002"].error or "").startswith(kind)


def test_a_rule_that_runs_for_ever_costs_few_timeouts_and_then_none() -> None:
    engine = EmbeddedEngine(timeout=0.4, memory_mib=512, pool=1)
    whole = bundles.pair(when=LOOP)
    documents = [document(number) for number in range(40)]
    started = time.monotonic()
    judged = judge(engine, whole, "system", documents)
    assert time.monotonic() - started < 0.4 * 14
    assert all(len(one.verdicts["TRY-001"].violations) == 1 for one in judged)
    said = {one.verdicts["TRY-002"].error for one in judged}
    assert said == {"timeout: no answer within 0.4 s", "not asked: the rule failed too often on this batch"}
    started = time.monotonic()
    again = judge(engine, whole, "system", documents)
    assert time.monotonic() - started < 0.4
    assert all(one.verdicts["TRY-002"].error == "timeout: no answer within 0.4 s" for one in again)
    assert all(len(one.verdicts["TRY-001"].violations) == 1 for one in again)
    engine.close()


def test_one_document_that_takes_for_ever_costs_no_other_its_verdict() -> None:
    engine = EmbeddedEngine(timeout=0.4, memory_mib=512, pool=1)
    whole = bundles.pair(when=f"input.asset.number == 33\n\t{LOOP}")
    judged = judge(engine, whole, "system", [document(number) for number in range(60)])
    assert [n for n, one in enumerate(judged) if one.verdicts["TRY-002"].error] == [33]
    assert all(len(one.verdicts["TRY-001"].violations) == 1 for one in judged)
    engine.close()


def test_a_child_killed_in_the_middle_of_a_query_costs_no_verdict() -> None:
    engine = EmbeddedEngine(timeout=20, memory_mib=512, pool=1)
    slow = "count([1 | some a in numbers.range(1, 400); some b in numbers.range(1, 400); a + b < 0]) == 0"
    whole = bundles.pair(when=slow)
    engine.activate(whole)
    victim = children(engine)[0]
    killer = threading.Timer(0.05, os.kill, (victim, signal.SIGKILL))
    killer.start()
    judged = judge(engine, whole, "system", [document(number) for number in range(12)])
    killer.join()
    assert gone(victim)
    assert all(len(verdict.violations) == 1 for one in judged for verdict in one.verdicts.values())
    engine.close()


def test_an_idle_child_that_died_is_replaced_unnoticed() -> None:
    engine = EmbeddedEngine(timeout=5, memory_mib=512, pool=1)
    whole = bundles.pair()
    engine.activate(whole)
    victim = children(engine)[0]
    os.kill(victim, signal.SIGKILL)
    assert gone(victim)
    assert len(engine.query(whole.digest, "system", [document()])) == 1
    engine.close()


def test_a_child_is_replaced_after_so_many_requests() -> None:
    engine = EmbeddedEngine(timeout=5, memory_mib=512, pool=1, recycle=3)
    whole = bundles.pair()
    engine.activate(whole)
    first = children(engine)
    for _ in range(3):
        engine.query(whole.digest, "system", [document()])
    assert children(engine) == first
    engine.query(whole.digest, "system", [document()])
    assert children(engine) != first
    assert gone(first[0])
    engine.close()
    assert children(engine) == []


def test_more_bundles_than_a_child_keeps_are_loaded_again() -> None:
    engine = EmbeddedEngine(timeout=5, memory_mib=512, pool=1)
    many = [bundles.pair(when=f"input.asset.number == {n}") for n in range(6)]
    for whole in many:
        engine.activate(whole)
    first = children(engine)
    for n, whole in enumerate(many):
        assert len(judge(engine, whole, "system", [document(n)])[0].verdicts["TRY-002"].violations) == 1
    assert children(engine) == first
    engine.close()


def test_a_bundle_that_was_let_go_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.embedded.BUNDLES_KEPT", 1)
    engine = EmbeddedEngine(timeout=5, memory_mib=512, pool=1)
    first, second = bundles.pair(), bundles.pair(when="input.asset.other")
    engine.activate(first)
    engine.activate(second)
    with pytest.raises(EngineFailure) as caught:
        engine.query(first.digest, "system", [document()])
    assert caught.value.kind is FailureKind.REVISION
    engine.close()


def test_when_all_children_are_busy_the_wait_ends() -> None:
    engine = EmbeddedEngine(timeout=0.1, memory_mib=512, pool=1)
    seat = engine._seats.get()
    with pytest.raises(EngineFailure) as caught:
        engine.activate(bundles.pair())
    assert caught.value.kind is FailureKind.UNREACHABLE
    engine._seats.put(seat)
    assert engine._seats.qsize() == 1


def test_an_interpreter_that_cannot_be_started_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = len(open_files(os.getpid()))
    with pytest.raises(EngineFailure) as caught:
        judge(EmbeddedEngine(), bundles.pair(), "system", [document()])
    assert caught.value.kind is FailureKind.UNREACHABLE
    assert len(open_files(os.getpid())) == before


def test_a_missing_library_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.sandbox.find_spec", lambda _: None)
    with pytest.raises(EngineFailure) as caught:
        judge(EmbeddedEngine(), bundles.pair(), "system", [document()])
    assert caught.value.kind is FailureKind.UNREACHABLE


def test_too_little_memory_to_start_is_unreachable_and_no_verdict() -> None:
    with pytest.raises(EngineFailure) as caught:
        judge(EmbeddedEngine(memory_mib=8, timeout=2), bundles.pair(), "system", [document()])
    assert caught.value.kind is FailureKind.UNREACHABLE


def test_nothing_is_left_open_when_children_come_and_go() -> None:
    engine = EmbeddedEngine(timeout=5, memory_mib=512, pool=1)
    whole = bundles.pair()
    engine.activate(whole)
    engine.close()
    before = len(open_files(os.getpid()))
    for _ in range(3):
        engine.query(whole.digest, "system", [document()])
        engine.close()
    assert len(open_files(os.getpid())) == before


def test_the_child_sees_no_environment_and_no_other_files(embedded: EmbeddedEngine) -> None:
    embedded.activate(bundles.pair())
    for pid in children(embedded):
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""
        assert {name.split(":")[0] for name in open_files(pid)} <= {"pipe", "/memfd"}
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert f"{512 << 20}" in limits


def test_processor_time_is_bounded_too() -> None:
    box = Sandbox(timeout=0.5, memory_mib=512)
    whole = bundles.pair(when=LOOP)
    box.ask(b"L", whole.digest, canonical.encode([[m.path, m.text] for m in entry.prepare(whole).modules]))
    box._timeout = 30  # the parent's clock no longer helps
    with pytest.raises(EngineFailure) as caught:
        box.ask(b"Q", f"{whole.digest} data.allod.entry.system.answer", canonical.encode({"documents": [document()]}))
    assert caught.value.kind is FailureKind.TIMEOUT
    assert "processor time" in caught.value.message


STORY = textwrap.dedent(
    """
    import os, sys, threading, time
    from service.engine.embedded import EmbeddedEngine
    from tests.rooms.engine import bundles
    from tests.rooms.engine.bundles import document
    from tests.rooms.engine.test_embedded import LOOP, children

    engine = EmbeddedEngine(timeout=60, memory_mib=512, pool=1)
    whole = bundles.pair(when=LOOP)
    engine.activate(whole)
    print(children(engine)[0], flush=True)
    if sys.argv[1] == "busy":
        engine.query(whole.digest, "system", [document()])
    time.sleep(60)
    """
)


@pytest.mark.parametrize("state", ["busy", "idle"])
def test_the_child_dies_with_its_parent_however_that_dies(state: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", STORY, state], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.2)
    assert not Path(f"/proc/{child}/environ").read_bytes()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(child)


def test_a_forked_process_gets_children_of_its_own() -> None:
    engine = EmbeddedEngine(timeout=10, memory_mib=512, pool=1)
    whole = bundles.pair()
    engine.activate(whole)
    mine = children(engine)
    script = os.fork()
    if script == 0:
        code = 1
        try:
            reports = engine.query(whole.digest, "system", [document()])
            theirs = [seat.sandbox.pid for seat in engine._all if seat.sandbox]
            code = 0 if len(reports) == 1 and theirs and theirs != mine else 2
            engine.close()
        finally:
            os._exit(code)
    _, status = os.waitpid(script, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert children(engine) == mine
    assert len(engine.query(whole.digest, "system", [document()])) == 1
    engine.close()
