"""`allod agent`: the report goes over as it is, a server that is away is waited for, SIGTERM ends it wherever it stands."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pynvml
import pytest

from service.cli import main
from service.scans.connectors import gpu_host_machine
from tests.cli.conftest import TOKEN, Allod
from tests.cli.small_server import Asked, SmallServer
from tests.fixtures.nvml import compiled

PUSH = "/sources/rack:push"
TAKEN = {"id": "run-1"}
HOST = os.uname().nodename


class Enough(BaseException):
    """Ends a loop that has no end of its own."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(autouse=True)
def two_gpus(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(library)))
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    monkeypatch.setenv("FAKE_COUNT", "2")
    monkeypatch.setattr(gpu_host_machine, "ROOT", tmp_path / "machine")
    monkeypatch.setitem(main.COMMANDS, "agent", ("service.cli.agent:app", "Report this GPU host."))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of a loop that gives up after the third."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise Enough

    monkeypatch.setattr("service.cli.agent.time.sleep", sleep)
    return waited


def taking(server: SmallServer, *answers: tuple[int, Any]) -> None:
    """The server answers one after the other, the last one again and again."""
    left = list(answers or [(202, TAKEN)])
    server.on("POST", PUSH, lambda _: left.pop(0) if len(left) > 1 else left[0])


def forever(allod: Allod, *arguments: object) -> None:
    with pytest.raises(Enough):
        allod("agent", "--source", "rack", "--every", 60, *arguments)


def test_what_the_host_shows_is_reported_as_the_source(server: SmallServer, allod: Allod) -> None:
    taking(server)
    ran = allod("agent", "--source", "rack", "--name", "rack/7", "--region", "cloud_region:hetzner/fsn1", "-w", "care")
    assert (ran.code, ran.out, ran.err) == (0, "Reported 1 assets as rack, run run-1.\n", "")
    (asked,) = server.asked
    assert asked.query == {"workspace": "care"}
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    (part,) = json.loads(asked.body)["parts"]
    assert (part["part"], part["complete"], part["refused"], part["notes"]) == ("rack/7: host", True, [], [])
    (asset,) = part["assets"]
    manifest = asset["manifest"]
    assert asset["object"] == HOST
    assert (manifest["kind"], manifest["name"], manifest["title"]) == ("gpu_host", "rack/7", HOST)
    assert manifest["attributes"]["accelerators"][0]["count"] == 2
    assert manifest["evidence"]["accelerators"] == {"grade": "verified", "source": "nvml"}
    assert manifest["relations"] == [{"type": "located_in", "to": "cloud_region:hetzner/fsn1"}]
    assert "managed_by" not in manifest


def test_the_same_host_is_reported_the_same(server: SmallServer, allod: Allod) -> None:
    taking(server)
    for _ in range(2):
        assert allod("agent", "--source", "rack", "--once").code == 0
    assert server.asked[0].body == server.asked[1].body
    assert server.asked[0].query == {}


def test_what_cannot_be_read_is_reported_and_told(
    server: SmallServer, allod: Allod, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taking(server)
    monkeypatch.setenv("FAKE_GPU1_CODE", "15")
    device = tmp_path / "machine/sys/bus/pci/devices/0000:19:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x1da3\n")
    (device / "class").write_text("0x120000\n")
    ran = allod("agent", "--source", "rack")
    assert (ran.code, ran.out) == (1, "Reported 0 assets as rack, run run-1.\n")
    assert "note: 0000:19:00.0: an accelerator of PCI vendor 0x1da3" in ran.err
    assert "refused: GPU 1: it does not answer: GPU is lost" in ran.err
    (part,) = json.loads(server.asked[0].body)["parts"]
    assert part["assets"] == []
    assert part["refused"] == [{"object": "GPU 1", "reason": "it does not answer: GPU is lost"}]


