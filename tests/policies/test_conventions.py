"""The shipped policies keep to the conventions, and a rule that leaves them is told where."""

import shutil
from pathlib import Path

import pytest

from service.packs.check import check
from service.packs.source import load_library

RULE = "rules/vendor/exit_plan/exit_plan.rego"
CASES = "rules/vendor/exit_plan/cases.yaml"


@pytest.fixture
def copied(policies: Path, tmp_path: Path) -> Path:
    for part in ("lib", "data", "schema"):
        shutil.copytree(policies / part, tmp_path / part)
    shutil.copytree(policies / "rules" / "vendor", tmp_path / "rules" / "vendor")
    return tmp_path


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def told(directory: Path) -> list[str]:
    return [str(fault) for fault in check(directory, load_library(directory))]


def test_the_shipped_policies_leave_no_convention(policies: Path) -> None:
    assert told(policies) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (RULE, "package allod.rules.vendor.exit_plan", "package allod.rules.vendor.other", "allod.rules.vendor.other"),
        (RULE, 'input.parameters["VEN-003"]', 'input.parameters["VEN-005"]', "parameters of another rule"),
        (RULE, "parameters := input.parameters[", "parameters := input.parameters.x[", "parameters of another rule"),
        (RULE, "default: 365", "default: 0", "0 is out of range"),
        (RULE, "parameters.max_age_days", "parameters.max_days", "/custom/parameters/max_days: read, but not declared"),
        (RULE, "parameters.max_age_days", "365", "/custom/parameters/max_age_days: declared, but not read"),
        (RULE, 'attributes, "exit_plan", null', "attributes, plan_key, null", "attributes.? is read, but not named"),
        (RULE, "attributes.exit_plan]", "places]", "attributes.exit_plan is read, but not named"),
        (RULE, "attributes.exit_plan]", "attributes.exit_plan, places]", "places is named, but not read"),
        (RULE, "default applies := false\n", "default applies := false\n" + "\n" * 60, "at most 80: one screen"),
        (CASES, "outcome: not_applicable", "outcome: pass", "no case expects not_applicable"),
        (CASES, "evidence missing", "nothing there", "no case shows what happens when evidence is missing"),
        (CASES, "tested today passes", "one day older is a violation", "two cases are called"),
        (CASES, "parameters: {max_age_days: 21}", "parameters: {max_age: 21}", "VEN-003 has no such parameter"),
        (CASES, "parameters: {max_age_days: 21}", "parameters: {max_age_days: x}", "'x' is no whole number"),
        (CASES, 'ref: "system:desk"', 'ref: "model:desk"', "'model:desk' is not judged by VEN-003"),
        (CASES, "expect: {outcome: pass}", "expect: {outcome: fine}", "/expect/outcome"),
        (CASES, "- name: tested today passes", "- {", "no YAML"),
        ("lib/dates/dates.rego", "package allod.lib.dates", "package allod.lib.days", "package allod.lib.days"),
        ("lib/dates/dates.rego", "is_string(text)", "text != input.parameters", "a library module reads parameters"),
    ],
)
def test_what_leaves_a_convention_is_told(copied: Path, file: str, old: str, new: str, expected: str) -> None:
    rewrite(copied / file, old, new)
    assert any(expected in line for line in told(copied)), told(copied)


def test_a_rule_without_cases_is_told(copied: Path) -> None:
    (copied / CASES).unlink()
    assert any("no cases" in line for line in told(copied))


def test_a_kind_without_a_case_is_told(copied: Path) -> None:
    rewrite(copied / RULE, "kinds: [system]", "kinds: [system, ai_service]")
    assert any("no case judges a ai_service" in line for line in told(copied))


def test_a_file_that_is_none_of_a_rules_is_told(copied: Path) -> None:
    (copied / "rules/vendor/exit_plan/notes.txt").write_text("x", encoding="utf-8")
    assert any("no file of a rule" in line for line in told(copied))


def test_a_library_module_lies_in_the_folder_of_its_topic(copied: Path) -> None:
    (copied / "lib/dates/dates.rego").rename(copied / "lib/dates/days.rego")
    assert any("not the place of a library module" in line for line in told(copied))


def test_a_rule_that_always_applies_needs_no_case_of_the_contrary(policies: Path) -> None:
    text = (policies / "rules/licensing/licence_known/cases.yaml").read_text(encoding="utf-8")
    assert "not_applicable" not in text
