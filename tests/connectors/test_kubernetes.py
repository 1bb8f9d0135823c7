"""The connector `kubernetes`: against kmock, a real API server (where it is built), and servers that misbehave."""

import builtins
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from service.foundation.errors import Invalid
from service.scans import limits, reading, registry
from service.scans.connectors.kubernetes_nodes import read_node
from tests.connectors.conftest import Reading, ReadSource
from tests.connectors.kubernetes.clusters import ADMIN, NARROW, Cluster, built, create, emulated, fill

SECRET = {"ALLOD_SECRET_KUBE": ADMIN}
ALL = {
    *("cluster", "nodes", "pods", "statefulsets", "deployments", "daemonsets", "jobs", "cronjobs", "jobsets"),
    *("leaderworkersets", "pytorchjobs", "tfjobs", "mpijobs", "xgboostjobs", "paddlejobs", "jaxjobs", "trainjobs"),
    *("rayclusters", "rayjobs", "rayservices", "inferenceservices", "llminferenceservices", "software and models"),
}


@pytest.fixture(scope="module", params=["kmock", "real"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The estate, in either server."""
    directory = tmp_path_factory.mktemp("kubernetes")
    with (built if request.param == "real" else emulated)(directory) as found:
        fill(found)
        yield found


@pytest.fixture
def seen(cluster: Cluster, read_source: ReadSource) -> Reading:
    """The estate as the connector sees it, three objects a page."""
    return read_source("kubernetes", {**cluster.settings, "page": 3}, secrets=SECRET, roots=cluster.roots)


def test_all_that_was_asked_was_read(seen: Reading) -> None:
    assert set(seen.asked) == ALL
    assert seen.complete


def test_nodes_become_hosts(seen: Reading, cluster: Cluster) -> None:
    host = seen.asset("gpu_host:kubernetes/prod/gpu-1")
    assert host.title == "gpu-1"
    assert host.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA H100 80GB HBM3", "count": 8, "memory_gib": 79.6}],
        "confidential_computing": False,
        "driver": "570.86.15",
        "tenancy": "dedicated",
    }
    assert seen.related(host.ref) == {("located_in", "cloud_region:aws/eu-central-1")}
    assert seen.grade(host.ref, "accelerators") == "inferred"
    assert seen.grade(host.ref, "tenancy") == "declared"
    assert host.labels["topology.kubernetes.io/zone"] == "eu-central-1a"
    assert "kubernetes.io/hostname" not in host.labels
    assert host.annotations["kubernetes/devices"] == "nvidia.com/gpu: 6, nvidia.com/mig-3g.40gb: 4"

    typed = seen.asset("gpu_host:kubernetes/prod/gpu-2")
    assert typed.attributes["accelerators"] == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA A10G", "count": 4, "memory_gib": 24}
    ]
    assert seen.related(typed.ref) == {("located_in", "cloud_region:aws/eu-west-1")}

    amd = seen.asset("gpu_host:kubernetes/prod/amd-1")
    assert amd.attributes["accelerators"] == [
        {"vendor": "vendor:amd", "model": "AMD Instinct MI300X OAM", "count": 8, "memory_gib": 192}
    ]
    assert seen.asset("gpu_host:kubernetes/prod/rack-7").attributes["accelerators"] == [
        {"vendor": "vendor:nvidia", "count": 2}
    ]
    assert "gpu_host:kubernetes/prod/cpu-1" not in seen.taken
    software = seen.asset("software:kubernetes")
    assert software.attributes == {"version": cluster.version}
    assert seen.grade(software.ref, "version") == "verified"


def test_a_region_of_nobody_is_told_and_not_guessed(seen: Reading) -> None:
    assert seen.related("gpu_host:kubernetes/prod/rack-7") == set()
    (note,) = [note for note in seen.notes if note.part == "nodes"]
    assert note.object == "node/rack-7"
    assert "'strasbourg'" in note.text


def test_a_deployment_becomes_a_system(seen: Reading) -> None:
    system = seen.asset("system:kubernetes/prod/web/deployment/chat")
    assert system.attributes == {"criticality": "high", "data_classes": ["personal", "health"], "owner_team": "care"}
    assert seen.grade(system.ref, "data_classes") == "declared"
    assert system.evidence["data_classes"]["source"] == "kubernetes:apps/v1/deployments/annotations"
    assert seen.related(system.ref) == {
        ("uses", "model:meta-llama/Llama-3.1-8B-Instruct"),
        ("uses", "model:acme/triage-lora"),
        ("uses", "software:vllm"),
        ("uses", "software:oci/ghcr.io/acme/guard"),
        ("uses", "software:kubernetes"),
        ("runs_on", "gpu_host:kubernetes/prod/gpu-1"),
        ("runs_on", "cloud_region:aws/eu-central-1"),
    }
    assert system.labels == {
        "app.kubernetes.io/name": "chat",
        "team": "care",
        "kubernetes/cluster": "prod",
        "kubernetes/kind": "Deployment",
        "kubernetes/namespace": "web",
    }
    assert system.annotations == {"kubernetes/accelerators": "nvidia.com/gpu: 2"}
    assert [note.text for note in seen.notes if note.object == "web/Deployment/chat"] == [
        "there is no mark allod.dev/nonsense"
    ]


def test_what_runs_nowhere_runs_where_it_must(seen: Reading) -> None:
    assert seen.related("system:acme/rag") == {
        ("runs_on", "cloud_region:aws/eu-west-1"),
        ("uses", "model:acme/reranker"),
        ("uses", "software:kubernetes"),
        ("uses", "software:oci/registry.acme.eu-5000/rag"),
    }
    assert ("runs_on", "cloud_region:aws/eu-central-1") in seen.related("system:kubernetes/prod/lab/daemonset/ollama")
    assert ("uses", "model:ollama/llama3.2:1b") in seen.related("system:kubernetes/prod/lab/daemonset/ollama")


def test_what_is_controlled_belongs_to_its_controller(seen: Reading) -> None:
    systems = {ref for ref in seen.taken if ref.startswith("system:")}
    assert systems == {
        "system:acme/rag",
        "system:kubernetes/prod/web/deployment/chat",
        "system:kubernetes/prod/web/inferenceservice/reader",
        "system:kubernetes/prod/web/inferenceservice/scores",
        "system:kubernetes/prod/lab/daemonset/ollama",
        "system:kubernetes/prod/lab/cronjob/embed",
        "system:kubernetes/prod/lab/job/tune",
        "system:kubernetes/prod/lab/pod/notebook",
        "system:kubernetes/prod/lab/replicaset/canary-77",
        "system:kubernetes/prod/lab/pytorchjob/finetune",
        "system:kubernetes/prod/lab/rayservice/llm",
    }
    for ref, host in (
        ("web/inferenceservice/reader", "rack-7"),
        ("lab/cronjob/embed", "amd-1"),
        ("lab/rayservice/llm", "gpu-1"),
        ("lab/pod/notebook", "gpu-2"),
        ("lab/replicaset/canary-77", "gpu-1"),
        ("lab/replicaset/canary-77", "gpu-2"),
    ):
        assert ("runs_on", f"gpu_host:kubernetes/prod/{host}") in seen.related(f"system:kubernetes/prod/{ref}")


def test_labels_that_controllers_write_are_left_out(seen: Reading) -> None:
    assert set(seen.asset("system:kubernetes/prod/lab/job/tune").labels) == {
        "kubernetes/cluster",
        "kubernetes/kind",
        "kubernetes/namespace",
    }


def test_models_and_software_are_told_once(seen: Reading) -> None:
    assert seen.asset("model:acme/triage-lora").relations[0].as_dict() == {
        "type": "derived_from",
        "to": "model:meta-llama/Llama-3.1-8B-Instruct",
        "as": "adapter",
    }
    assert seen.asset("model:s3/acme-models/scores/v3").title == "s3://acme-models/scores/v3"
    assert seen.related("system:kubernetes/prod/web/inferenceservice/reader") >= {
        ("uses", "model:mistralai/Mistral-7B-Instruct-v0.3")
    }
    vllm = seen.asset("software:vllm")
    assert vllm.attributes == {"version": "0.11.0"}
    assert seen.grade(vllm.ref, "version") == "inferred"
    assert seen.related(vllm.ref) == {
        ("serves", "model:meta-llama/Llama-3.1-8B-Instruct"),
        ("serves", "model:acme/triage-lora"),
    }
    assert vllm.annotations == {
        "container/images": "docker.io/vllm/vllm-openai:v0.11.0",
        "container/digests": "sha256:" + "1" * 64,  # of what runs, as the kubelet says
    }
    tune = seen.asset("software:oci/ghcr.io/acme/tune")
    assert tune.attributes == {}
    assert tune.annotations["container/versions"] == "2, 3"
    assert (
        seen.asset("software:oci/registry.acme.eu-5000/rag").attributes["purl"].startswith("pkg:oci/rag@sha256%3A222")
    )


def test_no_secret_of_an_address_is_kept(seen: Reading) -> None:
    assert "hunter2" not in json.dumps([taken.observation.body() for taken in seen.taken.values()])


def test_an_unchanged_cluster_reads_the_same(seen: Reading, cluster: Cluster, read_source: ReadSource) -> None:
    again = read_source("kubernetes", cluster.settings, secrets=SECRET, roots=cluster.roots)  # in other pages
    assert {ref: taken.observation.body() for ref, taken in again.taken.items()} == {
        ref: taken.observation.body() for ref, taken in seen.taken.items()
    }


def test_one_namespace_alone(cluster: Cluster, read_source: ReadSource) -> None:
    settings = {**cluster.settings, "namespaces": ["web"], "nodes": False}
    found = read_source("kubernetes", settings, secrets=SECRET, roots=cluster.roots)
    assert found.complete
    assert {"cluster", "web/pods", "web/deployments", "web/inferenceservices"} <= set(found.asked)
    assert "nodes" not in found.asked
    assert {taken.part for ref, taken in found.taken.items() if ref.startswith("system:")} == {
        "web/statefulsets",
        "web/deployments",
        "web/inferenceservices",
    }
    # Without nodes nobody knows whose regions these are.
    (note,) = [note for note in found.notes if note.object == "web/StatefulSet/rag"]
    assert note.text == "it must run in a region whose provider cannot be told"


def test_the_provider_and_the_region_may_be_said(cluster: Cluster, read_source: ReadSource) -> None:
    told = {"provider": "velmora", "exclude": ["l*"]}
    found = read_source("kubernetes", {**cluster.settings, **told}, secrets=SECRET, roots=cluster.roots)
    assert found.related("gpu_host:kubernetes/prod/rack-7") == {("located_in", "cloud_region:velmora/strasbourg")}
    assert not [ref for ref in found.taken if "/lab/" in ref]
    fallback = {"region": "cloud_region:velmora/strasbourg"}
    found = read_source("kubernetes", {**cluster.settings, **fallback}, secrets=SECRET, roots=cluster.roots)
    assert found.related("gpu_host:kubernetes/prod/rack-7") == {("located_in", "cloud_region:velmora/strasbourg")}
    assert found.related("gpu_host:kubernetes/prod/gpu-1") == {("located_in", "cloud_region:aws/eu-central-1")}


def test_a_wrong_token_is_refused(cluster: Cluster, read_source: ReadSource) -> None:
    if not cluster.real:
        pytest.skip("kmock lets everybody in")
    found = read_source(
        "kubernetes", cluster.settings, secrets={"ALLOD_SECRET_KUBE": "wrong-token"}, roots=cluster.roots
    )
    assert [(one.part, one.reason) for one in found.refused] == [
        ("cluster", "GET version answers 401 Unauthorized: Unauthorized.")
    ]
    assert not found.taken


def test_what_an_account_may_not_list_is_refused_alone(cluster: Cluster, read_source: ReadSource) -> None:
    if not cluster.real:
        pytest.skip("kmock lets everybody in")
    with cluster.client() as client:
        head = {"apiVersion": "rbac.authorization.k8s.io/v1"}
        rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}]
        subject = {"kind": "User", "name": "narrow", "apiGroup": "rbac.authorization.k8s.io"}
        given = {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
        metadata = {"name": "reader", "namespace": "web"}
        create(client, {**head, "kind": "Role", "metadata": metadata, "rules": rules}, real=True)
        create(
            client,
            {**head, "kind": "RoleBinding", "metadata": metadata, "subjects": [subject], "roleRef": given},
            real=True,
        )
    narrow = {"ALLOD_SECRET_KUBE": NARROW}
    settings = {**cluster.settings, "namespaces": ["web", "lab"]}
    found = read_source("kubernetes", settings, secrets=narrow, roots=cluster.roots)
    assert {"cluster", "web/deployments"} == set(found.read)
    assert "system:kubernetes/prod/web/deployment/chat" in found.taken
    refused = {one.part: one.reason for one in found.refused}
    assert set(refused) == set(found.asked) - {"cluster", "web/deployments"}
    assert refused["nodes"].startswith(
        'GET api/v1/nodes answers 403 Forbidden: nodes is forbidden: User "narrow" cannot list'
    )
    assert refused["software and models"] == "not all workloads could be read: there may be more of both"


def test_the_certificate_must_be_known(cluster: Cluster, read_source: ReadSource, tmp_path: Path) -> None:
    if not cluster.real:
        pytest.skip("kmock speaks no TLS")
    settings = {key: value for key, value in cluster.settings.items() if key != "ca_file"}
    found = read_source("kubernetes", settings, secrets=SECRET)
    assert "CERTIFICATE_VERIFY_FAILED" in found.refused[0].reason
    (tmp_path / "ca.pem").write_text("no certificate")
    settings["ca_file"] = str(tmp_path / "ca.pem")
    found = read_source("kubernetes", settings, secrets=SECRET, roots=[tmp_path])
    assert found.refused[0].reason.startswith(f"The certificates in {tmp_path}/ca.pem cannot be used")


# From here on, servers that misbehave.

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def misbehaving(answers: Callable[[str, dict[str, str]], Answer | Any]) -> Iterator[str]:
    """A server that answers `answers(path, query)`: a triple, or what is sent as JSON."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            found = answers(parts.path, {key: value[0] for key, value in parse_qs(parts.query).items()})
            if found is None:
                self.close_connection = True
                return
            code, headers, body = found if isinstance(found, tuple) else (200, {}, json.dumps(found).encode())
            self.send_response(code)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = "Content-Length" in headers  # it promised more

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that did not wait is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


VERSION = {"gitVersion": "v1.36.3"}


def status(code: int, message: str, **metadata: str) -> Answer:
    body = {"kind": "Status", "code": code, "message": message, "metadata": metadata}
    return code, {"Content-Type": "application/json"}, json.dumps(body).encode()


def gpu_pod(name: str, namespace: str = "n") -> dict[str, Any]:
    container = {"name": "c", "image": "acme/x", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"containers": [container]}}


def lists(**objects: Any) -> Callable[[str, dict[str, str]], Any]:
    """A server with these objects by plural; everything else is empty."""

    def answer(path: str, _: dict[str, str]) -> Any:
        if path == "/version":
            return VERSION
        found = objects.get(path.rpartition("/")[2], [])
        return found if isinstance(found, tuple) else {"metadata": {}, "items": found}

    return answer


def test_odd_objects_do_not_end_a_part(read_source: ReadSource) -> None:
    deep = {"metadata": {"name": "d", "labels": {"allod.dev/owner-team": "x"}}, "spec": {"template": 1}}
    answers = lists(
        nodes=[
            None,
            1,
            {"metadata": {"name": 5}},
            {"metadata": {"name": "ok"}, "status": {"capacity": "x"}, "spec": []},
        ],
        pods=[
            "x",
            {"metadata": None},
            {"metadata": {"name": "a b\n✓", "namespace": "n"}, "spec": gpu_pod("x")["spec"]},
        ],
        deployments=[{"metadata": {}}, deep],
    )
    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert set(found.read) == set(found.asked)
    assert [(one.part, one.object, one.reason) for one in found.refused[:3]] == [
        ("nodes", "Node", "it has no name")
    ] * 3
    assert {one.part for one in found.refused} == {"nodes", "pods", "deployments"}
    assert found.asset("system:kubernetes/c/default/deployment/d").attributes == {"owner_team": "x"}


def test_a_place_that_is_marked_stands_and_one_that_is_not_known_is_left_out(read_source: ReadSource) -> None:
    marked = {"name": "m", "namespace": "n", "annotations": {"allod.dev/runs-on": "gpu_host:acme/lab"}}
    running = gpu_pod("p")
    running["spec"]["nodeName"] = "somewhere"
    running["status"] = {"containerStatuses": [{"name": "c", "imageID": "sha256:1"}, {"name": "other"}]}
    static = gpu_pod("static")
    static["metadata"]["ownerReferences"] = [{"kind": "Node", "name": "somewhere", "controller": True}, {"kind": 1}]
    answers = lists(
        nodes=[{"metadata": {"name": "somewhere"}}], pods=[running, static], deployments=[{"metadata": marked}]
    )
    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert found.complete
    assert ("runs_on", "gpu_host:acme/lab") in found.related("system:kubernetes/c/n/deployment/m")
    for name in ("p", "static"):
        assert found.related(f"system:kubernetes/c/n/pod/{name}") == {
            ("uses", "software:kubernetes"),
            ("uses", "software:oci/docker.io/acme/x"),
        }


def test_an_empty_list_may_be_null(read_source: ReadSource) -> None:
    with misbehaving(lambda path, _: VERSION if path == "/version" else {"metadata": {}, "items": None}) as url:
        assert read_source("kubernetes", {"server": url, "cluster": "c"}).complete


def test_many_pages_are_read_one_after_the_other(read_source: ReadSource) -> None:
    asked: list[dict[str, str]] = []

    def answers(path: str, query: dict[str, str]) -> Any:
        if not path.endswith("/pods"):
            return lists()(path, query)
        asked.append(query)
        start = int(query.get("continue", "0"))
        items = [gpu_pod(f"p{number}") for number in range(start, min(start + 50, 1000))]
        return {"items": items, "metadata": {"continue": str(start + 50)} if start + 50 < 1000 else {}}

    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c", "page": 50})
    assert found.complete
    assert len([ref for ref in found.taken if ref.startswith("system:")]) == 1000
    assert len(asked) == 20
    assert {query["limit"] for query in asked} == {"50"}


@pytest.mark.parametrize("token", ["", "go-on"])
def test_a_list_that_expires_is_gone_on_with(read_source: ReadSource, token: str) -> None:
    asked: list[str] = []

    def answers(path: str, query: dict[str, str]) -> Any:
        if not path.endswith("/pods"):
            return lists()(path, query)
        where = query.get("continue", "start")
        asked.append(where)
        if where == "start":
            over = len(asked) > 1
            return {"items": [gpu_pod("a")], "metadata": {} if over else {"continue": "old"}}
        if where == "old":
            return status(410, "The provided continue parameter is too old", **({"continue": token} if token else {}))
        return {"items": [gpu_pod("b")], "metadata": {}}

    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert found.complete
    assert asked == ["start", "old", token or "start"]


def test_a_list_that_expires_again_and_again_is_refused(read_source: ReadSource) -> None:
    def answers(path: str, query: dict[str, str]) -> Any:
        if not path.endswith("/pods"):
            return lists()(path, query)
        return status(410, "too old") if "continue" in query else {"items": [], "metadata": {"continue": "old"}}

    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert [(one.part, one.reason) for one in found.refused] == [
        ("pods", "GET api/v1/pods answers 410 Gone: too old."),
        ("software and models", "not all workloads could be read: there may be more of both"),
    ]
    assert "deployments" in found.read


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {}, b"<html>Sign in</html>"), "did not answer with JSON"),
        ((200, {}, b"[]"), "did not answer with a list"),
        ((200, {}, b'{"items": {}}'), "did not answer with a list"),
        ((200, {}, b"{}"), "did not answer with a list"),
        ((200, {}, b'{"items": [], "metadata": {"continue": 7}}'), "answers with pages that have no end"),
        ((404, {}, b"not here"), "answers 404 Not Found."),
        ((500, {}, b'{"message": "word"}'), "answers 500 Internal Server Error."),
        ((503, {"Retry-After": "0"}, b""), "answers 503 Service Unavailable."),
        (status(429, "slow down"), "answers 429 Too Many Requests: slow down."),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "answers 302 Found."),
        ((200, {"Content-Length": "9"}, b"{"), "cannot be reached"),
        (None, "cannot be reached"),
    ],
)
def test_a_part_that_is_answered_badly_is_refused(
    read_source: ReadSource, monkeypatch: pytest.MonkeyPatch, answer: Any, reason: str
) -> None:
    monkeypatch.setattr(limits, "REST", 0.0)

    def answers(path: str, query: dict[str, str]) -> Any:
        return answer if path.endswith("/deployments") else lists(pods=[gpu_pod("a")])(path, query)

    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert {one.part for one in found.refused} == {"deployments", "software and models"}
    assert reason in found.refused[0].reason
    assert set(found.asked) - set(found.read) == {"deployments", "software and models"}
    assert "system:kubernetes/c/n/pod/a" in found.taken


