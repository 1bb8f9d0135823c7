"""A run of a source from asking to its end: what it records, what it survives, and what it never does."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from service.foundation import clock
from service.foundation.actor import Actor, ActorKind
from service.foundation.database import unit_of_work
from service.foundation.errors import Conflict, Invalid, NotFound
from service.foundation.settings import settings
from service.inventory import queries, statements, workspaces
from service.inventory.views import WorkspaceView
from service.jobs import dispatch, scan
from service.scans import accounts, leases, runs, sources
from service.scans.connector import Asked, Context, Event, Note, Read, Refused, Seen
from service.scans.failures import SourceFailure, Stopped
from service.scans.registry import find
from service.scans.runs import Mode, Run, RunStatus
from service.scans.sources import Source, Wanted

TERM = timedelta(seconds=20)
ACTOR = Actor(ActorKind.TOKEN, "tester")
Script = Callable[[Callable[..., Iterator[Event]]], None]


def model(name: str, **attributes: Any) -> dict[str, Any]:
    return {
        "kind": "model",
        "name": name,
        "attributes": attributes,
        "evidence": {key: {"grade": "verified", "source": "api"} for key in attributes},
    }


def whole(*names: str, part: str = "all") -> Iterator[Event]:
    yield Asked(part, len(names))
    for name in names:
        yield Seen(part, f"obj/{name}", model(name, version="1"))
    yield Read(part)


class Trial:
    """A source on this test's database, read as often as the test likes."""

    def __init__(self, engine: Engine, script: Script, **wanted: Any) -> None:
        self.engine, self.script = engine, script
        script(lambda _, context: whole())
        with unit_of_work(engine) as session:
            self.home: WorkspaceView = workspaces.ensure(session, "default", ACTOR)
        self.source = self.put(**wanted)

    def put(self, **wanted: Any) -> Source:
        with unit_of_work(self.engine) as session:
            given = Wanted("mlflow", wanted.pop("settings", {}), **wanted)
            source, _ = sources.put(session, self.home, "it", given, ACTOR)
        return source

    def ask(self, mode: Mode = Mode.SCAN) -> UUID:
        with unit_of_work(self.engine) as session:
            run = runs.request(session, self.source, ACTOR, mode)
        with unit_of_work(self.engine) as session:
            leases.due(session, clock.now(), TERM)
        return run

    def run(self, events: Callable[[Context], Iterator[Event]], mode: Mode = Mode.SCAN) -> Run:
        self.script(lambda _, context: events(context))
        run = self.ask(mode)
        scan.work(run, self.engine, TERM)
        return self.look(run)

    def look(self, run: UUID) -> Run:
        with unit_of_work(self.engine) as session:
            return runs.find(session, {self.home.id: self.home.name}, run)

    def parts(self, run: Run) -> dict[str, str]:
        with unit_of_work(self.engine) as session:
            return {one.part: one.status for one in accounts.parts(session, run.id, 100, None).items}

    def problems(self, run: Run) -> list[tuple[str, str, str | None, str]]:
        with unit_of_work(self.engine) as session:
            found = accounts.problems(session, run.id, 100, None).items
        return [(one.kind, one.part, one.object, one.text) for one in found]

    def assets(self) -> dict[str, bool]:
        """Refs, and whether each is stale."""
        with unit_of_work(self.engine) as session:
            page = queries.listing(session, [self.home], queries.Filter(), 1000, None)
        return {one.asset.ref: one.asset.stale_since is not None for one in page.items}


@pytest.fixture
def trial(engine: Engine, environment: dict[str, str], script: Script) -> Callable[..., Trial]:
    def make(**wanted: Any) -> Trial:
        return Trial(engine, script, **wanted)

    return make


