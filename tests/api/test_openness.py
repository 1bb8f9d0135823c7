"""`GET /openness`: a model's class, by the licences that its workspace knows."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES
from service.inventory import reference_load, workspaces
from service.inventory.openness import Release, Released, assess
from service.inventory.tables import ReferenceEntry
from tests.api.conftest import ClientFor

COMPONENTS = [
    {"name": "Model card"},
    {"name": "Datasets", "licence": "CC BY 4.0"},
    {"name": "Data card", "licence": "LicenseRef-ours"},
]


@pytest.fixture(autouse=True)
def loaded(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")


def registered(client: TestClient, workspace: str, **attributes: Any) -> None:
    body = {"attributes": attributes}
    assert client.put(f"/api/v1/assets/model:acme/llm?workspace={workspace}", json=body).status_code == 201


def test_a_model_has_both_answers(admin: TestClient) -> None:
    registered(admin, "team-a", licence="Apache-2.0", components=COMPONENTS)
    answer = admin.get("/api/v1/openness", params={"asset": "model:acme/llm", "workspace": "team-a"})
    assert answer.status_code == 200
    release = Release(
        tuple(Released(one["name"], one.get("licence")) for one in COMPONENTS), {"distribution": "Apache-2.0"}
    )
    assert answer.json() == {"asset": "model:acme/llm", **assess(release).as_dict()}
    assert answer.json()["strict"]["class"] == 0
    assert set(answer.json()["strict"]["progress"]) == {"1", "2", "3"}


def test_a_workspace_s_own_licence_counts_in_its_resolved_answer(admin: TestClient, engine: Engine) -> None:
    for name in ("team-a", "team-b"):
        registered(admin, name, components=COMPONENTS)
    ours = {
        "title": "Ours",
        "osi": True,
        "fsf": False,
        "commercial_use": True,
        "obligations": [],
        "family": "permissive",
    }
    with unit_of_work(engine) as session:
        home = workspaces.ensure(session, "team-a", INSTALLER)
        session.add(
            ReferenceEntry(
                catalogue="licence",
                key="LicenseRef-ours",
                workspace_id=home.id,
                body=ours,
                source="contract",
                reviewed_on=date(2026, 11, 23),
            )
        )

    def status(workspace: str, mode: str) -> object:
        answer = admin.get("/api/v1/openness", params={"asset": "model:acme/llm", "workspace": workspace}).json()
        return next(one["status"] for one in answer[mode]["components"] if one["name"] == "Data card")

    assert status("team-a", "resolved") == "included"
    assert status("team-a", "strict") == "invalid"
    assert status("team-b", "resolved") == "invalid"


def test_who_may_ask_and_of_what(admin: TestClient, client_for: ClientFor, anonymous: TestClient) -> None:
    registered(admin, "team-a")
    assert admin.put("/api/v1/assets/system:desk?workspace=team-a", json={}).status_code == 201
    viewer, stranger = client_for(Role.VIEWER, "team-a"), client_for(Role.VIEWER, "team-b")

    def asked(client: TestClient, asset: str) -> int:
        return client.get("/api/v1/openness", params={"asset": asset, "workspace": "team-a"}).status_code

    assert asked(viewer, "model:acme/llm") == 200
    assert asked(viewer, "model:acme/other") == 404
    assert asked(viewer, "system:desk") == 422
    assert asked(stranger, "model:acme/llm") == 404
    assert asked(client_for(Role.GATEKEEPER), "model:acme/llm") == 403
    assert asked(anonymous, "model:acme/llm") == 401
    assert viewer.get("/api/v1/openness").status_code == 422