def test_a_broken_driver_is_reported_as_an_incomplete_part(
    server: SmallServer, allod: Allod, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking(server)
    monkeypatch.setenv("FAKE_INIT", "18")
    ran = allod("agent", "--source", "rack")
    assert ran.code == 1
    assert "refused: vm: host: the NVIDIA driver does not answer" in ran.err
    (part,) = json.loads(server.asked[0].body)["parts"]
    assert part["complete"] is False


def test_a_dry_run_needs_no_server_and_no_token(allod: Allod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOD_TOKEN", raising=False)
    ran = allod("agent", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    (part,) = json.loads(ran.out)["parts"]
    assert part["assets"][0]["manifest"]["name"] == HOST.lower()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((), 2, "--source is missing"),
        (("--source", "rack", "--once", "--every", 60), 2, "contradict each other"),
        (("--source", "rack", "--every", 0), 2, "--every"),
        (("--source", "rack", "--region", "Falkenstein"), 2, "/settings/region"),
        (("--source", "rack", "--every", 60, "--region", "Falkenstein"), 2, "/settings/region"),
        (("--source", "rack", "--every", 60, "--token-file", "/nowhere"), 2, "/nowhere"),
        (("--source", "rack", "--url", "ftp://x"), 2, "is not the address of a server"),
    ],
)
def test_what_can_never_work_ends_at_once(
    server: SmallServer, allod: Allod, arguments: tuple[object, ...], code: int, word: str
) -> None:
    ran = allod("agent", *arguments)
    assert ran.code == code
    assert word in ran.err
    assert not server.asked


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        ((401, {"detail": "no such token"}), 2, "ALLOD_TOKEN"),
        ((404, {"detail": "there is no source rack"}), 2, "there is no source rack"),
        ((503, b"<html>away"), 3, "503"),
        ((202, b"<html>hello"), 3, "JSON object"),
    ],
)
def test_once_a_failure_is_an_exit_code(
    server: SmallServer, allod: Allod, answer: tuple[int, Any], code: int, word: str
) -> None:
    taking(server, answer)
    ran = allod("agent", "--source", "rack")
    assert ran.code == code
    assert word in ran.err


def test_a_server_that_is_away_is_asked_again(
    server: SmallServer, allod: Allod, waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    fault = {"path": "/parts/0", "message": "is not so"}
    taking(server, (503, {"detail": "restarting"}), (422, {"detail": "bad", "errors": [fault]}), (202, TAKEN))
    forever(allod)
    told = capsys.readouterr()
    assert told.out == "Reported 1 assets as rack, run run-1.\n"
    assert "allod: 127.0.0.1 answers 503: restarting" in told.err
    assert "  /parts/0: is not so" in told.err
    assert len(server.asked) == 3
    assert all(54 <= one <= 66 for one in waits)
    assert len(set(waits)) > 1


def test_a_server_that_is_not_there_is_waited_for(
    allod: Allod, waits: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALLOD_TOKEN", TOKEN)
    forever(allod, "--url", "http://127.0.0.1:9")
    assert capsys.readouterr().err.count("cannot be reached") == 3
    assert len(waits) == 3


def test_a_token_that_is_changed_is_read_anew(
    server: SmallServer, allod: Allod, waits: list[float], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("allod_first\n")

    def change(_: Asked) -> tuple[int, Any]:
        file.write_text("allod_second\n")
        return 202, TAKEN

    server.on("POST", PUSH, change)
    forever(allod, "--token-file", file)
    assert [one.headers["Authorization"] for one in server.asked] == [
        "Bearer allod_first",
        "Bearer allod_second",
        "Bearer allod_second",
    ]


@pytest.mark.parametrize("hangs", [False, True], ids=["between reports", "within a report"])
def test_sigterm_ends_it_at_once(server: SmallServer, library: Path, tmp_path: Path, hangs: bool) -> None:
    asked, ended = threading.Event(), threading.Event()

    def answer(_: Asked) -> tuple[int, Any]:
        asked.set()
        if hangs:
            ended.wait(60)
        return 202, TAKEN

    server.on("POST", PUSH, answer)
    with subprocess.Popen(
        [sys.executable, "-c", "from service.cli.agent import app; app()", "--source", "rack", "--every", "3600"],
        env={
            **os.environ,
            "LD_LIBRARY_PATH": str(library.parent),
            "FAKE_COUNT": "1",
            "HOME": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert asked.wait(60)
            if not hangs:
                assert process.stdout is not None
                assert process.stdout.readline() == "Reported 1 assets as rack, run run-1.\n"
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        finally:
            ended.set()
            process.kill()
    assert process.returncode == 0
