"""A checkout with a candidate in it, and a small server that answers what a test says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.small_server import SmallServer, serving


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with serving() as told:
        yield told


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "deploy" / "inner").mkdir(parents=True)
    for name in ("deploy/desk.yaml", "deploy/inner/the help.yaml"):
        (folder / name).write_text(f"kind: system\nname: {Path(name).stem.replace(' ', '-')}\n")
    return folder


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    folder = tmp_path / "runner"
    folder.mkdir()
    return folder
