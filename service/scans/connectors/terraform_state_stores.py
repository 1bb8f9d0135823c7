"""Buckets, storage accounts and containers, as datasets: where they are kept and copied to, and who holds their keys.

Keys that a cloud's own key service works with lie with its operator, whatever policy stands on them (see `aws_s3`); which of
them lie outside, a document does not tell: a key of the customer's is left unresolved.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.inventory.facts import Kind, RelationType
from service.scans.connectors.terraform_state_assets import Found, Maker, Making
from service.scans.connectors.terraform_state_document import Resource
from service.scans.connectors.terraform_state_places import azure_code

_GEOGRAPHIC: Final = ("GRS", "RAGRS", "GZRS", "RAGZRS")
OPERATOR: Final = "operator"
# What says something about a bucket in a resource of its own.
_BESIDE: Final = ("aws_s3_bucket_replication_configuration", "aws_s3_bucket_server_side_encryption_configuration")


def _aws_bucket(making: Making, resource: Resource) -> Iterator[Found]:
    name = resource.text("bucket", "id")
    backups, notes = _replicas(making, resource, name)
    custody = _aws_custody(making, resource, name)
    yield from _store(making, resource, f"aws/s3/{name}" if name else "", name, custody, backups, notes)


def _aws_beside(making: Making, resource: Resource) -> Iterator[Found | tuple[str, str]]:
    """Nothing of its own; a note where this document lacks the bucket that it is about."""
    buckets = making.by_type.get("aws_s3_bucket", ())
    if not any(resource.belongs("bucket", bucket, bucket.text("bucket", "id")) for bucket in buckets):
        yield resource.address, f"it is about the bucket {resource.text('bucket') or '?'}, which this document lacks"


def _aws_custody(making: Making, resource: Resource, name: str) -> str | None:
    rules = [*resource.blocks("server_side_encryption_configuration")]
    beside = making.by_type.get("aws_s3_bucket_server_side_encryption_configuration", ())
    own = [one for one in beside if one.belongs("bucket", resource, name)]
    rules += [one.values for one in own]
    for rule in (rule for holder in rules for rule in _list(holder, "rule")):
        for default in _list(rule, "apply_server_side_encryption_by_default"):
            own_key = default.get("kms_master_key_id")
            if not own_key and any(_keyed(one.points.get("rule", frozenset())) for one in own):
                return None  # the key is yet to be made
            return None if own_key and not str(own_key).endswith("alias/aws/s3") else OPERATOR
    return OPERATOR  # since 2023 S3 encrypts with its own keys whatever nobody else encrypts


def _keyed(points: frozenset[str]) -> bool:
    return any(address.rpartition(".")[0].endswith(("aws_kms_key", "aws_kms_alias")) for address in points)


def _replicas(making: Making, resource: Resource, name: str) -> tuple[list[str], list[str]]:
    places, notes = [], []
    buckets = making.by_type.get("aws_s3_bucket", ())
    for one in making.by_type.get("aws_s3_bucket_replication_configuration", ()):
        if not one.belongs("bucket", resource, name):
            continue
        for destination in (
            destination
            for rule in one.blocks("rule")
            if rule.get("status") == "Enabled"
            for destination in _list(rule, "destination")
        ):
            target = str(destination.get("bucket") or "").rpartition(":")[2]
            pointed = one.points.get("rule", frozenset())
            placed = [
                making.where(bucket).place
                for bucket in buckets
                if (target and target == bucket.text("bucket", "id")) or (not target and bucket.plain in pointed)
            ]
            if len(placed) == 1 and placed[0]:
                places.append(placed[0])
            else:
                notes.append(
                    f"it is replicated to {target or 'a bucket yet to be made'}, which this document does not place"
                )
    return places, notes


def _azure_account(making: Making, resource: Resource) -> Iterator[Found]:
    name = resource.text("name")
    notes, backups = [], []
    if resource.text("account_replication_type").upper() in _GEOGRAPHIC:
        if second := azure_code(resource.text("secondary_location")):
            backups.append(f"cloud_region:azure/{second}")
        else:
            notes.append("it is copied to the region that Azure pairs with its own, which this document does not name")
    custody = None if resource.blocks("customer_managed_key") else OPERATOR
    yield from _store(making, resource, f"azure/storage/{name}" if name else "", name, custody, backups, notes)


def _google_bucket(making: Making, resource: Resource) -> Iterator[Found]:
    name = resource.text("name")
    own_key = any(one.get("default_kms_key_name") for one in resource.blocks("encryption"))
    yield from _store(making, resource, f"google/storage/{name}" if name else "", name, None if own_key else OPERATOR)


def _scaleway_bucket(making: Making, resource: Resource) -> Iterator[Found]:
    name = resource.text("name")
    yield from _store(making, resource, f"scaleway/storage/{name}" if name else "", name)


def _ovh_bucket(making: Making, resource: Resource) -> Iterator[Found]:
    # A name is taken once in each region.
    name, spot = resource.text("name"), making.where(resource)
    identity = f"ovhcloud/storage/{spot.code}/{name}" if name and spot.code else ""
    yield from _store(making, resource, identity, name)


def _openstack_container(making: Making, resource: Resource) -> Iterator[Found]:
    # A container's name is its project's own: the address tells it from others.
    yield from _store(making, resource, "", resource.text("name"))


def _store(
    making: Making,
    resource: Resource,
    identity: str,
    title: str,
    custody: str | None = None,
    backups: list[str] | None = None,
    notes: list[str] | None = None,
) -> Iterator[Found]:
    made, troubles = making.draft(Kind.DATASET, resource, identity, title)
    troubles += notes or []
    spot, paths = making.where(resource), []
    if spot.place:
        made.relate(RelationType.STORED_IN, spot.place)
        paths.append({"purpose": "storage", "region": spot.place, **({"key_custody": custody} if custody else {})})
    else:
        troubles.append(spot.why)
    paths += [{"purpose": "backup", "region": place} for place in dict.fromkeys(backups or ())]
    if paths:
        making.state(made, "data_paths", paths)
    yield making.found(resource, made, troubles)


def _list(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = holder.get(name)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]


STORES: Final[Mapping[str, Maker]] = {
    "aws_s3_bucket": _aws_bucket,
    **dict.fromkeys(_BESIDE, _aws_beside),
    "azurerm_storage_account": _azure_account,
    "google_storage_bucket": _google_bucket,
    "openstack_objectstorage_container_v1": _openstack_container,
    "ovh_cloud_project_storage": _ovh_bucket,
    "scaleway_object_bucket": _scaleway_bucket,
}
