"""Sources and scans as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas.common import Body
from service.scans import sources
from service.scans.connector import Note, Refused, Seen
from service.scans.outbound import Reach
from service.scans.pushing import Pushed
from service.scans.runs import Mode, RunStatus
from service.scans.sources import Source, Wanted

Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Pattern = Annotated[str, Field(min_length=1, max_length=220, pattern=r"^[^\x00]*$")]


class ScheduleBody(Body):
    """When a source is read: an interval or a cron expression in UTC, both spread by up to a tenth."""

    every_seconds: int | None = Field(default=None, ge=sources.SHORTEST_SECONDS, le=366 * 86_400, strict=True)
    cron: str | None = Field(default=None, max_length=100, examples=["17 3 * * *"])


class SourceIn(Body):
    """A source as somebody wants it."""

    connector: str = Field(max_length=40, examples=["mlflow"])
    settings: dict[str, Any] = Field(
        default_factory=dict, description="What the connector asks for, see `/connectors`; secrets by reference only"
    )
    schedule: ScheduleBody | None = Field(default=None, description="Without it the source is read when asked")
    owner: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00]*$")
    enabled: bool = Field(default=True, strict=True)
    include: list[Pattern] = Field(default_factory=list, max_length=200, description="Patterns of refs; none: all")
    exclude: list[Pattern] = Field(default_factory=list, max_length=200)
    aliases: dict[Pattern, Pattern] = Field(
        default_factory=dict, max_length=5000, description="Refs that this source's things have in the inventory"
    )
    allow: list[Reach] = Field(
        default_factory=list, max_length=2, description="Reserved addresses that the source may reach"
    )
    stale_after: int = Field(default=sources.STALE_AFTER, ge=1, le=1000, strict=True, description="Complete scans")
    remove_after: int = Field(default=sources.REMOVE_AFTER, ge=1, le=1000, strict=True, description="Complete scans")
    time_limit_seconds: int = Field(default=sources.TIME_LIMIT_SECONDS, ge=10, le=86_400, strict=True)

    def wanted(self) -> Wanted:
        """The same, as the room takes it."""
        timing = self.schedule or ScheduleBody()
        return Wanted(
            connector=self.connector,
            settings=self.settings,
            owner=self.owner,
            enabled=self.enabled,
            every_seconds=timing.every_seconds,
            cron=timing.cron,
            include=tuple(self.include),
            exclude=tuple(self.exclude),
            aliases=self.aliases,
            reach=tuple(self.allow),
            stale_after=self.stale_after,
            remove_after=self.remove_after,
            time_limit_seconds=self.time_limit_seconds,
        )


class SourceBody(BaseModel):
    """A source as it is kept. Settings name secrets and hold none."""

    name: str
    workspace: str
    connector: str
    settings: dict[str, Any]
    schedule: ScheduleBody
    owner: str | None
    enabled: bool
    include: list[str]
    exclude: list[str]
    aliases: dict[str, str]
    allow: list[Reach]
    stale_after: int
    remove_after: int
    time_limit_seconds: int
    next_due_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, source: Source) -> Self:
        """The body that shows `source`."""
        wanted = source.wanted
        return cls(
            name=source.name,
            workspace=source.workspace,
            connector=wanted.connector,
            settings=wanted.settings,
            schedule=ScheduleBody.model_construct(every_seconds=wanted.every_seconds, cron=wanted.cron),
            owner=wanted.owner,
            enabled=wanted.enabled,
            include=list(wanted.include),
            exclude=list(wanted.exclude),
            aliases=wanted.aliases,
            allow=list(wanted.reach),
            stale_after=wanted.stale_after,
            remove_after=wanted.remove_after,
            time_limit_seconds=wanted.time_limit_seconds,
            next_due_at=source.next_due_at,
            created_at=source.created_at,
            updated_at=source.updated_at,
        )


class ScanBody(BaseModel):
    """A run of a source and what came of it. Counts are of objects."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workspace: str
    source: str
    connector: str
    mode: Mode
    interactive: bool
    status: RunStatus
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    cancelled: bool
    expected: int | None = Field(description="As far as the source told beforehand")
    seen: int
    created: int
    updated: int
    unchanged: int
    outside: int = Field(description="Seen and not kept, by `include` and `exclude`")
    refused: int = Field(description="Objects and parts that could not be read; see `/scans/{id}/problems`")
    noted: int
    stale: int
    removed: int
    error: str | None
    preview: list[dict[str, Any]] = Field(description="Of a test: the first assets that a scan would record")


class PartBody(BaseModel):
    """What of a part was asked, seen and refused."""

    model_config = ConfigDict(from_attributes=True)

    part: str
    status: str = Field(description="asked, or read to its end")
    expected: int | None
    seen: int
    refused: int
    noted: int


class ProblemBody(BaseModel):
    """What could not be read (`refused`) or not be expressed (`note`)."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    kind: str
    part: str
    object: str | None
    text: str


class ConnectorBody(BaseModel):
    """A connector, and the JSON Schema of its settings."""

    name: str
    title: str
    extra: str | None = Field(description="The package's extra that brings what it needs")
    settings: dict[str, Any]


class PushedAsset(Body):
    """An asset that an agent saw."""

    object: Text
    manifest: dict[str, Any]


class PushedProblem(Body):
    """Something that an agent could not read."""

    object: Text | None = None
    reason: Text


class PushedNote(Body):
    """Something that an agent could not express."""

    object: Text
    text: Text


class PushedPart(Body):
    """One part of what an agent read."""

    part: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    complete: bool = Field(strict=True)
    assets: list[PushedAsset] = Field(default_factory=list, max_length=10_000)
    refused: list[PushedProblem] = Field(default_factory=list, max_length=10_000)
    notes: list[PushedNote] = Field(default_factory=list, max_length=10_000)

    def pushed(self) -> Pushed:
        """The same, as the room takes it."""
        return Pushed(
            self.part,
            self.complete,
            tuple(Seen(self.part, one.object, one.manifest) for one in self.assets),
            tuple(Refused(self.part, one.object, one.reason) for one in self.refused),
            tuple(Note(self.part, one.object, one.text) for one in self.notes),
        )


class PushBody(Body):
    """What an agent saw."""

    parts: list[PushedPart] = Field(min_length=1, max_length=1000)


class VersionBody(BaseModel):
    """What one origin says of an attribute."""

    model_config = ConfigDict(from_attributes=True)

    origin: str
    value: Any
    grade: str
    at: datetime


class DisagreementBody(BaseModel):
    """An attribute that origins state differently: what holds, and what others say."""

    model_config = ConfigDict(from_attributes=True)

    attribute: str
    holds: VersionBody
    others: list[VersionBody]


class StatementBody(BaseModel):
    """What one origin says of the asset: `declared`, or `source:<name>`."""

    origin: str
    since: datetime
    body: dict[str, Any]
    evidence: dict[str, dict[str, str]]


class StatementsBody(BaseModel):
    """What is known of an asset from whom; without statements where only manifests speak of it."""

    statements: list[StatementBody]
    disagreements: list[DisagreementBody]
