"""Asks an engine for a batch: all rules at once, and apart only those that fail or failed before.

A rule that cannot run is an `error` of that rule on that document, never a pass and never anybody else's trouble. How the
one at fault is found is told in `isolation.py`.
"""

from collections.abc import Sequence

from service.engine import entry as entries
from service.engine import modules
from service.engine.isolation import (
    DEAR,
    NOBODYS_FAULT,
    Document,
    Isolation,
    Ward,
    check_answering,
    unreadable,
    ward_of,
)
from service.engine.protocol import Bundle, Engine, EngineFailure, FailureKind, Judged, RawVerdict

Row = dict[str, RawVerdict]


def judge(engine: Engine, bundle: Bundle, kind: str, documents: Sequence[Document]) -> list[Judged]:
    """All verdicts of the bundle's rules for `kind`, one `Judged` for each document, in order.

    Raises:
        EngineFailure: UNREACHABLE or REVISION: nobody answered, or not for this bundle; the whole batch is undecided.
    """
    rules = entries.rules_for(bundle, kind)
    if not rules or not documents:
        return [Judged() for _ in documents]
    ward = ward_of(engine, bundle)
    return [Judged({rule.id: row[rule.id] for rule in rules}) for row in _rows(engine, bundle, kind, documents, ward)]


def judge_mixed(engine: Engine, bundle: Bundle, kinds: Sequence[str], documents: Sequence[Document]) -> list[Judged]:
    """As `judge`, for documents of several kinds, `kinds` in their order: one question for all while nothing fails.

    Raises:
        EngineFailure: UNREACHABLE or REVISION, as `judge`.
    """
    places: dict[str, list[int]] = {}
    for place, kind in enumerate(kinds):
        places.setdefault(kind, []).append(place)
    rules = {kind: entries.rules_for(bundle, kind) for kind in places}
    asked = [place for place, kind in enumerate(kinds) if rules[kind]]
    ward = ward_of(engine, bundle)
    if len({kinds[place] for place in asked}) > 1 and not ward.current() and not ward.suspects:
        try:
            engine.activate(bundle)
            reports = engine.query(bundle.digest, entries.MIXED, [documents[place] for place in asked])
        except EngineFailure as failure:
            if failure.kind in NOBODYS_FAULT:
                raise
        else:
            rows = {
                place: entries.read_report(rules[kinds[place]], report)
                for place, report in zip(asked, reports, strict=True)
            }
            return [Judged(rows.get(place, {})) for place in range(len(documents))]
    found: dict[int, Judged] = {}
    for kind, here in places.items():
        judged = judge(engine, bundle, kind, [documents[place] for place in here])
        found |= dict(zip(here, judged, strict=True))
    return [found[place] for place in range(len(documents))]


def _rows(engine: Engine, bundle: Bundle, kind: str, documents: Sequence[Document], ward: Ward) -> list[Row]:
    rules = entries.rules_for(bundle, kind)
    left_out = ward.current()
    base = _without(bundle, set(left_out))
    sound = [rule for rule in rules if rule.id not in left_out and rule.id not in ward.suspects]
    apart = [rule for rule in rules if rule.id not in left_out and rule.id in ward.suspects]
    rows: list[Row] = [{} for _ in documents]
    compiles = False
    try:
        engine.activate(base)
        compiles = True
        if sound:
            whole = _without(base, set(ward.suspects))
            engine.activate(whole)
            rows = [entries.read_report(sound, report) for report in engine.query(whole.digest, kind, documents)]
    except EngineFailure as failure:
        if failure.kind in NOBODYS_FAULT:
            raise
        if failure.kind in DEAR:
            check_answering(engine)
        elif failure.kind is FailureKind.EVALUATION:
            bad = unreadable(engine, documents)
            if bad:
                return _around(engine, bundle, kind, documents, ward, bad)
        apart += sound
    for rule in apart:
        isolation = Isolation(engine, base, rule, ward, compiles=compiles)
        for row, verdict in zip(rows, isolation.judge(documents), strict=True):
            row[rule.id] = verdict
    errors = {rule: RawVerdict(applies=True, error=why) for rule, why in left_out.items()}
    return [{**errors, **row} for row in rows]


def _without(bundle: Bundle, absent: set[str]) -> Bundle:
    """The bundle without some of its rules; itself where none of them is in it."""
    if not any(rule.id in absent for rule in bundle.rules):
        return bundle
    return modules.only(bundle, [rule for rule in bundle.rules if rule.id not in absent])


def _around(
    engine: Engine,
    bundle: Bundle,
    kind: str,
    documents: Sequence[Document],
    ward: Ward,
    bad: dict[int, RawVerdict],
) -> list[Row]:
    """The rows where some documents cannot be read: every rule is in error on those, the others are judged."""
    good = [place for place in range(len(documents)) if place not in bad]
    judged = _rows(engine, bundle, kind, [documents[place] for place in good], ward) if good else []
    rows = dict(zip(good, judged, strict=True))
    unread = {place: {rule.id: verdict for rule in bundle.rules} for place, verdict in bad.items()}
    return [(rows | unread)[place] for place in range(len(documents))]
