"""Markdown, read back by a CommonMark parser with tables: texts are shown and never act."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.gate.formats.github_summary import as_github_summary
from service.gate.formats.markdown import MARK, as_markdown
from service.gate.formats.text import as_code_block, as_markdown_text, lines, one_line
from tests.rooms.gate.formats.decisions import FULL, HOSTILE, decision, hostile_decisions, reason, waived

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LISTS = ("bullet_list_open", "list_item_open")
OWN_HTML = re.compile(r"<!-- allod-gate -->|</?(details|summary|code)>|<br>")


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def shown(text: str) -> str:
    return "".join(token.content if token.type == "text" else " " for token in flat(READER.parse(text)))


def test_the_comment_can_be_found_again_and_says_the_verdict() -> None:
    first, second, *_ = as_markdown(FULL).splitlines()
    assert (first, second) == (MARK, "## Allod gate: Blocked")
    assert as_github_summary(FULL).startswith("## Allod gate: Blocked\n")


def test_all_of_a_finding_is_shown() -> None:
    text = " ".join(shown(as_markdown(FULL)).split())
    for part in (
        "block: violation, high",
        "Personal data stays where it may lie",
        "k8s/desk.yaml:12",
        "Storage of personal data lies in US.",
        "new since the baseline",
        "known in the baseline",
        "does not block because this pipeline says --fail-on",
        "does not block because this pipeline says --soft-fail LIC-003",
        "warns only: blocks from 2027-01-01",
        "2027-01-01T00:00:00+00:00",
        "Moves in spring.",
        "The region is not known.",
        "Remedy: Move it to an allowed place.",
        "Control: GDPR Art. 44: Transfers",
        "Path: system:desk → cloud_region:aws/us-east-1",
        "Read and of no concern here: 1.",
    ):
        assert part in text
    (block,) = [token.content for token in READER.parse(as_markdown(FULL)) if token.type == "fence"]
    assert block == "annotations:\n  allod.dev/region: aws/eu-west-1\n"


def test_nothing_found_is_a_short_page() -> None:
    assert as_github_summary(decision("allow")) == (
        "## Allod gate: Allowed\n\n"
        "Allowed&#58; no findings; assets judged as of 2026&#45;11&#45;25 in workspace default&#58; 7.\n"
    )
    assert "Waived" not in as_markdown(decision("block", reason()))
    assert "| | Rule |" not in as_markdown(decision("allow", waived()))


def test_what_does_not_fit_is_counted() -> None:
    many = [reason(subject=str(number), message="m" * 500) for number in range(1_000)]
    comment, summary = as_markdown(decision("block", *many)), as_github_summary(decision("block", *many))
    assert len(comment) < 65_536
    rows = comment.count("\n| block&#58;")
    assert f"**{1_001 - rows} more entries do not fit here: the report in JSON holds all.**" in comment
    assert 0 < rows < 1_000
    assert summary.count("\n| block&#58;") == 1_000
    assert "do not fit" not in summary
    assert len(as_github_summary(decision("block", *many, *many)).encode()) < 1_048_576


@pytest.mark.parametrize("write", [as_markdown, as_github_summary])
@given(hostile_decisions())
def test_no_text_is_markup(write: Any, one: dict[str, Any]) -> None:
    text = write(one)
    tokens = list(flat(READER.parse(text)))
    made = {token.type for token in tokens if token.nesting >= 0 and token.type != "text"}
    assert made <= {
        "heading_open",
        "inline",
        "paragraph_open",
        "softbreak",
        "table_open",
        "thead_open",
        "tbody_open",
        "tr_open",
        "th_open",
        "td_open",
        "fence",
        *(() if "- Path" not in text and "- Control" not in text and "- Remedy" not in text else LISTS),
        "html_block",
        "html_inline",
    }
    for token in tokens:
        if token.type in {"html_inline", "html_block"}:
            assert "<" not in re.sub(r"&#\d+;", "", OWN_HTML.sub("", token.content))
    for table in re.findall(r"(?m)(?:^\|.*\n)+", re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", text)):
        assert len({row.count("|") for row in table.splitlines()}) == 1
    assert not re.search(r"(?m)^/", text)


@given(HOSTILE)
@example("100%! @team #12 ~x &y $z ^w")
def test_escaped_text_reads_as_it_stood(text: str) -> None:
    line = one_line(text)
    escaped = as_markdown_text(line)
    (paragraph,) = [token for token in READER.parse(f"x{escaped}") if token.type == "inline"]
    assert paragraph.content
    assert "".join(child.content for child in paragraph.children or []).replace("\u2060", "") == f"x{line}"
    assert "@" not in escaped
    assert not re.search(r"(https?|ftp|mailto):|www\.", escaped)


@pytest.mark.parametrize("text", ["- a", "1) a", "1. a", "/approve", "# a", "> a", "---", "=== ", "+ a", "* a", "~~~"])
def test_no_line_starts_a_block_or_a_quick_action(text: str) -> None:
    escaped = as_markdown_text(text.strip())
    assert [token.type for token in READER.parse(f"x\n\n{escaped}")][3:] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]
    assert not escaped.startswith("/")


def test_a_mention_is_broken_by_a_character_that_nobody_sees() -> None:
    assert as_markdown_text("@team pays 5% of #12") == "&#64;\u2060team pays 5&#37; of &#35;\u206012"


@given(HOSTILE)
def test_a_block_of_code_ends_where_it_should(text: str) -> None:
    (fence,) = READER.parse(as_code_block(lines(text)))
    assert fence.type == "fence"
    assert fence.content.splitlines() == lines(text)
