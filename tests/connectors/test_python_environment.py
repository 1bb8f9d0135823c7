"""Python environments: the one these tests run in, a real one that pip made, and broken ones."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from service.foundation.errors import Invalid
from service.scans import ai_software, reading, registry
from service.scans.ai_software import Wanted, normalised
from service.scans.connector import Note, Seen
from service.scans.places import Places
from service.scans.python_packages import METADATA_MAX, newness, origin_of, parse
from service.scans.reading import Surroundings
from service.scans.secrets import Secrets
from tests.connectors.conftest import TODAY, Reading, ReadSource

OWN = Path(sys.prefix)


def installed(site: Path, name: str, text: str | bytes, **files: str) -> Path:
    """A package's metadata directory below `site`."""
    directory = site / f"{name}.dist-info"
    directory.mkdir(parents=True)
    (directory / "METADATA").write_bytes(text if isinstance(text, bytes) else text.encode())
    for file, content in files.items():
        (directory / file.replace("_json", ".json")).write_text(content)
    return directory


def site_of(prefix: Path) -> Path:
    return prefix / "lib" / "python3.11" / "site-packages"


def notes(found: Reading) -> str:
    return "\n".join(f"{note.object}: {note.text}" for note in found.notes)


def test_the_environment_of_these_tests(read_source: ReadSource) -> None:
    found = read_source("python_environment", {"environments": [str(OWN)], "packages": "all"}, roots=[OWN])
    assert (found.asked, found.read, found.refused) == (["packages"], ["packages"], [])
    listed = {normalised(one.metadata["Name"]): one for one in metadata.distributions(path=[str(site_of(OWN))])}
    assert {ref.removeprefix("software:") for ref in found.taken} == set(listed)
    pydantic = found.asset("software:pydantic")
    assert pydantic.title == "pydantic"
    assert pydantic.attributes["version"] == metadata.version("pydantic")
    assert pydantic.attributes["purl"] == f"pkg:pypi/pydantic@{metadata.version('pydantic')}"
    assert pydantic.attributes["licence"] == "MIT"
    grades = [found.grade("software:pydantic", key) for key in ("version", "purl", "licence")]
    assert grades == ["verified", "inferred", "declared"]
    # This program is installed in place, which is no package of PyPI.
    own = found.asset("software:allod")
    assert "purl" not in own.attributes
    assert own.annotations["python/installed-from"].startswith("file:///")


def test_ai_software_alone_unless_told(read_source: ReadSource) -> None:
    found = read_source("python_environment", {"environments": [str(OWN)]}, roots=[OWN])
    assert "software:huggingface-hub" in found.taken
    assert found.asset("software:huggingface-hub").attributes["licence"].startswith("Apache")
    assert "software:pydantic" not in found.taken
    assert "are not among those asked for" in notes(found)


def test_a_second_reading_says_the_same(read_source: ReadSource) -> None:
    asked = {"environments": [str(OWN)], "packages": ["pyd*", "SQLAlchemy"], "system": "system:allod"}
    first, second = (read_source("python_environment", asked, roots=[OWN]) for _ in range(2))
    assert {r: t.observation.body() for r, t in first.taken.items()} == {
        r: t.observation.body() for r, t in second.taken.items()
    }
    refs = {"software:pydantic", "software:pydantic-core", "software:pydantic-settings", "software:sqlalchemy"}
    assert first.related("system:allod") == {("uses", ref) for ref in refs}
    assert set(first.taken) == {*refs, "system:allod"}


