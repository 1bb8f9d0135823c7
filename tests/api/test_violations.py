"""`/violations` and `/evaluations` over REST, and who sees what."""

import csv
import io
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.foundation import clock
from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work
from service.inventory import ingest, workspaces
from service.inventory.facts import Kind, Observation
from service.violations.reconcile import reconcile
from tests.factories.decisions import decided, found, says

ClientFor = Callable[..., TestClient]

ITEM = {
    "id",
    "rule",
    "pack",
    "theme",
    "severity",
    "asset",
    "message",
    "path",
    "remedy",
    "controls",
    "status",
    "outcome",
}
ITEM |= {"evidence_grade", "first_seen", "last_seen", "waiver"}


@pytest.fixture
def estate(engine: Engine) -> None:
    """Two workspaces with a system each, one violation in either."""
    with unit_of_work(engine) as session:
        for number, name in enumerate(("team-a", "team-b"), 1):
            workspace = workspaces.ensure(session, name, SCHEDULER)
            ingest.record(session, workspace, [Observation(Kind.SYSTEM, "desk", name)], SCHEDULER)
            decision = decided(says(found("region", jurisdiction="US")))
            reconcile(session, workspace, [(number, "system:desk", decision)], SCHEDULER, clock.now())


@pytest.mark.usefixtures("estate")
def test_a_violation_is_listed_read_counted_and_exported(admin: TestClient) -> None:
    listed = admin.get("/api/v1/violations", params={"workspace": "team-a"}).json()
    (item,) = listed["items"]
    assert listed["next_cursor"] is None
    assert item.keys() >= ITEM
    read = admin.get(f"/api/v1/violations/{item['id']}").json()
    assert [event["event"] for event in read.pop("events")] == ["opened"]
    assert read.pop("explanation") is None
    assert read == item
    counted = admin.get("/api/v1/violations/summary", params={"by": "jurisdiction", "status": "open"}).json()
    assert counted == {
        "by": "jurisdiction",
        "total": 2,
        "items": [{"key": "US", "count": 2, "waived": 0, "outcomes": {"violation": 2}}],
    }
    exported = admin.get("/api/v1/violations.csv", params={"workspace": "team-a"})
    assert exported.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(exported.text, newline=""))
    assert row["id"] == item["id"]


@pytest.mark.usefixtures("estate")
def test_filters_go_through(admin: TestClient) -> None:
    def count(**params: str | list[str]) -> int:
        return len(admin.get("/api/v1/violations", params=params).json()["items"])

    assert count() == 2
    assert count(status=["open", "resolved"], severity="high", theme="residency", rule="RES-001") == 2
    assert count(status="resolved") == count(outcome="unknown") == count(pack="none") == count(asset="system:x") == 0
    assert admin.get("/api/v1/violations", params={"status": "waived"}).status_code == 422


@pytest.mark.usefixtures("estate")
def test_a_token_of_one_workspace_sees_its_own_alone(admin: TestClient, client_for: ClientFor) -> None:
    bound = client_for(Role.REGISTRAR, "team-a")
    assert [item["workspace"] for item in bound.get("/api/v1/violations").json()["items"]] == ["team-a"]
    assert bound.get("/api/v1/violations/summary").json()["total"] == 1
    assert len(bound.get("/api/v1/violations.csv").text.splitlines()) == 2
    (theirs,) = admin.get("/api/v1/violations", params={"workspace": "team-b"}).json()["items"]
    run = admin.post("/api/v1/evaluations", json={"workspace": "team-b"}).json()
    for path in (
        f"/violations/{theirs['id']}",
        "/violations?workspace=team-b",
        "/violations.csv?workspace=team-b",
        f"/evaluations/{run['id']}",
        "/evaluations?workspace=team-b",
    ):
        assert bound.get(f"/api/v1{path}").status_code == 404, path
    assert bound.post("/api/v1/evaluations", json={"workspace": "team-b"}).status_code == 404
    assert bound.get("/api/v1/evaluations").json()["items"] == []


@pytest.mark.usefixtures("estate")
def test_a_run_is_accepted_and_its_progress_is_told(admin: TestClient, client_for: ClientFor) -> None:
    asked = client_for(Role.REGISTRAR, "team-a").post(
        "/api/v1/evaluations", json={"assets": ["system:desk"], "as_of": "2026-01-31", "force": True}
    )
    assert asked.status_code == 202
    run = asked.json()
    assert (run["status"], run["total"], run["done"], run["outcomes"]) == ("waiting", 1, 0, {})
    assert (run["workspace"], run["as_of"], run["force"]) == ("team-a", "2026-01-31", True)
    assert run["requested_by"].startswith("token:")
    assert admin.get(f"/api/v1/evaluations/{run['id']}").json() == run
    assert admin.get("/api/v1/evaluations", params={"workspace": "team-a"}).json()["items"] == [run]


@pytest.mark.usefixtures("estate")
def test_a_run_over_an_asset_that_is_not_there_is_refused_by_name(admin: TestClient) -> None:
    body = {"workspace": "team-a", "assets": ["system:desk", "system:nowhere"]}
    refused = admin.post("/api/v1/evaluations", json=body)
    assert refused.status_code == 422
    assert "system:nowhere" in refused.text
    assert "/assets/1" in refused.text
    bodies: list[dict[str, object]] = [
        {"assets": ["nul\0"]},
        {"workspace": "nul\0"},
        {"assets": []},
        {"everything": True},
    ]
    for impossible in bodies:
        assert admin.post("/api/v1/evaluations", json=impossible).status_code == 422


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("resource", ["violations", "evaluations"])
def test_what_is_not_there_is_a_404(admin: TestClient, resource: str) -> None:
    missing: UUID = uuid4()
    assert admin.get(f"/api/v1/{resource}/{missing}").status_code == 404


@pytest.mark.usefixtures("estate")
def test_who_may_what(anonymous: TestClient, client_for: ClientFor) -> None:
    viewer, gatekeeper = client_for(Role.VIEWER), client_for(Role.GATEKEEPER)
    assert viewer.post("/api/v1/evaluations", json={"workspace": "team-a"}).status_code == 403
    for path in ("violations", "violations/summary", "violations.csv", f"violations/{uuid4()}", "evaluations"):
        assert gatekeeper.get(f"/api/v1/{path}").status_code == 403
        assert anonymous.get(f"/api/v1/{path}").status_code == 401
