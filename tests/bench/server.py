"""The API in a process of its own, as production runs it, for what is measured from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from tests.fixtures.opa import free_port

TOKEN = "bootstrap-token-of-the-benchmark"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running API: its address, without a slash at the end, and its process."""

    url: str
    pid: int


@contextmanager
def serving(database_url: str, *, opa_url: str | None = None, workers: int = 1) -> Iterator[Server]:
    """A running API on this database, of so many processes, with the embedded engine or the OPA server at `opa_url`."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "ALLOD_DATABASE_URL": database_url,
        "ALLOD_REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOD_BOOTSTRAP_TOKEN": TOKEN,
    }
    if opa_url is not None:
        environment["ALLOD_OPA_URL"] = opa_url
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "serve", "api", "--port", str(port), "--workers", str(workers)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if requests.get(f"{url}/healthz", timeout=1).ok:
                    break
            except requests.RequestException:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)
