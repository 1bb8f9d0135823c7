"""The estate: what walks and judgement ask of a workspace's inventory, whoever keeps it.

`estate_stored.StoredEstate` asks the database, `estate_kept.KeptEstate` a file that `allod inventory export` wrote. Both
answer the same questions alike, which is why a verdict does not depend on where it was made.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from service.inventory.merge import Said
from service.inventory.views import AssetView, ReachView


class Tie(NamedTuple):
    """An edge as it is kept: `owner` is the asset whose statement makes it."""

    owner: str
    source: str
    type: str
    target: str
    detail: dict[str, Any] | None


class Estate(Protocol):
    """A workspace's assets and the ties between them. Deleted assets are not among them; their ties are gone as well."""

    @property
    def workspace(self) -> str:
        """The workspace's name."""

    def assets(self, refs: Collection[str]) -> dict[str, AssetView]:
        """Those of `refs` that are registered, by ref."""

    def up(self, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        """All ties of these types that can be walked upwards from `start`."""

    def down(self, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        """All ties of these types that can be walked downwards from `start`."""

    def exchanges(self, refs: Collection[str]) -> list[Tie]:
        """`alternative_to` from or to `refs`, and what exit plans name, from the system and to what it names."""

    def datasets_of(self, systems: Collection[str]) -> list[Tie]:
        """The ties by which systems use datasets."""

    def reach(self, refs: Collection[str]) -> list[ReachView]:
        """What matters of the systems and datasets among `refs` for what they rest on."""

    def vendors(self) -> set[str]:
        """Refs of all registered vendors."""

    def systems(self) -> dict[str, str | None]:
        """The criticality of every system, by ref."""

    def accelerated(self) -> set[str]:
        """Refs of all hosts that state accelerators."""

    def said(self, refs: Collection[str]) -> dict[str, dict[str, Said]]:
        """What each origin says of those of `refs` that somebody besides a manifest speaks of, by ref and origin."""
