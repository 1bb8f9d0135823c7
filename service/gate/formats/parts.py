"""A decision, read for those who write it down: every field there, every text in one printable line."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.foundation import canonical
from service.gate.formats.text import lines, one_line

Decision = Mapping[str, Any]
"""What `POST /gate` answers under `decision`: verdict, reasons, their rules, what is missing and what was ignored."""

GATE_RULE: Final = "ALLOD-GATE"
"""The rule that a reason names where the verdict has none of its own."""

_ENFORCEMENTS: Final = ("block", "warn", "inform")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a finding is accepted, by whom, and until when."""

    reason: str
    approved_by: str
    expires_at: str

    def __str__(self) -> str:
        return f"waived until {self.expires_at} by {self.approved_by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding and what it does to the verdict. Optional fields are None or empty where the decision says nothing."""

    rule: str
    pack: str
    outcome: str
    severity: str
    asset: str
    subject: str
    message: str
    path: tuple[str, ...]
    enforcement: str
    remedy: str
    fingerprint: str
    blocks_from: str
    softened: str
    baseline: str
    waiver: Waiver | None
    place: Place | None

    def notes(self) -> list[str]:
        """What else is to be known of it: waived, not yet in force, softened, known before."""
        told = [str(self.waiver)] if self.waiver else []
        if self.blocks_from:
            told.append(f"warns only: blocks from {self.blocks_from}")
        if self.softened:
            option = "--fail-on" if self.softened == "severity" else f"--soft-fail {self.softened}"
            told.append(f"does not block because this pipeline says {option}")
        if self.baseline:
            told.append("known in the baseline" if self.baseline == "known" else "new since the baseline")
        return told

    def told(self) -> list[str]:
        """The finding in lines of plain text: message, path, remedy, notes."""
        path = ["path: " + " → ".join(self.path)] if len(self.path) > 1 else []
        remedy = [f"mend: {self.remedy}"] if self.remedy else []
        return [self.message, *path, *remedy, *self.notes()]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule demands. `controls` are lines such as `EU AI Act Art. 10: Data governance`."""

    id: str
    title: str
    description: str
    severity: str
    theme: str
    remedy: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What a file does not tell, and the lines to add at `place`."""

    asset: str
    what: str
    add: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision. `reasons` is never empty where the verdict is `block` or nobody could decide."""

    verdict: str
    undecided: bool
    workspace: str
    point: str
    as_of: str
    engine: str
    digest: str
    judged: int
    reasons: tuple[Reason, ...]
    rules: Mapping[str, Rule]
    missing: tuple[Missing, ...]
    ignored: int

    def headline(self) -> str:
        """The verdict and the numbers in one sentence."""
        counts = Counter("waived" if one.waiver else one.enforcement for one in self.reasons)
        told = ", ".join(f"{counts[word]} {word}" for word in (*_ENFORCEMENTS, "waived") if counts[word])
        when = f" as of {self.as_of}" if self.as_of else ""
        where = f" in workspace {self.workspace}" if self.workspace else ""
        return f"{self.word()}: {told or 'no findings'}; assets judged{when}{where}: {self.judged}"

    def word(self) -> str:
        """The verdict as a person says it."""
        if self.undecided:
            return "Could not decide"
        return {"allow": "Allowed", "warn": "Allowed with warnings"}.get(self.verdict, "Blocked")

    def rule_of(self, reason: Reason) -> Rule:
        """The reason's rule; one that the decision does not describe is called by its id."""
        known = self.rules.get(reason.rule)
        return known or Rule(reason.rule, reason.rule, "", reason.severity, "", reason.remedy, ())

    def nearest(self, reason: Reason) -> Place | None:
        """Where to show a reason to tools that take none without a file.

        Its own place; else that of the first asset on its path that stands in a file; else the first place that is named.
        """
        places: dict[str, Place] = {}
        for asset, place in self._places():
            places.setdefault(asset, place)
        near = (places[ref] for ref in (reason.asset, *reason.path) if ref in places)
        return reason.place or next(near, None) or next(iter(places.values()), None)

    def _places(self) -> Iterator[tuple[str, Place]]:
        yield from ((one.asset, one.place) for one in self.reasons if one.place)
        yield from ((one.asset, one.place) for one in self.missing)


