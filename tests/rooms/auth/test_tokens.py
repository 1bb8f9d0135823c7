"""Tokens: recognised at once, ended for good, used without waiting."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from service.auth import tokens
from service.auth.principals import Forbidden, Principal, Unauthenticated
from service.auth.roles import PERMISSIONS, Permission, Role
from service.auth.tokens import TokenNameTaken
from service.foundation import clock
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.errors import Invalid, NotFound


def test_a_token_is_recognised_as_what_it_was_made(session: Session) -> None:
    view, plaintext = tokens.create(session, "ci", Role.GATEKEEPER, "team-a", None, INSTALLER)
    principal = tokens.authenticate(session, plaintext)
    assert principal == Principal(view.id, "ci", Role.GATEKEEPER, "team-a")
    assert str(principal.actor) == "token:ci"
    assert principal.sees("team-a")
    assert not principal.sees("team-b")


def test_an_ended_token_opens_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = clock.now() + timedelta(seconds=30)
    view, plaintext = tokens.create(session, "x", Role.VIEWER, None, ends, INSTALLER)
    tokens.authenticate(session, plaintext)
    monkeypatch.setattr(clock, "now", lambda: ends - timedelta(microseconds=1))
    tokens.authenticate(session, plaintext)
    monkeypatch.setattr(clock, "now", lambda: ends)
    with pytest.raises(Unauthenticated):
        tokens.authenticate(session, plaintext)
    first = tokens.revoke(session, view.id, None, INSTALLER)
    again = tokens.revoke(session, view.id, None, INSTALLER)
    assert first.revoked_at == again.revoked_at is not None


def test_a_name_is_taken_while_its_token_lives(session: Session) -> None:
    view, _ = tokens.create(session, "ci", Role.VIEWER, "a", None, INSTALLER)
    with pytest.raises(TokenNameTaken):
        tokens.create(session, "ci", Role.ADMIN, "a", None, INSTALLER)
    tokens.create(session, "ci", Role.VIEWER, "b", None, INSTALLER)
    tokens.create(session, "ci", Role.VIEWER, None, None, INSTALLER)
    tokens.revoke(session, view.id, "a", INSTALLER)
    tokens.create(session, "ci", Role.VIEWER, "a", None, INSTALLER)


def test_two_requests_for_one_name_make_one_token(engine: Engine) -> None:
    outcomes: list[str] = []

    def make() -> None:
        try:
            with unit_of_work(engine) as session:
                tokens.create(session, "ci", Role.VIEWER, None, None, INSTALLER)
            outcomes.append("made")
        except TokenNameTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "taken", "taken", "taken"]


def test_revoking_outside_one_s_scope_finds_nothing(session: Session) -> None:
    view, _ = tokens.create(session, "ci", Role.VIEWER, "a", None, INSTALLER)
    for scope in ("b",):
        with pytest.raises(NotFound):
            tokens.revoke(session, view.id, scope, INSTALLER)
    with pytest.raises(NotFound):
        tokens.revoke(session, UUID(int=0), None, INSTALLER)


def test_nobody_grants_beyond_his_own_scope(session: Session) -> None:
    bound = Principal(UUID(int=1), "a-admin", Role.ADMIN, "a")
    with pytest.raises(Forbidden):
        tokens.create_within(session, bound, name="x", role=Role.VIEWER, workspace=None, expires_at=None)
    view, _ = tokens.create_within(session, bound, name="x", role=Role.ADMIN, workspace="a", expires_at=None)
    assert view.created_by == "token:a-admin"


def test_a_token_cannot_be_born_dead(session: Session) -> None:
    with pytest.raises(Invalid):
        tokens.create(session, "x", Role.VIEWER, None, clock.now(), INSTALLER)


def test_use_is_recorded_once_a_minute(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    _, plaintext = tokens.create(session, "ci", Role.VIEWER, None, None, INSTALLER)
    first = clock.now()

    def used_at(seconds: int) -> object:
        monkeypatch.setattr(clock, "now", lambda: first + timedelta(seconds=seconds))
        tokens.authenticate(session, plaintext)
        session.expire_all()
        return tokens.listing(session, None, 10, None).items[0].last_used_at

    assert used_at(0) == used_at(59) == first
    assert used_at(60) == first + timedelta(seconds=60)


def test_recording_use_waits_for_nobody(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        view, plaintext = tokens.create(session, "ci", Role.VIEWER, None, None, INSTALLER)
    with engine.connect() as holder:
        holder.execute(text("SELECT 1 FROM token WHERE id = :id FOR UPDATE"), {"id": view.id})
        with unit_of_work(engine) as session:
            session.connection().execute(text("SET LOCAL lock_timeout = '50ms'"))
            assert tokens.authenticate(session, plaintext).token == view.id
        holder.rollback()
    with unit_of_work(engine) as session:
        assert tokens.listing(session, None, 1, None).items[0].last_used_at is None


def test_the_bootstrap_token_is_made_once_and_stays_revoked(session: Session) -> None:
    value = "given-by-the-environment"
    tokens.ensure_bootstrap(session, value)
    principal = tokens.authenticate(session, value)
    assert (principal.role, principal.workspace) == (Role.ADMIN, None)
    tokens.ensure_bootstrap(session, value)
    assert len(tokens.listing(session, None, 10, None).items) == 1
    assert tokens.listing(session, None, 10, None).items[0].prefix == ""  # no part of a secret that others chose
    tokens.revoke(session, principal.token, None, INSTALLER)
    tokens.ensure_bootstrap(session, value)
    with pytest.raises(Unauthenticated):
        tokens.authenticate(session, value)


def test_a_gatekeeper_may_only_ask_the_gate_and_nobody_but_admin_administers() -> None:
    assert PERMISSIONS[Role.GATEKEEPER] == {Permission.GATE}
    assert [role for role in Role if Permission.ADMINISTER in PERMISSIONS[role]] == [Role.ADMIN]
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    # Who writes policy does not approve it.
    assert Permission.APPROVE not in PERMISSIONS[Role.POLICY_AUTHOR]
    assert Permission.AUTHOR not in PERMISSIONS[Role.APPROVER]
