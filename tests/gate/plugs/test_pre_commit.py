"""The pre-commit hook: pre-commit itself reads it and calls the gate with the files that are about to be committed."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gate.plugs.steps import ROOT, TOOLS, stand_in

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
(HOOK,) = yaml.safe_load(MANIFEST.read_text())


@pytest.fixture
def pre_commit(workspace: Path, tmp_path: Path) -> Any:
    if not (TOOLS / "pre-commit").exists():
        pytest.skip("pre-commit is not installed: make tools")
    subprocess.run(["git", "init", "--quiet"], cwd=workspace, check=True)
    subprocess.run(["git", "add", "."], cwd=workspace, check=True)

    def ran(code: int, **changes: Any) -> tuple[int, str, list[str]]:
        # As the manifest says, but for the environment: the hook's own is made by pip from the registry.
        folder = stand_in(tmp_path / f"bin{code}", code)
        config = {"repos": [{"repo": "local", "hooks": [{**HOOK, "language": "system", **changes}]}]}
        (workspace / "c.yaml").write_text(yaml.safe_dump(config))
        done = subprocess.run(
            [TOOLS / "pre-commit", "run", "--config", "c.yaml", "--all-files", "--color=never"],
            cwd=workspace,
            env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PRE_COMMIT_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        asked = (folder / "asked").read_text().splitlines() if (folder / "asked").exists() else []
        return done.returncode, done.stdout, asked

    return ran


def test_pre_commit_takes_the_manifest() -> None:
    if not (TOOLS / "pre-commit").exists():
        pytest.skip("pre-commit is not installed: make tools")
    done = subprocess.run(
        [TOOLS / "pre-commit", "validate-manifest", MANIFEST], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_changed_files_are_judged_offline(pre_commit: Any, workspace: Path) -> None:
    (workspace / "notes.yaml").write_text("a: 1\n")
    subprocess.run(["git", "add", "notes.yaml"], cwd=workspace, check=True)
    code, out, asked = pre_commit(0)
    assert code == 0, out
    assert asked == [
        "gate",
        "--offline",
        "--inventory",
        ".allod/inventory.json",
        "deploy/desk.yaml",
        "deploy/inner/the help.yaml",
    ]


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_commit_is_held_unless_the_gate_allows(pre_commit: Any, code: int) -> None:
    held, out, _ = pre_commit(code)
    assert held == 1
    assert f"exit code: {code}" in out


def test_the_inventory_may_lie_elsewhere(pre_commit: Any) -> None:
    _, _, asked = pre_commit(0, args=["--inventory", "other.json"], files="desk")
    assert asked == ["gate", "--offline", "--inventory", "other.json", "deploy/desk.yaml"]


@pytest.mark.parametrize(
    ("file", "judged"),
    [
        ("k8s/a.yaml", True),
        ("x/manifests/deep/a.yml", True),
        ("docker-compose.prod.yml", True),
        ("compose.yaml", True),
        ("sub/requirements-gpu.txt", True),
        ("uv.lock", True),
        ("model.cdx.json", True),
        ("plan.tfplan.json", True),
        (".pre-commit-config.yaml", False),
        ("mkdocs.yml", False),
        ("package.json", False),
        ("deploy/readme.md", False),
        ("my-composer.json", False),
    ],
)
def test_by_default_only_files_of_deployments_are_judged(file: str, judged: bool) -> None:
    assert bool(re.search(HOOK["files"], file)) is judged
