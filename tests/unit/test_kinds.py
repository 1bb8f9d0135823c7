"""What each kind may state, and what it points at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation import canonical
from service.inventory.facts import Kind, RelationType
from service.inventory.kinds import ATTRIBUTES, attribute_refs, validate
from service.inventory.relations import RELATIONS, targets
from service.inventory.values import countries, is_name, split_ref, subdivisions

# Everything that product.md lists, with a value for each.
FULL: dict[Kind, dict[str, Any]] = {
    Kind.MODEL: {
        "publisher": "vendor:meta",
        "version": "3.1",
        "licence": "LicenseRef-llama3.1",
        "weights": "gated",
        "modalities": ["text", "image"],
        "languages": ["en", "pt-BR", "zh-Hant-TW"],
        "parameters": 8_030_261_248,
        "formats": ["safetensors", "gguf"],
        "training_flop": 3.8e25,
        "components": [{"name": "Evaluation code", "licence": "MIT"}],
        "card": "https://example.org/card",
        "generates_text": True,
        "generates_image": False,
    },
    Kind.DATASET: {
        "licence": "CC-BY-4.0",
        "data_classes": ["personal", "health"],
        "subject_jurisdictions": ["DE", "US-CA", "XK"],
        "owner": "vendor:acme",
        "collection": {"how": "scraped", "when": "2024"},
        "languages": ["no"],
        "synthetic": False,
        "data_paths": [{"purpose": "storage", "region": "cloud_region:aws/eu-central-1", "transfer_mechanism": "scc"}],
    },
    Kind.GPU_HOST: {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "H100", "count": 8, "memory_gib": 80}],
        "tenancy": "dedicated",
        "confidential_computing": True,
        "driver": "550.54",
        "owner": "vendor:acme",
    },
    Kind.CLOUD_REGION: {
        "provider": "vendor:aws",
        "code": "eu-central-1",
        "country": "DE",
        "subdivision": "DE-HE",
        "city": "Frankfurt am Main",
        "partition": "aws",
        "certifications": ["C5"],
    },
    Kind.VENDOR: {
        "legal_name": "Example SE",
        "lei": "5493001KJTIIGC8Y1R12",
        "incorporated_in": "NO",
        "headquarters": "FR",
        "owners": [
            {"vendor": "vendor:parent", "capital_share": 24.5, "voting_share": 39, "veto": True, "from": "2020-01-01"},
            {"name": "The public", "country": "FR"},
        ],
        "dpf_certified": False,
        "certifications": ["SecNumCloud 3.2"],
    },
    Kind.SOFTWARE: {
        "purl": "pkg:pypi/vllm@0.6.1",
        "version": "0.6.1",
        "licence": "Apache-2.0",
        "governance": "foundation",
        "publisher": "vendor:lf",
        "standards": ["OpenAPI 3.1"],
    },
    Kind.AI_SERVICE: {
        "provider": "vendor:openai",
        "endpoint": "https://api.example.org/v1",
        "terms": "https://example.org/terms",
        "compatible_with": ["openai-api", "mcp"],
        "retention": "30 days",
        "trains_on_inputs": False,
        "data_paths": [{"purpose": "telemetry", "region": "cloud_region:aws/us-east-1", "key_custody": "operator"}],
    },
    Kind.SYSTEM: {
        "owner_team": "care",
        "criticality": "high",
        "commercial": True,
        "monthly_active_users": 1200,
        "annual_revenue_eur": 3_800_000.5,
        "data_classes": ["personal"],
        "user_jurisdictions": ["DE", "FR"],
        "languages": ["de", "fr"],
        "ai_act_class": "limited",
        "exit_plan": {"tested_on": "2026-01-15", "alternatives": ["ai_service:mistral", "by hand"]},
        "data_paths": [],
    },
}


@pytest.mark.parametrize("kind", Kind)
def test_everything_that_a_kind_lists_is_kept_as_it_was_given(kind: Kind) -> None:
    clean, faults = validate(kind, FULL[kind])
    assert faults == []
    assert clean == FULL[kind]
    canonical.encode(clean)


@pytest.mark.parametrize("kind", Kind)
def test_every_attribute_may_be_absent_and_null_means_absent(kind: Kind) -> None:
    assert validate(kind, {}) == ({}, [])
    assert validate(kind, dict.fromkeys(ATTRIBUTES[kind].model_fields)) == ({}, [])


def test_an_empty_list_of_owners_is_a_statement_and_stays() -> None:
    assert validate(Kind.VENDOR, {"owners": []}) == ({"owners": []}, [])


@pytest.mark.parametrize(
    ("kind", "attributes", "path", "message", "expected"),
    [
        (Kind.SYSTEM, {"criticalitty": "high"}, "/attributes/criticalitty", "a system has no", "'criticality'"),
        (Kind.SYSTEM, {"zzz": 1}, "/attributes/zzz", "a system has no 'zzz'", "labels or annotations"),
        (Kind.AI_SERVICE, {"zzz": 1}, "/attributes/zzz", "an ai_service has no", "labels or annotations"),
        (Kind.SYSTEM, {"criticality": "urgent"}, "/attributes/criticality", "'urgent'", "'critical'"),
        (Kind.SYSTEM, {"commercial": "no"}, "/attributes/commercial", "text", "true or false"),
        (Kind.SYSTEM, {"owner_team": 3}, "/attributes/owner_team", "a number", "put it in quotes"),
        (Kind.SYSTEM, {"owner_team": None, "languages": [None]}, "/attributes/languages/0", "nothing", "text"),
        (Kind.SYSTEM, {"owner_team": ["a"]}, "/attributes/owner_team", "a list", "text"),
        (Kind.SYSTEM, {"owner_team": {}}, "/attributes/owner_team", "a mapping", "text"),
        (Kind.SYSTEM, {"owner_team": True}, "/attributes/owner_team", "true or false", "quotes"),
        (Kind.SYSTEM, {"owner_team": " "}, "/attributes/owner_team", "empty", "some text"),
        (Kind.SYSTEM, {"owner_team": "a\nb"}, "/attributes/owner_team", "line break", "one line"),
        (Kind.SYSTEM, {"owner_team": "a\x1bb"}, "/attributes/owner_team", "control character", "printable"),
        (Kind.SYSTEM, {"owner_team": "x" * 501}, "/attributes/owner_team", "out of bounds", "500 characters"),
        (Kind.SYSTEM, {"owner_team": "\ud800"}, "/attributes/owner_team", "text", "half surrogates"),
        (Kind.SYSTEM, {"monthly_active_users": 1.5}, "/attributes/monthly_active_users", "1.5", "whole number"),
        (Kind.SYSTEM, {"monthly_active_users": -1}, "/attributes/monthly_active_users", "-1", "at least 0"),
        (Kind.SYSTEM, {"annual_revenue_eur": float("nan")}, "/attributes/annual_revenue_eur", "nan", "finite"),
        (Kind.SYSTEM, {"user_jurisdictions": ["UK"]}, "/attributes/user_jurisdictions/0", "'UK'", "ISO 3166"),
        (Kind.SYSTEM, {"languages": ["English"]}, "/attributes/languages/0", "'English'", "BCP 47"),
        (
            Kind.SYSTEM,
            {"exit_plan": {"tested_on": "2025-02-30"}},
            "/attributes/exit_plan/tested_on",
            "date",
            "ISO 8601",
        ),
        (
            Kind.SYSTEM,
            {"exit_plan": {"tested": 1}},
            "/attributes/exit_plan/tested",
            "an entry of 'exit_plan'",
            "tested_on",
        ),
        (
            Kind.SYSTEM,
            {"data_paths": [{"region": "cloud_region:a"}]},
            "/attributes/data_paths/0/purpose",
            "missing",
            "",
        ),
        (Kind.DATASET, {"data_paths": {}}, "/attributes/data_paths", "a mapping", "a list"),
        (Kind.DATASET, {"data_paths": ["x"]}, "/attributes/data_paths/0", "text", "a mapping"),
        (Kind.DATASET, {"owner": "acme"}, "/attributes/owner", "not the ref", "vendor:<name>"),
        (Kind.DATASET, {"owner": "model:acme"}, "/attributes/owner", "points at a model", "vendor:<name>"),
        (Kind.VENDOR, {"owners": [{"name": "x", "to": "2025-2-3"}]}, "/attributes/owners/0/to", "date", "ISO 8601"),
        (Kind.CLOUD_REGION, {"country": "de"}, "/attributes/country", "'de'", "alpha-2"),
        (Kind.CLOUD_REGION, {"subdivision": "DE-XX"}, "/attributes/subdivision", "'DE-XX'", "ISO 3166-2"),
        (
            Kind.CLOUD_REGION,
            {"country": "FR", "subdivision": "DE-HE"},
            "/attributes",
            "does not lie in FR",
            "subdivision",
        ),
        (Kind.VENDOR, {"lei": "5493001KJTIIGC8Y1R13"}, "/attributes/lei", "legal entity", "check digits"),
        (Kind.VENDOR, {"owners": [{"country": "FR"}]}, "/attributes/owners/0", "not named", "'vendor'"),
        (Kind.VENDOR, {"owners": [{"nam": "x"}]}, "/attributes/owners/0/nam", "an entry of 'owners'", "'name'"),
        (
            Kind.VENDOR,
            {"owners": [{"name": "x", "voting_share": 100.1}]},
            "/attributes/owners/0/voting_share",
            "100.1",
            "100",
        ),
        (Kind.MODEL, {"training_flop": 0}, "/attributes/training_flop", "0", "more than 0"),
        (Kind.MODEL, {"card": "ftp://x"}, "/attributes/card", "web address", "https://"),
        (Kind.MODEL, {"formats": ["Safe Tensors"]}, "/attributes/formats/0", "word", "lower-case"),
        (Kind.MODEL, {"components": [{"name": "x"}] * 5001}, "/attributes/components", "out of bounds", "5000 entries"),
        (Kind.SOFTWARE, {"purl": "vllm"}, "/attributes/purl", "package URL", "pkg:"),
        (Kind.MODEL, {"licence": ""}, "/attributes/licence", "empty", "leave it out"),
    ],
)
def test_a_refusal_names_the_place_the_fault_and_what_was_expected(
    kind: Kind, attributes: dict[str, Any], path: str, message: str, expected: str
) -> None:
    clean, faults = validate(kind, attributes)
    assert clean == {}
    assert [fault.path for fault in faults] == [path]
    assert message in faults[0].message
    assert expected in (faults[0].expected or "")


def test_an_ownership_cannot_end_before_it_begins() -> None:
    _, faults = validate(Kind.VENDOR, {"owners": [{"name": "x", "from": "2024-01-02", "to": "2024-01-01"}]})
    assert [fault.path for fault in faults] == ["/attributes/owners/0"]


def test_all_faults_are_told_and_not_the_first_alone() -> None:
    _, faults = validate(Kind.SYSTEM, {"zzz": 1, "commercial": "no", "languages": ["English", "Klingon!"]})
    assert len(faults) == 4


def test_a_whole_number_may_be_written_with_an_exponent() -> None:
    assert validate(Kind.MODEL, {"parameters": 7e9})[0] == {"parameters": 7_000_000_000}


def test_refs_among_the_attributes_become_edges_with_what_else_is_said_of_them() -> None:
    assert attribute_refs(Kind.MODEL, FULL[Kind.MODEL]) == [("publisher", "vendor:meta", {})]
    assert attribute_refs(Kind.AI_SERVICE, FULL[Kind.AI_SERVICE]) == [
        ("provider", "vendor:openai", {}),
        ("data_path", "cloud_region:aws/us-east-1", {"purpose": "telemetry", "key_custody": "operator"}),
    ]
    owner = {"capital_share": 24.5, "voting_share": 39, "veto": True, "from": "2020-01-01"}
    assert attribute_refs(Kind.VENDOR, FULL[Kind.VENDOR]) == [("owners", "vendor:parent", owner)]
    assert attribute_refs(Kind.SYSTEM, FULL[Kind.SYSTEM]) == [("exit_alternative", "ai_service:mistral", {})]
    assert attribute_refs(Kind.GPU_HOST, FULL[Kind.GPU_HOST]) == [("owner", "vendor:acme", {})]


def test_every_relation_has_its_kinds() -> None:
    assert set(RELATIONS) == set(RelationType)
    assert targets(Kind.MODEL, RelationType.DERIVED_FROM) == {Kind.MODEL}
    assert targets(Kind.AI_SERVICE, RelationType.SERVES) == {Kind.MODEL}
    assert targets(Kind.VENDOR, RelationType.USES) == frozenset()
    assert all(targets(kind, RelationType.ALTERNATIVE_TO) == {kind} for kind in Kind)


def test_kosovo_is_a_country_and_the_european_union_is_none() -> None:
    assert {"XK", "NO", "DE"} <= countries()
    assert not {"EU", "UK", "no"} & countries()
    assert "US-CA" in subdivisions()


@pytest.mark.parametrize("name", ["a", "meta-llama/Llama-3.1-8B", "aws/eu-central-1", "@scope/pkg:1+2", "x" * 200])
def test_names_of_the_world_are_names(name: str) -> None:
    assert is_name(name)
    assert split_ref(f"model:{name}") == (Kind.MODEL, name)


@pytest.mark.parametrize(
    "name", ["", "a b", "x" * 201, "a//b", "/a", "a/", "../a", "a/./b", "ä", "a\n", "a\u202eb", "a%2f"]
)
def test_what_could_be_mistaken_is_no_name(name: str) -> None:
    assert not is_name(name)
    assert split_ref(f"model:{name}") is None


def test_a_ref_needs_a_kind() -> None:
    assert split_ref("x") is None
    assert split_ref("robot:x") is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(Kind), st.data())
def test_whatever_stands_in_attributes_is_kept_in_canonical_form_or_refused_with_faults(
    kind: Kind, data: st.DataObject
) -> None:
    known = st.sampled_from(sorted(ATTRIBUTES[kind].model_fields))
    clean, faults = validate(kind, data.draw(st.dictionaries(known | st.text(max_size=8), VALUES, max_size=4)))
    assert validate(kind, clean) == (clean, [])
    canonical.encode(clean)
    for fault in faults:
        canonical.encode(fault.as_dict())
