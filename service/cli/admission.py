"""`allod admission`: what it takes to have the API server of a Kubernetes cluster ask the gate.

Prints a webhook's configuration and makes certificates; it talks to no cluster. The configuration goes to the cluster with
`kubectl apply -f -`.
"""

import base64
import ipaddress
import re
import ssl
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from service.cli.failures import Stopped
from service.foundation import clock
from service.foundation.errors import Fault, Invalid
from service.gate.admission import JUDGED, PATH

WEBHOOK: Final = "gate.allod.dev"
SYSTEM: Final = "kube-system"  # what the cluster itself needs to come up must not wait for anybody
BACKDATED: Final = timedelta(minutes=5)  # clocks differ
_LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SERVICE: Final = re.compile(rf"(?P<namespace>{_LABEL})/(?P<name>{_LABEL})(:(?P<port>[0-9]{{1,5}}))?")
_RESOURCE: Final = re.compile(r"(?P<group>[a-z0-9.-]+)/(?P<version>[a-z0-9]+|\*)/(?P<resource>[a-z0-9/]+)")
_HOST: Final = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Have the API server of a cluster ask the gate.")


class FailurePolicy(StrEnum):
    """What an API server does when the webhook does not answer."""

    FAIL = "Fail"
    IGNORE = "Ignore"


@app.command("manifest")
def print_manifest(
    url: Annotated[str | None, typer.Option(help="Where the API server finds Allod: https://HOST[:PORT].")] = None,
    service: Annotated[
        str | None, typer.Option(metavar="NAMESPACE/NAME[:PORT]", help="Or the service in the cluster that is Allod.")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(help="Certificates to trust Allod by, in PEM; for a URL default: the API server's own."),
    ] = None,
    failure_policy: Annotated[
        FailurePolicy, typer.Option(help="When Allod does not answer: refuse (Fail) or let through (Ignore).")
    ] = FailurePolicy.FAIL,
    timeout: Annotated[int, typer.Option(help="Seconds that the API server waits.", min=1, max=30)] = 10,
    name: Annotated[str, typer.Option(help="Name of the configuration.")] = "allod",
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMESPACE", help="Namespaces that are never asked for; may be repeated."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP/VERSION/RESOURCE", help="Further resources with pods in them; may be repeated."),
    ] = None,
) -> None:
    """Print the ValidatingWebhookConfiguration for `kubectl apply -f -`."""
    import yaml

    client, own = _client(url, service)
    if ca_file is not None:
        client["caBundle"] = base64.b64encode(_certificates(ca_file)).decode()
    elif service is not None:
        raise typer.BadParameter("nobody vouches for a service: name the certificates", param_hint="--ca-file")
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": WEBHOOK,
                "clientConfig": client,
                "rules": _rules(also or []),
                "namespaceSelector": {
                    "matchExpressions": [
                        {
                            "key": "kubernetes.io/metadata.name",
                            "operator": "NotIn",
                            "values": list(dict.fromkeys([SYSTEM, *own, *(exclude or [])])),
                        }
                    ]
                },
                "matchConditions": [
                    {
                        "name": "no-status",
                        "expression": '!has(request.subResource) || request.subResource != "status"',
                    }
                ],
                "matchPolicy": "Equivalent",
                "failurePolicy": failure_policy.value,
                "sideEffects": "NoneOnDryRun",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": timeout,
            }
        ],
    }
    typer.echo(yaml.safe_dump(configuration, sort_keys=False), nl=False)


@app.command("certificate")
def make_certificate(
    host: Annotated[list[str], typer.Option(help="Name or address of Allod as the API server calls it; repeatable.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory for ca.crt, tls.crt and tls.key.")],
    days: Annotated[int, typer.Option(help="How long they are valid.", min=1, max=3650)] = 365,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make a certificate for Allod, and the authority that signs it and nothing else: its key is kept nowhere.

    A service of a cluster is called NAME.NAMESPACE.svc. A new certificate needs the webhook's configuration anew.
    """
    wrong = [one for one in host if not _is_address(one) and not _HOST.fullmatch(one)]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is no name or address of a host", param_hint="--host")
    files = {name: output / name for name in ("ca.crt", "tls.crt", "tls.key")}
    there = [str(path) for path in files.values() if path.exists()]
    if there and not force:
        raise Invalid(f"{', '.join(there)} would be replaced: say --force, or another directory.")
    made = _signed(host, timedelta(days=days))
    output.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        path.unlink(missing_ok=True)
        path.touch(mode=0o600 if name == "tls.key" else 0o644)
        path.write_bytes(made[name])
        typer.echo(path)


def _client(url: str | None, service: str | None) -> tuple[dict[str, Any], list[str]]:
    """How the API server reaches Allod, and the namespaces that Allod itself runs in."""
    if (url is None) == (service is None):
        raise typer.BadParameter("say where Allod is: one of --url and --service", param_hint="--url")
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise typer.BadParameter(f"{url!r} is not https://HOST[:PORT]", param_hint="--url")
        return {"url": url.rstrip("/") + PATH}, []
    found = _SERVICE.fullmatch(str(service))
    if found is None:
        raise typer.BadParameter(f"{service!r} is not NAMESPACE/NAME[:PORT]", param_hint="--service")
    port = int(found["port"] or 443)
    reference = {"namespace": found["namespace"], "name": found["name"], "path": PATH, "port": port}
    return {"service": reference}, [found["namespace"]]


def _rules(also: list[str]) -> list[dict[str, Any]]:
    rules = [
        _rule(group, "*", [resource for resources in kinds.values() for resource in resources])
        for group, kinds in JUDGED.items()
    ]
    for one in also:
        found = _RESOURCE.fullmatch(one)
        if found is None:
            hint = f"{one!r} is not GROUP/VERSION/RESOURCE, as argoproj.io/v1alpha1/rollouts is"
            raise typer.BadParameter(hint, param_hint="--also")
        rules.append(_rule(found["group"], found["version"], [found["resource"]]))
    return rules


def _rule(group: str, version: str, resources: list[str]) -> dict[str, Any]:
    return {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": ["CREATE", "UPDATE"],
        "resources": resources,
        "scope": "Namespaced",
    }


def _certificates(path: Path) -> bytes:
    """The certificates in a file.

    Raises:
        Invalid: there is none in it.
    """
    content = path.read_bytes()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        fault = Fault("", "no certificate in PEM", "a file that begins -----BEGIN CERTIFICATE-----", file=str(path))
        raise Invalid(f"{path} holds no certificate.", [fault]) from error
    return content


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _signed(hosts: list[str], valid: timedelta) -> dict[str, bytes]:
    """An authority's certificate, one that it signed for `hosts`, and the key of the latter; all PEM."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as error:
        raise Stopped(
            "Making certificates needs a library that is not installed: pip install 'allod[admission]'"
        ) from error

    def begun(title: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Allod admission authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + valid)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    def usage(*, signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs,
            key_cert_sign=signs,
            crl_sign=signs,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = [x509.IPAddress(ipaddress.ip_address(one)) if _is_address(one) else x509.DNSName(one) for one in hosts]
    root = (
        begun("Allod admission authority", authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs=True), critical=True)
        .sign(authority, hashes.SHA256())
    )
    certificate = (
        begun("Allod", own)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
            critical=False,
        )
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"ca.crt": root.public_bytes(pem), "tls.crt": certificate.public_bytes(pem), "tls.key": key}
