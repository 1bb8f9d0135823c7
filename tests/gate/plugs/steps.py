"""Runs what a CI system would run of a plug, with the variables that it would set."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
TOOLS = ROOT / ".tools" / "servers" / "plugs" / "bin"
_EXPRESSION = re.compile(r"\$\{\{\s*([a-z_.-]+)\s*\}\}")
_INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
SPEC, PIPELINE = yaml.safe_load_all((ROOT / "templates" / "allod-gate" / "template.yml").read_text())


@dataclass
class Ended:
    """How a step ended, and what it left: `commands` are the workflow commands that GitHub's runner obeys."""

    code: int
    out: str
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    paths: list[str] = field(default_factory=list)

    @property
    def commands(self) -> list[str]:
        obeyed, stopped = [], None
        for line in self.out.splitlines():
            told = line.strip()
            if stopped is None and told.startswith("::stop-commands::"):
                stopped = told.removeprefix("::stop-commands::")
            elif stopped is not None and told == f"::{stopped}::":
                stopped = None
            elif stopped is None and told.startswith(("::", "##[")):
                obeyed.append(told)
        return obeyed


def step(name: str) -> dict[str, Any]:
    (found,) = [one for one in ACTION["runs"]["steps"] if one["name"] == name]
    assert isinstance(found, dict)
    return found


def run_step(name: str, inputs: Mapping[str, str], workspace: Path, temp: Path, **more: str) -> Ended:
    """One step of the action, as GitHub runs it: expressions in `env` alone, bash -e, files for outputs."""
    one = step(name)
    known = {f"inputs.{key}": value.get("default", "") for key, value in ACTION["inputs"].items()}
    known |= {f"inputs.{key}": value for key, value in inputs.items()} | {"github.action_path": str(ROOT)}
    files = {key: temp / key.lower() for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
    for file in files.values():
        file.write_text("")
    script = temp / "step.sh"
    script.write_text(one["run"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=workspace,
        env={
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            **{key: _EXPRESSION.sub(lambda found: known[found[1]], value) for key, value in one["env"].items()},
            **{key: str(file) for key, file in files.items()},
            "RUNNER_TEMP": str(temp),
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    paths = files["GITHUB_PATH"].read_text().splitlines()
    return Ended(done.returncode, done.stdout + done.stderr, outputs, files["GITHUB_STEP_SUMMARY"].read_text(), paths)


def job(inputs: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The GitLab job that the component makes of `inputs`: its name and what it says."""
    declared = SPEC["spec"]["inputs"]
    assert inputs.keys() <= declared.keys()
    known = {key: inputs.get(key, value.get("default")) for key, value in declared.items()}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return _INPUT.sub(lambda found: str(known[found[1]]), value) if isinstance(value, str) else value

    ((name, said),) = filled(PIPELINE).items()
    return str(name), said


def run_job(inputs: Mapping[str, str], workspace: Path, shell: str, **more: str) -> Ended:
    """The component's script, as GitLab's runner runs it in `shell`."""
    _, said = job({"image": "registry.example/allod:1", **inputs})
    done = subprocess.run(
        [shell, "-e", "-c", "\n".join(said["script"])],
        cwd=workspace,
        env={
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            **{key: value["value"] for key, value in said["variables"].items()},
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def stand_in(folder: Path, code: int = 0) -> Path:
    """A folder with an `allod` that writes its arguments to `asked`, one a line, makes its reports and ends with `code`."""
    folder.mkdir()
    program = folder / "allod"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\npathlib.Path({str(folder / 'asked')!r}).open('a')"
        ".write('\\n'.join(sys.argv[1:]) + '\\n')\n"
        "outputs = [one.split('=', 1)[1] for one in sys.argv if one.startswith('--output=')]\n"
        "[pathlib.Path(one).write_text('{\\n    \"verdict\": \"allow\"\\n}\\n') for one in outputs if one != '-']\n"
        f"sys.exit({code})\n"
    )
    program.chmod(0o755)
    return folder