def test_pages_that_lead_to_themselves_end(read_source: ReadSource) -> None:
    answers = lambda path, _: VERSION if path == "/version" else {"items": [], "metadata": {"continue": "same"}}  # noqa: E731
    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert found.refused[0].reason == "GET api/v1/nodes answers with pages that have no end."


def test_answers_are_bounded(read_source: ReadSource, monkeypatch: pytest.MonkeyPatch) -> None:
    with misbehaving(lists(pods=[gpu_pod("a" * 50)] * 50)) as url:
        with monkeypatch.context() as patch:
            patch.setattr(limits, "BODY_MAX", 1000)
            found = read_source("kubernetes", {"server": url, "cluster": "c"})
        assert found.refused[0].reason == "GET api/v1/pods answers with more than 1000 bytes."
        monkeypatch.setattr(limits, "WHOLE_SECONDS", -1.0)
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
        assert found.refused[0].reason == "GET version did not end its answer within -1 s."


def test_a_server_that_falls_silent_is_not_waited_for_again_and_again(
    read_source: ReadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.1)
    over, asked = threading.Event(), []

    def answers(path: str, query: dict[str, str]) -> Any:
        if path == "/version" or path.endswith("/nodes"):
            return lists()(path, query)
        asked.append(path)
        over.wait(30)
        return None

    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
        over.set()
    reasons = {one.part: one.reason for one in found.refused}
    assert reasons["pods"] == "GET api/v1/pods did not answer in time."
    assert reasons["statefulsets"] == "GET apis/apps/v1/statefulsets did not answer in time."
    assert reasons["deployments"] == "The server has stopped answering."
    assert len(asked) == 2
    assert set(found.read) == {"cluster", "nodes"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"hello": "world"}, "What answers there is no Kubernetes API server: it tells no version."),
        ((200, {}, b"<html>"), "GET version did not answer with JSON"),
        ((404, {}, b""), "GET version answers 404 Not Found."),
    ],
)
def test_what_is_no_api_server_is_asked_nothing_else(read_source: ReadSource, answer: Any, reason: str) -> None:
    with misbehaving(lambda *_: answer) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert found.asked == ["cluster"]
    assert found.read == []
    assert found.refused[0].reason.startswith(reason)


