"""Bulk: one line in, one line out, in order; a bad line is refused alone."""

import json
from typing import Any

from fastapi.testclient import TestClient

from service.api.v1 import bulk
from service.auth.roles import Role
from tests.api.conftest import ClientFor


def send(client: TestClient, *lines: Any, **params: Any) -> list[dict[str, Any]]:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    answer = client.post("/api/v1/assets:bulk", content=body, params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def model(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "model", "name": name, **more}


def test_bad_lines_are_refused_alone_and_answers_keep_the_order(admin: TestClient) -> None:
    answers = send(
        admin,
        model("a"),
        b"{ not json",
        b"",
        model("b", attributes={"licens": "MIT"}),
        b'["a list"]',
        b'{"kind": 1, "name": "x"}',
        model("a"),
        model("a", title="A"),
        b'{"pad": "' + b"x" * bulk.LINE_MAX + b'"}',
        model("c"),
    )
    assert [(one["ref"], one["status"]) for one in answers] == [
        ("model:a", "created"),
        (None, "refused"),
        ("model:b", "refused"),
        (None, "refused"),
        (None, "refused"),
        ("model:a", "unchanged"),
        ("model:a", "updated"),
        (None, "refused"),
        ("model:c", "created"),
    ]
    assert [one["line"] for one in answers if one["status"] == "refused"] == [2, 4, 5, 6, 9]
    wrong = answers[2]["error"]
    assert wrong["type"] == "urn:allod:problem:invalid-input"
    assert "licence" in wrong["errors"][0]["expected"]
    assert [one["ref"] for one in admin.get("/api/v1/assets").json()["items"]] == ["model:a", "model:c"]


def test_more_lines_than_a_batch_holds(admin: TestClient) -> None:
    count = bulk.BATCH + 3
    answers = send(admin, *(model(f"m{number}") for number in range(count)))
    assert [one["ref"] for one in answers] == [f"model:m{number}" for number in range(count)]
    assert {one["status"] for one in answers} == {"created"}


def test_a_line_may_name_its_workspace_and_only_one_that_is_the_callers(
    admin: TestClient, client_for: ClientFor
) -> None:
    answers = send(admin, model("a"), model("b", workspace="team-a"), workspace="team-b")
    assert [one["status"] for one in answers] == ["created", "created"]
    own = client_for(Role.REGISTRAR, "team-a")
    mixed = send(own, model("c"), model("d", workspace="team-b"))
    assert [(one["ref"], one["status"]) for one in mixed] == [("model:c", "created"), ("model:d", "refused")]
    assert mixed[1]["error"]["type"] == "urn:allod:problem:not-found"
    assert [one["ref"] for one in own.get("/api/v1/assets").json()["items"]] == ["model:b", "model:c"]


def test_a_dry_run_answers_and_writes_nothing(admin: TestClient) -> None:
    send(admin, model("a"))
    answers = send(admin, model("a", title="A"), model("b"), dry_run=True)
    assert [one["status"] for one in answers] == ["updated", "created"]
    assert [one["title"] for one in admin.get("/api/v1/assets").json()["items"]] == [None]


def test_a_name_may_mark_what_it_applies(admin: TestClient) -> None:
    send(admin, model("a"), managed_by="ci")
    assert [one["ref"] for one in admin.get("/api/v1/assets", params={"managed_by": "ci"}).json()["items"]] == [
        "model:a"
    ]


def test_whoever_may_only_read_writes_nothing(client_for: ClientFor) -> None:
    viewer = client_for(Role.VIEWER)
    assert viewer.post("/api/v1/assets:bulk", content=b"{}").status_code == 403
