"""What endpoints ask for: a unit of work, the caller, his workspace, the page he wants.

Endpoints are plain functions: FastAPI runs them in its threads, where waiting for the database holds up nobody else. What
waits for nothing is `async` here, so that it needs no thread.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from sqlmodel import Session

from service.auth import tokens
from service.auth.principals import Principal, Unauthenticated
from service.auth.roles import Permission
from service.foundation import outbox
from service.foundation.database import each_for_itself, unit_of_work
from service.foundation.errors import NotFound
from service.foundation.pages import LIMIT_DEFAULT, LIMIT_MAX
from service.foundation.settings import Settings
from service.inventory import workspaces
from service.inventory.views import WorkspaceView

bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="An access token of Allod: `Authorization: Bearer allod_…`"
)


async def engine_of(request: Request) -> Engine:
    """The database of the app that serves this request; a streaming endpoint opens its own units of work on it."""
    bind: Engine = request.app.state.engine
    return bind


async def settings_of(request: Request) -> Settings:
    """The settings of the app that serves this request."""
    settings: Settings = request.app.state.settings
    return settings


EngineDep = Annotated[Engine, Depends(engine_of)]
SettingsDep = Annotated[Settings, Depends(settings_of)]


def _session(request: Request, bind: EngineDep) -> Iterator[Session]:
    with unit_of_work(bind) as session:
        yield session
    wake(request, session)


def wake(request: Request, session: Session) -> None:
    """After a commit: what the session announced need not wait for the dispatcher's next tick."""
    if session.info.pop(outbox.ANNOUNCED, False):
        request.app.state.wake()


# scope="function": committed before the answer leaves. With the default scope a failed commit is answered as success.
SessionDep = Annotated[Session, Depends(_session, scope="function")]


def principal_of(
    request: Request, bind: EngineDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Principal:
    """Who calls.

    Raises:
        Unauthenticated: nobody who is known.
    """
    if credentials is None:
        raise Unauthenticated("Send an access token: Authorization: Bearer <token>.")
    # A session of its own: what the endpoint does later can neither undo the record of use nor hold its lock.
    with each_for_itself(bind) as session:
        principal = tokens.authenticate(session, credentials.credentials)
    request.state.actor = str(principal.actor)  # for the log line of this request
    return principal


def require(permission: Permission) -> Callable[..., Awaitable[Principal]]:
    """A dependency that lets the caller in if his role carries `permission`, and says who he is.

    Use: `principal: Annotated[Principal, Depends(require(Permission.READ))]`, or the ready-made `Reader` and its kin.
    """

    async def demand(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        principal.demand(permission)
        return principal

    return demand


Reader = Annotated[Principal, Depends(require(Permission.READ))]
Registrar = Annotated[Principal, Depends(require(Permission.REGISTER))]
Evaluator = Annotated[Principal, Depends(require(Permission.EVALUATE))]
GateCaller = Annotated[Principal, Depends(require(Permission.GATE))]
Author = Annotated[Principal, Depends(require(Permission.AUTHOR))]
Approver = Annotated[Principal, Depends(require(Permission.APPROVE))]
Admin = Annotated[Principal, Depends(require(Permission.ADMINISTER))]


def workspace_of(principal: Principal, session: Session, name: str | None = None) -> WorkspaceView:
    """The workspace called `name`; without a name the one that the token is bound to, else `default`.

    Raises:
        NotFound: there is none, or it is not the caller's: the two are answered alike.
    """
    wanted = name or principal.workspace or workspaces.DEFAULT
    if principal.sees(wanted):
        found = workspaces.find(session, wanted)
        if found is not None:
            return found
    raise NotFound(f"There is no workspace {wanted!r}.")


def workspaces_of(principal: Principal, session: Session, name: str | None = None) -> tuple[WorkspaceView, ...]:
    """The workspaces that a listing runs over: the one called `name`, else all that the caller sees, by name.

    Raises:
        NotFound: `name` is not the caller's or is not there.
    """
    if name is not None:
        return (workspace_of(principal, session, name),)
    return tuple(one for one in workspaces.listing(session) if principal.sees(one.name))


WorkspaceName = Annotated[
    str | None,
    Query(alias="workspace", max_length=63, description="A workspace; without it the token's own, else `default`"),
]


@dataclass(frozen=True, slots=True)
class Paging:
    """How much of a listing, and after what."""

    limit: int
    cursor: str | None


async def _paging(
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Rows on one page")] = LIMIT_DEFAULT,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="The `next_cursor` of the page before, unchanged")
    ] = None,
) -> Paging:
    return Paging(limit, cursor)


PagingDep = Annotated[Paging, Depends(_paging)]
