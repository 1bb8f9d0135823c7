"""Who commands a thing: its operator, and whoever holds half of a company below, or a veto over it, at every step up."""

from dataclasses import dataclass
from typing import Final

from service.evaluation.effective_control import Controls
from service.evaluation.policy_input import Control, Link

HALF: Final = 5_000


@dataclass(frozen=True, slots=True)
class Command:
    """Companies by ref (people by name): `sure` command, `maybe` do so if a share that nobody states is large enough.

    `seats` are countries where those who surely command are incorporated or run from, `perhaps_seats` those of the others.
    `known` says that nobody else can be above them.
    """

    sure: frozenset[str]
    maybe: frozenset[str]
    seats: frozenset[str]
    perhaps_seats: frozenset[str]
    known: bool


def command(controls: Controls, thing: str) -> Command:
    """Who commands a region, host, service or vendor."""
    control = controls.chain_of(thing, [thing])
    sure = _commanding(control, unstated=False)
    wide = _commanding(control, unstated=True)
    names = frozenset(link["vendor"] for link in sure)
    maybe = [link for link in wide if link["vendor"] not in names]
    ends = set(control["ends"])
    idle = ends - {link["vendor"] for link in wide} - {thing}
    return Command(
        names,
        frozenset(link["vendor"] for link in maybe),
        _seats(sure),
        _seats(maybe),
        known=control["status"] == "complete" or (bool(ends) and ends == idle),
    )


def _commanding(control: Control, *, unstated: bool) -> list[Link]:
    def decides(link: Link) -> bool:
        share = link["share"]
        return link["role"] == "operator" or link["veto"] or (unstated if share is None else share >= HALF)

    below = {tuple(link["path"]): decides(link) for link in control["links"]}
    return [
        link
        for link in control["links"]
        if all(below.get(tuple(link["path"][:end]), True) for end in range(1, len(link["path"]) + 1))
    ]


def _seats(links: list[Link]) -> frozenset[str]:
    return frozenset(seat for link in links for seat in (link["country"], link["headquarters"]) if seat)
