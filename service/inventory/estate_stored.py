"""The estate as the database has it. Each walk is one recursive query; memory holds what was found, never the whole."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import Session

from service.inventory import statement_rows
from service.inventory.estate import Tie
from service.inventory.merge import Said
from service.inventory.views import AssetView, ReachView, WorkspaceView

COLUMNS: Final = """id, ref, kind, name, title, labels, annotations, attributes, relations, evidence, managed_by, revision,
           digest, created_at, updated_at"""
_ASSETS: Final = f"SELECT {COLUMNS} FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND"  # noqa: S608 -- a constant
# Most edges have no detail; none is then to be read.
_TIE: Final = "owner_ref, from_ref, type, to_ref, NULLIF(detail, '{}') AS detail"
_EXCHANGE: Final = (
    f"SELECT {_TIE} FROM edge WHERE workspace_id = :workspace AND type IN ('alternative_to', 'exit_alternative')"  # noqa: S608 -- a constant
)
_EXCHANGES: Final = f"""
    {_EXCHANGE} AND from_ref = ANY (:refs) UNION ALL {_EXCHANGE} AND to_ref = ANY (:refs) AND NOT from_ref = ANY (:refs)
"""
_REACH: Final = """
    SELECT ref, kind, attributes -> 'data_classes' AS data_classes, attributes -> 'commercial' AS commercial,
           attributes ->> 'criticality' AS criticality, evidence -> 'data_classes' ->> 'grade' AS grade,
           attributes -> CASE kind WHEN 'system' THEN 'user_jurisdictions' ELSE 'subject_jurisdictions' END AS lived_in,
           attributes -> 'subjects' AS subjects
    FROM asset
    WHERE workspace_id = :workspace AND deleted_at IS NULL AND kind IN ('system', 'dataset') AND ref = ANY (:refs)
"""


class StoredEstate:
    """A workspace in the database, seen through one session. See `estate.Estate`."""

    def __init__(self, session: Session, workspace: WorkspaceView) -> None:
        self.session, self.home = session, workspace

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self.home.name

    def assets(self, refs: Collection[str]) -> dict[str, AssetView]:
        """Registered assets."""
        if not refs:
            return {}
        rows = self._rows(f"{_ASSETS} ref = ANY (:refs)", refs=list(refs))
        return {row.ref: AssetView(*row) for row in rows}

    def assets_by_id(self, ids: Sequence[int]) -> dict[int, AssetView]:
        """Assets under these keys that are not deleted."""
        return {row.id: AssetView(*row) for row in self._rows(f"{_ASSETS} id = ANY (:ids)", ids=list(ids))}

    def up(self, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        """Ties upwards."""
        return self._walk("up", start, types)

    def down(self, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        """Ties downwards."""
        return self._walk("down", start, types)

    def exchanges(self, refs: Collection[str]) -> list[Tie]:
        """Ties between what can take each other's place."""
        # Two questions, each with an index of its own: asked as one, every edge into a region would be read.
        return [Tie(*row) for row in self._rows(_EXCHANGES, refs=list(refs))]

    def datasets_of(self, systems: Collection[str]) -> list[Tie]:
        """Ties by which systems use datasets."""
        wanted = "type = 'uses' AND from_ref = ANY (:systems) AND to_ref LIKE 'dataset:%'"
        return self._ties(wanted, systems=list(systems)) if systems else []

    def alternatives(self, refs: Collection[str]) -> set[str]:
        """Those of `refs` that could take another's place, or another theirs; hosts of one system can for each other."""
        named = {end for tie in self.exchanges(refs) for end in (tie.source, tie.target)} & set(refs)
        query = """
            SELECT DISTINCT one.to_ref FROM edge AS one
            JOIN edge AS other ON other.workspace_id = :workspace AND other.from_ref = one.from_ref
                 AND other.type = 'runs_on' AND other.to_ref <> one.to_ref
            WHERE one.workspace_id = :workspace AND one.type = 'runs_on' AND one.to_ref = ANY (:refs)
              AND one.from_ref LIKE 'system:%'
        """
        return named | {row.to_ref for row in self._rows(query, refs=list(refs))}

    def reach(self, refs: Collection[str]) -> list[ReachView]:
        """What matters of systems and datasets."""
        found = []
        for row in self._rows(_REACH, refs=list(refs)) if refs else ():
            ref, kind, classes, commercial, criticality, grade, places, subjects = row
            held = None if classes is None else tuple(classes)
            lived_in = None if places is None else tuple(places)
            found.append(ReachView(ref, kind, held, commercial, criticality, grade or "unresolved", lived_in, subjects))
        return found

    def vendors(self) -> set[str]:
        """All registered vendors."""
        query = "SELECT ref FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND kind = 'vendor'"
        return {row.ref for row in self._rows(query)}

    def systems(self) -> dict[str, str | None]:
        """The criticality of every system."""
        query = """
            SELECT ref, attributes ->> 'criticality' AS criticality FROM asset
            WHERE workspace_id = :workspace AND deleted_at IS NULL AND kind = 'system'
        """
        return {row.ref: row.criticality for row in self._rows(query)}

    def accelerated(self) -> set[str]:
        """Hosts that state accelerators."""
        query = """
            SELECT ref FROM asset WHERE workspace_id = :workspace AND deleted_at IS NULL AND kind = 'gpu_host'
              AND jsonb_array_length(coalesce(attributes -> 'accelerators', '[]')) > 0
        """
        return {row.ref for row in self._rows(query)}

    def said(self, refs: Collection[str]) -> dict[str, dict[str, Said]]:
        """What each origin says."""
        return statement_rows.said_of(self.session, self.home.id, list(refs)) if refs else {}

    def _walk(self, way: str, start: Collection[str], types: Sequence[str]) -> list[Tie]:
        if not start:
            return []
        # `way` is one of two words of this file, never an input.
        query = f"SELECT {_TIE} FROM edges_{way}(:workspace, CAST(:start AS text[]), CAST(:types AS text[]))"  # noqa: S608
        return [Tie(*row) for row in self._rows(query, start=list(start), types=list(types))]

    def _ties(self, wanted: str, **values: object) -> list[Tie]:
        query = f"SELECT {_TIE} FROM edge WHERE workspace_id = :workspace AND {wanted}"  # noqa: S608 -- words of this file
        return [Tie(*row) for row in self._rows(query, **values)]

    def _rows(self, query: str, **values: object) -> list[Any]:
        found = self.session.connection().execute(text(query), {"workspace": self.home.id, **values})
        return list(found.all())
