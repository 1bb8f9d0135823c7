"""Both importers on the real collections, where they lie beside the repository."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import Session

from service.foundation.actor import SCHEDULER
from service.foundation.settings import EXAMPLE
from service.inventory import ingest, lineage, workspaces
from service.inventory.manifest import observation
from service.scans.importers import ecosystem_graph, mof
from service.scans.importers.result import ImportResult

DATA = Path(__file__).parents[4] / "shared" / "data"
GRAPH, RECORDS = DATA / "ecosystem-graph", DATA / "mof"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real collections are not at {DATA}")


@pytest.fixture(scope="module")
def graph() -> ImportResult:
    return ecosystem_graph.read(GRAPH)


@pytest.fixture(scope="module")
def records() -> ImportResult:
    return mof.read(RECORDS)


def refs(result: ImportResult) -> dict[str, dict[str, Any]]:
    return {f"{one['kind']}:{one['name']}": one for one in result.manifests}


@pytest.mark.parametrize("read", [ecosystem_graph.read, mof.read])
def test_every_file_is_accounted_for_and_every_record_imported(read: Callable[[Path], ImportResult]) -> None:
    directory = GRAPH if read is ecosystem_graph.read else RECORDS
    result = read(directory)
    files = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    assert [account.file for account in result.accounts] == files
    for account in result.accounts:
        assert account.imported == account.records
        assert account.records or account.notes, account.file


def test_every_manifest_is_valid_and_named_once(graph: ImportResult, records: ImportResult) -> None:
    for result in (graph, records):
        observed = [observation(manifest).ref for manifest in result.manifests]
        assert len(set(observed)) == len(observed)


def test_reading_twice_gives_equal_bytes(graph: ImportResult, records: ImportResult) -> None:
    for result, again in ((graph, ecosystem_graph.read(GRAPH)), (records, mof.read(RECORDS))):
        assert json.dumps(result.manifests) == json.dumps(again.manifests)


def test_records_become_assets_of_their_kind(graph: ImportResult) -> None:
    types = Counter(
        record["type"] for path in GRAPH.iterdir() for record in yaml.safe_load(path.read_text(encoding="utf-8"))
    )
    assert types == {"model": 328, "dataset": 88, "application": 80}
    kinds = Counter(one["kind"] for one in graph.manifests)
    merged = [note for account in graph.accounts for note in account.notes if "one asset" in note]
    assert len(merged) == 2  # GPT-4o and Imagen 3 are described twice
    assert kinds["model"] + len(merged) == types["model"]
    assert kinds["dataset"] == types["dataset"]
    assert kinds["ai_service"] + kinds["system"] == types["application"]


def test_every_dependency_is_a_relation_or_told(graph: ImportResult) -> None:
    told = {account.file: "\n".join(account.notes) for account in graph.accounts}
    stated: dict[str, set[str]] = defaultdict(set)
    for one in graph.manifests:
        stated[one["title"]] |= {tie["to"] for tie in one.get("relations", ()) if tie["type"] != "published_by"}
    for path in GRAPH.iterdir():
        for record in yaml.safe_load(path.read_text(encoding="utf-8")):
            named = record["dependencies"]
            named = set(named["value"] if isinstance(named, dict) else named)
            untold = [name for name in named if f"{record['name']}: dependency {name!r}" not in told[path.name]]
            assert len(untold) <= len(stated[record["name"]]), record["name"]


def test_llama_2_shows_its_real_descendants(graph: ImportResult) -> None:
    below = defaultdict(set)
    for ref, one in refs(graph).items():
        for tie in one.get("relations", ()):
            if tie["type"] == "derived_from":
                below[tie["to"]].add(ref)
    assert below["model:meta/llama-2"] == {
        "model:ai2/tulu-2",
        "model:ai2/tulu-2-dpo",
        "model:beijing-institute-of-technology/minima",
        "model:boston-university/platypus",
        "model:maya-philippines/godzilla-2",
        "model:meta/code-llama",
        "model:microsoft/orca-2",
        "model:nous-research/yarn-llama-2",
        "model:openlemur/lemur",
        "model:sambanova/samba-1",
        "model:sambanova/sambalingo",
        "model:shanghai-ai-laboratory/mathcoder",
        "model:tigerresearch/tigerbot",
        "model:university-of-washington/llark",
    }
    assert below["model:meta/code-llama"] == {
        "model:ai2/code-tulu-2",
        "model:ohio-state-university/mammoth",
        "model:princeton-university/llemma",
    }
    assert below["model:openlemur/lemur"] == {"model:openlemur/lemur-chat"}


def test_only_listed_names_dangle(graph: ImportResult) -> None:
    known = refs(graph)
    told = "\n".join(note for account in graph.accounts for note in account.notes)
    dangling = {tie["to"] for one in known.values() for tie in one.get("relations", ()) if tie["to"] not in known}
    assert dangling
    for ref in dangling:
        assert f"taken for {ref}, which nothing here registers" in told


def test_records_of_the_openness_framework_become_models(records: ImportResult) -> None:
    labels = Counter(one["labels"]["mof"] for one in records.manifests if one["kind"] == "model")
    assert labels == {"model": 137, "case": 12}
    tiny = refs(records)["model:mof/ibm/granite-4.0-h-tiny"]
    assert tiny["attributes"]["licence"] == "Apache-2.0"
    assert {"type": "derived_from", "to": "model:mof/ibm/granite-4.0-h-tiny-base"} in tiny["relations"]
    assert refs(records)["model:mof/meta/llama-2-7b"]["attributes"]["licence"] == "Llama 2 Community License"


def test_the_imports_never_overwrite_each_other(graph: ImportResult, records: ImportResult) -> None:
    one, other = refs(graph), refs(records)
    shared = one.keys() & other.keys()
    assert "vendor:meta" in shared
    assert {ref: one[ref] for ref in shared} == {ref: other[ref] for ref in shared}


def test_the_imports_leave_the_example_estate_alone(graph: ImportResult, records: ImportResult) -> None:
    # What is only registered, and takes all else from the catalogue, says the same in both.
    own = {
        f"{document['kind']}:{document['name']}"
        for file in (EXAMPLE / "estate").glob("*.yaml")
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
        if document.keys() - {"kind", "name"}
    }
    assert not own & (refs(graph).keys() | refs(records).keys())


def test_importing_again_changes_nothing(session: Session, graph: ImportResult, records: ImportResult) -> None:
    workspace = workspaces.ensure(session, "default", SCHEDULER)
    seen: set[str] = set()
    for result in (graph, records, graph, records):
        answers = ingest.record(session, workspace, [observation(one) for one in result.manifests], SCHEDULER)
        expected = {answer.ref: "unchanged" if answer.ref in seen else "created" for answer in answers}
        assert {answer.ref: answer.status.value for answer in answers} == expected
        seen |= expected.keys()
    below = lineage.lineage(session, workspace, "model:meta/llama-2", upstream=False, depth=10)
    assert below.complete
    titles = {node.title for node in below.nodes if node.depth}
    assert {"Code LLaMA", "Orca 2", "Tulu 2", "Llemma", "Lemur-Chat", "MAmmoTH", "SambaLingo"} <= titles
    assert len(titles) == 18
