"""Lineage for people: what an asset comes from, or what came of it, with the way to each."""

from dataclasses import dataclass, field

from sqlalchemy import text
from sqlmodel import Session

from service.inventory.queries import asset
from service.inventory.views import EdgeView, WorkspaceView

DEPTH_MAX = 100
NODES_MAX = 20_000
# The stored inverses of `serves` say nothing that `serves` did not say, and attributes that stand beside a relation of the
# same meaning are kept: they are statements of their own.
_HIDDEN = ["served_by", "offers"]


@dataclass(frozen=True, slots=True)
class Node:
    """Something met on the way: `registered` False where the ref dangles or only the catalogue knows it."""

    ref: str
    depth: int
    registered: bool
    title: str | None
    path: list[str]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Nodes nearest first, the edges between them, and whether that is all.

    `complete` is False where `depth` or the bound on nodes ended the walk: then `frontier` lists the refs to ask on from.
    """

    nodes: list[Node] = field(default_factory=list)
    edges: list[EdgeView] = field(default_factory=list)
    complete: bool = True
    frontier: list[str] = field(default_factory=list)


def lineage(session: Session, workspace: WorkspaceView, ref: str, *, upstream: bool, depth: int) -> Lineage:
    """What `ref` comes from (`upstream`) or what came of it, up to `depth` steps away.

    Raises:
        NotFound: `ref` is neither registered nor named by any registered asset.
    """
    near, far = ("from_ref", "to_ref") if upstream else ("to_ref", "from_ref")
    paths: dict[str, list[str]] = {ref: [ref]}
    found: dict[tuple[str, str, str], EdgeView] = {}
    level, steps = [ref], 0
    while level and steps < depth and len(paths) <= NODES_MAX:
        # Column names are constants of this function.
        query = (
            "SELECT from_ref, type, to_ref, detail FROM edge "  # noqa: S608
            f"WHERE workspace_id = :w AND type <> ALL (:hidden) AND {near} = ANY (:refs) ORDER BY from_ref, type, to_ref"
        )
        rows = session.connection().execute(text(query), {"w": workspace.id, "refs": level, "hidden": _HIDDEN})
        following: dict[str, list[str]] = {}
        for row in rows:
            source, type_, target, detail = row
            found.setdefault((source, type_, target), EdgeView(source, type_, target, detail))
            here, there = (source, target) if far == "to_ref" else (target, source)
            if there not in paths:
                following.setdefault(there, [*paths[here], there])
        paths |= following
        level, steps = list(following), steps + 1
    if len(paths) == 1:
        asset(session, workspace, ref)
    return Lineage(_nodes(session, workspace, paths), list(found.values()), not level, sorted(level))


def _nodes(session: Session, workspace: WorkspaceView, paths: dict[str, list[str]]) -> list[Node]:
    rows = session.connection().execute(
        text("SELECT ref, title FROM asset WHERE workspace_id = :w AND deleted_at IS NULL AND ref = ANY (:refs)"),
        {"w": workspace.id, "refs": list(paths)},
    )
    titles = {row.ref: row.title for row in rows}
    nodes = [Node(ref, len(path) - 1, ref in titles, titles.get(ref), path) for ref, path in paths.items()]
    return sorted(nodes, key=lambda node: (node.depth, node.ref))
