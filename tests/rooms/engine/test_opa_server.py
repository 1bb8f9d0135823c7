"""The OPA adapter when the server is not as one would wish, and what it leaves on the server."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opa_client import OpaClient

from service.engine import opa_server
from service.engine.judge import judge
from service.engine.opa_server import OpaEngine
from service.engine.protocol import EngineFailure, FailureKind
from tests.fixtures.opa import free_port
from tests.rooms.engine import bundles
from tests.rooms.engine.bundles import document

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Impostor:
    """A server that answers as a test tells it, for all that a real OPA would not do on demand."""

    def __init__(self) -> None:
        self.behave: Behaviour = lambda request: reply(request, 200, b"{}")
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Tests are silent."""

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.asked.append((self.command, self.path, dict(self.headers)))
                outer.behave(self)

            do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 -- the standard library's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def reply(request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/json") -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    server = Impostor()
    yield server
    server.close()


def failure(engine: OpaEngine) -> EngineFailure:
    with pytest.raises(EngineFailure) as caught:
        judge(engine, bundles.pair(), "system", [document()])
    engine.close()
    return caught.value


@pytest.mark.parametrize("url", ["opa:8181", "ftp://a", "http://", "http://a:8181/prefix", ""])
def test_what_is_no_servers_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not the URL of an OPA server"):
        OpaEngine(url)


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("http://opa", "http://opa:80/v1"),
        ("https://opa/", "https://opa:443/v1"),
        ("http://[::1]:8181", "http://[::1]:8181/v1"),
    ],
)
def test_urls_are_read(url: str, root: str) -> None:
    assert OpaEngine(url)._client.root_url == root


def test_no_server_is_unreachable_and_no_verdict() -> None:
    assert failure(OpaEngine(f"http://127.0.0.1:{free_port()}")).kind is FailureKind.UNREACHABLE


def test_a_server_that_does_not_answer_in_time_is_unreachable_once_that_is_sure(impostor: Impostor) -> None:
    impostor.behave = lambda _: time.sleep(2)
    started = time.monotonic()
    found = failure(OpaEngine(impostor.url, timeout=0.2))
    assert found.kind is FailureKind.UNREACHABLE
    assert "no answer within 0.2 s" in found.message
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>hello</html>"),
        (200, b"[]"),
        (200, b"3"),
        (502, b"<html>bad gateway</html>"),
        (502, b"[]"),
        (500, b""),
        (401, b'{"code": "unauthorized", "message": "who are you"}'),
        (503, b'{"code": "unavailable", "message": "later"}'),
    ],
)
def test_garbage_is_unreachable_and_no_verdict(impostor: Impostor, status: int, body: bytes) -> None:
    impostor.behave = lambda request: reply(request, status, body)
    assert failure(OpaEngine(impostor.url, timeout=1)).kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_refused_question_is_unreachable_with_opas_own_words(impostor: Impostor, status: int) -> None:
    def behave(request: BaseHTTPRequestHandler) -> None:
        if request.command == "POST":
            reply(request, status, b'{"code": "c", "message": "in its own words"}')
        else:
            reply(request, 200, b"{}")

    impostor.behave = behave
    found = failure(OpaEngine(impostor.url, timeout=1))
    assert found.kind is FailureKind.UNREACHABLE
    assert "in its own words" in found.message


def test_a_server_that_takes_everything_and_has_nothing_is_found_out(impostor: Impostor) -> None:
    found = failure(OpaEngine(impostor.url, timeout=1))
    assert found.kind is FailureKind.REVISION


def test_an_answer_of_another_revision_is_found_out(impostor: Impostor) -> None:
    whole = bundles.pair()

    def behave(request: BaseHTTPRequestHandler) -> None:
        revision = whole.digest if request.path.split("?")[0].endswith("/revision") else "f" * 64
        result: object = revision
        if not request.path.split("?")[0].endswith("/revision"):
            result = {"revision": revision, "reports": [[[], [], [], []]]}
        reply(request, 200, json.dumps({"result": result}).encode())

    impostor.behave = behave
    found = failure(OpaEngine(impostor.url, timeout=1))
    assert found.kind is FailureKind.REVISION
    assert "ffffffffffffffff" in found.message


def test_questions_are_strict_and_carry_the_token(impostor: Impostor) -> None:
    failure(OpaEngine(impostor.url, timeout=1, token="s3cret"))
    assert all(headers["Authorization"] == "Bearer s3cret" for _, _, headers in impostor.asked)
    asked = [path for method, path, _ in impostor.asked if method == "POST"]
    assert asked
    assert all("strict-builtin-errors=true" in path for path in asked)


