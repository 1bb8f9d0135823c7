"""The eight kinds: what each may state about itself, and which relations lead from which kind to which.

All attributes may be left out; absent (or null) means unresolved, an empty list means "none". Stored form: plain JSON,
dates as ISO 8601 text, shares in per cent. An attribute that a kind does not know is refused, never dropped.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.foundation.errors import Fault
from service.inventory.facts import Kind
from service.inventory.manifest_faults import faults
from service.inventory.values import (
    Amount,
    Count,
    Country,
    Day,
    Jurisdiction,
    Language,
    Lei,
    Line,
    Percentage,
    Positive,
    Prose,
    Purl,
    RegionRef,
    Slug,
    Subdivision,
    Url,
    VendorRef,
    refusal,
    split_ref,
)

DataClass = Literal["public", "internal", "personal", "special_category", "health", "financial", "classified"]
Purpose = Literal["storage", "processing", "backup", "telemetry", "support", "failover"]
# GDPR Art. 46(2) and 49: standard clauses, binding corporate rules, codes of conduct, certification, derogations.
TransferMechanism = Literal["scc", "bcr", "code_of_conduct", "certification", "derogation"]
_LIST: Final = Field(max_length=5_000)


class Strict(BaseModel):
    """Takes what it knows, in the type it asks for."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class DataPath(Strict):
    """Where data goes, and what for."""

    purpose: Purpose
    region: RegionRef
    transfer_mechanism: TransferMechanism | None = None
    key_custody: Literal["operator", "customer", "third_party"] | None = None


class Component(Strict):
    """One part of a model's release, as the Model Openness Framework lists them."""

    name: Line
    licence: Prose | None = None


class Collection(Strict):
    """How and when a dataset came together."""

    how: Prose | None = None
    when: Line | None = None


class Accelerator(Strict):
    """Accelerators of one type in a host."""

    vendor: VendorRef | None = None
    model: Line | None = None
    count: Positive | None = None
    memory_gib: Amount | None = None


class Owner(Strict):
    """Somebody who holds a share of a vendor, or a veto over it, between two dates."""

    vendor: VendorRef | None = None
    name: Line | None = None
    country: Country | None = None
    capital_share: Percentage | None = None
    voting_share: Percentage | None = None
    veto: bool | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None

    @model_validator(mode="after")
    def _somebody_at_some_time(self) -> Self:
        if self.vendor is None and self.name is None:
            raise refusal("the owner is not named", "'vendor' (a ref) or 'name'")
        if self.from_ and self.to and self.from_ > self.to:
            raise refusal("the ownership ends before it begins", "'from' not after 'to'")
        return self


class ExitPlan(Strict):
    """How a system would go on without what it rests on, and when that was last tried."""

    tested_on: Day | None = None
    alternatives: Annotated[list[Line], _LIST] | None = None


class SeenPlace(Strict):
    """A region where somebody other than the declaration saw the asset or its data: a scanner, an audit, an invoice."""

    region: RegionRef
    purpose: Purpose | None = None
    source: Line
    on: Day | None = None


class EvaluationResult(Strict):
    """One benchmark run on a model: with which tool, and when."""

    benchmark: Line
    tool: Line | None = None
    on: Day


class GpaiDocuments(Strict):
    """What EU AI Act Art. 53(1) asks of a general-purpose model, each as the place where it can be read."""

    technical_documentation: Line | None = None
    downstream_information: Line | None = None
    copyright_policy: Line | None = None
    training_summary: Line | None = None


Jurisdictions = Annotated[list[Jurisdiction], _LIST]
Languages = Annotated[list[Language], _LIST]
Lines = Annotated[list[Line], _LIST]
Slugs = Annotated[list[Slug], _LIST]
DataPaths = Annotated[list[DataPath], _LIST]
DataClasses = Annotated[list[DataClass], _LIST]


class ModelAttributes(Strict):
    """A model, wherever it runs."""

    publisher: VendorRef | None = None
    version: Line | None = None
    licence: Prose | None = None
    weights: Literal["open", "gated", "closed"] | None = None
    modalities: Slugs | None = None
    languages: Languages | None = None
    parameters: Count | None = None
    formats: Slugs | None = None
    training_flop: Annotated[float, Field(gt=0)] | None = None
    components: Annotated[list[Component], _LIST] | None = None
    card: Url | None = None
    weights_released_on: Day | None = None
    evaluations: Annotated[list[EvaluationResult], _LIST] | None = None
    gpai_documents: GpaiDocuments | None = None
    systemic_risk: bool | None = None
    monetised: bool | None = None
    notices: Lines | None = None
    seen_in: Annotated[list[SeenPlace], _LIST] | None = None
    generates_text: bool | None = None
    generates_code: bool | None = None
    generates_image: bool | None = None
    generates_audio: bool | None = None
    generates_video: bool | None = None


