"""Generates the module through which an engine is asked, and reads what it answers.

Package `allod.entry` holds per asset kind `<kind>.answer`, which names that kind's rules one by one, per rule
`rule_<slug>.answer`, which asks it alone, and `mixed.answer`, which asks of each document the rules of its own kind. They
take `{"documents": [...]}` and give

    {"revision": digest, "reports": [[a1, f1, a2, f2, …], …]}

one report for each document, in order, and in it two lists for each rule, in order of rule ids: `a` holds what `applies`
said (empty: undefined), `f` holds `[violations, unknowns]` where it said anything but false. Of ten forms that were
measured this was as fast as the fastest on OPA, within a tenth of it on regorus, and the only one of the fast ones in
which a rule whose `violation` is undefined cannot be taken for one that does not apply.

`revision` is defined only while every module of the bundle is there (each gets a marker rule), so no answer with the
right revision ever comes from half a bundle.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.engine import modules
from service.engine.capabilities import MARKER, admit
from service.engine.protocol import Bundle, EngineFailure, FailureKind, Finding, Module, RawVerdict, RuleEntry

REVISION = "revision"
MIXED = "mixed"  # the entry for documents of several kinds
PROBE = "probe"  # the entry that asks no rule: whether the engine answers at all, and can read a document
_SLUG = re.compile(r"[a-z][a-z0-9_]*\Z")


class MalformedError(Exception):
    """A finding that is not what the contract asks for."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A bundle ready for an engine: modules in the order in which they compile, the entry points as the last."""

    digest: str
    modules: tuple[Module, ...]


def for_rule(id: str) -> str:
    """The entry that asks one rule alone."""
    return f"rule_{re.sub(r'[^a-z0-9]', '_', id.lower())}"


def answer_path(entry: str, root: str = modules.ROOT) -> str:
    """The dotted path of an entry's answer, without `data.`."""
    return f"{root}.entry.{entry}.answer"


def revision_path(root: str = modules.ROOT) -> str:
    """The dotted path of the bundle's digest."""
    return f"{root}.entry.{REVISION}"


def rules_for(bundle: Bundle, kind: str) -> list[RuleEntry]:
    """The rules that judge assets of `kind`, in the order of a report."""
    return sorted((rule for rule in bundle.rules if kind in rule.kinds), key=lambda rule: rule.id)


def prepare(bundle: Bundle, *, at_once: bool = False) -> Prepared:
    """Checks the bundle's text and adds markers and entry points.

    `at_once` is for an engine that takes all modules or none: then the revision need not look for each of them, which
    costs a millisecond with every question.

    Raises:
        EngineFailure: REFUSED, with every fault, where the text may not be run or a rule is not where it should be.
    """
    faults = admit(bundle.modules)
    if faults:
        raise EngineFailure(FailureKind.REFUSED, "; ".join(str(fault) for fault in faults[:20]))
    if len({module.path for module in bundle.modules}) < len(bundle.modules):
        raise EngineFailure(FailureKind.REFUSED, "two modules have the same path")
    modules.check_rules(bundle)
    marked = tuple(
        Module(module.path, f"{module.text}\n{MARKER} := true\n") for module in modules.ordered(bundle.modules)
    )
    return Prepared(bundle.digest, (*marked, _entries(bundle, at_once=at_once)))


def _entries(bundle: Bundle, *, at_once: bool) -> Module:
    kinds = sorted({kind for rule in bundle.rules for kind in rule.kinds})
    by_slug = {PROBE: [], **{kind: rules_for(bundle, kind) for kind in kinds}}
    for rule in bundle.rules:
        slug = for_rule(rule.id)
        if by_slug.setdefault(slug, [rule]) != [rule]:
            raise EngineFailure(FailureKind.REFUSED, f"rule {rule.id}: another rule has the same id but for its signs")
    strange = [
        kind for kind in kinds if not _SLUG.match(kind) or kind in {REVISION, PROBE, MIXED} or kind.startswith("rule_")
    ]
    if strange:
        raise EngineFailure(FailureKind.REFUSED, f"{strange[0]!r} is no kind of asset")
    packages = [] if at_once else sorted({modules.package_of(module) for module in bundle.modules})
    whole = "\n".join(f"\tdata.{package}.{MARKER}" for package in packages) or "\ttrue"
    text = f'package allod.entry\n\n{REVISION} := "{bundle.digest}" if {{\n{whole}\n}}\n'
    text += "".join(_verdicts(slug, rules) + _answer(slug) for slug, rules in sorted(by_slug.items()))
    if kinds:
        text += "".join(f'\n{MIXED}.verdicts := {kind}.verdicts if input.asset.kind == "{kind}"\n' for kind in kinds)
        text += _answer(MIXED)
    return Module("entry.rego", text)


