"""Pages on a real port, and Debian's Chromium to look at them."""

import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr
from sqlalchemy import Engine

from service.app import create_app
from service.foundation.settings import Settings

TOKEN = "bootstrap-token-of-the-tests"
# As root Chromium refuses its sandbox; the rest keeps it from calling home, which would fail here and prove nothing.
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    binary = os.environ.get("ALLOD_TEST_CHROMIUM") or shutil.which("chromium")
    if binary is None:
        pytest.skip("no Chromium here: set ALLOD_TEST_CHROMIUM, or run `make tools` as root on Debian")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def url(engine: Engine, database_url: str) -> Iterator[str]:
    """Address of a running application."""
    settings = Settings(
        database_url=SecretStr(database_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        bootstrap_token=SecretStr(TOKEN),
    )
    server = uvicorn.Server(uvicorn.Config(create_app(engine, settings), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
