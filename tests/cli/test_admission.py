"""`allod admission` and `allod serve api` over TLS."""

import base64
import builtins
import os
import signal
import ssl
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from service.cli import serve
from service.cli.home import free_port
from service.foundation.errors import Invalid
from tests.cli.conftest import Allod

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def certificates(allod: Allod, tmp_path: Path) -> Path:
    directory = tmp_path / "tls"
    hosts = ("--host", "localhost", "--host", "127.0.0.1", "--host", "allod.allod.svc")
    ran = allod("admission", "certificate", *hosts, "-o", directory)
    assert ran.code == 0, ran.err
    assert ran.out.split() == [str(directory / name) for name in ("ca.crt", "tls.crt", "tls.key")]
    return directory


class TestManifest:
    def configuration(self, allod: Allod, *arguments: object) -> dict[str, Any]:
        ran = allod("admission", "manifest", *arguments)
        assert ran.code == 0, ran.err
        found: dict[str, Any] = yaml.safe_load(ran.out)
        return found

    def test_a_service_in_the_cluster(self, allod: Allod, certificates: Path) -> None:
        ca = certificates / "ca.crt"
        found = self.configuration(allod, "--service", "allod/gate:8443", "--ca-file", ca)
        assert (found["apiVersion"], found["kind"]) == (
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
        )
        (hook,) = found["webhooks"]
        assert hook["clientConfig"] == {
            "service": {"namespace": "allod", "name": "gate", "path": "/admission/v1/validate", "port": 8443},
            "caBundle": base64.b64encode(ca.read_bytes()).decode(),
        }
        assert hook["namespaceSelector"]["matchExpressions"][0]["values"] == ["kube-system", "allod"]
        settled = {"failurePolicy": "Fail", "timeoutSeconds": 10, "sideEffects": "NoneOnDryRun"}
        assert {key: hook[key] for key in settled} == settled
        assert hook["admissionReviewVersions"] == ["v1"]
        resources = {(rule["apiGroups"][0], one) for rule in hook["rules"] for one in rule["resources"]}
        assert resources >= {
            ("", "pods"),
            ("", "pods/ephemeralcontainers"),
            ("apps", "deployments"),
            ("batch", "cronjobs"),
            ("serving.kserve.io", "inferenceservices"),
            ("ray.io", "rayservices"),
        }
        assert all(rule["operations"] == ["CREATE", "UPDATE"] for rule in hook["rules"])

    def test_an_address_and_everything_else_that_can_be_said(self, allod: Allod) -> None:
        found = self.configuration(
            allod,
            *("--url", "https://allod.example:8443/", "--failure-policy", "Ignore", "--timeout", "5"),
            *("--name", "gate", "--exclude", "cert-manager", "--exclude", "kube-system"),
            *("--also", "argoproj.io/v1alpha1/rollouts"),
        )
        (hook,) = found["webhooks"]
        assert found["metadata"]["name"] == "gate"
        assert hook["clientConfig"] == {"url": "https://allod.example:8443/admission/v1/validate"}
        assert (hook["failurePolicy"], hook["timeoutSeconds"]) == ("Ignore", 5)
        assert hook["namespaceSelector"]["matchExpressions"][0]["values"] == ["kube-system", "cert-manager"]
        assert hook["rules"][-1]["apiGroups"] == ["argoproj.io"]
        assert hook["rules"][-1]["resources"] == ["rollouts"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((), "one of --url and"),
            (("--url", "https://a", "--service", "a/b"), "one of --url and"),
            (("--url", "http://a"), "is not https://HOST"),
            (("--url", "https://user:pw@a"), "is not https://HOST"),
            (("--url", "https://a?b=c"), "is not https://HOST"),
            (("--service", "allod"), "is not NAMESPACE/NAME"),
            (("--service", "a/b"), "name the"),
            (("--url", "https://a", "--also", "pods"), "is not"),
            (("--url", "https://a", "--timeout", "31"), "--timeout"),
        ],
    )
    def test_what_cannot_be_is_refused(self, allod: Allod, arguments: tuple[str, ...], words: str) -> None:
        ran = allod("admission", "manifest", *arguments)
        assert ran.code == 2
        assert words in " ".join(ran.err.replace("│", " ").split())
        assert ran.out == ""

    @pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff"])
    def test_a_file_without_certificates_is_refused(self, allod: Allod, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "ca.pem"
        file.write_bytes(content)
        ran = allod("admission", "manifest", "--url", "https://a", "--ca-file", file)
        assert ran.code == 2
        assert f"{file} holds no certificate" in ran.err
        assert allod("admission", "manifest", "--url", "https://a", "--ca-file", tmp_path / "nowhere").code == 2


class TestCertificate:
    def test_it_names_its_hosts_and_is_signed_by_the_authority_alone(self, certificates: Path) -> None:
        root, own = (
            x509.load_pem_x509_certificate((certificates / name).read_bytes()) for name in ("ca.crt", "tls.crt")
        )
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost", "allod.allod.svc"]
        assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
        own.verify_directly_issued_by(root)
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
        ends = own.not_valid_after_utc - datetime.now(UTC)
        assert timedelta(days=364) < ends < timedelta(days=366)
        assert stat.S_IMODE((certificates / "tls.key").stat().st_mode) == 0o600
        assert not list(certificates.glob("ca.key"))

    def test_files_that_are_there_are_replaced_only_when_told(self, allod: Allod, certificates: Path) -> None:
        before = (certificates / "tls.key").read_bytes()
        again = ("admission", "certificate", "--host", "localhost", "-o", certificates)
        ran = allod(*again)
        assert ran.code == 2
        assert "--force" in ran.err
        assert (certificates / "tls.key").read_bytes() == before
        assert allod(*again, "--force").code == 0
        assert (certificates / "tls.key").read_bytes() != before
        assert stat.S_IMODE((certificates / "tls.key").stat().st_mode) == 0o600

    @pytest.mark.parametrize("host", ["https://a", "a b", "Ä", "*", ""])
    def test_what_is_no_host_is_refused(self, allod: Allod, tmp_path: Path, host: str) -> None:
        assert allod("admission", "certificate", "--host", host, "-o", tmp_path / "tls").code == 2
        assert not (tmp_path / "tls").exists()

    def test_without_the_library_it_says_what_to_install(
        self, allod: Allod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = builtins.__import__

        def without(name: str, *more: Any, **most: Any) -> Any:
            if name.startswith("cryptography"):
                raise ImportError(name)
            return real(name, *more, **most)

        monkeypatch.setattr(builtins, "__import__", without)
        ran = allod("admission", "certificate", "--host", "a", "-o", tmp_path / "tls")
        assert (ran.code, "allod[admission]" in ran.err) == (3, True)


class TestServing:
    @pytest.fixture
    def environment(self, database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "ALLOD_DATABASE_URL": database_url,
            "ALLOD_REDIS_URL": redis_url,
            "ALLOD_DATA_DIR": str(tmp_path / "data"),
            "ALLOD_PORT": str(free_port()),
        }

    def start(self, environment: dict[str, str], *arguments: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "api", *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    @pytest.mark.parametrize("by", ["flags", "settings"])
    def test_https(self, environment: dict[str, str], certificates: Path, by: str) -> None:
        files = {"tls-cert": certificates / "tls.crt", "tls-key": certificates / "tls.key"}
        flags = [part for name, file in files.items() for part in (f"--{name}", file)] if by == "flags" else []
        settings = {f"ALLOD_{name.upper().replace('-', '_')}": str(file) for name, file in files.items()}
        process = self.start({**environment, **({} if flags else settings)}, *flags)
        url = f"https://localhost:{environment['ALLOD_PORT']}/healthz"
        trust = ssl.create_default_context(cafile=certificates / "ca.crt")
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    assert httpx2.get(url, verify=trust, trust_env=False).status_code == 200
                    break
                except httpx2.HTTPError:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            with pytest.raises(httpx2.HTTPError):
                httpx2.get(url.replace("https:", "http:"), trust_env=False)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)

    def test_both_files_or_neither(self, certificates: Path) -> None:
        certificate, key = certificates / "tls.crt", certificates / "tls.key"
        assert serve._pair(None, None) == (None, None)
        assert serve._pair(certificate, key) == (str(certificate), str(key))
        for wrong in ((certificate, None), (None, key), (key, certificate), (certificate, certificates / "nowhere")):
            with pytest.raises(Invalid, match="HTTPS"):
                serve._pair(*wrong)

    def test_what_cannot_be_served_is_told_at_the_start(
        self, environment: dict[str, str], certificates: Path, tmp_path: Path
    ) -> None:
        file = tmp_path / "admission.yaml"
        file.write_text("cluster: prod\nnamespaces:\n- {match: a, mode: maybe}\n")
        cases: list[tuple[dict[str, str], tuple[object, ...], str]] = [
            ({}, ("--tls-cert", certificates / "tls.crt"), "needs both"),
            ({}, ("--tls-key", certificates / "tls.key"), "needs both"),
            ({}, ("--tls-cert", certificates / "ca.crt", "--tls-key", certificates / "tls.key"), "cannot be served"),
            ({}, ("--tls-cert", tmp_path / "x", "--tls-key", certificates / "tls.key"), "cannot be served"),
            ({"ALLOD_ADMISSION_FILE": str(file)}, ("--workers", "2"), f"{file}:3, /namespaces/0/mode"),
        ]
        for more, arguments, words in cases:
            process = self.start({**environment, **more}, *arguments)
            said = process.communicate(timeout=60)[0].decode()
            assert process.returncode == 2, said
            assert words in said
            assert "Traceback" not in said
