"""SARIF, by the schema that the standard's makers publish."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from service.gate.formats.sarif import as_sarif
from tests.rooms.gate.formats.decisions import FULL, MISSING, decision, hostile_decisions, reason, waived

INSTALLED = Path(__file__).resolve().parents[4] / ".tools" / "schemas" / "node_modules"
SCHEMA = INSTALLED / "@microsoft" / "jest-sarif" / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft4Validator:
    if not SCHEMA.exists():
        pytest.skip("the published SARIF schema is not installed: make tools, with npm")
    return jsonschema.Draft4Validator(json.loads(SCHEMA.read_text()))


def run_of(given_decision: dict[str, Any]) -> dict[str, Any]:
    (run,) = json.loads(as_sarif(given_decision))["runs"]
    assert isinstance(run, dict)
    return run


@pytest.mark.parametrize("one", [FULL, decision("allow"), decision("block"), decision("block", undecided=True)])
def test_the_log_is_valid(schema: jsonschema.Draft4Validator, one: dict[str, Any]) -> None:
    assert [error.message for error in schema.iter_errors(json.loads(as_sarif(one)))] == []


def test_the_schema_refuses_what_is_wrong(schema: jsonschema.Draft4Validator) -> None:
    log = json.loads(as_sarif(FULL))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert list(schema.iter_errors(log))


@given(hostile_decisions())
def test_the_log_is_valid_whatever_the_texts_are(
    schema: jsonschema.Draft4Validator, given_decision: dict[str, Any]
) -> None:
    log = json.loads(as_sarif(given_decision))
    assert [error.message for error in schema.iter_errors(log)] == []
    for result in log["runs"][0]["results"]:
        text = result["message"]["text"]
        assert "](" not in text
        assert "{" not in text.replace("{{", "")
        for location in result["locations"]:
            uri = location.get("physicalLocation", {"artifactLocation": {"uri": ""}})["artifactLocation"]["uri"]
            assert uri.isascii()
            assert not set(uri) & set(' <>"\\^`{|}')


def test_a_result_stands_at_its_file_and_line_and_names_its_asset() -> None:
    result = run_of(FULL)["results"][0]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "k8s/desk.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "system:desk"
    assert result["message"]["text"].startswith("Storage of personal data lies in US. path: system:desk → cloud_region")


@pytest.mark.parametrize(
    ("file", "uri"),
    [("./a b.yaml", "a%20b.yaml"), ("/tmp/x.yaml", "file:///tmp/x.yaml"), ("a:b.yaml", "a%3Ab.yaml")],  # noqa: S108
)
def test_a_file_is_a_uri(file: str, uri: str) -> None:
    result = run_of(decision("block", reason(place={"file": file, "line": 0})))["results"][0]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == uri
    assert physical["region"] == {"startLine": 1}


def test_what_no_file_speaks_of_stands_where_its_path_meets_one() -> None:
    met = reason(asset="dataset:d", place=None, path=["dataset:d", "model:m", "system:desk"])
    other = reason(asset="x:y", place={"file": "other.yaml", "line": 1})
    places = [
        result["locations"][0].get("physicalLocation", {}).get("artifactLocation", {}).get("uri")
        for one in (
            decision("block", other, met, missing=[MISSING]),
            decision("block", other, reason(asset="a:b", place=None, path=[])),
            decision("block", reason(place=None)),
        )
        for result in run_of(one)["results"]
    ]
    assert places == ["other.yaml", "k8s/desk.yaml", "other.yaml", "other.yaml", None]


def test_levels_and_kinds() -> None:
    results = run_of(FULL)["results"]
    assert [(one["kind"], one["level"]) for one in results] == [
        ("fail", "error"),
        ("fail", "warning"),
        ("fail", "warning"),
        ("fail", "note"),
        ("open", "none"),
    ]
    blocked = run_of(decision("block", reason(outcome="unknown"), reason(enforcement="odd")))["results"]
    assert [(one["kind"], one["level"]) for one in blocked] == [("fail", "error"), ("fail", "error")]


def test_a_waiver_is_a_suppression_that_says_until_when() -> None:
    first, second = run_of(decision("block", reason(), waived()))["results"]
    assert first["suppressions"] == []
    assert second["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "waived until 2027-01-01T00:00:00+00:00 by anna: Moves in spring.",
        }
    ]


def test_the_baseline_shows() -> None:
    states = [one.get("baselineState") for one in run_of(FULL)["results"]]
    assert states == ["new", "unchanged", None, None, None]


def test_rules_help_and_are_told_by_their_place() -> None:
    run = run_of(FULL)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert rules[0]["help"]["text"].splitlines() == [
        "Storage lies in an allowed place.",
        "Remedy: Move it to an allowed place.",
        "Controls:",
        "- GDPR Art. 44: Transfers",
    ]
    assert "- GDPR Art&#46; 44&#58; Transfers" in rules[0]["help"]["markdown"]
    assert rules[0]["properties"] == {
        "tags": ["residency", "security", "sovereignty"],
        "security-severity": "8.0",
        "controls": ["GDPR Art. 44: Transfers"],
    }
    assert rules[1]["shortDescription"] == {"text": "LIC-009"}


def test_fingerprints_name_the_complaint() -> None:
    (result,) = run_of(decision("block", reason()))["results"]
    assert result["partialFingerprints"] == {"allodComplaint/v1": reason()["fingerprint"]}


@pytest.mark.parametrize(
    ("one", "successful", "code"),
    [
        (decision("allow"), True, 0),
        (decision("warn", reason(enforcement="warn")), True, 0),
        (decision("block", reason()), True, 1),
        (decision("block", reason(outcome="error"), undecided=True), False, 3),
    ],
)
def test_the_invocation_says_how_it_ended(one: dict[str, Any], successful: bool, code: int) -> None:
    (invocation,) = run_of(one)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (successful, code)
    assert bool(invocation["toolExecutionNotifications"]) is not successful


def test_what_is_missing_is_a_notification_at_its_place() -> None:
    (told,) = run_of(FULL)["invocations"][0]["toolExecutionNotifications"]
    assert told["level"] == "note"
    assert told["message"]["text"].endswith("add: annotations:   allod.dev/region: aws/eu-west-1")
    assert told["locations"][0]["physicalLocation"]["region"] == {"startLine": 4}