def test_a_run_records_what_it_saw_and_how_much_that_was(trial: Callable[..., Trial]) -> None:
    one = trial()

    def read(_: Context) -> Iterator[Event]:
        yield from whole("a", "b")
        yield Asked("notes")
        yield Note("notes", "x", "it has no form")
        yield Read("notes")

    first = one.run(read)
    assert (first.status, first.seen, first.created, first.noted, first.expected) == (RunStatus.DONE, 2, 2, 1, 2)
    assert first.error is None
    assert first.finished_at is not None
    assert one.parts(first) == {"all": "read", "notes": "read"}
    assert one.problems(first) == [("note", "notes", "x", "it has no form")]
    again = one.run(read)
    assert (again.status, again.created, again.unchanged) == (RunStatus.DONE, 0, 2)
    assert one.assets() == {"model:a": False, "model:b": False}


def test_what_is_missed_ages_and_goes_and_only_by_complete_parts(trial: Callable[..., Trial]) -> None:
    one = trial(stale_after=1, remove_after=2)

    def both(_: Context) -> Iterator[Event]:
        yield from whole("a", "b", part="p")
        yield from whole("c", part="q")

    def less(_: Context) -> Iterator[Event]:
        yield from whole("a", part="p")
        yield Asked("q")
        yield Refused("q", None, "403 Forbidden")

    one.run(both)
    partial = one.run(less)
    assert (partial.status, partial.stale, partial.removed, partial.refused) == (RunStatus.PARTIAL, 1, 0, 1)
    assert partial.error == "q: 403 Forbidden"
    assert one.assets() == {"model:a": False, "model:b": True, "model:c": False}
    second = one.run(less)
    assert second.removed == 1
    assert one.assets() == {"model:a": False, "model:c": False}, "what could not be looked at is not held to be gone"
    back = one.run(both)
    assert (back.status, back.created) == (RunStatus.DONE, 1)


def test_a_failure_half_way_keeps_what_was_seen(trial: Callable[..., Trial]) -> None:
    one = trial(stale_after=1, remove_after=1)
    one.run(lambda _: whole("a", "b"))

    def broken(_: Context) -> Iterator[Event]:
        yield Asked("all")
        yield Seen("all", "obj/a", model("a", version="2"))
        raise SourceFailure("the token was revoked", 401)

    run = one.run(broken)
    assert (run.status, run.updated, run.removed, run.error) == (RunStatus.PARTIAL, 1, 0, "all: the token was revoked")
    assert one.assets() == {"model:a": False, "model:b": False}


def test_a_source_that_cannot_be_read_at_all_has_failed(trial: Callable[..., Trial]) -> None:
    one = trial(remove_after=2)
    one.run(lambda _: whole("a"))

    def dead(_: Context) -> Iterator[Event]:
        raise OSError("connection refused")

    run = one.run(dead)
    assert (run.status, run.error) == (RunStatus.FAILED, "all: OSError: connection refused")
    assert one.assets() == {"model:a": False}


def test_a_reading_that_asks_nothing_takes_nothing_for_gone(trial: Callable[..., Trial]) -> None:
    one = trial(stale_after=1, remove_after=1)
    one.run(lambda _: whole("a"))
    run = one.run(lambda _: iter(()))
    assert (run.status, run.stale, run.removed) == (RunStatus.FAILED, 0, 0)
    assert run.error == "Not all that was asked was read."
    assert one.assets() == {"model:a": False}


def test_things_may_be_called_anything(trial: Callable[..., Trial]) -> None:
    one = trial()

    def odd(_: Context) -> Iterator[Event]:
        yield Asked("p\x00" + "q" * 5000)
        yield Seen("p\x00" + "q" * 5000, "obj\x00\ud800", model("m"))
        yield Note("p\x00" + "q" * 5000, "\x07", "half \udfff a letter")
        yield Read("p\x00" + "q" * 5000)

    run = one.run(odd)
    assert (run.status, run.seen, run.noted) == (RunStatus.DONE, 1, 1)
    assert list(one.parts(run)) == ["p " + "q" * 498]


