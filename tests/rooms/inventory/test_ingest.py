"""Statements become rows, once, with their history, their audit and their announcement."""

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from service.audit.tables import AuditEntry
from service.foundation.database import unit_of_work
from service.foundation.outbox import OutboxMessage
from service.inventory import ingest, queries, workspaces
from service.inventory.ingest import Status
from service.inventory.tables import Asset, AssetRevision, Edge
from tests.factories.manifests import ACTOR, observation, register


def count(session: Session, table: Any) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def test_a_new_statement_makes_asset_edges_revision_audit_and_announcement(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    desk = observation(
        "system:desk",
        ("uses", "model:acme/llm"),
        criticality="high",
        data_paths=[{"purpose": "storage", "region": "cloud_region:aws/eu-central-1"}],
    )
    (recorded,) = ingest.record(session, home, [desk], ACTOR)
    session.commit()
    assert (recorded.status, recorded.revision) == (Status.CREATED, 1)
    edges = {(e.from_ref, e.type, e.to_ref, e.origin) for e in session.exec(select(Edge))}
    assert edges == {
        ("system:desk", "uses", "model:acme/llm", "relation"),
        ("system:desk", "data_path", "cloud_region:aws/eu-central-1", "attribute"),
    }
    message = session.exec(select(OutboxMessage)).one()
    assert message.payload == {"workspace": "default", "refs": ["system:desk"]}
    assert [a.action for a in session.exec(select(AuditEntry).order_by(AuditEntry.number))][-1] == "asset.created"  # type: ignore[arg-type]
    view = queries.asset(session, home, "system:desk")
    assert view.evidence["criticality"]["grade"] == "declared"
    assert view.evidence["criticality"]["source"] == "token:tester"


def test_saying_it_again_changes_nothing(session: Session) -> None:
    model = observation("model:acme/llm", licence="Apache-2.0")
    home = register(session, model)
    session.commit()
    before = (count(session, AssetRevision), count(session, OutboxMessage), count(session, AuditEntry))
    (recorded,) = ingest.record(session, home, [model], ACTOR)
    session.commit()
    assert (recorded.status, recorded.revision) == (Status.UNCHANGED, 1)
    assert (count(session, AssetRevision), count(session, OutboxMessage), count(session, AuditEntry)) == before


def test_a_change_replaces_edges_and_keeps_the_evidence_of_what_stayed(session: Session) -> None:
    home = register(
        session, observation("model:a", ("derived_from", "model:b", "finetune"), licence="MIT", version="1")
    )
    session.commit()
    first = queries.asset(session, home, "model:a")
    ingest.record(
        session, home, [observation("model:a", ("derived_from", "model:c", "merge"), licence="MIT", version="2")], ACTOR
    )
    session.commit()
    second = queries.asset(session, home, "model:a")
    assert second.revision == 2
    assert second.evidence["licence"] == first.evidence["licence"]
    assert second.evidence["version"]["at"] > first.evidence["version"]["at"]
    assert [(e.type, e.to_ref) for e in session.exec(select(Edge))] == [("derived_from", "model:c")]
    (newest, _) = queries.history(session, home, "model:a", 10, None).items
    assert newest.changed == ["/attributes/version", "/relations"]


def test_stated_evidence_is_kept_and_withdrawn_with_the_statement(session: Session) -> None:
    stated = observation("model:a", licence="MIT")
    verified = type(stated)(
        **{f: getattr(stated, f) for f in stated.__dataclass_fields__ if f != "evidence"},
        evidence={"licence": {"grade": "verified", "source": "scan:hub"}},
    )
    home = register(session, verified)
    assert queries.asset(session, home, "model:a").evidence["licence"]["grade"] == "verified"
    ingest.record(session, home, [stated], ACTOR)
    assert queries.asset(session, home, "model:a").evidence["licence"]["grade"] == "declared"


def test_what_serves_a_model_is_what_the_model_rests_on(session: Session) -> None:
    register(session, observation("gpu_host:n1", ("serves", "model:a")))
    edges = {(e.from_ref, e.type, e.to_ref, e.owner_ref) for e in session.exec(select(Edge))}
    assert edges == {
        ("gpu_host:n1", "serves", "model:a", "gpu_host:n1"),
        ("model:a", "served_by", "gpu_host:n1", "gpu_host:n1"),
    }


def test_a_deleted_asset_keeps_its_history_and_can_come_back(session: Session) -> None:
    model = observation("model:a", ("derived_from", "model:b"), licence="MIT")
    home = register(session, model)
    assert ingest.remove(session, home, ["model:a", "model:none"], ACTOR) == ["model:a"]
    assert ingest.remove(session, home, ["model:a"], ACTOR) == []
    assert count(session, Edge) == 0
    (back,) = ingest.record(session, home, [model], ACTOR)
    assert (back.status, back.revision) == (Status.CREATED, 3)
    operations = [r.operation for r in queries.history(session, home, "model:a", 10, None).items]
    assert operations == ["created", "deleted", "created"]
    assert count(session, Edge) == 1


def test_one_batch_may_name_an_asset_twice(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    answers = ingest.record(
        session,
        home,
        [
            observation("model:a", version="1"),
            observation("model:b"),
            observation("model:a", version="2"),
            observation("model:b"),
        ],
        ACTOR,
    )
    assert [(a.ref, a.status.value, a.revision) for a in answers] == [
        ("model:a", "created", 1),
        ("model:b", "created", 1),
        ("model:a", "updated", 2),
        ("model:b", "unchanged", 1),
    ]


def test_a_dry_run_tells_and_writes_nothing(session: Session) -> None:
    home = register(session, observation("model:a", version="1"))
    session.commit()
    before = count(session, AssetRevision)
    answers = ingest.record(
        session, home, [observation("model:a", version="2"), observation("model:b")], ACTOR, dry_run=True
    )
    assert [a.status for a in answers] == [Status.UPDATED, Status.CREATED]
    assert count(session, AssetRevision) == before
    assert count(session, Asset) == 1


@pytest.mark.parametrize("there", [False, True])
def test_two_writers_of_one_asset_wait_for_each_other(engine: Engine, there: bool) -> None:
    with unit_of_work(engine) as session:
        home = register(session, *([observation("model:a", version="0")] if there else []))
    barrier = threading.Barrier(4)

    def write(number: int) -> None:
        barrier.wait()
        for turn in range(5):
            with unit_of_work(engine) as own:
                ingest.record(own, home, [observation("model:a", version=f"{number}.{turn}")], ACTOR)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(engine) as session:
        asset = session.exec(select(Asset)).one()
        assert asset.revision == 20 + there
        revisions = [r.revision for r in session.exec(select(AssetRevision).order_by(AssetRevision.revision))]  # type: ignore[arg-type]
        assert revisions == list(range(1, 21 + there))


def test_listing_pages_through_everything_once(session: Session) -> None:
    home = register(session, *(observation(f"model:m{n:03}") for n in range(25)), observation("dataset:d"))
    seen: list[str] = []
    cursor = None
    while True:
        page = queries.listing(session, [home], queries.Filter(kind="model"), 10, cursor)
        seen += [one.asset.ref for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"model:m{n:03}" for n in range(25)]
