"""The connector `gpu_host`: NVIDIA's own binding on a stand-in for the driver's library, and files as of a machine.

No GPU is here. That NVML is absent is tested as it is; all else goes through pynvml's real ctypes calls into a small library
that is compiled for the tests.
"""

import builtins
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynvml
import pytest

from service.foundation.errors import Invalid
from service.scans.connectors import gpu_host_machine
from tests.connectors.conftest import ReadSource
from tests.fixtures.nvml import compiled

HOST = "gpu_host:" + os.uname().nodename.lower()
GPU = "NVIDIA H100 80GB HBM3"
Fake = Callable[..., None]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="module")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("old-nvml"), "OLD")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An x86 machine on bare metal, with nothing on its bus."""
    monkeypatch.setattr(gpu_host_machine, "ROOT", tmp_path)
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2 avx512f\n\nprocessor\t: 1\n")
    write(tmp_path, "etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    write(tmp_path, "sys/class/dmi/id/sys_vendor", "Supermicro\n")
    write(tmp_path, "sys/class/dmi/id/product_name", "SYS-821GE-TNHR\n")
    return tmp_path


@pytest.fixture
def fake(library: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Has pynvml find the library, which then says what is given: `fake(COUNT=2, GPU0="…")`."""

    def load(*, of: Path = library, **says: object) -> None:
        monkeypatch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(of)))
        monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        for key, value in says.items():
            monkeypatch.setenv(f"FAKE_{key}", str(value))

    return load


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return
    pytest.skip("this machine has an NVIDIA driver")


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def on_the_bus(root: Path, place: str, vendor: str, kind: str) -> None:
    write(root, f"sys/bus/pci/devices/{place}/vendor", f"{vendor}\n")
    write(root, f"sys/bus/pci/devices/{place}/class", f"{kind}\n")


def test_a_host_with_eight_gpus_is_one_asset(read_source: ReadSource, fake: Fake) -> None:
    fake(COUNT=8)
    reading = read_source("gpu_host", {"region": "cloud_region:hetzner/fsn1", "operator": "vendor:hetzner"})
    assert reading.complete
    assert not reading.notes
    host = reading.asset(HOST)
    assert host.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": GPU, "count": 8, "memory_gib": 79.6}],
        "driver": "570.86.15",
        "confidential_computing": False,
        "tenancy": "dedicated",
    }
    grades = {attribute: evidence["grade"] for attribute, evidence in host.evidence.items()}
    assert grades == {
        "accelerators": "verified",
        "driver": "verified",
        "confidential_computing": "verified",
        "tenancy": "inferred",
    }
    assert reading.related(HOST) == {("located_in", "cloud_region:hetzner/fsn1"), ("operated_by", "vendor:hetzner")}
    annotations = dict(host.annotations)
    assert annotations.pop("gpu_host/kernel").startswith(f"Linux {os.uname().release}")
    machine = annotations.pop("gpu_host/machine")
    assert len(machine) == 32
    assert "0123456789abcdef" not in machine
    assert annotations == {
        "gpu_host/confidential-computing": "off",
        "gpu_host/cuda": "12.8",
        "gpu_host/hardware": "Supermicro SYS-821GE-TNHR",
        "gpu_host/mig": "off",
        "gpu_host/sharing": "whole",
        "gpu_host/virtual": "no",
    }
    again = read_source("gpu_host", {"region": "cloud_region:hetzner/fsn1", "operator": "vendor:hetzner"})
    assert again.asset(HOST).body() == host.body()


def test_the_settings_name_the_host_and_wrong_ones_are_told(read_source: ReadSource, fake: Fake) -> None:
    fake(COUNT=1)
    assert set(read_source("gpu_host", {"name": "rack/7"}).taken) == {"gpu_host:rack/7"}
    with pytest.raises(Invalid, match="points at a vendor") as caught:
        read_source("gpu_host", {"region": "vendor:hetzner", "nmae": "x"})
    assert [fault.path for fault in caught.value.faults] == ["/settings/region", "/settings/nmae"]


def test_models_are_counted_one_by_one_and_what_a_gpu_does_not_know_is_left_out(
    read_source: ReadSource, fake: Fake
) -> None:
    fake(COUNT=3, GPU0="NVIDIA L4", GPU0_MEMORY=24152899584, GPU0_MIG=9, GPU2="NVIDIA GB10", GPU2_MEMORY_CODE=3)
    host = read_source("gpu_host", {}).asset(HOST)
    assert host.attributes["accelerators"] == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA GB10", "count": 1},
        {"vendor": "vendor:nvidia", "model": GPU, "count": 1, "memory_gib": 79.6},
        {"vendor": "vendor:nvidia", "model": "NVIDIA L4", "count": 1, "memory_gib": 22.5},
    ]
    assert host.annotations["gpu_host/mig"] == "off"


