"""Which engine a process asks."""

from typing import Any

import pytest

from service.engine.choose import choose
from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.foundation.settings import Settings


def settings(**values: Any) -> Settings:
    return Settings.model_validate({"database_url": "postgresql://x", "redis_url": "redis://x", **values})


def test_without_an_opa_the_embedded_engine_answers() -> None:
    engine = choose(settings(engine_memory_mib=300))
    assert isinstance(engine, EmbeddedEngine)
    assert choose(settings(engine_memory_mib=300)) is engine
    assert choose(settings(engine_memory_mib=301)) is not engine


def test_with_an_opa_nobody_else_answers() -> None:
    engine = choose(settings(opa_url="http://127.0.0.1:9", opa_token="token-of-a-test"))
    assert isinstance(engine, OpaEngine)
    assert engine._client.headers == {"Authorization": "Bearer token-of-a-test"}
    assert isinstance(choose(settings(opa_url="http://127.0.0.1:9/")), OpaEngine)


def test_a_wrong_opa_url_is_no_reason_for_the_embedded_engine() -> None:
    with pytest.raises(ValueError, match="OPA"):
        choose(settings(opa_url="opa:8181"))
