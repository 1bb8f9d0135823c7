"""Amazon Web Services: what an account runs and keeps for AI, in every region that it enabled or in those that are named.

- EC2 instances with accelerators: `gpu_host`, `located_in` their region and `operated_by` whoever runs it (`aws_ec2`);
- S3 buckets: `dataset`, with the regions that they are stored in and replicated to, and who holds the keys (`aws_s3`);
- SageMaker endpoints: `ai_service`, with the `model`s that they serve (`aws_sagemaker`);
- Bedrock: an `ai_service` for each region and each inference profile, `model`s of others and of the account (`aws_bedrock`).

Tags become labels, and the marks among them attributes and relations. The credentials are those of the settings alone; what
they may not read is refused part by part. Only reading calls are made: `Describe`, `List`, `Get`, `Head` and `AssumeRole`.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from service.scans.connector import Asked, Connector, Context, Event, Note, Read
from service.scans.connectors.aws_account import Account, tried, words
from service.scans.connectors.aws_bedrock import api, custom_models, imported_models
from service.scans.connectors.aws_ec2 import instances
from service.scans.connectors.aws_s3 import buckets
from service.scans.connectors.aws_sagemaker import endpoints, models
from service.scans.connectors.aws_settings import AwsSettings, reaches
from service.scans.parts import guarded

_REGIONS: Final = "regions"
_BUCKETS: Final = "global/s3"


def read(settings: AwsSettings, context: Context) -> Iterator[Event]:
    """Buckets first, then region by region."""
    account = Account(settings, context)
    if "s3" in settings.services:
        yield from guarded(_BUCKETS, buckets(account, _BUCKETS), words)
    if regional := [service for service in settings.services if service != "s3"]:
        found = list(settings.regions or ())
        if not found:
            yield from _enabled(account, found)
        running: dict[str, set[str]] = {}
        for region in found:
            for service in regional:
                yield from _service(account, service, region, running)


def _enabled(account: Account, found: list[str]) -> Iterator[Event]:
    """Fills `found` with the regions that the account can use, in the order of their names."""
    yield Asked(_REGIONS)
    names, events = tried(_REGIONS, None, partial(_listed, account))
    yield from events
    if names is not None:
        found += names
        yield Read(_REGIONS)


def _listed(account: Account) -> list[str]:
    answer = account.client("ec2", account.settings.home).describe_regions(AllRegions=False)
    return sorted(str(one["RegionName"]) for one in answer["Regions"] if one.get("OptInStatus") != "not-opted-in")


def _service(account: Account, service: str, region: str, running: dict[str, set[str]]) -> Iterator[Event]:
    part = f"{region}/{service}"
    if service == "ec2":
        yield from guarded(part, instances(account, region, part), words)
        return
    parts: Mapping[str, Iterator[Event]] = (
        {
            f"{part}-endpoints": endpoints(account, region, f"{part}-endpoints", running),
            f"{part}-models": models(account, region, f"{part}-models", running),
        }
        if service == "sagemaker"
        else {
            part: api(account, region, part),
            f"{part}-custom-models": custom_models(account, region, f"{part}-custom-models"),
            f"{part}-imported-models": imported_models(account, region, f"{part}-imported-models"),
        }
    )
    for name, events in parts.items():
        yield from guarded(name, _where_offered(account, service, region, name, events), words)


def _where_offered(account: Account, service: str, region: str, part: str, events: Iterator[Event]) -> Iterator[Event]:
    if account.offers(service, region):
        yield from events
    else:
        yield Note(part, region, f"the SDK knows of no {service} in this region, so nothing was asked")


CONNECTOR: Final = Connector(
    name="aws", title="Amazon Web Services", settings=AwsSettings, read=read, reaches=reaches, extra="aws"
)
