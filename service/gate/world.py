"""The world that a candidate is judged in: inventory, catalogue, rules in force, and what stands open or is waived there.

`StoredWorld` is the live one. `kept.KeptWorld` is one that was exported, for judging without a server.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from sqlmodel import Session

from service.evaluation.standing import Memory, StoredMemory
from service.foundation.errors import Invalid, Unavailable
from service.inventory.reference import Catalogue
from service.inventory.views import WorkspaceView
from service.packs.assignment import Assignment
from service.packs.queries import in_force
from service.pipeline import Ground
from service.scans import sources
from service.violations import standing, waivers
from service.violations.waiver_terms import Waivers


class Complaint(NamedTuple):
    """What is wrong with what, by whose rule."""

    asset: str
    rule: str
    pack: str
    subject: str


class World(Protocol):
    """A workspace as judgement of a candidate sees it."""

    @property
    def memory(self) -> Memory:
        """Its inventory, and what was judged of it."""

    def catalogue(self) -> Catalogue:
        """The reference catalogue that holds in it."""

    def assignment(self) -> Assignment:
        """The rules, parameters and packs that are in force in it."""

    def connector_of(self, origin: str) -> str | None:
        """The connector behind the origin of a statement, None where no source has that name any more."""

    def open(self, refs: Collection[str]) -> set[Complaint]:
        """What stands open of these assets."""

    def waivers(self, refs: Collection[str]) -> Waivers:
        """The approved waivers on these assets."""


class StoredWorld:
    """A workspace in the database, seen through one session."""

    def __init__(self, session: Session, ground: Ground, workspace: WorkspaceView) -> None:
        self.session, self.ground, self.home = session, ground, workspace
        self.stored = StoredMemory(session, workspace)

    @property
    def memory(self) -> Memory:
        """Its inventory, and what was judged of it."""
        return self.stored

    def catalogue(self) -> Catalogue:
        """The catalogue as the rows stand now."""
        return Catalogue.load(self.session, self.home.id)

    def assignment(self) -> Assignment:
        """What is in force now.

        Raises:
            Unavailable: that cannot be told, or it is nothing at all. A candidate that no rule looked at is not allowed.
        """
        try:
            found = in_force(self.session, self.ground.library, self.home.id)
        except Invalid as refusal:
            raise Unavailable(f"Nobody can judge in {self.home.name!r}: {refusal.detail}", refusal.faults) from refusal
        if not found.packs:
            raise Unavailable(f"Nobody judges in {self.home.name!r}: switch a pack on.")
        return found

    def connector_of(self, origin: str) -> str | None:
        """The connector of the source that has the name now."""
        return sources.connectors(self.session, self.home.id).get(origin)

    def open(self, refs: Collection[str]) -> set[Complaint]:
        """What stands open now."""
        return {Complaint(*each) for each in standing.open_complaints(self.session, self.home.id, refs)}

    def waivers(self, refs: Collection[str]) -> Waivers:
        """The approved waivers as they stand now."""
        return waivers.load(self.session, self.home.id, refs)
