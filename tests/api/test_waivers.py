"""`/waivers` over REST: who asks, who approves, and what a violation says of it."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth import tokens
from service.auth.roles import Role
from service.foundation import clock
from service.foundation.actor import INSTALLER, SCHEDULER
from service.foundation.database import unit_of_work
from service.inventory import workspaces
from service.violations.reconcile import reconcile
from tests.api.conftest import BOOTSTRAP, ClientFor
from tests.factories.decisions import decided, found, says

WAIVERS = "/api/v1/waivers"
VIOLATIONS = "/api/v1/violations"


@pytest.fixture(autouse=True)
def _estate(engine: Engine) -> None:
    """Two workspaces with the same two violations of `system:desk`."""
    with unit_of_work(engine) as session:
        for number, name in enumerate(("team-a", "team-b"), 1):
            workspace = workspaces.ensure(session, name, SCHEDULER)
            decision = decided(says(found("region"), found("backup")))
            reconcile(session, workspace, [(number, "system:desk", decision)], SCHEDULER, clock.now())


def wanted(**given: Any) -> dict[str, Any]:
    body = {
        "rule": "RES-001",
        "asset": "system:desk",
        "reason": "The move is under way.",
        "expires_at": (clock.now() + timedelta(days=10)).isoformat(),
    }
    return {**body, **given}


@pytest.fixture
def asker(client_for: ClientFor) -> TestClient:
    return client_for(Role.REGISTRAR, "team-a")


@pytest.fixture
def approver(client_for: ClientFor) -> TestClient:
    return client_for(Role.APPROVER, "team-a")


def asked(asker: TestClient, **given: Any) -> dict[str, Any]:
    answer = asker.post(WAIVERS, json=wanted(**given))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_waiver_is_asked_for_approved_shown_and_revoked(asker: TestClient, approver: TestClient) -> None:
    made = asked(asker, subject="region", ticket="T-7")
    assert (made["status"], made["holds"], made["workspace"], made["pack"]) == ("requested", False, "team-a", None)
    read = asker.get(VIOLATIONS).json()["items"]
    assert [one["waiver"] for one in read] == [None, None]
    approved = approver.post(f"{WAIVERS}/{made['id']}:approve", json={"note": "Until the move."})
    assert approved.status_code == 200
    told = approved.json()
    assert (told["status"], told["holds"], told["note"]) == ("approved", True, "Until the move.")
    assert told["approved_by"].startswith("token:approver-")
    assert asker.get(f"{WAIVERS}/{made['id']}").json() == told
    (item,) = asker.get(VIOLATIONS, params={"waived": "true"}).json()["items"]
    assert (item["subject"], item["status"]) == ("region", "open")
    mark = {key: item["waiver"][key] for key in ("id", "reason", "approved_by")}
    assert mark == {key: told[key] for key in ("id", "reason", "approved_by")}
    assert datetime.fromisoformat(item["waiver"]["expires_at"]) == datetime.fromisoformat(told["expires_at"])
    single = asker.get(f"{VIOLATIONS}/{item['id']}").json()
    assert single["waiver"] == item["waiver"]
    (other,) = asker.get(VIOLATIONS, params={"waived": "false"}).json()["items"]
    assert (other["subject"], other["waiver"]) == ("backup", None)
    (count,) = asker.get(f"{VIOLATIONS}/summary").json()["items"]
    assert (count["count"], count["waived"]) == (2, 1)
    assert asker.get(f"{VIOLATIONS}/summary", params={"waived": "false"}).json()["total"] == 1
    rows = list(csv.DictReader(io.StringIO(asker.get(f"{VIOLATIONS}.csv").text, newline="")))
    assert sorted(bool(row["waived_until"]) for row in rows) == [False, True]
    revoked = approver.post(f"{WAIVERS}/{made['id']}:revoke")
    assert (revoked.json()["status"], revoked.json()["holds"]) == ("revoked", False)
    assert asker.get(VIOLATIONS, params={"waived": "true"}).json()["items"] == []


def test_a_waiver_of_one_workspace_covers_nothing_in_another(
    asker: TestClient, approver: TestClient, client_for: ClientFor
) -> None:
    made = asked(asker)
    assert approver.post(f"{WAIVERS}/{made['id']}:approve").status_code == 200
    elsewhere = client_for(Role.ADMIN, "team-b")
    assert elsewhere.get(VIOLATIONS, params={"waived": "true"}).json()["items"] == []
    assert elsewhere.get(WAIVERS).json()["items"] == []
    assert elsewhere.get(f"{WAIVERS}/{made['id']}").status_code == 404
    for step in ("approve", "reject", "revoke", "withdraw"):
        assert elsewhere.post(f"{WAIVERS}/{made['id']}:{step}").status_code == 404
    assert elsewhere.post(WAIVERS, params={"workspace": "team-a"}, json=wanted()).status_code == 404
    assert len(asker.get(VIOLATIONS, params={"waived": "true"}).json()["items"]) == 2


def test_nobody_approves_his_own_waiver_not_even_under_a_second_token_of_his_name(
    admin: TestClient, anonymous: TestClient, engine: Engine
) -> None:
    made = admin.post(WAIVERS, params={"workspace": "team-a"}, json=wanted()).json()
    with unit_of_work(engine) as session:
        _, plaintext = tokens.create(session, "Bootstrap", Role.APPROVER, "team-a", None, INSTALLER)
    namesake = TestClient(anonymous.app, headers={"Authorization": f"Bearer {plaintext}"})
    assert plaintext != BOOTSTRAP
    for own in (admin, namesake):
        refused = own.post(f"{WAIVERS}/{made['id']}:approve")
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:allod:problem:waiver-needs-second-person"
    assert admin.get(f"{WAIVERS}/{made['id']}").json()["status"] == "requested"


def test_a_step_that_the_status_does_not_have_is_a_conflict(asker: TestClient, approver: TestClient) -> None:
    made = asked(asker)
    assert approver.post(f"{WAIVERS}/{made['id']}:reject", json={"note": "Move first."}).json()["status"] == "rejected"
    refused = approver.post(f"{WAIVERS}/{made['id']}:approve", json={})
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:allod:problem:waiver-step-not-possible"
    assert "rejected" in refused.json()["detail"]


def test_a_request_is_withdrawn_by_who_made_it(asker: TestClient, client_for: ClientFor) -> None:
    made = asked(asker)
    refused = client_for(Role.POLICY_AUTHOR).post(f"{WAIVERS}/{made['id']}:withdraw")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:allod:problem:waiver-is-anothers")
    assert asker.post(f"{WAIVERS}/{made['id']}:withdraw").json()["status"] == "withdrawn"


@pytest.mark.parametrize("role", Role)
def test_who_asks_and_who_decides(client_for: ClientFor, asker: TestClient, role: Role) -> None:
    client = client_for(role, "team-a")
    asks = role in {Role.REGISTRAR, Role.POLICY_AUTHOR, Role.ADMIN}
    decides = role in {Role.APPROVER, Role.ADMIN}
    assert client.post(WAIVERS, json=wanted()).status_code == (201 if asks else 403)
    made = asked(asker)
    assert client.post(f"{WAIVERS}/{made['id']}:withdraw").status_code == 403
    for step, status in (("approve", 200), ("revoke", 200), ("reject", 409)):
        assert client.post(f"{WAIVERS}/{made['id']}:{step}").status_code == (status if decides else 403)
    reads = role is not Role.GATEKEEPER
    assert client.get(WAIVERS).status_code == (200 if reads else 403)
    assert client.get(f"{WAIVERS}/{made['id']}").status_code == (200 if reads else 403)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"rule": "RES-999"}, "/rule"),
        ({"pack": "ai-licensing"}, "/pack"),
        ({"asset": "desk"}, "/asset"),
        ({"reason": ""}, "/reason"),
        ({"reason": " "}, "/reason"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": None}, "/expires_at"),
        ({"approved_by": "token:me"}, "/approved_by"),
    ],
)
def test_a_refused_request_names_the_field(asker: TestClient, given: dict[str, Any], path: str) -> None:
    answer = asker.post(WAIVERS, json=wanted(**given))
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]


def test_a_listing_is_filtered(asker: TestClient, approver: TestClient) -> None:
    soon = asked(asker, pack="eu-data-residency")
    orphan = asked(asker, asset="system:x", expires_at=(clock.now() + timedelta(days=20)).isoformat())
    waiting = asked(asker, rule="RES-002")
    for one in (soon, orphan):
        assert approver.post(f"{WAIVERS}/{one['id']}:approve").status_code == 200

    def ids(**params: Any) -> list[str]:
        return [one["id"] for one in asker.get(WAIVERS, params=params).json()["items"]]

    assert ids() == [waiting["id"], orphan["id"], soon["id"]]
    assert ids(status="requested") == ids(rule="RES-002") == [waiting["id"]]
    assert ids(asset="system:x") == ids(orphaned="true") == [orphan["id"]]
    assert ids(pack="eu-data-residency") == ids(expiring_within="14d") == [soon["id"]]
    assert ids(expiring_within="480h") == [orphan["id"], soon["id"]]
    assert ids(orphaned="false") == [waiting["id"], soon["id"]]
    assert ids(limit=1) == [waiting["id"]]
    for wrong in ("14", "0d", "2w", "d"):
        refused = asker.get(WAIVERS, params={"expiring_within": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/expiring_within")
    assert asker.get(WAIVERS, params={"status": "expired"}).status_code == 422


def test_what_is_not_there_is_a_404(approver: TestClient) -> None:
    assert approver.get(f"{WAIVERS}/{uuid4()}").status_code == 404
    assert approver.post(f"{WAIVERS}/{uuid4()}:approve").status_code == 404