def test_a_fault_of_our_own_ends_the_run_and_not_the_worker(
    trial: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trial()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("service.scans.recording.record", broken)
    run = one.run(lambda _: whole("a"))
    assert (run.status, run.error) == (RunStatus.FAILED, "ZeroDivisionError; see the worker's log.")


def test_what_makes_no_manifest_is_told_by_object(trial: Callable[..., Trial]) -> None:
    one = trial()

    def odd(_: Context) -> Iterator[Event]:
        yield Asked("p")
        yield Seen("p", "obj/odd", {"kind": "model", "name": "m", "attributes": {"licens": "MIT"}})
        yield Seen("p", "obj/m", model("m"))
        yield Seen("p", "obj/n", model("m"))
        yield Read("p")

    run = one.run(odd)
    assert run.status is RunStatus.PARTIAL
    refused, double = one.problems(run)
    assert refused[:3] == ("refused", "p", "obj/odd")
    assert "licens" in refused[3]
    assert double[:3] == ("note", "p", "obj/n")


def test_scope_and_aliases(trial: Callable[..., Trial]) -> None:
    one = trial(include=("model:*",), exclude=("model:secret/*",), aliases={"model:raw": "model:acme/raw"})
    run = one.run(lambda _: whole("raw", "secret/x"))
    assert (run.seen, run.outside) == (2, 1)
    assert one.assets() == {"model:acme/raw": False}


def test_a_test_records_nothing_and_shows_what_it_would(trial: Callable[..., Trial]) -> None:
    one = trial()
    run = one.run(lambda _: whole(*(f"m{number}" for number in range(30))), Mode.TEST)
    assert (run.status, run.seen, len(run.preview)) == (RunStatus.DONE, 30, 20)
    assert run.preview[0]["ref"] == "model:m0"
    assert one.assets() == {}


def test_secrets_are_struck_out_of_everything_that_is_kept(
    trial: Callable[..., Trial], engine: Engine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "hush-9f8e7d6c5b4a"
    monkeypatch.setenv("ALLOD_SECRET_TOKEN", secret)
    one = trial(settings={"token": "env:ALLOD_SECRET_TOKEN"})

    def leaky(context: Context) -> Iterator[Event]:
        token = context.secret("env:ALLOD_SECRET_TOKEN")
        yield Asked("p")
        yield Note("p", "x", f"asked with {token}")
        yield Refused("p", "y", f"refused {token}")
        yield Seen("p", "z", {"kind": "model", "name": "m", "attributes": {"licens": token}})
        raise RuntimeError(f"cannot log in with {token}")

    run = one.run(leaky)
    assert (run.status, run.refused, run.noted) == (RunStatus.FAILED, 3, 1)
    assert all(secret not in str(problem) for problem in one.problems(run))
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        for table in tables:
            rows = connection.execute(text(f"SELECT string_agg(CAST(t AS text), ' ') FROM {table} AS t")).scalar_one()  # noqa: S608 -- the database's own names
            assert secret not in (rows or ""), table
    assert secret not in "".join(capfd.readouterr())


def test_a_run_that_is_cancelled_stops_at_its_next_object(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial(stale_after=1, remove_after=1)
    one.run(lambda _: whole("a", "gone"))
    reached = threading.Event()

    def endless(context: Context) -> Iterator[Event]:
        yield Asked("all")
        yield Seen("all", "obj/a", model("a", version="1"))
        reached.set()
        while True:
            context.pause()

    one.script(lambda _, context: endless(context))
    run = one.ask()
    worker = threading.Thread(target=scan.work, args=(run, engine, timedelta(seconds=0.3)))
    worker.start()
    reached.wait()
    with unit_of_work(engine) as session:
        runs.cancel(session, one.look(run), ACTOR)
    worker.join()
    ended = one.look(run)
    assert (ended.status, ended.seen) == (RunStatus.CANCELLED, 1)
    assert one.assets() == {"model:a": False, "model:gone": False}
    with pytest.raises(Conflict, match="cancelled"), unit_of_work(engine) as session:
        runs.cancel(session, ended, ACTOR)


def test_a_run_that_waits_is_cancelled_at_once(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    run = one.ask()
    with unit_of_work(engine) as session:
        runs.cancel(session, one.look(run), ACTOR)
    scan.work(run, engine, TERM)
    assert (one.look(run).status, one.look(run).attempts) == (RunStatus.CANCELLED, 0)


def test_a_run_keeps_its_time_limit(trial: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    one = trial(time_limit_seconds=10)

    def slow(context: Context) -> Iterator[Event]:
        yield from whole("a", part="p")
        monkeypatch.setattr("service.jobs.scan.time.monotonic", lambda: float("inf"))
        yield Asked("q")

    run = one.run(slow)
    monkeypatch.undo()
    assert (run.status, run.error) == (RunStatus.PARTIAL, "The run was stopped after 10 s, its time limit.")
    assert one.assets() == {"model:a": False}


def test_a_worker_that_closes_hands_its_run_back(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()

    def closing(context: Context) -> Iterator[Event]:
        yield Asked("all")
        scan._closing.value = True
        yield Seen("all", "obj/a", model("a"))

    try:
        run = one.run(closing)
    finally:
        scan._closing.value = False
    assert (run.status, run.attempts) == (RunStatus.WAITING, 0)
    with unit_of_work(engine) as session:
        assert [due.run for due in leases.due(session, clock.now(), TERM)] == [run.id]
    one.script(lambda _, context: whole("a"))
    scan.work(run.id, engine, TERM)
    assert one.look(run.id).status is RunStatus.DONE


def test_a_run_asked_twice_is_done_once(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    one.script(lambda _, context: whole("a"))
    run = one.ask()
    assert one.ask() == run, "one open run for each source"
    scan.work(run, engine, TERM)
    scan.work(run, engine, TERM)
    assert (one.look(run).attempts, one.look(run).created) == (1, 1)


def test_a_silent_worker_loses_its_run_to_the_next(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    taken: list[UUID] = []

    def stolen(context: Context) -> Iterator[Event]:
        yield from whole("a")
        with unit_of_work(engine) as session:  # as if the lease had run out and somebody else had taken it
            session.connection().execute(text("UPDATE scan_run SET leased_by = 'another'"))
        taken.append(run)
        yield Seen("all", "obj/b", model("b"))

    one.script(lambda _, context: stolen(context))
    run = one.ask()
    scan.work(run, engine, TERM)
    assert taken
    assert one.look(run).status is RunStatus.RUNNING, "the other one's"
    assert "model:b" not in one.assets()
    with unit_of_work(engine) as session:
        assert leases.reap(session, clock.now()) == 0
        assert leases.reap(session, clock.now() + timedelta(minutes=5)) == 1
    assert one.look(run).status is RunStatus.WAITING


def test_a_run_whose_worker_always_falls_silent_fails(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    run = one.ask()
    for attempt in range(leases.ATTEMPTS):
        later = clock.now() + timedelta(hours=attempt)
        with unit_of_work(engine) as session:
            assert leases.claim(session, run, f"w{attempt}", later, TERM) is not None
        with unit_of_work(engine) as session:
            assert leases.reap(session, later + TERM) == 1
    ended = one.look(run)
    assert (ended.status, ended.error) == (RunStatus.FAILED, leases.SILENT.format(leases.ATTEMPTS))
    with unit_of_work(engine) as session:
        assert leases.claim(session, run, "w", clock.now(), TERM) is None


def test_due_sources_are_enqueued_oldest_first_under_a_cap(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    with unit_of_work(engine) as session:
        for number in range(5):
            sources.put(session, one.home, f"s{number}", Wanted("mlflow", {}, every_seconds=3600), ACTOR)
        session.connection().execute(
            text(
                "UPDATE scan_source SET next_due_at = now() - make_interval(mins => CAST(right(name, 1) AS int))"
                " WHERE name LIKE 's_'"
            )
        )
    now = clock.now()
    with unit_of_work(engine) as session:
        assert runs.enqueue_due(session, now, 2) == 2
        assert runs.enqueue_due(session, now, 2) == 0, "the cap is full"
        open_runs = runs.listing(session, {one.home.id: "default"}, 10, None).items
    assert sorted(run.source for run in open_runs) == ["s3", "s4"], "the longest overdue"
    with unit_of_work(engine) as session:
        run = runs.request(session, one.source, ACTOR)
        assert [due.run for due in leases.due(session, now, TERM)].count(run) == 1, "who asks now jumps the cap"
        due = sources.find(session, one.home, "s4").next_due_at
    assert due is not None
    assert timedelta(hours=1) <= due - now <= timedelta(hours=1, minutes=6)


def test_a_deleted_source_takes_along_what_it_alone_knew(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    one.run(lambda _: whole("a", "b"))
    with unit_of_work(engine) as session:
        from tests.factories.manifests import observation

        statements.declare(session, one.home, [observation("model:b", licence="MIT")], ACTOR)
        sources.remove(session, one.home, "it", ACTOR)
        with pytest.raises(NotFound):
            sources.remove(session, one.home, "it", ACTOR)
    dispatch.dispatch(engine, lambda _: None, lambda _: None)
    assert one.assets() == {"model:b": False}
    with unit_of_work(engine) as session:
        assert queries.asset(session, one.home, "model:b").attributes == {"licence": "MIT"}


def test_old_runs_are_swept(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    ids = [one.run(lambda _: whole("a")).id for _ in range(4)]
    with unit_of_work(engine) as session:
        assert runs.sweep(session, keep=2) == 2
        left = [run.id for run in runs.listing(session, {one.home.id: "default"}, 10, None).items]
    assert left == [ids[3], ids[2]]


def test_what_is_told_of_a_run_is_paged(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()

    def read(_: Context) -> Iterator[Event]:
        for number in range(5):
            yield Asked(f"p{number}")
            yield Note(f"p{number}", f"o{number}", "odd")
            yield Read(f"p{number}")

    run = one.run(read)
    for listed, name in ((accounts.parts, "part"), (accounts.problems, "part")):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            with unit_of_work(engine) as session:
                page = listed(session, run.id, 2, cursor)
            seen += [getattr(item, name) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"p{number}" for number in range(5)]
    with unit_of_work(engine) as session, pytest.raises(Invalid):
        accounts.problems(session, run.id, 2, "WyJ4Il0")


def test_a_free_place_is_taken_at_once(
    trial: Callable[..., Trial], engine: Engine, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOD_SCANS_IN_FLIGHT", "1")
    settings.cache_clear()
    one = trial()
    with unit_of_work(engine) as session:
        for name in ("first", "second"):
            sources.put(session, one.home, name, Wanted("mlflow", {}, every_seconds=3600), ACTOR)
        session.connection().execute(
            text("UPDATE scan_source SET next_due_at = now() - interval '1 h' WHERE name = 'first'")
        )
    one.script(lambda _, context: whole("a"))
    handed: list[leases.Due] = []
    assert scan.take_due(engine, handed.extend) == 1, "the cap"
    assert scan.take_due(engine, handed.extend) == 0
    scan.work(handed[0].run, engine, TERM)
    with unit_of_work(engine) as session:
        found = runs.listing(session, {one.home.id: "default"}, 10, None).items
        assert {run.source: str(run.status) for run in found} == {"first": "done", "second": "waiting"}


def test_who_waits_goes_before_what_is_due(trial: Callable[..., Trial], engine: Engine) -> None:
    one = trial()
    with unit_of_work(engine) as session:
        sources.put(session, one.home, "due", Wanted("mlflow", {}, every_seconds=3600), ACTOR)
        runs.enqueue_due(session, clock.now(), 5)
        asked = runs.request(session, one.source, ACTOR)
        assert next(due.run for due in leases.due(session, clock.now(), TERM)) == asked
        again = runs.request(session, sources.find(session, one.home, "due"), ACTOR)
        assert runs.find(session, {one.home.id: "default"}, again).interactive, "moved up instead of asked twice"


def test_a_worker_that_is_told_to_close_lets_its_children_know() -> None:
    try:
        scan._close()
        with pytest.raises(Stopped):
            scan._Watch(float("inf")).look()
    finally:
        scan._closing.value = False


def test_there_are_only_known_connectors() -> None:
    with pytest.raises(Invalid) as refused:
        find("nonsense")
    assert [fault.path for fault in refused.value.faults] == ["/connector"]
    assert find("mlflow").name == "mlflow"
