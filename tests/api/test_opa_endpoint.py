"""The gate spoken to as an OPA server is, over real HTTP: with curl's means and with OPA's own client library."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opa_client import OpaClient
from sqlalchemy import Engine

from service.auth.roles import Role
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Module
from service.foundation import database
from service.foundation.database import unit_of_work
from service.foundation.errors import Invalid
from service.foundation.settings import POLICIES, Settings
from service.gate import opa
from service.gate.admission_file import AdmissionFile
from service.gate.reading.parts import File, Type
from service.inventory import reference_load
from service.packs.source import Library, load_library
from service.pipeline import Ground
from tests.api.conftest import ClientFor
from tests.factories.libraries import of_eight

REVIEWS = Path(__file__).resolve().parents[1] / "gate" / "admission"
PATH = "/v1/data/allod/gate"
KEYS = {"allow", "deny", "warn", "verdict", "undecided", "reasons", "missing", "ignored", "decision_id"}


def review(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REVIEWS / f"{name}.json").read_text())
    return found


def workload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = review(name)["request"]["object"]
    return found


def system(region: str, **more: Any) -> dict[str, Any]:
    paths = [{"purpose": purpose, "region": region} for purpose in ("storage", "processing")]
    attributes = {"commercial": False, "criticality": "low", "data_classes": ["personal"], "data_paths": paths}
    return {"kind": "system", "name": "desk", "attributes": attributes, **more}


GOOD, BAD = system("cloud_region:scaleway/fr-par"), system("cloud_region:aws/us-east-1")


@pytest.fixture
def ground(app: FastAPI, engine: Engine, settings: Settings, admin: TestClient) -> Ground:
    """The world that is judged: the catalogue, a model, eight rules."""
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")
    found = Ground.of(settings)
    app.state.ground = Ground(found.engine, of_eight(found.library))
    app.state.admission = AdmissionFile(cluster="prod", provider="aws", workspace="default")
    model = {"attributes": {"licence": "Apache-2.0", "weights": "open"}}
    assert admin.put("/api/v1/assets/model:acme/llm", json=model).status_code == 201
    ground: Ground = app.state.ground
    return ground


@pytest.fixture
def token(client_for: ClientFor) -> str:
    return str(client_for(Role.GATEKEEPER).headers["Authorization"]).removeprefix("Bearer ")


@pytest.fixture
def port(app: FastAPI) -> Iterator[int]:
    """The app on a real port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def curl(port: int, token: str) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60) as client:
        yield client


