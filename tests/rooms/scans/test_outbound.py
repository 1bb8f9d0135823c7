"""Where a reading may go. Real sockets on this machine; nothing outside it is ever asked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.foundation.settings import Settings
from service.scans import outbound
from service.scans.failures import SourceFailure
from service.scans.http import Http
from service.scans.limits import BODY_MAX
from service.scans.outbound import Denied, Reach, reserved
from service.scans.places import Places
from service.scans.secrets import Secrets


class Site(BaseHTTPRequestHandler):
    """Answers well, redirects, drips, is busy, or talks garbage, as the path says."""

    busy = 0

    def do_GET(self) -> None:
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
        elif self.path.startswith("/busy"):
            Site.busy += 1
            self.send_response(429 if Site.busy < 3 else 200)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(b"{}" if Site.busy >= 3 else b"")
        elif self.path.startswith("/always-busy"):
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.end_headers()
        elif self.path.startswith("/refused"):
            self.send_response(403)
            self.end_headers()
        elif self.path.startswith("/large"):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(BODY_MAX // 2**20 + 2):
                    self.wfile.write(b" " * 2**20)
            except OSError:
                pass
        elif self.path.startswith("/broken"):
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{")
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ok": true}' if self.path.startswith("/json") else b"<html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_only_named_hosts_are_looked_up(port: int) -> None:
    with outbound.only(["127.0.0.1"], [Reach.LOOPBACK]) as policy:
        with closing(socket.create_connection(("127.0.0.1", port), 5)):
            pass
        with pytest.raises(Denied, match="not among the hosts"):
            socket.create_connection(("localhost", port), 5)
        with pytest.raises(Denied):
            socket.getaddrinfo(b"example.org", 443)
    assert len(policy.denied) == 2
    with closing(socket.create_connection(("127.0.0.1", port), 5)):
        pass  # outside of a reading nothing is bound


@pytest.mark.parametrize(
    ("pattern", "host", "number", "admitted"),  # None: denied; else whether any port may be connected to
    [
        ("*.amazonaws.com", "s3.eu-central-1.amazonaws.com", 443, True),
        ("*.amazonaws.com", "amazonaws.com.evil.org", 443, None),
        ("api.example.org:6443", "API.example.org.", 6443, False),
        ("api.example.org:6443", "api.example.org", 443, None),
        ("[::1]:80", "::1", 80, False),
        ("::1", "::1", 80, True),
    ],
)
def test_patterns_of_hosts(pattern: str, host: str, number: int, admitted: bool | None) -> None:
    policy = outbound.Policy((pattern,))
    if admitted is None:
        with pytest.raises(Denied):
            policy.admit(host, number)
    else:
        assert policy.admit(host, number) is admitted


def test_a_port_that_is_named_is_the_only_one(port: int) -> None:
    with outbound.only([f"127.0.0.1:{port}"], [Reach.LOOPBACK]):
        with closing(socket.create_connection(("127.0.0.1", port), 5)):
            pass
        with closing(socket.socket()) as raw, pytest.raises(Denied, match="not an address of the hosts"):
            raw.connect(("127.0.0.1", 1))
        with pytest.raises(Denied, match="not among the hosts"):
            socket.getaddrinfo("127.0.0.1", None)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://mlflow.example.org/x", "mlflow.example.org:443"),
        ("http://h", "h:80"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_what_admits_a_server(url: str, host: str) -> None:
    assert outbound.host_of(url) == host


def test_an_address_that_no_look_up_gave_is_refused(port: int) -> None:
    with outbound.only(["example.org"], [Reach.LOOPBACK]), closing(socket.socket()) as raw:
        with pytest.raises(Denied, match="not an address of the hosts"):
            raw.connect(("127.0.0.1", port))
        with closing(socket.socket(socket.AF_UNIX)) as local, pytest.raises(Denied, match="local sockets"):
            local.connect("/var/run/docker.sock")
        with closing(socket.socket(type=socket.SOCK_DGRAM)) as datagram, pytest.raises(Denied):
            datagram.sendto(b"x", ("127.0.0.1", port))


def test_loopback_and_metadata_need_leave(port: int) -> None:
    with outbound.only(["127.0.0.1", "169.254.169.254"]), pytest.raises(Denied, match="must allow 'loopback'"):
        socket.create_connection(("127.0.0.1", port), 5)
    with outbound.only(["169.254.169.254"], [Reach.LOOPBACK]), pytest.raises(Denied, match="link-local"):
        socket.create_connection(("169.254.169.254", 80), 5)


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("169.254.169.254", Reach.LINK_LOCAL),
        ("fe80::1%eth0", Reach.LINK_LOCAL),
        ("fd00:ec2::254", Reach.LINK_LOCAL),
        ("168.63.129.16", Reach.LINK_LOCAL),
        ("::ffff:169.254.169.254", Reach.LINK_LOCAL),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("0.0.0.0", Reach.LOOPBACK),  # noqa: S104 -- as an address to refuse
        ("::", Reach.LOOPBACK),
        ("127.9.9.9", Reach.LOOPBACK),
        ("10.1.2.3", None),
        ("8.8.8.8", None),
    ],
)
def test_reserved_addresses(ip: str, kind: Reach | None) -> None:
    assert reserved(ip) == kind


def test_threads_of_a_library_are_bound_and_our_own_work_is_not(port: int) -> None:
    caught: list[BaseException] = []

    def connect() -> None:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError as error:
            caught.append(error)

    with outbound.only([]):
        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
        with outbound.aside(), closing(socket.create_connection(("127.0.0.1", port), 5)):
            pass
        connect()
    assert len(caught) == 2


def test_two_readings_at_once_are_a_mistake() -> None:
    with outbound.only([]), pytest.raises(RuntimeError, match="already"), outbound.only([]):
        pass


def test_http_answers_and_failures_in_words(port: int) -> None:
    with Http(f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer x"}) as http:
        assert http.json("GET", "/json") == {"ok": True}
        assert http.json("GET", "/busy") == {}
        for path, words in (
            ("/redirect", "redirects to 169.254.169.254; redirects are not followed"),
            ("/always-busy", "it is busy"),
            ("/refused", "answers 403 Forbidden"),
            ("/html", "did not answer with JSON"),
            ("/large", "answers with more than"),
            ("/broken", "cannot be reached"),
        ):
            with pytest.raises(SourceFailure, match=words):
                http.json("GET", path)


def test_http_without_a_server_or_in_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        monkeypatch.setattr("service.scans.limits.ANSWER_SECONDS", 0.1)
        with Http(f"http://127.0.0.1:{mute.getsockname()[1]}") as http, pytest.raises(SourceFailure, match="in time"):
            http.content("GET", "/")
    with Http("http://127.0.0.1:1") as http, pytest.raises(SourceFailure, match="cannot be reached"):
        http.content("GET", "/")
    monkeypatch.setattr("service.scans.limits.WHOLE_SECONDS", -1.0)
    with Http(f"http://127.0.0.1:{port}") as http, pytest.raises(SourceFailure, match="did not end its answer"):
        http.content("GET", "/json")


def test_http_trusts_the_authority_that_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        Http("https://127.0.0.1:1", ca_file=bad)


def test_secrets_are_only_those_that_sources_may_use(tmp_path: Path) -> None:
    inside, outside = tmp_path / "secrets", tmp_path / "outside"
    inside.mkdir()
    outside.write_text("other")
    (inside / "token").write_text("hush\n")
    (inside / "link").symlink_to(inside / "token")
    (inside / "leads-out").symlink_to(outside)
    (inside / "empty").write_text("\n")
    (inside / "bytes").write_bytes(b"\xff\xfe")
    secrets = Secrets(("ALLOD_SECRET_*", "HF_TOKEN"), inside, {"HF_TOKEN": "t", "ALLOD_DATABASE_URL": "postgresql://"})
    assert secrets.resolve("env:HF_TOKEN") == "t"
    assert secrets.resolve(f"file:{inside}/token") == "hush"
    assert secrets.resolve(f"file:{inside}/link") == "hush"
    for reference, words in (
        ("env:ALLOD_DATABASE_URL", "not for sources"),
        ("env:ALLOD_SECRET_NONE", "not set"),
        (f"file:{inside}/none", "not there"),
        (f"file:{inside}/../outside", "not for sources"),
        (f"file:{inside}/leads-out", "not for sources"),
        (f"file:{inside}/empty", "is empty"),
        (f"file:{inside}/bytes", "cannot be read"),
    ):
        with pytest.raises(SourceFailure, match=words):
            secrets.resolve(reference)


def test_places_are_only_those_that_sources_may_read(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    (root / "out").symlink_to(other)
    settings = Settings.model_construct(scan_roots=f"{root}:", source_secrets="A, B", secrets_dir=tmp_path)
    places = Places.of(settings)
    assert places.find(str(root)) == root.resolve()
    for given, words in (
        (str(root / "none"), "not there"),
        (str(root / "out"), "not for sources"),
        ("\0", "not there"),
    ):
        with pytest.raises(SourceFailure, match=words):
            places.find(given)
    with pytest.raises(SourceFailure, match="set ALLOD_SCAN_ROOTS"):
        Places(()).find(str(root))
    assert Secrets.of(settings).names == ("A", "B")
