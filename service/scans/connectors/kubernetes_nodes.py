"""What a node of Kubernetes says of itself: where it stands, and which accelerators it has. Plain dicts in.

Places: the label `topology.kubernetes.io/region`, else the zone in the provider's id, of the provider that the source names
or that the id begins with. Accelerators: the labels of NVIDIA's GPU feature discovery and of AMD's node labeller, of
Karpenter and of GKE, else the machine's type, else the capacity that the kubelet reports.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import machine_types, marks
from service.scans.draft import Draft
from service.scans.machine_types import accelerator
from service.scans.names import slug
from service.scans.workload_documents import REGION_LABELS, accelerator_vendor, mapping
from service.scans.workloads import region_ref

SOURCE: Final = "kubernetes:v1/nodes"
# What providers' own controllers write before `://` -> the provider in names of regions.
_PROVIDERS: Final[Mapping[str, str]] = {
    "aws": "aws",
    "gce": "google",
    "azure": "azure",
    "exoscale": "exoscale",
    "hcloud": "hetzner",
    "ibm": "ibm",
    "ionos": "ionos",
    "oci": "oracle",
    "qcloud": "tencent",
    "scaleway": "scaleway",
    "stackit": "stackit",
    "upcloud": "upcloud",
}
_ZONES: Final = (
    re.compile(r"aws:///(?P<region>[a-z]+(?:-[a-z]+)+-\d+)[a-z]/.*"),
    re.compile(r"gce://[^/]+/(?P<region>[a-z]+-[a-z]+\d+)-[a-z]/.*"),
    re.compile(r"scaleway://\w+/(?P<region>[a-z]+-[a-z]+)-\d+/.*"),
)
_TYPE_LABELS: Final = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_KEPT: Final = (
    *REGION_LABELS,
    *_TYPE_LABELS,
    "topology.kubernetes.io/zone",
    "kubernetes.io/arch",
    "nvidia.com/gpu.machine",
)
# The resource that counts whole cards, or as many as a card is shared by.
_PLAIN: Final = {"vendor:nvidia": "nvidia.com/gpu", "vendor:amd": "amd.com/gpu", "vendor:google": "google.com/tpu"}
# GKE's names for what a node has (https://cloud.google.com/kubernetes-engine/docs/concepts/about-tpus).
_TPUS: Final[Mapping[str, str]] = {
    "tpu-v4-podslice": "Google Cloud TPU v4",
    "tpu-v5-lite-podslice": "Google Cloud TPU v5e",
    "tpu-v5-lite-device": "Google Cloud TPU v5e",
    "tpu-v5p-slice": "Google Cloud TPU v5p",
    "tpu-v6e-slice": "Google Cloud TPU v6e",
    "tpu7x": "Google Cloud TPU v7",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node: `place` is its region's ref, `provider` whose it is, `host` the asset that it is where it has accelerators."""

    name: str
    provider: str | None
    place: str | None
    host: Draft | None
    troubles: tuple[str, ...]


def read_node(document: Any, *, cluster: str, provider: str | None, region: str | None) -> Node | None:
    """A node as the API lists it, None where it has no name.

    Args:
        document: the object.
        cluster: the cluster's name, for names of hosts.
        provider: whose region codes the labels hold, where the source says so.
        region: the ref of the region for nodes that say nothing of theirs.
    """
    metadata, spec = mapping(mapping(document).get("metadata")), mapping(mapping(document).get("spec"))
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        return None
    labels = {str(key): text for key, text in mapping(metadata.get("labels")).items() if isinstance(text, str)}
    tags = labels | {
        str(key): text
        for key, text in mapping(metadata.get("annotations")).items()
        if isinstance(text, str) and key.startswith(marks.PREFIX)
    }
    identity = str(spec.get("providerID") or "")
    whose = provider or _PROVIDERS.get(identity.partition("://")[0])
    place, trouble = _place(labels, identity, whose, region)
    capacity = mapping(mapping(mapping(document).get("status")).get("capacity"))
    found = _accelerators(labels, capacity, whose)
    if not found and not _is_marked_host(tags):
        return Node(name, whose, place, None, ())
    called, wrong = marks.name_of(Kind.GPU_HOST, f"kubernetes/{slug(cluster)}/{slug(name)}", tags)
    draft = Draft(Kind.GPU_HOST, called, name)
    draft.labels |= marks.labels({key: labels[key] for key in _KEPT if key in labels})
    draft.labels["kubernetes/cluster"] = cluster
    draft.annotate("kubernetes/provider-id", identity)
    draft.annotate("kubernetes/mig-strategy", labels.get("nvidia.com/mig.strategy"))
    draft.annotate("kubernetes/devices", _devices(capacity))
    if found:
        draft.state("accelerators", found, grade=Grade.INFERRED, source=f"{SOURCE}/labels")
    if driver := _driver(labels):
        draft.state("driver", driver, grade=Grade.INFERRED, source=f"{SOURCE}/labels")
    confidential = _confidential(labels, whose)
    if confidential is not None:
        draft.state("confidential_computing", confidential, grade=Grade.INFERRED, source=f"{SOURCE}/labels")
    troubles = [one for one in (wrong, trouble) if one]
    troubles += marks.apply(draft, tags, source=f"{SOURCE}/annotations")
    if place and not any(type_ == RelationType.LOCATED_IN for type_, _ in draft.relations):
        draft.relate(RelationType.LOCATED_IN, place)
    return Node(name, whose, place, draft, tuple(troubles))


