"""This machine, by what its own files say: `/proc`, `/sys`, `/etc/machine-id`. Nobody is asked, no cloud metadata either."""

import hashlib
import hmac
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path("/")  # tests look at another one
NVIDIA: Final = "0x10de"
AMD: Final = "0x1002"
_SIZE_MAX: Final = 256 * 1024  # of `/proc/cpuinfo` the first processor is enough
_GIB: Final = 2**30
_CARD: Final = re.compile(r"card\d+")
# PCI classes: display controllers, and processing accelerators.
_DISPLAY, _ACCELERATOR = "0x03", "0x12"

# What clouds write into the firmware tables of their machines, as cloud-init's ds-identify and the providers describe it.
_VENDORS: Final[Mapping[str, str]] = {
    "alibaba cloud": "alibaba",
    "amazon ec2": "aws",
    "digitalocean": "digitalocean",
    "exoscale": "exoscale",
    "google": "google",
    "hetzner": "hetzner",
    "huawei cloud": "huawei",
    "scaleway": "scaleway",
    "tencent cloud": "tencent",
    "upcloud": "upcloud",
    "vultr": "vultr",
}
_TAGS: Final[Mapping[str, str]] = {
    "7783-7084-3265-9085-8269-3286-77": "azure",
    "opentelekomcloud": "open-telekom-cloud",
    "oraclecloud.com": "oracle",
}
_VIRTUAL: Final = re.compile(
    r"qemu|kvm|vmware|virtualbox|xen|bochs|openstack|virtual machine|bhyve|parallels", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What stays as it is from one reading to the next. `virtual` is None where nothing tells."""

    hostname: str
    kernel: str
    identity: str | None
    hardware: str | None
    virtual: bool | None
    container: bool
    cloud: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """An accelerator that its driver describes in `/sys`; `name` None where it does not name it."""

    place: str
    name: str | None
    memory_gib: float | None


def machine() -> Machine:
    """The machine that this process runs on."""
    system = os.uname()
    vendor, product, tag = (
        _text(f"sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name", "chassis_asset_tag")
    )
    hardware = " ".join(filter(None, (vendor, product))) or None
    identity = _text("etc/machine-id")
    return Machine(
        hostname=system.nodename,
        kernel=f"{system.sysname} {system.release} {system.machine}",
        # machine-id(5) asks not to give it away, and to derive a value for each application by a keyed hash.
        identity=hmac.new(b"allod", identity.encode(), hashlib.sha256).hexdigest()[:32] if identity else None,
        hardware=hardware,
        virtual=_virtual(hardware),
        container=any(_at(name).exists() for name in (".dockerenv", "run/.containerenv")),
        cloud=_TAGS.get((tag or "").lower()) or _VENDORS.get((vendor or "").lower()),
    )


def nvidia_devices() -> int:
    """How many NVIDIA GPUs are on the bus, whether or not a driver knows them."""
    return sum(vendor == NVIDIA and kind.startswith((_DISPLAY, _ACCELERATOR)) for _, vendor, kind in _bus())


def other_accelerators() -> list[tuple[str, str]]:
    """Place and vendor of accelerators on the bus that nothing here can read."""
    known = {NVIDIA, AMD}
    return [(place, vendor) for place, vendor, kind in _bus() if kind.startswith(_ACCELERATOR) and vendor not in known]


def amd_cards() -> list[Card]:
    """AMD's cards, as the driver amdgpu describes them; it names server cards alone."""
    found: dict[Path, Card] = {}
    for card in _listed("sys/class/drm"):
        device = card / "device"
        if _CARD.fullmatch(card.name) and _file(device / "vendor") == AMD:
            total = _file(device / "mem_info_vram_total") or ""
            memory = round(int(total) / _GIB, 1) if total.isdecimal() else None
            real = device.resolve()
            found.setdefault(real, Card(real.name, _file(device / "product_name"), memory))
    return list(found.values())


def amd_driver() -> str | None:
    """The version of amdgpu, where it has one of its own (the kernel's has none)."""
    version = _text("sys/module/amdgpu/version")
    return f"amdgpu {version}" if version else None


def _virtual(hardware: str | None) -> bool | None:
    if hardware and _VIRTUAL.search(hardware):
        return True
    flags = re.search(r"^flags\s*:(.*)$", _text("proc/cpuinfo") or "", re.MULTILINE)
    # x86 processors tell a guest that it is one; others do not.
    return "hypervisor" in flags[1].split() if flags else None


def _bus() -> Iterator[tuple[str, str, str]]:
    """Place, vendor and class of every PCI device."""
    for device in _listed("sys/bus/pci/devices"):
        yield device.name, _file(device / "vendor") or "", _file(device / "class") or ""


def _at(name: str) -> Path:
    return ROOT / name


def _text(name: str) -> str | None:
    return _file(_at(name))


def _file(path: Path) -> str | None:
    """The text of a file of the kernel's, None where it is not there, not ours to read, or empty."""
    try:
        with path.open("rb") as file:
            text = file.read(_SIZE_MAX).decode("utf-8", errors="replace")
    except OSError:
        return None
    return text.replace("\x00", "").strip() or None


def _listed(name: str) -> list[Path]:
    try:
        return sorted(_at(name).iterdir())
    except OSError:
        return []
