"""`/statements`: what is known of an asset from whom, and where origins contradict each other."""

from fastapi import APIRouter

from service.api.dependencies import Reader, SessionDep, WorkspaceName, workspace_of
from service.api.schemas.scans import DisagreementBody, StatementBody, StatementsBody
from service.api.v1.assets import Asset
from service.inventory import queries, statements

router = APIRouter(tags=["inventory"])


@router.get("/statements", operation_id="get_statements")
def get_statements(
    asset: Asset, principal: Reader, session: SessionDep, workspace: WorkspaceName = None
) -> StatementsBody:
    """The declaration and what each source says, with every attribute that they state differently."""
    home = workspace_of(principal, session, workspace)
    queries.asset(session, home, asset)
    found = statements.spoken(session, home, asset)
    return StatementsBody(
        statements=[
            StatementBody.model_validate(
                {"origin": one.origin, "since": one.since, "body": one.body, "evidence": one.evidence}
            )
            for one in found.statements
        ],
        disagreements=[DisagreementBody.model_validate(one) for one in found.disagreements],
    )
