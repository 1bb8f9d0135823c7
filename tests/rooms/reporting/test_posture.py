"""Where a workspace stands, read from what was judged."""

from sqlalchemy import text
from sqlmodel import Session

from service.evaluation import record
from service.evaluation.decision import Outcome
from service.foundation import clock
from service.foundation.actor import SCHEDULER
from service.inventory import ingest, queries, workspaces
from service.inventory.facts import Kind, Observation
from service.reporting.posture import PackPosture, posture
from service.violations.reconcile import reconcile
from tests.factories.decisions import decided, found, says


def test_a_posture_counts_what_is_registered_judged_and_open(session: Session) -> None:
    workspace = workspaces.ensure(session, "default", SCHEDULER)
    ingest.record(session, workspace, [Observation(Kind.SYSTEM, n, "default") for n in ("a", "b")], SCHEDULER)
    first, _ = list(queries.ids_of(session, workspace.id, None))
    session.connection().execution_options(yield_per=None)
    decision = decided(
        says(found("x"), found("y")),
        says(outcome=Outcome.PASS, rule="RES-002"),
        says(found("l", Outcome.UNKNOWN), rule="LIC-001", pack="ai-licensing"),
        ref="system:a",
    )
    record.hold(session, workspace.id, [first])
    record.remember(session, {first: decision}, "regorus", clock.now())
    reconcile(session, workspace, [(first, "system:a", decision)], SCHEDULER, clock.now())
    seen = posture(session, {workspace.id: workspace.name})
    assert (seen.assets, seen.judged, seen.open) == (2, 1, {"high": 2})
    assert seen.packs == [
        PackPosture("ai-licensing", {"unknown": 1}),
        PackPosture("eu-data-residency", {"pass": 1, "violation": 1}),
    ]
    session.connection().execute(text("UPDATE asset SET deleted_at = now()"))
    assert posture(session, {workspace.id: workspace.name}).assets == 0
