"""The form of each catalogue: what the body of an entry must and may say. `reference_check` has the frame around it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.inventory.kinds_parts import DataClass
from service.inventory.reference_entries import CatalogueName
from service.inventory.values import Country, Subdivision, VendorRef

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Texts = Annotated[list[Text], Field(min_length=1)]
Source = Annotated[str, Field(min_length=3, max_length=2000)]
# Bodies are JSON, so a day in them is text.
IsoDay = Annotated[str, AfterValidator(lambda text: date.fromisoformat(text).isoformat())]
Limit = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """Takes what it knows, in the type it asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Said(Strict):
    """What every body may say: `review: unverified` marks what somebody should check before it is shown as fact."""

    title: Text | None = None
    note: Text | None = None
    review: Literal["unverified"] | None = None
    evidence: Literal["P", "S", "B"] | None = None  # primary text read, report of it, background knowledge


class Titled(Said):
    """A country or a bloc."""

    title: Text


class Adequate(Said):
    """An adequacy decision."""

    scope: Literal["full", "partial"]
    condition: Text | None = None
    requires: Literal["dpf_certified", "privacy_shield", "safe_harbour"] | None = None


class Law(Titled):
    """A disclosure regime."""

    country: Country
    tie: Literal["incorporated_or_headquartered"]
    statute: Text | None = None
    status: Literal["in_force", "transitional"] | None = None


class Duty(Strict):
    """What a localisation law asks of data of these classes, of more than `above` people if that is given.

    `storage_in_country`: a path of storage must lie there. `collection_in_country`: databases abroad may not be the first
    to take it in. The others are steps to take before data leaves. `measure` says which people are counted.
    """

    duty: Literal["storage_in_country", "collection_in_country", "security_assessment", "contract_or_certification"]
    data_classes: Annotated[list[DataClass], Field(min_length=1)]
    above: Limit | None = None
    up_to: Limit | None = None
    measure: Literal["subjects_held", "subjects_transferred_since_january"] | None = None

    @model_validator(mode="after")
    def _counted_somehow(self) -> Self:
        if (self.above is not None or self.up_to is not None) != (self.measure is not None):
            raise ValueError("a number of people needs a measure, and a measure a number")
        return self


class Localising(Titled):
    """A law that keeps data of a country's people in it. `sectoral`: it binds some branches, which `condition` names."""

    country: Country
    statute: Text
    duties: Annotated[list[Duty], Field(min_length=1)]
    sectoral: bool = False
    condition: Text | None = None


class Place(Titled):
    """A region. Without `operator` nobody found out who runs it; the provider then stands for him."""

    provider: VendorRef
    operator: VendorRef | None = None
    country: Country
    subdivision: Subdivision | None = None
    city: Text | None = None
    partition: Text
    certifications: list[Text] | None = None


class Attributed(Titled):
    """A vendor or a software; its attributes are checked as those of a manifest."""

    model_config = ConfigDict(extra="allow", strict=True)


class Chip(Titled):
    """An accelerator.

    `design_country` is where the company that designs it is at home. `memory_gib` lists the sizes sold. `tpp` is total
    processing performance as ECCN 3A090 counts it: dense TOPS or TFLOPS times bit length of the operation, the greatest.
    """

    vendor: VendorRef
    aliases: list[Text] = []
    design_country: Country
    foundry: VendorRef | None = None
    memory_gib: Annotated[list[Limit], Field(min_length=1)] | None = None
    bandwidth_gb_s: Limit | None = None
    tpp: Limit | None = None
    export_class: Literal["3A090.a", "3A090.b", "none"] | None = None


class Restriction(Titled):
    """Under which policy goods of a class may go to some places. Conditions narrow it to weaker goods."""

    authority: Country
    export_class: Literal["3A090.a", "3A090.b"]
    countries: Annotated[list[Country], Field(min_length=1)]
    policy: Literal["presumption_of_denial", "case_by_case", "licence_required"]
    tpp_below: Limit | None = None
    bandwidth_gb_s_below: Limit | None = None


