"""The whole corpus: by `allod gate` against a server, and offline, on both engines; equal verdicts, and never a wrong yes.

One real server with the embedded engine answers over HTTP. The other three ways (the real OPA server, and both engines on
the exported inventory) are asked in this process, with the same code that the command runs.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Database

from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Engine
from service.foundation import database
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES
from service.gate import candidate, kept
from service.gate.decided import answer_of
from service.gate.export import export
from service.gate.judging import Asked, judge
from service.gate.kept import KeptWorld
from service.gate.reading.read import read
from service.gate.world import StoredWorld, World
from service.inventory import ingest, queries, reference_load, workspaces
from service.inventory.views import WorkspaceView
from service.packs.source import load_library
from service.pipeline import Ground, judge_assets
from tests.bench.server import TOKEN, Server, serving
from tests.cli.conftest import Allod, Ran
from tests.factories.manifests import ACTOR
from tests.fixtures.postgres import own_database
from tests.gate.corpus_entries import CORPUS, Entry, entries, files_of
from tests.rooms.example.manifests import observations

DAY = date(2026, 11, 25)
ENTRIES = entries()


@dataclass(frozen=True)
class Stage:
    """A judged inventory, live and exported, and what judges on it."""

    bind: Database
    home: WorkspaceView
    ground: Ground
    exported: KeptWorld
    file: Path
    server: Server


@pytest.fixture(scope="module")
def stage(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with own_database(postgres, template, "corpus") as url:
        bind = database.connect(url)
        engine = EmbeddedEngine()
        ground = Ground(engine, load_library(POLICIES))
        with unit_of_work(bind) as session:
            reference_load.sync(session, POLICIES / "data")
            home = workspaces.ensure(session, "default", ACTOR)
            ingest.record(session, home, observations(CORPUS.parent / "inventory"), ACTOR)
        with unit_of_work(bind) as session:
            ids = list(queries.ids_of(session, home.id, None))
            judge_assets(session, ground, home, ids, as_of=DAY, force=False, actor=ACTOR)
        with unit_of_work(bind) as session:
            content = b"".join(export(session, ground.library, home))
        file = tmp_path_factory.mktemp("exported") / "inventory.json"
        file.write_bytes(content)
        with serving(url) as server:
            yield Stage(bind, home, ground, kept.read(content, "inventory.json"), file, server)
        engine.close()
        bind.dispose()


@pytest.fixture
def in_corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stage: Stage) -> None:
    """The files under the names that the corpus gives them, and a token for the server."""
    monkeypatch.setenv("ALLOD_TOKEN", TOKEN)
    monkeypatch.setenv("ALLOD_URL", stage.server.url)
    monkeypatch.chdir(CORPUS)


def gate(allod: Allod, entry: Entry, tmp_path: Path, *more: object) -> tuple[Ran, dict[str, Any]]:
    names = []
    for file in files_of(entry):
        if entry.generated:
            place = tmp_path / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
            names.append(str(place))
        else:
            names.append(file.name)
    report = tmp_path / "report.json"
    report.unlink(missing_ok=True)
    switches = [f"--{key}" if value is True else f"--{key}={value}" for key, value in entry.options.items()]
    ran = allod("gate", "-f", *names, *switches, "--as-of", DAY, "--format", "json", "-o", report, *more)
    text = report.read_text() if report.exists() else ""
    return ran, json.loads(text)["decision"] if text else {}


def decided(world: World, engine: Engine, entry: Entry) -> dict[str, Any]:
    readings = read(files_of(entry), options=entry.reading)
    given = candidate.of_readings(readings, "default")
    asked = Asked(given.candidates, DAY, datetime.now(UTC), "ci")
    return {**answer_of(judge(world, engine, asked), asked, workspace="default", engine=""), "engine": ""}


@pytest.mark.usefixtures("in_corpus")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_command_gives_the_verdict_and_the_exit_code(
    stage: Stage, allod: Allod, entry: Entry, tmp_path: Path
) -> None:
    ran, decision = gate(allod, entry, tmp_path)
    assert ran.code == entry.exit, ran.err
    assert "Traceback" not in ran.err + ran.out
    told = ran.err + json.dumps(decision, ensure_ascii=False)
    assert entry.word in told
    offline, alone = gate(allod, entry, tmp_path, "--offline", "--inventory", stage.file)
    assert (offline.code, alone) == (ran.code, decision)
    if entry.expect == "unreadable":
        assert decision == {}
        assert offline.err == ran.err
        return
    assert decision["verdict"] == entry.expect
    if decision["missing"] and entry.expect == "allow":
        assert not any(reason["enforcement"] == "block" for reason in decision["reasons"])


@pytest.mark.opa
@pytest.mark.parametrize("entry", [one for one in ENTRIES if one.refs], ids=lambda entry: entry.name)
def test_all_four_ways_agree(stage: Stage, opa_url: str, entry: Entry) -> None:
    embedded, opa = stage.ground.engine, OpaEngine(opa_url)
    with unit_of_work(stage.bind) as session:
        live = StoredWorld(session, stage.ground, stage.home)
        first, *others = [
            decided(world, engine, entry) for world in (live, stage.exported) for engine in (embedded, opa)
        ]
    assert first["verdict"] == entry.expect
    assert others == [first, first, first]


def test_the_corpus_is_as_large_and_as_varied_as_it_should_be() -> None:
    assert len(ENTRIES) >= 60
    assert {entry.expect for entry in ENTRIES} == {"allow", "warn", "block", "unreadable"}
    assert {entry.type for entry in ENTRIES if entry.type} == {
        "allod", "kubernetes", "terraform-plan", "compose", "cyclonedx", "spdx", "model-card", "packages",
    }  # fmt: skip


@pytest.mark.usefixtures("in_corpus")
def test_the_same_question_has_the_same_bytes(stage: Stage, allod: Allod, tmp_path: Path) -> None:
    blocked = next(entry for entry in ENTRIES if entry.expect == "block" and entry.type == "kubernetes")
    formats = ["json", "sarif", "junit", "github", "github-summary", "gitlab", "markdown", "table"]
    written: list[list[bytes]] = []
    for run_number in ("first", "second"):
        places = [tmp_path / f"{run_number}.{name}" for name in formats]
        pairs = [word for name, place in zip(formats, places, strict=True) for word in ("--format", name, "-o", place)]
        assert allod("gate", "-f", blocked.files[0], "--as-of", DAY, *pairs).code == 1
        written.append([place.read_bytes() for place in places])
    assert written[0] == written[1]
    assert all(written[0])
