"""Writes the databases of a small cloud: `prepare.py keystone DIRECTORY`. Run by the servers' own interpreter.

The tables come from the services' own models, which takes a second where their migrations take ten; the rows are written
by the services' own managers and objects, as there is no compute node to do it. Configuration is found beside the databases.
"""

import importlib
import sqlite3
import sys
from pathlib import Path
from typing import Any

DEMO, OTHER, SERVICE = "d0" * 16, "e0" * 16, "c0" * 16
USERS = {
    "allod": (DEMO, "reader"),
    "auditor": (DEMO, "admin"),
    "leaver": (DEMO, "admin"),
    "service": (SERVICE, "admin"),
}
PASSWORDS = {name: f"{name}-password" for name in USERS}
SERVICES = {
    "compute": "http://nova.invalid/v2.1",
    "placement": "http://placement.invalid",
    "image": "http://glance.invalid",
    "network": "http://small.invalid/network",
    "object-store": "http://small.invalid/swift/v1/AUTH_%(project_id)s",
    "volumev3": "http://small.invalid/volume/v3/%(project_id)s",
}
DEAD = "http://dead.invalid"

# What the flavors of the cloud ask for, in the words of the people who run it.
FLAVORS: dict[str, dict[str, str]] = {
    "m1.small": {},
    "g.h100.2": {"pci_passthrough:alias": "h100:2"},
    "g.a100.vgpu": {"resources:VGPU": "1", "trait:CUSTOM_GPU_NVIDIA_A100": "required"},
    "g.tracked": {"resources:CUSTOM_PCI_10DE_26B9": "1", "aggregate_instance_extra_specs:pool": "gpu"},
    "g.unnamed": {"pci_passthrough:alias": "gpu:1"},
    "n.smartnic": {"pci_passthrough:alias": "connectx6:1"},
}
# Name -> flavor, project, zone, host, metadata.
SERVERS: dict[str, tuple[str, str, str, str, dict[str, str]]] = {
    "web": ("m1.small", DEMO, "az-paris", "compute-1", {}),
    "trainer": (
        "g.h100.2",
        DEMO,
        "az-paris",
        "compute-1",
        {"allod.dev:serves": "model:mistralai/Mistral-7B-v0.1", "team": "Recherche", "allod.dev:colour": "red"},
    ),
    "renderer": ("g.a100.vgpu", DEMO, "nova", "compute-2", {"allod.dev:confidential-computing": "no"}),
    "tracked": ("g.tracked", DEMO, "nova", "compute-2", {}),
    "unnamed": ("g.unnamed", DEMO, "nova", "compute-2", {"allod.dev:ref": "gpu_host:lab/eins"}),
    "switch": ("n.smartnic", DEMO, "nova", "compute-2", {}),
    "elsewhere": ("g.h100.2", OTHER, "nova", "compute-3", {"allod.dev:ref": "model:not/a-host"}),
}
HOSTS = ("compute-1", "compute-2", "compute-3", "compute-4")
# Name -> metadata, hosts.
AGGREGATES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "paris": ({"availability_zone": "az-paris", "allod.dev:operated-by": "vendor:example"}, ("compute-1",)),
    "gpu-pool": ({"pool": "gpu", "filter_tenant_id": DEMO}, ("compute-4",)),
}


def number(place: int) -> str:
    """A UUID that is the same in every run."""
    return f"00000000-0000-4000-8000-{place:012d}"


def server_id(name: str) -> str:
    """The id of an instance."""
    return number(100 + list(SERVERS).index(name))


def host_id(name: str) -> str:
    """The id of a hypervisor."""
    return number(200 + HOSTS.index(name))


def module(name: str) -> Any:
    """A module of the servers' environment, which the tests' own does not have."""
    return importlib.import_module(name)


def create(metadata: Any, database: Path) -> None:
    """All tables of a model, in a new database."""
    alchemy = module("sqlalchemy")
    metadata.create_all(alchemy.create_engine(f"sqlite:///{database}"))


def keystone(state: Path) -> None:
    """The users, projects and the catalogue."""
    keys = state / "fernet-keys"
    keys.mkdir(mode=0o700)
    for name in "01":
        (keys / name).write_bytes(module("cryptography.fernet").Fernet.generate_key())
    configuration = module("keystone.conf")
    configuration.configure()
    configuration.CONF([], project="keystone", default_config_files=[str(state / "keystone.conf")])
    home = Path(module("keystone").__file__).parent
    for file in sorted(home.glob("*/*backends/sql.py")):  # each brings its tables
        module(".".join(file.relative_to(home.parent).with_suffix("").parts))
    create(module("keystone.common.sql.core").ModelBase.metadata, state / "keystone.sqlite")
    root = "<<keystone.domain.root>>"
    with sqlite3.connect(state / "keystone.sqlite") as database:
        database.execute(
            "insert into project (id, name, enabled, domain_id, is_domain, extra) values (?, ?, 0, ?, 1, '{}')",
            (root, root, root),
        )
    boot = module("keystone.cmd.bootstrap").Bootstrapper()
    boot.admin_username, boot.admin_password, boot.project_name = "admin", "admin-password", "admin"
    boot.admin_role_name, boot.service_name, boot.region_id = "admin", "keystone", "GRA7"
    boot.admin_url = boot.public_url = boot.internal_url = "http://keystone.invalid/v3"
    boot.bootstrap()

    api = module("keystone.common.provider_api").ProviderAPIs
    roles = {role["name"]: role["id"] for role in api.role_api.list_roles()}
    for project, name in ((DEMO, "demo"), (OTHER, "other"), (SERVICE, "service")):
        api.resource_api.create_project(
            project, {"id": project, "name": name, "domain_id": "default", "enabled": True, "description": ""}
        )
    for name, (project, role) in USERS.items():
        user = api.identity_api.create_user(
            {"name": name, "password": PASSWORDS[name], "domain_id": "default", "enabled": True}
        )
        api.assignment_api.create_grant(roles[role], user_id=user["id"], project_id=project)
    api.catalog_api.create_region({"id": "Lab 2", "description": "Labor im Keller", "parent_region_id": None})
    for place, (type_, url) in enumerate(SERVICES.items()):
        service = api.catalog_api.create_service(
            number(place), {"id": number(place), "type": type_, "name": type_, "enabled": True}
        )
        regions = {"GRA7": url, "Lab 2": DEAD} if type_ in ("compute", "object-store") else {"GRA7": url}
        for region, where in regions.items():
            endpoint = number(10 * place + len(region))
            api.catalog_api.create_endpoint(
                endpoint,
                {"id": endpoint, "region_id": region, "service_id": service["id"], "interface": "public", "url": where,
                 "enabled": True},
            )  # fmt: skip


