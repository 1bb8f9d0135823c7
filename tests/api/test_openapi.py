"""The OpenAPI document is good enough to make a client from."""

from typing import Any

import pytest
from fastapi import FastAPI

from service.api.openapi import PREFIX, TAGS


@pytest.fixture
def operations(app: FastAPI) -> list[tuple[str, dict[str, Any]]]:
    return [(path, one) for path, methods in app.openapi()["paths"].items() for one in methods.values()]


def test_operation_ids_are_unique_plain_names(operations: list[tuple[str, dict[str, Any]]]) -> None:
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(one.isidentifier() for one in ids)


def test_every_operation_has_one_known_tag_and_says_what_it_does(operations: list[tuple[str, dict[str, Any]]]) -> None:
    known = {tag["name"] for tag in TAGS}
    for path, operation in operations:
        assert len(operation["tags"]) == 1, path
        assert operation["tags"][0] in known, path
        assert operation.get("description"), path


def test_every_operation_needs_the_token_and_documents_its_refusals(
    app: FastAPI, operations: list[tuple[str, dict[str, Any]]]
) -> None:
    schemes = app.openapi()["components"]["securitySchemes"]
    assert schemes["token"]["scheme"] == "bearer"
    for path, operation in operations:
        if not path.startswith(PREFIX):
            continue
        assert operation["security"] == [{"token": []}], path
        for status in ("401", "403", "404", "422", "default"):
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, path


def test_fastapi_s_own_error_shape_is_gone(app: FastAPI) -> None:
    document = app.openapi()
    assert "HTTPValidationError" not in str(document)
    assert document["components"]["schemas"]["Problem"]["required"]
