"""The shipped policies and their cases, read once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.foundation.settings import POLICIES
from service.packs.cases import BASE, Case, load_cases
from service.packs.source import Library, load_library


@pytest.fixture(scope="session")
def policies() -> Path:
    return POLICIES


@pytest.fixture(scope="session")
def library(policies: Path) -> Library:
    return load_library(policies)


@pytest.fixture(scope="session")
def base(policies: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((policies / BASE).read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def cases(policies: Path, library: Library) -> list[Case]:
    return [case for rule in library.rules.values() for case in load_cases(policies, library, rule)]


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(pool=1)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def opa(opa_url: str) -> OpaEngine:
    return OpaEngine(opa_url)
