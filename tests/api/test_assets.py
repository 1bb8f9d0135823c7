"""Assets over HTTP: create, replace, read, delete, list, lineage, history."""

import pytest
from fastapi.testclient import TestClient

from service.auth.roles import Role
from tests.api.conftest import ClientFor

DESK = "/api/v1/assets/system:care/desk"
BODY = {
    "title": "Support desk",
    "labels": {"team": "care"},
    "attributes": {"criticality": "high"},
    "relations": [{"type": "uses", "to": "model:acme/llm"}],
}


def put(client: TestClient, ref: str, **body: object) -> None:
    client.put(f"/api/v1/assets/{ref}", json=body).raise_for_status()


def test_an_asset_is_created_read_replaced_and_deleted(admin: TestClient) -> None:
    made = admin.put(DESK, json=BODY)
    assert (made.status_code, made.json()["ref"], made.json()["revision"]) == (201, "system:care/desk", 1)
    assert made.json()["evidence"]["criticality"]["grade"] == "declared"
    read = admin.get(DESK)
    assert (read.json(), read.headers["ETag"]) == (made.json(), made.headers["ETag"])
    again = admin.put(DESK, json={**BODY, "kind": "system", "name": "care/desk", "workspace": "default"})
    assert (again.status_code, again.json()["revision"], again.headers["ETag"]) == (200, 1, made.headers["ETag"])
    changed = admin.put(DESK, json={**BODY, "title": "Desk"})
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    assert admin.delete(DESK).status_code == 204
    assert admin.get(DESK).status_code == admin.delete(DESK).status_code == 404
    history = admin.get("/api/v1/history", params={"asset": "system:care/desk", "limit": 2}).json()
    assert [(one["revision"], one["operation"]) for one in history["items"]] == [(3, "deleted"), (2, "updated")]
    rest = admin.get("/api/v1/history", params={"asset": "system:care/desk", "cursor": history["next_cursor"]}).json()
    assert [(one["revision"], one["operation"]) for one in rest["items"]] == [(1, "created")]
    assert rest["next_cursor"] is None