def _verdicts(slug: str, rules: Sequence[RuleEntry]) -> str:
    lists = ",".join(
        f"\n\t[a | a := data.{rule.package}.applies],\n"
        f"\t[[v, u] | data.{rule.package}.applies; v := data.{rule.package}.violation; u := data.{rule.package}.unknown]"
        for rule in rules
    )
    return f"\n{slug}.verdicts := [{lists}]\n"


def _answer(slug: str) -> str:
    return f"""
{slug}.answer := {{
	"revision": {REVISION},
	"reports": [report | some document in input.documents; report := {slug}.verdicts with input as document],
}}
"""


def reports_in(answer: Any, digest: str, count: int) -> list[Any]:
    """The reports out of an entry's answer, after making sure that it is whole and that it comes from this bundle.

    Raises:
        EngineFailure: REVISION or EVALUATION.
    """
    if not isinstance(answer, dict) or answer.get("revision") != digest:
        found = answer.get("revision") if isinstance(answer, dict) else None
        raise EngineFailure(FailureKind.REVISION, f"asked revision {digest[:16]}, answered by {str(found)[:16]}")
    reports = answer.get("reports")
    if not isinstance(reports, list) or len(reports) != count:
        raise EngineFailure(FailureKind.EVALUATION, f"expected {count} reports in the answer")
    return reports


def read_report(rules: Sequence[RuleEntry], report: Any) -> dict[str, RawVerdict]:
    """What each rule said of one document; a rule that said something malformed has an error instead."""
    if not isinstance(report, list) or len(report) != 2 * len(rules):
        return {rule.id: _failed("the engine's report is malformed") for rule in rules}
    return {rule.id: _verdict(report[2 * i], report[2 * i + 1]) for i, rule in enumerate(rules)}


_NOT_APPLICABLE = RawVerdict(applies=False)


def _failed(message: str) -> RawVerdict:
    return RawVerdict(applies=True, error=message)


def _verdict(applies: list[Any], found: list[Any]) -> RawVerdict:
    if not applies or applies[0] is False:
        return _NOT_APPLICABLE
    if applies[0] is not True:
        return _failed("`applies` is neither true nor false")
    if not found:
        return _failed("`violation` or `unknown` is undefined")
    violations, unknowns = found[0]
    if not isinstance(violations, list) or not isinstance(unknowns, list):
        return _failed("`violation` and `unknown` must be sets: `violation contains finding if …`")
    try:
        return RawVerdict(
            applies=True,
            violations=tuple(_finding(finding) for finding in violations),
            unknowns=tuple(_finding(finding) for finding in unknowns),
        )
    except MalformedError as malformed:
        return _failed(str(malformed))


_TEXT = ("subject", "message")
_OPTIONAL = ("vendor", "jurisdiction")
_KEYS = frozenset((*_TEXT, *_OPTIONAL, "path"))


def _finding(value: Any) -> Finding:
    if not isinstance(value, dict):
        raise MalformedError("a finding is no object")
    for key in _TEXT:
        if not isinstance(value.get(key), str) or not value[key]:
            raise MalformedError(f"a finding's `{key}` is no text")
    if "%!" in value["message"]:
        raise MalformedError(f"sprintf was given what its verb cannot write: {value['message'][:200]}")
    for key in _OPTIONAL:
        if value.get(key) is not None and not isinstance(value[key], str):
            raise MalformedError(f"a finding's `{key}` is no text")
    path = value.get("path", [])
    if not isinstance(path, list) or not all(isinstance(ref, str) for ref in path):
        raise MalformedError("a finding's `path` is no list of refs")
    if not value.keys() <= _KEYS:
        raise MalformedError(f"a finding has no `{min(value.keys() - _KEYS)}`")
    return Finding(value["subject"], value["message"], tuple(path), value.get("vendor"), value.get("jurisdiction"))
