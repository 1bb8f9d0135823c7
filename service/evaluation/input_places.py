"""Parts of the input document: the asset, its data, and where that lies. See `policy_input.py`."""

from typing import Any, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

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
class Subjects(TypedDict):
    """Where the people live whose data is within the asset (ISO 3166-1 or -2).

    A dataset's subjects, a system's users and the subjects of its datasets; of a host, region or AI service those of all
    systems and datasets that rest on it. Whoever declares only data that is of no people is left out. `undeclared` lists
    paths to assets with personal data that do not say. `count` is the number of subjects where all state it.
    """

    jurisdictions: list[str]
    blocs: list[str]
    undeclared: list[list[str]]
    count: int | None


@with_config(ConfigDict(extra="forbid"))
class LocalisationLaw(TypedDict):
    """A duty, in force on `as_of`, that a law lays on data of people in one of the subjects' countries.

    `data_classes` are those it speaks of. It binds whoever holds data of more than `above` and at most `up_to` people
    (None: no such bound); `measure` says how they are counted. A `sectoral` law binds some branches only.
    """

    id: str
    title: str
    country: str
    duty: Literal["storage_in_country", "collection_in_country", "security_assessment", "contract_or_certification"]
    data_classes: list[str]
    above: int | None
    up_to: int | None
    measure: Literal["subjects_held", "subjects_transferred_since_january"] | None
    sectoral: bool
    condition: str | None


@with_config(ConfigDict(extra="forbid"))
class Adequacy(TypedDict):
    """The adequacy decision for a place's country on `as_of` (GDPR Art. 45); `requires` what a recipient must show.

    A `partial` decision covers only what `condition` says.
    """

    scope: Literal["full", "partial"]
    requires: str | None
    condition: str | None


@with_config(ConfigDict(extra="forbid"))
class Recipient(TypedDict):
    """Who runs a place, or a host or service on the way to it.

    `dpf_certified`: whether he is certified under the EU-US Data Privacy Framework (None: nobody stated it).
    """

    vendor: str
    dpf_certified: bool | None


@with_config(ConfigDict(extra="forbid"))
class Place(TypedDict):
    """One place where the asset's data lies or is worked on, by its declaration or because somebody saw it there.

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
    adequacy: Adequacy | None
    recipients: list[Recipient]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class SeenFact(TypedDict):
    """A place where somebody (`source`) saw the asset, up to `as_of`, and whether its declaration has it.

    `declared` is None where the declaration cannot tell: it names no place for that purpose, or one that nobody knows where
    it is.
    """

    region: str
    purpose: Purpose | None
    source: str
    on: str | None
    declared: bool | None
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class AcceleratorFact(TypedDict):
    """Accelerators of one type in a host as the catalogue knows them.

    `model` is the host's own word; `status` whether that was found there. `export_class` is an ECCN, `none` for what no
    entry controls; `destination` the host's country. `controls` are the titles of the controls on that class towards it on
    `as_of`; None where class or country is not known.
    """

    model: str | None
    status: Literal["known", "not_catalogued", "undeclared"]
    vendor: str | None
    count: int | None
    design_country: str | None
    export_class: str | None
    destination: str | None
    controls: list[str] | None
    grade: Grade
