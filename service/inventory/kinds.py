"""The eight kinds: what each may state about itself, and which relations lead from which kind to which.

All attributes may be left out; absent (or null) means unresolved, an empty list means "none". Stored form: plain JSON,
dates as ISO 8601 text, shares in per cent. An attribute that a kind does not know is refused, never dropped.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from service.foundation.errors import Fault
from service.inventory.facts import Kind
from service.inventory.kinds_parts import (
    LIST,
    Accelerator,
    Collection,
    Component,
    DataClasses,
    DataPaths,
    EvaluationResult,
    ExitPlan,
    GpaiDocuments,
    Jurisdictions,
    Languages,
    Lines,
    Owner,
    SeenPlace,
    Slugs,
    Strict,
)
from service.inventory.manifest_faults import faults
from service.inventory.values import (
    Amount,
    Count,
    Country,
    Day,
    Lei,
    Line,
    Prose,
    Purl,
    Subdivision,
    Url,
    VendorRef,
    refusal,
    split_ref,
)


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
    components: Annotated[list[Component], LIST] | None = None
    card: Url | None = None
    weights_released_on: Day | None = None
    evaluations: Annotated[list[EvaluationResult], LIST] | None = None
    gpai_documents: GpaiDocuments | None = None
    systemic_risk: bool | None = None
    monetised: bool | None = None
    notices: Lines | None = None
    seen_in: Annotated[list[SeenPlace], LIST] | None = None
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
    data_paths_complete: bool | None = None
    seen_in: Annotated[list[SeenPlace], LIST] | None = None


class GpuHostAttributes(Strict):
    """A machine with accelerators."""

    accelerators: Annotated[list[Accelerator], LIST] | None = None
    tenancy: Literal["dedicated", "shared"] | None = None
    confidential_computing: bool | None = None
    driver: Line | None = None
    owner: VendorRef | None = None
    seen_in: Annotated[list[SeenPlace], LIST] | None = None


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
    owners: Annotated[list[Owner], LIST] | None = None
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
    data_paths_complete: bool | None = None
    seen_in: Annotated[list[SeenPlace], LIST] | None = None


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
    data_paths_complete: bool | None = None
    seen_in: Annotated[list[SeenPlace], LIST] | None = None


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
    the rest), `seen_in`
    (detail: purpose, source, day), `exit_alternative`.
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
    for place in attributes.get("seen_in", ()):
        yield "seen_in", place["region"], {key: value for key, value in place.items() if key != "region"}
    for alternative in attributes.get("exit_plan", {}).get("alternatives", ()):
        if split_ref(alternative):
            yield "exit_alternative", alternative, {}
