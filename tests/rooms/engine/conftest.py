"""Engines to test on."""

from collections.abc import Iterator

import pytest

from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Engine


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedEngine]:
    """An embedded engine with short patience and little memory."""
    engine = EmbeddedEngine(timeout=1.0, memory_mib=512, pool=2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def opa(opa_url: str) -> Iterator[OpaEngine]:
    """The adapter on the session's real server. No grace: OPA compiles all that it holds at each upload."""
    engine = OpaEngine(opa_url, timeout=5.0, grace=0.0)
    yield engine
    engine.close()


@pytest.fixture(params=["embedded", pytest.param("opa", marks=pytest.mark.opa)])
def each_engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines, one after the other: what holds for one holds for the other."""
    found: Engine = request.getfixturevalue(request.param)
    return found
