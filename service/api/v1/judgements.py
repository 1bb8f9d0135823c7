"""`/judgements`: what every rule last said of an asset, passes included, and on which facts."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.dependencies import Reader, SessionDep, WorkspaceName, workspace_of
from service.api.ground import GroundDep
from service.api.schemas.common import Listing
from service.api.schemas.explanations import ExplanationBody, JudgementBody
from service.evaluation import record
from service.foundation.errors import NotFound
from service.inventory import queries

router = APIRouter(prefix="/judgements", tags=["violations"])


@router.get("", operation_id="list_judgements")
def list_judgements(
    asset: Annotated[str, Query(max_length=220, description="A ref, for instance `system:support-desk`")],
    principal: Reader,
    session: SessionDep,
    ground: GroundDep,
    rule: Annotated[str | None, Query(max_length=20)] = None,
    workspace: WorkspaceName = None,
) -> Listing[JudgementBody]:
    """The last judgement of one asset, by rule and pack, on one page; empty where it was never judged."""
    view = queries.asset(session, workspace_of(principal, session, workspace), asset)
    last = record.last(session, view.id or 0)
    if last is None:
        return Listing(items=[])
    try:
        kept = record.kept_input(session, last.input_digest)
    except NotFound:
        kept = None
    items = []
    for rule_id, decided in sorted(last.outcomes.items()):
        known = ground.library.rules.get(rule_id)
        for one in decided if rule in (None, rule_id) else ():
            shown = ExplanationBody.of(known, kept, one["pack"], [asset]) if known and kept else None
            items.append(
                JudgementBody(
                    rule=rule_id,
                    pack=one["pack"],
                    outcome=one["outcome"],
                    evidence_grade=one["grade"],
                    findings=one["findings"],
                    decided_at=last.decided_at,
                    explanation=shown,
                )
            )
    return Listing(items=items)
