"""From the outbox to jobs: one table from topic to function.

A message is deleted in the transaction that carries it out. One that fails rests, longer each time, and holds up no other;
it is never given up, since what it announces has happened.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Engine, text
from sqlmodel import Session

from service.evaluation import run_leases, runs
from service.evaluation.run_leases import Due
from service.foundation import clock
from service.foundation.actor import Actor, ActorKind
from service.foundation.database import unit_of_work
from service.foundation.errors import NotFound
from service.foundation.outbox import Topic, announce
from service.foundation.settings import settings
from service.inventory import statement_rows, statements, workspaces
from service.inventory.estate_stored import StoredEstate
from service.inventory.graph_affected import affected
from service.inventory.reference import Catalogue
from service.inventory.views import WorkspaceView
from service.jobs import scan
from service.jobs.evaluate import EVALUATOR, hand_to_queue
from service.scans import leases, sources

BATCH = 500
LONGEST_REST = timedelta(hours=1)
log = structlog.get_logger(__name__)

Payload = dict[str, Any]
Handler = Callable[[Session, Topic, Sequence[Payload]], list[Due]]


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed row of the outbox."""

    id: int
    topic: str
    payload: Payload
    attempts: int


def dispatch(
    bind: Engine,
    publish: Callable[[list[Due]], None] = hand_to_queue,
    publish_scans: Callable[[list[leases.Due]], None] = scan.hand_to_queue,
) -> int:
    """Carries out all messages that are due, oldest first, then hands on what chunks are due; answers how many messages.

    Several may run at once: each takes what no other holds.
    """
    carried = 0
    while count := _batch(bind, publish):
        carried += count
    with unit_of_work(bind) as session:
        chunks = run_leases.due(session, clock.now(), _trust())
        scans = leases.due(session, clock.now(), _trust())
    publish(chunks)
    publish_scans(scans)
    return carried


def _batch(bind: Engine, publish: Callable[[list[Due]], None]) -> int:
    chunks: list[Due] = []
    with unit_of_work(bind) as session:
        messages = _claim(session, clock.now())
        for together in _groups(messages):
            chunks += _carry_out(session, together)
    publish(chunks)  # after the commit: a worker must find what it is woken for
    return len(messages)


def _claim(session: Session, now: datetime) -> list[Message]:
    rows = session.connection().execute(
        text("""
            SELECT id, topic, payload, attempts FROM outbox WHERE not_before <= :now
            ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
        """),
        {"now": now, "batch": BATCH},
    )
    return [Message(*row) for row in rows]


def _groups(messages: Iterable[Message]) -> list[list[Message]]:
    """Messages that are carried out as one: of a topic and workspace; one that failed before goes alone."""
    groups: dict[tuple[str, Any, int], list[Message]] = {}
    for message in messages:
        alone = message.id if message.attempts else 0
        groups.setdefault((message.topic, message.payload.get("workspace"), alone), []).append(message)
    return list(groups.values())


def _carry_out(session: Session, together: Sequence[Message]) -> list[Due]:
    topic, ids = together[0].topic, [message.id for message in together]
    try:
        with session.begin_nested():
            chunks = TOPICS[Topic(topic)](session, Topic(topic), [message.payload for message in together])
    except Exception as error:
        # Whatever it was, the message waits and the others go on.
        log.exception("message.failed", topic=topic, messages=ids)
        _put_off(session, together, error)
        return []
    session.connection().execute(text("DELETE FROM outbox WHERE id = ANY (:ids)"), {"ids": ids})
    return chunks


def _put_off(session: Session, together: Sequence[Message], error: Exception) -> None:
    rest = min(timedelta(seconds=2 ** min(together[0].attempts, 12)), LONGEST_REST)
    session.connection().execute(
        text(
            "UPDATE outbox SET attempts = attempts + 1, not_before = :then, last_error = :error WHERE id = ANY (:ids)"
        ),
        {
            "ids": [m.id for m in together],
            "then": clock.now() + rest,
            "error": f"{type(error).__name__}: {error}"[:2000],
        },
    )


def _trust() -> timedelta:
    return timedelta(seconds=settings().lease_seconds)


def _assets_changed(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:
    """What changed, and everything whose facts rest on it, is judged anew."""
    workspace = _workspace(session, payloads[0]["workspace"])
    changed = {ref for payload in payloads for ref in payload["refs"]}
    refs = affected(StoredEstate(session, workspace), Catalogue.load(session, workspace.id), changed)
    runs.request(session, workspace.id, topic, sorted(refs), EVALUATOR)
    return []


def _rules_or_facts_changed(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:
    """Everything is judged anew; what the change does not touch is passed over by its digest."""
    name = payloads[0]["workspace"]
    for workspace in workspaces.listing(session) if name is None else [_workspace(session, name)]:
        runs.request(session, workspace.id, topic, None, EVALUATOR)
    return []


def _evaluation_requested(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:  # noqa: ARG001 -- one signature for all
    asked = [UUID(payload["evaluation"]) for payload in payloads]
    return [chunk for run in asked for chunk in run_leases.due(session, clock.now(), _trust(), run)]


def _scan_requested(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:  # noqa: ARG001 -- one signature for all
    """Nothing more: what waits is handed on at the end of every dispatch, and this one was woken by the request."""
    return []


def _source_removed(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:
    """What a deleted source alone knew of goes, batch by batch, unless a new source has taken its name."""
    for payload in payloads:
        workspace, origin = _workspace(session, payload["workspace"]), payload["origin"]
        refs = statement_rows.long_missed(session, workspace.id, origin, 0, BATCH)
        if refs and not sources.exists(session, workspace.id, origin):
            statements.withdraw(session, workspace, origin, refs, Actor(ActorKind.SYSTEM, origin))
            announce(session, topic, payload)
    return []


def _told(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:  # noqa: ARG001 -- one signature for all
    """A line in the log, which is where alerts of today's operators come from."""
    for payload in payloads:
        log.info(topic.value, workspace=payload["workspace"], count=len(payload["violations"]))
    return []


def _waiver_told(session: Session, topic: Topic, payloads: Sequence[Payload]) -> list[Due]:  # noqa: ARG001 -- one signature for all
    """Likewise. Nothing is judged anew: a waiver stands beside what a rule says, and every reader asks whether it holds."""
    for payload in payloads:
        log.info(topic.value, **payload)
    return []


def _workspace(session: Session, name: str) -> WorkspaceView:
    found = workspaces.find(session, name)
    if found is None:
        raise NotFound(f"There is no workspace {name!r}.")
    return found


TOPICS: dict[Topic, Handler] = {
    Topic.ASSET_CHANGED: _assets_changed,
    Topic.REFERENCE_CHANGED: _rules_or_facts_changed,
    Topic.PACK_CHANGED: _rules_or_facts_changed,
    Topic.EVALUATION_REQUESTED: _evaluation_requested,
    Topic.SCAN_REQUESTED: _scan_requested,
    Topic.SOURCE_REMOVED: _source_removed,
    Topic.VIOLATION_OPENED: _told,
    Topic.VIOLATION_RESOLVED: _told,
    Topic.WAIVER_CHANGED: _waiver_told,
}
