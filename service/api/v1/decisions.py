"""Kept decisions: read them, and make them again."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session

from service.api.dependencies import PagingDep, Reader, SessionDep, WorkspaceName, workspaces_of
from service.api.ground import GroundDep
from service.api.schemas.gate import DecisionBody, DecisionPage, DecisionSummary, ReplayBody, VerdictBody
from service.auth.principals import Principal
from service.evaluation import record
from service.evaluation.record import KeptDecision
from service.foundation.errors import NotFound
from service.gate.check import replay

router = APIRouter(tags=["gate"])


@router.get("/decisions", operation_id="list_decisions")
def list_decisions(
    principal: Reader, session: SessionDep, paging: PagingDep, workspace: WorkspaceName = None
) -> DecisionPage:
    """Kept decisions, newest first."""
    names = {one.id: one.name for one in workspaces_of(principal, session, workspace)}
    page = record.decisions(session, list(names), paging.limit, paging.cursor)
    return DecisionPage(
        items=[
            DecisionSummary(
                id=row.id,
                workspace=names[row.workspace_id],
                at=row.at,
                actor=row.answer.actor,
                enforcement_point=row.answer.enforcement_point,
                verdict=row.answer.verdict,
            )
            for row in page.items
        ],
        next_cursor=page.next_cursor,
    )


@router.get("/decisions/{decision_id}", operation_id="get_decision")
def get_decision(decision_id: UUID, principal: Reader, session: SessionDep) -> DecisionBody:
    """A decision with its reasons, its outcomes and the digests of what it was made from."""
    row, workspace = _seen(session, principal, decision_id)
    return DecisionBody(
        **VerdictBody.of(row).model_dump(),
        workspace=workspace,
        at=row.at,
        actor=row.answer.actor,
        enforcement_point=row.answer.enforcement_point,
        as_of=row.answer.as_of,
        engine=row.answer.engine,
        bundle_digest=row.answer.bundle_digest,
        inputs=row.answer.inputs,
        outcomes=row.answer.outcomes,
        digest=row.answer.digest,
    )


@router.post("/decisions/{decision_id}:replay", operation_id="replay_decision")
def replay_decision(decision_id: UUID, principal: Reader, session: SessionDep, ground: GroundDep) -> ReplayBody:
    """Judges the kept documents by the kept rules once more and compares."""
    row, _ = _seen(session, principal, decision_id)
    again = replay(session, ground, row.answer)
    return ReplayBody(
        identical=again.identical, engine=again.engine, digest=again.digest, differences=again.differences
    )


def _seen(session: Session, principal: Principal, decision_id: UUID) -> tuple[KeptDecision, str]:
    row = record.decision_record(session, decision_id)
    names = {one.id: one.name for one in workspaces_of(principal, session)}
    if row.workspace_id not in names:
        raise NotFound(f"There is no decision {decision_id}.")
    return row, names[row.workspace_id]
