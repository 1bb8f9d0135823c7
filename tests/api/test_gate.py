"""The gate over HTTP: one answer, and every way in which there is none."""

import json
from typing import cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Module
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES, Settings
from service.inventory import reference_load
from service.packs.source import Library, load_library
from service.pipeline import Ground
from tests.api.conftest import ClientFor
from tests.factories.libraries import of_eight

REGION = "cloud_region:scaleway/fr-par"


def system(region: str = REGION) -> dict[str, object]:
    paths = [{"purpose": purpose, "region": region} for purpose in ("storage", "processing")]
    attributes = {"commercial": False, "criticality": "low", "data_classes": ["personal"], "data_paths": paths}
    return {"kind": "system", "name": "desk", "attributes": attributes}


@pytest.fixture(autouse=True)
def _catalogue(app: FastAPI, engine: Engine, settings: Settings, anonymous: TestClient) -> None:
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")
    ground = Ground.of(settings)
    app.state.ground = Ground(ground.engine, of_eight(ground.library))


def ask(client: TestClient, *candidates: dict[str, object], **params: str) -> dict[str, object]:
    answer = client.post("/api/v1/gate", json={"candidate": candidates}, params=params)
    assert answer.status_code == 200, answer.text
    decision: dict[str, object] = answer.json()["decision"]
    return decision


def test_a_decision_is_given_kept_and_made_again(admin: TestClient) -> None:
    assert ask(admin, system())["verdict"] == "allow"
    blocked = ask(admin, system("cloud_region:aws/us-east-1"))
    assert (blocked["verdict"], blocked["undecided"]) == ("block", False)
    kept = admin.get(f"/api/v1/decisions/{blocked['id']}").json()
    assert {key: kept[key] for key in ("id", "verdict", "undecided", "workspace", "as_of", "engine", "digest")} == {
        key: blocked[key] for key in ("id", "verdict", "undecided", "workspace", "as_of", "engine", "digest")
    }
    told = [
        {key: reason[key] for key in kept["reasons"][0]}
        for reason in cast("list[dict[str, object]]", blocked["reasons"])
    ]
    assert told == kept["reasons"]
    assert [one["asset"] for one in kept["inputs"]] == ["system:desk"]
    again = admin.post(f"/api/v1/decisions/{blocked['id']}:replay").json()
    assert (again["identical"], again["digest"]) == (True, kept["digest"])
    page = admin.get("/api/v1/decisions", params={"limit": 1}).json()
    rest = admin.get("/api/v1/decisions", params={"cursor": page["next_cursor"]}).json()
    assert [one["verdict"] for one in page["items"] + rest["items"]] == ["block", "allow"]
    assert admin.get("/api/v1/decisions", params={"cursor": "WzFd"}).status_code == 422


def test_a_file_may_be_the_body(client_for: ClientFor) -> None:
    gatekeeper = client_for(Role.GATEKEEPER)
    answer = gatekeeper.post("/api/v1/gate", content=json.dumps(system()), headers={"Content-Type": "application/yaml"})
    assert answer.json()["decision"]["verdict"] == "allow"


def test_a_gatekeeper_asks_and_sees_nothing_else(client_for: ClientFor) -> None:
    gatekeeper = client_for(Role.GATEKEEPER)
    decision = ask(gatekeeper, system())
    for path in ("decisions", f"decisions/{decision['id']}", "assets", "violations", "rules", "audit"):
        assert gatekeeper.get(f"/api/v1/{path}").status_code == 403, path


def test_another_workspaces_decision_is_not_there(admin: TestClient, client_for: ClientFor) -> None:
    decision = ask(admin, system())
    stranger = client_for(Role.VIEWER, "team-b")
    admin.put("/api/v1/assets/model:x?workspace=team-b", json={})
    for answer in (
        stranger.get(f"/api/v1/decisions/{decision['id']}"),
        stranger.post(f"/api/v1/decisions/{decision['id']}:replay"),
        stranger.get(f"/api/v1/decisions/{UUID(int=7)}"),
    ):
        assert answer.status_code == 404
    assert stranger.get("/api/v1/decisions").json()["items"] == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"candidate": []}', b'{"candidate": [{"kind": "sistem", "name": "x"}]}', b"\xff"]
)
def test_an_unreadable_candidate_is_refused_not_allowed(admin: TestClient, body: bytes) -> None:
    answer = admin.post("/api/v1/gate", content=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:allod:problem:invalid-input")


def test_a_missing_opa_is_no_verdict(app: FastAPI, admin: TestClient) -> None:
    app.state.ground = Ground(OpaEngine("http://127.0.0.1:1", timeout=1), load_library(POLICIES))
    answer = admin.post("/api/v1/gate", json={"candidate": [system()]})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:allod:problem:unavailable")
    assert admin.get("/api/v1/decisions").json()["items"] == []


def test_a_broken_rule_blocks_and_says_that_nothing_was_decided(app: FastAPI, admin: TestClient) -> None:
    library = of_eight(load_library(POLICIES))
    rule = library.rules["RES-001"]
    broken = Module(rule.module.path, rule.module.text.replace("default applies := false", "applies if 1 / 0 == 1"))
    rules = {
        **library.rules,
        "RES-001": type(rule)(**{f: getattr(rule, f) for f in rule.__slots__} | {"module": broken}),
    }
    app.state.ground = Ground(app.state.ground.engine, Library(rules, library.packs, library.modules, library.blocs))
    decision = ask(admin, system())
    assert (decision["verdict"], decision["undecided"]) == ("block", True)
    assert {(one["rule"], one["outcome"]) for one in decision["reasons"]} == {("RES-001", "error")}  # type: ignore[attr-defined]
