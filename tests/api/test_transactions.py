"""An answer says what was committed, and nothing else."""

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, exc
from sqlmodel import Session

from service.auth import tokens


def test_a_failed_commit_is_never_answered_as_success(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tokens.create_within

    def then_break(session: Session, *args: object, **kwargs: object) -> object:
        answer = made(session, *args, **kwargs)  # type: ignore[arg-type]

        def refuse(_: object) -> None:
            raise exc.OperationalError("COMMIT", {}, psycopg.OperationalError("server closed the connection"))

        event.listen(session, "before_commit", refuse)
        return answer

    monkeypatch.setattr(tokens, "create_within", then_break)
    answer = admin.post("/api/v1/tokens", json={"name": "lost", "role": "viewer"})
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:allod:problem:unavailable"
    assert answer.headers["Retry-After"] == "1"
    assert "server closed" not in answer.text
    assert [one["name"] for one in admin.get("/api/v1/tokens").json()["items"]] == ["bootstrap"]


def test_a_commit_that_breaks_a_deferred_constraint_is_a_fault_of_the_service(
    admin: TestClient, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE token ADD COLUMN parent uuid NOT NULL DEFAULT gen_random_uuid(), "
            "ADD CONSTRAINT deferred FOREIGN KEY (parent) REFERENCES workspace (id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
        )
    answer = admin.post("/api/v1/tokens", json={"name": "lost", "role": "viewer"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:allod:problem:internal-error"
    assert "allod_" not in answer.text


def test_a_refusal_after_a_write_takes_the_write_back(admin: TestClient) -> None:
    body = {"name": "twice", "role": "viewer"}
    assert admin.post("/api/v1/tokens", json=body).status_code == 201
    answer = admin.post("/api/v1/tokens", json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:allod:problem:token-name-taken")
    actions = [row["action"] for row in admin.get("/api/v1/audit").json()["items"]]
    assert actions.count("token.created") == 2  # the bootstrap token and the first


def test_an_unreachable_database_is_a_503_and_no_500(admin: TestClient, engine: Engine) -> None:
    @event.listens_for(engine, "do_connect")
    def refuse(*_: object) -> None:
        raise psycopg.OperationalError("connection refused: host db.internal")

    engine.dispose()
    answer = admin.get("/api/v1/tokens")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:allod:problem:unavailable")
    assert "db.internal" not in answer.text
