"""What an agent saw and brings: recorded as a run of its source, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import Session

from service.foundation import clock
from service.foundation.actor import Actor
from service.foundation.errors import Conflict
from service.scans import leases, reading, recording, runs
from service.scans.connector import Asked, Note, Read, Refused, Seen
from service.scans.leases import Lease
from service.scans.recording import Batch
from service.scans.runs import Mode, RunStatus
from service.scans.sources import Source

HOLDER: Final = "push"


@dataclass(frozen=True, slots=True)
class Pushed:
    """One part of what an agent read; `complete` if it was read to its end."""

    part: str
    complete: bool
    seen: tuple[Seen, ...]
    refused: tuple[Refused, ...]
    notes: tuple[Note, ...]


def take(session: Session, source: Source, parts: Sequence[Pushed], actor: Actor) -> UUID:
    """Records what an agent brings; answers the run. What it no longer brings ages as with any scan.

    Raises:
        Conflict: another agent's push of this source is being recorded.
    """
    lease = _begin(session, source, actor)
    batch = Batch()
    for part in parts:
        batch.add(Asked(part.part), source)
        for seen in part.seen:
            batch.add(reading.checked(seen, source.origin, source.workspace), source)
        batch.problems += [*part.refused, *part.notes]
        if part.complete:
            batch.add(Read(part.part), source)
    recording.record(session, lease, source, batch, actor)
    covered = recording.coverage(session, lease.run)
    recording.age(session, lease, source, covered)
    while recording.bury(session, lease, source, actor):
        pass
    error = None if covered.status is RunStatus.DONE else recording.first_refusal(session, lease.run)
    leases.finish(session, lease, str(covered.status), error, clock.now())
    return lease.run


def _begin(session: Session, source: Source, actor: Actor) -> Lease:
    now = clock.now()
    run = runs.begin(
        session,
        source.workspace_id,
        source.id,
        Mode.PUSH,
        actor,
        interactive=True,
        status=RunStatus.RUNNING,
        started_at=now,
        attempts=1,
        leased_by=HOLDER,
        leased_until=now,
    )
    if run is None:
        raise Conflict(f"Another push of {source.name!r} is being recorded; try again.")
    return Lease(run, HOLDER, 1, source.workspace_id, source.id, str(Mode.PUSH))
