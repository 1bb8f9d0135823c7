"""The input document, version 1: what a rule is told about one asset. This is a product; others write rules against it.

`policies/schema/input-v1.json` is generated from these types (`schema()`), and a test freezes it. Everything is already
resolved through the graph: a rule never has to walk. Absent means unresolved, never "no"; lists are sorted, so that equal
facts give equal bytes. Dates are ISO 8601 strings, countries ISO 3166-1 alpha-2, subdivisions ISO 3166-2, shares in basis
points (10,000 is the whole).
"""

from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from service.evaluation.input_control import (
    Concentration,
    Control,
    Holder,
    Link,
    Regime,
    Subprocessors,
)
from service.evaluation.input_lineage import (
    Alternative,
    Consumer,
    Consumers,
    Dangling,
    Interface,
    Jurisdiction,
    LanguageFact,
    LicenceConditions,
    LicenceFact,
    Milestone,
    OpennessFact,
    Part,
    Terms,
    Way,
    WeightFact,
)
from service.evaluation.input_places import (
    AcceleratorFact,
    Adequacy,
    AssetFact,
    DataClass,
    DataFact,
    Evidence,
    Grade,
    LocalisationLaw,
    Place,
    Purpose,
    Recipient,
    SeenFact,
    Subjects,
)

__all__ = [
    "VERSION",
    "AcceleratorFact",
    "Adequacy",
    "Alternative",
    "AssetFact",
    "Concentration",
    "Consumer",
    "Consumers",
    "Control",
    "Dangling",
    "DataClass",
    "DataFact",
    "Evidence",
    "Grade",
    "Holder",
    "Interface",
    "Jurisdiction",
    "LanguageFact",
    "LicenceConditions",
    "LicenceFact",
    "Link",
    "LocalisationLaw",
    "Milestone",
    "OpennessFact",
    "Part",
    "Place",
    "PolicyInput",
    "Purpose",
    "Recipient",
    "Regime",
    "SeenFact",
    "Subjects",
    "Subprocessors",
    "Terms",
    "Way",
    "WeightFact",
    "schema",
]

VERSION: Final = 1


@with_config(ConfigDict(extra="forbid"))
class PolicyInput(TypedDict):
    """One document: what every rule of a judgement sees as `input`.

    `parameters` holds, under each rule's id, that rule's parameters as pack and workspace set them.
    """

    version: Literal[1]
    as_of: str
    workspace: str
    asset: AssetFact
    data: DataFact
    places: list[Place]
    control: list[Control]
    licences: list[LicenceFact]
    weights: list[WeightFact]
    consumers: Consumers
    dangling: list[Dangling]
    subjects: Subjects
    localisation: list[LocalisationLaw]
    seen: list[SeenFact]
    holders: list[Holder]
    subprocessors: Subprocessors
    parts: list[Part]
    interfaces: list[Interface]
    languages: list[LanguageFact]
    accelerators: list[AcceleratorFact]
    openness: OpennessFact | None
    ai_act: list[Milestone]
    concentration: Concentration | None
    parameters: dict[str, dict[str, Any]]


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of version 1."""
    body = TypeAdapter(PolicyInput).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:allod:input:v1",
        **body,
        "title": "Allod policy input, version 1",
    }
