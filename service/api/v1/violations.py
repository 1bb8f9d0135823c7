"""Violations: list them, read one with its history, count them, take all of them as CSV."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.dependencies import EngineDep, PagingDep, Reader, SessionDep, WorkspaceName, workspaces_of
from service.api.ground import GroundDep
from service.api.schemas.common import Listing, listing
from service.api.schemas.explanations import ExplanationBody
from service.api.schemas.waivers import WaiverMarkBody
from service.auth.principals import Principal
from service.evaluation import record
from service.evaluation.decision import Outcome
from service.foundation.database import unit_of_work
from service.foundation.errors import NotFound
from service.violations import queries
from service.violations.lifecycle import Status
from service.violations.queries import By, Filter

router = APIRouter(tags=["violations"])


class ViolationBody(BaseModel):
    """What is wrong with an asset, or could not be found out about it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workspace: str
    rule: str = Field(examples=["RES-001"])
    pack: str = Field(examples=["eu-data-residency"])
    theme: str
    severity: str
    asset: str
    subject: str = Field(description="What of the asset the rule complains about")
    message: str
    path: list[str] = Field(description="Refs from the asset to what is wrong")
    remedy: str
    controls: list[dict[str, str]]
    vendor: str | None = Field(description="The ultimate vendor at fault")
    jurisdiction: str | None
    status: Status
    outcome: Outcome = Field(description="violation, unknown (evidence is missing) or error (the rule could not run)")
    evidence_grade: str = Field(description="Grade of the weakest fact that the rule read")
    first_seen: datetime
    last_seen: datetime = Field(description="The last judgement that found it")
    resolved_at: datetime | None
    times_opened: int
    waiver: WaiverMarkBody | None = Field(description="The waiver that covers it now; it stays open all the same")


class EventBody(BaseModel):
    """One thing that happened to a violation."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    event: str = Field(examples=["opened", "changed", "resolved", "reopened"])
    actor: str
    detail: dict[str, Any] = Field(description="What changed, as [before, after], or the reason it was resolved")


class ViolationHistory(ViolationBody):
    """A violation with all that happened to it, the oldest first, and what it rests on."""

    events: list[EventBody]
    explanation: ExplanationBody | None = Field(description="null once rule or document are no longer there")


class CountBody(BaseModel):
    """How many violations share a key; null is the key of those that name none."""

    model_config = ConfigDict(from_attributes=True)

    key: str | None
    count: int
    waived: int = Field(description="How many of them a waiver covers now")
    outcomes: dict[str, int]


class SummaryBody(BaseModel):
    """All counts, with their sum."""

    by: By
    total: int
    items: list[CountBody]


Words = list[Annotated[str, Field(max_length=220)]]


def _filter(
    status: Annotated[list[Status], Query(description="Repeat for several; without it every status")] = [],  # noqa: B006 -- FastAPI copies defaults
    outcome: Annotated[list[Outcome], Query()] = [],  # noqa: B006 -- likewise
    severity: Annotated[Words, Query()] = [],  # noqa: B006 -- likewise
    theme: Annotated[Words, Query()] = [],  # noqa: B006 -- likewise
    rule: Annotated[Words, Query()] = [],  # noqa: B006 -- likewise
    pack: Annotated[Words, Query()] = [],  # noqa: B006 -- likewise
    asset: Annotated[Words, Query(description="A ref, for instance `system:support-desk`")] = [],  # noqa: B006 -- likewise
    waived: Annotated[
        bool | None, Query(description="Only what a waiver covers now, or only what none does; without it both")
    ] = None,
) -> Filter:
    return Filter(
        status=tuple(status),
        outcome=tuple(outcome),
        severity=tuple(severity),
        theme=tuple(theme),
        rule=tuple(rule),
        pack=tuple(pack),
        asset=tuple(asset),
        waived=waived,
    )


FilterDep = Annotated[Filter, Depends(_filter)]


def _names(principal: Principal, session: Session, workspace: str | None) -> dict[UUID, str]:
    return {one.id: one.name for one in workspaces_of(principal, session, workspace)}


@router.get("/violations", operation_id="list_violations")
def list_violations(
    principal: Reader, session: SessionDep, wanted: FilterDep, paging: PagingDep, workspace: WorkspaceName = None
) -> Listing[ViolationBody]:
    """The newest first, over the workspace named or all that the token sees."""
    page = queries.listing(session, _names(principal, session, workspace), wanted, paging.limit, paging.cursor)
    return listing(page, ViolationBody.model_validate)


@router.get("/violations/summary", operation_id="summarise_violations")
def summarise_violations(
    principal: Reader, session: SessionDep, wanted: FilterDep, by: By = By.SEVERITY, workspace: WorkspaceName = None
) -> SummaryBody:
    """Counts for dashboards, under the same filters as the listing; ask with `status=open` for what stands now."""
    counts = queries.summary(session, _names(principal, session, workspace), wanted, by)
    items = [CountBody.model_validate(count) for count in counts]
    return SummaryBody(by=by, total=sum(count.count for count in counts), items=items)


@router.get(
    "/violations.csv",
    operation_id="export_violations",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A violation on each line"}
    },
)
def export_violations(
    principal: Reader, session: SessionDep, bind: EngineDep, wanted: FilterDep, workspace: WorkspaceName = None
) -> StreamingResponse:
    """All of them, under the same filters as the listing, as a stream."""
    names = _names(principal, session, workspace)

    def lines() -> Iterator[str]:
        # The request's own unit of work has ended by the time the stream is read.
        with unit_of_work(bind) as streaming:
            yield from queries.csv_lines(streaming, names, wanted)

    headers = {"Content-Disposition": 'attachment; filename="violations.csv"'}
    return StreamingResponse(lines(), media_type="text/csv", headers=headers)


@router.get("/violations/{violation_id}", operation_id="get_violation")
def get_violation(violation_id: UUID, principal: Reader, session: SessionDep, ground: GroundDep) -> ViolationHistory:
    """One violation with its events, the facts it was judged on, and what would make it pass."""
    view, events = queries.find(session, _names(principal, session, None), violation_id)
    rule = ground.library.rules.get(view.rule)
    try:
        kept = record.kept_input(session, queries.input_of(session, violation_id))
    except NotFound:
        kept = None
    explanation = ExplanationBody.of(rule, kept, view.pack, view.path) if rule and kept else None
    return ViolationHistory.model_validate({**asdict(view), "events": events, "explanation": explanation})
