"""GitHub annotations, read back as the runner reads them."""

import re
from typing import Any

from hypothesis import given

from service.gate.formats.github import as_github
from tests.rooms.gate.formats.decisions import FULL, decision, hostile_decisions, reason

MESSAGE = """\
system:desk: Storage of personal data lies in US.
path: system:desk → cloud_region:aws/us-east-1
mend: Move it to an allowed place.
new since the baseline"""
LINE = re.compile(r"::(error|warning|notice) ([^:]*)::([^\r\n]*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Command, properties and message of each line, as GitHub's runner takes them apart."""
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = LINE.fullmatch(line)
        assert match, line
        command, properties, message = match.groups()
        pairs = dict(pair.split("=", 1) for pair in properties.split(","))
        found.append((command, {key: unescaped(value) for key, value in pairs.items()}, unescaped(message)))
    return found


def unescaped(text: str) -> str:
    for code, sign in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def test_each_reason_is_an_annotation_at_its_place() -> None:
    verdict, first, *others = commands(as_github(FULL))
    headline = "Blocked: 1 block, 2 warn, 1 inform, 1 waived; assets judged as of 2026-11-25 in workspace default: 7"
    assert verdict == ("error", {"title": "Allod gate"}, headline)
    assert first == (
        "error",
        {
            "file": "k8s/desk.yaml",
            "line": "12",
            "title": "RES-001 Personal data stays where it may lie (violation, high)",
        },
        MESSAGE,
    )
    assert [command for command, *_ in others] == ["warning", "warning", "notice", "notice", "notice"]
    assert "file" not in others[0][1]
    assert others[-1][2] == "The region is not known.\nadd:\nannotations:\n  allod.dev/region: aws/eu-west-1"


def test_the_documented_example_has_the_documented_form() -> None:
    text = as_github(decision("block", reason(place={"file": "./app.js", "line": 1})))
    assert text.splitlines()[1].startswith("::error file=app.js,line=1,title=")


def test_verdicts_have_their_commands() -> None:
    said = [commands(as_github(decision(verdict)))[0][0] for verdict in ("allow", "warn", "block", "odd")]
    assert said == ["notice", "warning", "error", "error"]
    assert commands(as_github(decision("block", undecided=True)))[0][2].startswith("Could not decide: 1 block")


@given(hostile_decisions())
def test_no_text_becomes_a_command_or_a_property(one: dict[str, Any]) -> None:
    found = commands(as_github(one))
    assert len(found) >= 2
    for _, properties, _ in found:
        assert set(properties) <= {"file", "line", "title"}
