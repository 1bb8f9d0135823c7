"""Where a set of workspaces stands: how much is judged, how it came out, what is open. Read-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class PackPosture:
    """How the rules of one pack came out over all judged assets."""

    pack: str
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Posture:
    """`assets` are registered, `judged` of them have a decision; `open` counts open violations by severity."""

    assets: int
    judged: int
    packs: list[PackPosture]
    open: dict[str, int]


def posture(session: Session, workspaces: Mapping[UUID, str]) -> Posture:
    """The posture of `workspaces` (names by id) as last judged."""
    values = {"workspaces": list(workspaces)}
    connection = session.connection()
    totals = connection.execute(
        text("""
            SELECT count(*), count(judgement.decided_at) FROM asset LEFT JOIN judgement ON judgement.asset_id = asset.id
            WHERE asset.workspace_id = ANY (:workspaces) AND asset.deleted_at IS NULL
        """),
        values,
    ).one()
    packs = connection.execute(
        text("""
            SELECT pack, jsonb_object_agg(outcome, part) FROM (
                SELECT said->>'pack' AS pack, said->>'outcome' AS outcome, count(*) AS part
                FROM judgement CROSS JOIN LATERAL jsonb_each(outcomes) AS rule (id, said_of)
                     CROSS JOIN LATERAL jsonb_array_elements(said_of) AS said
                WHERE workspace_id = ANY (:workspaces) GROUP BY 1, 2
            ) AS parts GROUP BY pack ORDER BY pack
        """),
        values,
    )
    severities = connection.execute(
        text("""
            SELECT severity, count(*) FROM violation
            WHERE workspace_id = ANY (:workspaces) AND status = 'open' AND outcome = 'violation' GROUP BY severity
        """),
        values,
    )
    return Posture(
        assets=totals[0],
        judged=totals[1],
        packs=[PackPosture(*row) for row in packs],
        open={row[0]: row[1] for row in severities},
    )