def nova(state: Path) -> None:
    """One cell with hypervisors and instances."""
    create(module("nova.db.main.models").BASE.metadata, state / "nova.sqlite")
    create(module("nova.db.main.models").BASE.metadata, state / "nova_cell0.sqlite")
    create(module("nova.db.api.models").BASE.metadata, state / "nova_api.sqlite")
    module("nova.config").parse_args(["nova"], default_config_files=[str(state / "nova.conf")])
    objects = module("nova.objects")
    objects.register_all()
    contexts = module("nova.context")
    context = contexts.get_admin_context()
    for name, cell, database in (("cell0", number(0), "nova_cell0"), ("cell1", number(1), "nova")):
        objects.CellMapping(
            context,
            uuid=cell,
            name=name,
            transport_url="fake:///",
            database_connection=f"sqlite:///{state}/{database}.sqlite",
        ).create()
    cell = objects.CellMapping.get_by_uuid(context, number(1))
    flavors = {}
    for place, (name, specs) in enumerate(FLAVORS.items()):
        flavor = objects.Flavor(
            context, name=name, flavorid=f"flavor-{place}", memory_mb=2048, vcpus=2, root_gb=10, ephemeral_gb=0, swap=0,
            rxtx_factor=1.0, is_public=True, disabled=False, extra_specs=specs,
        )  # fmt: skip
        flavor.create()
        flavors[name] = flavor
    for name, (metadata, hosts) in AGGREGATES.items():
        aggregate = objects.Aggregate(context, name=name, metadata=metadata)
        aggregate.create()
        for host in hosts:
            module("nova.objects.aggregate")._host_add_to_db(context, aggregate.id, host)
    nodes = {}
    with contexts.target_cell(context, cell) as inside:
        for place, host in enumerate(HOSTS):
            objects.Service(
                inside, host=host, binary="nova-compute", topic="compute", report_count=1, disabled=False
            ).create()
            node = objects.ComputeNode(
                inside, uuid=host_id(host), host=host, hypervisor_hostname=f"{host}.example.org", vcpus=64, memory_mb=1024,
                local_gb=10, vcpus_used=place, memory_mb_used=1, local_gb_used=1, hypervisor_type="QEMU",
                hypervisor_version=8002000, cpu_info="{}", free_disk_gb=1, free_ram_mb=1, current_workload=0, running_vms=0,
                service_id=None, mapped=1,
            )  # fmt: skip
            node.create()
            nodes[host] = node.id
            objects.HostMapping(context, host=host, cell_mapping=cell).create()
    for name, (flavor, project, zone, host, metadata) in SERVERS.items():
        with contexts.target_cell(context, cell) as inside:
            instance = objects.Instance(
                inside, uuid=server_id(name), project_id=project, user_id="u" * 32, display_name=name, hostname=name,
                host=host, node=f"{host}.example.org", compute_id=nodes[host], availability_zone=zone,
                vm_state="active", power_state=1, metadata=metadata, flavor=flavors[flavor],
                old_flavor=None, new_flavor=None, system_metadata={},
                launched_on=host, image_ref="", root_device_name="/dev/vda", memory_mb=2048, vcpus=2, root_gb=10,
                ephemeral_gb=0, config_drive="", key_name=None, locked=False,
            )  # fmt: skip
            instance.create()
        objects.InstanceMapping(context, instance_uuid=server_id(name), project_id=project, user_id="u" * 32,
                                cell_mapping=cell, queued_for_delete=False).create()  # fmt: skip
    with sqlite3.connect(state / "nova.sqlite") as rows:
        rows.execute("update instance_info_caches set network_info = '[]'")  # what a compute node would have written


def glance(state: Path) -> None:
    """The image service's tables."""
    models = module("glance.db.sqlalchemy.models")
    module("glance.db.sqlalchemy.models_metadef")
    create(models.BASE.metadata, state / "glance.sqlite")


def placement(state: Path) -> None:
    """The placement service's tables; it fills in standard traits and resource classes itself."""
    create(module("placement.db.sqlalchemy.models").BASE.metadata, state / "placement.sqlite")


if __name__ == "__main__":
    {"keystone": keystone, "nova": nova, "glance": glance, "placement": placement}[sys.argv[1]](Path(sys.argv[2]))