def asked(client: httpx2.Client, document: Any, path: str = "", status: int = 200, **params: str) -> Any:
    answer = client.post(f"{PATH}{path}", json={"input": document}, params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


@pytest.mark.usefixtures("ground")
def test_the_document_and_its_parts(curl: httpx2.Client, admin: TestClient) -> None:
    good = asked(curl, {"candidate": [GOOD]})
    assert set(good) == {"result", "decision_id"}
    assert set(good["result"]) == KEYS == opa.KEYS
    assert (good["result"]["allow"], good["result"]["verdict"], good["result"]["deny"]) == (True, "allow", [])
    assert good["result"]["decision_id"] == good["decision_id"]
    bad = asked(curl, {"candidate": [BAD]}, point="ci")["result"]
    assert (bad["allow"], bad["verdict"], bad["undecided"]) == (False, "block", False)
    assert any(one.startswith("RES-001: system:desk: ") for one in bad["deny"])
    assert {one["rule"] for one in bad["reasons"]} >= {"RES-001", "RES-002"}
    points = [one["enforcement_point"] for one in admin.get("/api/v1/decisions").json()["items"]]
    assert points == ["ci", "api"]

    assert asked(curl, {"candidate": [BAD]}, "/allow")["result"] is False
    assert asked(curl, {"candidate": [BAD]}, "/deny")["result"] == bad["deny"]
    assert asked(curl, {"candidate": [BAD]}, "/reasons/0/enforcement")["result"] == "block"
    for path in ("/reasons/99", "/reasons/x", "/reasons/9999999999", "/allow/further"):
        assert set(asked(curl, {"candidate": [BAD]}, path)) == {"decision_id"}, path
    before = len(admin.get("/api/v1/decisions").json()["items"])
    assert asked(curl, {"candidate": [BAD]}, "/nonsense") == {}
    assert len(admin.get("/api/v1/decisions").json()["items"]) == before  # nothing was judged for nothing


@pytest.mark.usefixtures("ground")
def test_every_form_of_input(curl: httpx2.Client) -> None:
    good, bad = workload("deployment-allowed"), workload("deployment-blocked")
    verdicts = {
        "object": asked(curl, good),
        "bad object": asked(curl, bad),
        "list": asked(curl, [good, bad]),
        "review": asked(curl, review("deployment-allowed")),
        "bad review": asked(curl, review("deployment-blocked")),
        "review of a deletion": asked(curl, review("deployment-deleted")),
        "owned": asked(curl, review("pod-of-replicaset")),
        "forged": asked(curl, review("pod-with-forged-owner")),
        "without AI": asked(curl, workload("deployment-without-ai")),
        "conftest": asked(curl, [{"path": "k8s/a.yaml", "contents": good}, {"path": "k8s/b.yaml", "contents": [bad]}]),
        "file": asked(curl, {"file": {"name": "desk.yaml", "content": json.dumps(BAD)}}),
        "manifest": asked(curl, GOOD),
    }
    found = {form: answer["result"]["verdict"] for form, answer in verdicts.items()}
    assert found == {
        "object": "allow",
        "bad object": "block",
        "list": "block",
        "review": "allow",
        "bad review": "block",
        "review of a deletion": "allow",
        "owned": "allow",
        "forged": "block",
        "without AI": "allow",
        "conftest": "block",
        "file": "block",
        "manifest": "allow",
    }
    for form in ("review of a deletion", "owned", "without AI"):  # nothing was judged, and it says so
        assert set(verdicts[form]) == {"result"}
        assert verdicts[form]["result"]["decision_id"] is None
        (ignored,) = verdicts[form]["result"]["ignored"]
        assert ignored["why"]


@pytest.mark.usefixtures("ground")
def test_opa_s_own_client_can_ask(port: int, token: str) -> None:
    client = OpaClient(host="127.0.0.1", port=port, token=token)
    try:
        assert client.query_rule({"candidate": [GOOD]}, "allod.gate", "allow")["result"] is True
        assert client.query_rule(workload("deployment-blocked"), "allod.gate", "allow")["result"] is False
        denied = client.query_rule({"candidate": [BAD]}, "allod.gate", "deny", {"pretty": True, "metrics": True})
        assert denied["result"]
        assert denied["metrics"]["timer_server_handler_ns"] > 0
    finally:
        client.close_connection()


@pytest.mark.usefixtures("ground")
def test_the_options_of_the_address(curl: httpx2.Client) -> None:
    for flag in ("", "true", "1"):
        answer = curl.post(PATH, json={"input": {"candidate": [GOOD]}}, params={"pretty": flag})
        assert answer.text.startswith("{\n  "), flag
    plain = curl.post(PATH, json={"input": {"candidate": [GOOD]}}, params={"pretty": "false", "explain": "full"})
    assert plain.text.startswith('{"')
    assert "metrics" not in plain.json()
    assert "There is no workspace" in asked(curl, GOOD, status=400, workspace="nowhere")["message"]
    assert "'moon' is no enforcement point" in json.dumps(asked(curl, GOOD, status=400, point="moon"))
    assert asked(curl, GOOD, "/")["result"]["allow"] is True


@pytest.mark.usefixtures("ground")
def test_without_an_input_there_is_no_result(curl: httpx2.Client) -> None:
    for answer in (
        curl.get(PATH),
        curl.get(f"{PATH}/deny"),
        curl.post(PATH),
        curl.post(PATH, json={}),
        curl.post(f"{PATH}/allow", json={"inputs": 1}),
    ):
        assert answer.status_code == 200
        assert set(answer.json()) == {"warning"}
        assert answer.json()["warning"]["code"] == "api_usage_warning"


@pytest.mark.usefixtures("ground")
def test_an_input_may_stand_in_the_address(curl: httpx2.Client) -> None:
    given = json.dumps({"candidate": [BAD]})
    assert curl.get(f"{PATH}/allow", params={"input": given}).json()["result"] is False
    assert curl.get(PATH, params={"input": given}).json()["result"]["verdict"] == "block"
    assert curl.get(PATH, params={"input": "{"}).status_code == 400


@pytest.mark.usefixtures("ground")
def test_what_cannot_be_judged_is_an_invalid_parameter(curl: httpx2.Client) -> None:
    cases: list[tuple[Any, str]] = [
        ([], "empty list"),
        ({}, "no document"),
        ("text", "no document"),
        (None, "no document"),
        ([7], "/input/0"),
        ({"candidate": {}}, "/input/candidate"),
        ({"candidate": [{"kind": "sistem", "name": "x"}]}, "sistem"),
        ({"candidate": [system("cloud_region:aws/us-east-1", workspace="other")]}, "other"),
        ({"file": {"name": "x"}}, "/input/file"),
        ({"file": {"name": "x", "content": 7}}, "/input/file/content"),
        ({"file": {"name": "x.bin", "content": "\u0000\u0001"}}, "x.bin"),
        ([{"path": 1, "contents": {}}], "/input/0/path"),
        ({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}, "/request"),
        ({"anything": "else"}, "input.json"),
    ]
    for document, words in cases:
        answer = asked(curl, document, status=400)
        assert answer["code"] == "invalid_parameter"
        assert words in json.dumps(answer)
        assert "result" not in answer


def test_a_body_that_is_no_object_is_an_invalid_parameter(curl: httpx2.Client) -> None:
    for body in (b"{", b"[]", b'"x"', b"\xff"):
        answer = curl.post(PATH, content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter"), body


def test_who_may_not_ask_is_unauthorized(port: int, client_for: ClientFor) -> None:
    viewer = str(client_for(Role.VIEWER).headers["Authorization"])
    for headers in ({}, {"Authorization": "Bearer allod_nobodys-token"}, {"Authorization": viewer}):
        answer = httpx2.post(f"http://127.0.0.1:{port}{PATH}", json={"input": GOOD}, headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert set(answer.json()) == {"code", "message"}
        assert answer.json()["code"] == "unauthorized"


def test_a_verdict_that_warns_allows_and_warns(app: FastAPI, curl: httpx2.Client, ground: Ground) -> None:
    library = ground.library
    warning = {point: {"violation": "warn", "unknown": "warn"} for point in ("ci", "admission", "api", "scan")}
    packs = {name: replace(pack, enforcement=warning) for name, pack in library.packs.items()}
    app.state.ground = Ground(ground.engine, Library(library.rules, packs, library.modules, library.blocs))
    result = asked(curl, BAD)["result"]
    assert (result["allow"], result["verdict"], result["deny"]) == (True, "warn", [])
    assert any(one.startswith("RES-001: ") for one in result["warn"])


def test_what_could_not_be_decided_is_an_error_and_never_a_result(
    app: FastAPI, curl: httpx2.Client, ground: Ground, admin: TestClient
) -> None:
    rule = ground.library.rules["RES-001"]
    module = Module(rule.module.path, rule.module.text.replace("default applies := false", "applies if 1 / 0 == 1"))
    rules = {**ground.library.rules, "RES-001": replace(rule, module=module)}
    library = Library(rules, ground.library.packs, ground.library.modules, ground.library.blocs)
    app.state.ground = Ground(ground.engine, library)
    answers = [asked(curl, GOOD, path, status=500) for path in ("", "/deny", "/allow", "/undecided")]
    app.state.ground = Ground(OpaEngine("http://127.0.0.1:1", timeout=1), load_library(POLICIES))
    answers.append(asked(curl, GOOD, status=500))
    assert admin.get("/api/v1/decisions").json()["items"] == []
    app.state.engine = database.connect("postgresql://127.0.0.1:1/nowhere")
    answers.append(asked(curl, GOOD, status=500))
    for answer in answers:
        assert set(answer) == {"code", "message"}
        assert answer["code"] == "internal_error"
    assert "RES-001" in answers[0]["message"] or "nothing is decided" in answers[0]["message"]


def test_files_keep_their_names_and_their_order() -> None:
    given = opa.given([{"path": "a.yaml", "contents": [{"x": 1}, {"y": 2}]}, {"z": 3}])
    assert given.files == (
        File("a.yaml", b'{"x":1}'),
        File("a.yaml", b'{"y":2}'),
        File("input.json", b'{"z":3}'),
    )
    assert given.type is None
    assert opa.given({"candidate": [{"kind": "model"}]}).type is Type.ALLOD
    with pytest.raises(Invalid, match="/input is no document"):
        opa.given(7)