class Milestone(Titled):
    """From which day a part of the AI Act applies."""

    applies_on: IsoDay
    articles: Texts
    scope: Literal[
        "all", "gpai", "gpai_legacy", "high_risk_annex_iii", "high_risk_annex_i", "generative_legacy", "public_legacy"
    ]


class Standard(Titled):
    """A format, protocol or interface. `open`: published, free to implement, changed in public by more than one party.

    `de_facto`: many implement it, one party decides on it. `proprietary`: neither.
    """

    status: Literal["open", "de_facto", "proprietary"]
    form: Literal["format", "protocol", "interface"]
    steward: Text | None = None
    aliases: list[Text] = []


class Threshold(Strict):
    """Above `limit` a licence asks for more: permission by the licensor, or a name shown."""

    measure: Literal["monthly_active_users", "annual_revenue", "monthly_revenue"]
    limit: Limit
    currency: Literal["USD"] | None = None
    effect: Literal["licence_required", "naming_required"]
    note: Text | None = None

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Self:
        if (self.currency is not None) != self.measure.endswith("revenue"):
            raise ValueError("revenue is counted in a currency, and nothing else is")
        return self


class Exclusion(Strict):
    """Where a licence grants nothing, of every model or of the multimodal ones.

    `domicile`: to those at home there. `users`: to anybody for use there.
    """

    countries: list[Country] = []
    blocs: list[Text] = []
    modality: Literal["any", "multimodal"]
    reach: Literal["domicile", "users"]
    source: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.countries and not self.blocs:
            raise ValueError("an exclusion names countries or blocs")
        return self


class Naming(Strict):
    """A text to display, or the start of a name, and what brings the duty about."""

    built_with: Text | None = None
    name_prefix: Text | None = None
    triggers: Annotated[
        list[Literal["distribution", "derivative", "output_training", "threshold"]], Field(min_length=1)
    ]

    @model_validator(mode="after")
    def _one_duty(self) -> Self:
        if (self.built_with is None) == (self.name_prefix is None):
            raise ValueError("a naming duty is either a text to show or the start of a name")
        return self


class Terms(Titled):
    """A licence. What `pass_on`, `output_training` and `foss` mean stands with `licence_conditions.Conditions`."""

    osi: bool
    fsf: bool
    commercial_use: bool | None
    obligations: list[Text]
    family: Text
    deprecated: bool | None = None
    replaced_by: Text | None = None
    aliases: list[Text] = []
    thresholds: list[Threshold] = []
    exclusions: list[Exclusion] = []
    naming: list[Naming] = []
    pass_on: Literal["restrictions", "agreement"] | None = None
    output_training: Literal["forbidden", "inherits", "naming", "allowed"] | None = None
    foss: bool | None = None
    governing_law: Text | None = None


class Family(Said):
    """A hint."""

    guess: Text
    alternatives: list[Text]


BODIES: Final[Mapping[CatalogueName, type[Strict]]] = {
    CatalogueName.COUNTRY: Titled,
    CatalogueName.BLOC: Titled,
    CatalogueName.BLOC_MEMBER: Said,
    CatalogueName.ADEQUACY: Adequate,
    CatalogueName.REGIME: Law,
    CatalogueName.LOCALISATION: Localising,
    CatalogueName.AI_ACT_DATE: Milestone,
    CatalogueName.REGION: Place,
    CatalogueName.VENDOR: Attributed,
    CatalogueName.SOFTWARE: Attributed,
    CatalogueName.ACCELERATOR: Chip,
    CatalogueName.EXPORT_CONTROL: Restriction,
    CatalogueName.OPEN_STANDARD: Standard,
    CatalogueName.LICENCE: Terms,
    CatalogueName.LICENCE_HINT: Family,
}
SAID: Final = frozenset(Titled.model_fields)


def attributes(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body states of the thing itself, without what it says of the statement."""
    return {name: value for name, value in body.items() if name not in SAID}
