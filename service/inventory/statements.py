"""Several origins speak of one asset: what each says is kept apart, and the asset is what all of it comes to.

`declare` is how manifests and REST speak, `observe` how a scan does. While only manifests speak of an asset, it has no
statements and costs what it always did; with a source's first word its declaration is kept as one of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from service.foundation import canonical, clock
from service.foundation.actor import Actor
from service.inventory import ingest, ingest_rows, locks, merge, statement_rows
from service.inventory.facts import Grade, Observation
from service.inventory.ingest import Recorded, Status
from service.inventory.merge import DECLARED, Disagreement, Said
from service.inventory.statement_rows import Mark, Row
from service.inventory.views import WorkspaceView


@dataclass(frozen=True, slots=True)
class Sighting:
    """An asset as a source sees it; `part` and `object` are the source's words for where."""

    part: str
    object: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a batch of sightings, by status; `doubles` were seen twice in one run as different objects."""

    counts: dict[Status, int]
    doubles: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is known of an asset from whom: statements, the declaration first, and where they contradict each other."""

    statements: tuple[Said, ...]
    disagreements: tuple[Disagreement, ...]


def declare(
    session: Session,
    workspace: WorkspaceView,
    observations: Sequence[Observation],
    actor: Actor,
    *,
    dry_run: bool = False,
) -> list[Recorded]:
    """Stores what manifests say, in their order. See `ingest.record`: this one heeds what sources say of the same assets."""
    if not dry_run:
        locks.share(session, workspace.id)
    said = statement_rows.said_of(session, workspace.id, [one.ref for one in observations])
    if not said:
        return ingest.record(session, workspace, observations, actor, dry_run=dry_run)
    now, rows, merged = clock.now(), dict[str, Row](), list[Observation]()
    for one in observations:
        known = said.get(one.ref)
        if known is None:
            merged.append(one)
            continue
        row = _row(one, known.get(DECLARED), one.managed_by or str(actor), now)
        rows[one.ref], known[DECLARED] = row, Said(DECLARED, row.body, row.evidence, now.isoformat())
        merged.append(merge.merge(workspace.name, known.values()))
    if not dry_run:
        statement_rows.keep(session, workspace.id, DECLARED, list(rows.values()), now)
    recorded = ingest.record(session, workspace, merged, actor, dry_run=dry_run)
    if not dry_run:
        statement_rows.show_staleness(session, workspace.id, list(rows))
    return recorded


def observe(
    session: Session, workspace: WorkspaceView, origin: str, run: UUID, sightings: Sequence[Sighting], actor: Actor
) -> Observed:
    """Takes what the run of a source saw. What it said before in the same words costs a comparison and a mark."""
    seen: dict[str, Sighting] = {}
    doubles = []
    before = statement_rows.marks(session, workspace.id, origin, [one.observation.ref for one in sightings])
    for one in sightings:
        ref = one.observation.ref
        earlier = seen[ref].object if ref in seen else _object_of(before.get(ref), run)
        if earlier is not None and earlier != one.object:
            doubles.append(one)
        else:
            seen[ref] = one
    digests = {ref: canonical.digest(one.observation.body()) for ref, one in seen.items()}
    news = [ref for ref in seen if ref not in before or before[ref].digest != digests[ref]]
    old = [ref for ref in seen if ref in before and before[ref].digest == digests[ref]]
    if news:
        locks.own(session, workspace.id)
    if old:
        statement_rows.touch(
            session, workspace.id, origin, run, [(ref, seen[ref].part, seen[ref].object) for ref in sorted(old)]
        )
    counts = dict.fromkeys(Status, 0) | {Status.UNCHANGED: len(old)}
    if news:
        for recorded in _take(session, workspace, origin, run, {ref: seen[ref] for ref in news}, actor):
            counts[recorded.status] += 1
    again = [ref for ref in old if before[ref].stale]
    if again or news:
        statement_rows.show_staleness(session, workspace.id, [*again, *news])
    return Observed(counts, tuple(doubles))


