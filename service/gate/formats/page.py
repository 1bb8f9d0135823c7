"""The decision as a page of Markdown, for a job's summary and for a comment. Texts in it are shown and never act."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.gate.formats.parts import Answer, Missing, Reason
from service.gate.formats.text import as_code, as_code_block, as_markdown_text


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page: what stands above its entries, the entries, what stands below. Without entries it is left out."""

    head: tuple[str, ...]
    entries: tuple[str, ...]
    tail: tuple[str, ...] = ()


def page(answer: Answer, *, room: int) -> str:
    """The page in at most about `room` bytes of UTF-8: entries that do not fit are left out and counted."""
    out = [f"## Allod gate: {as_markdown_text(answer.word())}", "", as_markdown_text(answer.headline()) + ".", ""]
    left, omitted = room - len("\n".join(out).encode()), 0
    for section in _sections(answer):
        fitting = []
        for entry in section.entries:
            size = len(entry.encode()) + 1
            if size > left:
                omitted += 1
            else:
                left -= size
                fitting.append(entry)
        out += [*section.head, *fitting, *section.tail, ""] if fitting else []
    if omitted:
        out += [f"**{omitted} more entries do not fit here: the report in JSON holds all.**", ""]
    if answer.ignored:
        out += [f"Read and of no concern here: {answer.ignored}.", ""]
    return "\n".join(out)


def _sections(answer: Answer) -> Iterator[_Section]:
    counted = tuple(_row(answer, reason) for reason in answer.reasons if not reason.waiver)
    yield _Section(("| | Rule | Asset | Place | Finding |", "|---|---|---|---|---|"), counted)
    waived = tuple(_waived(reason) for reason in answer.reasons if reason.waiver)
    yield _Section(
        ("### Waived", "", "| Rule | Asset | Until | By | Why | Finding |", "|---|---|---|---|---|---|"), waived
    )
    yield _Section(("### Lines to add", ""), tuple(_line_to_add(one) for one in answer.missing))
    grouped: dict[str, list[Reason]] = {}
    for reason in answer.reasons:
        grouped.setdefault(reason.rule, []).append(reason)
    rules = tuple(_details(answer, reasons) for reasons in grouped.values())
    yield _Section(("### Rules", ""), rules)


def _row(answer: Answer, reason: Reason) -> str:
    rule = f"{as_code(reason.rule)} {as_markdown_text(answer.rule_of(reason).title)}"
    effect = f"{reason.enforcement}: {reason.outcome}, {reason.severity}"
    finding = "<br>".join(as_markdown_text(part) for part in (reason.message, *reason.notes()))
    return _cells(as_markdown_text(effect), rule, as_code(reason.asset), _where(reason), finding)


def _waived(reason: Reason) -> str:
    assert reason.waiver  # noqa: S101 -- only waived reasons come here
    waiver = (reason.waiver.expires_at, reason.waiver.approved_by, reason.waiver.reason, reason.message)
    return _cells(as_code(reason.rule), as_code(reason.asset), *map(as_markdown_text, waiver))


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _where(reason: Reason) -> str:
    return as_code(str(reason.place)) if reason.place else ""


def _line_to_add(one: Missing) -> str:
    where = f"{as_code(str(one.place))} for {as_code(one.asset)}: {as_markdown_text(one.what)}"
    return f"{where}\n\n{as_code_block(list(one.add))}\n"


def _details(answer: Answer, reasons: list[Reason]) -> str:
    rule = answer.rule_of(reasons[0])
    remedies = {reason.remedy: None for reason in reasons if reason.remedy}
    told = [
        f"<details><summary>{as_code(rule.id)} {as_markdown_text(rule.title)}: {len(reasons)}</summary>",
        "",
        *([as_markdown_text(rule.description), ""] if rule.description else []),
        *(f"- Remedy: {as_markdown_text(remedy)}" for remedy in remedies),
        *(f"- Path: {' → '.join(map(as_code, one.path))}" for one in reasons if len(one.path) > 1),
        *(f"- Control: {as_markdown_text(control)}" for control in rule.controls),
        "",
        "</details>",
        "",
    ]
    return "\n".join(told)
