"""A real worker whose connector is slow: `python -m tests.jobs.slow_scanner`. What it reads is always the same."""

import os
import time
from collections.abc import Iterator
from typing import Any

from service.jobs.task import QUEUES, celery
from service.scans import registry
from service.scans.connector import Asked, Connector, Context, Event, Read, Seen, SettingsBase

OBJECTS = 240


class SlowSettings(SettingsBase):
    """Whose objects these are."""

    prefix: str


def read(settings: SlowSettings, context: Context) -> Iterator[Event]:
    """Models one after the other, in two parts."""
    for half in ("left", "right"):
        yield Asked(half, OBJECTS // 2)
        for number in range(OBJECTS // 2):
            time.sleep(float(os.environ.get("SLOW_SECONDS", "0.004")))
            name = f"{settings.prefix}/{half}-{number}"
            yield Seen(half, name, {"kind": "model", "name": name, "attributes": {"version": "1"}})
        yield Read(half)


CONNECTOR = Connector("mlflow", "Slow", SlowSettings, read, lambda _: [])


def find(name: str) -> Any:
    """The one connector of this worker."""
    assert name
    return CONNECTOR


if __name__ == "__main__":
    registry.find = find
    celery.worker_main(
        ["worker", f"--queues={','.join(QUEUES)}", "--concurrency=2", "--without-gossip", "--without-mingle"]
    )
