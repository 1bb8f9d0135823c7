"""GitLab code quality: the fields and values that its documentation asks for."""

import json
from typing import Any

from hypothesis import given

from service.gate.formats.gitlab import as_gitlab
from tests.rooms.gate.formats.decisions import FULL, decision, hostile_decisions, reason, waived

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def test_an_issue_has_what_gitlab_asks_for() -> None:
    assert json.loads(as_gitlab(FULL))[0] == {
        "description": "block: system:desk: Storage of personal data lies in US.; new since the baseline",
        "check_name": "RES-001",
        "fingerprint": reason()["fingerprint"],
        "severity": "critical",
        "location": {"path": "k8s/desk.yaml", "lines": {"begin": 12}},
    }


def test_severities_and_waivers() -> None:
    words = ("critical", "high", "medium", "low", "info", "odd")
    issues = json.loads(as_gitlab(decision("block", *(reason(severity=word) for word in words), waived())))
    found = [one["severity"] for one in issues]
    assert found == ["blocker", "critical", "major", "minor", "info", "blocker", "info"]
    assert "waived until 2027-01-01T00:00:00+00:00 by anna" in issues[-1]["description"]


def test_what_no_file_speaks_of_has_a_path_still() -> None:
    issues = json.loads(as_gitlab(decision("block", reason(place=None, path=[]))))
    assert issues[0]["location"] == {"path": "system:desk", "lines": {"begin": 1}}


def test_nothing_found_is_an_empty_list() -> None:
    assert as_gitlab(decision("allow")) == "[]\n"


@given(hostile_decisions())
def test_all_issues_are_shown_whatever_the_texts_are(one: dict[str, Any]) -> None:
    issues = json.loads(as_gitlab(one))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) >= len(one["reasons"])
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in SEVERITIES
        assert issue["location"]["lines"]["begin"] >= 1
