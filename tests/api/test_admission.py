"""The webhook of an API server: reviews in, reviews out, and nothing that was not decided is ever let through."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from service.app import create_app
from service.auth import tokens
from service.auth.roles import Role
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Bundle, Module
from service.foundation import clock, database
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.errors import Invalid
from service.foundation.settings import POLICIES, Settings
from service.gate.admission_file import AdmissionFile
from service.inventory import reference_load
from service.packs.source import Library, load_library
from service.pipeline import Ground
from tests.api.conftest import BOOTSTRAP, ClientFor
from tests.factories.libraries import of_eight

REVIEWS = Path(__file__).resolve().parents[1] / "gate" / "admission"
URL = "/admission/v1/validate"
SETTLE_SECONDS = 30.0


def review(name: str, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REVIEWS / f"{name}.json").read_text())
    found["request"] |= request
    return found


@pytest.fixture(autouse=True)
def _catalogue(app: FastAPI, engine: Engine, settings: Settings, anonymous: TestClient, admin: TestClient) -> None:
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")
    ground = Ground.of(settings)
    app.state.ground = Ground(ground.engine, of_eight(ground.library))
    app.state.admission = AdmissionFile(cluster="prod", provider="aws", workspace="default")
    model = {"attributes": {"licence": "Apache-2.0", "weights": "open"}}
    assert admin.put("/api/v1/assets/model:acme/llm", json=model).status_code == 201


@pytest.fixture
def gatekeeper(client_for: ClientFor) -> TestClient:
    return client_for(Role.GATEKEEPER)


def ask(client: TestClient, given: dict[str, Any], timeout: str | None = "10s") -> dict[str, Any]:
    answer = client.post(URL, json=given, params={"timeout": timeout} if timeout else {})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["apiVersion"], body["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: dict[str, Any] = body["response"]
    assert response["uid"] == given["request"]["uid"]
    return response


def undecided(response: dict[str, Any]) -> str:
    assert (response["allowed"], response["status"]["code"]) == (False, 503)
    assert response["auditAnnotations"]["verdict"] == "undecided"
    message: str = response["status"]["message"]
    return message


def kept(client: TestClient) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = client.get("/api/v1/decisions").json()["items"]
    return listed


EXAMPLES = {
    "deployment-allowed": (True, "allow"),
    "deployment-blocked": (False, "block"),
    "deployment-blocked-dry-run": (False, "block"),
    "deployment-unknown": (False, "block"),
    "deployment-wrong-mark": (False, "refused"),
    "deployment-without-ai": (True, "not judged: Deployment shop: "),
    "deployment-updated": (False, "block"),
    "deployment-untouched": (True, "not judged: nothing of what is judged changes"),
    "deployment-deleted": (True, "not judged: DELETE runs nothing new"),
    "deployment-scaled": (True, "not judged: the subresource scale carries no pods"),
    "deployment-status": (True, "not judged: a status runs nothing"),
    "pod-of-replicaset": (True, "not judged: its owner is judged, the ReplicaSet chat-7d4b9c"),
    "pod-with-forged-owner": (False, "block"),
    "pod-exec": (True, "not judged: CONNECT runs nothing new"),
    "pod-debugged": (False, "block"),
    "inferenceservice-blocked": (False, "block"),
    "job-generated": (True, "allow"),
}


def test_reviews_as_api_servers_write_them(gatekeeper: TestClient) -> None:
    assert set(EXAMPLES) == {path.stem for path in REVIEWS.glob("*.json")}
    for name, (allowed, verdict) in EXAMPLES.items():
        response = ask(gatekeeper, review(name))
        assert response["allowed"] is allowed, (name, response)
        assert response["auditAnnotations"]["verdict"].startswith(verdict), (name, response)


def test_a_refusal_says_why_and_what_to_do_and_its_decision_is_kept(gatekeeper: TestClient, admin: TestClient) -> None:
    response = ask(gatekeeper, review("deployment-blocked"))
    assert (response["status"]["code"], response["status"]["reason"]) == (403, "Forbidden")
    message = response["status"]["message"]
    assert "RES-002 (high) system:kubernetes/prod/web/deployment/desk: " in message
    assert "cloud_region:aws/us-east-1" in message
    (decision,) = kept(admin)
    assert decision["id"] == response["auditAnnotations"]["decision"]
    assert decision["id"] in message
    assert (decision["enforcement_point"], decision["verdict"]) == ("admission", "block")
    assert decision["actor"].startswith("token:gatekeeper")


def test_what_is_not_known_names_the_line_to_add(gatekeeper: TestClient) -> None:
    message = ask(gatekeeper, review("deployment-unknown"))["status"]["message"]
    assert "Add under metadata.annotations: allod.dev/data-classes: " in message
    assert "Add under metadata.annotations: allod.dev/runs-on: " in message


def test_a_mark_that_cannot_be_understood_is_refused_with_its_word(gatekeeper: TestClient) -> None:
    response = ask(gatekeeper, review("deployment-wrong-mark"))
    assert response["status"]["code"] == 403
    assert "persnal" in response["status"]["message"]


def test_a_dry_run_is_judged_alike_and_leaves_nothing_behind(gatekeeper: TestClient, admin: TestClient) -> None:
    response = ask(gatekeeper, review("deployment-blocked-dry-run"))
    assert (response["allowed"], response["auditAnnotations"]) == (False, {"verdict": "block"})
    assert kept(admin) == []


def test_a_verdict_that_warns_lets_through_with_warnings(app: FastAPI, gatekeeper: TestClient) -> None:
    library = app.state.ground.library
    warning = {point: {"violation": "warn", "unknown": "warn"} for point in ("ci", "admission", "api", "scan")}
    packs = {name: replace(pack, enforcement=warning) for name, pack in library.packs.items()}
    app.state.ground = Ground(app.state.ground.engine, Library(library.rules, packs, library.modules, library.blocs))
    response = ask(gatekeeper, review("deployment-blocked"))
    assert (response["allowed"], response["auditAnnotations"]["verdict"]) == (True, "warn")
    assert any(one.startswith("RES-002: The data of ") for one in response["warnings"])
    assert "status" not in response


class TestNamespaces:
    @pytest.fixture(autouse=True)
    def _file(self, app: FastAPI, admin: TestClient) -> None:
        admin.put("/api/v1/assets/model:acme/llm?workspace=care", json={})
        app.state.admission = AdmissionFile.model_validate(
            {
                "cluster": "prod",
                "provider": "aws",
                "namespaces": [
                    {"match": "care-*", "workspace": "care"},
                    {"match": "lab", "workspace": "care", "mode": "warn"},
                    {"match": "all", "workspace": "care", "everything": True},
                    {"match": "out", "mode": "off"},
                    {"match": "gone", "workspace": "nowhere"},
                ],
            }
        )

    def test_a_namespace_is_judged_in_its_workspace(self, gatekeeper: TestClient, admin: TestClient) -> None:
        given = review("deployment-blocked", namespace="care-1")
        given["request"]["object"]["metadata"]["namespace"] = "care-1"
        assert not ask(gatekeeper, given)["allowed"]
        assert [one["workspace"] for one in kept(admin)] == ["care"]

    def test_mode_warn_lets_a_block_through_and_tells_it(self, gatekeeper: TestClient, admin: TestClient) -> None:
        response = ask(gatekeeper, review("deployment-blocked", namespace="lab"))
        assert (response["allowed"], response["auditAnnotations"]["mode"]) == (True, "warn")
        assert response["warnings"][0].startswith("would be refused: ")
        assert [one["verdict"] for one in kept(admin)] == ["block"]

    def test_mode_off_judges_nothing(self, gatekeeper: TestClient, admin: TestClient) -> None:
        response = ask(gatekeeper, review("deployment-blocked", namespace="out"))
        assert (response["allowed"], kept(admin)) == (True, [])
        assert "turns the namespace out off" in response["auditAnnotations"]["verdict"]

    def test_everything_is_judged_where_the_file_says_so(self, gatekeeper: TestClient) -> None:
        response = ask(gatekeeper, review("deployment-without-ai", namespace="all"))
        assert (response["allowed"], response["auditAnnotations"]["verdict"]) == (False, "block")

    def test_a_namespace_of_nobody_is_refused_but_for_what_is_of_no_concern(self, gatekeeper: TestClient) -> None:
        response = ask(gatekeeper, review("deployment-allowed"))
        assert (response["allowed"], response["status"]["code"]) == (False, 403)
        assert '- {match: "web", workspace: <name>}' in response["status"]["message"]
        assert ask(gatekeeper, review("deployment-without-ai"))["allowed"]

    @pytest.mark.parametrize("anonymous_", [False, True])
    def test_a_workspace_that_is_not_there_decides_nothing(
        self, app: FastAPI, anonymous: TestClient, gatekeeper: TestClient, settings: Settings, anonymous_: bool
    ) -> None:
        app.state.settings = settings.model_copy(update={"admission_anonymous": True})
        client = anonymous if anonymous_ else gatekeeper
        message = undecided(ask(client, review("deployment-allowed", namespace="gone")))
        assert "There is no workspace 'nowhere'." in message

    def test_a_token_of_another_workspace_decides_nothing(self, client_for: ClientFor) -> None:
        stranger = client_for(Role.GATEKEEPER, "default")
        undecided(ask(stranger, review("deployment-allowed", namespace="care-1")))


class TestAccess:
    @pytest.mark.parametrize("token", [None, "allod_nobodys-token"])
    def test_nobody_known_gets_no_verdict(self, anonymous: TestClient, admin: TestClient, token: str | None) -> None:
        client = TestClient(anonymous.app, headers={"Authorization": f"Bearer {token}"} if token else {})
        message = undecided(ask(client, review("deployment-allowed")))
        assert "the webhook's own access was refused" in message
        assert kept(admin) == []

    def test_a_role_that_may_not_ask_gets_none(self, client_for: ClientFor) -> None:
        assert "permission gate" in undecided(ask(client_for(Role.VIEWER), review("deployment-deleted")))

    def test_a_token_that_has_expired_gets_none(self, anonymous: TestClient, engine: Engine) -> None:
        with unit_of_work(engine) as session:
            soon = clock.now() + timedelta(hours=1)
            view, plaintext = tokens.create(session, "webhook", Role.GATEKEEPER, None, soon, INSTALLER)
        client = TestClient(anonymous.app, headers={"Authorization": f"Bearer {plaintext}"})
        assert ask(client, review("deployment-allowed"))["allowed"]
        with unit_of_work(engine) as session:
            session.execute(
                text("UPDATE token SET expires_at = :then WHERE id = :id"), {"then": clock.now(), "id": view.id}
            )
        undecided(ask(client, review("deployment-allowed")))

    def test_a_cluster_may_ask_without_a_token_where_the_settings_say_so(
        self, app: FastAPI, anonymous: TestClient, admin: TestClient, settings: Settings
    ) -> None:
        app.state.settings = settings.model_copy(update={"admission_anonymous": True})
        assert ask(anonymous, review("deployment-allowed"))["allowed"]
        assert [one["actor"] for one in kept(admin)] == ["system:admission:prod"]
        wrong = TestClient(anonymous.app, headers={"Authorization": "Bearer allod_nobodys-token"})
        undecided(ask(wrong, review("deployment-allowed")))

    def test_without_a_file_the_token_s_own_workspace_is_asked(
        self, engine: Engine, settings: Settings, client_for: ClientFor, admin: TestClient
    ) -> None:
        app = create_app(engine, settings)
        app.state.ground = Ground.of(settings)
        admin.put("/api/v1/assets/model:acme/llm?workspace=care", json={})
        bound = TestClient(app, headers=dict(client_for(Role.GATEKEEPER, "care").headers))
        assert not ask(bound, review("deployment-blocked"))["allowed"]
        assert [one["workspace"] for one in kept(admin)] == ["care"]


class TestFaults:
    def test_no_engine(self, app: FastAPI, gatekeeper: TestClient, admin: TestClient) -> None:
        app.state.ground = Ground(OpaEngine("http://127.0.0.1:1", timeout=1), load_library(POLICIES))
        assert "The policy engine gave no answer" in undecided(ask(gatekeeper, review("deployment-allowed")))
        assert kept(admin) == []

    def test_policies_that_cannot_be_read(
        self, app: FastAPI, gatekeeper: TestClient, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "packs" / "x").mkdir(parents=True)
        (tmp_path / "packs" / "x" / "pack.yaml").write_text("id: 7\n")
        app.state.ground = None
        app.state.settings = settings.model_copy(update={"policies_dir": tmp_path})
        undecided(ask(gatekeeper, review("deployment-allowed")))

    def test_no_database(self, app: FastAPI, gatekeeper: TestClient) -> None:
        app.state.engine = database.connect("postgresql://127.0.0.1:1/nowhere")
        assert "the database did not carry this out" in undecided(ask(gatekeeper, review("deployment-allowed")))

    @pytest.mark.parametrize("mode", ["enforce", "warn"])
    def test_a_rule_that_cannot_run(self, app: FastAPI, gatekeeper: TestClient, mode: str) -> None:
        app.state.admission = AdmissionFile.model_validate(
            {
                "cluster": "prod",
                "provider": "aws",
                "namespaces": [{"match": "*", "workspace": "default", "mode": mode}],
            }
        )
        app.state.ground = Ground(app.state.ground.engine, broken(app.state.ground.library))
        assert "RES-001" in undecided(ask(gatekeeper, review("deployment-allowed")))

    def test_an_engine_with_a_fault_of_its_own(self, app: FastAPI, gatekeeper: TestClient) -> None:
        class Faulty(_Engine):
            def activate(self, bundle: Bundle) -> None:
                raise ZeroDivisionError("secret")

        app.state.ground = Ground(Faulty(app.state.ground.engine), app.state.ground.library)
        with capture_logs() as logs:
            message = undecided(ask(gatekeeper, review("deployment-allowed")))
        assert "admission.failed" in [one["event"] for one in logs]
        assert "a fault of Allod's own" in message
        assert "secret" not in message

    def test_a_decision_that_cannot_be_kept(self, engine: Engine, gatekeeper: TestClient) -> None:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE decision_record RENAME TO decision_record_gone"))
        assert "the database did not carry this out" in undecided(ask(gatekeeper, review("deployment-allowed")))

    def test_an_engine_that_is_slower_than_the_api_server_waits(
        self, app: FastAPI, engine: Engine, gatekeeper: TestClient, admin: TestClient
    ) -> None:
        release = threading.Event()

        class Slow(_Engine):
            def activate(self, bundle: Bundle) -> None:
                assert release.wait(SETTLE_SECONDS)
                super().activate(bundle)

        app.state.ground = Ground(Slow(app.state.ground.engine), app.state.ground.library)
        try:
            message = undecided(ask(gatekeeper, review("deployment-allowed"), timeout="1s"))
        finally:
            release.set()
        assert "no verdict within 0.9 s" in message
        deadline = time.monotonic() + SETTLE_SECONDS
        while engine.pool.checkedout():  # type: ignore[attr-defined]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert kept(admin) == []  # what came too late was not kept

    def test_a_lock_that_is_held_longer_than_the_api_server_waits(
        self, engine: Engine, gatekeeper: TestClient, admin: TestClient
    ) -> None:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE asset IN ACCESS EXCLUSIVE MODE"))
            undecided(ask(gatekeeper, review("deployment-allowed"), timeout="500ms"))
        assert ask(gatekeeper, review("deployment-allowed"))["allowed"]


def test_a_span_of_time_is_as_go_writes_it(gatekeeper: TestClient) -> None:
    spans = {None: 200, "10s": 200, "1m30s": 200, "2500ms": 200, "30s": 200, "0.5m": 400, "1h": 400, "0s": 400, "": 400}
    for timeout, status in spans.items():
        params = {} if timeout is None else {"timeout": timeout}
        answer = gatekeeper.post(URL, json=review("deployment-deleted"), params=params)
        assert answer.status_code == status, timeout
        if status == 400:
            assert answer.json()["type"] == "urn:allod:problem:malformed-review"


def test_what_no_api_server_writes_is_a_problem(gatekeeper: TestClient) -> None:
    changes: list[tuple[dict[str, Any], str]] = [
        ({"apiVersion": "admission.k8s.io/v1beta1"}, "/apiVersion"),
        ({"kind": "Pod"}, "/kind"),
        ({"request": None}, "/request"),
        ({"request": {"uid": "", "operation": "CREATE"}}, "/request/uid"),
        ({"request": {"uid": "1", "operation": "PATCH"}}, "/request/operation"),
        ({"request": {"uid": "1", "operation": "CREATE", "object": []}}, "/request/object"),
    ]
    for change, path in changes:
        answer = gatekeeper.post(URL, json={**review("deployment-allowed"), **change})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert answer.json()["type"] == "urn:allod:problem:malformed-review"
        assert answer.json()["errors"][0]["path"] == path
    for body in (b"", b"{", b"[]", b"\xff", b"null"):
        answer = gatekeeper.post(URL, content=body)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:allod:problem:malformed-review"), body


def test_a_review_of_an_object_that_is_none_is_refused(gatekeeper: TestClient) -> None:
    given = review("deployment-allowed")
    given["request"]["object"] = {"kind": 7, "metadata": {"name": []}}
    response = ask(gatekeeper, given)
    assert (response["allowed"], response["status"]["code"]) == (False, 403)


def test_a_file_that_cannot_be_used_stops_the_start(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "admission.yaml"
    file.write_text("cluster: prod\nnamespaces:\n- {match: a, mode: maybe}\n")
    with pytest.raises(Invalid, match=r"admission\.yaml:3, /namespaces/0/mode: 'maybe' is not known here"):
        create_app(engine, settings.model_copy(update={"admission_file": file}))


def test_a_setting_names_the_file(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "admission.yaml"
    file.write_text("cluster: prod\n")
    url = SecretStr("postgresql://nowhere/none")
    settings = Settings(database_url=url, redis_url=url, admission_file=file, bootstrap_token=SecretStr(BOOTSTRAP))
    assert create_app(engine, settings).state.admission == AdmissionFile(cluster="prod")


class _Engine:
    """An engine that asks another."""

    def __init__(self, other: Any) -> None:
        self.other = other
        self.name: str = other.name

    def activate(self, bundle: Bundle) -> None:
        self.other.activate(bundle)

    def query(self, digest: str, entry: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        found: list[Any] = self.other.query(digest, entry, documents)
        return found


def broken(library: Library) -> Library:
    """The library with a rule that divides by zero."""
    rule = library.rules["RES-001"]
    module = Module(rule.module.path, rule.module.text.replace("default applies := false", "applies if 1 / 0 == 1"))
    rules = {**library.rules, "RES-001": replace(rule, module=module)}
    return Library(rules, library.packs, library.modules, library.blocs)