def test_an_environment_that_pip_made(read_source: ReadSource, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [project]
        name = "Our.Model_Server"
        version = "2.0rc1"
        license = "Apache-2.0 OR MIT"
        classifiers = ["Topic :: Scientific/Engineering :: Artificial Intelligence"]
        [tool.hatch.build.targets.wheel]
        bypass-selection = true
        """
    )
    target = tmp_path / "target"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps"]
    subprocess.run([*command, "--target", str(target), str(source)], check=True, capture_output=True)
    found = read_source("python_environment", {"environments": [str(target)]}, roots=[tmp_path])
    made = found.asset("software:our-model-server")
    assert made.attributes == {"licence": "Apache-2.0 OR MIT", "version": "2.0rc1"}
    assert made.annotations["python/installed-from"] == source.as_uri()
    assert found.complete


def test_one_package_in_several_environments_is_one_asset(read_source: ReadSource, tmp_path: Path) -> None:
    for place, version in (("a", "2.9.1"), ("b", "2.10.0"), ("c", "2.10.0rc2")):
        installed(site_of(tmp_path / place), f"torch-{version}", f"Name: torch\nVersion: {version}\n\n")
    found = read_source("python_environment", {"environments": [str(tmp_path)]}, roots=[tmp_path])
    assert found.asset("software:torch").attributes["version"] == "2.10.0"
    given = [str(tmp_path / place) for place in "abc"]
    found = read_source("python_environment", {"environments": [*given, given[0]]}, roots=[tmp_path])
    torch = found.asset("software:torch")
    assert torch.attributes == {"version": "2.10.0", "purl": "pkg:pypi/torch@2.10.0"}
    assert torch.annotations["python/places"].split("\n") == given
    assert f"2.9.1 in {given[0]}" in torch.annotations["python/versions"].split("\n")
    assert "3 versions (2.9.1, 2.10.0rc2, 2.10.0)" in notes(found)


def test_what_is_broken_is_told(read_source: ReadSource, tmp_path: Path) -> None:
    site = site_of(tmp_path / "env")
    installed(site, "torch-2.1", "Metadata-Version: 2.1\nName: torch\nVersion: 2.1\nLicense: BSD-3\n\nhow to")
    installed(site, "torch-2.0", "Name: Torch\nVersion: 2.0\n")
    (site / "vllm-0.9.dist-info").mkdir()
    (site / "~ransformers-4.dist-info").mkdir()
    installed(site, "openai-1.0", "Name: openai\nVersion: 1.0\nAuthor: J\xf6rg\n".encode("latin-1"))
    installed(site, "litellm-3", b"\xff\xfe\x00\x00")
    installed(site, "timm", "Name: timm\n")
    installed(site, "peft-5", "Name: ../../etc\nSummary: x\n")
    (site / "keras-3.egg-info").write_text("Name: keras\nVersion: 3\n")
    directory = site / "gguf-1-py3.11.egg-info"
    directory.mkdir()
    (directory / "PKG-INFO").write_text("Name: gguf\nVersion: 1\nLicense: UNKNOWN\n")
    (site / "loop").symlink_to(site.parent, target_is_directory=True)
    (site / "ray-1.dist-info").symlink_to("ray-1.dist-info")
    outside = tmp_path / "outside"
    outside.write_text("Name: spacy\nVersion: 1\n")
    (site / "spacy-1.dist-info").mkdir()
    (site / "spacy-1.dist-info" / "METADATA").symlink_to(outside)
    (site / "nltk-1.dist-info" / "METADATA").mkdir(parents=True)
    inner = installed(site / "setuptools" / "_vendor", "onnx-1", "Name: onnx\nVersion: 1\n")
    (site.parent / "lib64").symlink_to("site-packages", target_is_directory=True)
    found = read_source("python_environment", {"environments": [str(tmp_path / "env")]}, roots=[tmp_path / "env"])
    assert inner.exists()
    names = {"gguf", "keras", "litellm", "openai", "peft", "timm", "torch", "vllm"}
    assert set(found.taken) == {f"software:{name}" for name in names}
    assert found.asset("software:torch").attributes["version"] == "2.1"
    assert found.asset("software:torch").attributes["licence"] == "BSD-3"
    assert found.asset("software:vllm").attributes["version"] == "0.9"
    assert found.asset("software:peft").attributes["version"] == "5"
    assert found.asset("software:timm").attributes == {"purl": "pkg:pypi/timm"}
    assert found.asset("software:openai").annotations["python/author"] == "J\ufffdrg"
    assert found.asset("software:gguf").attributes == {"version": "1", "purl": "pkg:pypi/gguf@1"}
    assert {Path(one.object or "").name for one in found.refused} == {
        "ray-1.dist-info",
        "spacy-1.dist-info",
        "nltk-1.dist-info",
    }
    assert "no regular file" in next(one.reason for one in found.refused if "nltk" in str(one.object))
    told = notes(found)
    for part in (
        "vllm-0.9.dist-info: it holds no metadata",
        "interrupted",
        "openai: its metadata is not UTF-8",
        "peft: its metadata gives no usable name",
        "peft: its metadata gives no version",
        "2 versions (2.0, 2.1)",
    ):
        assert part in told, told


def test_environments_that_cannot_be_read(read_source: ReadSource, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    given = [str(tmp_path / name) for name in ("gone", "file", "empty")]
    asked = {"environments": [*given, "/usr"], "system": "system:a"}
    found = read_source("python_environment", asked, roots=[tmp_path])
    assert [one.object for one in found.refused] == [given[0], given[1], "/usr"]
    assert "no package is installed here" in notes(found)
    assert not found.taken, "a system of which nothing was seen is not said to use nothing"


def test_what_the_system_does_not_open_is_refused(
    read_source: ReadSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "open", "torch-1", "Name: torch\nVersion: 1\n")
    locked = installed(tmp_path / "open", "onnx-1", "Name: onnx\nVersion: 1\n") / "METADATA"
    (tmp_path / "shut").mkdir()
    listing, opening = os.scandir, Path.open

    def scandir(path: Any) -> Any:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    def opened(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self == locked.resolve():
            raise PermissionError(13, "Permission denied", str(self))
        return opening(self, *args, **kwargs)

    # As root, which tests may run as, nothing is shut.
    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "open", opened)
    found = read_source("python_environment", {"environments": [str(tmp_path)]}, roots=[tmp_path])
    assert set(found.taken) == {"software:torch"}
    assert {Path(one.object or "").name for one in found.refused} == {"shut", "onnx-1.dist-info"}
    assert all("Permission denied" in one.reason for one in found.refused)


def test_nothing_waits_for_the_whole(tmp_path: Path) -> None:
    for number in range(300):
        installed(tmp_path, f"torch_{number}-1", f"Name: torch-{number}\nVersion: 1\n")
    kind = registry.find("python_environment")
    around = Surroundings("source:test", TODAY, Secrets((), tmp_path, {}), Places((tmp_path,)))
    pauses = []
    around.on_pause = lambda: pauses.append(1)
    events = list(kind.read(reading.settings_of(kind, {"environments": [str(tmp_path)]}), around))
    assert sum(isinstance(one, Seen) for one in events) == 300
    assert not any(isinstance(one, Note) for one in events)
    assert pauses


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"environments": []},
        {"environments": "/venv"},
        {"environments": ["/venv"], "packages": "some"},
        {"environments": ["/venv"], "packages": []},
        {"environments": ["/venv"], "packages": ["a b"]},
        {"environments": ["/venv"], "system": "model:x"},
        {"environments": ["/venv"], "python": "python3"},
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        reading.settings_of(registry.find("python_environment"), given)


@pytest.mark.parametrize(
    ("fields", "licence", "trouble"),
    [
        ("License-Expression: MIT AND Apache-2.0\nLicense: BSD", "MIT AND Apache-2.0", ""),
        ("License: Apache 2.0\nClassifier: License :: OSI Approved :: MIT License", "Apache 2.0", ""),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", "MIT License", ""),
        ("Classifier: License :: OSI Approved", None, ""),
        ("License: Text\n        of it\nClassifier: License :: OSI Approved :: BSD License", "BSD License", ""),
        ("License: Text\n        of it", "Text\n        of it", ""),
        ("License: " + "x" * 30_000, "x" * 20_000, "20,000th"),
        (
            "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: BSD License",
            "MIT License; BSD License",
            "not how they go together",
        ),
    ],
)
def test_licences_are_kept_as_written(fields: str, licence: str | None, trouble: str) -> None:
    found = parse(f"Name: x\nVersion: 1\n{fields}\n".encode(), directory="x-1.dist-info")
    assert found.licence == licence
    assert trouble in " ".join(found.troubles)
    assert bool(found.troubles) == bool(trouble)


def test_a_long_description_is_not_read_to_its_end() -> None:
    text = b"Name: x\nVersion: 1\n\n" + "\u20ac".encode() * METADATA_MAX
    assert parse(text[:METADATA_MAX], directory="x-1.dist-info").troubles == ()


def test_addresses_are_kept_without_passwords() -> None:
    assert origin_of({"url": "https://me:secret@git.example/x?token=1#egg"}) == "https://git.example/x#egg"
    assert origin_of({"url": "http://[broken"}) is None
    assert origin_of({"url": 1}) is None
    assert origin_of([]) is None


def test_a_broken_direct_url_is_none(read_source: ReadSource, tmp_path: Path) -> None:
    installed(tmp_path, "torch-1", "Name: torch\nVersion: 1\n", direct_url_json="{")
    found = read_source("python_environment", {"environments": [str(tmp_path)]}, roots=[tmp_path])
    assert found.asset("software:torch").attributes["purl"] == "pkg:pypi/torch@1"


def test_newer_versions_sort_behind_older_ones() -> None:
    ordered = ["1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0+cu121", "1.0.post1", "1.2", "1.10"]
    assert sorted(ordered, key=newness) == ordered
    assert newness(None) < newness("0")


def test_what_counts_as_ai_software() -> None:
    wanted = Wanted.of("ai")
    assert wanted.python("PyTorch_Lightning")
    assert wanted.python("langchain_openai")
    assert wanted.python("unheard-of", [ai_software.CLASSIFIER])
    assert not wanted.python("requests", ["Topic :: Internet"])
    assert wanted.debian("libcudnn9-cuda-12")
    assert wanted.debian("python3-torch")
    assert not wanted.debian("python3-requests")
    assert not wanted.debian("torch")
    assert Wanted.of(["libssl*"]).debian("libssl3")
    assert not Wanted.of(["libssl*"]).python("torch")
    assert Wanted.of("all").debian("bash")
    assert wanted.other("libcudnn9")
    assert wanted.other("vllm")
