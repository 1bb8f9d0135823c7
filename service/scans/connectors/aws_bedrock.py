"""Bedrock: what an account may call there, and what it made there.

The region's API is an `ai_service` that serves the foundation models which the account may use, and processes in its region.
So is each inference profile of the account's own, and each of AWS's with a model that the account may use: a profile
processes in every region that it may route to, and those lie in other countries at times. Invocations that are logged are
stored where their bucket lies. Foundation models are `model`s of their publishers, the same for every region; custom and
imported ones are the account's own, stored in their region, with what they were tuned from and on; they run there where
throughput was bought or a deployment made for them.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import marks
from service.scans.connector import Event, Note, Seen
from service.scans.connectors.aws_account import Account, tags, tried
from service.scans.connectors.aws_sagemaker import bucket_of
from service.scans.connectors.aws_settings import operator, place, suffix
from service.scans.draft import Draft
from service.scans.importers.organisations import table
from service.scans.names import slug, spelling

_DERIVED: Final[Mapping[str, str]] = {
    "FINE_TUNING": "finetune",
    "CONTINUED_PRE_TRAINING": "finetune",
    "REINFORCEMENT_FINE_TUNING": "finetune",
    "DISTILLATION": "distilled",
}
_MODALITIES: Final = {"TEXT": "text", "IMAGE": "image", "VIDEO": "video", "SPEECH": "audio", "AUDIO": "audio"}
_PUBLISHERS: Final = {"Amazon": "vendor:amazon-web-services"}  # Nova and Titan are published by AWS, not the shop


def api(account: Account, region: str, part: str) -> Iterator[Event]:
    """The region's API with the foundation models that the account may use, then the inference profiles."""
    client = account.client("bedrock", region)
    service = Draft(Kind.AI_SERVICE, f"aws/bedrock/{region}", f"Amazon Bedrock in {region}")
    paths = [{"purpose": "processing", "region": place(region)}]
    allowed: set[str] = set()
    offered, events = tried(part, "foundation models", client.list_foundation_models)
    yield from events
    for listed in (offered or {}).get("modelSummaries") or ():
        account.context.pause()
        identity = str(listed.get("modelId", ""))
        if not identity:
            yield Note(part, str(listed.get("modelArn", "")), "Bedrock lists this model without an id")
            continue
        may, events = tried(part, identity, partial(_enabled, client, identity))
        yield from events
        if may:
            model = _foundation(identity, listed)
            allowed.add(identity)
            if "ON_DEMAND" in (listed.get("inferenceTypesSupported") or ()):
                service.relate(RelationType.SERVES, model.ref)
            yield Seen(part, str(listed.get("modelArn", identity)), model.manifest())
    logging, events = tried(part, "invocation logging", client.get_model_invocation_logging_configuration)
    yield from events
    yield from _logged(account, part, (logging or {}).get("loggingConfig") or {}, region, paths)
    if service.relations:
        service.state(
            "endpoint",
            f"https://bedrock-runtime.{region}.{suffix(region)}",
            grade=Grade.INFERRED,
            source="the region's name",
        )
        yield from _finish(service, region, part, paths, {})
    for page in account.pages("bedrock", region, "list_inference_profiles"):
        for listed in page.get("inferenceProfileSummaries") or ():
            yield from _profile(account, region, part, listed, allowed, paths)


def custom_models(account: Account, region: str, part: str) -> Iterator[Event]:
    """Models that the account tuned or imported."""
    running, events = tried(part, "provisioned throughput", partial(_running, account, region))
    yield from events
    client = account.client("bedrock", region)
    for page in account.pages("bedrock", region, "list_custom_models"):
        for listed in page.get("modelSummaries") or ():
            arn = str(listed.get("modelArn", ""))
            told, events = tried(part, arn, partial(client.get_custom_model, modelIdentifier=arn))
            yield from events
            yield from _own(account, region, part, {**listed, **(told or {})}, running or set())


def imported_models(account: Account, region: str, part: str) -> Iterator[Event]:
    """Models whose weights the account brought along. Bedrock runs them on demand, in their region."""
    for page in account.pages("bedrock", region, "list_imported_models"):
        for listed in page.get("modelSummaries") or ():
            yield from _own(account, region, part, listed, {str(listed.get("modelArn", ""))})


def _enabled(client: Any, identity: str) -> bool:
    told = client.get_foundation_model_availability(modelId=identity)
    states = [(told.get("agreementAvailability") or {}).get("status"), told.get("entitlementAvailability")]
    return told.get("authorizationStatus") == "AUTHORIZED" and states == ["AVAILABLE", "AVAILABLE"]


def _foundation(identity: str, listed: Mapping[str, Any]) -> Draft:
    model = Draft(Kind.MODEL, f"aws/bedrock/{identity}", str(listed.get("modelName") or identity))
    provider = str(listed.get("providerName") or "")
    source = "aws:ListFoundationModels"
    if provider:
        known = table().get(spelling(provider))
        vendor = _PUBLISHERS.get(provider) or (known.ref if known else f"vendor:{slug(provider)}")
        model.state("publisher", vendor, grade=Grade.VERIFIED, source=source)
        model.relate(RelationType.PUBLISHED_BY, vendor)
    words_ = [*(listed.get("inputModalities") or ()), *(listed.get("outputModalities") or ())]
    if found := sorted({_MODALITIES[word] for word in words_ if word in _MODALITIES}):
        model.state("modalities", found, grade=Grade.VERIFIED, source=source)
    return model


