"""Statements become rows: assets, their edges and revisions, the audit entry and the announcement, in one transaction.

Everything is done for a whole batch at once, with a handful of statements whatever its size. A statement that says what is
already known changes nothing: no revision, no announcement, no re-evaluation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.audit import log
from service.foundation import canonical, clock
from service.foundation.actor import Actor
from service.foundation.outbox import Topic, announce
from service.inventory import edges, ingest_rows, locks
from service.inventory.facts import Grade, Observation
from service.inventory.views import WorkspaceView


class Status(StrEnum):
    """What became of a statement."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One statement's fate; `revision` and `digest` are the asset's afterwards."""

    ref: str
    status: Status
    revision: int
    digest: str


@dataclass(slots=True)
class _Change:
    """A statement on its way to becoming rows."""

    observation: Observation
    body: dict[str, Any]
    digest: str
    ref: str
    before: ingest_rows.Known | None = None
    status: Status = Status.CREATED
    asset_id: int = 0
    revision: int = 1

    def stand_on(self, before: ingest_rows.Known | None) -> None:
        """Takes notice of what is stored, and of what that makes of this statement."""
        self.before = before
        if before is not None:
            self.asset_id = before.id
            unchanged = not before.deleted and before.digest == self.digest
            self.revision = before.revision if unchanged else before.revision + 1
            if not before.deleted:
                self.status = Status.UNCHANGED if unchanged else Status.UPDATED


def record(
    session: Session,
    workspace: WorkspaceView,
    observations: Sequence[Observation],
    actor: Actor,
    *,
    dry_run: bool = False,
) -> list[Recorded]:
    """Stores what is new in `observations`, in their order; where two name one asset, the later stands on the earlier.

    With `dry_run` nothing is written and the answer is what would become of each.
    """
    answers: list[Recorded] = []
    for run in _runs_without_repetition(observations):
        answers += _record_run(session, workspace, run, actor, dry_run=dry_run)
    return answers


@dataclass(frozen=True, slots=True)
class Held:
    """Revision and digest of an asset that nobody else changes before this transaction ends."""

    revision: int
    digest: str


def held(session: Session, workspace: WorkspaceView, ref: str) -> Held | None:
    """Locks an asset for this transaction; None where it is not there."""
    locks.share(session, workspace.id)
    known = ingest_rows.known(session, workspace.id, [ref], lock=True).get(ref)
    return Held(known.revision, known.digest) if known and not known.deleted else None


def remove(session: Session, workspace: WorkspaceView, refs: Sequence[str], actor: Actor) -> list[str]:
    """Deletes assets; their history stays. Answers the refs that were there."""
    now = clock.now()
    gone = ingest_rows.bury(session, workspace.id, refs, now)
    if not gone:
        return []
    ingest_rows.insert_revisions(
        session, [ingest_rows.RevisionRow(g.id, g.revision, "deleted", g.body, []) for g in gone], str(actor), now
    )
    ingest_rows.delete_edges(session, workspace.id, [g.ref for g in gone])
    log.record_many(session, actor, "asset.deleted", workspace.name, [(g.ref, {"revision": g.revision}) for g in gone])
    announce(session, Topic.ASSET_CHANGED, {"workspace": workspace.name, "refs": [g.ref for g in gone]})
    return [g.ref for g in gone]


def _runs_without_repetition(observations: Sequence[Observation]) -> list[list[Observation]]:
    runs: list[list[Observation]] = []
    seen: set[str] = set()
    for observation in observations:
        ref = observation.ref
        if not runs or ref in seen:
            runs.append([])
            seen = set()
        runs[-1].append(observation)
        seen.add(ref)
    return runs


def _record_run(
    session: Session, workspace: WorkspaceView, run: list[Observation], actor: Actor, *, dry_run: bool
) -> list[Recorded]:
    changes = []
    for observation in run:
        body = observation.body()
        changes.append(_Change(observation, body, canonical.digest(body), observation.ref))
    known = ingest_rows.known(session, workspace.id, [c.ref for c in changes], lock=not dry_run)
    for change in changes:
        change.stand_on(known.get(change.ref))
    if not dry_run:
        _write(session, workspace, changes, actor, clock.now())
    return [Recorded(c.ref, c.status, c.revision, c.digest) for c in changes]


def _write(session: Session, workspace: WorkspaceView, changes: list[_Change], actor: Actor, now: datetime) -> None:
    fresh = [c for c in changes if c.before is None]
    if fresh:
        ids = ingest_rows.insert_assets(session, workspace.id, _rows(fresh, actor, now), now)
        # Somebody else inserted the same ref a moment ago: his transaction is over now, so his row can be read.
        lost = [c.ref for c in fresh if c.ref not in ids]
        known = ingest_rows.known(session, workspace.id, lost, lock=True) if lost else {}
        for change in fresh:
            change.asset_id = ids.get(change.ref, 0)
            change.stand_on(known.get(change.ref))
    written = [c for c in changes if c.status is not Status.UNCHANGED]
    altered = [c for c in written if c.before is not None]
    if altered:
        ingest_rows.update_assets(session, _rows(altered, actor, now), now)
        ingest_rows.delete_edges(session, workspace.id, [c.ref for c in altered])
    if not written:
        return
    ingest_rows.insert_edges(
        session,
        workspace.id,
        [(c.ref, edge, origin) for c in written for edge, origin in edges.of_observation(c.observation)],
    )
    ingest_rows.insert_revisions(
        session,
        [ingest_rows.RevisionRow(c.asset_id, c.revision, str(c.status), c.body, _changed(c)) for c in written],
        str(actor),
        now,
    )
    for status in (Status.CREATED, Status.UPDATED):
        details = [(c.ref, {"revision": c.revision, "digest": c.digest}) for c in written if c.status is status]
        log.record_many(session, actor, f"asset.{status}", workspace.name, details)
    announce(session, Topic.ASSET_CHANGED, {"workspace": workspace.name, "refs": [c.ref for c in written]})


def _rows(changes: Sequence[_Change], actor: Actor, now: datetime) -> list[ingest_rows.AssetRow]:
    at, source = now.isoformat(), str(actor)
    rows = []
    for change in changes:
        declared = {"grade": str(Grade.DECLARED), "source": change.observation.managed_by or source, "at": at}
        evidence = _evidence(change, declared, at)
        rows.append(ingest_rows.AssetRow(change.asset_id, change.revision, change.observation, change.digest, evidence))
    return rows


def _evidence(change: _Change, declared: dict[str, str], at: str) -> dict[str, dict[str, str]]:
    """Evidence of each attribute: as stated, else declared by whoever says so, since when it first said this."""
    stated, attributes = change.observation.evidence, change.observation.attributes
    evidence = {name: {"at": at, **stated[name]} if name in stated else declared for name in attributes}
    if change.before is not None:
        said = change.before.body
        for name, known in change.before.evidence.items():
            same = name in attributes and said["attributes"].get(name) == attributes[name]
            if same and stated.get(name) == said["evidence"].get(name):
                evidence[name] = known
    return evidence


def _changed(change: _Change) -> list[str]:
    """JSON pointers of what differs from the revision before, to the depth of single attributes and labels."""
    if change.before is None or change.before.deleted:
        return []
    before, after = change.before.body, change.body
    changed = []
    for key in sorted(after):
        old, new = before.get(key), after[key]
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed += [f"/{key}/{name}" for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
        else:
            changed.append(f"/{key}")
    return changed


def analyse(session: Session) -> None:
    """Refreshes the planner's statistics after a large load."""
    session.connection().execute(text("ANALYZE asset, edge"))
