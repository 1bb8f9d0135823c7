"""What a run saw, written down batch by batch: sightings, coverage, problems and counts in one transaction each.

A killed worker leaves whole batches behind and no half one; the next attempt finds them unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.foundation import canonical
from service.foundation.actor import Actor
from service.inventory import statement_rows, statements
from service.inventory.ingest import Status
from service.inventory.statements import Sighting
from service.inventory.views import WorkspaceView
from service.scans import leases, scope
from service.scans.connector import Asked, Note, Read, Refused
from service.scans.leases import Lease
from service.scans.reading import Outcome, Taken
from service.scans.runs import Mode, RunStatus
from service.scans.sources import Source

BATCH: Final = 500
PREVIEW: Final = 20


@dataclass(slots=True)
class Batch:
    """What was read since the last transaction."""

    asked: dict[str, int | None] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    outside: list[Taken] = field(default_factory=list)
    problems: list[Refused | Note] = field(default_factory=list)

    def add(self, event: Outcome, source: Source) -> None:
        """Takes one event of a reading."""
        match event:
            case Asked():
                self.asked[event.part] = event.expected
            case Read():
                self.read.append(event.part)
            case Taken():
                observation = scope.renamed(event.observation, source.wanted.aliases)
                if scope.lets_in(observation.ref, source.wanted.include, source.wanted.exclude):
                    self.sightings.append(Sighting(event.part, event.object, observation))
                else:
                    self.outside.append(event)
            case _:
                self.problems.append(event)

    def full(self) -> bool:
        """Whether it is time for a transaction."""
        return len(self.sightings) + len(self.outside) + len(self.problems) + len(self.asked) >= BATCH


def record(session: Session, lease: Lease, source: Source, batch: Batch, actor: Actor) -> None:
    """Writes a batch down.

    Raises:
        LeaseLost: the run is another's now; the caller rolls back.
    """
    workspace = WorkspaceView(source.workspace_id, source.workspace)
    observed = statements.observe(session, workspace, source.origin, lease.run, batch.sightings, actor)
    doubles = [Note(one.part, one.object, _double(one)) for one in observed.doubles]
    problems = [*batch.problems, *doubles]
    counts = {
        "seen": len(batch.sightings) + len(batch.outside),
        "created": observed.counts[Status.CREATED],
        "updated": observed.counts[Status.UPDATED],
        "unchanged": observed.counts[Status.UNCHANGED],
        "outside": len(batch.outside),
    }
    _note(session, lease, batch, problems, counts)


def preview(session: Session, lease: Lease, batch: Batch) -> None:
    """Keeps of a test's batch what it would have recorded: counts, problems, and the first assets."""
    counts = {"seen": len(batch.sightings) + len(batch.outside), "outside": len(batch.outside)}
    _note(session, lease, batch, batch.problems, counts)
    shown = [
        {"part": one.part, "object": one.object, "ref": one.observation.ref, "manifest": one.observation.body()}
        for one in batch.sightings[:PREVIEW]
    ]
    session.connection().execute(
        text("""
            UPDATE scan_run SET preview = (
                SELECT coalesce(jsonb_agg(one ORDER BY place), '[]') FROM (
                    SELECT one, place FROM jsonb_array_elements(preview || CAST(:shown AS jsonb))
                    WITH ORDINALITY AS row (one, place) LIMIT :most
                ) AS first
            ) WHERE id = :run
        """),
        {"run": lease.run, "shown": canonical.encode(shown).decode(), "most": PREVIEW},
    )


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was asked a run has read: parts in all, those read with nothing refused, and refused objects."""

    parts: int
    complete: tuple[str, ...]
    refused: int
    seen: int

    @property
    def whole(self) -> bool:
        """Whether something was asked and all of it was read: who asks nothing has seen nothing, and nothing is gone."""
        return self.parts > 0 and self.parts == len(self.complete) and not self.refused

    @property
    def status(self) -> RunStatus:
        """What that makes of the run."""
        if self.whole:
            return RunStatus.DONE
        return RunStatus.PARTIAL if self.seen or self.complete else RunStatus.FAILED


def coverage(session: Session, run: UUID) -> Coverage:
    """What a run has read so far."""
    rows = session.connection().execute(
        text("SELECT part, status, seen, refused FROM scan_part WHERE run_id = :run ORDER BY part"), {"run": run}
    )
    found = rows.all()
    complete = tuple(row.part for row in found if row.status == "read" and not row.refused)
    return Coverage(len(found), complete, sum(row.refused for row in found), sum(row.seen for row in found))


def age(session: Session, lease: Lease, source: Source, covered: Coverage) -> None:
    """Counts misses of what the run did not see in what it read whole.

    Raises:
        LeaseLost: the run is another's now; the caller rolls back.
    """
    # An agent knows its own host alone: what other agents of the same source bring are other parts.
    whole = covered.whole and lease.mode != Mode.PUSH
    parts = None if whole else covered.complete
    workspace = WorkspaceView(source.workspace_id, source.workspace)
    stale = statements.age(session, workspace, source.origin, lease.run, parts, source.wanted.stale_after)
    leases.count(session, lease, {"stale": stale})


def bury(session: Session, lease: Lease, source: Source, actor: Actor) -> bool:
    """Withdraws a batch of what the source has missed too often; whether there was any.

    Raises:
        LeaseLost: the run is another's now; the caller rolls back.
    """
    workspace = WorkspaceView(source.workspace_id, source.workspace)
    refs = statement_rows.long_missed(session, workspace.id, source.origin, source.wanted.remove_after, BATCH)
    if not refs:
        return False
    gone = statements.withdraw(session, workspace, source.origin, refs, actor)
    leases.count(session, lease, {"removed": len(gone)})
    return True


def first_refusal(session: Session, run: UUID) -> str | None:
    """The first thing that a run could not read, in words."""
    row = (
        session.connection()
        .execute(
            text("""
                SELECT part, object, text FROM scan_problem WHERE run_id = :run AND kind = 'refused' ORDER BY number LIMIT 1
            """),
            {"run": run},
        )
        .one_or_none()
    )
    return ": ".join(word for word in row if word) if row else None


def _note(
    session: Session, lease: Lease, batch: Batch, problems: Sequence[Refused | Note], counts: dict[str, int]
) -> None:
    refused = [one for one in problems if isinstance(one, Refused)]
    told = [expected for expected in batch.asked.values() if expected is not None]
    counts = {**counts, "refused": len(refused), "noted": len(problems) - len(refused)}
    leases.count(session, lease, counts, sum(told) if told else None)
    _add_parts(session, lease.run, batch, problems)
    _add_problems(session, lease.run, problems)


def _add_parts(session: Session, run: UUID, batch: Batch, problems: Sequence[Refused | Note]) -> None:
    parts: dict[str, dict[str, Any]] = {}

    def part(name: str) -> dict[str, Any]:
        blank = {"part": name, "status": "asked", "expected": None, "seen": 0, "refused": 0, "noted": 0}
        return parts.setdefault(name, blank)

    for name, expected in batch.asked.items():
        part(name)["expected"] = expected
    for name in (*(one.part for one in batch.sightings), *(one.part for one in batch.outside)):
        part(name)["seen"] += 1
    for problem in problems:
        part(problem.part)["refused" if isinstance(problem, Refused) else "noted"] += 1
    for name in batch.read:
        part(name)["status"] = "read"
    if parts:
        session.connection().execute(
            text("""
                INSERT INTO scan_part (run_id, part, status, expected, seen, refused, noted)
                SELECT :run, part, status, expected, seen, refused, noted
                FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                     AS row (part text, status text, expected bigint, seen bigint, refused bigint, noted bigint)
                ON CONFLICT (run_id, part) DO UPDATE
                SET status = CASE WHEN excluded.status = 'read' THEN 'read' ELSE scan_part.status END,
                    expected = coalesce(excluded.expected, scan_part.expected), seen = scan_part.seen + excluded.seen,
                    refused = scan_part.refused + excluded.refused, noted = scan_part.noted + excluded.noted
            """),
            {"run": run, "rows": canonical.encode(list(parts.values())).decode()},
        )


def _add_problems(session: Session, run: UUID, problems: Sequence[Refused | Note]) -> None:
    if not problems:
        return
    rows = [
        {
            "kind": "refused" if isinstance(one, Refused) else "note",
            "part": one.part,
            "object": one.object,
            "text": one.reason if isinstance(one, Refused) else one.text,
        }
        for one in problems
    ]
    session.connection().execute(
        text("""
            INSERT INTO scan_problem (run_id, number, kind, part, object, text)
            SELECT :run, place + coalesce((SELECT max(number) FROM scan_problem WHERE run_id = :run), 0), one->>'kind',
                   one->>'part', one->>'object', one->>'text'
            FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS row (one, place)
        """),
        {"run": run, "rows": canonical.encode(rows).decode()},
    )


def _double(sighting: Sighting) -> str:
    return f"{sighting.observation.ref} was already seen as another object of this reading: this one is left out"
