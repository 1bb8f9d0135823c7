"""SageMaker: models, and endpoints that serve them.

An endpoint is an `ai_service`: AWS runs it, and systems of the organisation use it. It serves the models of its variants and
processes in its region; what it captures of its traffic is stored where the capturing bucket lies. A SageMaker model is a
`model` stored where its artefacts lie, derived from the hub's model that its container is told to load, and it runs in the
region once an endpoint serves it. Of a container's environment only the name of that model is read: the rest may be secret.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import marks
from service.scans.connector import Event, Note, Seen
from service.scans.connectors.aws_account import Account, tags, tried
from service.scans.connectors.aws_settings import operator, place
from service.scans.draft import Draft
from service.scans.names import hub_name, slug

# Variables by which the containers of Hugging Face, DJL and vLLM are told what to load from the hub.
_HUB_VARIABLES: Final = ("HF_MODEL_ID", "OPTION_MODEL_ID", "SM_VLLM_MODEL")
PAGE: Final = {"PageSize": 100}


def endpoints(account: Account, region: str, part: str, running: dict[str, set[str]]) -> Iterator[Event]:
    """The endpoints of a region. `running` gets, for the region, the models that they serve."""
    served: set[str] = set()
    for page in account.pages("sagemaker", region, "list_endpoints", PaginationConfig=PAGE):
        for listed in page.get("Endpoints") or ():
            yield from _each(_endpoint, account, region, part, str(listed.get("EndpointName", "")), served)
    running[region] = served


def models(account: Account, region: str, part: str, running: Mapping[str, set[str]]) -> Iterator[Event]:
    """The models of a region."""
    for page in account.pages("sagemaker", region, "list_models", PaginationConfig=PAGE):
        for listed in page.get("Models") or ():
            yield from _each(
                _model, account, region, part, str(listed.get("ModelName", "")), running.get(region, set())
            )


def _each(
    read: Callable[..., Iterator[Event]], account: Account, region: str, part: str, name: str, served: set[str]
) -> Iterator[Event]:
    account.context.pause()
    found, events = tried(part, name, lambda: list(read(account, region, part, name, served)))
    yield from events
    yield from found or ()


def _endpoint(account: Account, region: str, part: str, name: str, served: set[str]) -> Iterator[Event]:
    client = account.client("sagemaker", region)
    endpoint = client.describe_endpoint(EndpointName=name)
    # An endpoint goes on when its configuration or model is deleted.
    config = partial(client.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"])
    configured, events = tried(part, name, config)
    yield from events
    configured = configured or {}
    written = _tags(account, region, endpoint["EndpointArn"])
    own, trouble = marks.name_of(Kind.AI_SERVICE, f"aws/sagemaker/{region}/{slug(name)}", written)
    service = Draft(Kind.AI_SERVICE, own, name, labels=marks.labels(written))
    source = "aws:DescribeEndpoint"
    service.state("provider", operator(region), grade=Grade.VERIFIED, source=source)
    service.annotate("aws/arn", endpoint["EndpointArn"])
    variants = [
        *(configured.get("ProductionVariants") or ()),
        *(configured.get("ShadowProductionVariants") or ()),
    ]
    service.annotate("aws/instance-types", sorted({one["InstanceType"] for one in variants if one.get("InstanceType")}))
    paths = [{"purpose": "processing", "region": place(region)}]
    notes = [trouble] if trouble else []
    capture = endpoint.get("DataCaptureConfig") or {}
    output = ((configured.get("AsyncInferenceConfig") or {}).get("OutputConfig") or {}).get("S3OutputPath")
    for uri in (capture.get("DestinationS3Uri") if capture.get("EnableCapture") else None, output):
        if uri:
            found = account.bucket_region(bucket_of(uri))
            if found is None:
                notes.append(f"it keeps requests in {uri}, and S3 does not tell where that lies")
            elif (path := {"purpose": "storage", "region": place(found)}) not in paths:
                paths.append(path)
    service.state("data_paths", paths, grade=Grade.VERIFIED, source=source)
    service.relate(RelationType.OPERATED_BY, operator(region))
    for model in sorted({str(one["ModelName"]) for one in variants if one.get("ModelName")}):
        served.add(model)
        called, events = tried(part, name, partial(_called, account, region, model))
        yield from events
        service.relate(RelationType.SERVES, f"model:{called or _plain(region, model)}")
    if variants and not any(one.get("ModelName") for one in variants):
        notes.append("its variants name no model: they get theirs as inference components, which are not read")
    for text in [*notes, *marks.apply(service, written, source="aws:tags")]:
        yield Note(part, name, text)
    yield Seen(part, endpoint["EndpointArn"], service.manifest())


def _model(account: Account, region: str, part: str, name: str, served: set[str]) -> Iterator[Event]:
    described = account.client("sagemaker", region).describe_model(ModelName=name)
    written = _tags(account, region, described["ModelArn"])
    own, trouble = marks.name_of(Kind.MODEL, _plain(region, name), written)
    model = Draft(Kind.MODEL, own, name, labels=marks.labels(written))
    model.annotate("aws/arn", described["ModelArn"])
    notes = [trouble] if trouble else []
    containers = [*(described.get("Containers") or ()), *filter(None, [described.get("PrimaryContainer")])]
    for one in containers:
        for uri in _artefacts(one):
            found = account.bucket_region(bucket_of(uri))
            if found is None:
                notes.append(f"its artefacts lie in {uri}, and S3 does not tell where that is")
            else:
                model.relate(RelationType.STORED_IN, place(found))
        told = next(
            (str(one["Environment"][key]) for key in _HUB_VARIABLES if (one.get("Environment") or {}).get(key)), ""
        )
        if hub_name(told) and not told.startswith("opt/"):
            model.relate(RelationType.DERIVED_FROM, f"model:{told}")
    model.annotate("aws/images", sorted({one["Image"] for one in containers if one.get("Image")}))
    model.annotate(
        "aws/model-packages", sorted({one["ModelPackageName"] for one in containers if one.get("ModelPackageName")})
    )
    if name in served:
        model.relate(RelationType.RUNS_ON, place(region))
    for text in [*notes, *marks.apply(model, written, source="aws:tags")]:
        yield Note(part, name, text)
    yield Seen(part, described["ModelArn"], model.manifest())


def bucket_of(uri: str) -> str:
    """The bucket of an `s3://` or `https://` address of an object."""
    rest = uri.partition("://")[2]
    first, _, path = rest.partition("/")
    # https://s3.eu-central-1.amazonaws.com/bucket/key, the older spelling
    return path.partition("/")[0] if uri.startswith("https://s3") else first.partition(".s3")[0]


def _artefacts(container: Mapping[str, Any]) -> Iterator[str]:
    for source in (container.get("ModelDataSource"), *(container.get("AdditionalModelDataSources") or ())):
        if uri := ((source or {}).get("S3DataSource") or {}).get("S3Uri"):
            yield str(uri)
    if container.get("ModelDataUrl"):
        yield str(container["ModelDataUrl"])


def _plain(region: str, name: str) -> str:
    return f"aws/sagemaker/{region}/{slug(name)}"


def _called(account: Account, region: str, model: str) -> str:
    """The name that the model has as an asset: its tags may give it another."""
    arn = account.client("sagemaker", region).describe_model(ModelName=model)["ModelArn"]
    return marks.name_of(Kind.MODEL, _plain(region, model), _tags(account, region, arn))[0]


def _tags(account: Account, region: str, arn: str) -> dict[str, str]:
    pages = account.pages("sagemaker", region, "list_tags", ResourceArn=arn)
    return tags([one for page in pages for one in page.get("Tags") or ()])
