"""However long the input of a bulk request: the service stays as big as it was, and lets others in meanwhile."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from service.foundation import canonical
from tests.bench.estate import manifests
from tests.bench.server import HEADERS, Server, serving

LINES = 100_000
GROWTH_MAX = 80  # MiB; the lines alone have 24, as Python objects ten times that
FIRST = {"kind": "system", "name": "early-bird", "attributes": {"criticality": "low"}}


def _lines() -> Iterator[bytes]:
    yield canonical.encode(FIRST) + b"\n"
    for document in manifests(LINES):
        yield canonical.encode(document) + b"\n"


def _in_pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """What is sent at once: a client that sends each line by itself is slow by itself."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= 2**16:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _send(server: Server) -> requests.Response:
    url = f"{server.url}/api/v1/assets:bulk"
    return requests.post(url, data=_in_pieces(_lines()), headers=HEADERS, timeout=280)


def _peak(server: Server) -> int:
    """The most memory that the service ever had, in MiB."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _change_one(server: Server, bulk: "Future[requests.Response]") -> None:
    """Changes an asset of the first batch while the last is still to come."""
    url = f"{server.url}/api/v1/assets/system:early-bird"
    while requests.get(url, headers=HEADERS, timeout=60).status_code == 404:
        assert not bulk.done(), "nothing of the input could be seen before its end"
    changed = canonical.encode({**FIRST, "attributes": {"criticality": "high"}})
    answer = requests.put(url, changed, headers={**HEADERS, "Content-Type": "application/json"}, timeout=60)
    assert answer.json()["revision"] == 2
    assert not bulk.done(), "the change had to wait for the whole input"


@pytest.mark.slow
def test_a_hundred_thousand_lines_fill_no_memory_and_keep_nobody_waiting(database_url: str) -> None:
    with serving(database_url) as server, ThreadPoolExecutor(1) as pool:
        requests.get(f"{server.url}/api/v1/assets", headers=HEADERS, timeout=60).raise_for_status()
        idle = _peak(server)
        bulk = pool.submit(_send, server)
        _change_one(server, bulk)
        assert bulk.result().text.count('"created"') == LINES + 1
        assert _peak(server) < idle + GROWTH_MAX
