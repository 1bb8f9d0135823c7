"""The gate's decision as text."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.cli.gate_table import as_table
from service.gate.formats import FORMATS

REASON = {
    "rule": "RES-001",
    "pack": "eu-data-residency",
    "outcome": "violation",
    "severity": "high",
    "asset": "dataset:acme/tickets",
    "subject": "x",
    "message": "Storage of personal data in US lies outside what is allowed: " + "cloud_region:aws/us-east-1 " * 3,
    "path": ["dataset:acme/tickets", "cloud_region:aws/us-east-1"],
    "enforcement": "block",
    "remedy": "Move it to an allowed place.",
}
DECISION: dict[str, Any] = {"id": "0197", "verdict": "block", "undecided": False, "reasons": [REASON]}


def test_json_is_the_decision_with_equal_bytes_for_equal_decisions() -> None:
    text = FORMATS["json"](DECISION)
    assert json.loads(text) == {"decision": DECISION}
    assert FORMATS["json"](dict(reversed(DECISION.items()))) == text
    assert text.endswith("}\n")


def test_the_table_holds_all_of_every_reason_in_eighty_columns_without_colour() -> None:
    text = as_table(DECISION, colour=False)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("BLOCK  1 block  decision 0197")
    words = " ".join(text.split())
    for value in ("RES-001", "violation, high", "dataset:acme/tickets", REASON["message"], REASON["remedy"]):
        assert " ".join(str(value).split()) in words
    assert "path: dataset:acme/tickets → cloud_region:aws/us-east-1" in words


def test_the_table_says_when_nothing_was_found_and_when_nothing_was_decided() -> None:
    assert "ALLOW  no findings" in as_table({**DECISION, "verdict": "allow", "reasons": []}, colour=False)
    assert "could not decide" in as_table({**DECISION, "undecided": True}, colour=False)


def test_colour_comes_when_asked_for() -> None:
    assert "\x1b[" in as_table(DECISION, colour=True)


@given(
    st.text(max_size=200), st.text("a/[]:bold ", min_size=1, max_size=220), st.lists(st.text(max_size=20), max_size=3)
)
def test_no_text_of_a_reason_can_move_the_cursor_or_leave_the_page(message: str, asset: str, path: list[str]) -> None:
    reason = {**REASON, "message": message, "asset": asset, "path": path, "remedy": ""}
    text = as_table({**DECISION, "reasons": [reason]}, colour=False)
    assert text.replace("\n", "").isprintable()
    assert "".join(asset.split()) in "".join(text.split())
