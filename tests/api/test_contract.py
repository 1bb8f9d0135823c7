"""The API does what its own document says, for requests that nobody thought of.

Schemathesis makes requests from the OpenAPI document, right and wrong ones, and compares every answer with it: its
status, its content type, its body, and that nothing of it is a 5xx. All of them meet the same app and database.
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from psycopg import sql
from pydantic import SecretStr
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from service.api.openapi import PREFIX
from service.app import create_app
from service.foundation import database
from service.foundation.settings import Settings
from tests.api.conftest import BOOTSTRAP
from tests.fixtures.postgres import database_at

# Right by the schema and refused by what it means: a cursor, a precondition, a kind's attributes. Wrong by the schema and
# yet answered: a wrong value that leaves no trace in the address, a bad line of many, which refuses itself alone.
BEYOND_A_SCHEMA = [positive_data_acceptance, negative_data_rejection]
EXAMPLES = 6  # for each operation and mode; the whole file takes well under a minute


@schemathesis.serializer("application/x-ndjson")
def _lines(_: Any, value: Any) -> bytes:
    """A body of lines goes out as the text that the schema says it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def operations() -> list[tuple[str, str]]:
    """Every operation under the API's prefix, from an app whose database is never asked."""
    nowhere = "postgresql://nowhere/none"
    app = create_app(
        database.connect(nowhere), Settings(database_url=SecretStr(nowhere), redis_url=SecretStr("redis://nowhere"))
    )
    paths = app.openapi()["paths"]
    return [(method, path) for path in paths if path.startswith(PREFIX) for method in paths[path]]


@pytest.fixture(scope="module")
def started(postgres: str, template: str) -> Iterator[FastAPI]:
    """A started app on a database that the whole file shares."""
    names = {"name": sql.Identifier(f"allod_contract_{os.getpid()}"), "template": sql.Identifier(template)}
    url = database_at(postgres, f"allod_contract_{os.getpid()}")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
    engine = database.connect(url)
    given_settings = Settings(
        database_url=SecretStr(url), redis_url=SecretStr("redis://nowhere"), bootstrap_token=SecretStr(BOOTSTRAP)
    )
    app = create_app(engine, given_settings)
    with TestClient(app):
        yield app
    engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), operations())
def test_every_answer_is_as_the_document_says(started: FastAPI, method: str, path: str, mode: GenerationMode) -> None:
    operation = schemathesis.openapi.from_asgi("/openapi.json", started)[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,  # the same requests in every run: a red build is a changed program
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {BOOTSTRAP}"}, excluded_checks=BEYOND_A_SCHEMA)

    holds()
