"""Walks over the edges: what an asset rests on, what rests on it, and the slice of both that judging needs.

Each walk is one recursive query in the database; memory holds what was found and never the whole estate.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.inventory import edges, reference
from service.inventory.facts import Kind, RelationType
from service.inventory.overlay import Overlay
from service.inventory.views import AssetView, EdgeView, ReachView, Slice, WorkspaceView

# Kinds whose document tells what rests on them: their facts change with what is above them, too.
_REACHED = tuple(f"{kind}:" for kind in (Kind.MODEL, Kind.DATASET, Kind.GPU_HOST, Kind.CLOUD_REGION, Kind.AI_SERVICE))
_SYSTEM = f"{Kind.SYSTEM}:"
_COUNTED = (_SYSTEM, f"{Kind.GPU_HOST}:")
_REACHING = (f"{Kind.SYSTEM}:", f"{Kind.DATASET}:")

_ASSETS = """
    SELECT id, ref, kind, name, title, labels, annotations, attributes, relations, evidence, managed_by, revision, digest,
           created_at, updated_at
    FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND
"""
_REACH = """
    SELECT ref, kind, attributes -> 'data_classes' AS data_classes, attributes -> 'commercial' AS commercial,
           attributes ->> 'criticality' AS criticality, evidence -> 'data_classes' ->> 'grade' AS grade,
           attributes -> CASE kind WHEN 'system' THEN 'user_jurisdictions' ELSE 'subject_jurisdictions' END AS lived_in,
           attributes -> 'subjects' AS subjects
    FROM asset
    WHERE workspace_id = :workspace AND deleted_at IS NULL AND kind IN ('system', 'dataset') AND ref = ANY (:refs)
