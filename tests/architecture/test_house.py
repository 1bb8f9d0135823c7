"""The house style, where a machine can hold it."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from service.gate.formats.choose import FORMATS
from service.scans import marks
from service.scans.registry import NAMES

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "service"
LINES_MAX = 300
VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers"}

SOURCES = sorted(SERVICE.rglob("*.py"))
ROOMS = sorted(path.parent for path in SERVICE.glob("*/__init__.py"))


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def floors() -> set[str]:
    """Names of all rooms and edges in the layers contract."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = config["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["id"] == "floors"]
    return {name.strip(" ()") for layer in layers for name in layer.split("|")}


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_no_file_is_longer_than_a_reader_keeps_in_mind(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES_MAX


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_every_name_says_what_the_file_holds(path: Path) -> None:
    words = {word for part in path.relative_to(SERVICE).with_suffix("").parts for word in part.split("_")}
    assert not words & VAGUE


@pytest.mark.parametrize("room", [*ROOMS, SERVICE], ids=_id)
def test_a_room_has_a_sign_and_no_code_at_its_door(room: Path) -> None:
    tree = ast.parse((room / "__init__.py").read_text())
    assert ast.get_docstring(tree), "what the room owns, what it uses, where to start"
    assert len(tree.body) == 1


@pytest.mark.parametrize("room", ROOMS, ids=_id)
def test_the_sign_names_a_file_that_is_there(room: Path) -> None:
    sign = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    for name in re.findall(r"Start at `([^`]+)`", sign.replace("\n", " ")):
        assert (room / name).exists(), name


def test_every_source_file_belongs_to_a_floor() -> None:
    known = floors()
    for path in SOURCES:
        name = path.relative_to(SERVICE).parts[0].removesuffix(".py")
        assert name in known | {"__init__"}, path


def test_every_floor_is_there() -> None:
    present = {path.stem for path in SERVICE.glob("*.py")} | {room.name for room in ROOMS}
    assert floors() <= present


def test_the_readme_shows_every_room() -> None:
    readme = (ROOT / "README.md").read_text()
    assert not [room.name for room in ROOMS if f"{room.name}/" not in readme]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-connectors.lock", "requirements-test.lock"])
def test_a_lock_file_names_no_host_and_pins_everything_by_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index-url" not in text
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==", block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_lock_files_agree() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-connectors.lock") <= pins("requirements-test.lock")


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[\[<>=!;~ ]", requirement)[0].lower()
        for requirement in [*project["dependencies"], *extras["build"], *extras["test"]]
    }
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements-test.lock").read_text(), flags=re.MULTILINE))
    assert wanted <= locked


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_contract_that_is_broken_is_found(tmp_path: Path) -> None:
    """The contracts bite: a business room that imports `auth`, and a pure file that imports the database, are found."""
    copy = tmp_path / "service"
    for path in SOURCES:
        target = copy / path.relative_to(SERVICE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
    (copy / "foundation" / "clock.py").write_text("from service.auth import roles\n")
    (copy / "violations" / "plan.py").write_text("import sqlalchemy\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(line.startswith("The floors") for line in broken)
    assert any(line.startswith("Business rooms") for line in broken)
    assert any(line.startswith("Pure files") for line in broken)


CONNECTORS = SERVICE / "scans" / "connectors"
# What a connector's kind of system is spoken to with: imported there and nowhere else.
SDKS = {
    "botocore": "aws",
    "huggingface_hub": "hugging_face",
    "keystoneauth1": "openstack",
    "lightkube": "kubernetes",
    "openstack": "openstack",
    "pynvml": "gpu_host",
    "zipfile_zstd": "evaluation_evidence",
}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def owner(stem: str) -> str | None:
    """The connector that a file belongs to: the longest name that its own begins with."""
    return max((name for name in NAMES if stem == name or stem.startswith(f"{name}_")), key=len, default=None)


def test_every_file_is_a_connector_s_and_every_connector_is_named() -> None:
    stems = {path.stem for path in CONNECTORS.glob("*.py")} - {"__init__"}
    assert {owner(stem) for stem in stems} == set(NAMES)
    assert stems >= set(NAMES)


def test_connectors_know_no_other_connector() -> None:
    for path in CONNECTORS.glob("*.py"):
        for module in imported(path):
            parts = module.split(".")
            if parts[:3] == ["service", "scans", "connectors"] and len(parts) > 3:
                assert owner(parts[3]) == owner(path.stem), (path.name, module)


def test_an_sdk_lives_in_its_connector_alone() -> None:
    for path in SOURCES:
        for sdk in {module.split(".")[0] for module in imported(path)} & SDKS.keys():
            assert path.parent == CONNECTORS, (path, sdk)
            assert owner(path.stem) == SDKS[sdk], (path, sdk)


def test_a_connector_touches_neither_database_nor_queue() -> None:
    rooms = (
        "foundation.database",
        "foundation.outbox",
        "inventory.tables",
        "inventory.ingest",
        "scans.tables",
        "jobs",
        "api",
    )
    forbidden = (*(f"service.{room}" for room in rooms), "sqlalchemy", "sqlmodel", "celery")
    for path in CONNECTORS.glob("*.py"):
        assert not [module for module in imported(path) if module.startswith(forbidden)], path


def test_the_readme_lists_every_mark() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {mark for mark in marks.KNOWN if f"`{mark}`" not in readme} == set()


def test_the_readme_lists_every_format_of_the_gate() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {name for name in FORMATS if name not in readme} == set()


def test_the_readme_lists_every_connector() -> None:
    readme = (ROOT / "README.md").read_text()
    assert not [name for name in NAMES if f"| `{name}` |" not in readme]
