"""Sources: what is read, by which connector, how often. Kept with references to secrets, never with secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from service.audit import log
from service.foundation import clock
from service.foundation.actor import Actor
from service.foundation.errors import Conflict, Fault, Invalid, NotFound
from service.foundation.ids import new_id
from service.foundation.outbox import Topic, announce
from service.foundation.pages import Page, cut, decode_cursor, not_a_cursor
from service.inventory import manifest_faults
from service.inventory.values import shown, split_ref
from service.inventory.views import WorkspaceView
from service.scans import reading, registry, schedule
from service.scans.outbound import Reach
from service.scans.tables import ScanSource

STALE_AFTER: Final = 2
REMOVE_AFTER: Final = 5
TIME_LIMIT_SECONDS: Final = 1800
SHORTEST_SECONDS: Final = 60
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source as somebody wants it. `include` and `exclude` are patterns of refs, `aliases` gives things other refs."""

    connector: str
    settings: dict[str, Any]
    owner: str | None = None
    enabled: bool = True
    every_seconds: int | None = None
    cron: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    reach: tuple[Reach, ...] = ()
    stale_after: int = STALE_AFTER
    remove_after: int = REMOVE_AFTER
    time_limit_seconds: int = TIME_LIMIT_SECONDS


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it is kept."""

    id: UUID
    workspace_id: UUID
    workspace: str
    name: str
    wanted: Wanted
    next_due_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def origin(self) -> str:
        """Under this name the inventory keeps what the source says."""
        return origin_of(self.name)


def origin_of(name: str) -> str:
    """The origin of what the source called `name` says."""
    return f"source:{name}"


def put(session: Session, workspace: WorkspaceView, name: str, wanted: Wanted, actor: Actor) -> tuple[Source, bool]:
    """Makes or replaces a source; answers it and whether it is new. A new schedule counts from now.

    Raises:
        Invalid: the name, the connector, its settings or the schedule cannot be used.
        Conflict: the source exists with another connector: what it saw would be taken for the new one's.
    """
    _check(name, wanted)
    now = clock.now()
    row = _row(session, workspace.id, name, lock=True)
    made = row is None
    if row is None:
        row = ScanSource(
            id=new_id(),
            workspace_id=workspace.id,
            name=name,
            connector=wanted.connector,
            settings={},
            stale_after=0,
            remove_after=0,
            time_limit_seconds=0,
            created_at=now,
            updated_at=now,
        )
    elif row.connector != wanted.connector:
        raise Conflict(f"The source {name!r} reads by {row.connector!r}: delete it, or take another name.")
    before = None if made else _wanted(row)
    if before == wanted:
        return _source(row, workspace.name), False
    for key in ("settings", "owner", "enabled", "every_seconds", "cron", "aliases"):
        setattr(row, key, getattr(wanted, key))
    row.include, row.exclude, row.reach = list(wanted.include), list(wanted.exclude), [str(r) for r in wanted.reach]
    row.stale_after, row.remove_after = wanted.stale_after, wanted.remove_after
    row.time_limit_seconds, row.updated_at = wanted.time_limit_seconds, now
    timing = ("enabled", "every_seconds", "cron")
    if before is None or any(getattr(before, key) != getattr(wanted, key) for key in timing):
        # A new schedule begins at once: nobody adds a source to see nothing for a day.
        scheduled = wanted.enabled and (wanted.every_seconds is not None or wanted.cron is not None)
        row.next_due_at = now if scheduled else None
    session.add(row)
    session.flush()
    action = "source.created" if made else "source.updated"
    log.record(session, actor, action, f"source:{name}", workspace.name, {"connector": wanted.connector})
    return _source(row, workspace.name), made


def find(session: Session, workspace: WorkspaceView, name: str) -> Source:
    """The source called `name`.

    Raises:
        NotFound: there is none in this workspace.
    """
    row = _row(session, workspace.id, name)
    if row is None:
        raise NotFound(f"There is no source {name!r} in workspace {workspace.name!r}.")
    return _source(row, workspace.name)


def by_id(session: Session, source_id: UUID, workspace: str) -> Source | None:
    """The source with this key, None where it was deleted."""
    row = session.get(ScanSource, source_id)
    return _source(row, workspace) if row else None


def exists(session: Session, workspace: UUID, origin: str) -> bool:
    """Whether there is a source that speaks under this origin."""
    return _row(session, workspace, origin.partition(":")[2]) is not None


def connectors(session: Session, workspace: UUID) -> dict[str, str]:
    """The connectors of a workspace's sources, by the origin of what they say."""
    query = select(col(ScanSource.name), col(ScanSource.connector)).where(col(ScanSource.workspace_id) == workspace)
    return {origin_of(name): connector for name, connector in session.exec(query)}


