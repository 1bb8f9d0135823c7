"""Alive, ready, counted."""

import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from service.api import health
from service.foundation.outbox import Topic, announce


def checks(client: TestClient, status: int) -> dict[str, str]:
    answer = client.get("/readyz")
    assert answer.status_code == status, answer.text
    found: dict[str, str] = answer.json()["checks"]
    return found


def test_it_lives_without_a_token(anonymous: TestClient) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_when_all_four_answer(app: FastAPI, anonymous: TestClient) -> None:
    assert checks(anonymous, 503) == {"database": "ok", "migrations": "ok", "broker": "failed", "engine": "ok"}
    app.state.probes["broker"] = lambda: None
    assert set(checks(anonymous, 200).values()) == {"ok"}


def test_an_older_database_is_not_ready(anonymous: TestClient, session: Session) -> None:
    session.connection().execute(text("UPDATE alembic_version SET version_num = '0000'"))
    session.commit()
    found = checks(anonymous, 503)
    assert (found["database"], found["migrations"]) == ("ok", "failed")


def test_a_probe_that_hangs_is_left_behind(
    app: FastAPI, anonymous: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBE_SECONDS", 0.2)
    app.state.probes.update(database=lambda: time.sleep(3), broker=lambda: None)
    begun = time.monotonic()
    found = checks(anonymous, 503)
    assert found["database"] == "timeout"
    assert time.monotonic() - begun < 2.5


def test_an_engine_that_answers_wrongly_is_not_ready(anonymous: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ANSWER", {})
    assert checks(anonymous, 503)["engine"] == "failed"


def test_readiness_tells_states_and_no_addresses(app: FastAPI, anonymous: TestClient) -> None:
    def fail() -> None:
        raise OSError("no route to 10.0.0.7")

    app.state.probes["database"] = fail
    assert "10.0.0.7" not in anonymous.get("/readyz").text


def test_metrics_count_by_route_template_and_depth_of_the_outbox(admin: TestClient, session: Session) -> None:
    announce(session, Topic.ASSET_CHANGED, {"workspace": "default", "refs": []})
    session.commit()
    admin.get("/api/v1/tokens?limit=2")
    admin.delete("/api/v1/tokens/018f0000-0000-7000-8000-000000000000")
    admin.get("/wp-admin.php")
    admin.request("BREW", "/coffee")
    page = admin.get("/metrics").text
    assert 'allod_http_requests_total{method="GET",route="/api/v1/tokens",status="200"} 1.0' in page
    assert 'allod_http_requests_total{method="DELETE",route="/api/v1/tokens/{token_id}",status="404"} 1.0' in page
    assert 'allod_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in page
    assert 'method="other",route="unmatched"' in page
    assert 'allod_outbox_messages{topic="asset.changed"} 1.0' in page
    assert "allod_database_up 1.0" in page


def test_metrics_answer_without_a_database(anonymous: TestClient, session: Session) -> None:
    session.connection().execute(text("ALTER TABLE outbox RENAME TO gone"))
    session.commit()
    answer = anonymous.get("/metrics")
    assert answer.status_code == 200
    assert "allod_database_up 0.0" in answer.text


def test_every_operation_is_counted_under_the_path_that_the_document_names(app: FastAPI, anonymous: TestClient) -> None:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            anonymous.request(method, path.replace("{", "").replace("}", ""))
    page = anonymous.get("/metrics").text
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            route = path.replace("{ref}", "{ref:path}").replace("{key}", "{key:path}").replace("{path}", "{path:path}")
            assert f'method="{method.upper()}",route="{route}"' in page
