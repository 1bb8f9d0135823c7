"""`/tokens`: who may come in."""

from uuid import UUID

from fastapi import APIRouter

from service.api.dependencies import Admin, PagingDep, SessionDep, workspace_of
from service.api.schemas.common import Listing, listing
from service.api.schemas.tokens import CreatedToken, NewToken, TokenOut
from service.auth import tokens

router = APIRouter(prefix="/tokens", tags=["access"])


@router.post("", status_code=201, summary="Make a token")
def create_token(body: NewToken, principal: Admin, session: SessionDep) -> CreatedToken:
    """Answers the token itself once; only its hash is kept. Nobody grants more than he has."""
    if body.workspace is not None:
        workspace_of(principal, session, body.workspace)
    view, plaintext = tokens.create_within(
        session, principal, name=body.name, role=body.role, workspace=body.workspace, expires_at=body.expires_at
    )
    return CreatedToken(**TokenOut.model_validate(view).model_dump(), token=plaintext)


@router.get("", summary="List tokens")
def list_tokens(principal: Admin, session: SessionDep, paging: PagingDep) -> Listing[TokenOut]:
    """The oldest first, with those that have expired or were revoked."""
    page = tokens.listing(session, principal.workspace, paging.limit, paging.cursor)
    return listing(page, TokenOut.model_validate)


@router.delete("/{token_id}", summary="Revoke a token")
def revoke_token(token_id: UUID, principal: Admin, session: SessionDep) -> TokenOut:
    """Ends it at once and for ever; it stays in the listing. Revoking it again changes nothing."""
    return TokenOut.model_validate(tokens.revoke(session, token_id, principal.workspace, principal.actor))
