"""Every refusal is a problem document, names its request, and tells nothing that it should not."""

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from structlog.testing import capture_logs

from service.api.requests import BODY_LIMIT
from service.app import create_app
from service.foundation.errors import Fault, Invalid
from service.foundation.settings import Settings


def problem(answer: object) -> dict[str, object]:
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    body: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert body["request_id"] == answer.headers["X-Request-ID"]  # type: ignore[attr-defined]
    assert body["status"] == answer.status_code  # type: ignore[attr-defined]
    return body


def test_an_unknown_address_and_a_wrong_method(anonymous: TestClient) -> None:
    missing = problem(anonymous.get("/api/v1/nowhere"))
    assert (missing["type"], missing["instance"]) == ("urn:allod:problem:not-found", "/api/v1/nowhere")
    answer = anonymous.post("/healthz")
    assert problem(answer)["type"] == "urn:allod:problem:method-not-allowed"
    assert answer.headers["Allow"] == "GET"


def test_a_body_that_is_no_json(admin: TestClient) -> None:
    answer = admin.post("/api/v1/tokens", content=b'{"name": ', headers={"Content-Type": "application/json"})
    assert problem(answer)["errors"] == [
        {"path": "", "message": "the body is not JSON from character 9 on", "expected": "a JSON document"}
    ]


def test_what_was_sent_is_not_echoed(admin: TestClient) -> None:
    answer = admin.post("/api/v1/tokens", json={"name": "x", "role": "viewer", "workspace": ["hunter2"]})
    assert problem(answer)["status"] == 422
    assert "hunter2" not in answer.text


def test_a_room_s_refusal_keeps_its_faults(app: FastAPI) -> None:
    @app.get("/refuse")
    def refuse() -> None:
        raise Invalid("No.", [Fault("/a", "is wrong", "right", document=2, file="x.yaml", line=7)])

    assert problem(TestClient(app).get("/refuse"))["errors"] == [
        {"file": "x.yaml", "line": 7, "document": 2, "path": "/a", "message": "is wrong", "expected": "right"}
    ]


def test_an_unhandled_failure_tells_its_log_and_not_its_caller(app: FastAPI) -> None:
    @app.get("/fail")
    def fail() -> None:
        raise RuntimeError("secret of the house")

    with capture_logs() as logs:
        answer = TestClient(app).get("/fail")
    body = problem(answer)
    assert (body["status"], body["type"]) == (500, "urn:allod:problem:internal-error")
    assert "secret" not in answer.text
    assert [line["event"] for line in logs] == ["request.failed", "request"]
    assert logs[0]["exc_info"]
    assert logs[1]["status"] == 500


def test_half_an_answer_is_broken_off_not_ended_well(app: FastAPI) -> None:
    @app.get("/half")
    def half() -> StreamingResponse:
        def lines() -> Iterator[bytes]:
            yield b"first\n"
            raise RuntimeError("second")

        return StreamingResponse(lines())

    with pytest.raises(RuntimeError, match="second"):
        TestClient(app).get("/half")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_before_it_is_read(admin: TestClient, chunked: bool) -> None:
    chunk = b" " * 2**20

    def chunks() -> Iterator[bytes]:
        for _ in range(BODY_LIMIT // len(chunk) + 1):
            yield chunk

    content = chunks() if chunked else b"".join(chunks())
    answer = admin.post("/api/v1/tokens", content=content, headers={"Content-Type": "application/json"})
    assert problem(answer)["type"] == "urn:allod:problem:content-too-large"
    assert answer.status_code == 413


def test_a_nul_is_refused_where_it_stands(admin: TestClient) -> None:
    assert problem(admin.get("/api/v1/tokens?cursor=%00"))["status"] == 400
    assert problem(admin.get("/api/v1/as%00sets"))["status"] == 400


def test_what_the_database_cannot_store_is_the_caller_s_to_mend(app: FastAPI, engine: Engine) -> None:
    @app.get("/unstorable")
    def unstorable() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT %(big)s::text::bigint", {"big": str(2**70)})

    assert problem(TestClient(app).get("/unstorable"))["type"] == "urn:allod:problem:invalid-input"


@pytest.mark.parametrize("given", ["trace-1.A_b", "x" * 128])
def test_a_well_formed_request_id_is_kept(anonymous: TestClient, given: str) -> None:
    assert anonymous.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a;b", '"}'])
def test_any_other_is_replaced(anonymous: TestClient, given: str) -> None:
    fresh = anonymous.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert fresh != given
    assert len(fresh) == 36


def test_a_request_s_log_line_names_route_and_caller(admin: TestClient) -> None:
    with capture_logs() as logs:
        admin.get("/api/v1/tokens?limit=3")
    (line,) = [line for line in logs if line["event"] == "request"]
    assert (line["route"], line["actor"], line["status"]) == ("/api/v1/tokens", "token:bootstrap", 200)
    assert "bootstrap-token" not in json.dumps(line, default=str)


def test_an_app_of_its_own_settings_configures_its_logs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    configured: list[object] = []
    monkeypatch.setattr("service.app.from_environment", lambda: settings)
    monkeypatch.setattr("service.app.logs.configure", configured.append)
    create_app(engine)
    create_app(engine, settings)
    assert configured == [settings.log_format]


def test_a_handler_sees_the_request_id_in_its_state(app: FastAPI) -> None:
    @app.get("/id")
    def tell(request: Request) -> str:
        found: str = request.state.request_id
        return found

    answer = TestClient(app).get("/id")
    assert answer.json() == answer.headers["X-Request-ID"]
