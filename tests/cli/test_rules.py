"""`allod rule check` and `allod rule test`: what an author is told, and by which exit code."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli.rules import app
from service.foundation.settings import POLICIES

RULE = "rules/vendor/exit_plan"


def kept(theme: str) -> str:
    """What the check says of the shipped rules of a theme."""
    return f"{len(list(POLICIES.glob(f'rules/{theme}/*/*.rego')))} rules keep to the conventions.\n"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for part in ("lib", "data", "schema", "rules"):
        shutil.copytree(POLICIES / part, tmp_path / part)
    return tmp_path


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def allod(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_the_shipped_rules_are_checked_by_default() -> None:
    assert allod("check") == (0, kept("*"))


def test_without_a_fault_json_says_nothing() -> None:
    assert allod("check", POLICIES / RULE, "--json") == (0, "")


@pytest.mark.opa
def test_the_cases_run_on_the_opa_of_the_environment(opa_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOD_OPA_URL", opa_url)
    code, said = allod("test", POLICIES / RULE)
    assert code == 0
    assert said.startswith("15 of 15 cases hold on opa")


def test_a_fault_is_told_with_its_file_and_exit_1(copied: Path) -> None:
    rewrite(copied / RULE / "exit_plan.rego", "parameters.max_age_days", "365")
    code, said = allod("check", copied)
    assert code == 1
    assert "rules/vendor/exit_plan/exit_plan.rego" in said
    code, said = allod("check", copied, "--json")
    assert json.loads(said)["path"] == "/custom/parameters/max_age_days"
    assert code == 1
    assert allod("check", copied, "--json") == allod("check", copied / RULE, "--json")
    assert allod("check", copied / "rules" / "residency") == (
        0,
        kept("residency"),
    )


def test_the_cases_of_one_rule_run_alone() -> None:
    code, said = allod("test", POLICIES / RULE)
    assert code == 0
    assert said.startswith("15 of 15 cases hold on regorus")


def test_a_case_that_does_not_hold_is_told_and_exit_1(copied: Path) -> None:
    rewrite(copied / RULE / "exit_plan.rego", "if age > parameters", "if age >= parameters")
    code, said = allod("test", copied / RULE / "exit_plan.rego")
    assert code == 1
    assert "VEN-003: tested exactly as long ago as is allowed passes\n    outcome is violation, expected pass" in said
    code, said = allod("test", copied / RULE, "--json")
    lines = [json.loads(line) for line in said.splitlines()]
    assert len(lines) == 15
    assert sum(bool(line["differences"]) for line in lines) == 1


def test_without_an_answer_of_opa_the_exit_is_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOD_OPA_URL", "http://127.0.0.1:1")
    code, said = allod("test", POLICIES / RULE)
    assert code == 3
    assert "The engine gave no answer (unreachable)" in said


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_path_without_rules_is_a_wrong_use(command: str, tmp_path: Path) -> None:
    assert allod(command, tmp_path)[0] == 2
    assert allod(command, POLICIES / "lib")[0] == 2