def _is_marked_host(tags: Mapping[str, str]) -> bool:
    return marks.marks(tags).get(marks.REF, "").startswith(f"{Kind.GPU_HOST}:")


def _place(
    labels: Mapping[str, str], identity: str, provider: str | None, region: str | None
) -> tuple[str | None, str | None]:
    code = next((labels[label] for label in REGION_LABELS if labels.get(label)), None)
    if code is None:
        match = next(filter(None, (pattern.fullmatch(identity) for pattern in _ZONES)), None)
        code = match["region"] if match else None
    if code is None:
        return region, None if region else "it does not say in which region it stands"
    if ref := region_ref(provider, code.lower()):
        return ref, None
    if region:
        return region, None
    return (
        None,
        f"it stands in the region {code!r}, and whose region that is cannot be told: the source may say `provider`",
    )


def _accelerators(labels: Mapping[str, str], capacity: Mapping[str, Any], provider: str | None) -> list[dict[str, Any]]:
    makers = {accelerator_vendor(str(resource)) for resource, amount in capacity.items() if _number(amount)} - {None}
    labelled = [one for one in (_nvidia(labels, capacity), _amd(labels, capacity), _cloud(labels, capacity)) if one]
    if labelled:
        return labelled[:1] if len({one.get("vendor") for one in labelled}) == 1 else labelled
    kind = next((labels[label] for label in _TYPE_LABELS if labels.get(label)), "")
    if typed := machine_types.accelerators(provider or "", kind) if provider else None:
        return typed
    # Capacity alone: who made them is told by the resource's name, how many cards they are only by its plain form.
    return [
        {"vendor": vendor, **({"count": count} if (count := _number(capacity.get(_PLAIN.get(vendor, "")))) else {})}
        for vendor in sorted(filter(None, makers))
    ]


def _nvidia(labels: Mapping[str, str], capacity: Mapping[str, Any]) -> dict[str, Any] | None:
    product = labels.get("nvidia.com/gpu.product")
    if not product and "nvidia.com/gpu.count" not in labels:
        return None
    product = (product or "").removesuffix("-SHARED")
    plain, sliced, _ = product.partition("-MIG-")
    # With MIG's strategy `single`, count and memory are those of the slices, not of the cards.
    memory = None if sliced else _number(labels.get("nvidia.com/gpu.memory"))
    count = None if sliced else _number(labels.get("nvidia.com/gpu.count"))
    if count is None and not sliced and (_number(labels.get("nvidia.com/gpu.replicas")) or 1) == 1:
        count = _number(capacity.get("nvidia.com/gpu"))
    found = accelerator("vendor:nvidia", plain.replace("-", " "), count, round(memory / 1024, 1) if memory else None)
    return found if plain else {key: value for key, value in found.items() if key != "model"}


def _amd(labels: Mapping[str, str], capacity: Mapping[str, Any]) -> dict[str, Any] | None:
    def said(what: str) -> str | None:
        return labels.get(f"amd.com/gpu.{what}") or labels.get(f"beta.amd.com/gpu.{what}")

    product = said("product-name")
    if not product:
        return None
    size = re.fullmatch(r"(\d+)Gi?B?", said("vram") or "")
    return accelerator(
        "vendor:amd",
        re.sub(r"[_-]+", " ", product),
        _number(capacity.get("amd.com/gpu")),
        float(size[1]) if size else None,
    )


def _cloud(labels: Mapping[str, str], capacity: Mapping[str, Any]) -> dict[str, Any] | None:
    if (tpu := labels.get("cloud.google.com/gke-tpu-accelerator")) is not None:
        return accelerator("vendor:google", _TPUS.get(tpu, tpu), _number(capacity.get("google.com/tpu")), None)
    if (name := labels.get("cloud.google.com/gke-accelerator")) is not None:
        count = _number(labels.get("cloud.google.com/gke-accelerator-count")) or _number(capacity.get("nvidia.com/gpu"))
        return accelerator("vendor:nvidia", name.replace("-", " ").upper().replace("TESLA ", ""), count, None)
    if (name := labels.get("karpenter.k8s.aws/instance-gpu-name")) is not None:
        memory = _number(labels.get("karpenter.k8s.aws/instance-gpu-memory"))
        maker = labels.get("karpenter.k8s.aws/instance-gpu-manufacturer", "")
        count = _number(labels.get("karpenter.k8s.aws/instance-gpu-count"))
        size = round(memory / 1024, 1) if memory else None
        return accelerator({"nvidia": "vendor:nvidia", "amd": "vendor:amd"}.get(maker), name.upper(), count, size)
    return None


def _devices(capacity: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in sorted(capacity.items()) if accelerator_vendor(str(key)))


def _driver(labels: Mapping[str, str]) -> str | None:
    if full := labels.get("nvidia.com/cuda.driver-version.full"):
        return full
    parts = [labels.get(f"nvidia.com/cuda.driver.{part}") for part in ("major", "minor", "rev")]
    return ".".join(part for part in parts if part) if parts[0] else None


def _confidential(labels: Mapping[str, str], provider: str | None) -> bool | None:
    # NVIDIA's confidential computing manager: `on`, `devtools` (which protects nothing) or `off`.
    if state := labels.get("nvidia.com/cc.mode.state"):
        return {"on": True, "off": False, "devtools": False}.get(state)
    kind = next((labels[label] for label in _TYPE_LABELS if labels.get(label)), "")
    return True if provider and machine_types.is_confidential(provider, kind) else None


def _number(value: Any) -> int | None:
    return int(value) if re.fullmatch(r"[1-9]\d{0,8}", str(value)) else None
