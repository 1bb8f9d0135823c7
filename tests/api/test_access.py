"""Who gets in, and what for."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.app import create_app
from service.auth import tokens
from service.auth.roles import Permission, Role, allows
from service.foundation import clock
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.settings import Settings
from service.inventory import workspaces
from tests.api.conftest import BOOTSTRAP, ClientFor

OPEN = {"/healthz", "/readyz", "/metrics"}


def operations(app: FastAPI) -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods]


def test_every_operation_but_health_needs_a_token(app: FastAPI, anonymous: TestClient) -> None:
    walked = 0
    for method, path in operations(app):
        if path in OPEN:
            continue
        address = re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", path)
        answer = anonymous.request(method, address)
        assert answer.status_code == 401, (method, path, answer.text)
        if path.startswith("/v1/data/"):  # speaks as OPA does
            assert answer.json()["code"] == "unauthorized"
        else:
            assert answer.json()["type"] == "urn:allod:problem:unauthenticated"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        walked += 1
    assert walked > 5


def test_no_route_is_hidden_from_that_walk(app: FastAPI) -> None:
    documented = set(app.openapi()["paths"])
    hidden = {"/", "/docs", "/openapi.json"}  # documentation; the static files hold nothing but it
    served = {(route.path or "").replace(":path}", "}") for route in iter_route_contexts(app.routes) if route.methods}
    assert served - documented <= hidden


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", BOOTSTRAP, f"Bearer {BOOTSTRAP}x", "Bearer \u00e4"],
)
def test_what_is_no_token_is_answered_alike(anonymous: TestClient, header: str) -> None:
    answer = anonymous.get("/api/v1/workspaces", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:allod:problem:unauthenticated"


def test_expired_and_revoked_tokens_read_as_not_valid(
    anonymous: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work(engine) as session:
        ends = clock.now() + timedelta(hours=1)
        _, short = tokens.create(session, "short", Role.VIEWER, None, ends, INSTALLER)
        view, revoked = tokens.create(session, "revoked", Role.VIEWER, None, None, INSTALLER)
        tokens.revoke(session, view.id, None, INSTALLER)

    def ask(token: str) -> tuple[int, str]:
        answer = anonymous.get("/api/v1/workspaces", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json().get("detail", "")

    assert ask(short)[0] == 200
    assert ask(revoked) == (401, "The access token is not valid.")
    monkeypatch.setattr(clock, "now", lambda: ends)  # the very second it ends
    assert ask(short) == ask("allod_never_made") == (401, "The access token is not valid.")


def test_each_role_reaches_exactly_what_its_permissions_say(client_for: ClientFor) -> None:
    for role in Role:
        client = client_for(role)
        assert (client.get("/api/v1/workspaces").status_code == 200) == allows(role, Permission.READ)
        for address in ("tokens", "audit", "audit:verify", "audit.ndjson"):
            expected = 200 if role is Role.ADMIN else 403
            answer = client.get(f"/api/v1/{address}")
            assert answer.status_code == expected
            if expected == 403:
                assert answer.json()["type"] == "urn:allod:problem:forbidden"


def test_a_bound_admin_grants_no_more_than_he_has(client_for: ClientFor, engine: Engine) -> None:
    with unit_of_work(engine) as session:
        workspaces.ensure(session, "team-a", INSTALLER)
        workspaces.ensure(session, "team-b", INSTALLER)
    bound = client_for(Role.ADMIN, "team-a")

    def make(workspace: str | None) -> int:
        body = {"name": f"for-{workspace}", "role": "viewer", "workspace": workspace}
        return bound.post("/api/v1/tokens", json=body).status_code

    assert make("team-a") == 201
    assert make(None) == 403
    assert make("team-b") == make("nowhere") == 404
    assert bound.post("/api/v1/workspaces", json={"name": "team-c"}).status_code == 403
    assert bound.get("/api/v1/audit:verify").status_code == 403
    assert bound.get("/api/v1/audit.ndjson").status_code == 403


def test_a_bound_admin_neither_sees_nor_revokes_tokens_of_others(
    client_for: ClientFor, admin: TestClient, engine: Engine
) -> None:
    with unit_of_work(engine) as session:
        workspaces.ensure(session, "team-a", INSTALLER)
        other, _ = tokens.create(session, "other", Role.VIEWER, "team-b", None, INSTALLER)
    bound = client_for(Role.ADMIN, "team-a")
    assert {one["workspace"] for one in bound.get("/api/v1/tokens").json()["items"]} == {"team-a"}
    assert bound.delete(f"/api/v1/tokens/{other.id}").status_code == 404
    assert bound.delete(f"/api/v1/tokens/{UUID(int=0)}").status_code == 404
    assert {row["workspace"] for row in bound.get("/api/v1/audit").json()["items"]} == {"team-a"}
    assert admin.delete(f"/api/v1/tokens/{other.id}").json()["revoked_at"]


def test_a_token_is_shown_once_and_kept_nowhere(admin: TestClient, engine: Engine) -> None:
    made = admin.post("/api/v1/tokens", json={"name": "ci", "role": "gatekeeper"}).json()
    assert re.fullmatch(r"allod_[A-Za-z0-9_-]{43}", made["token"])
    assert made["token"].startswith(made["prefix"])
    assert len(made["prefix"]) == 12
    with engine.connect() as connection:
        for table in ("token", "audit_entry", "outbox"):
            text = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608 -- three fixed names
            assert made["token"] not in text
    assert made["token"] not in admin.get("/api/v1/tokens").text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "x"}, "/role"),
        ({"name": "x", "role": "king"}, "/role"),
        ({"name": "", "role": "viewer"}, "/name"),
        ({"name": "a\nb", "role": "viewer"}, "/name"),
        ({"name": "x", "role": "viewer", "colour": "red"}, "/colour"),
        ({"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "x", "role": "viewer", "expires_at": "2030-01-01T00:00:00"}, "/expires_at"),
    ],
)
def test_a_refused_token_names_the_field(admin: TestClient, body: dict[str, str], pointer: str) -> None:
    answer = admin.post("/api/v1/tokens", json=body)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [pointer]


def test_workspaces_are_listed_as_far_as_the_caller_sees(client_for: ClientFor, admin: TestClient) -> None:
    assert admin.post("/api/v1/workspaces", json={"name": "research"}).status_code == 201
    assert admin.post("/api/v1/workspaces", json={"name": "research"}).status_code == 200
    assert admin.post("/api/v1/workspaces", json={"name": "Not A Label"}).status_code == 422
    assert [one["name"] for one in admin.get("/api/v1/workspaces").json()["items"]] == ["default", "research"]
    bound = client_for(Role.VIEWER, "research")
    assert [one["name"] for one in bound.get("/api/v1/workspaces").json()["items"]] == ["research"]


def test_a_listing_is_complete_whatever_the_page(admin: TestClient) -> None:
    for number in range(5):
        admin.post("/api/v1/tokens", json={"name": f"t{number}", "role": "viewer"})
    for address in ("tokens", "audit"):
        whole = admin.get(f"/api/v1/{address}").json()["items"]
        seen: list[object] = []
        cursor: str | None = ""
        while cursor is not None:
            page = admin.get(f"/api/v1/{address}?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
            assert len(page["items"]) <= 2
            seen += page["items"]
            cursor = page["next_cursor"]
        assert seen == whole
        assert len(whole) >= 6
        for wrong in ("x", "WyJ4Il0", "WzEsMl0"):
            assert admin.get(f"/api/v1/{address}?cursor={wrong}").status_code == 422


def test_without_a_bootstrap_token_nobody_is_let_in(engine: Engine, settings: Settings) -> None:
    app = create_app(engine, settings.model_copy(update={"bootstrap_token": None}))
    with TestClient(app, headers={"Authorization": f"Bearer {BOOTSTRAP}"}) as client:
        assert client.get("/api/v1/workspaces").status_code == 401