def test_a_connection_cut_in_the_middle_is_unreachable(impostor: Impostor) -> None:
    impostor.behave = lambda request: request.connection.close()
    assert failure(OpaEngine(impostor.url, timeout=1)).kind is FailureKind.UNREACHABLE


@pytest.mark.opa
def test_a_server_that_restarted_gets_its_bundle_again(
    opa_server: Callable[[int], subprocess.Popen[bytes]],
) -> None:
    port = free_port()
    process = opa_server(port)
    engine = OpaEngine(f"http://127.0.0.1:{port}", timeout=5)
    whole = bundles.pair()
    assert len(judge(engine, whole, "system", [document()])[0].verdicts) == 2
    process.kill()
    process.wait()
    with pytest.raises(EngineFailure) as caught:
        judge(engine, whole, "system", [document()])
    assert caught.value.kind is FailureKind.UNREACHABLE
    opa_server(port)
    verdicts = judge(engine, whole, "system", [document()])[0].verdicts
    assert all(len(verdict.violations) == 1 and verdict.error is None for verdict in verdicts.values())
    engine.close()


def client_of(url: str) -> OpaClient:
    return OpaClient(host="127.0.0.1", port=int(url.rsplit(":", 1)[1]), timeout=5)


def held(url: str, digest: str) -> list[str]:
    return [name for name in client_of(url).get_policies_list() if name.startswith(f"allod_{digest[:16]}/")]


@pytest.mark.opa
@pytest.mark.parametrize("lost", ["rules/trial/other/other.rego", "lib/speech/speech.rego", "entry.rego"])
def test_a_bundle_that_lost_a_module_gives_no_answer_until_it_is_whole(opa_url: str, lost: str) -> None:
    engine = OpaEngine(opa_url, timeout=5)
    whole = bundles.rewritten(bundles.pair(when=f'input.asset.ref != "{lost}"'), 'speech.say("bad")', '"bad"')
    assert judge(engine, whole, "system", [document()])[0].verdicts["TRY-002"].violations
    client_of(opa_url).delete_policy(f"allod_{whole.digest[:16]}/{lost}")
    assert len(held(opa_url, whole.digest)) == 3
    verdicts = judge(engine, whole, "system", [document()])[0].verdicts
    assert verdicts["TRY-002"].violations
    assert len(held(opa_url, whole.digest)) == 4
    engine.close()


@pytest.mark.opa
def test_old_bundles_leave_the_server_and_the_last_few_stay(opa_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opa_server, "REVISIONS_KEPT", 2)
    engine = OpaEngine(opa_url, timeout=5, grace=0.0)
    made = [bundles.bundle(bundles.rule("TRY-001", f"leaving{n}")) for n in range(3)]
    for whole in made:
        engine.activate(whole)
    assert [bool(held(opa_url, whole.digest)) for whole in made] == [False, True, True]
    patient = OpaEngine(opa_url, timeout=5, grace=60.0)
    for whole in made:
        patient.activate(whole)
    assert all(held(opa_url, whole.digest) for whole in made)
    engine.close()
    patient.close()


@pytest.mark.opa
def test_a_bundle_that_does_not_compile_leaves_nothing_behind(opa_url: str) -> None:
    engine = OpaEngine(opa_url, timeout=5)
    whole = bundles.pair(when="undefined_variable == 1")
    with pytest.raises(EngineFailure) as caught:
        engine.activate(whole)
    assert caught.value.kind is FailureKind.REFUSED
    assert caught.value.message.startswith("rules/trial/other/other.rego:8: var undefined_variable is unsafe")
    assert held(opa_url, whole.digest) == []
    engine.close()


@pytest.mark.opa
def test_a_rule_that_takes_too_long_on_the_server_is_its_own_error(opa_url: str) -> None:
    engine = OpaEngine(opa_url, timeout=1.5)
    loop = "count([1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a + b < 0]) == 0"
    whole = bundles.pair(when=f"input.asset.number == 3\n\t{loop}")
    judged = judge(engine, whole, "system", [document(number) for number in range(10)])
    assert [n for n, one in enumerate(judged) if one.verdicts["TRY-002"].error] == [3]
    assert all(len(one.verdicts["TRY-001"].violations) == 1 for one in judged)
    engine.close()


@pytest.mark.opa
def test_recursion_is_refused_by_the_server_and_the_error_of_its_rule(opa_url: str) -> None:
    engine = OpaEngine(opa_url, timeout=5)
    whole = bundles.pair(when="f(1) == 2", extra="\nf(x) := f(x + 1)\n")
    verdicts = judge(engine, whole, "system", [document()])[0].verdicts
    assert "recursive" in (verdicts["TRY-002"].error or "")
    assert "allod_" not in (verdicts["TRY-002"].error or "")
    assert len(verdicts["TRY-001"].violations) == 1
    engine.close()
