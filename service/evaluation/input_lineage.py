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
    conditions: list[dict[str, Any]]
    title: str | None
    notices: list[str] | None
    modalities: list[str] | None
    released_name: str
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


@with_config(ConfigDict(extra="forbid"))
class LanguageFact(TypedDict):
    """A model behind a system and the languages (BCP 47) it states; None: it states none, or a service names no model."""

    ref: str
    languages: list[str] | None
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class OpennessFact(TypedDict):
    """Class (3, 2, 1; 1 is best, 0 none) and missing components of the Model Openness Framework.

    With exact licence ids (`strict`) and with resolved ones. None where no component is recorded.
    """

    strict: int
    resolved: int
    missing: list[str]
    unlicensed: list[str]


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