def answer_of(decision: Decision) -> Answer:
    """The decision as a value; what an older server does not say is empty."""
    reasons = tuple(_reason(one) for one in decision.get("reasons", ()))
    verdict, undecided = one_line(decision.get("verdict", "block")), bool(decision.get("undecided", False))
    return Answer(
        verdict=verdict,
        undecided=undecided,
        workspace=_known(decision, "workspace"),
        point=_known(decision, "point"),
        as_of=_known(decision, "as_of"),
        engine=_known(decision, "engine"),
        digest=_known(decision, "digest"),
        judged=int(decision.get("judged", 0)),
        reasons=(*_unnamed(verdict, undecided, reasons), *reasons),
        rules={one_line(key): _rule(one_line(key), rule) for key, rule in decision.get("rules", {}).items()},
        missing=tuple(_missing(one) for one in decision.get("missing", ())),
        ignored=len(decision.get("ignored", ())),
    )


def _unnamed(verdict: str, undecided: bool, reasons: tuple[Reason, ...]) -> list[Reason]:
    """A reason where the verdict has none: a report without one would read as if all were well."""
    failed = any(one.outcome == "error" for one in reasons)
    if undecided and not failed:
        return [_reason({**_GATE, "outcome": "error", "message": "The gate could not decide, and did not say why."})]
    if verdict not in {"allow", "warn"} and not failed and not any(one.enforcement == "block" for one in reasons):
        return [_reason({**_GATE, "outcome": "violation", "message": "The gate blocked, and did not say why."})]
    return []


_GATE: Final = {"rule": GATE_RULE, "severity": "critical", "asset": "gate", "enforcement": "block"}


def _reason(one: Mapping[str, Any]) -> Reason:
    asset, rule, pack, subject = (_known(one, key) for key in ("asset", "rule", "pack", "subject"))
    waiver, place = one.get("waiver"), one.get("place")
    return Reason(
        rule=rule,
        pack=pack,
        outcome=_known(one, "outcome"),
        severity=_known(one, "severity"),
        asset=asset,
        subject=subject,
        message=_known(one, "message"),
        path=tuple(map(one_line, one.get("path", ()))),
        enforcement=_known(one, "enforcement"),
        remedy=_known(one, "remedy"),
        fingerprint=_known(one, "fingerprint") or canonical.digest([asset, rule, pack, subject]),
        blocks_from=_known(one, "blocks_from"),
        softened=_known(one, "softened"),
        baseline=_known(one, "baseline"),
        waiver=Waiver(*(_known(waiver, key) for key in ("reason", "approved_by", "expires_at"))) if waiver else None,
        place=_place(place) if place else None,
    )


def _rule(id: str, rule: Mapping[str, Any]) -> Rule:
    controls = (
        f"{one_line(one['framework'])} {one_line(one['id'])}: {_known(one, 'title')}".rstrip(": ")
        for one in rule.get("controls", ())
    )
    named = {key: _known(rule, key) for key in ("title", "description", "severity", "theme", "remedy")}
    return Rule(id=id, controls=tuple(controls), **{**named, "title": named["title"] or id})


def _missing(one: Mapping[str, Any]) -> Missing:
    return Missing(_known(one, "asset"), _known(one, "what"), tuple(lines(one.get("add", ""))), _place(one))


def _place(one: Mapping[str, Any]) -> Place:
    return Place(_known(one, "file"), max(1, int(one.get("line") or 1)))


def _known(one: Mapping[str, Any], key: str) -> str:
    value = one.get(key)
    return "" if value is None else one_line(value)
