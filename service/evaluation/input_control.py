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
    """Who holds a vendor, directly or through others.

    `share` is the product of all shares on the way, None where one of them is not stated. Natural persons and funds count by their country. `path` leads from the vendor to the holder.
    """

    vendor: str
    name: str
    country: str | None
    blocs: list[str]
    share: int | None
    veto: bool
    path: list[str]
    grade: Grade


@with_config(ConfigDict(extra="forbid"))
class Subprocessor(TypedDict):
    """A company that works for the vendor or for an AI service's provider, at any depth, with the laws it is under."""

    vendor: str
    known: bool
    country: str | None
    blocs: list[str]
    regimes: list[Regime]
    path: list[str]


@with_config(ConfigDict(extra="forbid"))
class Subprocessors(TypedDict):
    """`undisclosed` lists the vendors on the way that neither name subprocessors nor state that they have none."""

    items: list[Subprocessor]
    undisclosed: list[str]


@with_config(ConfigDict(extra="forbid"))
class Concentration(TypedDict):
    """What of the workspace rests on one vendor, computed once for an evaluation.

    Shares in basis points. `systems`: high and critical systems that rest on it or on what it owns, of `systems_total`;
    `accelerators`: of all counted in the workspace, those it supplies; `country_accelerators` those designed in its
    country. None where there is nothing to count.
    """

    systems: list[str]
    systems_total: int
    systems_share: int | None
    accelerators: int
    accelerators_total: int
    accelerators_share: int | None
    country: str | None
    country_accelerators_share: int | None
