"""A world out of a file that was exported: what `export` wrote, read back. No database, no server."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from service.engine.protocol import Bundle
from service.evaluation import portfolio
from service.evaluation.portfolio import Portfolio
from service.evaluation.standing import Memory
from service.foundation import canonical
from service.foundation.errors import Fault, Invalid
from service.gate.export import FORMAT, VERSION
from service.gate.world import Complaint
from service.inventory.estate import Estate
from service.inventory.estate_kept import KeptEstate
from service.inventory.foundations import foundations
from service.inventory.merge import Said
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.reference_entries import CatalogueName, Entry
from service.inventory.views import AssetView
from service.packs.assignment import Assignment, Pack, Slot
from service.violations.waiver_terms import Waiver, Waivers, WaiverStatus

_NOBODY: Final = UUID(int=0)


class KeptMemory:
    """What is remembered of an exported workspace."""

    def __init__(self, estate: KeptEstate, outcomes: Mapping[str, dict[str, str]]) -> None:
        self._estate, self._outcomes = estate, outcomes

    @property
    def estate(self) -> Estate:
        """Its inventory."""
        return self._estate

    def outcomes(self, refs_by_id: Mapping[int, str]) -> dict[str, dict[str, str]]:
        """The last outcomes when it was exported."""
        return {ref: self._outcomes[ref] for ref in refs_by_id.values() if ref in self._outcomes}

    def portfolio(self, catalogue: Catalogue, as_of: date, laid: Overlay) -> Portfolio:
        """The portfolio."""
        return portfolio.compute(foundations(self._estate, catalogue, laid), catalogue, as_of)


class KeptWorld:
    """An exported workspace. `at` is when it was exported, `workspace` its name."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.workspace = str(said["workspace"])
        self.at = datetime.fromisoformat(said["at"])
        statements = {
            one["ref"]: {each["origin"]: Said(**each) for each in one.get("said", ())} for one in said["assets"]
        }
        estate = KeptEstate(
            self.workspace,
            [_view(number, one) for number, one in enumerate(said["assets"], start=1)],
            {ref: origins for ref, origins in statements.items() if origins},
        )
        self._memory = KeptMemory(estate, {one["ref"]: one["outcomes"] for one in said["assets"] if "outcomes" in one})
        self._catalogue = Catalogue([_entry(one) for one in said["catalogue"]])
        self._assignment = _assignment(said["rules"])
        self._connectors = dict(said["connectors"])
        self._open = {Complaint(*one) for one in said["open"]}
        self._waivers = Waivers(_waiver(one) for one in said["waivers"])

    @property
    def memory(self) -> Memory:
        """Its inventory, and what was judged of it."""
        return self._memory

    def catalogue(self) -> Catalogue:
        """The reference catalogue that held in it."""
        return self._catalogue

    def assignment(self) -> Assignment:
        """What was in force in it."""
        return self._assignment

    def connector_of(self, origin: str) -> str | None:
        """The connector behind an origin."""
        return self._connectors.get(origin)

    def open(self, refs: Collection[str]) -> set[Complaint]:
        """What stood open of these assets."""
        wanted = set(refs)
        return {one for one in self._open if one.asset in wanted}

    def waivers(self, refs: Collection[str]) -> Waivers:  # noqa: ARG002 -- all of them are at hand
        """The approved waivers; whether one still holds, the instant tells."""
        return self._waivers


def read(content: bytes, name: str) -> KeptWorld:
    """The world that a file tells.

    Raises:
        Invalid: it is no export, one of another version, or a part of one.
    """
    remedy = "a file that `allod inventory export` wrote"
    try:
        said = canonical.decode(content)
    except ValueError as error:
        fault = Fault("", f"this is no JSON, or only a part of some ({error})", remedy, file=name)
        raise Invalid(f"{name} cannot be read.", [fault]) from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Invalid(f"{name} is no exported inventory.", [Fault("/format", f"is not {FORMAT!r}", remedy, file=name)])
    if said.get("version") != VERSION:
        fault = Fault("/version", f"is {said.get('version')!r}", f"{VERSION}: export anew with this release", file=name)
        raise Invalid(f"{name} was exported by another release of Allod.", [fault])
    try:
        return KeptWorld(said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fault = Fault("", f"a part is not as it was written ({type(error).__name__}: {error})", remedy, file=name)
        raise Invalid(f"{name} is damaged.", [fault]) from error


def _view(number: int, one: Mapping[str, Any]) -> AssetView:
    kind, _, name = one["ref"].partition(":")
    return AssetView(
        id=number,
        ref=one["ref"],
        kind=kind,
        name=name,
        title=one.get("title"),
        labels=one.get("labels", {}),
        annotations=one.get("annotations", {}),
        attributes=one.get("attributes", {}),
        relations=one.get("relations", []),
        evidence=one.get("evidence", {}),
        managed_by=one.get("managed_by"),
    )


def _entry(one: Mapping[str, Any]) -> Entry:
    return Entry(
        CatalogueName(one["catalogue"]),
        one["key"],
        one["body"],
        one["source"],
        date.fromisoformat(one["reviewed_on"]),
        _day(one["valid_from"]),
        _day(one["valid_to"]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _assignment(said: Mapping[str, Any]) -> Assignment:
    slots = tuple(
        Slot(one["parameters"], {rule: tuple(packs) for rule, packs in one["packs"].items()}) for one in said["slots"]
    )
    packs = [_pack(one) for one in said["packs"]]
    return Assignment(Bundle.from_dict(said["bundle"]), slots, {pack.id: pack for pack in packs})


def _pack(one: Mapping[str, Any]) -> Pack:
    return Pack(
        **{
            **one,
            "effective_on": date.fromisoformat(one["effective_on"]),
            "rules": tuple(one["rules"]),
            "labels": {key: tuple(values) for key, values in one["labels"].items()},
        }
    )


def _waiver(one: Mapping[str, Any]) -> Waiver:
    expires_at = datetime.fromisoformat(one["expires_at"])
    return Waiver(
        id=UUID(one["id"]),
        workspace_id=_NOBODY,
        rule=one["rule"],
        pack=one["pack"],
        asset=one["asset"],
        subject=one["subject"],
        reason=one["reason"],
        ticket=None,
        status=WaiverStatus.APPROVED,
        requested_by="",
        requested_at=expires_at,
        expires_at=expires_at,
        approved_by=one["approved_by"],
    )
