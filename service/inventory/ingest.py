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
from service.inventory import edges, ingest_rows
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
    before: ingest_rows.Known | None = None
    asset_id: int = 0
    revision: int = 1

    def status(self) -> Status:
        if self.before is None or self.before.deleted:
            return Status.CREATED
        return Status.UNCHANGED if self.before.digest == self.digest else Status.UPDATED


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
    known = ingest_rows.known(session, workspace.id, [ref], lock=True).get(ref)
    return Held(known.revision, known.digest) if known and not known.deleted else None


def remove(session: Session, workspace: WorkspaceView, refs: Sequence[str], actor: Actor) -> list[str]:
    """Deletes assets; their history stays. Answers the refs that were there."""
    now = clock.now()
    gone = ingest_rows.bury(session, workspace.id, refs, now)
    if not gone:
        return []
    ingest_rows.insert_revisions(
        session, [ingest_rows.RevisionRow(g.id, g.revision, "deleted", str(actor), now, g.body, []) for g in gone]
    )
    ingest_rows.delete_edges(session, workspace.id, [g.ref for g in gone])
    log.record_many(session, actor, "asset.deleted", workspace.name, [(g.ref, {"revision": g.revision}) for g in gone])
    announce(session, Topic.ASSET_CHANGED, {"workspace": workspace.name, "refs": [g.ref for g in gone]})
    return [g.ref for g in gone]


def _runs_without_repetition(observations: Sequence[Observation]) -> list[list[Observation]]:
    runs: list[list[Observation]] = []
    seen: set[str] = set()
    for observation in observations:
        if not runs or observation.ref in seen:
            runs.append([])
            seen = set()
        runs[-1].append(observation)
        seen.add(observation.ref)
    return runs


def _record_run(
    session: Session, workspace: WorkspaceView, run: list[Observation], actor: Actor, *, dry_run: bool
) -> list[Recorded]:
    now = clock.now()
    changes = []
    for observation in run:
        body = observation.body()
        changes.append(_Change(observation, body, canonical.digest(body)))
    known = ingest_rows.known(session, workspace.id, [c.observation.ref for c in changes], lock=not dry_run)
    for change in changes:
        change.before = known.get(change.observation.ref)
    if not dry_run:
        _write(session, workspace, changes, actor, now)
    return [
        Recorded(
            c.observation.ref,
            c.status(),
            c.before.revision if c.status() is Status.UNCHANGED and c.before else c.revision,
            c.digest,
        )
        for c in changes
    ]


def _write(session: Session, workspace: WorkspaceView, changes: list[_Change], actor: Actor, now: datetime) -> None:
    fresh = [c for c in changes if c.before is None]
    if fresh:
        ids = ingest_rows.insert_assets(session, workspace.id, [_row(c, actor, now) for c in fresh])
        # Somebody else inserted the same ref a moment ago: his transaction is over now, so his row can be read.
        lost = [c.observation.ref for c in fresh if c.observation.ref not in ids]
        known = ingest_rows.known(session, workspace.id, lost, lock=True) if lost else {}
        for change in fresh:
            change.before = known.get(change.observation.ref)
            change.asset_id = ids.get(change.observation.ref, 0)
    altered = [c for c in changes if c.before is not None and c.status() is not Status.UNCHANGED]
    for change in altered:
        before = change.before
        if before is not None:
            change.asset_id, change.revision = before.id, before.revision + 1
    if altered:
        ingest_rows.update_assets(session, [(c.asset_id, c.revision, _row(c, actor, now)) for c in altered])
        ingest_rows.delete_edges(session, workspace.id, [c.observation.ref for c in altered])
    written = [c for c in changes if c.status() is not Status.UNCHANGED]
    if not written:
        return
    ingest_rows.insert_edges(
        session,
        workspace.id,
        [(c.observation.ref, edge, origin) for c in written for edge, origin in edges.of_observation(c.observation)],
    )
    ingest_rows.insert_revisions(
        session,
        [
            ingest_rows.RevisionRow(c.asset_id, c.revision, c.status().value, str(actor), now, c.body, _changed(c))
            for c in written
        ],
    )
    for status in (Status.CREATED, Status.UPDATED):
        told = [c for c in written if c.status() is status]
        details = [(c.observation.ref, {"revision": c.revision, "digest": c.digest}) for c in told]
        log.record_many(session, actor, f"asset.{status.value}", workspace.name, details)
    announce(session, Topic.ASSET_CHANGED, {"workspace": workspace.name, "refs": [c.observation.ref for c in written]})


def _row(change: _Change, actor: Actor, now: datetime) -> ingest_rows.AssetRow:
    return ingest_rows.AssetRow(change.observation, change.digest, _evidence(change, actor, now), now)


def _evidence(change: _Change, actor: Actor, now: datetime) -> dict[str, dict[str, str]]:
    """Evidence of each attribute: as stated, else declared by whoever says so, since when it first said this."""
    observation, before = change.observation, change.before
    old_attributes = before.body["attributes"] if before else {}
    old_evidence = before.evidence if before else {}
    evidence = {}
    for name, value in observation.attributes.items():
        stated = observation.evidence.get(name)
        if stated:
            evidence[name] = {"at": now.isoformat(), **stated}
        elif name in old_evidence and old_attributes.get(name) == value and name not in before.body["evidence"]:  # type: ignore[union-attr]
            evidence[name] = old_evidence[name]
        else:
            source = observation.managed_by or str(actor)
            evidence[name] = {"grade": Grade.DECLARED.value, "source": source, "at": now.isoformat()}
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
