"""Reading `policies/`: what is there, and every fault of what is wrong, with its file."""

import shutil
from pathlib import Path

import pytest

from service.engine.protocol import Module
from service.foundation.errors import Invalid
from service.foundation.settings import POLICIES
from service.packs.source import load_library, rule_of

PACK = "packs/vendor-independence/pack.yaml"
RULE = "rules/vendor/exit_plan/exit_plan.rego"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for part in ("lib", "data", "rules/vendor", "rules/compute", "packs/vendor-independence"):
        shutil.copytree(POLICIES / part, tmp_path / part)
    return tmp_path


def refusal(directory: Path) -> list[str]:
    with pytest.raises(Invalid) as refused:
        load_library(directory)
    return [str(fault) for fault in refused.value.faults]


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_every_rule_ships_in_a_pack() -> None:
    library = load_library(POLICIES)
    assert {rule for pack in library.packs.values() for rule in pack.rules} == set(library.rules)
    assert library.packs["eu-data-residency"].rules[:2] == ("RES-001", "RES-002")


def test_a_pack_for_some_ships_switched_off() -> None:
    assert [pack.id for pack in load_library(POLICIES).packs.values() if not pack.active] == ["us-state-residency"]


def test_a_rule_knows_where_it_stands_and_what_it_checks() -> None:
    rule = load_library(POLICIES).rules["VEN-003"]
    assert (rule.theme, rule.name, rule.package) == ("vendor", "exit_plan", "allod.rules.vendor.exit_plan")
    assert rule.entry.kinds == rule.kinds == ("system",)
    assert rule.controls == (
        {"framework": "DORA", "id": "Art. 28(8)", "title": "Exit strategies for critical or important functions"},
    )


def test_what_is_there_can_be_read_without_data_of_blocs(copied: Path) -> None:
    shutil.rmtree(copied / "data")
    shutil.rmtree(copied / "packs")
    assert load_library(copied).blocs == frozenset()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (RULE, "id: VEN-003", "id: VEN-005", "VEN-005 is the id of"),
        (RULE, "severity: high", "severity: grave", "/custom/severity"),
        (RULE, "# METADATA", "# about", "no METADATA"),
        (RULE, "introduced: 0.1.0", "introduced: 0.1.0\n#   colour: red", "/custom/colour"),
        (RULE, "reads: [attributes.criticality", "reads: [weather", "/custom/reads/0"),
        (PACK, "title: Vendor independence", "title: [", "no YAML"),
        (PACK, "owner: Allod", "owner: Allod\ncolour: red", "/colour"),
        (PACK, "id: vendor-independence", "id: something-else", "lies in the folder 'vendor-independence'"),
        (PACK, "  scan: {violation: inform, unknown: inform}\n", "", "nothing is said of scan"),
        (PACK, "  ci: {violation: block", "  ci: {violation: shout", "/enforcement/ci/violation"),
        (PACK, "VEN-005,", "VEN-099,", "there is no rule VEN-099"),
        (PACK, "max_age_days: 365", "max_age: 365", "no rule of the pack has this parameter"),
        (PACK, "max_age_days: 365", "max_age_days: -1", "-1 is out of range"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(copied: Path, file: str, old: str, new: str, expected: str) -> None:
    rewrite(copied / file, old, new)
    told = refusal(copied)
    assert any(expected in line and file.split("/")[1] in line for line in told), told


def test_one_parameter_of_a_pack_means_one_thing(copied: Path) -> None:
    rewrite(copied / RULE, "default: [critical]", "default: [critical, high]")
    assert any("criticalities: VEN-005 means something else by it" in line for line in refusal(copied))


def test_a_module_that_lies_elsewhere_is_no_rule() -> None:
    with pytest.raises(Invalid, match="is not where a rule lies"):
        rule_of(Module("rules/vendor/exit_plan.rego", "package allod.rules.vendor.exit_plan\n"))
