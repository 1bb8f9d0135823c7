"""The plugs with a real gate and no server: by an exported inventory, on the embedded engine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from sqlmodel import Session

from service.foundation import database
from service.foundation.settings import POLICIES
from service.gate.export import export
from service.inventory import reference_load
from service.packs.source import load_library
from tests.factories.manifests import register
from tests.fixtures.postgres import own_database
from tests.gate.plugs.steps import BIN, ROOT, TOOLS, run_job, run_step

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
BLOCKED = ROOT / "service" / "example" / "candidates" / "blocked.yaml"
FINE = "kind: software\nname: postgresql\nattributes: {licence: PostgreSQL}\n"


@pytest.fixture(scope="module")
def inventory(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `allod inventory export` writes of a workspace in which nothing is registered."""
    file = tmp_path_factory.mktemp("inventory") / "inventory.json"
    with own_database(postgres, template, "plugs") as url:
        bound = database.connect(url)
        with Session(bound, expire_on_commit=False) as session:
            reference_load.sync(session, POLICIES / "data")
            home = register(session)
            session.commit()
            file.write_bytes(b"".join(export(session, load_library(POLICIES), home)))
        bound.dispose()
    return file


@pytest.fixture
def checkout(workspace: Path, inventory: Path) -> Path:
    """A checkout with an inventory in it and one file to judge."""
    shutil.rmtree(workspace / "deploy")
    (workspace / "deploy").mkdir()
    (workspace / "deploy" / "app.yaml").write_text(FINE)
    (workspace / ".allod").mkdir()
    shutil.copy(inventory, workspace / ".allod" / "inventory.json")
    return workspace


def test_the_hook_lets_a_commit_pass_and_holds_one(checkout: Path, tmp_path: Path) -> None:
    if not (TOOLS / "pre-commit").exists():
        pytest.skip("pre-commit is not installed: make tools")
    config = {"repos": [{"repo": "local", "hooks": [{**HOOK, "language": "system", "verbose": True}]}]}
    (checkout / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)

    def commit() -> tuple[int, str]:
        subprocess.run(["git", "add", "."], cwd=checkout, check=True)
        env = {"PATH": f"{BIN}:{os.environ['PATH']}", "PRE_COMMIT_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            [TOOLS / "pre-commit", "run", "--color=never"],
            cwd=checkout,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    code, out = commit()
    assert code == 0, out
    assert "assets judged: 1" in out
    shutil.copy(BLOCKED, checkout / "deploy" / "app.yaml")
    code, out = commit()
    assert code == 1
    assert "exit code: 1" in out
    assert "BLOCK" in out


@pytest.mark.parametrize("plug", ["action", "gitlab"])
def test_the_pipelines_judge_offline(checkout: Path, temp: Path, plug: str) -> None:
    inputs = {"files": "deploy", "inventory": ".allod/inventory.json"}

    def ended() -> int:
        if plug == "action":
            return run_step("Ask the gate", inputs, checkout, temp).code
        return run_job(inputs, checkout, "bash").code

    assert ended() == 0
    shutil.copy(BLOCKED, checkout / "deploy" / "app.yaml")
    assert ended() == 1
    (checkout / ".allod" / "inventory.json").write_text("{")
    assert ended() in {2, 3}
