"""`allod gate`: exit 0 only on an answer that allows."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import TOKEN, Allod
from tests.cli.small_server import Asked, SmallServer

CANDIDATE = "kind: system\nname: desk\nattributes: {user_jurisdictions: [NO]}\n---\nkind: vendor\nname: acme\n"


def reason(**given: Any) -> dict[str, Any]:
    return {
        "rule": "RES-001",
        "pack": "eu-data-residency",
        "outcome": "violation",
        "severity": "high",
        "asset": "system:desk",
        "subject": "s",
        "message": "Data lies in US.",
        "path": ["system:desk", "cloud_region:aws/us-east-1"],
        "enforcement": "block",
        "remedy": "Move it.",
        **given,
    }


def decision(verdict: str = "allow", *reasons: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"decision": {"id": "0197", "verdict": verdict, "undecided": False, "reasons": list(reasons), **given}}


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    file = tmp_path / "candidate.yaml"
    file.write_text(CANDIDATE)
    return file


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        (decision("allow"), 0, "ALLOW"),
        (decision("allow", reason(enforcement="inform")), 0, "RES-001"),
        (decision("warn", reason(enforcement="warn")), 0, "WARN"),
        (decision("block", reason()), 1, "Data lies in US."),
        (decision("block"), 1, "BLOCK"),
        (decision("allow", reason(enforcement="block")), 1, "RES-001"),
        (decision("block", reason(outcome="error")), 3, "RES-001"),
        (decision("allow", reason(outcome="error", enforcement="inform")), 3, "RES-001"),
        (decision("block", undecided=True), 3, "could not decide"),
    ],
)
def test_the_exit_code_is_the_verdict(
    server: SmallServer, allod: Allod, candidate: Path, answer: dict[str, Any], code: int, word: str
) -> None:
    server.on("POST", "/gate", lambda _: (200, answer))
    ran = allod("gate", "-f", candidate)
    assert ran.code == code
    assert word in ran.out
    assert "\x1b" not in ran.out


def test_the_question_holds_every_document_and_the_token(server: SmallServer, allod: Allod, candidate: Path) -> None:
    server.on("POST", "/gate", lambda _: (200, decision()))
    assert allod("gate", "-f", candidate, "--workspace", "care").code == 0
    (asked,) = server.asked
    assert [one["name"] for one in json.loads(asked.body)["candidate"]] == ["desk", "acme"]
    assert json.loads(asked.body)["candidate"][0]["attributes"] == {"user_jurisdictions": ["NO"]}
    assert {one["workspace"] for one in json.loads(asked.body)["candidate"]} == {"care"}
    assert asked.query == {"workspace": "care"}
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("status", "body", "code", "word"),
    [
        (
            422,
            {"detail": "refused", "errors": [{"path": "/name", "message": "is odd", "expected": "a name"}]},
            2,
            "/name: is odd (a name)",
        ),
        (400, b"nonsense", 2, "400"),
        (401, {"detail": "no such token"}, 3, "ALLOD_TOKEN"),
        (403, {"detail": "not yours"}, 3, "role"),
        (404, {"detail": "no workspace"}, 3, "no workspace"),
        (429, {"title": "Too many"}, 3, "Too many"),
        (500, {"detail": "a fault", "request_id": "r-1"}, 3, "r-1"),
        (503, {"detail": "The policy engine gave no answer"}, 3, "engine"),
        (302, b"", 3, "302"),
        (204, b"", 3, "JSON object"),
        (200, b"<html>", 3, "JSON object"),
        (200, {}, 3, "no decision"),
        (200, {"decision": "allow"}, 3, "no decision"),
        (200, decision("pass"), 3, "no decision"),
        (200, decision("allow", {"rule": "x"}), 3, "no decision"),
        (200, {"decision": {"verdict": "allow"}}, 3, "no decision"),
    ],
)
def test_no_answer_but_a_decision_is_an_answer(
    server: SmallServer, allod: Allod, candidate: Path, status: int, body: Any, code: int, word: str
) -> None:
    server.on("POST", "/gate", lambda _: (status, body))
    ran = allod("gate", "-f", candidate)
    assert (ran.code, ran.out) == (code, "")
    assert word in ran.err
    assert "Traceback" not in ran.err


def test_a_server_that_is_not_there_decides_nothing(
    allod: Allod, candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOD_TOKEN", TOKEN)
    ran = allod("gate", "-f", candidate, "--url", "http://127.0.0.1:1")
    assert ran.code == 3
    assert "cannot be reached" in ran.err


def test_a_server_that_is_too_slow_decides_nothing(server: SmallServer, allod: Allod, candidate: Path) -> None:
    def slow(_: Asked) -> tuple[int, Any]:
        time.sleep(0.6)
        return 200, decision()

    server.on("POST", "/gate", slow)
    ran = allod("gate", "-f", candidate, "--timeout", "0.2")
    assert ran.code == 3
    assert "did not answer in time" in ran.err


def test_a_candidate_that_cannot_be_read_is_never_sent(server: SmallServer, allod: Allod, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    for text, word in [
        ("kind: system\nname: desk\nzzz: 1\n", f"{file}:3, /zzz"),
        ("kind: [", f"{file}:"),
        ("", "it is empty"),
        ("kind: vendor\nname: a\n---\nkind: vendor\nname: a\n", f"is stated at {file}:1 already"),
    ]:
        file.write_text(text)
        ran = allod("gate", "-f", file)
        assert ran.code == 2
        assert word in ran.err
    assert server.asked == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "No file is named"),
        (["-f", "/no/such/file.yaml"], "is not there"),
        (["-f", "CANDIDATE", "--format", "xml"], "no format 'xml'"),
        (["-f", "CANDIDATE", "--format", "json", "--format", "table"], "needs its place"),
        (["-f", "CANDIDATE", "-o", "a", "-o", "b"], "needs its place"),
        (["-f", "CANDIDATE", "--format", "json", "-o", "x", "--format", "table", "-o", "x"], "same place"),
        (["-f", "CANDIDATE", "-o", "/no/such/directory/x"], "No such file"),
        (["-f", "CANDIDATE", "--url", "localhost:8000"], "not the address"),
        (["-f", "CANDIDATE", "--url", "http://[::1"], "not the address"),
        (["-f", "CANDIDATE", "--url", "http://"], "not the address"),
        (["-f", "CANDIDATE", "--token-file", "/no/such/token"], "token file"),
        (["-f", "CANDIDATE", "--workspace", "No Such"], "workspace"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage_is_two(
    server: SmallServer, allod: Allod, candidate: Path, arguments: list[str], word: str
) -> None:
    ran = allod("gate", *(str(candidate) if one == "CANDIDATE" else one for one in arguments))
    assert ran.code == 2
    assert word in ran.err
    assert server.asked == []


@pytest.mark.parametrize("token", ["", "  ", "two words", "ü", "a\nb"])
def test_without_a_token_nothing_is_asked(
    server: SmallServer, allod: Allod, candidate: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("ALLOD_TOKEN", token)
    ran = allod("gate", "-f", candidate)
    assert ran.code == 2
    assert "token" in ran.err
    assert server.asked == []


def test_a_token_may_lie_in_a_file(server: SmallServer, allod: Allod, candidate: Path, tmp_path: Path) -> None:
    server.on("POST", "/gate", lambda _: (200, decision()))
    (tmp_path / "token").write_text("allod_other\n")
    assert allod("gate", "-f", candidate, "--token-file", tmp_path / "token").code == 0
    assert server.asked[0].headers["Authorization"] == "Bearer allod_other"


def test_each_format_goes_to_its_place(server: SmallServer, allod: Allod, candidate: Path, tmp_path: Path) -> None:
    answer = decision("block", reason())
    server.on("POST", "/gate", lambda _: (200, answer))
    place = tmp_path / "d.json"
    ran = allod("gate", "-f", candidate, "--format", "table", "-o", "-", "--format", "json", "-o", place)
    assert ran.code == 1
    assert ran.out.startswith("BLOCK")
    told = json.loads(place.read_text())["decision"]
    assert (told["verdict"], told["reasons"][0]["message"]) == ("block", reason()["message"])
    assert "id" not in told
    assert ran.err == "allod: decision 0197\n"
    assert json.loads(allod("gate", "-f", candidate, "--format", "json").out)["decision"] == told
    assert allod("gate", "-f", candidate, "-o", place).out == ""
    assert place.read_text().startswith("BLOCK")


def test_no_report_of_a_former_run_is_left_to_mislead(
    server: SmallServer, allod: Allod, candidate: Path, tmp_path: Path
) -> None:
    place = tmp_path / "d.json"
    place.write_text('{"decision": {"verdict": "allow"}}')
    server.on("POST", "/gate", lambda _: (503, {}))
    assert allod("gate", "-f", candidate, "--format", "json", "-o", place).code == 3
    assert place.read_text() == ""


def test_a_candidate_may_come_from_standard_input_a_directory_or_a_shell_pattern(
    server: SmallServer, allod: Allod, tmp_path: Path
) -> None:
    server.on("POST", "/gate", lambda _: (200, decision()))
    assert allod("gate", "-f", "-", stdin=CANDIDATE.encode()).code == 0
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yml").write_text("kind: vendor\nname: a\n")
    (tmp_path / "b.json").write_text('{"kind": "vendor", "name": "b"}')
    (tmp_path / "notes.txt").write_text("kind: [")
    assert allod("gate", "-f", tmp_path).code == 0
    assert allod("gate", "-f", tmp_path / "b.json", tmp_path / "sub" / "a.yml").code == 0
    names = [[one["name"] for one in json.loads(asked.body)["candidate"]] for asked in server.asked]
    assert names == [["desk", "acme"], ["b", "a"], ["b", "a"]]
    (tmp_path / "empty").mkdir()
    assert allod("gate", "-f", tmp_path / "empty").code == 2
