"""A workspace as a file: everything that judging a candidate asks for, so that it can be asked where no server is.

The file is one JSON object (see `kept.py` for its reading). It holds the rules and the reference catalogue as well, so a
verdict made from it does not depend on what else is installed where it is read.
"""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final

from sqlmodel import Session

from service.evaluation import record
from service.foundation import canonical, clock
from service.inventory import queries, statement_rows
from service.inventory.reference import Catalogue
from service.inventory.views import AssetView, WorkspaceView
from service.packs.assignment import Assignment, Pack
from service.packs.queries import in_force
from service.packs.source import Library
from service.scans import sources
from service.violations import standing, waiver_rows
from service.violations.waiver_terms import Waiver

FORMAT: Final = "allod-inventory"
VERSION: Final = 1
_PAGE: Final = 1_000
_APPROVED: Final = "workspace_id = :workspace AND status = 'approved'"


def export(session: Session, library: Library, workspace: WorkspaceView) -> Iterator[bytes]:
    """The file, piece by piece; whoever calls sees to it that all its queries see the same state."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "by": f"allod {version('allod')}",
        "at": clock.now().isoformat(),
        "workspace": workspace.name,
        "rules": _rules(in_force(session, library, workspace.id)),
        "catalogue": [entry.statement() for entry in Catalogue.load(session, workspace.id).entries],
        "connectors": sources.connectors(session, workspace.id),
        "open": sorted(standing.open_complaints(session, workspace.id)),
        "waivers": [_waiver(one) for one in waiver_rows.select(session, _APPROVED, {"workspace": workspace.id})],
    }
    yield canonical.encode(head)[:-1] + b',"assets":['
    between = b""
    for views in _pages(session, workspace):
        refs = {view.ref: view.id for view in views if view.id is not None}
        said = statement_rows.said_of(session, workspace.id, list(refs))
        outcomes = record.outcomes_by_pack(session, {asset_id: ref for ref, asset_id in refs.items()})
        for view in views:
            statements = [asdict(one) for _, one in sorted(said.get(view.ref, {}).items())]
            yield between + canonical.encode(_asset(view, statements, outcomes.get(view.ref, {})))
            between = b",\n"
    yield b"]}\n"


def _pages(session: Session, workspace: WorkspaceView) -> Iterator[list[AssetView]]:
    cursor: str | None = None
    while True:
        page = queries.listing(session, [workspace], queries.Filter(), _PAGE, cursor)
        yield [one.asset for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return


def _rules(assignment: Assignment) -> dict[str, Any]:
    return {
        "bundle": assignment.bundle.as_dict(),
        "slots": [{"parameters": slot.parameters, "packs": slot.packs} for slot in assignment.slots],
        "packs": [_pack(pack) for pack in assignment.packs.values()],
    }


def _pack(pack: Pack) -> dict[str, Any]:
    return {**asdict(pack), "effective_on": pack.effective_on.isoformat()}


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        **waiver.mark(),
        "rule": waiver.rule,
        "pack": waiver.pack,
        "asset": waiver.asset,
        "subject": waiver.subject,
    }


def _asset(view: AssetView, said: list[dict[str, Any]], outcomes: dict[str, str]) -> dict[str, Any]:
    whole = {
        "ref": view.ref,
        "title": view.title,
        "labels": view.labels,
        "annotations": view.annotations,
        "attributes": view.attributes,
        "relations": view.relations,
        "evidence": view.evidence,
        "managed_by": view.managed_by,
        "said": said,
        "outcomes": outcomes,
    }
    return {key: value for key, value in whole.items() if value}
