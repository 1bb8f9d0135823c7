"""The GitLab component: the job that it makes, and the job's script, in both shells that a runner takes."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.cli.small_server import SmallServer
from tests.gate.plugs.steps import PIPELINE, SPEC, TOOLS, job, run_job, stand_in
from tests.rooms.gate.formats.decisions import decision, reason

SHELLS = [shell for shell in ("bash", "dash") if shutil.which(shell)]
TOKEN = {"ALLOD_TOKEN": "allod_0123456789abcdef"}


def test_the_job_is_what_gitlab_asks_for(tmp_path: Path) -> None:
    if not (TOOLS / "check-jsonschema").exists():
        pytest.skip("check-jsonschema is not installed: make tools")
    name, said = job({"image": "registry.example/allod:1", "files": "deploy"})
    made, header, wrong = tmp_path / "made.yml", tmp_path / "spec.yml", tmp_path / "wrong.yml"
    made.write_text(yaml.safe_dump({name: said}))
    header.write_text(yaml.safe_dump(SPEC))
    wrong.write_text(yaml.safe_dump({name: {**said, "artifacts": 1}}))
    check: list[str | Path] = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*check, made, header], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert subprocess.run([*check, wrong], capture_output=True, check=False).returncode == 1


def test_no_input_stands_in_the_script_and_every_one_is_used() -> None:
    ((name, said),) = PIPELINE.items()
    assert "$[[" not in "".join(said["script"])
    used = re.findall(r"inputs\.([a-z-]+)", f"{name} {said}")
    assert set(used) == set(SPEC["spec"]["inputs"])
    assert all(value["expand"] is False for value in said["variables"].values())


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_blocked_fails_with_reports_that_gitlab_reads(server: SmallServer, workspace: Path, shell: str) -> None:
    server.on("POST", "/gate", lambda _: (200, {"decision": decision("block", reason())}))
    ended = run_job({"files": "deploy", "url": server.url}, workspace, shell, **TOKEN)
    assert ended.code == 1, ended.out
    assert "RES-001" in ended.out
    _, said = job({"image": "i", "files": "deploy"})
    reports = said["artifacts"]["reports"]
    assert json.loads((workspace / reports["codequality"]).read_text())[0]["check_name"] == "RES-001"
    assert ET.parse(workspace / reports["junit"]).getroot().get("failures") == "2"  # noqa: S314 -- our own document
    assert (workspace / "allod-gate" / "comment.md").read_text().startswith("<!-- allod-gate -->")


@pytest.mark.parametrize("shell", SHELLS)
def test_what_may_ship_passes_and_what_nobody_decided_does_not(
    server: SmallServer, workspace: Path, shell: str
) -> None:
    server.on("POST", "/gate", lambda _: (200, {"decision": decision("allow")}))
    assert run_job({"files": "deploy"}, workspace, shell, ALLOD_URL=server.url, **TOKEN).code == 0
    server.on("POST", "/gate", lambda _: (503, {"detail": "The engine does not answer."}))
    ended = run_job({"files": "deploy"}, workspace, shell, ALLOD_URL=server.url, **TOKEN)
    assert ended.code == 3
    assert "Nothing was decided (exit 3)" in ended.out
    assert list((workspace / "allod-gate").iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_reaches_the_gate_as_it_was_given(workspace: Path, tmp_path: Path, shell: str) -> None:
    folder = stand_in(tmp_path / "bin")
    given = {
        "files": "deploy/*.yaml\ndeploy/inner/the*.yaml\nno*such\n$(touch run)`touch run`",
        "type": "kubernetes",
        "workspace": "care",
        "cluster": "eu",
        "provider": "ovhcloud",
        "baseline": "b.json",
        "fail-on": "high",
        "soft-fail": "RES-001, LIC-009,d*",
        "inventory": "in ventory.json",
        "timeout": "5",
    }
    assert run_job(given, workspace, shell, PATH=f"{folder}:/usr/bin:/bin").code == 0
    assert (folder / "asked").read_text().splitlines()[:20] == [
        "gate",
        "--point=ci",
        "--file=deploy/desk.yaml",
        "--file=deploy/inner/the help.yaml",
        "--file=no*such",
        "--file=$(touch run)`touch run`",
        "--soft-fail=RES-001",
        "--soft-fail=LIC-009",
        "--soft-fail=d*",
        "--type=kubernetes",
        "--workspace=care",
        "--cluster=eu",
        "--provider=ovhcloud",
        "--baseline=b.json",
        "--fail-on=high",
        "--offline",
        "--inventory=in ventory.json",
        "--timeout=5",
        "--format=table",
        "--output=-",
    ]
    assert not (workspace / "run").exists()
