"""What goes out: assets and edges as other rooms see them, frozen, without a session behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from service.inventory.facts import Kind


@dataclass(frozen=True, slots=True)
class AssetView:
    """An asset as it is now. `id` is None for a candidate of the gate and for what only the catalogue knows."""

    id: int | None
    ref: str
    kind: str
    name: str
    title: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    attributes: dict[str, Any]
    relations: list[dict[str, Any]]
    evidence: dict[str, dict[str, str]]
    managed_by: str | None = None
    revision: int = 0
    digest: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    stale_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class EdgeView:
    """`source` rests on `target` in the way `type`."""

    source: str
    type: str
    target: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    """A workspace's key and name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ReachView:
    """What matters of a system or dataset that rests on something: the classes of its data, and who is served.

    None means that nobody stated it. `grade` is that of the statement about the data classes; `jurisdictions` are where a
    system's users and a dataset's subjects live, `subjects` how many the latter are.
    """

    ref: str
    kind: str
    data_classes: tuple[str, ...] | None
    commercial: bool | None
    criticality: str | None
    grade: str
    jurisdictions: tuple[str, ...] | None = None
    subjects: int | None = None

    @classmethod
    def of(cls, ref: str, kind: str, attributes: Mapping[str, Any], grade: str) -> "ReachView":
        """What a system's or dataset's attributes say of it."""
        classes = attributes.get("data_classes")
        lived_in = attributes.get("user_jurisdictions" if kind == Kind.SYSTEM else "subject_jurisdictions")
        return cls(
            ref,
            kind,
            None if classes is None else tuple(classes),
            attributes.get("commercial"),
            attributes.get("criticality"),
            grade,
            None if lived_in is None else tuple(lived_in),
            attributes.get("subjects"),
        )


@dataclass
class Slice:
    """A part of the graph, enough to judge some assets: what they rest on, and what rests on them.

    `assets` by ref; `up` the edges out of a ref, `down` the edges into it; `reach` the systems and datasets found by
    going down. A ref that stands in an edge and not in `assets` is dangling, unless the reference catalogue knows it.
    """

    workspace: str
    assets: dict[str, AssetView] = field(default_factory=dict)
    up: dict[str, list[EdgeView]] = field(default_factory=dict)
    down: dict[str, list[EdgeView]] = field(default_factory=dict)
    reach: dict[str, ReachView] = field(default_factory=dict)
