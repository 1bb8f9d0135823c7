"""`/rules` and `/packs`: what is judged, and what a workspace sets of it."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES
from service.inventory import workspaces
from tests.api.conftest import ClientFor

PACK = "/api/v1/packs/eu-data-residency"


@pytest.fixture(autouse=True)
def _workspaces(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        for name in ("team-a", "team-b"):
            workspaces.ensure(session, name, INSTALLER)


def test_rules_are_listed_by_id_with_what_they_say_of_themselves(client_for: ClientFor) -> None:
    items = client_for(Role.VIEWER).get("/api/v1/rules").json()["items"]
    assert [item["id"] for item in items] == sorted(item["id"] for item in items)
    residency = next(item for item in items if item["id"] == "RES-001")
    assert residency["packs"] == ["eu-data-residency", "us-state-residency"]
    assert {"framework": "GDPR", "id": "Art. 44", "title": "General principle for transfers"} in residency["controls"]
    assert {one["name"]: one["type"] for one in residency["parameters"]} == {
        "allowed": "places",
        "data_classes": "data_classes",
    }


def test_a_rule_is_read_with_its_text_and_one_that_is_not_there_is_404(client_for: ClientFor) -> None:
    client = client_for(Role.VIEWER)
    assert "package allod.rules.vendor.exit_plan" in client.get("/api/v1/rules/VEN-003").json()["rego"]
    assert client.get("/api/v1/rules/VEN-999").status_code == 404


def test_a_pack_is_set_in_one_workspace_alone(client_for: ClientFor) -> None:
    author = client_for(Role.POLICY_AUTHOR, "team-a")
    answer = author.put(
        PACK, json={"parameters": {"allowed": ["FR", "DE"]}, "enforcement": {"ci": {"unknown": "warn"}}}
    )
    assert answer.status_code == 200
    said = author.get(PACK).json()
    assert said == answer.json()
    (allowed,) = [one for one in said["parameters"] if one["name"] == "allowed"]
    assert (allowed["value"], allowed["shipped"]) == (["DE", "FR"], ["EEA"])
    assert said["enforcement"]["ci"] == {"violation": "block", "unknown": "warn"}
    other = client_for(Role.VIEWER, "team-b").get("/api/v1/packs").json()["items"]
    assert [one["id"] for one in other] == sorted(path.parent.name for path in (POLICIES / "packs").glob("*/pack.yaml"))
    assert all(one["value"] == one["shipped"] for pack in other for one in pack["parameters"])


def test_a_pack_can_be_switched_off_and_on(client_for: ClientFor) -> None:
    author = client_for(Role.POLICY_AUTHOR, "team-a")
    assert author.put(PACK, json={"active": False}).json()["active"] is False
    assert author.put(PACK, json={}).json()["active"] is True


def test_a_pack_judges_chosen_assets_from_a_day_of_the_workspace_s_own(client_for: ClientFor) -> None:
    author = client_for(Role.POLICY_AUTHOR, "team-a")
    shipped = author.get(PACK).json()
    assert shipped["labels"] == {}
    assert shipped["effective_on"] == shipped["shipped_effective_on"]
    labels = {"env": ["staging", "prod"]}
    answer = author.put(PACK, json={"labels": labels, "effective_on": "2027-03-01"})
    assert answer.status_code == 200
    said = author.get(PACK).json()
    assert said == answer.json()
    assert said["labels"] == {"env": ["prod", "staging"]}
    assert (said["effective_on"], said["shipped_effective_on"]) == ("2027-03-01", shipped["shipped_effective_on"])
    assert client_for(Role.VIEWER, "team-b").get(PACK).json()["labels"] == {}
    assert author.put(PACK, json={}).json() == shipped


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"labels": {"env": []}}, "/labels/env"),
        ({"labels": {"env": "prod"}}, "/labels/env"),
        ({"labels": {"not a key": ["prod"]}}, "/labels/not a key"),
        ({"labels": ["env"]}, "/labels"),
        ({"effective_on": "soon"}, "/effective_on"),
    ],
)
def test_labels_and_days_of_a_wrong_form_are_refused_by_place(
    client_for: ClientFor, body: dict[str, object], path: str
) -> None:
    answer = client_for(Role.POLICY_AUTHOR, "team-a").put(PACK, json=body)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]


def test_what_cannot_be_set_is_refused_with_the_parameter_and_what_is_expected(client_for: ClientFor) -> None:
    answer = client_for(Role.POLICY_AUTHOR, "team-a").put(PACK, json={"parameters": {"allowed": ["UK"]}})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["path"] == "/parameters/allowed"
    assert "ISO 3166-1" in fault["expected"]


def test_only_an_author_sets_packs_and_only_where_he_may(client_for: ClientFor) -> None:
    assert client_for(Role.REGISTRAR, "team-a").put(PACK, json={}).status_code == 403
    elsewhere = client_for(Role.POLICY_AUTHOR, "team-a").put(PACK, json={}, params={"workspace": "team-b"})
    assert elsewhere.status_code == 404


def test_a_pack_that_is_not_there_is_404(anonymous: TestClient, client_for: ClientFor) -> None:
    assert client_for(Role.VIEWER, "team-a").get("/api/v1/packs/eu").status_code == 404
    assert anonymous.get(PACK).status_code == 401
