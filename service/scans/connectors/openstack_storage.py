"""Glance, Swift and Cinder: what is kept in a region, as `dataset`s and `model`s that are `stored_in` it.

- Every container of the project is a `dataset`: people put data there, and where that lies is what is asked. Its policy, who
  may read it and whether it is copied elsewhere are annotations; a copy is told, because nobody says where it ends.
- A volume is a `dataset` where it, or its type, is marked: most are the disks of machines and hold no data of their own.
- An image is a `model` or a `dataset` where the mark `allod.dev/ref` says so: the others are operating systems.

How many were passed over for want of a mark is told. Nothing that a container or an image holds is read.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.values import shown, split_ref
from service.scans import marks
from service.scans.connector import Event, Note, Refused, Seen
from service.scans.connectors.openstack_client import Region
from service.scans.connectors.openstack_marks import are_marked, exact, name, tags, text, write
from service.scans.connectors.openstack_settings import place_of
from service.scans.draft import Draft
from service.scans.failures import SourceFailure

_META: Final = "x-container-meta-"
_LICENCES: Final = ("licence", "license", "org.opencontainers.image.licenses")


def images(region: Region, part: str) -> Iterator[Event]:
    """Images that are marked."""
    passed = 0
    for image in region.listed("image", "/images", "images"):
        identity = text(image.get("id")) if isinstance(image, Mapping) else ""
        if not identity:
            yield Refused(part, "an image", "it is not described as an image is")
            continue
        given = tags({key: value for key, value in image.items() if key not in _OWN})
        if are_marked(given):
            yield from _image(region, part, identity, image, given)
        else:
            passed += 1
        region.cloud.context.pause()
    if passed:
        yield Note(part, "images", f"{passed} carry no mark and are taken for operating systems")


def containers(region: Region, part: str) -> Iterator[Event]:
    """The containers of the project."""
    passed, settings = 0, region.cloud.settings
    for container in region.containers():
        called = container.get("name") if isinstance(container, Mapping) else None
        if not isinstance(called, str) or not called:
            yield Refused(part, "a container", "it is not described as a container is")
            continue
        try:
            headers = region.head("object-store", f"/{called}")
        except SourceFailure as error:
            yield Refused(part, called, error.detail)
            continue
        given = tags({key.removeprefix(_META): value for key, value in headers.items() if key.startswith(_META)})
        if settings.containers == "all" or are_marked(given):
            yield from _container(region, part, called, headers, given)
        else:
            passed += 1
        region.cloud.context.pause()
    if passed:
        yield Note(part, "containers", f"{passed} carry no mark and are left out, as the settings say")


def volumes(region: Region, part: str) -> Iterator[Event]:
    """Volumes that are marked, or all."""
    settings, passed = region.cloud.settings, 0
    everywhere = {"all_tenants": "1"} if settings.all_projects else {}
    types: dict[str, Any] = {}
    try:
        for one in region.listed("block-storage", "/types", "volume_types"):
            if isinstance(one, Mapping):
                types[text(one.get("name"))] = one.get("extra_specs")
    except SourceFailure as error:
        yield Refused(part, "types", f"marks of volume types are not known: {error.detail}")
    for volume in region.listed("block-storage", "/volumes/detail", "volumes", **everywhere):
        identity = text(volume.get("id")) if isinstance(volume, Mapping) else ""
        if not identity:
            yield Refused(part, "a volume", "it is not described as a volume is")
            continue
        kept = {
            key: value
            for key, value in tags(types.get(text(volume.get("volume_type")))).items()
            if are_marked({key: ""})
        }
        given = {**kept, **tags(volume.get("metadata"))}
        if settings.volumes == "all" or are_marked(given):
            yield from _volume(region, part, identity, volume, given)
        else:
            passed += 1
        region.cloud.context.pause()
    if passed:
        yield Note(part, "volumes", f"{passed} carry no mark and are taken for disks of machines")


# What Glance itself says of an image; every other key is somebody's property.
_OWN: Final = frozenset((
    "id", "name", "status", "visibility", "protected", "owner", "size", "virtual_size", "checksum", "os_hash_algo",
    "os_hash_value", "os_hidden", "disk_format", "container_format", "min_disk", "min_ram", "created_at",
    "updated_at", "tags", "self", "file", "schema", "direct_url", "locations", "stores",
))  # fmt: skip


def _image(
    region: Region, part: str, identity: str, image: Mapping[str, Any], given: dict[str, str]
) -> Iterator[Event]:
    ref = given.get(f"{marks.PREFIX}{marks.REF}", "")
    parts = split_ref(ref)
    if parts is None or parts[0] not in (Kind.MODEL, Kind.DATASET):
        said = f"says {shown(ref)}" if ref else "is missing"
        yield Note(part, identity, f"it is marked, but {marks.PREFIX}{marks.REF} {said}: neither a model nor a dataset")
        return
    draft = Draft(parts[0], parts[1], text(image.get("name")) or identity)
    if licence := next((given[key] for key in _LICENCES if given.get(key)), ""):
        draft.state("licence", licence, grade=Grade.DECLARED, source="glance:properties")
    for key in ("visibility", "disk_format", "container_format", "owner", "stores", "os_hash_algo", "os_hash_value"):
        draft.annotate(f"openstack/{key.replace('_', '-')}", image.get(key))
    draft.annotate("openstack/id", identity)
    labels = {key: value for key, value in given.items() if key not in _LICENCES}
    yield from write(draft, labels, None, part, identity, "glance:properties")
    yield _seen(region, part, identity, draft)


def _container(
    region: Region, part: str, called: str, headers: Mapping[str, str], given: dict[str, str]
) -> Iterator[Event]:
    cloud = region.cloud
    # A container's name is its project's own, in each region anew.
    own = name("openstack", cloud.settings.cloud, region.name, cloud.project, exact(called))
    wanted, wrong = marks.name_of(Kind.DATASET, own, given)
    draft = Draft(Kind.DATASET, wanted, " ".join(called.split()) or own)
    draft.annotate("openstack/container", called)
    draft.annotate("openstack/project", cloud.project)
    draft.annotate("openstack/storage-policy", headers.get("x-storage-policy"))
    draft.annotate("openstack/readers", headers.get("x-container-read"))
    if copied := headers.get("x-container-sync-to"):
        draft.annotate("openstack/copied-to", copied)
        yield Note(part, called, f"it is copied to {copied}; which region that is, Swift does not say")
    yield from write(draft, given, wrong, part, called, "swift:metadata")
    yield _seen(region, part, called, draft)


def _volume(
    region: Region, part: str, identity: str, volume: Mapping[str, Any], given: dict[str, str]
) -> Iterator[Event]:
    zone = text(volume.get("availability_zone"))
    called, wrong = marks.name_of(Kind.DATASET, name("openstack", identity), given)
    draft = Draft(Kind.DATASET, called, text(volume.get("name")) or identity)
    draft.annotate("openstack/id", identity)
    draft.annotate("openstack/project", text(volume.get("os-vol-tenant-attr:tenant_id")))
    draft.annotate("openstack/volume-type", text(volume.get("volume_type")))
    draft.annotate("openstack/zone", zone)
    draft.annotate("openstack/encrypted", volume.get("encrypted"))
    yield from write(draft, given, wrong, part, identity, "cinder:metadata")
    yield _seen(region, part, identity, draft, zone)


def _seen(region: Region, part: str, identity: str, draft: Draft, zone: str = "") -> Seen:
    draft.labels["openstack/cloud"] = region.cloud.settings.cloud
    if not any(type_ == RelationType.STORED_IN for type_, _ in draft.relations):
        draft.relate(RelationType.STORED_IN, place_of(region.cloud.settings, region.name, zone))
    return Seen(part, identity, draft.manifest())
