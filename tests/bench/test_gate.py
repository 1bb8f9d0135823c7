"""The gate over HTTP on a live inventory, beside a bare OPA server asked with the very documents that the gate made."""

import time
from typing import Any

import requests
from sqlalchemy import Engine
from sqlmodel import Session

from service.engine import entry as entries
from service.engine.modules import moved
from service.evaluation import record
from service.foundation import canonical
from service.foundation.database import unit_of_work
from service.packs.queries import in_force
from service.pipeline import Ground
from tests.bench.conftest import Say, load, percentile, size
from tests.bench.server import HEADERS, serving

ASKED = 200
CANDIDATE = {
    "kind": "system",
    "name": "new-desk",
    "attributes": {
        "commercial": True,
        "criticality": "high",
        "data_classes": ["personal"],
        "data_paths": [{"purpose": "storage", "region": "cloud_region:scaleway/fr-par"}],
        "exit_plan": {"tested_on": "2026-09-01"},
    },
    "relations": [{"type": "uses", "to": "model:tuned/m77"}, {"type": "runs_on", "to": "gpu_host:h3"}],
}


def test_gate(engine: Engine, database_url: str, ground: Ground, opa_url: str, say: Say) -> None:
    count = size(20_000)
    home = load(engine, count)
    body = canonical.encode({"candidate": [CANDIDATE]})
    with serving(database_url) as server, requests.Session() as http:
        answer = http.post(f"{server.url}/api/v1/gate", data=body, headers=HEADERS)
        answer.raise_for_status()
        decision = answer.json()["decision"]
        gate = _times(http, f"{server.url}/api/v1/gate", [body], HEADERS)

    with unit_of_work(engine) as session:
        documents, packages = _documents(session, ground, home.id, decision["id"])
    root = "benchgate"
    with requests.Session() as http:
        for path, text in packages:
            http.put(f"{opa_url}/v1/policies/{root}/{path}", data=moved(text, root).encode()).raise_for_status()
        bodies = [
            (
                f"{opa_url}/v1/data/{entries.answer_path(kind, root).replace('.', '/')}",
                canonical.encode({"input": {"documents": group}}),
            )
            for kind, group in documents.items()
        ]
        for address, one in bodies:
            http.post(address, data=one).raise_for_status()
        bare = []
        for _ in range(ASKED):
            begun = time.perf_counter()
            for address, one in bodies:
                http.post(address, data=one).raise_for_status()
            bare.append(time.perf_counter() - begun)

    judged = sum(map(len, documents.values()))
    say(f"\ngate on {count} assets, one client, {ASKED} times; the candidate reaches {judged - 1} assets")
    say(
        f"  gate, candidate in, verdict out     p50 {percentile(gate, 50):7.1f} ms   p99 {percentile(gate, 99):7.1f} ms"
    )
    say(
        f"  bare OPA, the ready documents       p50 {percentile(bare, 50):7.1f} ms   p99 {percentile(bare, 99):7.1f} ms"
        f"   ratio of p50 {percentile(gate, 50) / percentile(bare, 50):.2f}"
    )


def _times(http: requests.Session, url: str, bodies: list[bytes], headers: dict[str, str]) -> list[float]:
    times = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        for body in bodies:
            http.post(url, data=body, headers=headers).raise_for_status()
        times.append(time.perf_counter() - begun)
    return times


def _documents(
    session: Session, ground: Ground, workspace: Any, decision_id: str
) -> tuple[dict[str, list[dict[str, Any]]], list[tuple[str, str]]]:
    from uuid import UUID

    kept = record.decision_record(session, UUID(decision_id))
    assignment = in_force(session, ground.library, workspace)
    documents: dict[str, list[dict[str, Any]]] = {}
    for one in kept.answer.inputs:
        prepared = record.kept_input(session, one["digest"])
        if prepared.slots[0].packs:
            documents.setdefault(prepared.kind, []).append(dict(prepared.documents(prepared.slots[0])))
    return documents, [(module.path, module.text) for module in entries.prepare(assignment.bundle).modules]
