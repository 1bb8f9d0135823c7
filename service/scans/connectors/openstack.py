"""OpenStack: machines with accelerators and data of a cloud, in every region of its catalogue or those that are named.

- instances whose flavor has accelerators, and hypervisors that have some: `gpu_host`, `located_in` their region; what
  flavors ask for, Placement's inventories and the aggregates tell (`openstack_compute`);
- containers: `dataset`; images and volumes that carry marks: `model` or `dataset`, `stored_in` their region
  (`openstack_storage`);
- the regions: `cloud_region`s of the reference catalogue where the settings name a provider (OVHcloud's GRA11 is
  `ovhcloud/gra`), else assets of their own, `<cloud>/<region>`, with the country and the operator that the settings say.

Metadata become labels, and the marks among them attributes and relations (`openstack_marks` says how they are spelled). The
user sees what its project holds; hypervisors, other projects' instances and Placement are for administrators. Only reading
calls are made, `GET` and `HEAD`, but for the token.
"""

from collections.abc import Iterator
from typing import Final

from service.inventory.facts import Grade, Kind
from service.scans.connector import Connector, Context, Event, Note, Refused, Seen
from service.scans.connectors.openstack_client import Cloud, Region, words
from service.scans.connectors.openstack_compute import Compute, flavors, hypervisors, instances
from service.scans.connectors.openstack_settings import OpenStackSettings, own_name, place_of, reaches
from service.scans.connectors.openstack_storage import containers, images, volumes
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.parts import guarded

CATALOGUE: Final = "catalogue"
_READERS: Final = {
    "image": ("images", images),
    "object-store": ("containers", containers),
    "block-storage": ("volumes", volumes),
}


def read(settings: OpenStackSettings, context: Context) -> Iterator[Event]:
    """The catalogue first, then region by region."""
    cloud, found = Cloud(settings, context), list[str]()
    try:
        yield from guarded(CATALOGUE, _catalogue(cloud, found), words)
        for name in found:
            yield from _services(cloud.region(name))
    finally:
        cloud.close()


def _services(region: Region) -> Iterator[Event]:
    wanted = region.cloud.settings.services
    if "compute" in wanted and region.has("compute"):
        yield from _compute(region)
    for service, (what, reader) in _READERS.items():
        if service in wanted and region.has(service):
            part = f"{region.name}/{what}"
            yield from guarded(part, reader(region, part), words)


def _catalogue(cloud: Cloud, found: list[str]) -> Iterator[Event]:
    """Fills `found` with the regions to read, in the order of their names."""
    settings = cloud.settings
    cloud.sign_in()
    offered = {region: services for region, services in cloud.offers.items() if region and services}
    for name in settings.regions or ():
        if name not in offered:
            yield Refused(CATALOGUE, name, f"the catalogue lists no {settings.interface} endpoints of such a region")
    found += sorted(offered.keys() & set(settings.regions) if settings.regions else offered)
    if not found:
        yield Refused(
            CATALOGUE, "regions", f"the catalogue lists no {settings.interface} endpoints of what is read here"
        )
    titles: dict[str, str] = {}
    if settings.provider is None:
        try:
            titles = cloud.titles()
        except SourceFailure as error:
            yield Note(CATALOGUE, "regions", f"Keystone does not describe its regions: {words(error)}")
    for name in found:
        if missing := [service for service in settings.services if service not in offered[name]]:
            yield Note(CATALOGUE, name, f"the catalogue lists no {', '.join(missing)} here")
        if settings.provider is None and place_of(settings, name) == f"{Kind.CLOUD_REGION}:{own_name(settings, name)}":
            yield Seen(CATALOGUE, name, _region(settings, name, titles.get(name, "")).manifest())


def _region(settings: OpenStackSettings, name: str, title: str) -> Draft:
    draft = Draft(Kind.CLOUD_REGION, own_name(settings, name), title[:200] or name)
    draft.state("code", name, grade=Grade.VERIFIED, source="keystone:catalogue")
    draft.labels["openstack/cloud"] = settings.cloud
    if settings.country:
        draft.state("country", settings.country, grade=Grade.DECLARED, source="settings")
    if settings.operator:
        draft.state("provider", settings.operator, grade=Grade.DECLARED, source="settings")
        draft.relate("operated_by", settings.operator)
    return draft


def _compute(region: Region) -> Iterator[Event]:
    # Instances before hypervisors: they show which hypervisors have accelerators where nothing else does.
    compute = Compute(region)
    for what, reader in (("flavors", flavors), ("instances", instances)):
        part = f"{region.name}/{what}"
        yield from guarded(part, reader(compute, part), words)
    part = f"{region.name}/hypervisors"
    if region.cloud.settings.hypervisors:
        yield from guarded(part, hypervisors(compute, part), words)
    else:
        yield Note(part, "hypervisors", "they were not asked for, as the settings say")


CONNECTOR = Connector(
    name="openstack",
    title="OpenStack cloud",
    settings=OpenStackSettings,
    read=read,
    reaches=reaches,
    extra="openstack",
)
