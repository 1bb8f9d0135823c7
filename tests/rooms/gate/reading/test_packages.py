"""Requirements and lock files: every form of a line, and what a version that is not one asks for."""

import pytest

from service.gate.reading.parts import Reading, Type
from tests.rooms.gate.reading.conftest import Read, Refused


def told(found: Reading) -> dict[str, tuple[str | None, str | None, int]]:
    """By name: version, where it comes from, line."""
    return {
        one.manifest["name"]: (
            one.manifest.get("attributes", {}).get("version"),
            one.manifest["annotations"].get("python/installed-from"),
            one.place.line,
        )
        for one in found.proposed
    }


@pytest.mark.parametrize(
    ("line", "name", "version", "origin"),
    [
        ("torch==2.9.0", "torch", "2.9.0", None),
        ("Torch === 2.9.0 # pinned", "torch", "2.9.0", None),
        ("torch (==2.9.0)", "torch", "2.9.0", None),
        ("vllm[runai,audio]==0.11.0; python_version > '3.10'", "vllm", "0.11.0", None),
        ("torch==2.9.0 --hash=sha256:00", "torch", "2.9.0", None),
        ("torch", "torch", None, None),
        ("torch>=2,<3", "torch", None, None),
        ("torch==2.*,!=2.3", "torch", None, None),
        ("torch @ https://u:p@x.example/torch.whl", "torch", None, "https://x.example/torch.whl"),
        (
            "-e git+https://x.example/peft.git@v1#egg=peft&subdirectory=a",
            "peft",
            None,
            "git+https://x.example/peft.git@v1",
        ),
        ("--editable=git+ssh://git@x.example/peft#egg=peft", "peft", None, "git+ssh://x.example/peft"),
        (
            "https://x.example/torch-2.9.0%2Bcu128-cp312-cp312-linux_x86_64.whl",
            "torch",
            "2.9.0%2Bcu128",
            "https://x.example/torch-2.9.0%2Bcu128-cp312-cp312-linux_x86_64.whl",
        ),
        ("./wheels/peft-0.17.0.tar.gz", "peft", "0.17.0", "./wheels/peft-0.17.0.tar.gz"),
    ],
)
def test_lines_of_requirements(reading: Read, line: str, name: str, version: str | None, origin: str | None) -> None:
    found = reading("requirements.txt", f"# first\n\n{line}\n")
    assert told(found) == {name: (version, origin, 3)}
    assert [one.add for one in found.missing] == ([] if version or origin else [f"{name}==<version>"])
    for attribute in found.proposed[0].manifest.get("evidence", {}).values():
        assert attribute["grade"] == "declared"


def test_marker_and_extras_are_kept(reading: Read) -> None:
    (one,) = reading("requirements.txt", "vllm[runai]==1 ; sys_platform == 'linux'\n").proposed
    assert one.manifest["annotations"]["python/extras"] == "runai"
    assert one.manifest["annotations"]["python/marker"] == "sys_platform == 'linux'"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("-r base.txt", "-r base.txt"),
        ("--constraint=base.txt", "--constraint base.txt"),
        ("--index-url https://u:secret@x.example", "--index-url"),
        ("--pre", "--pre"),
        ("-e .", "."),
        ("./plugins", "./plugins"),
        ("https://x.example/main.zip", "https://x.example/main.zip"),
    ],
)
def test_lines_that_name_no_package_are_told(reading: Read, line: str, what: str) -> None:
    found = reading("requirements.txt", f"{line}\ntorch==2.9.0\n")
    assert [(one.what, one.place.line) for one in found.ignored] == [(what, 1)]
    assert list(told(found)) == ["torch"]


def test_one_package_in_two_lines_is_one_asset(reading: Read) -> None:
    found = reading("requirements.txt", "torch==2.8.0 ; a == 'b'\ntorch==2.9.0 \\\n  --hash=sha256:00\\")
    assert told(found) == {"torch": ("2.9.0", None, 1)}
    assert found.ignored[0].why.startswith("it is there in 2 versions")


@pytest.mark.parametrize("line", ["torch=2.9.0", "torch 2.9.0", "torch==", "$torch", "==1", "torch>=1 <2", "ütorch==1"])
def test_lines_that_are_none_are_faults(refused: Refused, line: str) -> None:
    (fault,) = refused("requirements.txt", f"a==1\n{line}\n")
    assert (fault.line, fault.file) == (2, "requirements.txt")


LOCK = """
    version = 1
    requires-python = ">=3.11"

    [[package]]
    name = "app"
    source = { virtual = "." }

    [[package]]
    name = "torch"
    version = "2.9.0"
    source = { registry = "https://pypi.org/simple" }

    [[package]]
    name = "vllm"
    version = "0.11.0"
    source = { registry = "https://u:p@x.example/simple" }

    [[package]]
    name = "peft"
    version = "0.17.0"
    source = { git = "https://x.example/peft?rev=main#0123" }

    [[package]]
    name = "trl"
    source = { directory = 3 }
"""


def test_uv(reading: Read) -> None:
    found = reading("uv.lock", LOCK)
    assert told(found) == {
        "peft": ("0.17.0", "https://x.example/peft#0123", 19),
        "torch": ("2.9.0", None, 9),
        "trl": (None, "?", 24),
        "vllm": ("0.11.0", "https://x.example/simple", 14),
    }
    assert [(one.what, one.place.line) for one in found.ignored] == [("app", 5)]


def test_pylock(reading: Read) -> None:
    text = """
    lock-version = "1.0"
    [[packages]]
    name = "torch"
    version = "2.9.0"
    index = "https://pypi.org/simple"
    marker = "sys_platform == 'linux'"
    [[packages]]
    name = "peft"
    vcs = { type = "git", url = "https://x.example/peft", commit-id = "0123" }
    [[packages]]
    name = "trl"
    """
    found = reading("pylock.toml", text)
    assert told(found) == {
        "peft": (None, "https://x.example/peft", 8),
        "torch": ("2.9.0", None, 3),
        "trl": (None, None, 11),
    }
    (torch,) = [one for one in found.proposed if one.manifest["name"] == "torch"]
    assert torch.manifest["annotations"]["python/marker"] == "sys_platform == 'linux'"
    assert [one.what for one in found.missing] == ["which version of it is installed (no version in the lock)"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('lock-version = "1.0"\n[[packages]]\nname = 3\n', 2),
        ('lock-version = "1.0"\n[[packages]]\nname = "../x"\n', 2),
        ('lock-version = "1.0"\npackages = [3]\n', 1),
        ('lock-version = "1.0"\npackages = 3\n', 1),
        ('lock-version = "1.0"\n[[packages]]\nname = \n', 3),
    ],
)
def test_broken_lock_files(refused: Refused, text: str, line: int) -> None:
    (fault,) = refused("pylock.toml", text)
    assert fault.line == line


def test_requirements_are_known_by_their_lines(reading: Read, refused: Refused) -> None:
    assert reading("standard input", "torch==2.9.0\n-r other.txt\n").type is Type.PACKAGES
    assert "no type" in refused("standard input", "torch\n")[0].message
    assert "no type" in refused("Cargo.lock", '[[package]]\nname = "a"\nversion = "1"\n')[0].message
