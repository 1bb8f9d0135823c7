"""Keeping what was decided, and on what: content under its digest, the last judgement of each asset, the gate's answers."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from service.engine.protocol import Bundle
from service.evaluation.decision import Decision, Outcome
from service.evaluation.prepared import Prepared, unseal
from service.evaluation.tables import DecisionRecord, KeptBundle, KeptInput
from service.foundation import canonical, clock
from service.foundation.errors import NotFound
from service.foundation.ids import new_id
from service.foundation.pages import Page, cut, decode_id_cursor

# Level 1: four times smaller for 40 µs; higher levels cost more than the disk they save.
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an asset was last judged on."""

    input_digest: str | None
    bundle_digest: str | None
    engine: str | None


@dataclass(frozen=True, slots=True)
class Last:
    """The last judgement of an asset: `outcomes` as `Decision.summary` gives them."""

    input_digest: str
    decided_at: datetime
    outcomes: dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate said, and all that it said it on.

    `inputs` are `{asset, digest}` of the judged documents, `outcomes` what was decided of each, `digest` that of the
    outcomes.
    """

    actor: str
    enforcement_point: str
    as_of: date
    bundle_digest: str
    inputs: list[dict[str, str]]
    engine: str
    verdict: str
    reasons: list[dict[str, Any]]
    outcomes: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """An answer of the gate as it is kept."""

    id: UUID
    workspace_id: UUID
    at: datetime
    answer: Answer


_FIELDS = fields(Answer)
# One round trip, and all or nothing of it: what is known already costs nothing. Without its rules no decision is kept.
_KEEP_ANSWER = text("""
    WITH inputs AS (
        INSERT INTO kept_input (digest, body)
        SELECT digest, body FROM unnest(CAST(:digests AS text[]), CAST(:bodies AS bytea[])) AS row (digest, body)
        ORDER BY digest ON CONFLICT (digest) DO NOTHING
    ), decision AS (
        INSERT INTO decision_record SELECT * FROM jsonb_populate_record(NULL::decision_record, CAST(:row AS jsonb))
        WHERE EXISTS (SELECT 1 FROM kept_bundle WHERE digest = :bundle)
    )
    SELECT EXISTS (SELECT 1 FROM kept_bundle WHERE digest = :bundle)
