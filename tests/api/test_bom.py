"""`GET /bom`: a workspace, or what one asset rests on, as a BOM that gives the same assets back."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from fastapi.testclient import TestClient

from service.auth.roles import Role
from service.inventory import manifest
from service.reporting import bom
from service.scans import bom_cyclonedx, bom_spdx
from service.scans.ai_software import Wanted
from tests.api.conftest import ClientFor

MANIFESTS: list[dict[str, Any]] = [
    {
        "kind": "system",
        "name": "desk",
        "title": "Support desk",
        "relations": [
            {"type": "uses", "to": "model:acme/llm"},
            {"type": "runs_on", "to": "cloud_region:aws/eu-central-1"},
        ],
    },
    {
        "kind": "model",
        "name": "acme/llm",
        "attributes": {"licence": "Apache 2.0", "publisher": "vendor:acme"},
        "relations": [
            {"type": "derived_from", "to": "model:base", "as": "finetune"},
            {"type": "trained_on", "to": "dataset:tickets"},
            {"type": "alternative_to", "to": "model:other"},
        ],
        "evidence": {"licence": {"grade": "inferred", "source": "card", "at": "2026-03-01T12:00:00Z"}},
        "managed_by": "apply",
    },
    {"kind": "model", "name": "base"},
    {"kind": "model", "name": "other"},
    {"kind": "dataset", "name": "tickets", "labels": {"team": "desk"}},
    {"kind": "vendor", "name": "acme", "attributes": {"headquarters": "FR"}},
    {"kind": "software", "name": "torch", "attributes": {"version": "2.9"}},
    {"kind": "ai_service", "name": "chat", "attributes": {"endpoint": "https://a.example/v1"}},
]


@pytest.fixture
def registered(admin: TestClient) -> TestClient:
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in MANIFESTS)
    assert admin.post("/api/v1/assets:bulk?workspace=team-a", content=lines).status_code == 200
    return admin


def bodies(client: TestClient, format: str, **params: str) -> dict[str, dict[str, Any]]:
    """The assets that the answer gives back, as a manifest would state them."""
    answer = client.get("/api/v1/bom", params={"format": format, "workspace": "team-a", **params})
    assert answer.status_code == 200
    document = answer.json()
    read = bom_spdx.read if format == "spdx" else bom_cyclonedx.read
    found = read(document, source="bom", wanted=Wanted.of("ai"))
    assert not found.notes
    return {one.ref: one.body() for one in (manifest.observation(each.manifest) for each in found.assets)}


@pytest.mark.parametrize("format", ["cyclonedx", "spdx"])
def test_a_workspace_comes_back_as_it_was(registered: TestClient, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bom, "PAGE", 2)
    listed = registered.get("/api/v1/assets", params={"workspace": "team-a"}).json()["items"]
    said = ("kind", "name", "title", "labels", "annotations", "attributes", "managed_by")
    known = {one["ref"]: {key: one[key] for key in said} for one in listed}
    ties = {one["ref"]: sorted(one["relations"], key=lambda tie: (tie["type"], tie["to"])) for one in listed}
    assert len(known) == len(MANIFESTS)
    back = bodies(registered, format)
    assert {ref: {key: body[key] for key in said} for ref, body in back.items()} == known
    assert {ref: body["relations"] for ref, body in back.items()} == ties
    grade = {"grade": "inferred", "source": "card", "at": "2026-03-01T12:00:00Z"}
    assert back["model:acme/llm"]["evidence"]["licence"] == grade


@pytest.mark.parametrize("format", ["cyclonedx", "spdx"])
def test_one_system_and_all_that_it_rests_on(registered: TestClient, format: str) -> None:
    refs = {"system:desk", "model:acme/llm", "model:base", "dataset:tickets", "vendor:acme"}
    assert set(bodies(registered, format, asset="system:desk")) == refs
    assert set(bodies(registered, format, asset="dataset:tickets")) == {"dataset:tickets"}


def test_equal_inventories_give_equal_bytes_of_the_right_type(registered: TestClient) -> None:
    for form, media_type in (
        ("cyclonedx", "application/vnd.cyclonedx+json; version=1.7"),
        ("spdx", "application/spdx+json"),
    ):
        params = {"format": form, "workspace": "team-a"}
        first, second = (registered.get("/api/v1/bom", params=params) for _ in range(2))
        assert first.headers["content-type"] == media_type
        assert first.content == second.content
    document = registered.get("/api/v1/bom", params={"workspace": "team-a", "asset": "system:desk"}).text
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(document) is None
    assert json.loads(document)["metadata"]["component"]["name"] == "Support desk"


@pytest.mark.parametrize("format", ["cyclonedx", "spdx"])
def test_an_empty_workspace_has_a_bom_too(admin: TestClient, format: str) -> None:
    assert admin.post("/api/v1/workspaces", json={"name": "team-a"}).status_code == 201
    assert bodies(admin, format) == {}


def test_who_may_ask_and_of_what(registered: TestClient, client_for: ClientFor, anonymous: TestClient) -> None:
    def asked(client: TestClient, **params: str) -> int:
        return client.get("/api/v1/bom", params={"workspace": "team-a", **params}).status_code

    viewer = client_for(Role.VIEWER, "team-a")
    assert asked(viewer) == 200
    assert asked(viewer, asset="system:gone") == 404
    assert asked(viewer, format="xml") == 422
    assert asked(client_for(Role.VIEWER, "team-b")) == 404
    assert asked(client_for(Role.GATEKEEPER)) == 403
    assert asked(anonymous) == 401
