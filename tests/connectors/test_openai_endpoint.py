"""The connector `openai_endpoint`: against llama.cpp's own server, and against other servers' answers as documented."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.foundation.errors import Invalid
from service.scans import limits, reading
from service.scans.connectors.openai_endpoint import CONNECTOR
from tests.connectors.conftest import Reading, ReadSource
from tests.fixtures.opa import free_port
from tests.fixtures.servers import environment, running

HERE = Path(__file__).parent / "openai_endpoint"
KEY = "sesame-4711"
SECRET = {"ALLOD_SECRET_KEY": KEY}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a llama.cpp that serves `acme/Tiny-1B` and asks for a key."""
    python, port = environment("llama_cpp") / "python", free_port()
    directory, url = tmp_path_factory.mktemp("llama"), f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx2.get(f"{url}/health", timeout=5, trust_env=False).is_success
        except httpx2.HTTPError:
            return False

    command: list[str | Path] = [
        python,
        HERE / "llama_server.py",
        directory / "tiny.gguf",
        str(port),
        "acme/Tiny-1B",
        KEY,
    ]
    with running(command, directory / "server.log", ready):
        yield url


def test_a_real_server_tells_its_model(llama: str, read_source: ReadSource) -> None:
    settings = {"url": llama, "token": "env:ALLOD_SECRET_KEY", "host": "gpu_host:acme/lab-1"}
    found = read_source("openai_endpoint", settings, secrets=SECRET)
    assert found.complete
    assert found.asked == ["models", "endpoint"]
    assert found.notes == []
    model = found.asset("model:acme/Tiny-1B")
    assert model.title == "acme/Tiny-1B"
    assert model.attributes == {"formats": ["gguf"], "modalities": ["text"], "parameters": 11760}
    assert {name: one["grade"] for name, one in model.evidence.items()} == {
        "formats": "inferred",
        "modalities": "verified",
        "parameters": "verified",
    }
    assert model.evidence["parameters"]["source"] == "llama.cpp:v1/models"
    assert found.related(model.ref) == {("runs_on", "gpu_host:acme/lab-1")}
    software = found.asset("software:llama.cpp")
    assert software.attributes == {}  # this build knows no version of itself
    assert software.annotations == {"openai/endpoint": llama}
    assert found.related(software.ref) == {("serves", "model:acme/Tiny-1B")}
    again = read_source("openai_endpoint", {**settings, "url": f"{llama}/v1/"}, secrets=SECRET)
    assert bodies(again) == bodies(found)


def test_a_real_server_refuses_a_wrong_key(llama: str, read_source: ReadSource) -> None:
    settings = {"url": llama, "token": "env:ALLOD_SECRET_KEY"}
    found = read_source("openai_endpoint", settings, secrets={"ALLOD_SECRET_KEY": "wrong-key"})
    assert [(one.part, one.reason) for one in found.refused] == [
        ("models", "GET 127.0.0.1/v1/models answers 401 Unauthorized.")
    ]
    assert (found.asked, found.read, found.taken) == (["models"], [], {})


def bodies(found: Reading) -> dict[str, Any]:
    return {ref: taken.observation.body() for ref, taken in found.taken.items()}


# Other servers, by the answers that they document.

