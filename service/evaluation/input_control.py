"""Parts of the input document: who is in control. See `policy_input.py`."""

from typing import Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from service.evaluation.input_places import Grade


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
class Holder(TypedDict):
    """Who holds a vendor, directly or through others: one entry for each way, which `path` shows, from vendor to holder.

    `share` is the product of all shares on the way in millionths, rounded up, None where one of them is not stated. `veto`
    says that he has one, or has one over a company that commands all the way down. Persons and funds count by their country.
    `holder` is False for what is left of a company when all that its record states are counted: nobody says who holds that.
    """

    vendor: str
    name: str
    holder: bool
    country: str | None
    headquarters: str | None
    blocs: list[str]
    headquarters_blocs: list[str]
    share: int | None
    veto: bool
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class Subprocessors(TypedDict):
    """Companies that work for a vendor, or for an AI service's provider, at any depth.

    `chains` tells for each who stands above it. `undisclosed` lists paths to the vendors on the way that name no
    subprocessor without stating that they have none, or state that their list is not open; of an AI service without
    provider the path to itself.
    """

    chains: list[Control]
    undisclosed: list[list[str]]


@with_config(ConfigDict(extra="forbid"))
class Concentration(TypedDict):
    """What of the workspace rests on one vendor, computed once for an evaluation. Shares in basis points.

    A system rests on whoever runs or provides what it uses, and on whoever commands that company. `systems` names, of the
    `systems_count` high and critical ones (of `systems_total`) that surely do, the first 20. `systems_least` is the share
    they surely have, `systems_most` the one they may have: `open` names the first 20 systems that do not say how critical
    they are, or rest on something whose control is not known to the top. None where there is nothing to count.

    `supplies` says that an accelerator of the workspace comes from it; `accelerators_*` count those in the workspace's
    hosts that it or a company it commands supplies, `country_*` those whose supplier is incorporated in its `country`.
    `uncounted` names the hosts with accelerators that state no number or no supplier: these are in no count.
    """

    systems: list[str]
    systems_count: int
    systems_total: int
    systems_least: int | None
    systems_most: int | None
    open: list[str]
    supplies: bool
    accelerators: int
    accelerators_total: int
    accelerators_share: int | None
    country: str | None
    country_blocs: list[str]
    country_accelerators: int
    country_accelerators_share: int | None
    uncounted: list[str]
