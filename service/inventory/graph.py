"""Walks over the edges: what an asset rests on, what rests on it, and the slice of both that judging needs.

Each walk is one recursive query in the database; memory holds what was found and never the whole estate.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.inventory import edges, reference
from service.inventory.facts import Kind, RelationType
from service.inventory.overlay import Overlay
from service.inventory.views import AssetView, EdgeView, ReachView, Slice, WorkspaceView

_MADE = (Kind.MODEL, Kind.DATASET, Kind.SOFTWARE)
# Kinds whose document tells what rests on them: their facts change with what is above them, too.
_REACHED = tuple(f"{kind}:" for kind in (*_MADE, Kind.GPU_HOST, Kind.CLOUD_REGION, Kind.AI_SERVICE))
_SYSTEM = f"{Kind.SYSTEM}:"
_COUNTED = (_SYSTEM, f"{Kind.GPU_HOST}:")
_REACHING = (f"{Kind.SYSTEM}:", f"{Kind.DATASET}:")

_ASSETS = """
    SELECT id, ref, kind, name, title, labels, annotations, attributes, relations, evidence, managed_by, revision, digest,
           created_at, updated_at
    FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND
"""
# Most edges have no detail; none is then to be read.
_EDGE = "owner_ref, from_ref, type, to_ref, NULLIF(detail, '{}') AS detail"
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
    return {row.id: AssetView(*row) for row in rows.all()}


def assets_by_ref(session: Session, workspace: UUID, refs: Collection[str]) -> dict[str, AssetView]:
    """Assets under these refs that are not deleted."""
    if not refs:
        return {}
    rows = session.connection().execute(
        text(_ASSETS + " ref = ANY (:refs)"), {"workspace": workspace, "refs": list(refs)}
    )
    return {row.ref: AssetView(*row) for row in rows.all()}


def slice_for(
    session: Session, workspace: WorkspaceView, refs: Collection[str], catalogue: reference.Catalogue
) -> Slice:
    """What is needed to judge `refs`: everything they rest on, and the systems and datasets that rest on them."""
    part, nothing = Slice(workspace.name), Overlay()
    add_above(session, workspace.id, part, refs, catalogue, nothing)
    add_below(session, workspace.id, part, refs, nothing)
    return part


def add_above(
    session: Session,
    workspace: UUID,
    part: Slice,
    refs: Collection[str],
    catalogue: reference.Catalogue,
    laid: Overlay,
) -> None:
    """Adds `refs`, the candidates, everything they rest on and all edges between. Comes before `add_below`."""
    stated = laid.all_edges()
    start = {*refs, *laid.assets, *(edge.target for edge in stated)} - part.up.keys()
    up = [*laid.replace(_walk(session, "up", workspace, start, edges.DEPENDENCY)), *stated]
    _add_up(part, up)
    if any(ref.startswith(_SYSTEM) for ref in start):
        up += _add_alternatives(session, workspace, part, {*start, *(edge.target for edge in up)}, laid)
    named = start | {edge.source for edge in up} | {edge.target for edge in up}
    part.assets.update(laid.assets)
    asked = set(part.assets)
    missing = named | catalogue.rests_on(named)
    while missing := missing - asked:
        found = assets_by_ref(session, workspace, missing)
        part.assets.update(found)
        asked |= missing
        # A registered vendor may name owners that no walk has met, since its own ref came out of the catalogue.
        rows = laid.replace(_walk(session, "up", workspace, found.keys() - named, edges.DEPENDENCY))
        _add_up(part, rows)
        targets = {edge.target for edge in rows}
        missing = targets | catalogue.rests_on(targets)


def reached_assets(part: Slice, laid: Overlay) -> set[str]:
    """Refs of registered assets that the candidates reach by any dependency, the candidates themselves not among them."""
    reached = {edge.target for edge in laid.all_edges()}
    todo = list(reached)
    while todo:
        fresh = {edge.target for edge in part.up.get(todo.pop(), ())} - reached
        reached |= fresh
        todo += fresh
    return (reached & part.assets.keys()) - laid.assets.keys()


def add_below(session: Session, workspace: UUID, part: Slice, refs: Collection[str], laid: Overlay) -> None:
    """Adds the systems and datasets that rest on `refs`, as far as the documents of `refs` tell of them."""
    start = [ref for ref in refs if ref.startswith(_REACHED)]
    if not start:
        return
    types = sorted(set(edges.DATA_FLOW) | set(edges.CONSUMPTION))
    stated = [edge for edge in laid.all_edges() if edge.type in types]
    # What a candidate newly ties to a host counts for the host at once.
    found = [*laid.replace(_walk(session, "down", workspace, start, types)), *stated]
    for edge in found:
        part.down.setdefault(edge.target, []).append(edge)
    carriers = {edge.source for edge in found if edge.source.startswith(_REACHING)} | set(start)
    # The data of a system includes that of the datasets it uses.
    systems = [ref for ref in carriers if ref.startswith(f"{Kind.SYSTEM}:")]
    _add_uses(session, workspace, part, [ref for ref in systems if ref not in part.up], laid)
    carriers |= {
        edge.target for system in systems for edge in part.up.get(system, ()) if edge.type == RelationType.USES
    }
    _add_reach(session, workspace, part, [ref for ref in carriers - part.assets.keys() if ref.startswith(_REACHING)])
    part.reach.update(laid.reach)


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


def _add_alternatives(
    session: Session, workspace: UUID, part: Slice, refs: Collection[str], laid: Overlay
) -> list[EdgeView]:
    """Adds ties between these and what could take their place, with all that the latter rest on; answers the edges."""
    ties = laid.replace(_alternative_edges(session, workspace, refs))
    ties = [tie for tie in ties if tie.type == RelationType.ALTERNATIVE_TO or tie.source in refs]
    others = {end for tie in ties for end in (tie.source, tie.target)} - set(refs)
    above = laid.replace(_walk(session, "up", workspace, others, edges.DEPENDENCY))
    _add_up(part, above)
    for tie in ties:  # of types that no walk brings, so a source that is there lacks them
        known = part.up.setdefault(tie.source, [])
        if tie not in known:
            known.append(tie)
    return [*ties, *above]


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
    query = f"SELECT {_EDGE} FROM edges_{way}(:workspace, CAST(:start AS text[]), CAST(:types AS text[]))"  # noqa: S608
    values = {"workspace": workspace, "start": list(start), "types": list(types)}
    return list(session.connection().execute(text(query), values).all())


def _add_up(part: Slice, found: Iterable[EdgeView]) -> None:
    """Adds edges by their sources. A walk brings all of a source's edges, so a source that is there has them."""
    fresh: dict[str, list[EdgeView]] = {}
    for edge in found:
        if edge.source not in part.up:
            fresh.setdefault(edge.source, []).append(edge)
    part.up.update(fresh)


def _add_uses(session: Session, workspace: UUID, part: Slice, systems: Sequence[str], laid: Overlay) -> None:
    """The datasets that systems use whose own edges no walk has brought: their data is the systems', too."""
    if not systems:
        return
    rows = session.connection().execute(
        text(f"""
            SELECT {_EDGE} FROM edge
            WHERE workspace_id = :workspace AND type = 'uses' AND from_ref = ANY (:systems)
              AND to_ref LIKE 'dataset:%'
        """),  # noqa: S608 -- the columns are a constant of this file
        {"workspace": workspace, "systems": list(systems)},
    )
    _add_up(part, laid.replace(rows.all()))


def _add_reach(session: Session, workspace: UUID, part: Slice, refs: Collection[str]) -> None:
    if not refs:
        return
    found = session.connection().execute(text(_REACH), {"workspace": workspace, "refs": list(refs)})
    for ref, kind, classes, commercial, criticality, grade, places, subjects in found.all():
        held = None if classes is None else tuple(classes)
        lived_in = None if places is None else tuple(places)
        part.reach[ref] = ReachView(ref, kind, held, commercial, criticality, grade or "unresolved", lived_in, subjects)
