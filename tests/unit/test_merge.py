"""What several statements about one asset come to."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.inventory.facts import Kind, Relation, RelationType
from service.inventory.merge import DECLARED, Said, disagreements, merge

PARIS, OREGON = "cloud_region:scaleway/fr-par", "cloud_region:aws/us-west-2"


def said(
    origin: str,
    *,
    kind: str = "dataset",
    at: str = "2026-11-01T00:00:00+00:00",
    grade: str = "declared",
    relations: list[dict[str, str]] | None = None,
    grades: dict[str, str] | None = None,
    **attributes: Any,
) -> Said:
    body = {
        "kind": kind,
        "name": "hr",
        "title": None,
        "labels": {"from": origin, origin.replace(":", "-"): "yes"},
        "annotations": {},
        "attributes": attributes,
        "relations": relations or [],
        "evidence": {},
        "managed_by": origin,
    }
    evidence = {
        name: {"grade": (grades or {}).get(name, grade), "source": origin, "at": at}
        for name in [*attributes, *(grades or {})]
    }
    return Said(origin, body, evidence, at)


def test_the_best_known_holds_then_the_newest() -> None:
    older = said("source:a", grade="verified", at="2026-01-01T00:00:00+00:00", licence="MIT")
    newer = said("source:b", grade="verified", at="2026-02-01T00:00:00+00:00", licence="Apache-2.0")
    guess = said("source:c", grade="inferred", at="2026-03-01T00:00:00+00:00", licence="BSD")
    declared = said(DECLARED, at="2026-04-01T00:00:00+00:00", licence="GPL", synthetic=True)
    merged = merge("default", [declared, guess, newer, older])
    assert merged.attributes == {"licence": "Apache-2.0", "synthetic": True}
    assert merged.evidence["licence"]["source"] == "source:b"
    assert merged.managed_by == DECLARED
    assert merged.labels["from"] == DECLARED, "a declaration's label goes before a source's"
    assert merged.labels["source-a"] == "yes"
    (found,) = disagreements([declared, guess, newer, older])
    assert (found.attribute, found.holds.origin) == ("licence", "source:b")
    assert [other.origin for other in found.others] == ["source:a", "source:c", DECLARED]


def test_what_all_say_alike_is_no_disagreement() -> None:
    assert disagreements([said(DECLARED, licence="MIT"), said("source:a", licence="MIT")]) == []


def test_a_source_beside_a_declared_place_makes_a_sighting() -> None:
    declared = said(DECLARED, relations=[{"type": "stored_in", "to": PARIS}])
    scanned = said(
        "source:s3",
        grade="verified",
        relations=[{"type": "stored_in", "to": OREGON}, {"type": "stored_in", "to": "gpu_host:rack"}],
        data_paths=[{"purpose": "backup", "region": PARIS}],
    )
    merged = merge("default", [scanned, declared])
    assert merged.relations == (
        Relation(RelationType.STORED_IN, PARIS),
        Relation(RelationType.STORED_IN, "gpu_host:rack"),
    )
    assert merged.attributes == {
        "seen_in": [
            {"region": OREGON, "purpose": "storage", "source": "source:s3"},
            {"region": PARIS, "purpose": "backup", "source": "source:s3"},
        ]
    }
    assert merged.evidence["seen_in"]["grade"] == "verified"


def test_a_place_that_only_a_relation_tells_is_inferred_at_best() -> None:
    declared = said(DECLARED, relations=[{"type": "stored_in", "to": PARIS}])
    elsewhere = [{"type": "stored_in", "to": OREGON}]
    for grade, expected in (("verified", "inferred"), ("inferred", "inferred"), ("declared", "declared")):
        merged = merge("default", [declared, said("source:a", grade=grade, relations=elsewhere, licence="MIT")])
        assert merged.evidence["seen_in"]["grade"] == expected
    merged = merge("default", [declared, said("source:a", relations=elsewhere)])
    assert merged.evidence["seen_in"]["grade"] == "inferred", "it says nothing else"


def test_a_source_alone_says_where_the_asset_is() -> None:
    scanned = said("source:s3", relations=[{"type": "stored_in", "to": OREGON}])
    silent = said(DECLARED, licence="MIT")
    for statements in ([scanned], [scanned, silent]):
        merged = merge("default", statements)
        assert [relation.to for relation in merged.relations] == [OREGON]
        assert "seen_in" not in merged.attributes


def test_declared_data_paths_stay_and_the_contradiction_is_seen() -> None:
    here, there = [{"purpose": "storage", "region": PARIS}], [{"purpose": "storage", "region": OREGON}]
    statements = [said(DECLARED, data_paths=here), said("source:s3", grade="verified", data_paths=there)]
    merged = merge("default", statements)
    assert merged.attributes["data_paths"] == here
    assert merged.attributes["seen_in"] == [{"region": OREGON, "purpose": "storage", "source": "source:s3"}]
    assert [one.attribute for one in disagreements(statements)] == ["data_paths"]


def test_sightings_of_all_add_up_and_the_best_ground_counts() -> None:
    audit = {"region": PARIS, "source": "audit", "on": "2026-01-01"}
    statements = [
        said(DECLARED, seen_in=[audit]),
        said("source:a", grade="inferred", seen_in=[audit, {"region": OREGON, "source": "a"}]),
    ]
    merged = merge("default", statements)
    assert merged.attributes["seen_in"] == [{"region": OREGON, "source": "a"}, audit]
    assert merged.evidence["seen_in"]["grade"] == "inferred"


def test_evaluations_of_all_add_up() -> None:
    old, new = {"benchmark": "mmlu", "on": "2026-01-01"}, {"benchmark": "arc", "on": "2026-02-01"}
    statements = [
        said(DECLARED, kind="model", evaluations=[old]),
        said("source:a", kind="model", grade="inferred", evaluations=[new, old]),
    ]
    assert merge("default", statements).attributes == {"evaluations": [new, old]}
    assert disagreements(statements) == []


def test_what_nobody_knows_stays_on_record_until_somebody_does() -> None:
    open_question = said(DECLARED, grades={"licence": "unresolved"})
    assert merge("default", [open_question]).evidence["licence"]["grade"] == "unresolved"
    answered = merge("default", [open_question, said("source:a", licence="MIT")])
    assert answered.evidence["licence"]["grade"] == "declared"


def test_a_kind_that_lies_nowhere_has_no_sightings() -> None:
    merged = merge("default", [said(DECLARED, kind="vendor"), said("source:a", kind="vendor", legal_name="A")])
    assert merged.kind is Kind.VENDOR
    assert merged.attributes == {"legal_name": "A"}


_ORIGIN = st.sampled_from([DECLARED, "source:a", "source:b", "source:c"])


@given(
    st.dictionaries(
        _ORIGIN,
        st.tuples(
            st.sampled_from(["MIT", "GPL"]), st.sampled_from(["verified", "inferred", "declared"]), st.integers(1, 9)
        ),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_statements_makes_no_difference(stated: dict[str, tuple[str, str, int]], chance: Any) -> None:
    statements = [
        said(origin, licence=licence, grade=grade, at=f"2026-01-0{day}T00:00:00+00:00")
        for origin, (licence, grade, day) in stated.items()
    ]
    merged = merge("default", statements)
    chance.shuffle(statements)
    assert merge("default", statements) == merged
    rank = {"verified": 0, "inferred": 1, "declared": 2}
    best = min(rank[grade] for _, grade, _ in stated.values())
    assert rank[merged.evidence["licence"]["grade"]] == best