"""


def assets_by_id(session: Session, workspace: UUID, ids: Sequence[int]) -> dict[int, AssetView]:
    """Assets under these keys that are not deleted."""
    rows = session.connection().execute(text(_ASSETS + " id = ANY (:ids)"), {"workspace": workspace, "ids": list(ids)})
    return {row.id: AssetView(*row) for row in rows}


def assets_by_ref(session: Session, workspace: UUID, refs: Collection[str]) -> dict[str, AssetView]:
    """Assets under these refs that are not deleted."""
    rows = session.connection().execute(
        text(_ASSETS + " ref = ANY (:refs)"), {"workspace": workspace, "refs": list(refs)}
    )
    return {row.ref: AssetView(*row) for row in rows}


def slice_for(
    session: Session,
    workspace: WorkspaceView,
    refs: Collection[str],
    catalogue: reference.Catalogue,
    overlay: Overlay | None = None,
) -> Slice:
    """What is needed to judge `refs`: everything they rest on, and the systems and datasets that rest on them."""
    laid = overlay or Overlay()
    part = Slice(workspace.name)
    stated = laid.all_edges()
    start = set(refs) | {edge.target for edge in stated}
    up = [*laid.replace(_walk(session, "up", workspace.id, start, edges.DEPENDENCY)), *stated]
    if any(ref.startswith(_SYSTEM) for ref in refs):
        up += _alternatives(session, workspace.id, {*refs, *(edge.target for edge in up)}, laid)
    for edge in up:
        part.up.setdefault(edge.source, []).append(edge)
    named = set(refs) | {edge.source for edge in up} | {edge.target for edge in up}
    _load_assets(session, workspace.id, part, named, catalogue, laid)
    _load_reach(session, workspace.id, part, refs, laid)
    return part


def reached_assets(session: Session, workspace: WorkspaceView, overlay: Overlay) -> set[str]:
    """Refs of registered assets that the candidates reach by any dependency, the candidates themselves not among them."""
    targets = {edge.target for edge in overlay.all_edges()}
    rows = overlay.replace(_walk(session, "up", workspace.id, targets, edges.DEPENDENCY))
    named = targets | {edge.source for edge in rows} | {edge.target for edge in rows}
    found = session.connection().execute(
        text("SELECT ref FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND ref = ANY (:refs)"),
        {"workspace": workspace.id, "refs": list(named)},
    )
    return {row.ref for row in found} - overlay.assets.keys()


def resting_on(session: Session, workspace: WorkspaceView, overlay: Overlay) -> set[str]:
    """Refs of registered assets that rest on a candidate which would change what is registered, or was missing."""
    stored = assets_by_ref(session, workspace.id, overlay.assets.keys())
    changed = [ref for ref, view in overlay.assets.items() if not _alike(view, stored.get(ref))]
    found = {row.from_ref for row in _walk(session, "down", workspace.id, changed, edges.DEPENDENCY)}
    return set(assets_by_ref(session, workspace.id, found)) - overlay.assets.keys()


def affected(session: Session, workspace_id: UUID, refs: Collection[str]) -> set[str]:
    """Refs whose input document a change of `refs` can alter.

    The changed, all that rests on them, and, below those of them that carry data or serve users, whatever is judged by
    what rests on it. Also systems with a part that something of all this could take the place of, and, where a system or
    a host is among it, every vendor: each is judged by its share of the whole.

    Refs of deleted and of unregistered assets may be among them.
    """
    catalogue = reference.Catalogue.load(session, workspace_id)
    start = set(refs)
    for ref in refs:
        start |= catalogue.resting_on(ref)
    down = start | {row.from_ref for row in _walk(session, "down", workspace_id, start, edges.DEPENDENCY)}
    carriers = [ref for ref in down if ref.startswith(_REACHING)]
    below = {
        row.to_ref
        for row in _walk(session, "up", workspace_id, carriers, edges.DEPENDENCY)
        if row.to_ref.startswith(_REACHED)
    }
    found = (down | below | _replaceable(session, workspace_id, down)) - (start - set(refs))
    return found | vendors(session, workspace_id) if any(ref.startswith(_COUNTED) for ref in down) else found


def _replaceable(session: Session, workspace: UUID, refs: Collection[str]) -> set[str]:
    """Systems with a part that one of `refs` is an alternative to."""
    ties = _alternative_edges(session, workspace, refs)
    ends = {end for tie in ties for end in (tie.from_ref, tie.to_ref)}
    rest = {row.from_ref for row in _walk(session, "down", workspace, ends, edges.DEPENDENCY)}
    return {ref for ref in ends | rest if ref.startswith(_SYSTEM)}


def vendors(session: Session, workspace: UUID) -> set[str]:
    """Refs of all registered vendors."""
    rows = session.connection().execute(
        text("SELECT ref FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND kind = 'vendor'"),
        {"workspace": workspace},
    )
    return {row.ref for row in rows}


def alternatives(session: Session, workspace_id: UUID, refs: Collection[str]) -> set[str]:
    """Those of `refs` that could take another's place, or another theirs; hosts of one system can for each other."""
    rows = _alternative_edges(session, workspace_id, refs)
    named = {end for row in rows for end in (row.from_ref, row.to_ref)} & set(refs)
    beside = session.connection().execute(
        text("""
            SELECT DISTINCT one.to_ref FROM edge AS one
            JOIN edge AS other ON other.workspace_id = :workspace AND other.from_ref = one.from_ref
                 AND other.type = 'runs_on' AND other.to_ref <> one.to_ref
            WHERE one.workspace_id = :workspace AND one.type = 'runs_on' AND one.to_ref = ANY (:refs)
              AND one.from_ref LIKE 'system:%'
        """),
        {"workspace": workspace_id, "refs": list(refs)},
    )
    return named | {row.to_ref for row in beside}


def _alternatives(session: Session, workspace: UUID, refs: Collection[str], laid: Overlay) -> list[EdgeView]:
    """Ties between these and what could take their place, with all that the latter rest on."""
    ties = laid.replace(_alternative_edges(session, workspace, refs))
    ties = [tie for tie in ties if tie.type == RelationType.ALTERNATIVE_TO or tie.source in refs]
    others = {end for tie in ties for end in (tie.source, tie.target)} - set(refs)
    below = laid.replace(_walk(session, "up", workspace, others, edges.DEPENDENCY))
    return [*ties, *(edge for edge in below if edge.source not in refs)]