def test_a_sliced_gpu_is_shared(read_source: ReadSource, fake: Fake) -> None:
    name = "NVIDIA A100-SXM4-40GB"
    slices = {"SLICE1": f"{name} MIG 1g.5gb", "SLICE3": "hidden", "SLICE5": f"{name} MIG 3g.20gb", "SLICE6": "odd"}
    fake(COUNT=2, GPU0=name, GPU0_MIG=1, GPU1=name, **slices)
    host = read_source("gpu_host", {}).asset(HOST)
    assert host.attributes["accelerators"][0]["count"] == 2
    assert host.attributes["tenancy"] == "shared"
    assert host.annotations["gpu_host/mig"] == "off and on"
    assert host.annotations["gpu_host/mig-slices"] == "1 x 1g.5gb, 1 x 3g.20gb, 1 x odd"


@pytest.mark.parametrize(
    ("mode", "flags", "product", "tenancy"),
    [
        (2, "fpu hypervisor", "VMware7,1", "shared"),
        (3, "fpu", "R750xa", "shared"),
        (1, "fpu hypervisor", "KVM", None),
        (0, "fpu hypervisor", "HVM domU", None),
        (0, "fpu", "KVM", None),
        (0, "", "Grace", None),
        (77, "fpu", "R750xa", "dedicated"),
    ],
)
def test_tenancy_follows_from_how_the_gpu_comes_to_the_machine(
    read_source: ReadSource, fake: Fake, root: Path, mode: int, flags: str, product: str, tenancy: str | None
) -> None:
    fake(COUNT=1, GPU0_VIRTUAL=mode)
    write(root, "proc/cpuinfo", f"flags : {flags}\n" if flags else "Features : fp asimd\n")
    write(root, "sys/class/dmi/id/product_name", product)
    assert read_source("gpu_host", {}).asset(HOST).attributes.get("tenancy") == tenancy


@pytest.mark.parametrize(
    ("says", "confidential", "words", "grade"),
    [
        ({"CC": 1}, True, "on", "verified"),
        ({"CC_SEVERAL": 1}, True, "on, as protected PCIe", "verified"),
        ({"CC": 1, "CC_TOOLS": 1}, False, "on, open for developers' tools", "verified"),
        ({"CC": 1, "CC_ENVIRONMENT": 1}, False, "on, simulated", "verified"),
        ({"CC": 1, "CC_SETTINGS_CODE": 3}, True, "on", "verified"),
        ({"CC": 1, "CC_SETTINGS_CODE": 25, "CC_STATE_CODE": 3}, False, None, "inferred"),
    ],
)
def test_confidential_computing_is_what_the_driver_says(
    read_source: ReadSource, fake: Fake, says: dict[str, int], confidential: bool, words: str | None, grade: str
) -> None:
    fake(COUNT=1, **says)
    reading = read_source("gpu_host", {})
    host = reading.asset(HOST)
    assert host.attributes["confidential_computing"] is confidential
    assert host.annotations.get("gpu_host/confidential-computing") == words
    assert reading.grade(HOST, "confidential_computing") == grade


def test_an_old_driver_knows_less(read_source: ReadSource, fake: Fake, old_library: Path) -> None:
    fake(of=old_library, COUNT=1, CUDA_CODE=3, DRIVER="470.256.02", SHUTDOWN=999)
    host = read_source("gpu_host", {}).asset(HOST)
    assert host.attributes["driver"] == "470.256.02"
    assert host.attributes["confidential_computing"] is False
    assert not {"gpu_host/cuda", "gpu_host/mig"} & set(host.annotations)


def test_a_lost_gpu_refuses_the_host_and_the_others_do_not_hide_it(read_source: ReadSource, fake: Fake) -> None:
    fake(COUNT=3, GPU1_CODE=15)
    reading = read_source("gpu_host", {})
    assert not reading.taken
    assert not reading.complete
    (refused,) = reading.refused
    assert (refused.part, refused.object) == ("host", "GPU 1")
    assert "GPU is lost" in refused.reason


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"INIT": 18}, "version mismatch"),
        ({"INIT": 999}, "Unknown Error"),
        ({"INIT": 77}, "an error that only this library knows"),
        ({"DRIVER_CODE": 10}, "Timeout"),
        ({"COUNT_CODE": 999}, "Unknown Error"),
        ({"CC_SETTINGS_CODE": 999}, "Unknown Error"),
    ],
)
def test_a_broken_driver_is_a_refused_part(
    read_source: ReadSource, fake: Fake, says: dict[str, int], words: str
) -> None:
    fake(COUNT=1, **says)
    reading = read_source("gpu_host", {})
    assert not reading.taken
    assert not reading.read
    (refused,) = reading.refused
    assert refused.object is None
    assert words in refused.reason


@pytest.mark.usefixtures("no_library")
def test_a_machine_without_nvidia_is_read_to_its_end(read_source: ReadSource, root: Path) -> None:
    with pytest.raises(pynvml.NVMLError_LibraryNotFound):
        pynvml.nvmlInit()
    on_the_bus(root, "0000:00:02.0", "0x8086", "0x030000")
    on_the_bus(root, "0000:19:00.0", "0x1da3", "0x120000")
    reading = read_source("gpu_host", {})
    assert reading.complete
    assert not reading.taken
    assert [note.text for note in reading.notes] == [
        "no NVIDIA GPU is here (NVML Shared Library Not Found)",
        "an accelerator of PCI vendor 0x1da3, which cannot be read here",
        "no accelerator was found: this is no GPU host",
    ]


