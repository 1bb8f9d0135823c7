"""What the whole catalogue costs: an evaluation with every rule on, beside one with the eight rules it began with."""

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine
from sqlmodel import Session

from service.foundation import clock
from service.foundation.database import unit_of_work
from service.inventory.views import WorkspaceView
from service.pipeline import Ground, judge_assets
from tests.bench.conftest import Say, ids, load, size
from tests.factories.libraries import of_eight
from tests.factories.manifests import ACTOR

CHUNK = 250


def rate(engine: Engine, ground: Ground, home: WorkspaceView, chunks: list[list[int]]) -> float:
    """Assets judged in a second, every one of them."""

    def run(chunk: list[int]) -> int:
        with unit_of_work(engine) as session:
            return judge_assets(session, ground, home, chunk, as_of=clock.today(), force=True, actor=ACTOR).judged

    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        judged = sum(pool.map(run, chunks))
    return judged / (time.perf_counter() - begun)


def test_all_rules(engine: Engine, ground: Ground, say: Say) -> None:
    count = size(10_000)
    home = load(engine, count)
    with Session(engine) as session:
        all_ids = ids(session, home)
    chunks = [all_ids[start : start + CHUNK] for start in range(0, len(all_ids), CHUNK)]
    eight = rate(engine, Ground(ground.engine, of_eight(ground.library)), home, chunks)
    whole = rate(engine, ground, home, chunks)
    say(f"\nfull evaluation of {count} assets, every asset judged")
    say(f"  the eight rules            {eight:8.0f} assets/s")
    say(f"  all {len(ground.library.rules):2} rules               {whole:8.0f} assets/s   ratio {whole / eight:.2f}")
