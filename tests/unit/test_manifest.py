"""A manifest becomes an observation, or is refused with all that is wrong."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid
from service.foundation.settings import POLICIES
from service.inventory.facts import Kind, Observation, Relation, RelationType
from service.inventory.manifest import observation, read, schema
from service.inventory.values import is_name
from tests.unit.test_kinds import FULL

SUPPORT_DESK = """\
kind: system
name: support-desk
title: Support desk
labels: {team: care, env: prod}
annotations: {note: "two\\nlines"}
managed_by: gitops
attributes:
  criticality: high
  user_jurisdictions: [NO, DE]
  languages: null
  data_paths:
    - {purpose: processing, region: "cloud_region:aws/eu-central-1"}
relations:
  - {type: uses, to: "model:acme/support-llm"}
  - {type: uses, to: "model:acme/support-llm"}
evidence:
  criticality: {grade: verified, source: review board, at: "2026-03-01T13:00:00+01:00"}
  languages: {grade: unresolved, source: nobody asked}
"""


def refusal(document: Any, **given: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        observation(document, **given)
    return caught.value


def faults_of(text: str) -> list[Fault]:
    (document,) = read(text, "x.yaml")
    return list(refusal(document.data, where=document.where).faults)


def test_the_example_of_the_contract_is_read() -> None:
    (document,) = read(SUPPORT_DESK)
    assert observation(document.data, where=document.where) == Observation(
        kind=Kind.SYSTEM,
        name="support-desk",
        workspace="default",
        title="Support desk",
        labels={"team": "care", "env": "prod"},
        annotations={"note": "two\nlines"},
        attributes={
            "criticality": "high",
            "user_jurisdictions": ["NO", "DE"],
            "data_paths": [{"purpose": "processing", "region": "cloud_region:aws/eu-central-1"}],
        },
        relations=(Relation(RelationType.USES, "model:acme/support-llm"),),
        evidence={
            "criticality": {"grade": "verified", "source": "review board", "at": "2026-03-01T12:00:00Z"},
            "languages": {"grade": "unresolved", "source": "nobody asked"},
        },
        managed_by="gitops",
    )


def test_a_document_belongs_to_the_workspace_that_it_names_and_else_to_the_one_given() -> None:
    bare = {"kind": "vendor", "name": "acme"}
    assert observation(bare, workspace="research").workspace == "research"
    assert observation({**bare, "workspace": "care"}, workspace="research").workspace == "care"


def test_a_derivation_says_how_a_model_came_from_another() -> None:
    relation = {"type": "derived_from", "to": "model:base", "as": "quantized"}
    assert observation({"kind": "model", "name": "m", "relations": [relation]}).relations == (
        Relation(RelationType.DERIVED_FROM, "model:base", "quantized"),
    )


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    found = faults_of(
        "kind: system\n"
        "name: desk\n"
        "criticality: high\n"
        "labels:\n"
        "  team: 3\n"
        '  "a:b": x\n'
        "attributes:\n"
        "  critcality: high\n"
        "relations:\n"
        "  - {type: derived_from, to: 'model:a'}\n"
        "  - {type: uses, to: 'vendor:a'}\n"
        "  - {type: uses, to: 'model:a', as: merge}\n"
        "  - {type: uses, to: 'model:a'}\n"
        "  - {type: alternative_to, to: 'system:desk'}\n"
        "evidence:\n"
        "  comercial: {grade: declared, source: x}\n"
        "  zzz: {grade: declared, source: x}\n"
        "  commercial: {grade: declared, source: x}\n"
    )
    assert [(fault.line, fault.path) for fault in found] == [
        (3, "/criticality"),
        (5, "/labels/team"),
        (6, "/labels/a:b"),
        (8, "/attributes/critcality"),
        (10, "/relations/0/type"),
        (11, "/relations/1/to"),
        (12, "/relations/2/as"),
        (13, "/relations/3"),
        (14, "/relations/4/to"),
        (16, "/evidence/comercial"),
        (17, "/evidence/zzz"),
        (18, "/evidence/commercial"),
    ]
    assert all(fault.file == "x.yaml" and fault.document == 1 for fault in found)
    assert found[0].expected == "it is an attribute: put 'criticality' under 'attributes'"
    assert str(found[3]).startswith("x.yaml:8, /attributes/critcality: a system has no 'critcality' (did you mean")
    assert found[4].expected is not None
    assert "uses" in found[4].expected
    assert found[9].expected == "did you mean 'commercial'?"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (None, ""),
        ([], ""),
        ("kind: system", ""),
        ({}, "/kind"),
        ({"kind": "sytem", "name": "a"}, "/kind"),
        ({"kind": ["system"], "name": "a"}, "/kind"),
        ({"kind": "system", "name": "a b"}, "/name"),
        ({"kind": "system", "name": "a\u202e"}, "/name"),
        ({"kind": "system", "name": "a", "workspace": "No Such"}, "/workspace"),
        ({"kind": "system", "name": "a", "attributes": []}, "/attributes"),
        ({"kind": "system", "name": "a", "lables": {}}, "/lables"),
        ({"kind": "system", "name": "a", "title": "\x00"}, "/title"),
        ({"kind": "system", "name": "a", "relations": [{"type": "uses"}]}, "/relations/0/to"),
        ({"kind": "system", "name": "a", "relations": [{"type": "used", "to": "model:a"}]}, "/relations/0/type"),
        (
            {"kind": "system", "name": "a", "evidence": {"commercial": {"grade": "sure", "source": "x"}}},
            "/evidence/commercial/grade",
        ),
        (
            {
                "kind": "system",
                "name": "a",
                "attributes": {"commercial": True},
                "evidence": {"commercial": {"grade": "declared", "source": "x", "at": "yesterday"}},
            },
            "/evidence/commercial/at",
        ),
        (
            {
                "kind": "system",
                "name": "a",
                "attributes": {"commercial": True},
                "evidence": {"commercial": {"grade": "declared", "source": "x", "at": "2026-03-01T12:00:00"}},
            },
            "/evidence/commercial/at",
        ),
        ({"kind": "system", "name": "a", "labels": {f"k{n}": "" for n in range(101)}}, "/labels"),
        ({"kind": "system", "name": "a", 3: 4}, "/3"),
        ({"kind": "system", "name": "a", "\n\ud800": 4}, ""),
    ],
)
def test_what_is_no_manifest_is_refused_where_it_is_wrong(document: Any, path: str) -> None:
    error = refusal(document)
    assert path in [fault.path for fault in error.faults]
    canonical.encode([fault.as_dict() for fault in error.faults])


def test_attributes_of_the_wrong_form_make_no_second_fault_of_their_evidence() -> None:
    document = {
        "kind": "system",
        "name": "a",
        "attributes": 3,
        "evidence": {"commercial": {"grade": "declared", "source": "x"}},
    }
    assert [fault.path for fault in refusal(document).faults] == ["/attributes"]


def test_the_refusal_names_the_asset_and_counts_what_else_is_wrong() -> None:
    document = {"kind": "system", "name": "desk", "title": 3, "zzz": 1}
    assert refusal(document).detail == "system:desk is refused: at /title, 3 is a number (1 more)."
    assert refusal([]).detail == "The document is refused: [] is a list."


def test_the_schema_is_the_published_one() -> None:
    published = json.loads((POLICIES / "schema" / "manifest-v1.json").read_text(encoding="utf-8"))
    assert published == schema(), "the manifest changed: publish policies/schema/manifest-v1.json anew, or take it back"
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("kind", Kind)
def test_the_schema_takes_what_is_taken(kind: Kind) -> None:
    document: dict[str, Any] = {"kind": kind.value, "name": "x", "attributes": FULL[kind], "labels": {"a": "b"}}
    assert observation(document).attributes == FULL[kind]
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(document)
    assert not validator.is_valid({**document, "attributes": {"zzz": 1}})
    assert not validator.is_valid({**document, "zzz": 1})


@given(
    st.sampled_from(Kind),
    st.text("abNO/.-", min_size=1, max_size=9),
    st.dictionaries(st.sampled_from("abc"), st.text("NO é~: #'\"-", max_size=5)),
)
def test_yaml_and_json_of_a_body_say_the_same_thing_again(kind: Kind, name: str, labels: dict[str, str]) -> None:
    document = {"kind": kind.value, "name": name, "labels": labels, "attributes": FULL[kind]}
    if not is_name(name):
        assert [fault.path for fault in refusal(document).faults] == ["/name"]
        return
    stated = observation(document)
    body = stated.body()
    for text, file in (
        (json.dumps(body), "x.json"),
        (json.dumps(body, indent=1), "x.yaml"),
        (yaml.safe_dump(body, allow_unicode=True), "x.yaml"),
        (yaml.safe_dump(body, default_flow_style=True), None),
    ):
        (again,) = read(text, file)
        assert observation(again.data, where=again.where) == stated


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["model", "model:a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "to", "as", "grade", "source", "licence"]) | st.text(max_size=4), inner, max_size=3
        )
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["kind", "name", "workspace", "labels", "attributes", "relations", "evidence", "title", "managed_by"]
)


@given(VALUES | st.dictionaries(KEYS | st.text(max_size=4), VALUES, max_size=6))
def test_any_document_is_taken_or_refused_with_faults_that_can_be_sent(document: Any) -> None:
    sent: dict[str, Any] = {}
    try:
        sent = observation(document).body()
    except Invalid as error:
        sent = {"detail": error.detail, "faults": [fault.as_dict() for fault in error.faults]}
    canonical.encode(sent)
    assert sent.get("name") or sent["faults"]
