"""Bulk ingest over HTTP, beside COPY of the same lines into a bare table."""

import time

import psycopg
import requests
from sqlalchemy import Engine

from service.foundation import canonical
from tests.bench.conftest import Say, size
from tests.bench.estate import manifests
from tests.bench.server import HEADERS, serving


def test_bulk(engine: Engine, database_url: str, say: Say) -> None:
    count = size(20_000)
    lines = [canonical.encode(document) for document in manifests(count)]
    with serving(database_url) as server:
        begun = time.perf_counter()
        answer = requests.post(f"{server.url}/api/v1/assets:bulk", data=b"\n".join(lines), headers=HEADERS, timeout=600)
        first = count / (time.perf_counter() - begun)
        assert answer.text.count('"created"') == count
        begun = time.perf_counter()
        answer = requests.post(f"{server.url}/api/v1/assets:bulk", data=b"\n".join(lines), headers=HEADERS, timeout=600)
        again = count / (time.perf_counter() - begun)
        assert answer.text.count('"unchanged"') == count
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body jsonb NOT NULL)"
        )
        begun = time.perf_counter()
        with connection.cursor().copy("COPY bare (body) FROM STDIN") as copy:
            for line in lines:
                copy.write_row([line.decode()])
        connection.commit()
        copied = count / (time.perf_counter() - begun)
    say(f"\nbulk ingest of {count} assets over HTTP, batches of 1000")
    say(f"  new                        {first:8.0f} rows/s   ratio {first / copied:.2f}")
    say(f"  the same again             {again:8.0f} rows/s")
    say(f"  COPY into a bare table     {copied:8.0f} rows/s")
