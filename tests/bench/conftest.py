"""Ground of the benchmarks: a catalogued database, the shipped rules, and a way to say figures."""

import os
import statistics
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.foundation.database import unit_of_work
from service.foundation.settings import POLICIES
from service.inventory import ingest, manifest, reference_load, workspaces
from service.inventory.facts import Observation
from service.inventory.views import WorkspaceView
from service.packs.source import Library, load_library
from service.pipeline import Ground
from tests.bench.estate import manifests
from tests.factories.manifests import ACTOR

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Prints a line whatever pytest captures."""

    def speak(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)  # noqa: T201 -- a benchmark's figures are its output

    return speak


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library(POLICIES)


@pytest.fixture(scope="session")
def ground(library: Library) -> Iterator[Ground]:
    engine = EmbeddedEngine(timeout=60.0)
    yield Ground(engine, library)
    engine.close()


def size(default: int) -> int:
    """How many assets: `ALLOD_TEST_BENCH_ASSETS`, else the figure that the README speaks of."""
    return int(os.environ.get("ALLOD_TEST_BENCH_ASSETS", default))


def load(engine: Engine, count: int) -> WorkspaceView:
    """A workspace with a generated estate of `count` assets."""
    with unit_of_work(engine) as session:
        reference_load.sync(session, POLICIES / "data")
        home = workspaces.ensure(session, "default", ACTOR)
    batch = []
    for document in manifests(count):
        batch.append(manifest.observation(document))
        if len(batch) == 1000:
            _record(engine, home, batch)
            batch = []
    _record(engine, home, batch)
    with unit_of_work(engine) as session:
        ingest.analyse(session)
    return home


def _record(engine: Engine, home: WorkspaceView, batch: list[Observation]) -> None:
    with unit_of_work(engine) as session:
        ingest.record(session, home, batch, ACTOR)


def percentile(times: Sequence[float], share: int) -> float:
    """The value below which `share` per cent of `times` lie, in milliseconds."""
    return 1000 * statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def ids(session: Session, home: WorkspaceView) -> list[int]:
    """Keys of all assets."""
    from service.inventory.queries import ids_of

    found = list(ids_of(session, home.id, None))
    session.rollback()
    return found
