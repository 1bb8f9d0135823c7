"""Evaluations: have assets judged again, and see how far it is."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, Field

from service.api.dependencies import (
    Evaluator,
    PagingDep,
    Reader,
    SessionDep,
    SettingsDep,
    WorkspaceName,
    workspace_of,
    workspaces_of,
)
from service.api.schemas.common import Body, Listing, listing
from service.evaluation import runs
from service.evaluation.runs import RunStatus
from service.foundation.errors import Fault, Invalid
from service.inventory.estate_stored import StoredEstate

router = APIRouter(tags=["evaluations"])

ASKED = "asked"
Ref = Annotated[str, Field(max_length=220, pattern=r"^[^\x00]*$")]


class EvaluationRequest(Body):
    """What to judge. Without `assets` every asset of the workspace."""

    workspace: str | None = Field(default=None, max_length=63, pattern=r"^[^\x00]*$")
    assets: list[Ref] | None = Field(default=None, min_length=1, max_length=10_000)
    as_of: date | None = Field(default=None, description="Judge as things stood on this day; default today")
    force: bool = Field(default=False, strict=True, description="Judge unchanged assets, too")


class EvaluationBody(BaseModel):
    """A run and its progress, counted in assets; `outcomes` counts rules over the judged ones."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workspace: str
    reason: str
    status: RunStatus
    as_of: date
    force: bool
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(description="Why the run, or a part of it, failed")
    total: int
    done: int
    judged: int
    unchanged: int = Field(description="Passed over, since neither their facts nor the rules have changed")
    outcomes: dict[str, int]


@router.post("/evaluations", status_code=status.HTTP_202_ACCEPTED, operation_id="request_evaluation")
def request_evaluation(
    body: EvaluationRequest, principal: Evaluator, session: SessionDep, settings: SettingsDep
) -> EvaluationBody:
    """Asks for a run and answers at once; its progress is at `/evaluations/{id}`."""
    workspace = workspace_of(principal, session, body.workspace)
    if body.assets is not None:
        known = StoredEstate(session, workspace).assets(body.assets)
        faults = [
            Fault(f"/assets/{number}", f"{ref} is not registered in workspace {workspace.name!r}")
            for number, ref in enumerate(body.assets)
            if ref not in known
        ]
        if faults:
            raise Invalid("Some of these assets are not registered.", faults)
    run = runs.request(
        session,
        workspace.id,
        ASKED,
        body.assets,
        principal.actor,
        as_of=body.as_of,
        force=body.force,
        chunk_size=settings.chunk_size,
    )
    return EvaluationBody.model_validate(runs.find(session, {workspace.id: workspace.name}, run))


@router.get("/evaluations", operation_id="list_evaluations")
def list_evaluations(
    principal: Reader, session: SessionDep, paging: PagingDep, workspace: WorkspaceName = None
) -> Listing[EvaluationBody]:
    """The newest first, over the workspace named or all that the token sees."""
    names = {one.id: one.name for one in workspaces_of(principal, session, workspace)}
    return listing(runs.listing(session, names, paging.limit, paging.cursor), EvaluationBody.model_validate)


@router.get("/evaluations/{evaluation_id}", operation_id="get_evaluation")
def get_evaluation(evaluation_id: UUID, principal: Reader, session: SessionDep) -> EvaluationBody:
    """One run and its progress."""
    names = {one.id: one.name for one in workspaces_of(principal, session)}
    return EvaluationBody.model_validate(runs.find(session, names, evaluation_id))