def _alternative_edges(session: Session, workspace: UUID, refs: Collection[str]) -> list[Any]:
    """`alternative_to` from or to `refs`, and what exit plans name, from the system and to what it names."""
    rows = session.connection().execute(
        text("""
            SELECT owner_ref, from_ref, type, to_ref, detail FROM edge
            WHERE workspace_id = :workspace AND type IN ('alternative_to', 'exit_alternative')
              AND (from_ref = ANY (:refs) OR to_ref = ANY (:refs))
        """),
        {"workspace": workspace, "refs": list(refs)},
    )
    return list(rows)


def _alike(candidate: AssetView, stored: AssetView | None) -> bool:
    """Whether a candidate states what is stored, as far as others can tell."""
    return (
        stored is not None
        and candidate.attributes == stored.attributes
        and sorted(map(str, candidate.relations)) == sorted(map(str, stored.relations))
    )


def _walk(session: Session, way: str, workspace: UUID, start: Collection[str], types: Sequence[str]) -> list[Any]:
    if not start:
        return []
    # `way` is one of two words of this file, never an input.
    query = f"SELECT * FROM edges_{way}(:workspace, CAST(:start AS text[]), CAST(:types AS text[]))"  # noqa: S608
    rows = session.connection().execute(
        text(query), {"workspace": workspace, "start": list(start), "types": list(types)}
    )
    return list(rows)


def _load_assets(
    session: Session, workspace: UUID, part: Slice, named: set[str], catalogue: reference.Catalogue, laid: Overlay
) -> None:
    part.assets.update(laid.assets)
    missing = named | catalogue.rests_on(named)
    asked: set[str] = set(laid.assets)
    while missing := missing - asked:
        found = assets_by_ref(session, workspace, missing)
        part.assets.update(found)
        asked |= missing
        # A registered vendor may name owners that no walk has met, since its own ref came out of the catalogue.
        rows = _walk(session, "up", workspace, [r for r in found if r not in named], edges.DEPENDENCY)
        for edge in laid.replace(rows):
            part.up.setdefault(edge.source, []).append(edge)
        targets = {row.to_ref for row in rows}
        missing = targets | catalogue.rests_on(targets)


def _load_reach(session: Session, workspace: UUID, part: Slice, refs: Collection[str], laid: Overlay) -> None:
    start = [ref for ref in refs if ref.startswith(_REACHED)]
    if not start:
        return
    types = sorted(set(edges.DATA_FLOW) | set(edges.CONSUMPTION))
    stated = [edge for edge in laid.all_edges() if edge.type in types]
    # What a candidate newly ties to a host counts for the host at once.
    rows = [*laid.replace(_walk(session, "down", workspace, start, types)), *stated]
    for edge in rows:
        part.down.setdefault(edge.target, []).append(edge)
    carriers = {edge.source for edge in rows if edge.source.startswith(_REACHING)} | set(start)
    # The data of a system includes that of the datasets it uses.
    systems = [ref for ref in carriers if ref.startswith(f"{Kind.SYSTEM}:")]
    for row in _uses(session, workspace, systems, laid):
        known = part.up.setdefault(row.source, [])
        if row not in known:
            known.append(row)
        carriers.add(row.target)
    found = session.connection().execute(text(_REACH), {"workspace": workspace, "refs": list(carriers)})
    for one in found:
        classes = None if one.data_classes is None else tuple(one.data_classes)
        grade = one.grade or "unresolved"
        lived_in = None if one.lived_in is None else tuple(one.lived_in)
        part.reach[one.ref] = ReachView(
            one.ref, one.kind, classes, one.commercial, one.criticality, grade, lived_in, one.subjects
        )
    part.reach.update(laid.reach)


def _uses(session: Session, workspace: UUID, systems: Sequence[str], laid: Overlay) -> list[EdgeView]:
    rows = session.connection().execute(
        text("""
            SELECT owner_ref, from_ref, type, to_ref, detail FROM edge
            WHERE workspace_id = :workspace AND type = 'uses' AND from_ref = ANY (:systems)
              AND to_ref LIKE 'dataset:%'
        """),
        {"workspace": workspace, "systems": list(systems)},
    )
    return laid.replace(rows)
