"""The webhook asked by a real API server (where it was built: `make kube`), over TLS, from the configuration we print."""

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import yaml
from psycopg import sql

from service.cli.home import free_port
from service.foundation import database
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES
from service.inventory import reference_load
from tests.connectors.kubernetes.clusters import ADMIN, Cluster, built
from tests.fixtures.postgres import database_at
from tests.fixtures.servers import ROOT

REVIEWS = Path(__file__).with_name("admission")
TOKEN = "bootstrap-token-of-the-tests"
FILE = """\
cluster: prod
provider: aws
namespaces:
  - {match: "web*", workspace: default}
  - {match: "lab", workspace: default, mode: warn}
  - {match: "soft", workspace: soft}
"""
WAIT_SECONDS = 60.0


@dataclass
class World:
    """A cluster with its API server, and Allod beside it."""

    cluster: httpx2.Client
    allod: httpx2.Client
    start: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes]"

    def create(self, document: dict[str, Any], namespace: str = "web", **params: str) -> httpx2.Response:
        group = f"/apis/{document['apiVersion']}" if "/" in document["apiVersion"] else "/api/v1"
        path = f"{group}/namespaces/{namespace}/{document['kind'].lower()}s"
        return self.cluster.post(path, json=document, params=params)

    def decisions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.allod.get("/api/v1/decisions").json()["items"]
        return found


