"""A candidate laid over what is registered under its name."""

from typing import Any

from service.gate.laying import Candidate, lay
from service.gate.reading.parts import Type
from service.inventory.facts import Observation
from service.inventory.merge import Said
from service.inventory.views import AssetView
from tests.factories.manifests import observation

STORED = AssetView(
    id=1,
    ref="system:desk",
    kind="system",
    name="desk",
    title="Desk",
    labels={"team": "care", "env": "test"},
    annotations={"note": "kept"},
    attributes={"criticality": "high", "data_classes": ["personal"]},
    relations=[{"type": "uses", "to": "model:old"}, {"type": "uses", "to": "model:declared"}],
    evidence={
        "criticality": {"grade": "declared", "source": "file"},
        "data_classes": {"grade": "verified", "source": "scan"},
    },
    managed_by="apply",
)
REGISTERED = {"system:desk": STORED}


def said(origin: str, *targets: str) -> Said:
    return Said(origin, {"relations": [{"type": "uses", "to": to} for to in targets]}, {}, "2026-11-01T00:00:00+00:00")


SAID = {
    "system:desk": {
        "declared": said("declared", "model:declared"),
        "source:cluster": said("source:cluster", "model:old"),
    }
}


def laid(*candidates: Candidate, heard: Any = SAID, connectors: dict[str, str] | None = None) -> list[Observation]:
    known = {"source:cluster": "kubernetes"} if connectors is None else connectors
    return lay(candidates, REGISTERED, heard, known.get)


def part(*relations: tuple[str, str], **attributes: Any) -> Candidate:
    return Candidate(observation("system:desk", *relations, **attributes), Type.KUBERNETES)


def targets(one: Observation) -> list[str]:
    return [relation.to for relation in one.relations]


def test_a_manifest_replaces_all_that_is_registered() -> None:
    (one,) = laid(Candidate(observation("system:desk", criticality="low")))
    assert (one.attributes, targets(one), one.labels) == ({"criticality": "low"}, [], {})


def test_of_two_manifests_the_later_holds_in_the_place_of_the_first() -> None:
    first, other, later = (
        observation("system:desk", criticality="low"),
        observation("model:m"),
        observation("system:desk"),
    )
    assert laid(Candidate(first), Candidate(other), Candidate(later)) == [later, other]


def test_a_part_changes_what_it_tells_and_leaves_the_rest() -> None:
    (one,) = laid(part(("uses", "model:new"), criticality="low"))
    assert one.attributes == {"criticality": "low", "data_classes": ["personal"]}
    assert one.evidence == {"data_classes": {"grade": "verified", "source": "scan"}}
    assert (one.title, one.labels, one.annotations, one.managed_by) == (
        "Desk",
        {"team": "care", "env": "test"},
        {"note": "kept"},
        "apply",
    )


def test_a_part_takes_the_place_of_what_a_scan_of_its_sort_saw() -> None:
    (one,) = laid(part(("uses", "model:new")))
    assert targets(one) == ["model:declared", "model:new"]


def test_what_others_saw_stays() -> None:
    (one,) = laid(part(("uses", "model:new")), connectors={"source:cluster": "mlflow"})
    assert targets(one) == ["model:declared", "model:new", "model:old"]
    (one,) = laid(part(("uses", "model:new")), heard={})
    assert targets(one) == ["model:declared", "model:new", "model:old"]
    (one,) = lay([Candidate(part().observation, Type.COMPOSE)], REGISTERED, SAID, dict[str, str]().get)
    assert targets(one) == ["model:declared", "model:old"]


def test_two_parts_of_one_asset_add_up() -> None:
    (one,) = laid(part(("uses", "model:a"), criticality="low"), part(("uses", "model:b"), commercial=True))
    assert one.attributes == {"commercial": True, "criticality": "low", "data_classes": ["personal"]}
    assert targets(one) == ["model:a", "model:b", "model:declared"]


def test_a_part_is_laid_over_a_manifest_of_the_same_request() -> None:
    (one,) = laid(
        Candidate(observation("system:desk", ("uses", "model:a"), criticality="low")), part(("uses", "model:b"))
    )
    assert (one.attributes, targets(one)) == ({"criticality": "low"}, ["model:a", "model:b"])


def test_what_nobody_registered_is_what_the_part_tells() -> None:
    new = Candidate(observation("system:new", criticality="low"), Type.KUBERNETES)
    assert laid(new) == [new.observation]
