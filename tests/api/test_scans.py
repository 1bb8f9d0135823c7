"""Sources and scans over REST: their life, their error paths, and who may do what."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.foundation import clock
from service.foundation.database import unit_of_work
from service.foundation.settings import settings as own_settings
from service.jobs import scan
from service.scans import leases
from service.scans.connector import Asked, Context, Event, Read, Seen
from tests.api.conftest import ClientFor

SOURCE = {"connector": "mlflow", "settings": {"url": "http://127.0.0.1:1"}, "schedule": {"every_seconds": 600}}
PUSH = {
    "parts": [
        {
            "part": "host",
            "complete": True,
            "assets": [
                {"object": "h1", "manifest": {"kind": "gpu_host", "name": "h1", "attributes": {"driver": "550"}}}
            ],
            "notes": [{"object": "h1", "text": "no MIG"}],
        }
    ]
}


def _two(_: Any, context: Context) -> Iterator[Event]:
    yield Asked("all", 2)
    for name in ("a", "b"):
        yield Seen("all", name, {"kind": "model", "name": name})
    yield Read("all")


@pytest.fixture(autouse=True)
def _scripted(script: Callable[..., None]) -> None:
    script(_two)


@pytest.fixture
def work(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Does a run as a worker would."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(f"ALLOD_{name}", "postgresql://nowhere/x")
    own_settings.cache_clear()

    def run(scan_id: str) -> None:
        with unit_of_work(engine) as session:
            leases.due(session, clock.now(), timedelta(seconds=20))
        scan.work(UUID(scan_id), engine, timedelta(seconds=20))

    yield run
    own_settings.cache_clear()


def test_the_life_of_a_source(admin: TestClient, work: Callable[[str], None]) -> None:
    made = admin.put("/api/v1/sources/it", json=SOURCE)
    assert (made.status_code, made.json()["next_due_at"] is not None) == (201, True)
    assert admin.put("/api/v1/sources/it", json=SOURCE).json() == made.json()
    assert admin.get("/api/v1/sources/it").json() == made.json()
    assert [one["name"] for one in admin.get("/api/v1/sources").json()["items"]] == ["it"]
    run = admin.post("/api/v1/sources/it:scan")
    assert (run.status_code, run.json()["status"]) == (202, "waiting")
    scan_id = run.json()["id"]
    work(scan_id)
    ended = admin.get(f"/api/v1/scans/{scan_id}").json()
    assert (ended["status"], ended["seen"], ended["created"]) == ("done", 2, 2)
    assert admin.get(f"/api/v1/scans/{scan_id}/parts").json()["items"] == [
        {"part": "all", "status": "read", "expected": 2, "seen": 2, "refused": 0, "noted": 0}
    ]
    assert admin.get(f"/api/v1/scans/{scan_id}/problems").json() == {"items": [], "next_cursor": None}
    assert [one["id"] for one in admin.get("/api/v1/scans?source=it&status=done").json()["items"]] == [scan_id]
    known = admin.get("/api/v1/statements?asset=model:a").json()
    assert [one["origin"] for one in known["statements"]] == ["source:it"]
    assert "allod_scans" in admin.get("/metrics").text
    assert admin.delete("/api/v1/sources/it").status_code == 204
    assert admin.get("/api/v1/sources/it").status_code == 404
    assert admin.get(f"/api/v1/scans/{scan_id}").status_code == 404


def test_a_disagreement_is_shown(admin: TestClient, work: Callable[[str], None], script: Callable[..., None]) -> None:
    def verified(_: Any, context: Context) -> Iterator[Event]:
        yield Asked("all")
        evidence = {"version": {"grade": "verified", "source": "api"}}
        yield Seen("all", "a", {"kind": "model", "name": "a", "attributes": {"version": "2"}, "evidence": evidence})
        yield Read("all")

    script(verified)
    admin.put("/api/v1/assets/model:a", json={"attributes": {"version": "1"}})
    admin.put("/api/v1/sources/it", json=SOURCE)
    work(admin.post("/api/v1/sources/it:scan").json()["id"])
    asset = admin.get("/api/v1/assets/model:a").json()
    assert (asset["attributes"]["version"], asset["evidence"]["version"]["grade"]) == ("2", "verified")
    (found,) = admin.get("/api/v1/statements?asset=model:a").json()["disagreements"]
    assert (found["attribute"], found["holds"]["value"], found["others"][0]["value"]) == ("version", "2", "1")


def test_a_test_run_shows_what_it_would_record(admin: TestClient, work: Callable[[str], None]) -> None:
    admin.put("/api/v1/sources/it", json=SOURCE)
    run = admin.post("/api/v1/sources/it:test").json()
    work(run["id"])
    ended = admin.get(f"/api/v1/scans/{run['id']}").json()
    assert [one["ref"] for one in ended["preview"]] == ["model:a", "model:b"]
    assert admin.get("/api/v1/assets").json()["items"] == []


def test_an_agent_pushes(admin: TestClient, client_for: ClientFor) -> None:
    admin.put("/api/v1/sources/host", json={**SOURCE, "schedule": None, "stale_after": 1, "remove_after": 1})
    agent = client_for(Role.REGISTRAR, "default")
    run = agent.post("/api/v1/sources/host:push", json=PUSH)
    assert (run.status_code, run.json()["status"], run.json()["created"], run.json()["mode"]) == (
        202,
        "done",
        1,
        "push",
    )
    again = agent.post("/api/v1/sources/host:push", json=PUSH).json()
    assert (again["created"], again["unchanged"], again["noted"]) == (0, 1, 1)
    broken = {"parts": [{"part": "host", "complete": False, "refused": [{"object": None, "reason": "driver is gone"}]}]}
    failed = agent.post("/api/v1/sources/host:push", json=broken).json()
    assert (failed["status"], failed["error"], failed["removed"]) == ("failed", "host: driver is gone", 0)
    odd = {"parts": [{"part": "host", "complete": True, "assets": [{"object": "x", "manifest": {"kind": "cat"}}]}]}
    assert agent.post("/api/v1/sources/host:push", json=odd).json()["refused"] == 1
    gone = agent.post("/api/v1/sources/host:push", json={"parts": [{"part": "host", "complete": True}]}).json()
    assert (gone["status"], gone["removed"]) == ("done", 1)


def test_progress_is_followed(admin: TestClient, work: Callable[[str], None]) -> None:
    admin.put("/api/v1/sources/it", json=SOURCE)
    scan_id = admin.post("/api/v1/sources/it:scan").json()["id"]
    worker = threading.Timer(0.7, work, [scan_id])
    worker.start()
    with admin.stream("GET", f"/api/v1/scans/{scan_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[5:]) for line in answer.iter_lines() if line.startswith("data:")]
    worker.join()
    assert events[0]["status"] == "waiting"
    assert (events[-1]["status"], events[-1]["seen"]) == ("done", 2)


def test_cancelling(admin: TestClient) -> None:
    admin.put("/api/v1/sources/it", json=SOURCE)
    scan_id = admin.post("/api/v1/sources/it:scan").json()["id"]
    assert admin.post(f"/api/v1/scans/{scan_id}:cancel").json()["status"] == "cancelled"
    again = admin.post(f"/api/v1/scans/{scan_id}:cancel")
    assert (again.status_code, again.json()["type"].endswith("conflict")) == (409, True)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"settings": {"url": 7}}, "/settings/url"),
        ({"settings": {"ulr": "x"}}, "/settings/ulr"),
        ({"settings": {"token": "the-secret-itself"}}, "/settings/token"),
        ({"schedule": {"cron": "every day"}}, "/schedule/cron"),
        ({"schedule": {"cron": "0 0 30 2 *"}}, "/schedule/cron"),
        ({"schedule": {"cron": "0 0 * * *", "every_seconds": 60}}, "/schedule"),
        ({"stale_after": 5, "remove_after": 2}, "/remove_after"),
        ({"aliases": {"model:a": "dataset:b"}}, "/aliases/model:a"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_its_place(
    admin: TestClient, change: dict[str, Any], path: str
) -> None:
    answer = admin.put("/api/v1/sources/it", json={**SOURCE, **change})
    assert answer.status_code == 422, answer.text
    assert path in [error["path"] for error in answer.json()["errors"]]
    assert "the-secret-itself" not in answer.text


def test_a_name_and_a_connector_must_be_known(admin: TestClient) -> None:
    assert admin.put("/api/v1/sources/Not%20a%20name", json=SOURCE).status_code == 422
    admin.put("/api/v1/sources/it", json=SOURCE)
    assert admin.put("/api/v1/sources/it", json={**SOURCE, "connector": "aws"}).status_code == 409
    for path in ("/sources/none", "/scans/01a20f7c-a178-76f9-b1e4-18ae244b3d31"):
        assert admin.get(f"/api/v1{path}").status_code == 404
    assert admin.delete("/api/v1/sources/none").status_code == 404
    for cursor in ("x", "WzFd"):
        assert admin.get(f"/api/v1/sources?cursor={cursor}").status_code == 422


def test_who_may_do_what(admin: TestClient, client_for: ClientFor, anonymous: TestClient) -> None:
    admin.put("/api/v1/sources/it?workspace=team-a", json=SOURCE)
    scan_id = admin.post("/api/v1/sources/it:scan?workspace=team-a").json()["id"]
    assert anonymous.get("/api/v1/sources").status_code == 401
    registrar, viewer = client_for(Role.REGISTRAR, "team-a"), client_for(Role.VIEWER, "team-a")
    elsewhere = client_for(Role.ADMIN, "team-b")
    assert registrar.put("/api/v1/sources/mine", json=SOURCE).status_code == 403
    assert registrar.post("/api/v1/sources/it:scan").status_code == 202
    assert registrar.post("/api/v1/sources/it:test").status_code == 403
    assert viewer.get("/api/v1/sources/it").status_code == 200
    assert viewer.post("/api/v1/sources/it:scan").status_code == 403
    for path in ("/sources/it", f"/scans/{scan_id}", f"/scans/{scan_id}/parts", f"/scans/{scan_id}/problems"):
        assert elsewhere.get(f"/api/v1{path}").status_code == 404
    assert elsewhere.get("/api/v1/sources").json()["items"] == []
    assert elsewhere.post(f"/api/v1/scans/{scan_id}:cancel").status_code == 404
