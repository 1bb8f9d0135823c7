"""`allod apply`: every document accounted for, nothing deleted by mistake."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.cli import bulk
from service.cli.apply import manager_of
from tests.cli.conftest import TOKEN, Allod
from tests.cli.small_server import Asked, SmallServer

FILE = "kind: vendor\nname: acme\n---\nkind: system\nname: desk\nattributes: {commercial: true}\n"


def taking(status: str = "created") -> Any:
    return lambda asked: (200, [{"ref": f"{one['kind']}:{one['name']}", "status": status} for one in asked.lines])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "estate.yaml"
    path.write_text(FILE)
    return path


def test_documents_go_over_as_lines_and_are_counted(server: SmallServer, allod: Allod, file: Path) -> None:
    server.on("POST", "/assets:bulk", taking())
    ran = allod("apply", "-f", file)
    assert (ran.code, ran.out) == (0, "created 2, refused 0\n")
    (asked,) = server.asked
    assert asked.lines == [
        {"kind": "vendor", "name": "acme"},
        {"kind": "system", "name": "desk", "attributes": {"commercial": True}},
    ]
    assert asked.query == {}
    assert asked.headers["Content-Type"] == "application/x-ndjson"


def test_many_documents_go_in_chunks(
    server: SmallServer, allod: Allod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 3)
    server.on("POST", "/assets:bulk", taking("unchanged"))
    (tmp_path / "a.json").write_text(json.dumps([{"kind": "vendor", "name": f"v{n}"} for n in range(7)]))
    assert allod("apply", "-f", tmp_path).out == "unchanged 7, refused 0\n"
    assert [len(asked.lines) for asked in server.asked] == [3, 3, 1]


def test_a_workspace_is_named_in_each_document_and_must_not_be_contradicted(
    server: SmallServer, allod: Allod, tmp_path: Path
) -> None:
    server.on("POST", "/assets:bulk", taking())
    (tmp_path / "a.yaml").write_text("kind: vendor\nname: a\n---\nkind: vendor\nname: b\nworkspace: care\n")
    ran = allod("apply", "-f", tmp_path, "-w", "research")
    assert ran.code == 1
    assert "belongs to workspace 'care' ('research', as --workspace says)" in ran.err
    assert server.asked[0].lines == [{"kind": "vendor", "name": "a", "workspace": "research"}]


def test_a_document_refused_here_is_told_with_file_and_line_and_the_rest_goes_in(
    server: SmallServer, allod: Allod, tmp_path: Path
) -> None:
    server.on("POST", "/assets:bulk", taking("updated"))
    (tmp_path / "estate.yaml").write_text(FILE)
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "odd.yaml").write_text("kind: vendor\nname: odd\n\nzzz: 1\n")
    ran = allod("apply", "-f", tmp_path)
    assert ran.code == 1
    assert f"refused: {tmp_path / 'odd.yaml'}:4, /zzz: a manifest has no 'zzz'" in ran.err
    assert f"refused: {tmp_path / 'broken.yaml'}:2: the YAML is broken" in ran.err
    assert ran.out == "updated 2, refused 2\n"


def test_a_document_that_the_server_refuses_is_told_with_file_and_line(
    server: SmallServer, allod: Allod, file: Path
) -> None:
    fault = {"path": "/attributes/commercial", "message": "is not so", "expected": "otherwise"}
    answers: list[dict[str, Any]] = [
        {"ref": "vendor:acme", "status": "refused", "error": {"detail": "quota", "errors": []}},
        {"ref": "system:desk", "status": "refused", "error": {"detail": "bad", "errors": [fault, "junk"]}},
    ]
    server.on("POST", "/assets:bulk", lambda _: (200, answers))
    ran = allod("apply", "-f", file)
    assert (ran.code, ran.out) == (1, "refused 2\n")
    assert f"refused: {file}:1: vendor:acme: quota" in ran.err
    assert f"refused: {file}:6, /attributes/commercial: is not so (otherwise)" in ran.err
    answers[0]["error"] = "in one word"
    del answers[1]["error"]
    answers[1]["status"] = "who knows"
    ran = allod("apply", "-f", file)
    assert (ran.code, ran.out) == (1, "refused 2\n")
    assert "in one word" in ran.err
    assert "gives no reason" in ran.err


@pytest.mark.parametrize(
    ("status", "body", "code", "word"),
    [
        (401, {"detail": "no such token"}, 2, "ALLOD_TOKEN"),
        (500, b"", 3, "500"),
        (200, [], 3, "0 of 2"),
        (200, b"[]\n[]\n", 3, "JSON lines"),
        (200, b"<html>\n", 3, "JSON lines"),
    ],
)
def test_an_answer_that_is_none_is_told(
    server: SmallServer, allod: Allod, file: Path, status: int, body: Any, code: int, word: str
) -> None:
    server.on("POST", "/assets:bulk", lambda _: (status, body))
    ran = allod("apply", "-f", file)
    assert (ran.code, ran.out) == (code, "")
    assert word in ran.err


def test_a_dry_run_says_so_to_the_server_and_the_reader(server: SmallServer, allod: Allod, file: Path) -> None:
    server.on("POST", "/assets:bulk", taking())
    assert allod("apply", "-f", file, "--dry-run").out == "Would be: created 2, refused 0\n"
    assert server.asked[0].query == {"dry_run": "true"}


def test_files_without_a_document_are_wrong_usage(server: SmallServer, allod: Allod, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing\n")
    ran = allod("apply", "-f", tmp_path, "--prune", "--yes")
    assert ran.code == 2
    assert server.asked == []


def holding(server: SmallServer, *held: tuple[str, str, str]) -> None:
    """Has `server` hold these assets (workspace, ref, manager), one on a page, whatever filter is asked for."""

    def listing(asked: Asked) -> tuple[int, Any]:
        at = int(asked.query.get("cursor", 0))
        workspace, ref, manager = held[at]
        following = str(at + 1) if at + 1 < len(held) else None
        return 200, {"items": [{"workspace": workspace, "ref": ref, "managed_by": manager}], "next_cursor": following}

    server.on("POST", "/assets:bulk", taking("unchanged"))
    server.on("GET", "/assets", listing)
    for _, ref, _ in held:
        server.on("DELETE", f"/assets/{ref}", lambda _: (204, b""))


def test_pruning_deletes_what_the_same_manager_applied_and_the_files_no_longer_hold(
    server: SmallServer, allod: Allod, file: Path
) -> None:
    manager = manager_of([str(file)])
    holding(
        server,
        ("default", "vendor:acme", manager),
        ("default", "vendor:gone/by", manager),
        ("default", "vendor:others", "gitops"),
        ("care", "system:gone", manager),
    )
    ran = allod("apply", "-f", file, "--prune", "--yes")
    assert (ran.code, ran.out) == (0, "unchanged 2, deleted 2, refused 0\n")
    assert server.asked[0].query == {"managed_by": manager}
    deleted = [(asked.path, asked.query) for asked in server.asked_for("DELETE")]
    assert deleted == [
        ("/assets/vendor:gone/by", {"workspace": "default"}),
        ("/assets/system:gone", {"workspace": "care"}),
    ]


def test_pruning_looks_only_into_the_workspaces_that_are_named(server: SmallServer, allod: Allod, file: Path) -> None:
    holding(server, ("care", "vendor:acme", "mine"), ("care", "system:gone", "mine"))
    ran = allod("apply", "-f", file, "--prune", "--yes", "--managed-by", "mine", "-w", "care")
    assert ran.out == "unchanged 2, deleted 1, refused 0\n"
    assert {asked.query["workspace"] for asked in server.asked_for("GET")} == {"care"}
    assert {asked.query["managed_by"] for asked in server.asked_for("GET")} == {"mine"}


def test_a_dry_run_prunes_nothing_and_tells_what_it_would(server: SmallServer, allod: Allod, file: Path) -> None:
    holding(server, ("default", "system:gone", "mine"))
    ran = allod("apply", "-f", file, "--prune", "--dry-run", "--managed-by", "mine")
    assert ran.out == "Would be: unchanged 2, deleted 1, refused 0\n"
    assert "would delete: system:gone (workspace default)" in ran.err
    assert server.asked_for("DELETE") == []


def test_nothing_is_deleted_while_a_document_is_refused(server: SmallServer, allod: Allod, file: Path) -> None:
    holding(server, ("default", "system:gone", "mine"))
    file.write_text(FILE + "---\nkind: system\nname: gone\nzzz: 1\n")
    ran = allod("apply", "-f", file, "--prune", "--yes", "--managed-by", "mine")
    assert ran.code == 1
    assert "Nothing is deleted" in ran.err
    assert [asked.method for asked in server.asked] == ["POST"]


def test_where_nobody_can_be_asked_pruning_needs_a_yes(server: SmallServer, allod: Allod, file: Path) -> None:
    ran = allod("apply", "-f", file, "--prune")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert server.asked == []


@pytest.mark.parametrize(("answer", "deleted"), [("n\n", 0), ("y\n", 1)])
def test_at_a_terminal_the_user_is_asked(
    server: SmallServer, allod: Allod, file: Path, monkeypatch: pytest.MonkeyPatch, answer: str, deleted: int
) -> None:
    holding(server, ("default", "system:gone", "mine"))
    monkeypatch.setattr("service.cli.apply.watched", lambda: True)
    ran = allod("apply", "-f", file, "--prune", "--managed-by", "mine", stdin=answer.encode())
    assert ran.code == 0
    assert "Delete 1?" in ran.err
    assert len(server.asked_for("DELETE")) == deleted


def test_the_same_paths_always_have_the_same_manager_and_a_long_list_has_a_short_one() -> None:
    assert manager_of(["b/", "./a"]) == manager_of(["a", "b"]) == "apply:a,b"
    assert len(manager_of(["x" * 300])) <= 200


def test_a_server_that_lists_no_items_is_no_such_server(server: SmallServer, allod: Allod, file: Path) -> None:
    server.on("POST", "/assets:bulk", taking())
    server.on("GET", "/assets", lambda _: (200, {}))
    assert allod("apply", "-f", file, "--prune", "--yes").code == 3


@pytest.mark.usefixtures("server")
def test_the_token_is_never_shown(allod: Allod, file: Path) -> None:
    ran = allod("apply", "-f", file)
    assert ran.code == 2
    assert TOKEN not in ran.out + ran.err