def _logged(
    account: Account, part: str, logging: Mapping[str, Any], region: str, paths: list[dict[str, str]]
) -> Iterator[Event]:
    if logging.get("cloudWatchConfig"):
        _add(paths, "storage", region)
    watched = (logging.get("cloudWatchConfig") or {}).get("largeDataDeliveryS3Config") or {}
    for config in (logging.get("s3Config") or {}, watched):
        if bucket := config.get("bucketName"):
            found = account.bucket_region(bucket)
            if found:
                _add(paths, "storage", found)
            else:
                yield Note(
                    part, "invocation logging", f"it goes to the bucket {bucket}; S3 does not tell where that lies"
                )


def _profile(
    account: Account,
    region: str,
    part: str,
    listed: Mapping[str, Any],
    allowed: set[str],
    around: list[dict[str, str]],
) -> Iterator[Event]:
    arns = [str(model.get("modelArn", "")) for model in listed.get("models") or ()]
    served = sorted({arn.rpartition("/")[2] for arn in arns} - {""})
    theirs = listed.get("type") == "SYSTEM_DEFINED"
    if theirs and not allowed.intersection(served):
        return
    arn = str(listed.get("inferenceProfileArn", ""))
    name = str(listed.get("inferenceProfileId" if theirs else "inferenceProfileName") or arn)
    written: dict[str, str] = {}
    if not theirs:
        client = account.client("bedrock", region)
        answer, events = tried(part, arn, partial(client.list_tags_for_resource, resourceARN=arn))
        yield from events
        written = tags((answer or {}).get("tags"))
    own, trouble = marks.name_of(Kind.AI_SERVICE, f"aws/bedrock/{region}/{slug(name)}", written)
    service = Draft(Kind.AI_SERVICE, own, name, labels=marks.labels(written))
    service.annotate("aws/arn", arn)
    paths = [path for path in around if path["purpose"] == "storage"]
    places = {(arn.split(":", 4) + [""] * 5)[3] for arn in arns}
    for where in sorted(places - {""}):
        _add(paths, "processing", where)
    for model in served:
        service.relate(RelationType.SERVES, f"model:aws/bedrock/{model}")
    if "" in places:
        service.state("data_paths_complete", False, grade=Grade.VERIFIED, source="aws:bedrock")
        yield Note(part, arn, "it may route to regions that it does not name: AWS decides for each request")
    if trouble:
        yield Note(part, arn, trouble)
    yield from _finish(service, region, part, paths, written)


def _finish(
    service: Draft, region: str, part: str, paths: list[dict[str, str]], written: Mapping[str, str]
) -> Iterator[Event]:
    ordered = sorted(paths, key=lambda path: (path["purpose"], path["region"]))
    service.state("provider", operator(region), grade=Grade.VERIFIED, source="aws:bedrock")
    service.state("data_paths", ordered, grade=Grade.VERIFIED, source="aws:bedrock")
    service.relate(RelationType.OPERATED_BY, operator(region))
    for text in marks.apply(service, written, source="aws:tags"):
        yield Note(part, service.title, text)
    yield Seen(part, service.annotations.get("aws/arn", service.name), service.manifest())


def _own(account: Account, region: str, part: str, told: Mapping[str, Any], running: set[str]) -> Iterator[Event]:
    arn, title = str(told.get("modelArn", "")), str(told.get("modelName") or "")
    if not arn or not title:
        yield Note(part, arn or title or "a model", "Bedrock tells neither name nor ARN of it, or only one of them")
        return
    client = account.client("bedrock", region)
    answer, events = tried(part, arn, partial(client.list_tags_for_resource, resourceARN=arn))
    yield from events
    written = tags((answer or {}).get("tags"))
    own, trouble = marks.name_of(Kind.MODEL, f"aws/bedrock/{region}/{slug(title)}", written)
    model = Draft(Kind.MODEL, own, title, labels=marks.labels(written))
    model.annotate("aws/arn", arn)
    if base := str(told.get("baseModelArn") or "").rpartition("/")[2]:
        how = _DERIVED.get(str(told.get("customizationType")))
        model.relate(RelationType.DERIVED_FROM, f"model:aws/bedrock/{base}", how)
    if uri := (told.get("trainingDataConfig") or {}).get("s3Uri"):
        model.relate(RelationType.TRAINED_ON, f"dataset:aws/s3/{bucket_of(uri)}")
    model.relate(RelationType.STORED_IN, place(region))
    if arn in running:
        model.relate(RelationType.RUNS_ON, place(region))
    for text in [trouble, *marks.apply(model, written, source="aws:tags")]:
        if text:
            yield Note(part, arn, text)
    yield Seen(part, arn, model.manifest())


def _running(account: Account, region: str) -> set[str]:
    """ARNs of the models that throughput was bought for, or that are deployed on demand."""
    found: set[str] = set()
    for page in account.pages("bedrock", region, "list_provisioned_model_throughputs"):
        found |= {str(one.get("modelArn")) for one in page.get("provisionedModelSummaries") or ()}
    for page in account.pages("bedrock", region, "list_custom_model_deployments"):
        found |= {str(one.get("modelArn")) for one in page.get("modelDeploymentSummaries") or ()}
    return found


def _add(paths: list[dict[str, str]], purpose: str, region: str) -> None:
    path = {"purpose": purpose, "region": place(region)}
    if path not in paths:
        paths.append(path)
