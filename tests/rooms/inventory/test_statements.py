"""Several origins on one asset, on a real database."""

import threading
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from service.foundation.database import unit_of_work
from service.foundation.ids import new_id
from service.inventory import ingest, queries, statements, workspaces
from service.inventory.facts import Kind, Observation
from service.inventory.ingest import Status
from service.inventory.statements import Sighting
from service.inventory.views import WorkspaceView
from tests.factories.manifests import ACTOR, observation, register

A, B = "source:a", "source:b"
RUN = new_id()


def seen(name: str, part: str = "p", thing: str | None = None, **attributes: Any) -> Sighting:
    """A model as a source sees it, every attribute verified."""
    evidence = {attribute: {"grade": "verified", "source": "api"} for attribute in attributes}
    return Sighting(
        part, thing or f"obj-{name}", Observation(Kind.MODEL, name, "default", attributes=attributes, evidence=evidence)
    )


def counted(observed: statements.Observed) -> dict[str, int]:
    return {str(status): number for status, number in observed.counts.items() if number}


def test_what_a_source_sees_becomes_an_asset_and_costs_nothing_again(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    assert counted(statements.observe(session, home, A, RUN, [seen("m", version="1"), seen("n")], ACTOR)) == {
        "created": 2
    }
    assert counted(statements.observe(session, home, A, new_id(), [seen("m", version="1"), seen("n")], ACTOR)) == {
        "unchanged": 2
    }
    assert queries.asset(session, home, "model:m").revision == 1
    assert counted(statements.observe(session, home, A, RUN, [seen("m", version="2")], ACTOR)) == {"updated": 1}
    view = queries.asset(session, home, "model:m")
    assert (view.revision, view.attributes, view.managed_by) == (2, {"version": "2"}, None)


def test_a_declaration_and_a_source_stand_side_by_side(session: Session) -> None:
    home = register(session, observation("model:m", version="declared", licence="MIT"))
    assert counted(statements.observe(session, home, A, RUN, [seen("m", version="seen")], ACTOR)) == {"updated": 1}
    view = queries.asset(session, home, "model:m")
    assert view.attributes == {"version": "seen", "licence": "MIT"}
    assert (view.evidence["version"]["grade"], view.evidence["licence"]["grade"]) == ("verified", "declared")
    known = statements.spoken(session, home, "model:m")
    assert [one.origin for one in known.statements] == ["declared", A]
    assert [one.attribute for one in known.disagreements] == ["version"]
    # The manifest is applied again, unchanged and then changed: what the source knows better stays.
    (again,) = statements.declare(session, home, [observation("model:m", version="declared", licence="MIT")], ACTOR)
    assert again.status is Status.UNCHANGED
    (changed,) = statements.declare(session, home, [observation("model:m", version="other", licence="BSD")], ACTOR)
    assert changed.status is Status.UPDATED
    assert queries.asset(session, home, "model:m").attributes == {"version": "seen", "licence": "BSD"}
    (would,) = statements.declare(session, home, [observation("model:m", licence="GPL")], ACTOR, dry_run=True)
    assert would.status is Status.UPDATED
    assert queries.asset(session, home, "model:m").attributes["licence"] == "BSD"


def test_a_source_that_goes_leaves_what_others_say(session: Session) -> None:
    home = register(session, observation("model:m", licence="MIT"))
    statements.observe(session, home, A, RUN, [seen("m", version="1"), seen("alone")], ACTOR)
    statements.observe(session, home, B, RUN, [seen("m", languages=["de"])], ACTOR)
    assert statements.withdraw(session, home, A, ["model:m", "model:alone"], ACTOR) == ["model:alone"]
    assert queries.asset(session, home, "model:m").attributes == {"licence": "MIT", "languages": ["de"]}


def test_what_is_deleted_comes_back_when_it_is_seen_again(session: Session) -> None:
    home = register(session, observation("model:m", licence="MIT"))
    statements.observe(session, home, A, RUN, [seen("m", version="1")], ACTOR)
    assert statements.remove(session, home, ["model:m"], ACTOR) == ["model:m"]
    assert statements.spoken(session, home, "model:m").statements == ()
    assert counted(statements.observe(session, home, A, RUN, [seen("m", version="1")], ACTOR)) == {"created": 1}
    assert queries.asset(session, home, "model:m").attributes == {"version": "1"}


def test_two_objects_with_one_name_are_told_and_the_first_holds(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    twice = [seen("m", thing="one", version="1"), seen("m", thing="two", version="2")]
    observed = statements.observe(session, home, A, RUN, twice, ACTOR)
    assert [one.object for one in observed.doubles] == ["two"]
    later = statements.observe(session, home, A, RUN, [seen("m", thing="two", version="2")], ACTOR)
    assert [one.object for one in later.doubles] == ["two"], "in another batch of the same run, too"
    next_run = statements.observe(session, home, A, new_id(), [seen("m", thing="two", version="2")], ACTOR)
    assert counted(next_run) == {"updated": 1}


def age(session: Session, home: WorkspaceView, parts: list[str] | None = None, stale_after: int = 2) -> int:
    return statements.age(session, home, A, new_id(), parts, stale_after)


def test_what_is_missed_becomes_stale_and_fresh_again(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    statements.observe(session, home, A, RUN, [seen("m"), seen("other", part="q")], ACTOR)
    assert age(session, home, ["p"]) == 0
    assert age(session, home, ["p"]) == 1
    stale = queries.asset(session, home, "model:m")
    assert stale.stale_since is not None
    assert queries.asset(session, home, "model:other").stale_since is None, "its part was not read"
    statements.observe(session, home, A, new_id(), [seen("m")], ACTOR)
    assert queries.asset(session, home, "model:m").stale_since is None


def test_an_asset_is_stale_only_when_nobody_sees_it(session: Session) -> None:
    home = register(session, observation("model:declared"))
    statements.observe(session, home, A, RUN, [seen("declared", version="1"), seen("both", version="1")], ACTOR)
    statements.observe(session, home, B, RUN, [seen("both", version="1")], ACTOR)
    assert age(session, home, stale_after=1) == 2
    assert queries.asset(session, home, "model:declared").stale_since is None
    assert queries.asset(session, home, "model:both").stale_since is None


def test_what_is_declared_is_not_stale(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    statements.observe(session, home, A, RUN, [seen("m", version="1"), seen("n", version="1")], ACTOR)
    assert age(session, home, stale_after=1) == 2
    statements.declare(session, home, [observation("model:m")], ACTOR, dry_run=True)
    assert queries.asset(session, home, "model:m").stale_since is not None
    statements.declare(session, home, [observation("model:m"), observation("model:other")], ACTOR)
    assert queries.asset(session, home, "model:m").stale_since is None
    statements.remove(session, home, ["model:n"], ACTOR)
    statements.declare(session, home, [observation("model:n")], ACTOR)
    assert queries.asset(session, home, "model:n").stale_since is None, "what was stale before it was deleted"


def test_of_two_declarations_in_one_batch_the_later_holds(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    statements.observe(session, home, A, RUN, [seen("m", version="1")], ACTOR)
    twice = [observation("model:m", licence="MIT"), observation("model:m", licence="BSD")]
    assert [one.status for one in statements.declare(session, home, twice, ACTOR)] == [Status.UPDATED, Status.UPDATED]
    assert queries.asset(session, home, "model:m").attributes == {"version": "1", "licence": "BSD"}
    (again,) = statements.declare(session, home, twice[1:], ACTOR)
    assert again.status is Status.UNCHANGED


def test_a_run_counts_one_miss_however_often_it_is_resumed(session: Session) -> None:
    home = workspaces.ensure(session, "default", ACTOR)
    statements.observe(session, home, A, RUN, [seen("m")], ACTOR)
    run = new_id()
    for _ in range(3):
        statements.age(session, home, A, run, None, 2)
    assert session.connection().execute(text("SELECT missed FROM statement")).scalar_one() == 1


def test_a_first_declaration_and_a_first_sighting_at_once_lose_nothing(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        home = workspaces.ensure(session, "default", ACTOR)
    start = threading.Barrier(3)
    failures: list[BaseException] = []

    def run(work: Any) -> None:
        try:
            start.wait()
            for number in range(15):
                with unit_of_work(engine) as own:
                    work(own, f"m{number}")
        except Exception as error:  # noqa: BLE001 -- whatever it was, the test must see it
            failures.append(error)

    def declare(own: Session, name: str) -> None:
        statements.declare(own, home, [observation(f"model:{name}", licence="MIT")], ACTOR)

    def observe_a(own: Session, name: str) -> None:
        statements.observe(own, home, A, RUN, [seen(name, version="1")], ACTOR)

    def observe_b(own: Session, name: str) -> None:
        statements.observe(own, home, B, RUN, [seen(name, languages=["de"])], ACTOR)

    threads = [threading.Thread(target=run, args=(work,)) for work in (declare, observe_a, observe_b)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with unit_of_work(engine) as session:
        for number in range(15):
            view = queries.asset(session, home, f"model:m{number}")
            assert view.attributes == {"licence": "MIT", "version": "1", "languages": ["de"]}


def test_held_shares_the_lock_so_that_nobody_waits_in_a_circle(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        home = register(session, observation("model:m"))
    with unit_of_work(engine) as first:
        ingest.held(first, home, "model:m")
        over = threading.Event()

        def look() -> None:
            with unit_of_work(engine) as second:
                statements.observe(second, home, A, RUN, [seen("m", version="1")], ACTOR)
            over.set()

        thread = threading.Thread(target=look)
        thread.start()
        statements.declare(first, home, [observation("model:m", licence="MIT")], ACTOR)
        assert not over.is_set()
        first.commit()
        thread.join()
    with unit_of_work(engine) as session:
        assert queries.asset(session, home, "model:m").attributes == {"licence": "MIT", "version": "1"}
