"""The GitHub Action: its steps run as shell scripts with what GitHub sets."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.small_server import SmallServer
from tests.gate.plugs.steps import ACTION, ROOT, TOOLS, Ended, run_step, stand_in
from tests.rooms.gate.formats.decisions import decision, reason

GATE = "Ask the gate"


@pytest.fixture
def ask(server: SmallServer, workspace: Path, temp: Path) -> Any:
    def asked(answer: Any, status: int = 200, **inputs: str) -> Ended:
        server.on("POST", "/gate", lambda _: (status, answer))
        given = {"files": "deploy", "url": server.url, "token": "allod_0123456789abcdef", **inputs}
        return run_step(GATE, given, workspace, temp)

    return asked


def test_the_metadata_is_what_github_asks_for() -> None:
    if not (TOOLS / "check-jsonschema").exists():
        pytest.skip("check-jsonschema is not installed: make tools")
    check: list[str | Path] = [
        TOOLS / "check-jsonschema",
        "--builtin-schema",
        "vendor.github-actions",
        ROOT / "action.yml",
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_expression_stands_in_a_script_and_every_input_is_used() -> None:
    used = set()
    for one in ACTION["runs"]["steps"]:
        assert "${{" not in one["run"]
        used |= set(re.findall(r"inputs\.([a-z-]+)", " ".join(map(str, (one.get("if", ""), *one["env"].values())))))
    assert used == set(ACTION["inputs"])
    outputs = {name: value["value"] for name, value in ACTION["outputs"].items()}
    assert outputs == {name: f"${{{{ steps.gate.outputs.{name} }}}}" for name in outputs}


def test_what_may_ship_passes(ask: Any, workspace: Path, temp: Path) -> None:
    ended = ask({"decision": decision("allow")})
    assert ended.code == 0, ended.out
    assert ended.outputs == {
        "verdict": "allow",
        "exit-code": "0",
        "sarif": "allod.sarif",
        "json": str(temp / "allod-gate" / "decision.json"),
        "markdown": str(temp / "allod-gate" / "comment.md"),
    }
    assert ended.summary.startswith("## Allod gate: Allowed")
    (verdict,) = ended.commands
    assert verdict.startswith("::notice title=Allod gate::Allowed: no findings")
    assert json.loads((workspace / "allod.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((temp / "allod-gate" / "decision.json").read_text())["decision"]["verdict"] == "allow"


def test_what_warns_passes_and_says_so(ask: Any) -> None:
    ended = ask({"decision": decision("warn", reason(enforcement="warn"))}, sarif="")
    assert (ended.code, ended.outputs["verdict"], ended.outputs.get("sarif")) == (0, "warn", None)
    assert [one.split(" ")[0] for one in ended.commands] == ["::warning", "::warning"]


def test_what_is_blocked_fails_at_its_line(ask: Any) -> None:
    ended = ask({"decision": decision("block", reason())}, sarif="reports/of the gate.sarif")
    assert (ended.code, ended.outputs["verdict"], ended.outputs["exit-code"]) == (1, "block", "1")
    assert ended.outputs["sarif"] == "reports/of the gate.sarif"
    assert any(one.startswith("::error file=") and "RES-001" in one for one in ended.commands)
    assert "RES&#45;001" in ended.summary


def test_without_a_decision_nothing_passes_and_nothing_is_reported(ask: Any, workspace: Path) -> None:
    (workspace / "allod.sarif").write_text("a report of a former run")
    ended = ask({"detail": "The engine does not answer."}, status=503)
    assert (ended.code, ended.outputs) == (3, {"verdict": "undecided", "exit-code": "3"})
    assert ended.commands == [
        "::error title=Allod gate::Nothing was decided (exit 3), so nothing may ship: the log says why."
    ]
    assert "The engine does not answer." in ended.out
    assert ended.summary == ""


def test_an_error_of_a_rule_is_told_at_its_place(ask: Any) -> None:
    ended = ask({"decision": decision("block", reason(outcome="error"), undecided=True)})
    assert (ended.code, ended.outputs["verdict"]) == (3, "undecided")
    assert ended.commands[0].startswith("::error title=Allod gate::Could not decide: 1 block")


def test_words_of_a_file_are_no_commands_to_the_runner(ask: Any) -> None:
    hostile = "x\n::add-mask::x\n" + "y" * 68 + " ::error::spoken by a file ##[error]so is this"
    ended = ask({"decision": decision("block", reason(message=hostile, asset="::warning::x"))})
    assert ended.code == 1
    assert all(one.startswith("::error ") for one in ended.commands)
    assert len(ended.commands) == 2


def test_inputs_are_never_run(ask: Any, workspace: Path) -> None:
    evil = "$(touch run)`touch run`'\"; touch run #"
    ended = ask({"decision": decision("allow")}, files=evil)
    assert ended.code == 2
    assert evil in ended.out
    assert not (workspace / "run").exists()


def test_every_option_reaches_the_gate_as_it_was_given(workspace: Path, temp: Path, tmp_path: Path) -> None:
    folder = stand_in(tmp_path / "bin")
    given = {
        "files": "  deploy/**/*.yaml \n\nno*such\ndeploy/desk.yaml",
        "type": "kubernetes",
        "inventory": "in ventory.json",
        "workspace": "care",
        "cluster": "eu",
        "provider": "ovhcloud",
        "everything": "true",
        "baseline": "b.json",
        "fail-on": "high",
        "soft-fail": "RES-001, LIC-009\nLIC-*",
        "explain": "true",
        "timeout": "5",
        "sarif": "a.sarif",
    }
    assert run_step(GATE, given, workspace, temp, PATH=f"{folder}:/usr/bin:/bin").code == 0
    reports = temp / "allod-gate"
    assert (folder / "asked").read_text().splitlines() == [
        "gate",
        "--point=ci",
        "--file=deploy/desk.yaml",
        "--file=deploy/inner/the help.yaml",
        "--file=no*such",
        "--file=deploy/desk.yaml",
        "--soft-fail=RES-001",
        "--soft-fail=LIC-009",
        "--soft-fail=LIC-*",
        "--type=kubernetes",
        "--workspace=care",
        "--cluster=eu",
        "--provider=ovhcloud",
        "--baseline=b.json",
        "--fail-on=high",
        "--timeout=5",
        "--everything",
        "--explain",
        "--offline",
        "--inventory=in ventory.json",
        "--format=table",
        "--output=-",
        "--format=json",
        f"--output={reports}/decision.json",
        "--format=markdown",
        f"--output={reports}/comment.md",
        "--format=github",
        f"--output={reports}/annotations.txt",
        "--format=github-summary",
        f"--output={reports}/summary.md",
        "--format=sarif",
        "--output=a.sarif",
    ]


def test_by_default_only_what_is_needed_is_asked(workspace: Path, temp: Path, tmp_path: Path) -> None:
    folder = stand_in(tmp_path / "bin", code=7)
    ended = run_step(GATE, {"files": "deploy"}, workspace, temp, PATH=f"{folder}:/usr/bin:/bin")
    assert (ended.code, ended.outputs["verdict"]) == (7, "undecided")
    assert (folder / "asked").read_text().splitlines()[:5] == [
        "gate",
        "--point=ci",
        "--file=deploy",
        "--timeout=60",
        "--format=table",
    ]


@pytest.mark.slow
def test_the_action_installs_allod_from_its_own_place_by_the_lock(workspace: Path, temp: Path) -> None:
    ended = run_step("Install Allod", {}, workspace, temp)
    assert ended.code == 0, ended.out
    (place,) = ended.paths
    told = subprocess.run([f"{place}/allod", "--version"], capture_output=True, text=True, check=False, cwd=workspace)
    assert told.returncode == 0
    assert "allod" in told.stdout.lower()