def withdraw(session: Session, workspace: WorkspaceView, origin: str, refs: Sequence[str], actor: Actor) -> list[str]:
    """A source no longer speaks of these assets. Answers those that nobody else speaks of: they are deleted."""
    locks.own(session, workspace.id)
    statement_rows.forget(session, workspace.id, refs, origin)
    left = statement_rows.said_of(session, workspace.id, refs)
    gone = [ref for ref in refs if ref not in left]
    ingest.remove(session, workspace, gone, actor)
    _merge(session, workspace, left, actor)
    statement_rows.show_staleness(session, workspace.id, list(left))
    return gone


def remove(session: Session, workspace: WorkspaceView, refs: Sequence[str], actor: Actor) -> list[str]:
    """Deletes assets, whoever speaks of them; answers the refs that were there. Who still sees one brings it back."""
    locks.share(session, workspace.id)
    statement_rows.forget(session, workspace.id, refs)
    return ingest.remove(session, workspace, refs, actor)


def spoken(session: Session, workspace: WorkspaceView, ref: str) -> Spoken:
    """What is known of an asset from whom; without statements where only manifests speak of it."""
    said = statement_rows.said_of(session, workspace.id, [ref]).get(ref, {})
    ordered = sorted(said.values(), key=lambda one: (one.origin != DECLARED, one.origin))
    return Spoken(tuple(ordered), tuple(merge.disagreements(ordered) if ordered else ()))


def age(
    session: Session, workspace: WorkspaceView, origin: str, run: UUID, parts: Sequence[str] | None, stale_after: int
) -> int:
    """Counts a miss for what a run did not see in these parts (None: in all); answers how many became stale by it."""
    statement_rows.age(session, workspace.id, origin, run, parts)
    stale = statement_rows.grow_stale(session, workspace.id, origin, stale_after, clock.now())
    if stale:
        statement_rows.show_staleness(session, workspace.id, stale)
    return len(stale)


def _object_of(mark: Mark | None, run: UUID) -> str | None:
    return mark.object if mark and mark.seen_run == run else None


def _take(
    session: Session,
    workspace: WorkspaceView,
    origin: str,
    run: UUID,
    news: Mapping[str, Sighting],
    actor: Actor,
) -> list[Recorded]:
    now = clock.now()
    said = statement_rows.said_of(session, workspace.id, list(news))
    _keep_declarations(session, workspace, [ref for ref in news if ref not in said], said)
    rows = []
    for ref, sighting in news.items():
        known = said.setdefault(ref, {})
        row = _row(sighting.observation, known.get(origin), origin, now)
        known[origin] = Said(origin, row.body, row.evidence, now.isoformat())
        rows.append(replace(row, part=sighting.part, object=sighting.object))
    statement_rows.keep(session, workspace.id, origin, rows, now, run)
    return _merge(session, workspace, said, actor)


def _keep_declarations(
    session: Session, workspace: WorkspaceView, refs: Sequence[str], said: dict[str, dict[str, Said]]
) -> None:
    """What only manifests spoke of so far is kept as their statement, now that somebody else speaks, too."""
    there = ingest_rows.known(session, workspace.id, refs, lock=True)
    now = clock.now()
    rows = []
    for ref, known in there.items():
        if not known.deleted:
            said[ref] = {DECLARED: Said(DECLARED, known.body, known.evidence, now.isoformat())}
            rows.append(Row(ref, known.digest, known.body, known.evidence))
    statement_rows.keep(session, workspace.id, DECLARED, rows, now)


def _merge(
    session: Session, workspace: WorkspaceView, said: Mapping[str, Mapping[str, Said]], actor: Actor
) -> list[Recorded]:
    merged = [merge.merge(workspace.name, said[ref].values()) for ref in sorted(said)]
    return ingest.record(session, workspace, merged, actor)


def _row(observation: Observation, before: Said | None, source: str, now: datetime) -> Row:
    """A statement with evidence for every attribute, since when it says so."""
    body: dict[str, Any] = observation.body()
    at = now.isoformat()
    evidence = {}
    for name in {**observation.attributes, **observation.evidence}:
        stated = observation.evidence.get(name)
        same = (
            before is not None
            and before.body["attributes"].get(name) == observation.attributes.get(name)
            and before.body["evidence"].get(name) == stated
            and name in before.evidence
        )
        if same and before is not None:
            evidence[name] = before.evidence[name]
        else:
            evidence[name] = {"at": at, **(stated or {"grade": str(Grade.DECLARED), "source": source})}
    return Row(observation.ref, canonical.digest(body), body, evidence)
