"""A pipeline's own terms: known, softened, and never more than that."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.errors import Invalid
from service.gate.formats.json_report import as_json
from service.gate.tailoring import SEVERITIES, read_baseline, tailor
from tests.rooms.gate.formats.decisions import decision, reason, waived


def outcome_of(one: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(each["enforcement"], each["softened"], each["baseline"]) for each in one["reasons"]]


def test_without_terms_nothing_changes() -> None:
    given_decision = decision("block", reason(), reason(enforcement="warn"), waived())
    assert tailor(given_decision) == given_decision


def test_only_what_is_new_blocks() -> None:
    old, new = reason(), reason(subject="logs")
    told = tailor(decision("block", old, new), baseline=decision("block", old))
    assert told["verdict"] == "block"
    assert outcome_of(told) == [("block", None, "new"), ("warn", None, "known")]
    assert told["reasons"][0]["subject"] == "logs"
    assert tailor(decision("block", old), baseline=decision("block", old))["verdict"] == "warn"


@pytest.mark.parametrize(
    ("before", "now", "baseline"),
    [
        (reason(), reason(), "known"),
        (reason(), reason(outcome="unknown"), "known"),
        (reason(outcome="unknown"), reason(outcome="unknown"), "known"),
        (reason(outcome="unknown"), reason(), "new"),
        (reason(outcome="error"), reason(), "new"),
        (waived(), reason(), "new"),
        (reason(fingerprint=""), reason(fingerprint=""), "new"),
        (reason(), reason(asset="system:other"), "new"),
    ],
)
def test_what_counts_as_known(before: dict[str, Any], now: dict[str, Any], baseline: str) -> None:
    told = tailor(decision("block", now), baseline=decision("block", before))
    assert told["reasons"][0]["baseline"] == baseline
    assert told["verdict"] == ("warn" if baseline == "known" else "block")


def test_a_waived_reason_is_marked_and_stays_waived() -> None:
    told = tailor(decision("allow", waived()), baseline=decision("block", reason()), fail_on="critical")
    assert outcome_of(told) == [("inform", None, "known")]
    assert told["verdict"] == "allow"


@pytest.mark.parametrize(
    ("fail_on", "verdict"),
    [("critical", "warn"), ("high", "block"), ("medium", "block"), ("low", "block"), ("info", "block")],
)
def test_what_is_less_grave_than_asked_only_warns(fail_on: str, verdict: str) -> None:
    told = tailor(decision("block", reason()), fail_on=fail_on)
    assert told["verdict"] == verdict
    assert outcome_of(told) == [("warn", "severity", None) if verdict == "warn" else ("block", None, None)]


def test_a_severity_that_nobody_knows_is_grave() -> None:
    assert tailor(decision("block", reason(severity="odd")), fail_on="critical")["verdict"] == "block"


def test_a_rule_that_is_told_to_only_warns() -> None:
    told = tailor(decision("block", reason(), reason(rule="LIC-009")), soft_fail=["RES-001"], fail_on="critical")
    assert outcome_of(told) == [("warn", "RES-001", None), ("warn", "severity", None)]
    assert told["verdict"] == "warn"
    assert tailor(decision("block", reason(rule="LIC-009")), soft_fail=["RES-001"])["verdict"] == "block"


def test_an_error_is_never_softened_and_never_known() -> None:
    wrong = reason(outcome="error")
    terms: dict[str, Any] = {"baseline": decision("block", wrong), "fail_on": "critical", "soft_fail": ["RES-001"]}
    told = tailor(decision("block", wrong, undecided=True), **terms)
    assert outcome_of(told) == [("block", None, "new")]
    assert told["verdict"] == "block"
    assert tailor(decision("block", reason(), undecided=True), **terms)["verdict"] == "block"
    assert tailor(decision("allow", reason(outcome="error", enforcement="inform")), **terms)["verdict"] == "block"


def test_a_block_without_a_reason_stays_one() -> None:
    terms: dict[str, Any] = {"baseline": decision("block"), "fail_on": "critical"}
    assert tailor(decision("block"), **terms)["verdict"] == "block"
    assert tailor(decision("block", reason(enforcement="warn")), **terms)["verdict"] == "block"


def test_a_word_that_nobody_knows_blocks() -> None:
    told = tailor(decision("allow", reason(enforcement="inform"), reason(enforcement="odd")))
    assert told["verdict"] == "block"
    assert [one["enforcement"] for one in told["reasons"]] == ["odd", "inform"]


def test_a_severity_must_be_one() -> None:
    with pytest.raises(Invalid, match="no severity 'grave': take critical, high"):
        tailor(decision("allow"), fail_on="grave")


@given(
    st.lists(
        st.builds(
            reason,
            rule=st.sampled_from(["A", "B"]),
            outcome=st.sampled_from(["violation", "unknown", "error"]),
            severity=st.sampled_from(SEVERITIES),
            enforcement=st.sampled_from(["block", "warn", "inform"]),
            subject=st.sampled_from(["x", "y"]),
        ),
        max_size=4,
    ),
    st.sampled_from(["allow", "warn", "block"]),
    st.booleans(),
    st.none() | st.sampled_from(SEVERITIES),
    st.lists(st.sampled_from(["A", "B"])),
    st.booleans(),
)
def test_terms_never_turn_a_block_into_silence(
    reasons: list[dict[str, Any]], verdict: str, undecided: bool, fail_on: str | None, soft: list[str], known: bool
) -> None:
    before = decision(verdict, *reasons, undecided=undecided)
    told = tailor(before, baseline=before if known else None, fail_on=fail_on, soft_fail=soft)
    order = ["allow", "warn", "block"]
    blocking = [one for one in told["reasons"] if one["enforcement"] == "block" or one["outcome"] == "error"]
    assert (told["verdict"] == "block") >= bool(blocking or undecided)
    assert order.index(told["verdict"]) >= min(order.index(verdict), 1)
    assert sorted(one["fingerprint"] for one in told["reasons"]) == sorted(one["fingerprint"] for one in reasons)
    assert json.loads(json.dumps(told)) == told


def test_a_json_report_is_a_baseline() -> None:
    first = decision("block", reason())
    assert tailor(first, baseline=read_baseline(as_json(first).encode(), "b.json"))["verdict"] == "warn"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "b.json: is not JSON: "),
        (b"\xff", "b.json: is not JSON: "),
        (b"[]", "b.json, /decision: holds no decision"),
        (b'{"decision": []}', "b.json, /decision: holds no decision"),
        (b'{"decision": {}}', "b.json, /decision/reasons: is not a list"),
        (b'{"decision": {"reasons": [1]}}', "b.json, /decision/reasons/0: is no reason with a fingerprint"),
        (b'{"decision": {"reasons": [{"fingerprint": "f"}]}}', "/decision/reasons/0: is no reason"),
        (b'{"decision": {"reasons": [{"fingerprint": 1, "outcome": "x"}]}}', "/decision/reasons/0: is no reason"),
    ],
)
def test_a_file_that_is_no_report_is_no_baseline(content: bytes, fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_baseline(content, "b.json")
    assert fault in refused.value.detail
    assert "allod gate --format json" in str(refused.value.faults[0])
