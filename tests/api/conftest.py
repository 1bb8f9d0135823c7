"""An app on a fresh database, and clients of it for every role."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from service.app import create_app
from service.auth import tokens
from service.auth.roles import Role
from service.engine import choose
from service.engine.embedded import EmbeddedEngine
from service.foundation.actor import INSTALLER
from service.foundation.database import unit_of_work
from service.foundation.settings import Settings

BOOTSTRAP = "bootstrap-token-of-the-tests"


@pytest.fixture(scope="session", autouse=True)
def _engines() -> Iterator[None]:
    """Ends the processes of the engines that readiness asked."""
    yield
    for engine in choose._engines.values():
        if isinstance(engine, EmbeddedEngine):
            engine.close()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings whose broker is nowhere: requests need none."""
    return Settings(
        database_url=SecretStr(database_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        bootstrap_token=SecretStr(BOOTSTRAP),
    )


@pytest.fixture
def app(engine: Engine, settings: Settings) -> FastAPI:
    return create_app(engine, settings)


@pytest.fixture
def anonymous(app: FastAPI) -> Iterator[TestClient]:
    """A caller without a token; the app is started."""
    with TestClient(app) as client:
        yield client


ClientFor = Callable[..., TestClient]


@pytest.fixture
def client_for(engine: Engine, anonymous: TestClient) -> ClientFor:
    """`client_for(Role.VIEWER, "team-a")`: a caller with a token of that role and scope."""
    numbers = iter(range(1000))

    def make(role: Role, workspace: str | None = None) -> TestClient:
        with unit_of_work(engine) as session:
            _, plaintext = tokens.create(session, f"{role}-{next(numbers)}", role, workspace, None, INSTALLER)
        return TestClient(anonymous.app, headers={"Authorization": f"Bearer {plaintext}"})

    return make


@pytest.fixture
def admin(anonymous: TestClient) -> TestClient:
    """The administrator of all workspaces."""
    return TestClient(anonymous.app, headers={"Authorization": f"Bearer {BOOTSTRAP}"})
