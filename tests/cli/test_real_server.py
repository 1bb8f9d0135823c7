"""The command line against the real application, on a real port and a real database."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from service.app import create_app
from service.foundation.database import unit_of_work
from service.foundation.settings import EXAMPLE, POLICIES, Settings
from service.inventory import reference_load
from tests.cli.conftest import Allod

TOKEN = "bootstrap-token-of-the-tests"
REGION = "cloud_region:aws/eu-central-1"


@pytest.fixture
def live(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running application, its token in the environment."""
    settings = Settings(
        database_url=SecretStr(database_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),  # nothing here needs a broker
        bootstrap_token=SecretStr(TOKEN),
    )
    server = uvicorn.Server(uvicorn.Config(create_app(engine, settings), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    with capture_logs():  # its log lines would stand among what the command prints
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        monkeypatch.setenv("ALLOD_URL", url)
        monkeypatch.setenv("ALLOD_TOKEN", TOKEN)
        yield url
        server.should_exit = True
        thread.join()


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    directory = tmp_path / "estate"
    directory.mkdir()
    (directory / "systems.yaml").write_text(
        "kind: system\n"
        "name: desk\n"
        "attributes:\n"
        "  user_jurisdictions: [NO]\n"
        f"  data_paths: [{{purpose: storage, region: '{REGION}'}}]\n"
        "relations: [{type: uses, to: 'model:acme/llm'}]\n"
        "---\n"
        "kind: model\n"
        "name: acme/llm\n"
    )
    return directory


@pytest.mark.usefixtures("live")
def test_manifests_are_applied_listed_and_pruned(allod: Allod, estate: Path) -> None:
    assert allod("apply", "-f", estate, "--dry-run").out == "Would be: created 2, refused 0\n"
    assert json.loads(allod("assets", "--json").out) == []
    prune = ("--prune", "--yes")
    assert allod("apply", "-f", estate, *prune).out == "created 2, refused 0\n"
    assert allod("apply", "-f", estate, *prune).out == "unchanged 2, refused 0\n"
    (listed,) = json.loads(allod("assets", "--json", "--kind", "system").out)
    assert listed["attributes"]["user_jurisdictions"] == ["NO"]
    (estate / "systems.yaml").write_text("kind: model\nname: acme/llm\ntitle: The model\n")
    assert allod("apply", "-f", estate, *prune, "--dry-run").out == "Would be: updated 1, deleted 1, refused 0\n"
    assert allod("apply", "-f", estate, *prune).out == "updated 1, deleted 1, refused 0\n"
    assert [one["ref"] for one in json.loads(allod("assets", "--json").out)] == ["model:acme/llm"]


@pytest.mark.usefixtures("live")
def test_another_workspace_is_another_inventory(allod: Allod, estate: Path) -> None:
    assert allod("apply", "-f", estate, "-w", "care").code == 0
    assert {one["workspace"] for one in json.loads(allod("assets", "--json").out)} == {"care"}
    assert allod("assets", "-w", "nowhere").code == 2


@pytest.mark.usefixtures("live")
def test_a_wrong_token_is_told_without_being_shown(allod: Allod, estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOD_TOKEN", "allod_nobodys-token")
    ran = allod("apply", "-f", estate)
    assert ran.code == 2
    assert "401" in ran.err
    assert "nobodys" not in ran.err
    assert allod("gate", "-f", estate).code == 3


@pytest.mark.usefixtures("live")
def test_the_gate_allows_and_blocks_the_candidates_of_the_example(engine: Engine, allod: Allod) -> None:
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")  # as `allod migrate` does
    assert allod("apply", "-f", EXAMPLE / "estate").code == 0
    allowed = allod("gate", "-f", EXAMPLE / "candidates" / "allowed.yaml", "--format", "json")
    assert allowed.code == 0, allowed.out
    assert json.loads(allowed.out)["decision"]["verdict"] in {"allow", "warn"}
    blocked = allod("gate", "-f", EXAMPLE / "candidates" / "blocked.yaml")
    assert blocked.code == 1, blocked
    assert blocked.out.startswith("BLOCK")
    assert max(map(len, blocked.out.splitlines())) <= 80
