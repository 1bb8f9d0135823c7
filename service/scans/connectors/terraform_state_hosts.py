"""Machines with accelerators, and pools of them, as GPU hosts.

What a type of machine has is known by its name (`machine_types`), and by the cards that a resource asks for itself. Machines
without accelerators are none of Allod's business. A pool grows and shrinks, so that of its accelerators no number is told.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.inventory.facts import Kind
from service.scans.connectors.terraform_state_assets import Maker, Making, Outcome, place_host, tags
from service.scans.connectors.terraform_state_document import Resource
from service.scans.connectors.terraform_state_places import Where, region_of_arn
from service.scans.machine_types import accelerator, accelerators, is_confidential

_POOLS: Final = frozenset({"aws_eks_node_group", "google_container_node_pool"})
_TPU: Final = {"v4": "v4", "v5litepod": "v5e", "v5p": "v5p", "v6e": "v6e", "tpu7x": "v7"}


def _aws_instance(making: Making, resource: Resource) -> Iterator[Outcome]:
    spot = making.where(resource)
    region = spot.code or resource.text("region") or region_of_arn(resource.text("arn"))
    # The id of a request for a spot instance is not the instance's.
    number = resource.text("id" if resource.type == "aws_instance" else "spot_instance_id")
    identity = f"aws/{region}/{number}" if region and number else ""
    cards = accelerators("aws", resource.text("instance_type"))
    tenancy = {"default": "shared", "dedicated": "dedicated", "host": "dedicated"}.get(resource.text("tenancy"))
    sealed = any(one.get("amd_sev_snp") == "enabled" for one in resource.blocks("cpu_options"))
    yield from _host(making, resource, identity, cards, spot, tenancy=tenancy, sealed=sealed)


def _azure_machine(making: Making, resource: Resource) -> Iterator[Outcome]:
    size = resource.text("size", "vm_size")
    identity = _azure_identity(resource.text("id"))
    tenancy = "dedicated" if resource.text("dedicated_host_id", "dedicated_host_group_id") else None
    sealed = is_confidential("azure", size)
    spot = making.where(resource)
    yield from _host(making, resource, identity, accelerators("azure", size), spot, tenancy=tenancy, sealed=sealed)


def _google_instance(making: Making, resource: Resource) -> Iterator[Outcome]:
    spot = making.where(resource)
    project, zone = resource.text("project"), resource.text("zone").rpartition("/")[2]
    identity = f"google/{project}/{zone}/{resource.text('name')}" if project and zone and resource.text("id") else ""
    asked = _google_cards(resource.blocks("guest_accelerator"))
    cards = asked or accelerators("google", resource.text("machine_type").rpartition("/")[2])
    sealed = any(
        one.get("enable_confidential_compute") is True for one in resource.blocks("confidential_instance_config")
    )
    yield from _host(making, resource, identity, cards, spot, sealed=sealed)


def _google_tpu(making: Making, resource: Resource) -> Iterator[Outcome]:
    generation, _, number = resource.text("accelerator_type").lower().partition("-")
    count = int(number) if number.isdecimal() and generation in ("v5litepod", "v6e") else None  # others count cores
    model = f"Google Cloud TPU {_TPU.get(generation, generation)}".rstrip()
    cards = [accelerator("vendor:google", model, count, None)]
    yield from _host(making, resource, "", cards, making.where(resource))


def _openstack_instance(making: Making, resource: Resource) -> Iterator[Outcome]:
    spot = making.where(resource)
    identity = f"openstack/{resource.text('id')}" if resource.text("id") else ""
    cards = accelerators(spot.cloud, resource.text("flavor_name"))
    yield from _host(making, resource, identity, cards, spot)


def _ovh_instance(making: Making, resource: Resource) -> Iterator[Outcome]:
    # OVHcloud's instances are OpenStack's, under the same ids.
    identity = f"openstack/{resource.text('id')}" if resource.text("id") else ""
    cards = accelerators("ovhcloud", resource.text("flavor_name"))
    yield from _host(making, resource, identity, cards, making.where(resource))


def _scaleway_server(making: Making, resource: Resource) -> Iterator[Outcome]:
    zone, _, number = resource.text("id").rpartition("/")
    identity = f"scaleway/{zone}/{number}" if zone and number else ""
    yield from _host(
        making, resource, identity, accelerators("scaleway", resource.text("type")), making.where(resource)
    )


def _eks_pool(making: Making, resource: Resource) -> Iterator[Outcome]:
    types = resource.values.get("instance_types")
    yield from _pool(making, resource, "aws", [str(one) for one in types] if isinstance(types, list) else [])


def _aks_pool(making: Making, resource: Resource) -> Iterator[Outcome]:
    yield from _pool(making, resource, "azure", [resource.text("vm_size")])


def _gke_pool(making: Making, resource: Resource) -> Iterator[Outcome]:
    for node in resource.blocks("node_config"):
        asked = [one for one in node.get("guest_accelerator") or () if isinstance(one, Mapping)]
        yield from _pool(making, resource, "google", [str(node.get("machine_type") or "")], _google_cards(asked))


def _pool(
    making: Making, resource: Resource, cloud: str, types: list[str], asked: list[dict[str, Any]] | None = None
) -> Iterator[Outcome]:
    cards = [card for name in types for card in accelerators(cloud, name) or ()]
    plain = [{key: value for key, value in card.items() if key != "count"} for card in asked or cards]
    distinct = [card for number, card in enumerate(plain) if card not in plain[:number]]
    yield from _host(making, resource, "", distinct, making.where(resource))


def _host(
    making: Making,
    resource: Resource,
    identity: str,
    cards: list[dict[str, Any]] | None,
    spot: Where,
    *,
    tenancy: str | None = None,
    sealed: bool = False,
) -> Iterator[Outcome]:
    kind = resource.text("instance_type", "size", "vm_size", "machine_type", "flavor_name", "type", "accelerator_type")
    if not cards:
        if not kind and resource.type not in _POOLS:
            yield (
                resource.address,
                "the document does not say of which type it is, so whether it has accelerators is open",
            )
        return
    title = tags(resource).get("Name") or resource.text("name", "node_group_name", "display_name")
    made, notes = making.draft(Kind.GPU_HOST, resource, identity, title)
    making.state(made, "accelerators", cards)
    if tenancy:
        making.state(made, "tenancy", tenancy)
    if sealed:
        making.state(made, "confidential_computing", True)
    place_host(made, spot, notes, tags(resource))
    made.annotate("terraform/machine-type", kind)
    yield making.found(resource, made, notes)


def _google_cards(asked: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for one in asked:
        # `projects/p/zones/z/acceleratorTypes/nvidia-tesla-t4`, or the last part alone
        chip = re.sub(r"^nvidia-(?:tesla-)?|-vws$", "", str(one.get("type") or "").rpartition("/")[2].lower())
        count = one.get("count")
        if chip:
            chip = {"a100-80gb": "A100 80GB", "h100-80gb": "H100 80GB", "h200-141gb": "H200"}.get(chip, chip.upper())
            found.append(
                accelerator("vendor:nvidia", f"NVIDIA {chip}", count if isinstance(count, int) else None, None)
            )
    return found


def _azure_identity(path: str) -> str:
    """`/subscriptions/<s>/resourceGroups/<g>/providers/…/<name>` as a name."""
    pieces = path.strip("/").split("/")
    return f"azure/{slug_of(pieces[1])}/{slug_of(pieces[3])}/{slug_of(pieces[-1])}" if len(pieces) >= 8 else ""


def slug_of(text: str) -> str:
    """One part of a path as one part of a name."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-.") or "-"


HOSTS: Final[Mapping[str, Maker]] = {
    "aws_eks_node_group": _eks_pool,
    "aws_instance": _aws_instance,
    "aws_spot_instance_request": _aws_instance,
    "azurerm_kubernetes_cluster_node_pool": _aks_pool,
    "azurerm_linux_virtual_machine": _azure_machine,
    "azurerm_virtual_machine": _azure_machine,
    "azurerm_windows_virtual_machine": _azure_machine,
    "google_compute_instance": _google_instance,
    "google_container_node_pool": _gke_pool,
    "google_tpu_v2_vm": _google_tpu,
    "openstack_compute_instance_v2": _openstack_instance,
    "ovh_cloud_project_instance": _ovh_instance,
    "scaleway_instance_server": _scaleway_server,
}