def test_a_library_without_driver_and_without_gpu_is_no_fault(read_source: ReadSource, fake: Fake, root: Path) -> None:
    fake(INIT=9)
    assert read_source("gpu_host", {}).complete
    on_the_bus(root, "0000:18:00.0", "0x10de", "0x030200")
    on_the_bus(root, "0000:18:00.1", "0x10de", "0x040300")  # its sound device
    reading = read_source("gpu_host", {})
    assert not reading.read
    (refused,) = reading.refused
    assert refused.reason == "1 NVIDIA GPUs are on the bus, and nobody can read them: Driver Not Loaded"


@pytest.mark.usefixtures("no_library")
def test_amd_server_cards_are_read_from_their_driver(read_source: ReadSource, root: Path) -> None:
    for number in (0, 1, 2):
        place = f"sys/devices/pci/0000:0{number}:00.0"
        write(root, f"{place}/vendor", "0x1002\n")
        if number < 2:
            write(root, f"{place}/product_name", "AMD Instinct MI300X OAM\n")
            write(root, f"{place}/mem_info_vram_total", "206141652992\n")
        for name in (f"card{number}", f"renderD{128 + number}"):
            link = root / "sys/class/drm" / name / "device"
            link.parent.mkdir(parents=True)
            link.symlink_to(root / place)
    write(root, "sys/class/drm/card9/device/vendor", "0x8086\n")
    reading = read_source("gpu_host", {})
    assert reading.complete
    host = reading.asset(HOST)
    assert host.attributes == {
        "accelerators": [{"vendor": "vendor:amd", "model": "AMD Instinct MI300X OAM", "count": 2, "memory_gib": 192.0}],
        "tenancy": "dedicated",
    }
    assert [note.object for note in reading.notes if "AMD" in note.text] == ["0000:02:00.0"]
    write(root, "sys/module/amdgpu/version", "6.10.5\n")
    assert read_source("gpu_host", {}).asset(HOST).attributes["driver"] == "amdgpu 6.10.5"


@pytest.mark.parametrize(
    ("vendor", "product", "tag", "cloud"),
    [
        ("Amazon EC2", "p5.48xlarge", "Amazon EC2", "aws"),
        ("Microsoft Corporation", "Virtual Machine", "7783-7084-3265-9085-8269-3286-77", "azure"),
        ("QEMU", "Standard PC", "OracleCloud.com", "oracle"),
        ("Hetzner", "vServer", "", "hetzner"),
        ("Dell Inc.", "PowerEdge XE9680", "4TX0", None),
    ],
)
def test_the_cloud_is_told_by_the_firmware_alone(
    read_source: ReadSource, fake: Fake, root: Path, vendor: str, product: str, tag: str, cloud: str | None
) -> None:
    fake(COUNT=1)
    for name, text in (("sys_vendor", vendor), ("product_name", product), ("chassis_asset_tag", tag)):
        write(root, f"sys/class/dmi/id/{name}", text)
    write(root, ".dockerenv", "")
    host = read_source("gpu_host", {}).asset(HOST)
    assert host.annotations.get("gpu_host/cloud") == cloud
    assert host.annotations["gpu_host/container"] == "yes"
    assert not host.relations


def test_a_machine_whose_files_say_nothing_is_read_all_the_same(
    read_source: ReadSource, fake: Fake, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_host_machine, "ROOT", root / "nothing")
    fake(COUNT=1)
    host = read_source("gpu_host", {}).asset(HOST)
    assert "tenancy" not in host.attributes
    assert not {"gpu_host/virtual", "gpu_host/hardware", "gpu_host/machine"} & set(host.annotations)


def test_the_missing_extra_is_told(read_source: ReadSource, monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pynvml":
            raise ImportError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    (refused,) = read_source("gpu_host", {}).refused
    assert refused.reason == "nvidia-ml-py is not installed: pip install 'allod[gpu]'"


def test_the_binding_finds_the_library_as_it_finds_the_driver_s(library: Path, tmp_path: Path) -> None:
    """In a process of its own, by the dynamic linker: nothing of pynvml is touched."""
    ran = subprocess.run(
        [sys.executable, "-c", "from service.cli.agent import app; app()", "--dry-run", "--name", "rack/7"],
        env={
            "PATH": os.environ["PATH"],
            "LD_LIBRARY_PATH": str(library.parent),
            "FAKE_COUNT": "4",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        check=True,
    )
    (part,) = json.loads(ran.stdout)["parts"]
    (asset,) = part["assets"]
    assert asset["manifest"]["attributes"]["accelerators"][0]["count"] == 4
    assert asset["manifest"]["attributes"]["driver"] == "570.86.15"