def test_a_version_that_may_not_be_read_ends_nothing(read_source: ReadSource) -> None:
    answers = lambda path, query: status(403, "no") if path == "/version" else lists()(path, query)  # noqa: E731
    with misbehaving(answers) as url:
        found = read_source("kubernetes", {"server": url, "cluster": "c"})
    assert [one.part for one in found.refused] == ["cluster"]
    assert "pods" in found.read


def test_nobody_listens(read_source: ReadSource) -> None:
    found = read_source("kubernetes", {"server": "http://127.0.0.1:1", "cluster": "c"})
    assert found.refused[0].reason.startswith("GET version cannot be reached")


def test_a_missing_extra_is_named(read_source: ReadSource, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("lightkube"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    found = read_source("kubernetes", {"server": "http://127.0.0.1:1", "cluster": "c"})
    assert found.refused[0].reason == "lightkube is not installed: pip install 'allod[kubernetes]'"


def test_neither_environment_nor_kubeconfig_is_looked_at(
    read_source: ReadSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(yaml.safe_dump({"current-context": "broken"}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / ".kube" / "config"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with misbehaving(lists()) as url:
        assert read_source("kubernetes", {"server": url, "cluster": "c"}).complete


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "/settings/server"),
        ({"server": "10.0.0.1"}, "/settings/server"),
        ({"token": "secret-itself"}, "/settings/token"),
        ({"cluster": "Not A Name"}, "/settings/cluster"),
        ({"namespaces": ["Kube System"]}, "/settings/namespaces/0"),
        ({"page": "9"}, "/settings/page"),
        ({"region": "eu"}, "/settings/region"),
        ({"kubeconfig": "/x"}, "/settings/kubeconfig"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, Any], path: str) -> None:
    connector = registry.find("kubernetes")
    whole = {"server": "https://k:6443", "cluster": "c"} if given else {}
    with pytest.raises(Invalid) as caught:
        reading.settings_of(connector, whole | given)
    assert path in {fault.path for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("server", "reach"),
    [
        ("https://k", "k:443"),
        ("http://K/x", "k:80"),
        ("https://10.0.0.1:6443/", "10.0.0.1:6443"),
        ("https://[fd00::1]", "[fd00::1]:443"),
    ],
)
def test_only_the_server_is_reached(server: str, reach: str) -> None:
    connector = registry.find("kubernetes")
    settings = reading.settings_of(connector, {"server": server, "cluster": "c"})
    assert connector.reaches(settings) == [reach]


def node(
    labels: dict[str, str] | None = None,
    identity: str = "aws:///eu-west-1a/i-1",
    provider: str | None = None,
    **capacity: str,
) -> dict[str, Any]:
    """The attributes, relations and troubles of a node."""
    named = {key.replace("__", "/").replace("_", "."): value for key, value in capacity.items()}
    document = {
        "metadata": {"name": "x", "labels": labels or {}},
        "spec": {"providerID": identity},
        "status": {"capacity": named},
    }
    found = read_node(document, cluster="c", provider=provider, region=None)
    assert found is not None
    if found.host is None:
        return {}
    return {**found.host.attributes, "in": [to for _, to in found.host.relations], "troubles": list(found.troubles)}


PRODUCT = "nvidia.com/gpu.product"


@pytest.mark.parametrize(
    ("labels", "capacity", "expected"),
    [
        ({}, {}, None),
        ({}, {"nvidia_com__gpu": "0"}, None),
        ({"nvidia.com/gpu.count": "4"}, {}, {"vendor": "vendor:nvidia", "count": 4}),
        ({PRODUCT: "Tesla-T4-SHARED", "nvidia.com/gpu.replicas": "4"}, {"nvidia_com__gpu": "8"}, {"model": "Tesla T4"}),
        ({PRODUCT: "Tesla-T4"}, {"nvidia_com__gpu": "2"}, {"model": "Tesla T4", "count": 2}),
        (
            {PRODUCT: "A100-SXM4-40GB-MIG-1g.5gb", "nvidia.com/gpu.count": "56", "nvidia.com/gpu.memory": "5120"},
            {"nvidia_com__gpu": "56"},
            {"model": "A100 SXM4 40GB"},
        ),
        ({}, {"nvidia_com__mig-1g.5gb": "7"}, {"vendor": "vendor:nvidia"}),
        (
            {"beta.amd.com/gpu.product-name": "MI210"},
            {"amd_com__gpu": "2"},
            {"vendor": "vendor:amd", "model": "MI210", "count": 2},
        ),
        (
            {"cloud.google.com/gke-tpu-accelerator": "tpu-v5p-slice"},
            {"google_com__tpu": "4"},
            {"vendor": "vendor:google", "model": "Google Cloud TPU v5p", "count": 4},
        ),
        (
            {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4", "cloud.google.com/gke-accelerator-count": "2"},
            {"nvidia_com__gpu": "8"},
            {"vendor": "vendor:nvidia", "model": "NVIDIA T4", "count": 2},
        ),
        (
            {
                "karpenter.k8s.aws/instance-gpu-name": "a100",
                "karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia",
                "karpenter.k8s.aws/instance-gpu-count": "8",
                "karpenter.k8s.aws/instance-gpu-memory": "40960",
            },
            {},
            {"vendor": "vendor:nvidia", "model": "A100", "count": 8, "memory_gib": 40},
        ),
        ({"karpenter.k8s.aws/instance-gpu-name": "odd"}, {}, {"model": "ODD"}),
        ({}, {"habana_ai__gaudi": "8"}, {"vendor": "vendor:intel"}),
    ],
)
def test_accelerators_of_nodes(
    labels: dict[str, str], capacity: dict[str, str], expected: dict[str, Any] | None
) -> None:
    found = node(labels, **capacity)
    if expected is None:
        assert found == {}
        return
    (one,) = found["accelerators"]
    assert {**one, **expected} == one
    assert set(one) <= set(expected) | {"vendor"}


def test_accelerators_of_two_makers() -> None:
    labels = {PRODUCT: "L4", "amd.com/gpu.product-name": "MI210"}
    assert [one["vendor"] for one in node(labels)["accelerators"]] == ["vendor:nvidia", "vendor:amd"]
    assert [one["vendor"] for one in node(nvidia_com__gpu="1", amd_com__gpu="1")["accelerators"]] == [
        "vendor:amd",
        "vendor:nvidia",
    ]


@pytest.mark.parametrize(
    ("labels", "identity", "provider", "places"),
    [
        (
            {"topology.kubernetes.io/region": "westeurope"},
            "azure:///subscriptions/x",
            None,
            ["cloud_region:azure/westeurope"],
        ),
        ({}, "gce://acme/europe-west3-b/vm", None, ["cloud_region:google/europe-west3"]),
        ({}, "scaleway://instance/fr-par-1/id", None, ["cloud_region:scaleway/fr-par"]),
        ({}, "aws:///us-west-2-lax-1a/i-1", None, []),
        ({"topology.kubernetes.io/region": "GRA"}, "openstack:///id", "ovhcloud", ["cloud_region:ovhcloud/gra"]),
        ({"failure-domain.beta.kubernetes.io/region": "fsn1"}, "hcloud://1", None, ["cloud_region:hetzner/fsn1"]),
        ({"topology.kubernetes.io/region": "RegionOne"}, "openstack:///id", None, []),
        ({}, "", None, []),
    ],
)
def test_places_of_nodes(labels: dict[str, str], identity: str, provider: str | None, places: list[str]) -> None:
    found = node(labels, identity, provider, nvidia_com__gpu="1")
    assert found["in"] == places
    assert bool(found["troubles"]) is not bool(places)


@pytest.mark.parametrize(
    ("labels", "attribute", "value"),
    [
        ({"nvidia.com/cc.mode.state": "on"}, "confidential_computing", True),
        ({"nvidia.com/cc.mode.state": "devtools"}, "confidential_computing", False),
        ({"nvidia.com/cc.mode.state": "odd"}, "confidential_computing", None),
        ({"node.kubernetes.io/instance-type": "Standard_NCC40ads_H100_v5"}, "confidential_computing", True),
        ({"nvidia.com/cuda.driver.major": "570", "nvidia.com/cuda.driver.minor": "86"}, "driver", "570.86"),
    ],
)
def test_other_facts_of_nodes(labels: dict[str, str], attribute: str, value: Any) -> None:
    assert node(labels, "azure:///x", nvidia_com__gpu="1").get(attribute) == value


def test_a_node_may_be_marked_as_a_host() -> None:
    marks = {"allod.dev/ref": "gpu_host:acme/lab", "allod.dev/located-in": "cloud_region:acme/basement"}
    metadata = {"name": "x", "annotations": marks, "labels": {"topology.kubernetes.io/region": "r"}}
    found = read_node({"metadata": metadata}, cluster="c", provider="p", region=None)
    assert found is not None
    assert found.host is not None
    assert found.host.name == "acme/lab"
    assert list(found.host.relations) == [("located_in", "cloud_region:acme/basement")]
    assert found.host.attributes == {}
