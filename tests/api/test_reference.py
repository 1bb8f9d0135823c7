"""`GET /reference`: pages, single keys, dates, and whose statements are seen."""

from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES
from service.inventory import reference_load, workspaces
from service.inventory.tables import ReferenceEntry
from tests.api.conftest import ClientFor


@pytest.fixture(autouse=True)
def loaded(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")
        home = workspaces.ensure(session, "team-a", INSTALLER)
        session.add(
            ReferenceEntry(
                catalogue="vendor",
                key="vendor:ovh",
                workspace_id=home.id,
                body={"title": "Ours"},
                source="contract",
                reviewed_on=date(2026, 11, 23),
            )
        )


def test_all_pages_of_a_catalogue(client_for: ClientFor) -> None:
    client = client_for(Role.VIEWER)
    keys: list[str] = []
    cursor = ""
    while True:
        answer = client.get("/api/v1/reference/region", params={"limit": 50} | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200
        keys += [item["key"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if not cursor:
            break
    assert keys == sorted(set(keys))
    assert "aws/eu-central-1" in keys


def test_a_key_with_a_slash_and_the_day_it_holds(client_for: ClientFor) -> None:
    client = client_for(Role.VIEWER)
    (said,) = client.get("/api/v1/reference/region/aws/eusc-de-east-1").json()["items"]
    assert (said["body"]["country"], said["valid_from"], said["own"]) == ("DE", "2026-01-15", False)
    assert said["source"]
    assert client.get("/api/v1/reference/bloc_member/EU/GB", params={"as_of": "2020-01-31"}).status_code == 200
    gone = client.get("/api/v1/reference/bloc_member/EU/GB", params={"as_of": "2020-02-01"})
    assert gone.status_code == 404
    assert "2020-02-01" in gone.json()["detail"]
    assert len(client.get("/api/v1/reference/adequacy/US").json()["items"]) == 3


def test_a_workspace_sees_its_own_statement_and_others_do_not(client_for: ClientFor) -> None:
    def title(client: TestClient, **params: str) -> object:
        answer = client.get("/api/v1/reference/vendor/vendor:ovh", params=params)
        return answer.json()["items"][0]["body"]["title"] if answer.status_code == 200 else answer.status_code

    assert title(client_for(Role.VIEWER, "team-a")) == "Ours"
    assert title(client_for(Role.VIEWER), workspace="team-a") == "Ours"
    assert title(client_for(Role.VIEWER)) == "OVH"
    assert title(client_for(Role.VIEWER, "team-b")) == "OVH"
    assert title(client_for(Role.VIEWER, "team-b"), workspace="team-a") == 404


def test_what_is_not_there_and_who_may_not_ask(client_for: ClientFor, anonymous: TestClient) -> None:
    client = client_for(Role.VIEWER)
    assert client.get("/api/v1/reference/region/aws/nowhere").status_code == 404
    assert client.get("/api/v1/reference/odd").status_code == 422
    assert client.get("/api/v1/reference/region", params={"cursor": "odd"}).status_code == 422
    assert anonymous.get("/api/v1/reference/region").status_code == 401
