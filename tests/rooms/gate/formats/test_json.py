"""JSON: the same answer, the same bytes; and a table of all formats."""

import html
import json

import pytest
from hypothesis import given

from service.gate.formats.choose import FORMATS
from tests.rooms.gate.formats.decisions import FULL, decision, hostile_decisions


def test_json_is_the_decision_without_its_number() -> None:
    text = FORMATS["json"](FULL)
    assert json.loads(text) == {"decision": {key: value for key, value in FULL.items() if key != "id"}}
    assert text.endswith("}\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_decision_has_the_same_bytes_whatever_its_number_and_the_order_of_its_keys(name: str) -> None:
    other = {**dict(reversed(FULL.items())), "id": "another"}
    assert FORMATS[name](other) == FORMATS[name](FULL)
    assert "0197f7a0" not in FORMATS[name](FULL)


@pytest.mark.parametrize("name", FORMATS)
def test_an_answer_of_an_older_server_can_be_written_too(name: str) -> None:
    old = {
        "rule": "RES-001",
        "outcome": "violation",
        "severity": "high",
        "asset": "system:desk",
        "message": "m",
        "path": [],
        "enforcement": "block",
    }
    text = FORMATS[name]({"id": "x", "verdict": "block", "undecided": False, "reasons": [old]})
    assert "RES-001" in html.unescape(text)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json"])
@pytest.mark.parametrize("verdict", ["block", "no such word"])
def test_a_block_that_names_no_reason_is_a_finding_of_its_own(name: str, verdict: str) -> None:
    blocked, undecided, allowed = (
        html.unescape(FORMATS[name](one))
        for one in (decision(verdict), decision("allow", undecided=True), decision("allow"))
    )
    assert "ALLOD-GATE" in blocked
    assert "ALLOD-GATE" in undecided
    assert "ALLOD-GATE" not in allowed


@given(hostile_decisions())
def test_every_format_can_be_written_whatever_the_texts_are(given_decision: dict[str, object]) -> None:
    for name, write in FORMATS.items():
        text = write(given_decision)
        assert text.endswith("\n")
        assert text.encode()
        if name != "json":  # which keeps the texts as they are
            assert text.replace("\n", "").replace("\u2060", "").isprintable()