""")


def hold(session: Session, workspace: UUID, asset_ids: Sequence[int]) -> dict[int, Remembered]:
    """Takes the judgements of these assets for this transaction: whoever else wants to judge them waits.

    What is read after this call is at least as new as what any finished judgement has seen.
    """
    ids = sorted(asset_ids)
    connection = session.connection()
    connection.execute(
        text("""
            INSERT INTO judgement (asset_id, workspace_id, outcomes)
            SELECT id, :workspace, '{}'::jsonb FROM unnest(CAST(:ids AS bigint[])) AS row (id)
            ON CONFLICT (asset_id) DO NOTHING
        """),
        {"workspace": workspace, "ids": ids},
    )
    rows = connection.execute(
        text("""
            SELECT asset_id, input_digest, bundle_digest, engine FROM judgement
            WHERE asset_id = ANY (:ids) ORDER BY asset_id FOR UPDATE
        """),
        {"ids": ids},
    )
    return {asset_id: Remembered(*judged_on) for asset_id, *judged_on in rows.all()}


def remember(session: Session, decisions: Mapping[int, Decision], engine: str, at: datetime) -> None:
    """Writes down what was decided of each asset, by its id."""
    if not decisions:
        return
    rows = [
        {
            "asset_id": asset_id,
            "input_digest": decision.input_digest,
            "bundle_digest": decision.bundle_digest,
            "outcomes": decision.summary(),
        }
        for asset_id, decision in decisions.items()
    ]
    session.connection().execute(
        text("""
            UPDATE judgement SET input_digest = row.input_digest, bundle_digest = row.bundle_digest, engine = :engine,
                   decided_at = :at, outcomes = row.outcomes
            FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS row (asset_id bigint, input_digest text, bundle_digest text, outcomes jsonb)
            WHERE judgement.asset_id = row.asset_id
        """),
        {"engine": engine, "at": at, "rows": canonical.encode(rows).decode()},
    )


def last(session: Session, asset_id: int) -> Last | None:
    """The last judgement of an asset, None where it was never judged."""
    row = (
        session.connection()
        .execute(
            text("""
            SELECT input_digest, decided_at, outcomes FROM judgement
            WHERE asset_id = :id AND decided_at IS NOT NULL
        """),
            {"id": asset_id},
        )
        .one_or_none()
    )
    return Last(*row) if row else None


def outcomes_by_pack(session: Session, refs_by_id: Mapping[int, str]) -> dict[str, dict[str, str]]:
    """By ref and pack id, the worst outcome of the last judgement of these assets; of one that was never judged, nothing.

    Rules that did not apply say nothing against it: a pack of which none applied is passed.
    """
    rows = session.connection().execute(
        text("SELECT asset_id, outcomes FROM judgement WHERE asset_id = ANY (:ids) AND decided_at IS NOT NULL"),
        {"ids": list(refs_by_id)},
    )
    return {refs_by_id[row.asset_id]: _by_pack(row.outcomes) for row in rows}


_WORST = (Outcome.PASS, Outcome.UNKNOWN, Outcome.VIOLATION, Outcome.ERROR)


def _by_pack(outcomes: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, str]:
    packs: dict[str, Outcome] = {}
    for decided in outcomes.values():
        for one in decided:
            said = Outcome(one["outcome"])
            said = Outcome.PASS if said is Outcome.NOT_APPLICABLE else said
            packs[one["pack"]] = max(packs.get(one["pack"], Outcome.PASS), said, key=_WORST.index)
    return {pack: packs[pack].value for pack in sorted(packs)}


def forget(session: Session, asset_ids: Sequence[int]) -> None:
    """An asset is gone: should it come back, it is judged anew."""
    session.connection().execute(
        text("""
            UPDATE judgement SET input_digest = NULL, bundle_digest = NULL, decided_at = NULL, outcomes = '{}'::jsonb
            WHERE asset_id = ANY (:ids)
        """),
        {"ids": list(asset_ids)},
    )


def keep_inputs(session: Session, prepared: Iterable[Prepared]) -> None:
    """Keeps input documents; one that is kept already costs nothing."""
    bodies = {one.digest: zlib.compress(one.body, _LEVEL) for one in prepared}
    if bodies:
        session.connection().execute(
            text("""
                INSERT INTO kept_input (digest, body)
                SELECT digest, body FROM unnest(CAST(:digests AS text[]), CAST(:bodies AS bytea[])) AS row (digest, body)
                ORDER BY digest ON CONFLICT (digest) DO NOTHING
            """),
            {"digests": list(bodies), "bodies": list(bodies.values())},
        )


def kept_input(session: Session, digest: str) -> Prepared:
    """The document under `digest`, with the parameters it was judged under.

    Raises:
        NotFound: none is kept under this digest.
    """
    row = session.get(KeptInput, digest)
    if row is None:
        raise NotFound(f"No input document is kept under {digest}.")
    return unseal(zlib.decompress(row.body))


def kept_bundle(session: Session, digest: str) -> Bundle:
    """The rules under `digest`.

    Raises:
        NotFound: none are kept under this digest.
    """
    row = session.get(KeptBundle, digest)
    if row is None:
        raise NotFound(f"No rules are kept under {digest}.")
    return Bundle.from_dict(canonical.decode(zlib.decompress(row.body)))


def outcomes_of(decisions: Iterable[Decision]) -> dict[str, Any]:
    """By asset ref, all that was decided: what a replay must come out with again."""
    return {decision.asset_ref: decision.as_dict() for decision in decisions}


def keep_answer(
    session: Session, workspace: UUID, bundle: Bundle, prepared: Iterable[Prepared], answer: Answer
) -> KeptDecision:
    """Keeps an answer of the gate with the documents and the rules that it was made from."""
    kept = KeptDecision(new_id(), workspace, clock.now(), answer)
    bodies = {one.digest: zlib.compress(one.body, _LEVEL) for one in prepared}
    row = {
        "id": kept.id,
        "workspace_id": workspace,
        "at": kept.at,
        **{f.name: getattr(answer, f.name) for f in _FIELDS},
    }
    values = {
        "digests": list(bodies),
        "bodies": list(bodies.values()),
        "row": canonical.encode(row).decode(),
        "bundle": bundle.digest,
    }
    connection = session.connection()
    if not connection.execute(_KEEP_ANSWER, values).scalar_one():
        connection.execute(
            text("INSERT INTO kept_bundle (digest, body) VALUES (:digest, :body) ON CONFLICT (digest) DO NOTHING"),
            {"digest": bundle.digest, "body": zlib.compress(canonical.encode(bundle.as_dict()))},
        )
        connection.execute(_KEEP_ANSWER, values)
    return kept


def decision_record(session: Session, decision_id: UUID) -> KeptDecision:
    """An answer of the gate.

    Raises:
        NotFound: there is none of this id.
    """
    row = session.exec(select(DecisionRecord).where(DecisionRecord.id == decision_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.")
    return _kept(row)


def decisions(session: Session, workspaces: Sequence[UUID], limit: int, cursor: str | None) -> Page[KeptDecision]:
    """A page of the gate's answers in these workspaces, newest first."""
    query = select(DecisionRecord).where(col(DecisionRecord.workspace_id).in_(workspaces))
    if cursor:
        query = query.where(col(DecisionRecord.id) < decode_id_cursor(cursor))
    rows = session.exec(query.order_by(col(DecisionRecord.id).desc()).limit(limit + 1)).all()
    return cut([_kept(row) for row in rows], limit, lambda one: (str(one.id),))


def _kept(row: DecisionRecord) -> KeptDecision:
    answer = Answer(**{f.name: getattr(row, f.name) for f in _FIELDS})
    return KeptDecision(row.id, row.workspace_id, row.at, answer)
