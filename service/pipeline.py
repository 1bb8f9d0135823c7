"""The flow, on one screen: assets -> slice -> documents -> verdicts -> decisions -> records -> violations.

It works on batches; one asset is a batch of one. It runs inside the caller's transaction and leaves the commit to him, so
that a batch is judged whole or not at all. Who changes an asset only announces it (`foundation.outbox`); `jobs` calls here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from sqlmodel import Session

from service.engine.choose import choose
from service.engine.protocol import Engine
from service.evaluation import record
from service.evaluation.decision import Decision
from service.evaluation.evaluator import evaluate
from service.evaluation.gather import prepare
from service.evaluation.landscape import kind_of
from service.evaluation.prepared import Prepared
from service.evaluation.standing import StoredMemory, standing
from service.foundation import clock
from service.foundation.actor import Actor
from service.foundation.outbox import Topic, announce
from service.foundation.settings import Settings
from service.inventory import graph
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Kind
from service.inventory.reference import Catalogue
from service.inventory.views import WorkspaceView
from service.packs.queries import in_force
from service.packs.source import Library, load_library
from service.violations import reconcile


@dataclass(frozen=True, slots=True)
class Ground:
    """What judging stands on: an engine and the rules that ship. One for each process."""

    engine: Engine
    library: Library

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The ground that the settings name: their OPA server or else the embedded engine, and their policies."""
        return cls(choose(settings), load_library(settings.policies_dir))


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """What became of a batch: assets judged, assets whose document was as before, and outcomes of the judged ones."""

    judged: int = 0
    unchanged: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def judge_assets(
    session: Session,
    ground: Ground,
    workspace: WorkspaceView,
    asset_ids: Sequence[int],
    *,
    as_of: date,
    force: bool,
    actor: Actor,
) -> PipelineResult:
    """Judges these assets of a workspace as things stand on `as_of`; `force` judges the unchanged ones, too.

    Raises:
        EngineFailure: the engine cannot be reached; nothing was decided and nothing changed.
    """
    # 1. Whoever wants to judge the same assets waits here, so a later look at the world always writes last.
    memory = record.hold(session, workspace.id, asset_ids)
    estate = StoredEstate(session, workspace)
    assets = estate.assets_by_id(asset_ids)
    _close_deleted(session, workspace, [i for i in asset_ids if i not in assets], actor)

    # 2. Facts: what each asset rests on and what rests on it, resolved into one document.
    catalogue = Catalogue.load(session, workspace.id)
    assignment = in_force(session, ground.library, workspace.id)
    refs = {asset.ref: asset.id for asset in assets.values() if asset.id is not None}
    part = graph.slice_for(estate, refs, catalogue)
    beyond = standing(StoredMemory(session, workspace), part, refs, catalogue, as_of)
    prepared = prepare(part, list(refs), catalogue.on(as_of), as_of, assignment, beyond)

    # 3. Memory: the same document under the same rules has the same answer.
    expected = {
        ref: record.Remembered(one.digest, assignment.bundle.digest, ground.engine.name)
        for ref, one in zip(refs, prepared, strict=True)
    }
    due = [one for one in prepared if force or memory.get(refs[one.ref]) != expected[one.ref]]

    # 4. Judgement, its record, and what follows from it.
    decisions = evaluate(ground.engine, assignment.bundle, assignment.rules, due)
    _store(session, ground, workspace, refs, due, decisions, actor)
    outcomes: Counter[str] = Counter()
    for decision in decisions:
        outcomes += decision.counts()
    return PipelineResult(len(due), len(prepared) - len(due), outcomes)


def _store(
    session: Session,
    ground: Ground,
    workspace: WorkspaceView,
    refs: dict[str, int],
    due: Sequence[Prepared],
    decisions: Sequence[Decision],
    actor: Actor,
) -> None:
    if not decisions:
        return
    now = clock.now()
    record.keep_inputs(session, due)
    with _alternatives_told(session, workspace, {refs[d.asset_ref]: d.asset_ref for d in decisions}):
        record.remember(session, {refs[d.asset_ref]: d for d in decisions}, ground.engine.name, now)
    reconcile.reconcile(session, workspace, [(refs[d.asset_ref], d.asset_ref, d) for d in decisions], actor, now)


@contextmanager
def _alternatives_told(session: Session, workspace: WorkspaceView, judged: Mapping[int, str]) -> Iterator[None]:
    """Announces what could take another's place and came to another outcome: systems are judged by their alternatives."""
    named = StoredEstate(session, workspace).alternatives(
        [ref for ref in judged.values() if kind_of(ref) != Kind.SYSTEM]
    )
    ids = {asset_id: ref for asset_id, ref in judged.items() if ref in named}
    before = record.outcomes_by_pack(session, ids) if ids else {}
    yield
    after = record.outcomes_by_pack(session, ids) if ids else {}
    changed = sorted(ref for ref in after if after[ref] != before.get(ref))
    if changed:
        announce(session, Topic.ASSET_CHANGED, {"workspace": workspace.name, "refs": changed})


def _close_deleted(session: Session, workspace: WorkspaceView, asset_ids: Sequence[int], actor: Actor) -> None:
    if asset_ids:
        record.forget(session, asset_ids)
        reconcile.close_deleted(session, workspace, asset_ids, actor, clock.now())
