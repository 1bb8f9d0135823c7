"""What the attributes of the kinds are made of: where data goes, who owns whom, how a system could go on elsewhere.

Every field may be left out, unless the part says nothing without it; absent (or null) means unresolved.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.inventory.values import (
    Amount,
    Country,
    Day,
    Jurisdiction,
    Language,
    Line,
    Percentage,
    Positive,
    Prose,
    RegionRef,
    Slug,
    VendorRef,
    refusal,
)

DataClass = Literal["public", "internal", "personal", "special_category", "health", "financial", "classified"]
Purpose = Literal["storage", "processing", "backup", "telemetry", "support", "failover"]
# GDPR Art. 46(2) and 49: standard clauses, binding corporate rules, codes of conduct, certification, derogations.
TransferMechanism = Literal["scc", "bcr", "code_of_conduct", "certification", "derogation"]
LIST: Final = Field(max_length=5_000)


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
    alternatives: Annotated[list[Line], LIST] | None = None


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


Jurisdictions = Annotated[list[Jurisdiction], LIST]
Languages = Annotated[list[Language], LIST]
Lines = Annotated[list[Line], LIST]
Slugs = Annotated[list[Slug], LIST]
DataPaths = Annotated[list[DataPath], LIST]
DataClasses = Annotated[list[DataClass], LIST]
