"""The input document, version 1: what a rule is told about one asset. This is a product; others write rules against it.

`policies/schema/input-v1.json` is generated from these types (`schema()`), and a test freezes it. Everything is already
resolved through the graph: a rule never has to walk. Absent means unresolved, never "no"; lists are sorted, so that equal
facts give equal bytes. Dates are ISO 8601 strings, countries ISO 3166-1 alpha-2, subdivisions ISO 3166-2, shares in basis
points (10,000 is the whole).
"""

from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

VERSION: Final = 1

Grade = Literal["verified", "inferred", "declared", "unresolved"]
Purpose = Literal["storage", "processing", "backup", "telemetry", "support", "failover"]


@with_config(ConfigDict(extra="forbid"))
class Evidence(TypedDict):
    """How well an attribute is known: `at` is an RFC 3339 instant."""

    grade: Grade
    source: str
    at: str


@with_config(ConfigDict(extra="forbid"))
class AssetFact(TypedDict):
    """The asset that is judged, as its manifest states it (the reference catalogue filled in for regions and vendors)."""

    ref: str
    kind: str
    name: str
    title: str | None
    labels: dict[str, str]
    attributes: dict[str, Any]
    evidence: dict[str, Evidence]


@with_config(ConfigDict(extra="forbid"))
class DataClass(TypedDict):
    """One class of data that is within the asset, and the way it came: `path` leads from the asset to what declares it."""

    data_class: str
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class DataFact(TypedDict):
    """All data that the asset holds or sees.

    A dataset: its own classes. A system: its own and those of the datasets it uses. A host, region or AI service: those of
    all systems and datasets that rest on it. `undeclared` lists paths to assets whose classes nobody stated: while it is
    not empty, "no restricted data" cannot be concluded.
    """

    classes: list[DataClass]
    undeclared: list[list[str]]


@with_config(ConfigDict(extra="forbid"))
class Place(TypedDict):
    """One place where the asset's data lies or is worked on.

    `path` leads from the asset to the region, both included. `status` is `known` when the country is known,
    `no_country` for a region without one, `dangling` for a region nobody registered, `no_region` for a host without
    location. `blocs` are the blocs that hold the country on `as_of`.
    """

    purpose: Purpose
    region: str | None
    status: Literal["known", "no_country", "dangling", "no_region"]
    country: str | None
    subdivision: str | None
    blocs: list[str]
    path: list[str]
    transfer_mechanism: str | None
    key_custody: str | None
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class Regime(TypedDict):
    """A law by which a state can compel disclosure, in force on `as_of` (reference catalogue `regime`)."""

    id: str
    title: str
    country: str


@with_config(ConfigDict(extra="forbid"))
class Link(TypedDict):
    """One company of a control chain.

    `role` is `operator` for the first, `owner` for all above it. `share` is the larger of its capital and voting share in
    the company below, None where nobody stated it. `country` is where it is incorporated, `headquarters` where it is run
    from; `blocs` are those of `country`. `path` leads from the judged asset to this company.
    """

    vendor: str
    name: str
    role: Literal["operator", "owner"]
    depth: int
    country: str | None
    headquarters: str | None
    blocs: list[str]
    headquarters_blocs: list[str]
    share: int | None
    veto: bool
    regimes: list[Regime]
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class Control(TypedDict):
    """Who can be compelled over one thing the asset rests on: `of` is that region, host or service, `path` leads to it.

    `status` is `complete` when every branch ends in a company known to have no further owner; `unknown_owner` when a
    company's owners were never stated, `unknown_operator` when the operator was not, `dangling` when a company in the
    chain is not registered, `unknown_country` when a company's seat is not known. `ends` names the companies or things
    where knowledge stops.
    """

    of: str
    path: list[str]
    status: Literal["complete", "unknown_owner", "unknown_operator", "unknown_country", "dangling"]
    ends: list[str]
    links: list[Link]


@with_config(ConfigDict(extra="forbid"))
class Terms(TypedDict):
    """What a licence expression means: AND takes the strictest, OR the freest. None: not known.

    `obligations` are sorted slugs out of: attribution, copyleft, geographic_exclusion, naming, no_output_training,
    non_commercial, notice, share_alike, size_threshold, use_restrictions, no_derivatives, research_only.
    """

    commercial_use: bool | None
    obligations: list[str]


@with_config(ConfigDict(extra="forbid"))
class LicenceFact(TypedDict):
    """The licence of the asset itself (`depth` 0) or of one thing it rests on, by the shortest way (`path`).

    `status`: `resolved` (expression known to the catalogue), `unresolved` (text that nothing matches or only a guess
    matches), `absent` (registered without a licence), `dangling` (not registered). `through` are the relation types along
    the path, `as` the kind of the last derivation.
    """

    ref: str
    kind: str
    depth: int
    path: list[str]
    through: list[str]
    derivation: str | None
    status: Literal["resolved", "unresolved", "absent", "dangling"]
    raw: str | None
    expression: str | None
    match: Literal["exact", "normalised", "guessed", "none"]
    terms: Terms
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class WeightFact(TypedDict):
    """The weights of a model that a system runs on, directly or through a service it calls.

    `status` is `known`, `undeclared` (a registered model without the attribute, or an AI service that names no model) or
    `dangling`.
    """

    ref: str
    status: Literal["known", "undeclared", "dangling"]
    weights: Literal["open", "gated", "closed"] | None
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class Consumer(TypedDict):
    """A system that rests on the asset; `path` leads from the system to the asset."""

    ref: str
    commercial: bool | None
    criticality: str | None
    path: list[str]


@with_config(ConfigDict(extra="forbid"))
class Consumers(TypedDict):
    """Systems that rest on the asset: `total` of all, `nearest` at most 20, commercial and critical ones first.

    `commercial` and `undeclared` count those that are commercial, and those that do not say.
    """

    total: int
    commercial: int
    undeclared: int
    nearest: list[Consumer]


@with_config(ConfigDict(extra="forbid"))
class Dangling(TypedDict):
    """A relation to something nobody registered, anywhere in what the asset rests on."""

    source: str
    type: str
    target: str


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
