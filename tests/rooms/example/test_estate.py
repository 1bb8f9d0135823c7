"""The example estate and its candidates, as data."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from service.foundation.settings import EXAMPLE
from service.inventory import edges, manifest
from service.inventory.facts import Kind, Observation
from tests.rooms.example.manifests import observations

POLICIES = Path(__file__).parents[3] / "policies" / "data"
# Told in the comments beside them: what nobody registered.
DANGLING = {
    ("model:velmora/brand-voice", "model:velmora/agency-voice"),
    ("ai_service:deepl/api", "cloud_region:deepl/europe"),
    ("system:velmora/visit-notes", "model:velmora/notes-summariser"),
}


@pytest.fixture(scope="module")
def stated() -> dict[str, Observation]:
    found = observations(EXAMPLE / "estate")
    assert len({one.ref for one in found}) == len(found)
    return {one.ref: one for one in found}


def test_it_is_large_enough_to_be_lifelike_and_small_enough_to_read(stated: dict[str, Observation]) -> None:
    assert 60 <= len(stated) <= 150
    assert Counter(one.kind for one in stated.values()).keys() == set(Kind)
    assert {one.workspace for one in stated.values()} == {"default"}


def test_references_lead_somewhere_but_for_the_three_that_must_not(stated: dict[str, Observation]) -> None:
    catalogue = set()
    for file in POLICIES.rglob("*.yaml"):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        if body["catalogue"] in ("vendor", "region"):
            catalogue |= {entry["key"] for entry in body["entries"]}
    catalogue |= {f"cloud_region:{key}" for key in catalogue}
    dangling = {
        (edge.source, edge.target)
        for one in stated.values()
        for edge, _ in edges.of_observation(one)
        if edge.target not in stated and edge.source in stated and edge.target not in catalogue
    }
    assert dangling == DANGLING


def test_candidates_stand_on_the_estate(stated: dict[str, Observation]) -> None:
    for name in ("allowed", "blocked"):
        file = EXAMPLE / "candidates" / f"{name}.yaml"
        documents = manifest.read(file.read_text(encoding="utf-8"), str(file))
        candidates = [manifest.observation(document.data, where=document.where) for document in documents]
        assert candidates
        assert not {one.ref for one in candidates} & stated.keys()


def test_a_lineage_goes_deep_and_meets_itself(stated: dict[str, Observation]) -> None:
    def ways(ref: str) -> list[tuple[str, ...]]:
        made_of = [r.to for r in stated[ref].relations if r.type in ("uses", "derived_from", "trained_on")]
        return [(ref,)] + [(ref, *way) for to in made_of if to in stated for way in ways(to)]

    (taint,) = [way for way in ways("system:velmora/letter-desk") if way[-1] == "dataset:tatsu-lab/alpaca"]
    assert len(taint) - 1 == 4
    base = "model:mistralai/Mistral-7B-v0.1"
    assert len([way for way in ways("model:velmora/handbook-merge-7b") if way[-1] == base]) == 2
