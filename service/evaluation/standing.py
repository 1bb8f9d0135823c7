"""What documents tell beyond their slice: how the alternatives of parts were last judged, and the whole portfolio."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sqlmodel import Session

from service.evaluation import portfolio, record
from service.evaluation.landscape import kind_of
from service.evaluation.portfolio import Portfolio
from service.inventory.estate import Estate
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Kind, RelationType
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.views import Slice, WorkspaceView

_NAMING = (RelationType.ALTERNATIVE_TO.value, RelationType.RUNS_ON.value, "exit_alternative")


@dataclass(frozen=True, slots=True)
class Standing:
    """`outcomes`: by ref and pack id, what last judgements came to. `portfolio` is None where no vendor is judged."""

    outcomes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    portfolio: Portfolio | None = None


class Memory(Protocol):
    """What is remembered of a workspace as a whole, whoever keeps it."""

    @property
    def estate(self) -> Estate:
        """Its inventory."""

    def outcomes(self, refs_by_id: Mapping[int, str]) -> dict[str, dict[str, str]]:
        """By ref and pack id, the worst outcome of the last judgements of these assets."""

    def portfolio(self, catalogue: Catalogue, as_of: date, laid: Overlay) -> Portfolio:
        """The portfolio, with candidates laid over the inventory."""


class StoredMemory:
    """The memory of a workspace in the database."""

    def __init__(self, session: Session, workspace: WorkspaceView) -> None:
        self.session = session
        self.stored = StoredEstate(session, workspace)

    @property
    def estate(self) -> Estate:
        """Its inventory."""
        return self.stored

    def outcomes(self, refs_by_id: Mapping[int, str]) -> dict[str, dict[str, str]]:
        """The last outcomes."""
        return record.outcomes_by_pack(self.session, refs_by_id)

    def portfolio(self, catalogue: Catalogue, as_of: date, laid: Overlay) -> Portfolio:
        """The portfolio; computed once for a state of the inventory."""
        return portfolio.stored(self.stored, catalogue, as_of, laid)


def standing(
    memory: Memory,
    part: Slice,
    refs: Collection[str],
    catalogue: Catalogue,
    as_of: date,
    laid: Overlay | None = None,
) -> Standing:
    """The standing for the documents of `refs`, looked up as far as one of them needs it."""
    kinds = {kind_of(ref) for ref in refs}
    outcomes: dict[str, dict[str, str]] = {}
    if Kind.SYSTEM in kinds and (ids := _interchangeable(part)):
        outcomes = memory.outcomes(ids)
    whole = memory.portfolio(catalogue, as_of, laid or Overlay()) if Kind.VENDOR in kinds else None
    return Standing(outcomes, whole)


def _interchangeable(part: Slice) -> dict[int, str]:
    """Registered assets of a slice that could take each other's place, by id."""
    ties = (edge for edges in part.up.values() for edge in edges if edge.type in _NAMING)
    ends = {end for edge in ties for end in (edge.source, edge.target)}
    return {asset.id: ref for ref in ends if (asset := part.assets.get(ref)) is not None and asset.id is not None}