def test_a_write_may_depend_on_what_was_read(admin: TestClient) -> None:
    assert admin.put(DESK, json=BODY, headers={"If-Match": '"1-0"'}).status_code == 412
    made = admin.put(DESK, json=BODY, headers={"If-None-Match": "*"})
    assert made.status_code == 201
    present = admin.put(DESK, json={**BODY, "title": "x"}, headers={"If-None-Match": "*"})
    assert (present.status_code, present.json()["type"]) == (412, "urn:allod:problem:precondition-failed")
    second = admin.put(DESK, json={**BODY, "title": "x"}, headers={"If-Match": made.headers["ETag"]})
    assert second.status_code == 200
    assert admin.put(DESK, json=BODY, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    assert admin.delete(DESK, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    assert admin.delete(DESK, headers={"If-Match": "*"}).status_code == 204


@pytest.mark.parametrize(
    ("body", "path", "word"),
    [
        ({"name": "other"}, "/name", "system:other"),
        ({"attributes": {"criticallity": "high"}}, "/attributes/criticallity", "criticality"),
        ({"attributes": {"criticality": "very"}}, "/attributes/criticality", "critical"),
        ({"relations": [{"type": "uses", "to": "gpu_host:x"}]}, "/relations/0", "uses"),
    ],
)
def test_a_refused_manifest_names_the_place_and_the_remedy(
    admin: TestClient, body: dict[str, object], path: str, word: str
) -> None:
    refused = admin.put(DESK, json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    (fault, *_) = refused.json()["errors"]
    assert fault["path"].startswith(path)
    assert word in str(fault)


def test_address_and_body_must_name_one_workspace(admin: TestClient) -> None:
    refused = admin.put(DESK, params={"workspace": "a"}, json={"workspace": "b"})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/workspace")
    named = admin.put(DESK, params={"workspace": "Not A Label"}, json={})
    assert named.status_code == 422


def test_another_workspace_is_not_there(admin: TestClient, client_for: ClientFor) -> None:
    put(admin, "model:secret?workspace=team-a")
    stranger = client_for(Role.REGISTRAR, "team-b")
    for answer in (
        stranger.get("/api/v1/assets/model:secret", params={"workspace": "team-a"}),
        stranger.put("/api/v1/assets/model:secret", params={"workspace": "team-a"}, json={}),
        stranger.delete("/api/v1/assets/model:secret", params={"workspace": "team-a"}),
        stranger.get("/api/v1/lineage", params={"asset": "model:secret", "workspace": "team-a"}),
        stranger.get("/api/v1/history", params={"asset": "model:secret", "workspace": "team-a"}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:allod:problem:not-found")
    assert stranger.get("/api/v1/assets").json()["items"] == []


def test_a_listing_filters_and_pages(admin: TestClient) -> None:
    for name, team in (("a", "care"), ("b", "care"), ("c", "ops")):
        put(admin, f"system:{name}", labels={"team": team, "env": "prod"}, title=f"The {name.upper()} 100% system")
    put(admin, "model:m?workspace=team-a", managed_by="ci")

    def refs(**params: object) -> list[str]:
        return [one["ref"] for one in admin.get("/api/v1/assets", params=params).json()["items"]]  # type: ignore[arg-type]

    assert refs(kind="system") == ["system:a", "system:b", "system:c"]
    assert refs(label=["team:care", "env:prod"]) == ["system:a", "system:b"]
    assert refs(q="the b 100%") == ["system:b"]
    assert refs(q="1_0%") == []
    assert refs(managed_by="ci") == refs(workspace="team-a") == ["model:m"]
    first = admin.get("/api/v1/assets", params={"limit": 3, "workspace": "default"}).json()
    assert (len(first["items"]), first["next_cursor"]) == (3, None)
    page = admin.get("/api/v1/assets", params={"limit": 2, "workspace": "default"}).json()
    rest = admin.get("/api/v1/assets", params={"workspace": "default", "cursor": page["next_cursor"]}).json()
    assert [one["ref"] for one in page["items"] + rest["items"]] == ["system:a", "system:b", "system:c"]
    for path in ("/api/v1/assets", "/api/v1/history?asset=system:a"):
        for cursor in ("nonsense", "WzFd", "WyJ4IiwieSJd", "WyItMSJd"):
            assert admin.get(path, params={"cursor": cursor}).status_code == 422, (path, cursor)
    assert admin.get("/api/v1/assets", params={"label": "team"}).json()["errors"][0]["path"] == "/label"


def test_lineage_goes_both_ways_and_says_where_it_stopped(admin: TestClient) -> None:
    put(admin, "model:base", title="Base")
    put(admin, "model:tuned", relations=[{"type": "derived_from", "to": "model:base", "as": "finetune"}])
    put(admin, "model:again", relations=[{"type": "derived_from", "to": "model:tuned", "as": "quantized"}])
    put(admin, "gpu_host:h", relations=[{"type": "serves", "to": "model:again"}])

    def lineage(**params: object) -> dict[str, object]:
        body: dict[str, object] = admin.get("/api/v1/lineage", params=params).json()  # type: ignore[arg-type]
        return body

    up = lineage(asset="model:again")
    assert [(n["ref"], n["depth"]) for n in up["nodes"]] == [("model:again", 0), ("model:tuned", 1), ("model:base", 2)]  # type: ignore[attr-defined]
    assert up["complete"] is True
    down = lineage(asset="model:base", direction="downstream")
    assert down["nodes"][-1]["path"] == ["model:base", "model:tuned", "model:again", "gpu_host:h"]  # type: ignore[index]
    short = lineage(asset="model:base", direction="downstream", depth=1)
    assert (short["complete"], short["frontier"]) == (False, ["model:tuned"])
    assert lineage(asset="model:tuned", depth=1)["edges"] == [
        {"source": "model:tuned", "type": "derived_from", "target": "model:base", "detail": {"as": "finetune"}}
    ]
    assert admin.get("/api/v1/lineage", params={"asset": "model:nobody"}).status_code == 404
    assert admin.get("/api/v1/history", params={"asset": "model:nobody"}).status_code == 404
    put(admin, "model:orphan", relations=[{"type": "derived_from", "to": "model:gone", "as": "merge"}])
    assert lineage(asset="model:gone", direction="downstream")["nodes"][0]["registered"] is False  # type: ignore[index]
