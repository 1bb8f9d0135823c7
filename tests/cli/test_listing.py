"""`allod assets`, `allod violations`, `allod evaluate`, `allod import`: complete, told, and honest about failure."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.cli import evaluate, listing
from service.scans.importers import ecosystem_graph, mof
from service.scans.importers.result import FileAccount, ImportResult
from tests.cli.conftest import Allod
from tests.cli.small_server import Asked, SmallServer

LONG = "model:" + "a" * 150


def paged(items: list[dict[str, Any]]) -> Callable[[Asked], tuple[int, Any]]:
    def answer(asked: Asked) -> tuple[int, Any]:
        at = int(asked.query.get("cursor", 0))
        following = str(at + 1) if at + 1 < len(items) else None
        return 200, {"items": items[at : at + 1], "next_cursor": following}

    return answer


def test_assets_are_listed_to_the_last_page_and_whole(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    items: list[dict[str, Any]] = [
        {"workspace": "default", "ref": LONG, "title": None, "revision": 1},
        {"workspace": "default", "ref": "vendor:b", "title": "B\x1b[31m [red]", "revision": 2},
    ]
    server.on("GET", "/assets", paged(items))
    listing.assets(kind="model", label=["a:b", "c:d"], url=server.url)
    told = capsys.readouterr()
    assert [line.split()[1] for line in told.out.splitlines()] == ["REF", LONG, "vendor:b"]
    assert "\x1b" not in told.out
    assert "[red]" in told.out
    assert told.err == "2 in all\n"
    assert server.asked[0].query == {"limit": "1000", "kind": "model", "label": "c:d"}
    listing.assets(as_json=True, url=server.url)
    assert json.loads(capsys.readouterr().out) == items


def test_violations_are_listed_by_what_is_asked(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    item = {"severity": "high", "rule": "RES-001", "status": "open", "asset": "dataset:a", "message": "Lies in US."}
    server.on("GET", "/violations", paged([item]))
    listing.violations(rule="RES-001", asset="dataset:a", workspace="care", url=server.url)
    assert "RES-001" in capsys.readouterr().out
    assert server.asked[0].query == {"limit": "1000", "rule": "RES-001", "asset": "dataset:a", "workspace": "care"}


def run(status: str, **given: Any) -> dict[str, Any]:
    return {"id": "e-1", "status": status, "total": 3, "done": 1, "judged": 2, "unchanged": 1, "outcomes": {}, **given}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "PAUSE_SECONDS", 0.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("last", "code", "word"),
    [
        (run("done", done=3, outcomes={"pass": 4, "violation": 2}), 0, "pass 4, violation 2"),
        (run("done", done=3), 0, "nothing to judge"),
        (run("done", done=3, outcomes={"error": 1}), 3, "could not run"),
        (run("done", done=3, error="a chunk failed"), 3, "a chunk failed"),
        (run("failed", error="the engine is gone"), 3, "the engine is gone"),
        (run("vanished"), 3, "vanished"),
    ],
)
def test_an_evaluation_is_followed_to_its_end(
    server: SmallServer, allod: Allod, last: dict[str, Any], code: int, word: str
) -> None:
    steps = [run("running"), run("running", done=2), last]
    server.on("POST", "/evaluations", lambda _: (202, run("waiting", total=None)))
    server.on("GET", "/evaluations/e-1", lambda _: (200, steps.pop(0)))
    ran = allod("evaluate", "--all", "-w", "care")
    assert ran.code == code
    assert word in ran.out + ran.err
    assert json.loads(server.asked[0].body) == {"workspace": "care", "force": True}
    assert steps == []


@pytest.mark.usefixtures("impatient")
def test_an_evaluation_can_be_read_by_a_program(server: SmallServer, allod: Allod) -> None:
    server.on("POST", "/evaluations", lambda _: (202, run("done")))
    assert json.loads(allod("evaluate", "--json").out) == run("done")


@pytest.mark.parametrize(("name", "importer"), [("ecosystem-graph", ecosystem_graph), ("mof", mof)])
def test_an_import_accounts_for_every_file_and_sends_every_manifest(
    server: SmallServer, allod: Allod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, importer: Any
) -> None:
    manifests = ({"kind": "vendor", "name": "a"}, {"kind": "vendor", "name": "b"})
    accounts = (FileAccount("x.yaml", 3, 2, ("third: not understood",)), FileAccount("y.txt", 0, 0))
    monkeypatch.setattr(importer, "read", lambda _: ImportResult(manifests, accounts))
    answers = [{"status": "created"}, {"status": "refused", "error": {"detail": "no"}}]
    server.on("POST", "/assets:bulk", lambda _: (200, answers))
    ran = allod("import", name, tmp_path, "-w", "world")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "x.yaml: 2 of 3 records",
        "  third: not understood",
        "y.txt: 0 of 0 records",
        "2 files, 2 assets: created 1, refused 1",
    ]
    assert "refused: vendor:b: no" in ran.err
    assert [one["workspace"] for one in server.asked[0].lines] == ["world", "world"]
    answers[1] = {"status": "created"}
    ran = allod("import", name, tmp_path, "--dry-run")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "2 files, 2 assets: Would be: created 2, refused 0")
    assert server.asked[1].query == {"dry_run": "true"}
    assert "workspace" not in server.asked[1].lines[0]


def test_a_directory_that_is_not_there_is_wrong_usage(server: SmallServer, allod: Allod, tmp_path: Path) -> None:
    assert allod("import", "mof", tmp_path / "nowhere").code == 2
    assert server.asked == []