@pytest.fixture(scope="module")
def world(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("webhook")
    with built(directory) as cluster:
        yield from _world(cluster, postgres, template, directory)


def _world(cluster: Cluster, postgres: str, template: str, directory: Path) -> Iterator[World]:
    name = f"allod_kube_{os.getpid()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        identifiers = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**identifiers))
    url, port, tls = database_at(postgres, name), free_port(), directory / "tls"
    engine = database.connect(url)
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")
    engine.dispose()
    (directory / "admission.yaml").write_text(FILE)
    allod("admission", "certificate", "--host", "127.0.0.1", "-o", tls)
    environment = {
        "PATH": os.defpath,
        "ALLOD_DATABASE_URL": url,
        "ALLOD_REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOD_BOOTSTRAP_TOKEN": TOKEN,
        "ALLOD_ADMISSION_FILE": str(directory / "admission.yaml"),
        "ALLOD_ADMISSION_ANONYMOUS": "true",
    }
    command = [sys.executable, "-m", "service.cli", "serve", "api", "--port", str(port)]
    command += ["--tls-cert", str(tls / "tls.crt"), "--tls-key", str(tls / "tls.key")]

    def start() -> "subprocess.Popen[bytes]":
        with (directory / "allod.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        until(lambda: client.get("/healthz").is_success, process)
        return process

    trust = ssl.create_default_context(cafile=tls / "ca.crt")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        httpx2.Client(
            base_url=f"https://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60, verify=trust
        ) as client,
        cluster.client(ADMIN) as api,
    ):
        found = World(api, client, start, start())
        try:
            furnish(found)
            printed = allod(
                *("admission", "manifest", "--url", f"https://127.0.0.1:{port}", "--ca-file", tls / "ca.crt"),
                *("--timeout", "30"),
            )
            path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
            assert api.post(path, json=yaml.safe_load(printed)).status_code == 201
            # An API server takes a moment to learn of a configuration; the first refusal shows that it has.
            until(lambda: found.create(workload("deployment-blocked", "first"), dryRun="All").status_code == 403)
            yield found
        finally:
            found.process.send_signal(signal.SIGTERM)
            found.process.wait(30)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def furnish(world: World) -> None:
    """Namespaces in the cluster; in the inventory a model, and of the packs the one on residency, soft in one workspace."""
    for namespace in ("web", "lab", "soft", "stray"):
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        assert world.cluster.post("/api/v1/namespaces", json=document).status_code == 201
    model = {"attributes": {"licence": "Apache-2.0", "weights": "open"}}
    for workspace in ("default", "soft"):
        put = world.allod.put("/api/v1/assets/model:acme/llm", json=model, params={"workspace": workspace})
        assert put.status_code == 201
        for pack in world.allod.get("/api/v1/packs", params={"workspace": workspace}).json()["items"]:
            kept = pack["id"] == "eu-data-residency"
            soft = {"admission": {"violation": "warn", "unknown": "warn"}} if workspace == "soft" else {}
            setting = {"active": kept, "enforcement": soft}
            answer = world.allod.put(f"/api/v1/packs/{pack['id']}", json=setting, params={"workspace": workspace})
            assert answer.is_success, answer.text


def allod(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(holds: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            if holds():
                return
        except httpx2.HTTPError:
            pass
        assert process is None or process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)


def workload(name: str, called: str, **metadata: Any) -> dict[str, Any]:
    """The object of an example review, as somebody would send it."""
    found: dict[str, Any] = json.loads((REVIEWS / f"{name}.json").read_text())["request"]["object"]
    kept = {key: value for key, value in found["metadata"].items() if key in {"labels", "annotations"}}
    return {**found, "metadata": {**kept, "name": called, **metadata}, "status": {}}


def test_a_deployment_is_refused_with_our_words(world: World) -> None:
    answer = world.create(workload("deployment-blocked", "desk"))
    status = answer.json()
    assert (answer.status_code, status["reason"]) == (403, "Forbidden")
    assert status["message"].startswith('admission webhook "gate.allod.dev" denied the request: Allod blocks this for ')
    assert "RES-002 (high) system:kubernetes/prod/web/deployment/desk: " in status["message"]
    assert world.cluster.get("/apis/apps/v1/namespaces/web/deployments/desk").status_code == 404


def test_a_deployment_without_fault_is_created_changed_scaled_and_deleted(world: World) -> None:
    assert world.create(workload("deployment-allowed", "chat")).status_code == 201
    path = "/apis/apps/v1/namespaces/web/deployments/chat"
    merge = {"Content-Type": "application/merge-patch+json"}
    noted = world.cluster.patch(path, json={"metadata": {"finalizers": ["allod.dev/x"]}}, headers=merge)
    assert noted.status_code == 200
    before = len(world.decisions())
    freed = world.cluster.patch(path, json={"metadata": {"finalizers": None}}, headers=merge)
    assert freed.status_code == 200
    scaled = world.cluster.patch(f"{path}/scale", json={"spec": {"replicas": 3}}, headers=merge)
    assert scaled.json()["spec"] == {"replicas": 3}
    status = world.cluster.patch(f"{path}/status", json={"status": {"replicas": 1}}, headers=merge)
    assert status.status_code == 200
    assert len(world.decisions()) == before  # none of the three was anything to judge
    abroad = {"spec": {"template": {"spec": {"nodeSelector": {"topology.kubernetes.io/region": "us-east-1"}}}}}
    personal = {"metadata": {"annotations": {"allod.dev/data-classes": "personal"}}}
    assert world.cluster.patch(path, json={**abroad, **personal}, headers=merge).status_code == 403
    assert world.cluster.delete(path).status_code == 200


def test_a_job_whose_name_is_made_by_the_server_is_judged_under_it(world: World) -> None:
    document = workload("job-generated", "", generateName="tune-")
    del document["metadata"]["name"]
    answer = world.create(document)
    assert answer.status_code == 201, answer.text
    (newest, *_) = world.decisions()
    decision = world.allod.get(f"/api/v1/decisions/{newest['id']}").json()
    assert f"system:kubernetes/prod/web/job/{answer.json()['metadata']['name']}" in decision["outcomes"]


def test_what_shows_nothing_of_ai_is_nobody_s_affair(world: World) -> None:
    before = len(world.decisions())
    assert world.create(workload("deployment-without-ai", "shop")).status_code == 201
    assert len(world.decisions()) == before


@pytest.mark.parametrize(("namespace", "begins"), [("lab", "would be refused: "), ("soft", "RES-00")])
def test_warnings_reach_who_asked(world: World, namespace: str, begins: str) -> None:
    answer = world.create(workload("deployment-blocked", "desk", namespace=namespace), namespace)
    assert answer.status_code == 201, answer.text
    warnings = answer.headers.get_list("Warning")
    assert any(one.startswith(f'299 - "{begins}') for one in warnings), warnings


def test_a_dry_run_is_refused_alike_and_keeps_nothing(world: World) -> None:
    before = len(world.decisions())
    answer = world.create(workload("deployment-blocked", "desk"), dryRun="All")
    assert (answer.status_code, "RES-002" in answer.text) == (403, True)
    assert world.create(workload("deployment-allowed", "chat-2"), dryRun="All").status_code == 201
    assert len(world.decisions()) == before


def test_a_namespace_of_nobody_is_refused_with_the_line_to_add(world: World) -> None:
    answer = world.create(workload("deployment-allowed", "chat", namespace="stray"), "stray")
    assert answer.status_code == 403
    assert (
        'Add under namespaces, in the file that ALLOD_ADMISSION_FILE names: - {match: "stray"'
        in answer.json()["message"]
    )


def test_a_pod_with_an_owner_that_its_maker_wrote_into_it_is_judged(world: World) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "1", "controller": True}
    document = workload("pod-with-forged-owner", "forged", ownerReferences=[owner])
    assert world.create(document).status_code == 403
    maker = {"Impersonate-User": "system:serviceaccount:kube-system:replicaset-controller"}
    path = "/api/v1/namespaces/web/pods"
    impersonated = world.cluster.post(path, json=document, headers={**maker, "Impersonate-Group": "system:masters"})
    assert impersonated.status_code == 201, impersonated.text


def test_with_nobody_there_everything_is_refused_until_somebody_is(world: World) -> None:
    world.process.send_signal(signal.SIGKILL)
    world.process.wait(30)
    answer = world.create(workload("deployment-allowed", "later"))
    assert answer.status_code == 500
    assert 'failed calling webhook "gate.allod.dev"' in answer.json()["message"]
    world.process = world.start()
    until(lambda: world.create(workload("deployment-allowed", "later")).status_code == 201)


def test_the_certificate_in_the_configuration_is_the_one_that_was_made(world: World) -> None:
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/allod"
    bundle = world.cluster.get(path).json()["webhooks"][0]["clientConfig"]["caBundle"]
    assert base64.b64decode(bundle).startswith(b"-----BEGIN CERTIFICATE-----")
