"""Services that run models, and the models that resources declare.

An endpoint or account of a cloud is an `ai_service` that the cloud operates and that processes in its region. Deployments to
an Azure account say which models it serves; one that Azure routes where it likes (`Global…`, `DataZone…`) makes its places
incomplete.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.inventory.facts import Kind, RelationType
from service.inventory.values import is_name
from service.scans.connectors.terraform_state_assets import Found, Maker, Making
from service.scans.connectors.terraform_state_document import Resource
from service.scans.connectors.terraform_state_places import Where, region_of_arn
from service.scans.draft import Draft
from service.scans.names import hub_name, slug

_AZURE_ACCOUNTS: Final = ("azurerm_cognitive_account", "azurerm_ai_services")
_ROUTED: Final = ("global", "datazone")
_AZURE_AI: Final = frozenset({"openai", "aiservices", "cognitiveservices"})
# Who makes the models that Azure offers, by the format of a deployment.
_MAKERS: Final[Mapping[str, str]] = {
    "openai": "vendor:openai",
    "mistral ai": "vendor:mistral-ai",
    "meta": "vendor:meta",
    "cohere": "vendor:cohere",
    "deepseek": "vendor:deepseek",
    "microsoft": "vendor:microsoft",
    "anthropic": "vendor:anthropic",
}


def _sagemaker_endpoint(making: Making, resource: Resource) -> Iterator[Found]:
    name, spot = resource.text("name"), making.where(resource)
    identity = f"aws/sagemaker/{spot.code}/{slug(name)}" if name and spot.code else ""
    served = []
    for one in making.by_type.get("aws_sagemaker_endpoint_configuration", ()):
        if resource.belongs("endpoint_config_name", one, one.text("name")):
            names = {
                str(variant["model_name"]) for variant in one.blocks("production_variants") if variant.get("model_name")
            }
            served = [f"model:aws/sagemaker/{spot.code}/{slug(model)}" for model in sorted(names) if spot.code]
    yield from _service(making, resource, identity, name, spot, served)


def _sagemaker_model(making: Making, resource: Resource) -> Iterator[Found]:
    name, spot = resource.text("name"), making.where(resource)
    made, notes = making.draft(
        Kind.MODEL, resource, f"aws/sagemaker/{spot.code}/{slug(name)}" if name and spot.code else "", name
    )
    for container in [*resource.blocks("primary_container"), *resource.blocks("container")]:
        environment = container.get("environment")
        told = environment.get("HF_MODEL_ID") if isinstance(environment, Mapping) else None
        if isinstance(told, str) and hub_name(told):
            made.relate(RelationType.DERIVED_FROM, f"model:{told}")
    yield making.found(resource, made, notes)


def _bedrock_model(making: Making, resource: Resource) -> Iterator[Found]:
    name, spot = resource.text("custom_model_name"), making.where(resource)
    identity = f"aws/bedrock/{spot.code}/{slug(name)}" if name and spot.code else ""
    made, notes = making.draft(Kind.MODEL, resource, identity, name)
    base = resource.text("base_model_identifier").rpartition("/")[2]
    if base and is_name(base):
        made.relate(RelationType.DERIVED_FROM, f"model:aws/bedrock/{base}", "finetune")
    for data in resource.blocks("training_data_config"):
        bucket = str(data.get("s3_uri") or "").removeprefix("s3://").partition("/")[0]
        if bucket:
            made.relate(RelationType.TRAINED_ON, f"dataset:aws/s3/{bucket}")
    if spot.place:
        made.relate(RelationType.STORED_IN, spot.place)
    yield making.found(resource, made, notes)


def _bedrock_profile(making: Making, resource: Resource) -> Iterator[Found]:
    name, spot = resource.text("name"), making.where(resource)
    arns = [str(one.get("model_arn") or "") for one in resource.blocks("models")]
    regions = sorted({region_of_arn(arn) for arn in arns} - {""})
    served = sorted({f"model:aws/bedrock/{arn.rpartition('/')[2]}" for arn in arns if "/" in arn})
    identity = f"aws/bedrock/{spot.code}/{slug(name)}" if name and spot.code else ""
    yield from _service(making, resource, identity, name, spot, served, [f"cloud_region:aws/{one}" for one in regions])


def _sagemaker_config(making: Making, resource: Resource) -> Iterator[Found | tuple[str, str]]:
    """Nothing of its own: endpoints are read with theirs."""
    endpoints = making.by_type.get("aws_sagemaker_endpoint", ())
    if not any(one.belongs("endpoint_config_name", resource, resource.text("name")) for one in endpoints):
        yield resource.address, "no endpoint of this document uses it"


def _azure_account(making: Making, resource: Resource) -> Iterator[Found]:
    if resource.type == "azurerm_cognitive_account" and resource.text("kind").lower() not in _AZURE_AI:
        return  # speech, vision and their like have no deployments
    name = resource.text("name")
    served, notes, routed = [], [], False
    for one in making.by_type.get("azurerm_cognitive_deployment", ()):
        if not one.belongs("cognitive_account_id", resource, resource.text("id")):
            continue
        served += [_azure_model(making, one, model).draft.ref for model in one.blocks("model")]
        blocks = [*one.blocks("sku"), *one.blocks("scale")]
        sku = next((str(block.get("name") or block.get("type") or "") for block in blocks), "")
        if sku.lower().startswith(_ROUTED):
            routed = True
            notes.append(f"its deployment {one.text('name')} is {sku}: Azure may process its requests in other regions")
    known = f"azure/cognitive/{slug(name)}" if name else ""
    yield from _service(making, resource, known, name, making.where(resource), served, notes=notes, incomplete=routed)


def _azure_deployment(making: Making, resource: Resource) -> Iterator[Found | tuple[str, str]]:
    for model in resource.blocks("model"):
        yield _azure_model(making, resource, model)
    accounts = [one for type_ in _AZURE_ACCOUNTS for one in making.by_type.get(type_, ())]
    if not any(resource.belongs("cognitive_account_id", one, one.text("id")) for one in accounts):
        yield resource.address, "it belongs to an account that this document lacks"


def _azure_model(making: Making, resource: Resource, model: Mapping[str, Any]) -> Found:
    publisher = _MAKERS.get(str(model.get("format") or "").lower())
    name = str(model.get("name") or "model")
    # The same model for whoever deploys it, so nothing of the deployment belongs to it.
    made = Found(resource.address, Draft(Kind.MODEL, f"azure/{slug(name)}", name), ())
    if publisher:
        making.state(made.draft, "publisher", publisher)
        made.draft.relate(RelationType.PUBLISHED_BY, publisher)
    return made


def _vertex_endpoint(making: Making, resource: Resource) -> Iterator[Found]:
    name, spot = resource.text("name"), making.where(resource)
    project = resource.text("project")
    identity = f"google/vertex/{slug(project)}/{spot.code}/{slug(name)}" if name and project and spot.code else ""
    yield from _service(making, resource, identity, resource.text("display_name") or name, spot, [])


def _scaleway_deployment(making: Making, resource: Resource) -> Iterator[Found]:
    number = resource.text("id").rpartition("/")[2]
    spot = making.where(resource)
    identity = f"scaleway/inference/{spot.code}/{number}" if number and spot.code else ""
    # Scaleway's own names: `meta/llama-3.1-8b-instruct:fp8` is none of a hub.
    model = "/".join(map(slug, resource.text("model_name").split("/")))
    served = [f"model:scaleway/{model}"] if model else []
    yield from _service(making, resource, identity, resource.text("name"), spot, served)


def _service(
    making: Making,
    resource: Resource,
    identity: str,
    title: str,
    spot: Where,
    served: list[str],
    places: list[str] | None = None,
    *,
    notes: list[str] | None = None,
    incomplete: bool = False,
) -> Iterator[Found]:
    made, troubles = making.draft(Kind.AI_SERVICE, resource, identity, title)
    troubles += notes or []
    if spot.operator:
        making.state(made, "provider", spot.operator)
        made.relate(RelationType.OPERATED_BY, spot.operator)
    if processed := places or ([spot.place] if spot.place else []):
        making.state(made, "data_paths", [{"purpose": "processing", "region": place} for place in processed])
    else:
        troubles.append(spot.why)
    if incomplete:
        making.state(made, "data_paths_complete", False)
    addresses = [resource.text("endpoint"), *(str(one.get("url")) for one in resource.blocks("public_endpoint"))]
    if endpoint := next((one for one in addresses if one.startswith("https://")), None):
        making.state(made, "endpoint", endpoint)
    for model in served:
        made.relate(RelationType.SERVES, model)
    yield making.found(resource, made, troubles)


SERVICES: Final[Mapping[str, Maker]] = {
    "aws_bedrock_custom_model": _bedrock_model,
    "aws_bedrock_inference_profile": _bedrock_profile,
    "aws_sagemaker_endpoint": _sagemaker_endpoint,
    "aws_sagemaker_model": _sagemaker_model,
    "aws_sagemaker_endpoint_configuration": _sagemaker_config,
    **dict.fromkeys(_AZURE_ACCOUNTS, _azure_account),
    "azurerm_cognitive_deployment": _azure_deployment,
    "google_vertex_ai_endpoint": _vertex_endpoint,
    "scaleway_inference_deployment": _scaleway_deployment,
}
