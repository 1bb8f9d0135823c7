"""Access tokens: made, listed, revoked, and recognised.

A token has 256 random bits, so one round of SHA-256 is enough to keep it: there is nothing to guess. Looking it up
costs the same for every token, known or not.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from service.audit import log
from service.auth.principals import Forbidden, Principal, Unauthenticated
from service.auth.roles import Role
from service.auth.tables import Token
from service.foundation import canonical, clock
from service.foundation.actor import INSTALLER, Actor
from service.foundation.errors import Conflict, Fault, Invalid, NotFound
from service.foundation.ids import new_id
from service.foundation.pages import Page, cut, decode_cursor

PREFIX_LENGTH = 12
USE_RECORDED_EVERY = timedelta(minutes=1)
BOOTSTRAP_NAME = "bootstrap"


class TokenNameTaken(Conflict):
    """A live token of this scope bears the name, and history could not tell the two apart."""

    slug = "token-name-taken"
    title = "A token of this name is in use"


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its keepers see it: everything but the token."""

    id: UUID
    name: str
    role: Role
    workspace: str | None
    prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def create(
    session: Session, name: str, role: Role, workspace: str | None, expires_at: datetime | None, actor: Actor
) -> tuple[TokenView, str]:
    """A new token and its plaintext, which exists here and nowhere else. `workspace` None means all of them.

    Raises:
        TokenNameTaken: a live token of the same scope has this name.
        Invalid: it would have expired before it was made.
    """
    now = clock.now()
    if expires_at is not None and expires_at <= now:
        fault = Fault("/expires_at", "this moment has passed", "a time to come, with its offset from UTC")
        raise Invalid("A token cannot expire before it is made.", [fault])
    # Two requests for one name wait for each other.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('token:' || :name, 0))"), {"name": name})
    if session.execute(select(col(Token.id)).where(_live(now), col(Token.name) == name, _bound_to(workspace))).first():
        raise TokenNameTaken(f"A live token is called {name!r} already; revoke it first or choose another name.")
    plaintext = "allod_" + secrets.token_urlsafe(32)
    token = Token(
        name=name,
        role=role.value,
        workspace=workspace,
        prefix=plaintext[:PREFIX_LENGTH],
        hash=_hash(plaintext),
        created_at=now,
        created_by=str(actor),
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    detail = {"name": name, "role": role, "prefix": token.prefix, "expires_at": expires_at}
    log.record(session, actor, "token.created", f"token:{token.id}", workspace, detail)
    return _view(token), plaintext


def create_within(
    session: Session, grantor: Principal, *, name: str, role: Role, workspace: str | None, expires_at: datetime | None
) -> tuple[TokenView, str]:
    """As `create`, within what the grantor himself may do: nobody grants more than he has.

    Raises:
        Forbidden: the new token would reach beyond the grantor's workspace.
    """
    if grantor.workspace is not None and workspace != grantor.workspace:
        raise Forbidden(f"A token bound to {grantor.workspace} can only make tokens bound to {grantor.workspace}.")
    return create(session, name, role, workspace, expires_at, grantor.actor)


def revoke(session: Session, token_id: UUID, scope: str | None, actor: Actor) -> TokenView:
    """Ends a token, at once and for ever. Revoking it again changes nothing.

    `scope` is the workspace that the caller is bound to, None for all.

    Raises:
        NotFound: there is no such token within `scope`.
    """
    statement = select(Token).where(col(Token.id) == token_id, _within(scope)).with_for_update()
    token = session.execute(statement).scalar_one_or_none()
    if token is None:
        raise NotFound(f"There is no token {token_id}.")
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        session.flush()
        log.record(session, actor, "token.revoked", f"token:{token.id}", token.workspace, {"name": token.name})
    return _view(token)


def listing(session: Session, scope: str | None, limit: int, cursor: str | None) -> Page[TokenView]:
    """Tokens within `scope`, the oldest first, revoked and expired ones among them.

    Raises:
        Invalid: the cursor is of another listing.
    """
    statement = select(Token).where(_within(scope)).order_by(col(Token.id)).limit(limit + 1)
    if cursor is not None:
        (last,) = decode_cursor(cursor, 1)
        statement = statement.where(col(Token.id) > _uuid(last))
    rows = [_view(token) for token in session.execute(statement).scalars()]
    return cut(rows, limit, lambda view: [str(view.id)])


def ensure_bootstrap(session: Session, value: str) -> None:
    """Makes sure that an admin token for all workspaces of exactly this value exists.

    One that was revoked stays revoked: a restart does not undo what an administrator did.
    """
    statement = (
        insert(Token)
        .values(
            id=new_id(),
            name=BOOTSTRAP_NAME,
            role=Role.ADMIN.value,
            workspace=None,
            prefix=value[:PREFIX_LENGTH] if value.startswith("allod_") else "",
            hash=_hash(value),
            created_at=clock.now(),
            created_by=str(INSTALLER),
        )
        .on_conflict_do_nothing(index_elements=["hash"])
        .returning(col(Token.id))
    )
    made = session.execute(statement).scalar_one_or_none()
    if made is not None:
        detail = {"name": BOOTSTRAP_NAME, "role": Role.ADMIN}
        log.record(session, INSTALLER, "token.created", f"token:{made}", None, detail)


def authenticate(session: Session, plaintext: str) -> Principal:
    """Who calls with this token. Its use is recorded at most once a minute, and never by waiting for anybody.

    Raises:
        Unauthenticated: unknown, expired or revoked: one answer for all three.
    """
    now = clock.now()
    token = session.execute(select(Token).where(col(Token.hash) == _hash(plaintext))).scalar_one_or_none()
    dead = token is None or token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now)
    if token is None or dead:
        raise Unauthenticated("The access token is not valid.")
    if token.last_used_at is None or now - token.last_used_at >= USE_RECORDED_EVERY:
        _record_use(session, token.id, now)
    return Principal(token.id, token.name, Role(token.role), token.workspace)


def _record_use(session: Session, token_id: UUID, now: datetime) -> None:
    free = select(col(Token.id)).where(col(Token.id) == token_id).with_for_update(skip_locked=True)
    unfresh = or_(col(Token.last_used_at).is_(None), col(Token.last_used_at) <= now - USE_RECORDED_EVERY)
    session.execute(
        update(Token)
        .where(col(Token.id).in_(free.scalar_subquery()), unfresh)
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def _hash(plaintext: str) -> str:
    return canonical.digest_bytes(plaintext.encode("utf-8", "surrogatepass"))


def _live(now: datetime) -> ColumnElement[bool]:
    unexpired = or_(col(Token.expires_at).is_(None), col(Token.expires_at) > now)
    return and_(col(Token.revoked_at).is_(None), unexpired)


def _bound_to(workspace: str | None) -> ColumnElement[bool]:
    return col(Token.workspace).is_(None) if workspace is None else col(Token.workspace) == workspace


def _within(scope: str | None) -> ColumnElement[bool]:
    return true() if scope is None else col(Token.workspace) == scope


def _view(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        role=Role(token.role),
        workspace=token.workspace,
        prefix=token.prefix,
        created_at=token.created_at,
        created_by=token.created_by,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Invalid("The cursor cannot be read; start again without one.") from error
