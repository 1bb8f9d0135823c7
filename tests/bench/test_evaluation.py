"""A full evaluation, end to end, beside the bare embedded engine and beside one OPA call for each asset and rule."""

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import regorus
import requests
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.engine import entry as entries
from service.engine.modules import moved
from service.evaluation import record
from service.evaluation.tables import Judgement
from service.foundation import canonical, clock
from service.foundation.database import unit_of_work
from service.packs.queries import in_force
from service.pipeline import Ground, judge_assets
from tests.bench.conftest import Say, ids, load, size
from tests.factories.manifests import ACTOR

CHUNK = 250
REST_ASSETS = 150
WORKERS = 2


def test_full_evaluation(engine: Engine, ground: Ground, opa_url: str, say: Say) -> None:
    count = size(20_000)
    home = load(engine, count)
    with Session(engine) as session:
        all_ids = ids(session, home)
        assignment = in_force(session, ground.library, home.id)
    chunks = [all_ids[start : start + CHUNK] for start in range(0, len(all_ids), CHUNK)]

    def run(chunk: list[int]) -> int:
        with unit_of_work(engine) as session:
            return judge_assets(session, ground, home, chunk, as_of=clock.today(), force=False, actor=ACTOR).judged

    begun = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(run, chunks)) == count
    end_to_end = count / (time.perf_counter() - begun)

    begun = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(run, chunks)) == 0
    unchanged = count / (time.perf_counter() - begun)

    documents: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with Session(engine) as session:
        for row in session.exec(select(Judgement)).all():
            one = record.kept_input(session, row.input_digest or "")
            documents[one.kind].append(dict(one.documents(one.slots[0])))
    bare = regorus.Engine()
    prepared = entries.prepare(assignment.bundle)
    for module in prepared.modules:
        bare.add_policy(module.path, module.text)
    begun = time.perf_counter()
    for kind, same_kind in documents.items():
        for start in range(0, len(same_kind), CHUNK):
            bare.set_input_json(canonical.encode({"documents": same_kind[start : start + CHUNK]}).decode())
            bare.eval_rule_as_json(f"data.{entries.answer_path(kind)}")
    engine_alone = count / (time.perf_counter() - begun)

    root = "bench"
    http = requests.Session()
    for module in prepared.modules:
        http.put(
            f"{opa_url}/v1/policies/bench/{module.path}", data=moved(module.text, root).encode()
        ).raise_for_status()
    asked = 0
    sample = [d for same_kind in documents.values() for d in same_kind[: max(REST_ASSETS * len(same_kind) // count, 1)]]
    begun = time.perf_counter()
    for document in sample:
        for rule in entries.rules_for(assignment.bundle, document["asset"]["kind"]):
            path = rule.package.replace("allod", root, 1).replace(".", "/")
            http.post(f"{opa_url}/v1/data/{path}", data=canonical.encode({"input": document})).raise_for_status()
            asked += 1
    rest = len(sample) / (time.perf_counter() - begun)

    say(f"\nfull evaluation of {count} assets, {WORKERS} at a time, chunks of {CHUNK}")
    say(f"  end to end (lock, gather, judge, record, reconcile)   {end_to_end:8.0f} assets/s")
    say(f"  again, nothing changed (gather and compare)           {unchanged:8.0f} assets/s")
    say(
        f"  bare embedded engine, the same documents, one thread  {engine_alone:8.0f} assets/s"
        f"   ratio {end_to_end / engine_alone:.2f}"
    )
    say(
        f"  one OPA call for each asset and rule ({asked} calls)     {rest:8.0f} assets/s   ratio {end_to_end / rest:.1f}"
    )
