"""Assets as the API shows them."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from service.inventory.lineage import Lineage
from service.inventory.queries import Revision
from service.inventory.views import AssetView


class EvidenceBody(BaseModel):
    """How well an attribute is known, from where, and since when."""

    grade: str
    source: str
    at: datetime


class AssetBody(BaseModel):
    """An asset as it is now."""

    ref: str = Field(examples=["system:support-desk"])
    workspace: str
    kind: str
    name: str
    title: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    attributes: dict[str, Any]
    relations: list[dict[str, Any]]
    evidence: dict[str, EvidenceBody] = Field(description="By attribute; an attribute that is absent is unresolved")
    managed_by: str | None
    revision: int
    created_at: datetime
    updated_at: datetime
    stale_since: datetime | None = Field(description="Nobody who speaks of the asset sees it any longer, since then")

    @classmethod
    def of(cls, view: AssetView, workspace: str) -> Self:
        """The body that shows `view`."""
        return cls.model_validate({name: getattr(view, name) for name in cls._shown()} | {"workspace": workspace})

    @classmethod
    def _shown(cls) -> list[str]:
        return [name for name in cls.model_fields if name != "workspace"]


class AssetPage(BaseModel):
    """A page of assets."""

    items: list[AssetBody]
    next_cursor: str | None


class RevisionBody(BaseModel):
    """One change of an asset: who, when, and what differs from the revision before."""

    revision: int
    operation: str = Field(description="created, updated or deleted")
    actor: str
    at: datetime
    changed: list[str] = Field(description="JSON pointers into `body`")
    body: dict[str, Any]

    @classmethod
    def of(cls, view: Revision) -> Self:
        """The body that shows `view`."""
        return cls.model_validate({name: getattr(view, name) for name in cls.model_fields})


class RevisionPage(BaseModel):
    """A page of an asset's history, newest first."""

    items: list[RevisionBody]
    next_cursor: str | None


class NodeBody(BaseModel):
    """Something met on the way, with the shortest way to it."""

    ref: str
    depth: int
    registered: bool = Field(description="False: the ref dangles, or only the reference catalogue knows it")
    title: str | None
    path: list[str]


class EdgeBody(BaseModel):
    """`source` rests on `target`."""

    source: str
    type: str
    target: str
    detail: dict[str, Any]


class LineageBody(BaseModel):
    """What an asset comes from or what came of it."""

    asset: str
    direction: str
    nodes: list[NodeBody]
    edges: list[EdgeBody]
    complete: bool = Field(description="False: ask on from each ref in `frontier`")
    frontier: list[str]

    @classmethod
    def of(cls, asset: str, direction: str, found: Lineage) -> Self:
        """The body that shows `found`."""
        return cls(
            asset=asset,
            direction=direction,
            nodes=[
                NodeBody(ref=n.ref, depth=n.depth, registered=n.registered, title=n.title, path=n.path)
                for n in found.nodes
            ],
            edges=[EdgeBody(source=e.source, type=e.type, target=e.target, detail=e.detail) for e in found.edges],
            complete=found.complete,
            frontier=found.frontier,
        )