Answers = Mapping[str, Any]


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """A server that gives these answers by path: JSON, bytes, a status, or what a function makes of the body it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            found = answers.get(self.path, 404)
            if callable(found):
                found = found(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            code, body = (found, b"") if isinstance(found, int) else (200, found)
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

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


@pytest.fixture
def look(read_source: ReadSource) -> Callable[..., Reading]:
    """Reads a server that gives these answers, under the name `here`."""

    def read(answers: Answers, **settings: Any) -> Reading:
        with serving(answers) as url:
            return read_source("openai_endpoint", {"url": url, "name": "here", **settings})

    return read


Look = Callable[..., Reading]


def models(*entries: Any) -> Any:
    return {"object": "list", "data": list(entries)}


def named(name: str, owner: str = "acme", **more: Any) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner, **more}


def test_vllm_tells_what_stands_behind_a_name_and_its_adapters(look: Look) -> None:
    # https://docs.vllm.ai/en/latest/features/lora/
    answers = {
        "/v1/models": models(
            named("chat", "vllm", root="meta-llama/Llama-3.1-8B-Instruct", parent=None, max_model_len=8192),
            named("chat-alias", "vllm", root="meta-llama/Llama-3.1-8B-Instruct", parent=None, max_model_len=8192),
            named("sql", "vllm", root="acme/sql-lora", parent="chat"),
            named("local", "vllm", root="/adapters/local", parent="chat"),
            named("lost", "vllm", root="acme/lost", parent="gone/base"),
        ),
        "/version": {"version": "0.11.0"},
    }
    found = look(answers, region="cloud_region:ovhcloud/gra")
    assert found.complete
    base = found.asset("model:meta-llama/Llama-3.1-8B-Instruct")
    assert base.annotations == {"openai/context-length": "8192", "openai/served-as": "chat, chat-alias"}
    assert found.related(base.ref) == {("runs_on", "cloud_region:ovhcloud/gra")}
    adapter = found.asset("model:acme/sql-lora")
    assert [one.as_dict() for one in adapter.relations if one.type == "derived_from"] == [
        {"type": "derived_from", "to": base.ref, "as": "adapter"}
    ]
    assert ("derived_from", base.ref) in found.related("model:openai/here/adapters/local")
    assert ("derived_from", "model:gone/base") in found.related("model:acme/lost")
    vllm = found.asset("software:vllm")
    assert vllm.attributes == {"version": "0.11.0"}
    assert vllm.evidence["version"] == {"grade": "verified", "source": "vllm:version"}
    assert len(found.related(vllm.ref)) == 4


def show(body: dict[str, Any]) -> Any:
    if body["model"] == "gone":
        return 404
    if body["model"] == "hidden":
        return 500
    return {
        "license": "a long text",
        "details": {
            "parent_model": {"bot:latest": "llama3.2:1b", "file": "/models/x.gguf"}.get(body["model"], ""),
            "format": "gguf",
            "family": "llama",
            "quantization_level": "Q8_0",
        },
        "model_info": {
            "general.parameter_count": 1235814432,
            "general.license": "llama3.2",
            "general.languages": ["en", "de", "English"],
        },
        "capabilities": ["completion", "vision"],
    }


def test_ollama_shows_its_models(look: Look) -> None:
    # https://github.com/ollama/ollama/blob/main/docs/api.md
    names = [
        "llama3.2:1b",
        "bot:latest",
        "file",
        "hf.co/bartowski/Llama-3.2-1B-GGUF:Q8_0",
        "gone",
        "hidden",
        "no/../name",
    ]
    answers = {
        "/v1/models": models(None, *(named(name, "library") for name in names)),
        "/api/version": {"version": "0.12.6"},
        "/api/show": show,
    }
    found = look(answers)
    assert found.complete
    model = found.asset("model:ollama/llama3.2:1b")
    assert model.attributes == {
        "formats": ["gguf"],
        "languages": ["en", "de"],
        "licence": "llama3.2",
        "modalities": ["image", "text"],
        "parameters": 1235814432,
    }
    assert {name: one["grade"] for name, one in model.evidence.items()} == {
        "formats": "verified",
        "languages": "declared",
        "licence": "declared",
        "modalities": "inferred",
        "parameters": "verified",
    }
    assert model.annotations["ollama/quantization"] == "Q8_0"
    assert found.related("model:ollama/bot:latest") == {("derived_from", "model:ollama/llama3.2:1b")}
    assert found.related("model:ollama/file") == set()
    assert found.asset("model:ollama/gone").attributes == {}
    assert "model:bartowski/Llama-3.2-1B-GGUF" in found.taken
    assert found.asset("software:ollama").attributes == {"version": "0.12.6"}
    assert {note.object: note.text for note in found.notes} == {
        "None": "an entry of the list has no id",
        "no/../name": "its name makes no name here: the source may say in `models` which model it is",
        "ollama": "POST 127.0.0.1/api/show answers 500 Internal Server Error.",
    }


def test_litellm_tells_which_model_a_name_leads_to(look: Look) -> None:
    # https://docs.litellm.ai/docs/proxy/health, https://docs.litellm.ai/docs/proxy/model_management
    answers = {
        "/v1/models": models(named("chat", "openai"), named("smart", "openai"), named("odd", "openai")),
        "/health/readiness": {"status": "connected", "litellm_version": "1.80.0"},
        "/v1/model/info": {
            "data": [
                {
                    "model_name": "chat",
                    "litellm_params": {"model": "hosted_vllm/Qwen/Qwen3-8B", "api_base": "http://x"},
                },
                {"model_name": "smart", "litellm_params": {"model": "anthropic/claude-sonnet-4-5"}},
                {"model_name": 7, "litellm_params": {"model": "x"}},
                None,
            ]
        },
    }
    found = look(answers)
    assert {ref for ref in found.taken if ref.startswith("model:")} == {
        "model:Qwen/Qwen3-8B",
        "model:anthropic/claude-sonnet-4-5",
        "model:openai/here/odd",
    }
    assert found.asset("software:litellm").attributes == {"version": "1.80.0"}


def test_text_generation_inference_is_known_by_its_own_words(look: Look) -> None:
    # https://huggingface.github.io/text-generation-inference/
    info = {"model_id": "bigscience/bloom-560m", "version": "3.3.5", "docker_label": "sha-1"}
    found = look({"/v1/models": models(named("bigscience/bloom-560m")), "/info": info, "/api/version": 401})
    assert found.asset("software:text-generation-inference").attributes == {"version": "3.3.5"}
    assert found.notes == []


def test_a_server_may_be_named_by_the_source(look: Look) -> None:
    found = look({"/v1/models": models(named("m"))}, software="lm-studio", models={"m": "model:acme/bot"})
    assert found.related("software:lm-studio") == {("serves", "model:acme/bot")}
    assert found.asset("model:acme/bot").title == "m"
    found = look({"/v1/models": models(named("m", "sglang")), "/get_server_info": {"version": "0.5.3"}})
    assert found.asset("software:sglang").attributes == {"version": "0.5.3"}


def test_a_server_that_does_not_say_what_it_is_is_told(look: Look) -> None:
    found = look({"/v1/models": models(named("m"))})
    assert found.complete
    assert set(found.taken) == {"model:openai/here/m"}
    assert [note.text for note in found.notes] == ["it does not say what serves here: the source may say `software`"]


def test_a_version_that_is_refused_or_odd_is_left_out(look: Look) -> None:
    found = look({"/v1/models": models(named("m", "vllm")), "/version": 403})
    assert found.asset("software:vllm").attributes == {}
    assert [note.text for note in found.notes] == ["GET 127.0.0.1/version answers 403 Forbidden."]
    several: list[Any] = [{"version": 7}, {"version": " "}, [], b"<html>"]
    for odd in several:
        assert look({"/v1/models": models(named("m", "vllm")), "/version": odd}).asset("software:vllm").attributes == {}


def test_what_somebody_else_runs_is_a_service(look: Look, read_source: ReadSource) -> None:
    asked: list[Any] = []
    answers = {
        "/openai/v1/models": models(named("mistral-large"), named("open-org/m")),
        "/openai/version": asked.append,
    }
    with serving(answers) as url:
        settings = {
            "url": f"{url}/openai/v1",
            "provider": "vendor:mistral-ai",
            "region": "cloud_region:scaleway/fr-par",
        }
        found = read_source("openai_endpoint", {**settings, "name": "mistral"})
    assert found.complete
    service = found.asset("ai_service:mistral")
    assert service.attributes == {
        "compatible_with": ["openai-api"],
        "data_paths": [{"purpose": "processing", "region": "cloud_region:scaleway/fr-par"}],
        "endpoint": f"{url}/openai",
        "provider": "vendor:mistral-ai",
    }
    assert found.grade(service.ref, "provider") == "declared"
    assert found.grade(service.ref, "endpoint") == "verified"
    assert found.related(service.ref) == {
        ("operated_by", "vendor:mistral-ai"),
        ("serves", "model:mistral-ai/mistral-large"),
        ("serves", "model:open-org/m"),
    }
    assert found.related("model:mistral-ai/mistral-large") == set()
    assert asked == []
    with serving({"/v1/models": models()}) as url:
        found = read_source("openai_endpoint", {"url": url, "provider": "vendor:x"})
    assert found.related(f"ai_service:127.0.0.1-{url.rpartition(':')[2]}") == {("operated_by", "vendor:x")}


def test_models_are_not_asked_for_one_by_one_for_ever(look: Look) -> None:
    asked: list[Any] = []

    def refuse(body: Any) -> int:
        asked.append(body)
        return 403

    entries = models(*(named(f"m{number}", "library") for number in range(50)))
    found = look({"/v1/models": entries, "/api/version": {"version": "1"}, "/api/show": refuse})
    assert len([ref for ref in found.taken if ref.startswith("model:")]) == 50
    assert len(asked) == len(found.notes) == 3


def test_odd_entries_do_not_end_the_list(look: Look) -> None:
    odd = [None, 1, {}, {"id": None}, {"id": " "}, {"id": "r", "root": ["x"]}, {"id": "a" * 300}, {"id": "ü/✓"}]
    good = named(
        "ok/m", meta={"n_params": 10**20}, architecture={"input_modalities": ["text", 1, "smell"]}, parent="ok/m"
    )
    found = look({"/v1/models": models(*odd, good)})
    assert found.complete
    assert found.asset("model:ok/m").attributes == {"modalities": ["text"]}
    texts = [note.text for note in found.notes]
    assert texts.count("an entry of the list has no id") == 5
    assert "it comes from 'ok/m', which makes no name here" in texts
    assert len([ref for ref in found.taken if ref.startswith("model:openai/here/")]) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"<html>Sign in</html>", "did not answer with JSON"),
        ([], "this is no endpoint of that kind"),
        ({"data": {}}, "this is no endpoint of that kind"),
        (401, "answers 401 Unauthorized."),
        (429, "answers 429: it is busy."),
        (302, "redirects to another address; redirects are not followed."),
    ],
)
def test_a_list_that_cannot_be_read_is_refused(look: Look, answer: Any, reason: str) -> None:
    found = look({"/v1/models": answer})
    assert (found.asked, found.read, found.taken) == (["models"], [], {})
    assert reason in found.refused[0].reason


def test_a_server_that_hangs_or_is_not_there(
    look: Look, read_source: ReadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read_source("openai_endpoint", {"url": "http://127.0.0.1:1"})
    assert "cannot be reached" in found.refused[0].reason
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.1)
    over = threading.Event()

    def hang(_: Any) -> int:
        over.wait(30)
        return 404

    answers = {"/v1/models": models(named("m", "library")), "/api/version": {"version": "1"}, "/api/show": hang}
    with serving(answers) as url:
        found = read_source("openai_endpoint", {"url": url})
        over.set()
    assert found.complete
    assert [note.text for note in found.notes] == ["POST 127.0.0.1/api/show did not answer in time."]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "localhost:8000"}, "/settings/url"),
        ({"token": KEY}, "/settings/token"),
        ({"provider": "mistral"}, "/settings/provider"),
        ({"host": "system:x"}, "/settings/host"),
        ({"models": {"m": "acme/bot"}}, "/settings/models/m"),
        ({"key": "x"}, "/settings/key"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        reading.settings_of(CONNECTOR, {"url": "https://x", **given})
    assert path in {fault.path for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("url", "reach"),
    [("https://api.x.eu/v1", "api.x.eu:443"), ("http://[::1]:8000", "[::1]:8000"), ("http://x", "x:80")],
)
def test_only_the_endpoint_is_reached(url: str, reach: str) -> None:
    assert CONNECTOR.reaches(reading.settings_of(CONNECTOR, {"url": url})) == [reach]
