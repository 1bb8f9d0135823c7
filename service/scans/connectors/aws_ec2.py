"""EC2: instances with accelerators, as GPU hosts.

What an instance type has is asked of AWS (`DescribeInstanceTypes`); a type that it does not answer for is known by its
family alone. An instance in a local zone, a wavelength zone or on an outpost belongs to a region and lies elsewhere, perhaps
in another country: it is noted and gets no place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import marks
from service.scans.connector import Event, Note, Seen
from service.scans.connectors.aws_account import Account, tags, tried
from service.scans.connectors.aws_settings import AWS, operator, place
from service.scans.draft import Draft
from service.scans.machine_types import accelerator, accelerators

_ALIVE: Final = ["pending", "running", "stopping", "stopped"]
_TYPES_MAX: Final = 200  # values of one filter
# What EC2 calls the makers, and the vendors that they are or belong to now.
_MAKERS: Final[Mapping[str, tuple[str, str]]] = {
    "nvidia": ("vendor:nvidia", "NVIDIA"),
    "amd": ("vendor:amd", "AMD"),
    "aws": (AWS, "AWS"),
    "habana": ("vendor:intel", "Habana"),
    "qualcomm": ("vendor:qualcomm", "Qualcomm"),
}
_KINDS_SOURCE: Final = "aws:DescribeInstanceTypes"
_FAMILY_SOURCE: Final = "the instance type's family"
# Accelerators of a type and whether EC2 itself told them.
Known = dict[str, tuple[list[dict[str, Any]], bool]]


def instances(account: Account, region: str, part: str) -> Iterator[Event]:
    """The GPU hosts of a region, page by page."""
    known: Known = {}
    alive = [{"Name": "instance-state-name", "Values": _ALIVE}]
    size = {"PageSize": 500}
    for page in account.pages("ec2", region, "describe_instances", Filters=alive, PaginationConfig=size):
        found = [one for group in page.get("Reservations") or () for one in group.get("Instances") or ()]
        wanted = sorted({str(one.get("InstanceType", "")) for one in found} - {""} - known.keys())
        for start in range(0, len(wanted), _TYPES_MAX):
            yield from _learn(account, region, part, wanted[start : start + _TYPES_MAX], known)
        for one in found:
            if known.get(str(one.get("InstanceType", "")), ([], False))[0]:
                yield from _host(one, region, part, known)


def _learn(account: Account, region: str, part: str, wanted: list[str], known: Known) -> Iterator[Event]:
    # A filter and not a list of types: a list with one type that is sold no more is refused as a whole.
    only = [{"Name": "instance-type", "Values": wanted}]
    pages, events = tried(
        part, "instance types", lambda: list(account.pages("ec2", region, "describe_instance_types", Filters=only))
    )
    yield from events
    for one in (one for page in pages or () for one in page.get("InstanceTypes") or ()):
        known[str(one.get("InstanceType"))] = (_told(one), True)
    for name in wanted:
        known.setdefault(name, (accelerators("aws", name) or [], False))


def _told(kind: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups = [
        *((kind.get("GpuInfo") or {}).get("Gpus") or ()),
        *((kind.get("NeuronInfo") or {}).get("NeuronDevices") or ()),
        *((kind.get("InferenceAcceleratorInfo") or {}).get("Accelerators") or ()),
    ]
    found: dict[str, dict[str, Any]] = {}
    for one in groups:
        maker = str(one.get("Manufacturer") or "AWS")  # Neuron devices name none: they are AWS's own
        vendor, word = _MAKERS.get(maker.lower(), (None, maker))
        name = f"{word} {one.get('Name') or 'accelerator'}"
        mebibytes = (one.get("MemoryInfo") or {}).get("SizeInMiB")
        memory = round(mebibytes / 1024, 2) if isinstance(mebibytes, int) and mebibytes > 0 else None
        # Inferentia stands in two of the lists.
        found.setdefault(name, accelerator(vendor, name, one.get("Count"), memory))
    return list(found.values())


def _host(one: Mapping[str, Any], region: str, part: str, known: Known) -> Iterator[Event]:
    identity, kind = str(one.get("InstanceId", "")), str(one["InstanceType"])
    if not identity:
        yield Note(part, kind, "an instance of this type has no id")
        return
    written = tags(one.get("Tags"))
    name, trouble = marks.name_of(Kind.GPU_HOST, f"aws/{region}/{identity}", written)
    title = " ".join(written.get("Name", "").split())[:200] or identity
    host = Draft(Kind.GPU_HOST, name, title, labels=marks.labels(written))
    # First, so that nobody overrules by a tag what AWS itself says of the host.
    troubles = [trouble] if trouble else []
    troubles += marks.apply(host, written, source="aws:tags")
    found, told = known[kind]
    grade, source = (Grade.VERIFIED, _KINDS_SOURCE) if told else (Grade.INFERRED, _FAMILY_SOURCE)
    host.state("accelerators", found, grade=grade, source=source)
    spot = one.get("Placement") or {}
    if tenancy := {"default": "shared", "dedicated": "dedicated", "host": "dedicated"}.get(str(spot.get("Tenancy"))):
        host.state("tenancy", tenancy, grade=Grade.VERIFIED, source="aws:DescribeInstances")
    if (one.get("CpuOptions") or {}).get("AmdSevSnp") == "enabled":
        host.state("confidential_computing", True, grade=Grade.VERIFIED, source="aws:DescribeInstances")
    host.annotate("aws/instance-type", kind)
    host.annotate("aws/availability-zone", spot.get("AvailabilityZone"))
    stated = {type_ for type_, _ in host.relations}
    elsewhere = _elsewhere(one, spot, region)
    if elsewhere and RelationType.LOCATED_IN not in stated:
        troubles.append(f"{elsewhere}: where that is, the mark allod.dev/located-in can say")
    if not elsewhere:
        host.relate(RelationType.LOCATED_IN, place(region))
    host.relate(RelationType.OPERATED_BY, operator(region))
    for text in troubles:
        yield Note(part, identity, text)
    yield Seen(part, identity, host.manifest())


def _elsewhere(one: Mapping[str, Any], spot: Mapping[str, Any], region: str) -> str | None:
    zone = str(spot.get("AvailabilityZone") or "")
    if one.get("OutpostArn"):
        return "it runs on an outpost, which lies with the customer"
    if zone and not re.fullmatch(re.escape(region) + "[a-z]", zone):
        return f"it runs in the zone {zone}, which lies apart from the region"
    return None
