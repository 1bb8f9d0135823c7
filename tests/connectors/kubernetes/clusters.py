"""The two API servers that the connector is tried on: kmock, and the real one where it was built (`.tools/bin`)."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.fixtures.opa import free_port
from tests.fixtures.servers import ROOT, environment, running

HERE = Path(__file__).parent
ADMIN, NARROW = "admin-token-4711", "narrow-token-4712"
BINARIES = ROOT / ".tools" / "bin"
PLURALS = {"Namespace": "namespaces", "Node": "nodes", "InferenceService": "inferenceservices"}
CLUSTER_WIDE = {"Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}


@dataclass(frozen=True)
class Cluster:
    """A running server. `settings` are what a source needs to reach it."""

    url: str
    real: bool
    ca_file: Path | None
    version: str

    @property
    def settings(self) -> dict[str, Any]:
        """Without the token, which tests name by its secret."""
        found: dict[str, Any] = {"server": self.url, "cluster": "prod"}
        return found | ({"ca_file": str(self.ca_file), "token": "env:ALLOD_SECRET_KUBE"} if self.real else {})

    @property
    def roots(self) -> list[Path]:
        """Where its certificate lies."""
        return [self.ca_file.parent] if self.ca_file else []

    def client(self, token: str = ADMIN) -> httpx2.Client:
        """Somebody who may do everything."""
        return httpx2.Client(
            base_url=self.url,
            verify=_trust(self.ca_file),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )


def path_of(document: dict[str, Any]) -> str:
    """Where objects of this one's kind are created."""
    kind, version = document["kind"], document["apiVersion"]
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = document["metadata"].get("namespace")
    return f"{root}/{plural}" if kind in CLUSTER_WIDE else f"{root}/namespaces/{namespace}/{plural}"


def create(client: httpx2.Client, document: dict[str, Any], *, real: bool) -> None:
    """Creates an object; a real server takes the status of a pod only where the kubelet would put it."""
    path = path_of(document)
    answer = client.post(path, json=document)
    assert answer.is_success, answer.text
    if real and document["kind"] == "Pod" and "status" in document:
        body = answer.json() | {"status": document["status"]}
        answer = client.put(f"{path}/{document['metadata']['name']}/status", json=body)
        assert answer.is_success, answer.text


def fill(cluster: Cluster) -> None:
    """Puts the estate into the cluster."""
    with cluster.client() as client:
        if cluster.real:
            for kind in yaml.safe_load((HERE / "crds.yaml").read_text()):
                create(client, _definition(**kind), real=True)
            for kind in yaml.safe_load((HERE / "crds.yaml").read_text()):
                _wait(client, f"/apis/{kind['group']}/{kind['version']}/{kind['plural']}")
        for document in yaml.safe_load_all((HERE / "estate.yaml").read_text()):
            if cluster.real or document["kind"] != "Namespace":  # kmock has none: it knows them by name alone
                create(client, document, real=cluster.real)


@contextmanager
def emulated(directory: Path) -> Iterator[Cluster]:
    """kmock, empty."""
    python, port = environment("kmock") / "python", free_port()
    url = f"http://127.0.0.1:{port}"
    with running(
        [python, HERE / "kmock_server.py", str(port)], directory / "kmock.log", lambda: _answers(f"{url}/version")
    ):
        yield Cluster(url, real=False, ca_file=None, version="1.26.4+k3s1")


@contextmanager
def built(directory: Path) -> Iterator[Cluster]:
    """kube-apiserver with etcd behind it: nothing else, so nobody starts pods or removes objects."""
    if not all((BINARIES / name).is_file() for name in ("etcd", "kube-apiserver")):
        pytest.skip("no Kubernetes API server here: `make kube` builds one, in some ten minutes")
    etcd, peers, port = free_port(), free_port(), free_port()
    key = directory / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (directory / "tokens.csv").write_text(f'{ADMIN},admin,1,"system:masters"\n{NARROW},narrow,2,\n')
    store = f"http://127.0.0.1:{etcd}"
    with ExitStack() as stack:
        command: list[str | Path] = [BINARIES / "etcd", "--data-dir", directory / "etcd", "--unsafe-no-fsync"]
        command += ["--listen-client-urls", store, "--advertise-client-urls", store]
        command += ["--listen-peer-urls", f"http://127.0.0.1:{peers}", "--logger", "zap", "--log-level", "error"]
        stack.enter_context(running(command, directory / "etcd.log", lambda: _answers(f"{store}/health")))
        certificate = directory / "certificates" / "apiserver.crt"
        command = [BINARIES / "kube-apiserver", f"--etcd-servers={store}", f"--secure-port={port}"]
        command += ["--bind-address=127.0.0.1", f"--cert-dir={certificate.parent}", "--allow-privileged"]
        command += [f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"]
        command += ["--service-account-issuer=https://localhost", "--service-cluster-ip-range=10.0.0.0/24"]
        command += [f"--token-auth-file={directory / 'tokens.csv'}", "--authorization-mode=RBAC"]
        # There is no controller that would make the accounts that pods ask for.
        command += ["--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"]
        url = f"https://127.0.0.1:{port}"
        stack.enter_context(
            running(command, directory / "apiserver.log", lambda: _answers(f"{url}/readyz", certificate, ADMIN))
        )
        with httpx2.Client(verify=_trust(certificate), trust_env=False) as client:
            version = client.get(f"{url}/version").json()["gitVersion"].removeprefix("v")
        yield Cluster(url, real=True, ca_file=certificate, version=version)


def _definition(group: str, version: str, kind: str, plural: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _wait(client: httpx2.Client, path: str) -> None:
    deadline = time.monotonic() + 60
    while not client.get(path).is_success:
        assert time.monotonic() < deadline, f"{path} is not served"
        time.sleep(0.1)


def _trust(certificate: Path | None) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=str(certificate)) if certificate else True


def _answers(url: str, certificate: Path | None = None, token: str | None = None) -> bool:
    if certificate is not None and not certificate.exists():
        return False
    try:
        with httpx2.Client(verify=_trust(certificate), trust_env=False) as client:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return client.get(url, headers=headers, timeout=5).is_success
    except (httpx2.HTTPError, OSError):
        return False
