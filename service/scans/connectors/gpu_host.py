"""This machine as a GPU host: what its driver says of its accelerators, and its files of the machine.

- `gpu_host:<name>`, by its host name or as the settings call it: accelerators (one entry for all of one model and memory),
  driver, confidential computing as the driver states them; tenancy `shared` where GPUs are virtual or sliced (MIG),
  `dedicated` on bare metal, else left open;
- `located_in` and `operated_by`, where the settings say so: no file of a machine tells its place, and no cloud is asked;
- annotations `gpu_host/…`: CUDA version, MIG, kernel, hardware, virtual or not, the cloud that the firmware names, and
  the machine's identity as a keyed hash, so that two names of one machine can be told.

NVIDIA's accelerators are read through NVML, AMD's server cards from the files of their driver; others are noted. Nothing is
read that changes by itself (load, temperature, free memory). A machine with a GPU that does not answer is refused as a
whole: a list that lacks it would be wrong, and what was known of the machine stays.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from pydantic import Field

from service.inventory.facts import Grade, RelationType
from service.inventory.values import Name, RegionRef, VendorRef
from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.connectors import gpu_host_machine as files
from service.scans.connectors.gpu_host_nvml import Absent, Driver, Failure, Gpu, Sharing, opened
from service.scans.draft import Draft
from service.scans.names import slug

PART: Final = "host"
_NVML: Final = "nvml"


class GpuHostSettings(SettingsBase):
    """What the machine is called, and what none of its files tells."""

    name: Name | None = Field(default=None, description="The host's name in the inventory; default: its host name")
    region: RegionRef | None = Field(default=None, description="Where it stands: `cloud_region:<provider>/<code>`")
    operator: VendorRef | None = Field(default=None, description="Who runs it: `vendor:<name>`")


def read(settings: GpuHostSettings, context: Context) -> Iterator[Event]:  # noqa: ARG001 -- nothing of it is needed
    """This machine, where it has accelerators."""
    yield Asked(PART)
    machine = files.machine()
    gpus: list[Gpu] = []
    driver: Driver | None = None
    broken = False
    try:
        with opened() as library:
            driver = library.driver()
            for index in range(library.count()):
                try:
                    gpus.append(library.gpu(index))
                except Failure as failure:
                    broken = True
                    yield Refused(PART, f"GPU {index}", f"it does not answer: {failure}")
    except Absent as absent:
        if there := files.nvidia_devices():
            yield Refused(PART, None, f"{there} NVIDIA GPUs are on the bus, and nobody can read them: {absent}")
            return
        yield Note(PART, machine.hostname, f"no NVIDIA GPU is here ({absent})")
    except Failure as failure:
        yield Refused(PART, None, f"the NVIDIA driver does not answer: {failure}")
        return
    cards = files.amd_cards()
    for card in cards:
        if card.name is None:
            yield Note(
                PART, card.place, "an AMD graphics device that its driver does not name: no server card, it is left out"
            )
    for place, vendor in files.other_accelerators():
        yield Note(PART, place, f"an accelerator of PCI vendor {vendor}, which cannot be read here")
    if not broken:
        accelerators = _grouped(gpus, cards)
        if accelerators:
            yield Seen(PART, machine.hostname, _manifest(settings, machine, accelerators, gpus, driver))
        else:
            yield Note(PART, machine.hostname, "no accelerator was found: this is no GPU host")
    yield Read(PART)


def _grouped(gpus: list[Gpu], cards: list[files.Card]) -> list[dict[str, Any]]:
    """Accelerators by vendor, model and memory, with how many there are of each."""
    each = [("vendor:nvidia", gpu.name, gpu.memory_gib) for gpu in gpus]
    each += [("vendor:amd", card.name, card.memory_gib) for card in cards if card.name]
    return [
        {"vendor": vendor, "model": model, "count": count} | ({} if memory is None else {"memory_gib": memory})
        for (vendor, model, memory), count in sorted(Counter(each).items(), key=str)
    ]


def _manifest(
    settings: GpuHostSettings,
    machine: files.Machine,
    accelerators: list[dict[str, Any]],
    gpus: list[Gpu],
    driver: Driver | None,
) -> dict[str, Any]:
    draft = Draft("gpu_host", settings.name or slug(machine.hostname), machine.hostname)
    sources = [
        *([_NVML] if gpus else []),
        *(["sysfs:amdgpu"] if len(gpus) < sum(e["count"] for e in accelerators) else []),
    ]
    draft.state("accelerators", accelerators, grade=Grade.VERIFIED, source=" and ".join(sources))
    if gpus and driver:
        draft.state("driver", driver.version, grade=Grade.VERIFIED, source=f"{_NVML}:nvmlSystemGetDriverVersion")
        draft.state(
            "confidential_computing",
            driver.confidential,
            # That a driver which knows nothing of it runs nothing confidentially is a conclusion.
            grade=Grade.INFERRED if driver.confidential_mode is None else Grade.VERIFIED,
            source=f"{_NVML}:nvmlSystemGetConfComputeSettings",
        )
        draft.annotate("gpu_host/confidential-computing", driver.confidential_mode)
        draft.annotate("gpu_host/cuda", driver.cuda)
    elif version := files.amd_driver():
        draft.state("driver", version, grade=Grade.VERIFIED, source="sysfs:amdgpu")
    if tenancy := _tenancy(machine, gpus):
        draft.state("tenancy", tenancy, grade=Grade.INFERRED, source=f"{_NVML} and the machine's files")
    if settings.region:
        draft.relate(RelationType.LOCATED_IN, settings.region)
    if settings.operator:
        draft.relate(RelationType.OPERATED_BY, settings.operator)
    slices = Counter(profile for gpu in gpus for profile in gpu.slices)
    modes = {None: None, True: "on", False: "off"}
    draft.annotate("gpu_host/mig", " and ".join(sorted({mode for gpu in gpus if (mode := modes[gpu.sliced])})))
    draft.annotate(
        "gpu_host/mig-slices", ", ".join(f"{count} x {profile}" for profile, count in sorted(slices.items()))
    )
    draft.annotate("gpu_host/sharing", ", ".join(sorted({gpu.sharing for gpu in gpus if gpu.sharing})))
    draft.annotate("gpu_host/kernel", machine.kernel)
    draft.annotate("gpu_host/machine", machine.identity)
    draft.annotate("gpu_host/hardware", machine.hardware)
    draft.annotate("gpu_host/virtual", {None: None, True: "yes", False: "no"}[machine.virtual])
    draft.annotate("gpu_host/container", "yes" if machine.container else None)
    draft.annotate("gpu_host/cloud", machine.cloud)
    return draft.manifest()


def _tenancy(machine: files.Machine, gpus: list[Gpu]) -> str | None:
    """Virtual and sliced GPUs are shared; bare metal is one tenant's. A whole GPU in a virtual machine leaves it open."""
    if any(gpu.slices or gpu.sharing in (Sharing.VIRTUAL, Sharing.LENT) for gpu in gpus):
        return "shared"
    whole = all(gpu.sharing in (None, Sharing.WHOLE) for gpu in gpus)
    return "dedicated" if whole and machine.virtual is False else None


CONNECTOR = Connector(
    name="gpu_host",
    title="This machine's accelerators",
    settings=GpuHostSettings,
    read=read,
    reaches=lambda _: [],
    extra="gpu",
)
