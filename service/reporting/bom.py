"""Bills of materials of a workspace, or of what one asset rests on: read page by page, written piece by piece."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import Session

from service.inventory import edges, graph, queries
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Kind
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.views import AssetView, Slice, WorkspaceView
from service.reporting import bom_cyclonedx, bom_spdx
from service.reporting.bom_cyclonedx import Item, Source

PAGE: Final = 500
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SAID: Final = ("kind", "name", "title", "labels", "annotations", "attributes", "relations", "evidence", "managed_by")


class Format(StrEnum):
    """The formats of a BOM."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"


MEDIA_TYPES: Final[Mapping[Format, str]] = {
    Format.CYCLONEDX: bom_cyclonedx.MEDIA_TYPE,
    Format.SPDX: bom_spdx.MEDIA_TYPE,
}


def export(
    session: Session, workspace: WorkspaceView, format: Format, asset: str | None = None, at: datetime | None = None
) -> Callable[[], Iterator[bytes]]:
    """What writes the BOM, of the whole workspace or of `asset` and all that it rests on, once it is called.

    The same inventory gives the same bytes. `at` is the moment that the document names; without it CycloneDX names none,
    and SPDX, which must, the last change of what it describes.

    Raises:
        NotFound: `asset` is not registered.
    """
    if asset is None:
        source, changed = _whole(session, workspace), _changed(session, workspace)
    else:
        views = _above(session, workspace, asset)
        source, changed = _of(views), max((one.updated_at or _NEVER for one in views.values()), default=_NEVER)

    def write() -> Iterator[bytes]:
        if format is Format.CYCLONEDX:
            yield from bom_cyclonedx.document(source, workspace=workspace.name, root=asset, timestamp=at)
        else:
            yield from bom_spdx.document(
                source, workspace=workspace.name, root=asset, created=(at or changed).astimezone(UTC)
            )

    return write


def _whole(session: Session, workspace: WorkspaceView) -> Source:
    def source(kinds: Collection[Kind]) -> Iterator[Item]:
        for kind in sorted(kinds):
            cursor: str | None = None
            while True:
                page = queries.listing(session, [workspace], queries.Filter(kind.value), PAGE, cursor)
                views = [one.asset for one in page.items]
                named = {ref for view in views for ref in _named(view)}
                present = StoredEstate(session, workspace).assets(named).keys()
                yield from (_item(view, present) for view in views)
                cursor = page.next_cursor
                if cursor is None:
                    break

    return source


def _of(views: Mapping[str, AssetView]) -> Source:
    def source(kinds: Collection[Kind]) -> Iterable[Item]:
        wanted = frozenset(kinds)
        return (_item(view, views.keys()) for _, view in sorted(views.items()) if view.kind in wanted)

    return source


def _above(session: Session, workspace: WorkspaceView, ref: str) -> dict[str, AssetView]:
    """The asset and everything registered that it rests on."""
    root = queries.asset(session, workspace, ref)
    part = Slice(workspace.name)
    graph.add_above(StoredEstate(session, workspace), part, [ref], Catalogue.load(session, workspace.id), Overlay())
    seen, todo = {ref}, [ref]
    while todo:
        # The slice knows alternatives, too: nothing rests on those.
        fresh = {edge.target for edge in part.up.get(todo.pop(), ()) if edge.type in edges.DEPENDENCY} - seen
        seen |= fresh
        todo += sorted(fresh)
    return {ref: root} | {one: part.assets[one] for one in seen if one in part.assets}


def _changed(session: Session, workspace: WorkspaceView) -> datetime:
    query = text("SELECT max(updated_at) FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL")
    found: datetime | None = session.connection().execute(query, {"workspace": workspace.id}).scalar_one()
    return found or _NEVER


def _item(view: AssetView, known: Collection[str]) -> Item:
    body: dict[str, Any] = {name: getattr(view, name) for name in _SAID}
    return Item(body, frozenset(ref for ref in _named(view) if ref in known))


def _named(view: AssetView) -> Iterator[str]:
    yield from (relation["to"] for relation in view.relations)
    yield from (view.attributes[key] for key in ("publisher", "owner", "provider") if key in view.attributes)