def listing(session: Session, workspaces: Mapping[UUID, str], limit: int, cursor: str | None) -> Page[Source]:
    """A page of the sources of `workspaces` (names by id), by workspace and name."""
    query = select(ScanSource).where(col(ScanSource.workspace_id).in_(list(workspaces)))
    if cursor:
        workspace, name = _place(cursor)
        query = query.where(text("(workspace_id, name) > (CAST(:w AS uuid), :n)").bindparams(w=workspace, n=name))
    rows = session.exec(query.order_by(col(ScanSource.workspace_id), col(ScanSource.name)).limit(limit + 1)).all()
    page = cut(rows, limit, lambda row: (str(row.workspace_id), row.name))
    return Page([_source(row, workspaces[row.workspace_id]) for row in page.items], page.next_cursor)


def remove(session: Session, workspace: WorkspaceView, name: str, actor: Actor) -> None:
    """Deletes a source and its runs; what it alone knows of follows, batch by batch.

    Raises:
        NotFound: there is none in this workspace.
    """
    row = _row(session, workspace.id, name, lock=True)
    if row is None:
        raise NotFound(f"There is no source {name!r} in workspace {workspace.name!r}.")
    session.delete(row)
    session.flush()
    announce(session, Topic.SOURCE_REMOVED, {"workspace": workspace.name, "origin": origin_of(name)})
    log.record(session, actor, "source.deleted", f"source:{name}", workspace.name, {"connector": row.connector})


def _row(session: Session, workspace: UUID, name: str, *, lock: bool = False) -> ScanSource | None:
    query = select(ScanSource).where(ScanSource.workspace_id == workspace, ScanSource.name == name)
    return session.exec(query.with_for_update() if lock else query).one_or_none()


def _source(row: ScanSource, workspace: str) -> Source:
    return Source(
        row.id, row.workspace_id, workspace, row.name, _wanted(row), row.next_due_at, row.created_at, row.updated_at
    )


def _wanted(row: ScanSource) -> Wanted:
    return Wanted(
        connector=row.connector,
        settings=dict(row.settings),
        owner=row.owner,
        enabled=row.enabled,
        every_seconds=row.every_seconds,
        cron=row.cron,
        include=tuple(row.include),
        exclude=tuple(row.exclude),
        aliases=dict(row.aliases),
        reach=tuple(map(Reach, row.reach)),
        stale_after=row.stale_after,
        remove_after=row.remove_after,
        time_limit_seconds=row.time_limit_seconds,
    )


def _check(name: str, wanted: Wanted) -> None:
    faults = []
    if not _NAME.fullmatch(name):
        faults.append(Fault("/name", f"{shown(name)} is no name of a source", "1 to 63 of a-z, 0-9, inner hyphens"))
    if wanted.every_seconds is not None and wanted.cron is not None:
        faults.append(Fault("/schedule", "an interval and a cron expression are given", "one of them"))
    if wanted.remove_after < wanted.stale_after:
        faults.append(Fault("/remove_after", "it comes before `stale_after`", f"{wanted.stale_after} or more"))
    for old, new in wanted.aliases.items():
        before, after = split_ref(old), split_ref(new)
        if before is None or after is None or before[0] is not after[0]:
            path = manifest_faults.pointer("aliases", old)
            faults.append(Fault(path, f"{shown(old)} cannot be called {shown(new)}", "two refs of one kind"))
    if faults:
        raise Invalid(f"The source {shown(name)} cannot be kept: {faults[0].message}.", faults)
    if wanted.cron is not None:
        schedule.check_cron(wanted.cron, clock.now())
    reading.settings_of(registry.find(wanted.connector), wanted.settings)


def _place(cursor: str) -> tuple[str, str]:
    workspace, name = decode_cursor(cursor, 2)
    try:
        return str(UUID(str(workspace))), str(name)
    except ValueError as error:
        raise not_a_cursor() from error
