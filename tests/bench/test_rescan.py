"""A rescan of what has not changed beside a first full scan with its evaluation; one change among many; memory."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from service.evaluation import run_leases, runs
from service.foundation import clock, database
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES, ROOT, Settings
from service.inventory import ingest, queries, reference_load, workspaces
from service.inventory.views import WorkspaceView
from service.jobs import dispatch, scan
from service.pipeline import Ground, judge_assets
from service.scans import leases, registry, sources
from service.scans import runs as scan_runs
from service.scans.connector import Asked, Connector, Context, Event, Read, Seen, SettingsBase
from service.scans.sources import Wanted
from tests.bench.conftest import Say, size
from tests.bench.estate import manifests
from tests.factories.manifests import ACTOR

CHUNK = 250
WORKERS = 2
TERM = timedelta(seconds=600)


class EstateSettings(SettingsBase):
    """How large the estate is, and which of its datasets moves to another region."""

    count: int
    moved: int | None = None


def read(settings: EstateSettings, _: Context) -> Iterator[Event]:
    """The generated estate, as a source sees it."""
    yield Asked("estate", settings.count)
    for document in manifests(settings.count):
        if settings.moved is not None and document["name"] == f"d{settings.moved}":
            region = "cloud_region:aws/us-east-1"
            document = {  # noqa: PLW2901 -- a moved dataset
                **document,
                "relations": [{"type": "stored_in", "to": region}],
                "attributes": {
                    **document["attributes"],
                    "data_classes": ["personal"],
                    "data_paths": [{"purpose": "storage", "region": region}],
                },
            }
        yield Seen("estate", document["name"], document)
    yield Read("estate")


CONNECTOR = Connector("mlflow", "Estate", EstateSettings, read, lambda _: [])


def scan_once(bind: Engine, home: WorkspaceView, **settings: Any) -> float:
    """Scans the estate; answers the seconds that it took."""
    with unit_of_work(bind) as session:
        source, _ = sources.put(session, home, "estate", Wanted("mlflow", settings, time_limit_seconds=3600), ACTOR)
        run = scan_runs.request(session, source, ACTOR)
    with unit_of_work(bind) as session:
        leases.due(session, clock.now(), TERM)
    begun = time.perf_counter()
    scan.work(run, bind, TERM)
    seconds = time.perf_counter() - begun
    with unit_of_work(bind) as session:
        assert scan_runs.find(session, {home.id: home.name}, run).status == "done"
    return seconds


@pytest.fixture
def estate_source(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setattr(registry, "find", lambda _: CONNECTOR)
    made = Settings(database_url=SecretStr(database_url), redis_url=SecretStr("redis://127.0.0.1:1/0"))
    monkeypatch.setattr(scan, "settings", lambda: made)
    monkeypatch.setattr(dispatch, "settings", lambda: made)
    monkeypatch.setattr(runs, "settings", lambda: made)


def home_of(bind: Engine) -> WorkspaceView:
    """An empty workspace under the shipped catalogue."""
    with unit_of_work(bind) as session:
        reference_load.sync(session, POLICIES / "data")
        return workspaces.ensure(session, "default", ACTOR)


def evaluate(bind: Engine, ground: Ground, home: WorkspaceView, refs: list[str] | None) -> int:
    """Judges these assets, or all, with two threads; answers how many were judged."""
    with unit_of_work(bind) as session:
        ids = list(queries.ids_of(session, home.id, refs))
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]

    def judge(chunk: list[int]) -> int:
        with unit_of_work(bind) as session:
            return judge_assets(session, ground, home, chunk, as_of=clock.today(), force=False, actor=ACTOR).judged

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(judge, chunks))


def test_rescan(engine: Engine, ground: Ground, say: Say, estate_source: None) -> None:
    count = size(50_000)
    home = home_of(engine)
    first = scan_once(engine, home, count=count)
    with unit_of_work(engine) as session:
        ingest.analyse(session)
    begun = time.perf_counter()
    assert evaluate(engine, ground, home, None) == count
    judging = time.perf_counter() - begun
    # Twice: what the first evaluation said of alternatives is an announcement of its own.
    evaluate(engine, ground, home, None)
    with unit_of_work(engine) as session:
        session.connection().execute(text("DELETE FROM outbox"))
    again = scan_once(engine, home, count=count)
    with unit_of_work(engine) as session:
        assert (
            session.connection().execute(text("SELECT count(*) FROM outbox WHERE topic = 'asset.changed'")).scalar_one()
            == 0
        )
    say(
        f"\nrescan of {count} unchanged assets: {again:.1f} s; first scan {first:.1f} s and evaluation {judging:.1f} s:"
        f" {100 * again / (first + judging):.1f} % (aim 5)"
    )

    begun = time.perf_counter()
    reading = scan_once(engine, home, count=count, moved=3)
    handed: list[run_leases.Due] = []
    dispatch.dispatch(engine, handed.extend, lambda _: None)
    with unit_of_work(engine) as session:
        (newest,) = runs.listing(session, {home.id: home.name}, 1, None).items
        refs = sorted(
            session.connection()
            .execute(
                text("""
                    SELECT ref FROM asset WHERE id IN (
                        SELECT unnest(asset_ids) FROM evaluation_chunk WHERE evaluation_id = :run)
                """),
                {"run": newest.id},
            )
            .scalars()
        )
    judged = evaluate(engine, ground, home, refs)
    seconds = time.perf_counter() - begun
    with unit_of_work(engine) as session:
        opened = (
            session.connection()
            .execute(
                text("SELECT count(*) FROM violation v JOIN asset a ON a.id = v.asset_id WHERE a.ref = 'dataset:d3'")
            )
            .scalar_one()
        )
    assert opened
    say(
        f"one changed asset of {count}: {seconds:.1f} s from the start of the rescan to its violation,"
        f" {seconds - reading:.2f} s of it after the reading; {len(refs)} assets rest on it or it on them, {judged} judged"
    )


def test_memory(engine: Engine, database_url: str, say: Say) -> None:
    home_of(engine)
    sizes = [5_000, 50_000, 200_000] if size(50_000) >= 50_000 else [1_000, size(50_000)]
    for count in sizes:
        peaks = []
        for _ in ("first", "again"):
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.test_rescan", database_url, str(count)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            peaks.append(int(done.stdout.splitlines()[-1]))
        say(f"memory of a worker that scans {count} assets: {peaks[0]} MiB at most, {peaks[1]} MiB when unchanged")


def _measure(url: str, count: int) -> int:
    """Peak resident MiB of this process after one scan."""
    made = Settings(database_url=SecretStr(url), redis_url=SecretStr("redis://127.0.0.1:1/0"))
    pytest.MonkeyPatch().setattr(registry, "find", lambda _: CONNECTOR)
    pytest.MonkeyPatch().setattr(scan, "settings", lambda: made)
    bind = database.connect(url)
    scan_once(bind, home_of(bind), count=count)
    # Not getrusage: what it tells is never below the peak of the process that forked this one.
    (peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1]) // 1024


if __name__ == "__main__":
    sys.stdout.write(str(_measure(sys.argv[1], int(sys.argv[2]))))
