"""The openness class of a model: what of it is released, under which licences, and how far that carries."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.dependencies import Reader, SessionDep, WorkspaceName, workspace_of
from service.api.schemas.openness import AssessmentBody
from service.foundation import clock
from service.inventory import openness, openness_record, queries
from service.inventory.reference import Catalogue

router = APIRouter(tags=["inventory"])


@router.get("/openness", operation_id="get_openness")
def get_openness(
    asset: Annotated[str, Query(max_length=220, description="A model's ref, for instance `model:acme/support-llm`")],
    principal: Reader,
    session: SessionDep,
    workspace: WorkspaceName = None,
) -> AssessmentBody:
    """Class and progress by the Model Openness Framework, with the status of each component and why."""
    home = workspace_of(principal, session, workspace)
    model = queries.asset(session, home, asset)
    catalogue = Catalogue.load(session, home.id).on(clock.today())
    return AssessmentBody.of(model.ref, openness.assess(openness_record.of_asset(model), catalogue))
