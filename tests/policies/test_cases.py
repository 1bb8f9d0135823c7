"""Every case of every rule holds on both engines, and both give the very same answer."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from service.cli.rule_cases import Ran, run
from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Engine
from service.evaluation.policy_input import schema
from service.packs.cases import Case, ExpectedFinding
from service.packs.source import Library


def failures(ran: list[Ran]) -> dict[str, tuple[str, ...]]:
    return {f"{one.case.rule}: {one.case.name}": one.differences for one in ran if one.differences}


def ran_on(engine: Engine, library: Library, cases: list[Case]) -> list[Ran]:
    ran = run(engine, library, cases)
    assert failures(ran) == {}
    return ran


def test_every_case_holds_on_the_embedded_engine(embedded: EmbeddedEngine, library: Library, cases: list[Case]) -> None:
    assert len(ran_on(embedded, library, cases)) > 100


@pytest.mark.opa
def test_every_case_holds_on_a_real_opa_server_with_equal_answers(
    opa: OpaEngine, embedded: EmbeddedEngine, library: Library, cases: list[Case]
) -> None:
    here = ran_on(embedded, library, cases)
    there = ran_on(opa, library, cases)
    assert [one.said for one in there] == [one.said for one in here]


def test_every_document_of_a_case_is_what_the_published_schema_says(cases: list[Case]) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    faults: dict[str, Any] = {
        f"{case.rule}: {case.name}": [f"{fault.json_path}: {fault.message}" for fault in found]
        for case in cases
        if (found := list(validator.iter_errors(case.document)))
    }
    assert faults == {}


def test_a_case_that_expects_something_else_is_reported(
    embedded: EmbeddedEngine, library: Library, cases: list[Case]
) -> None:
    held = next(case for case in cases if case.outcome == "violation")
    wrong = Case(held.rule, held.name, held.document, "pass", ())
    (ran,) = run(embedded, library, [wrong])
    assert ran.differences[0] == "outcome is violation, expected pass"
    assert ran.differences[1].startswith("unexpected finding")


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ({"path": ["gpu_host:x"]}, "path is"),
        ({"vendor": "vendor:x"}, "vendor is vendor:openai, expected vendor:x"),
        ({"jurisdiction": "CN"}, "jurisdiction is US, expected CN"),
        ({"outcome": "unknown"}, "outcome is violation, expected unknown"),
        ({"message": "hello"}, "expected to hold 'hello'"),
    ],
)
def test_a_finding_that_is_not_what_a_case_says_is_reported(
    embedded: EmbeddedEngine, library: Library, cases: list[Case], expected: dict[str, Any], line: str
) -> None:
    held = next(
        case for case in cases if case.name == "a foreign operator is one violation, with every law it is under"
    )
    (first,) = held.findings
    wrong = ExpectedFinding(**{**first.model_dump(), **expected})
    (ran,) = run(embedded, library, [replace(held, findings=(wrong,))])
    assert len(ran.differences) == 1
    assert line in ran.differences[0]


def test_a_finding_that_a_case_expects_in_vain_is_reported(
    embedded: EmbeddedEngine, library: Library, cases: list[Case]
) -> None:
    held = next(case for case in cases if case.outcome == "pass")
    (ran,) = run(embedded, library, [replace(held, findings=(ExpectedFinding(subject="ghost"),))])
    assert ran.differences == ("no finding 'ghost'",)
