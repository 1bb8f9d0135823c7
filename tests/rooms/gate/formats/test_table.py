"""What a person reads at a terminal: the table, and `--explain`."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.cli.gate_table import as_table
from service.gate.formats.explained import explained
from tests.rooms.gate.formats.decisions import FULL, decision, hostile_decisions, reason, waived


def table(one: dict[str, Any]) -> str:
    return as_table(one, colour=False)


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_table_holds_all_of_every_reason_in_eighty_columns_without_colour() -> None:
    text = table(FULL)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("BLOCK  1 block, 2 warn, 1 inform, 1 waived  assets judged: 7\n")
    assert "0197f7a0" not in text
    for part in (
        "block RES-001 violation, high system:desk",
        "at k8s/desk.yaml:12",
        "path: system:desk → cloud_region:aws/us-east-1",
        "mend: Move it to an allowed place.",
        "new since the baseline",
        "known in the baseline",
        "does not block because this pipeline says --fail-on",
        "warns only: blocks from 2027-01-01",
        "does not block because this pipeline says --soft-fail LIC-003",
        "waived RES-001",
        "waived until 2027-01-01T00:00:00+00:00 by anna: Moves in spring.",
        "k8s/desk.yaml:4 system:desk: The region is not known.",
        "Read and of no concern here: 1",
    ):
        assert part in words(text)
    assert text.count("\n\n") == len(FULL["reasons"]) + 2
    assert "        annotations:\n          allod.dev/region: aws/eu-west-1\n" in text


def test_the_table_says_when_nothing_was_found_and_when_nothing_was_decided() -> None:
    assert table(decision("allow")) == "ALLOW  no findings  assets judged: 7\n"
    assert "could not decide" in table(decision("block", reason(outcome="error"), undecided=True))


def test_a_reason_without_path_place_and_remedy_is_its_message() -> None:
    bare = table(decision("warn", reason(enforcement="warn", path=[], place=None, remedy="")))
    assert bare.splitlines()[-1] == "    Storage of personal data lies in US."


def test_the_remedy_of_an_open_question_is_the_line_to_add() -> None:
    line = {"asset": "system:desk", "what": "The region.", "add": "allod.dev/x: y", "file": "a.yaml", "line": 4}
    reasons = [
        reason(outcome=outcome, asset=asset)
        for outcome in ("unknown", "violation")
        for asset in ("system:desk", "model:m")
    ]
    told = table(decision("block", *reasons, missing=[line]))
    assert told.count("mend: Move it to an allowed place.") == 3
    assert table(decision("block", reasons[0])).count("mend:") == 1


def test_colour_comes_when_asked_for() -> None:
    assert "\x1b[" in as_table(FULL, colour=True)


@given(
    st.text(max_size=200), st.text("a/[]:bold ", min_size=1, max_size=220), st.lists(st.text(max_size=20), max_size=3)
)
def test_no_text_of_a_reason_can_move_the_cursor_or_leave_the_page(message: str, asset: str, path: list[str]) -> None:
    text = table(decision("block", reason(message=message, asset=asset, path=path, remedy="")))
    assert text.replace("\n", "").isprintable()
    assert "".join(asset.split()) in "".join(text.split())


def test_an_explanation_shows_rule_path_remedy_controls_and_place() -> None:
    told = explained(decision("block", reason()))
    assert told.splitlines() == [
        "RES-001  Personal data stays where it may lie",
        "  block: violation, high, pack eu-data-residency",
        "  asset    system:desk",
        "  place    k8s/desk.yaml:12",
        "  finding  Storage of personal data lies in US.",
        "  demands  Storage lies in an allowed place.",
        "  path     system:desk",
        "             → cloud_region:aws/us-east-1",
        "  remedy   Move it to an allowed place.",
        "  control  GDPR Art. 44: Transfers",
        "",
    ]


def test_an_explanation_leaves_out_what_is_not_known_and_adds_what_is() -> None:
    bare = explained(decision("warn", waived(rule="X", place=None, path=[], remedy="")))
    assert [line[2:11].strip() for line in bare.splitlines()[2:] if line[2:11].strip()] == ["asset", "finding", "note"]
    assert explained(decision("allow")) == ""


@given(hostile_decisions(), st.integers(0, 60))
def test_an_explanation_keeps_to_the_page(one: dict[str, Any], depth: int) -> None:
    one["reasons"].append(reason(path=["model:a-long-name-of-something"] * depth))
    text = explained(one)
    assert text.replace("\n", "").isprintable()
    assert max(map(len, text.splitlines())) <= 80
