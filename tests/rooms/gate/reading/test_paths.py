"""Paths of a command line: directories to the bottom, links, pipes, and what cannot be opened."""

import io
import os
import sys
from pathlib import Path

import pytest

from service.foundation.errors import Invalid
from service.gate.reading import paths
from service.gate.reading.paths import STDIN_NAME, read_paths
from service.gate.reading.read import read
from service.gate.reading.text import SIZE_MAX

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
CARD = "---\nlicense: mit\n---\n"


def put(root: Path, name: str, text: str = POD) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal_of(*given: Path | str) -> str:
    with pytest.raises(Invalid) as refused:
        read_paths(given)
    return refused.value.detail


def test_a_directory_is_read_to_the_bottom_and_what_is_none_of_the_gates_is_told(tmp_path: Path) -> None:
    for name in ("b/deploy.yaml", "a.yml", ".git/x.yaml", ".terraform/x.yaml", "node_modules/x.yaml"):
        put(tmp_path, name)
    put(tmp_path, "values.yaml", "replicas: 1\n")
    put(tmp_path, "main.py", POD)
    found = read_paths([tmp_path, tmp_path / "a.yml", str(tmp_path)])
    assert [file.name for file in found.files] == [f"{tmp_path}/a.yml", f"{tmp_path}/b/deploy.yaml"]
    assert [(Path(one.what).name, one.why) for one in found.ignored] == [
        ("main.py", "files of this name are not read"),
        ("values.yaml", "it is of no type that is known"),
    ]


def test_a_broken_file_in_a_directory_is_not_left_out(tmp_path: Path) -> None:
    put(tmp_path, "deploy.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [\n")
    (file,) = read_paths([tmp_path]).files
    with pytest.raises(Invalid):
        read([file])


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "kind: [\n"), ("b.json", '{"kind": '), ("c.yml", "{{ .Values.x }}: 1\n")]
)
def test_what_may_be_anything_is_refused_and_not_passed_over(tmp_path: Path, name: str, text: str) -> None:
    put(tmp_path, "deploy.yaml")
    put(tmp_path, name, text)
    assert name in refusal_of(tmp_path)


def test_a_large_file_in_a_directory_is_not_left_out(tmp_path: Path) -> None:
    put(tmp_path, "plan.json", '{"format_version": "1.2", "planned_values": {' + " " * SIZE_MAX)
    (file,) = read_paths([tmp_path]).files
    assert len(file.content) == SIZE_MAX + 1
    with pytest.raises(Invalid, match="too large"):
        read([file])


def test_a_directory_of_the_hub_is_one_model(tmp_path: Path) -> None:
    put(tmp_path, "acme/bot/README.md", CARD)
    put(tmp_path, "acme/bot/config.json", "{}")
    put(tmp_path, "acme/bot/model.safetensors", "")
    put(tmp_path, "README.md", "# The repository\n")
    found = read_paths([tmp_path])
    (file,) = found.files
    assert file.beside == ("config.json", "model.safetensors")
    (reading,) = read(found.files)
    assert reading.proposed[0].manifest["attributes"]["formats"] == ["safetensors"]
    assert [Path(one.what).name for one in found.ignored] == ["README.md", "config.json", "model.safetensors"]
    (named,) = read_paths([tmp_path / "acme/bot/README.md"]).files
    assert named.beside == file.beside


def test_links_that_lead_out_are_refused_and_others_are_read(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside/secret.yaml")
    inside = put(tmp_path, "given/a.yaml")
    (tmp_path / "given" / "same.yaml").symlink_to(inside)
    assert [Path(file.name).name for file in read_paths([tmp_path / "given"]).files] == ["a.yaml", "same.yaml"]
    (tmp_path / "given" / "out.yaml").symlink_to(outside)
    assert "leads out of the directory" in refusal_of(tmp_path / "given")
    (tmp_path / "given" / "out.yaml").unlink()
    (tmp_path / "given" / "folder").symlink_to(tmp_path / "outside")
    assert "leads out of the directory" in refusal_of(tmp_path / "given")


def test_links_in_a_circle_and_to_nothing_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "given/a.yaml")
    (tmp_path / "given" / "gone.yaml").symlink_to("nowhere.yaml")
    assert "it is not there" in refusal_of(tmp_path / "given")
    (tmp_path / "given" / "gone.yaml").unlink()
    (tmp_path / "given" / "round.yaml").symlink_to("round.yaml")
    assert "round.yaml" in refusal_of(tmp_path / "given")


def test_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "no regular file" in refusal_of(tmp_path / "pipe.yaml")
    assert "no regular file" in refusal_of(tmp_path)
    assert "no regular file" in refusal_of("/dev/zero")


def test_what_is_not_there_or_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "it is not there" in refusal_of(tmp_path / "nothing.yaml")
    assert "no such name can be" in refusal_of("a\0b")
    assert "cannot be opened" in refusal_of(put(tmp_path, "a.yaml") / "b.yaml")
    assert "no file in it" in refusal_of(put(tmp_path, "empty/x.py").parent)
    with pytest.raises(Invalid, match="No file is named"):
        read_paths([])

    def closed(path: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", closed)
    assert "cannot be listed: Permission denied" in refusal_of(tmp_path)


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(POD.encode())

    monkeypatch.setattr(sys, "stdin", Input)
    found = read_paths(["-", "-"])
    assert [(file.name, file.content) for file in found.files] == [(STDIN_NAME, POD.encode())]


def test_of_files_beside_a_card_not_all_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "BESIDE_MAX", 1)
    card = put(tmp_path, "acme/bot/README.md", CARD)
    for number in range(3):
        put(tmp_path, f"acme/bot/{number}.json", "{}")
    (file,) = read_paths([card]).files
    assert len(file.beside) <= 1
