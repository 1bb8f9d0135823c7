"""Facts in plain words: from the sections of a document that a rule reads."""

from typing import Any, cast

from service.evaluation.explain import AT_MOST, facts
from service.evaluation.policy_input import PolicyInput

DOCUMENT = {
    "asset": {
        "ref": "system:desk",
        "attributes": {"commercial": True, "languages": ["de", "fr"]},
        "evidence": {"commercial": {"grade": "verified", "source": "a register", "at": ""}},
    },
    "places": [
        {
            "purpose": "storage",
            "region": "r1",
            "country": "US",
            "blocs": ["G7"],
            "path": ["system:desk", "r1"],
            "grade": "declared",
        },
        {
            "purpose": "processing",
            "region": "r2",
            "country": None,
            "path": ["system:desk", "h", "r2"],
            "grade": "unresolved",
        },
    ],
    "control": [
        {
            "of": "h",
            "path": ["system:desk", "h"],
            "status": "complete",
            "ends": [],
            "links": [
                {"vendor": "v", "veto": False, "share": 5100, "path": ["system:desk", "h", "v"], "grade": "inferred"}
            ],
        }
    ],
    "consumers": {"total": 2, "nearest": []},
    "concentration": None,
    "data": {
        "classes": [{"data_class": "health", "path": ["system:desk", "dataset:d"], "grade": "declared"}],
        "undeclared": [],
    },
    "licences": [{"ref": f"model:{n}", "raw": "MIT", "path": ["system:desk", f"model:{n}"]} for n in range(80)],
}


def told(*reads: str, path: tuple[str, ...] = ()) -> list[Any]:
    return facts(cast("PolicyInput", DOCUMENT), reads, path)


def test_attributes_come_with_grade_and_source() -> None:
    stated, silent, bare = told("attributes.commercial", "attributes.owner", "attributes.languages")
    assert (stated.says, stated.grade, stated.source) == ("commercial: yes", "verified", "a register")
    assert (silent.says, silent.grade, silent.source) == ("owner is not stated", "unresolved", None)
    assert bare.says == "languages: de and fr"


def test_facts_on_the_way_of_a_finding_come_first() -> None:
    found = told("places", path=("system:desk", "h", "r2"))
    assert [fact.of for fact in found] == ["r2", "r1"]
    assert found[0].says == "purpose processing, region r2"


def test_a_chain_is_told_with_its_links() -> None:
    chain, link = told("control")
    assert (chain.of, chain.says, chain.grade) == ("h", "of h, status complete", None)
    assert (link.of, link.says, link.grade) == ("v", "vendor v, veto no, share 5100", "inferred")


def test_a_section_of_its_own_and_an_empty_one() -> None:
    (counted,) = told("consumers", "concentration")
    assert (counted.says, counted.path) == ("total 2", ("system:desk",))


def test_what_holds_only_other_facts_says_nothing_itself() -> None:
    (fact,) = told("data")
    assert (fact.of, fact.says) == ("dataset:d", "data class health")


def test_no_more_than_can_be_read() -> None:
    assert len(told("licences")) == AT_MOST
    assert told("licences", path=("system:desk", "model:79"))[0].of == "model:79"