class DatasetAttributes(Strict):
    """A body of data."""

    licence: Prose | None = None
    data_classes: DataClasses | None = None
    subject_jurisdictions: Jurisdictions | None = None
    owner: VendorRef | None = None
    collection: Collection | None = None
    languages: Languages | None = None
    synthetic: bool | None = None
    subjects: Count | None = None
    basis: Line | None = None
    data_paths: DataPaths | None = None
    seen_in: Annotated[list[SeenPlace], _LIST] | None = None


class GpuHostAttributes(Strict):
    """A machine with accelerators."""

    accelerators: Annotated[list[Accelerator], _LIST] | None = None
    tenancy: Literal["dedicated", "shared"] | None = None
    confidential_computing: bool | None = None
    driver: Line | None = None
    owner: VendorRef | None = None
    seen_in: Annotated[list[SeenPlace], _LIST] | None = None


class CloudRegionAttributes(Strict):
    """A provider's place."""

    provider: VendorRef | None = None
    code: Line | None = None
    country: Country | None = None
    subdivision: Subdivision | None = None
    city: Line | None = None
    partition: Line | None = None
    certifications: Lines | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.country and self.subdivision and not self.subdivision.startswith(f"{self.country}-"):
            raise refusal(f"{self.subdivision} does not lie in {self.country}", "a subdivision of the country")
        return self


class VendorAttributes(Strict):
    """A company or another body that offers something. `owners: []` says that nobody stands above it."""

    legal_name: Line | None = None
    lei: Lei | None = None
    incorporated_in: Country | None = None
    headquarters: Country | None = None
    owners: Annotated[list[Owner], _LIST] | None = None
    dpf_certified: bool | None = None
    certifications: Lines | None = None
    subprocessors_disclosed: bool | None = None


class SoftwareAttributes(Strict):
    """A program or library."""

    purl: Purl | None = None
    version: Line | None = None
    licence: Prose | None = None
    governance: Literal["foundation", "community", "vendor"] | None = None
    publisher: VendorRef | None = None
    standards: Lines | None = None


class AiServiceAttributes(Strict):
    """An API that somebody else hosts."""

    provider: VendorRef | None = None
    endpoint: Url | None = None
    terms: Prose | None = None
    compatible_with: Slugs | None = None
    retention: Line | None = None
    trains_on_inputs: bool | None = None
    data_paths: DataPaths | None = None
    seen_in: Annotated[list[SeenPlace], _LIST] | None = None


class SystemAttributes(Strict):
    """What the organisation runs for its users."""

    owner_team: Line | None = None
    criticality: Literal["low", "medium", "high", "critical"] | None = None
    commercial: bool | None = None
    monthly_active_users: Count | None = None
    annual_revenue_eur: Amount | None = None
    data_classes: DataClasses | None = None
    user_jurisdictions: Jurisdictions | None = None
    languages: Languages | None = None
    ai_act_class: Literal["prohibited", "high", "limited", "minimal"] | None = None
    exit_plan: ExitPlan | None = None
    notices: Lines | None = None
    data_paths: DataPaths | None = None
    seen_in: Annotated[list[SeenPlace], _LIST] | None = None


ATTRIBUTES: Final[Mapping[Kind, type[Strict]]] = {
    Kind.MODEL: ModelAttributes,
    Kind.DATASET: DatasetAttributes,
    Kind.GPU_HOST: GpuHostAttributes,
    Kind.CLOUD_REGION: CloudRegionAttributes,
    Kind.VENDOR: VendorAttributes,
    Kind.SOFTWARE: SoftwareAttributes,
    Kind.AI_SERVICE: AiServiceAttributes,
    Kind.SYSTEM: SystemAttributes,
}


def a(kind: Kind) -> str:
    """`kind` with its article, for sentences."""
    return f"an {kind.value}" if kind is Kind.AI_SERVICE else f"a {kind.value}"


def validate(kind: Kind, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The attributes in stored form, without those that are null, and every fault. With faults the form is empty."""
    model = ATTRIBUTES[kind]
    try:
        checked = model.model_validate(attributes)
    except ValidationError as error:
        return {}, faults(error, model, of=a(kind), at=("attributes",))
    return checked.model_dump(by_alias=True, exclude_none=True), []


def attribute_refs(kind: Kind, attributes: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """The other assets that stored `attributes` point at: edge type, ref, detail.

    Types: `publisher`, `owner`, `provider`, `owners` (detail: the rest of the entry), `data_path` (detail: purpose and
    the rest), `exit_alternative`.
    """
    return list(_refs(kind, attributes))


def _refs(kind: Kind, attributes: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for single in ("publisher", "owner", "provider"):
        if single in attributes and single in ATTRIBUTES[kind].model_fields:
            yield single, attributes[single], {}
    for owner in attributes.get("owners", ()):
        if "vendor" in owner:
            yield "owners", owner["vendor"], {key: value for key, value in owner.items() if key != "vendor"}
    for path in attributes.get("data_paths", ()):
        yield "data_path", path["region"], {key: value for key, value in path.items() if key != "region"}
    for alternative in attributes.get("exit_plan", {}).get("alternatives", ()):
        if split_ref(alternative):
            yield "exit_alternative", alternative, {}
