"""Parts of the input document: what an asset is made of and who rests on it. See `policy_input.py`."""

from typing import Any, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from service.evaluation.input_places import Grade


@with_config(ConfigDict(extra="forbid"))
class Terms(TypedDict):
    """What a licence expression means: AND takes the strictest, OR the freest. None: not known.

    `obligations` are sorted slugs out of: attribution, copyleft, geographic_exclusion, naming, no_output_training,
    non_commercial, notice, share_alike, size_threshold, use_restrictions, no_derivatives, research_only.
    """

    commercial_use: bool | None
    obligations: list[str]


@with_config(ConfigDict(extra="forbid"))
class LicenceConditions(TypedDict):
    """What a licence expression asks for beyond its obligations; of an OR, by the same choice as `terms`.

    `thresholds`: `{measure, limit, currency?, effect}`. `exclusions`: `{countries, blocs, modality, reach}`, the members of
    the blocs on `as_of` among the countries. `naming`: `{built_with | name_prefix, triggers}`. `pass_on`: `restrictions`,
    `agreement` or None. `output_training`: `forbidden`, `inherits`, `naming`, `allowed` or None (not known). `foss`: free
    and open-source in the sense of AI Act Art. 53(2), None: not known.
    """

    thresholds: list[dict[str, Any]]
    exclusions: list[dict[str, Any]]
    naming: list[dict[str, Any]]
    pass_on: Literal["restrictions", "agreement"] | None
    output_training: Literal["forbidden", "inherits", "naming", "allowed"] | None
    foss: bool | None


@with_config(ConfigDict(extra="forbid"))
class LicenceFact(TypedDict):
    """The licence of the asset itself (`depth` 0) or of one thing it rests on, by the shortest way (`path`).

    `status`: `resolved` (expression known to the catalogue), `unresolved` (text that nothing matches or only a guess
    matches), `absent` (registered without a licence), `dangling` (not registered). `through` are the relation types along
    the path, `derivation` the kind of the last one. `title`, `notices`, `modalities` and `publisher` are stated of the thing
    that is licensed; `released_name` is its title, else the last part of its name.
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
    conditions: LicenceConditions
    title: str | None
    notices: list[str] | None
    modalities: list[str] | None
    released_name: str
    publisher: str | None
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
class Jurisdiction(TypedDict):
    """A state whose law reaches something: its place is there, or a company that commands its operator is."""

    country: str
    blocs: list[str]


@with_config(ConfigDict(extra="forbid"))
class Way(TypedDict):
    """A place, host or service that something runs at: `jurisdictions` sorted by country.

    `complete` when the place and everybody who commands the operator are known to the top.
    """

    ref: str
    jurisdictions: list[Jurisdiction]
    complete: bool


@with_config(ConfigDict(extra="forbid"))
class Alternative(TypedDict):
    """Something that could take a part's place.

    `outcomes`: by pack id, what its last judgement came to (`pass`, `violation`, `unknown`, `error`); empty: never judged.
    """

    ref: str
    registered: bool
    outcomes: dict[str, str]
    ways: list[Way]


@with_config(ConfigDict(extra="forbid"))
class Part(TypedDict):
    """Something a system needs to run: a model, service, software, host or region, with what could take its place.

    `alternatives` are what `alternative_to` relations name for it, in either direction, what the exit plan names of its
    kind, and for a host or region the others that the system runs on. `ways` is where it runs; empty where nothing says
    that it runs anywhere but with the system itself.
    """

    ref: str
    path: list[str]
    alternatives: list[Alternative]
    ways: list[Way]


@with_config(ConfigDict(extra="forbid"))
class Interface(TypedDict):
    """A format or protocol that an AI service or software speaks; `status` from the reference catalogue."""

    name: str
    status: Literal["open", "de_facto", "proprietary", "unknown"]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class Milestone(TypedDict):
    """A part of the AI Act as the law stood on `as_of`, and whether it applied then."""

    id: str
    title: str
    applies_on: str
    applies: bool


@with_config(ConfigDict(extra="forbid"))
class LanguageFact(TypedDict):
    """A model behind a system and the languages (BCP 47) it states; None: it states none, or a service names no model."""

    ref: str
    languages: list[str] | None
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class OpennessFact(TypedDict):
    """Class of a model by the Model Openness Framework: 1 (best) to 3, 0 for none. None where no component is recorded.

    `strict` reads licences by exact SPDX ids, as the reference tool does, `resolved` by the licence resolver. `possible` is
    the class that the model would have if every licence that is not stated or not understood (components in `unclear`)
    were open. `missing` are the required components that are not released, `closed` those released without an open licence.
    """

    strict: int
    resolved: int
    possible: int
    missing: list[str]
    closed: list[str]
    unclear: list[str]
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

    `commercial` and `undeclared` count those that are commercial, and those that do not say; `criticalities` counts them
    by how critical they are, under `unstated` those that do not say.
    """

    total: int
    commercial: int
    undeclared: int
    criticalities: dict[str, int]
    nearest: list[Consumer]


@with_config(ConfigDict(extra="forbid"))
class Dangling(TypedDict):
    """A relation to something nobody registered, anywhere in what the asset rests on."""

    source: str
    type: str
    target: str
