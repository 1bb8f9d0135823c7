"""Settings as a worker reads them, on this test's own database and broker."""

from collections.abc import Iterator

import pytest

from service.foundation import database
from service.foundation.settings import settings
from service.jobs import evaluate


@pytest.fixture
def environment(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """`ALLOD_*` variables, set in this process and to be given to others."""
    variables = {
        "ALLOD_DATABASE_URL": database_url,
        "ALLOD_REDIS_URL": redis_url,
        "ALLOD_LEASE_SECONDS": "2",
        "ALLOD_CHUNK_SIZE": "2",
        "ALLOD_LOG_FORMAT": "text",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    database.engine.cache_clear()
    evaluate._ground.cache_clear()
    yield variables
    if database.engine.cache_info().currsize:
        database.engine().dispose()
    settings.cache_clear()
    database.engine.cache_clear()
    evaluate._ground.cache_clear()
