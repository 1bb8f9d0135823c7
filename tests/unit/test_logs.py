"""Log lines: one shape for all loggers, the correlation id on each, and no secrets."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from service.foundation import logs
from service.foundation.settings import LogFormat

TOKEN = "allod_3q2-7wEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_both_kinds_of_logger_write_the_same_shape_with_the_correlation_id() -> None:
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, stream)
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("allod.test").info("asset.recorded", count=3)
    logging.getLogger("other.library").warning("%s is slow", "it", extra={"seconds": 4})
    ours, theirs = lines(stream)
    assert (ours["event"], ours["count"], ours["level"], ours["logger"]) == ("asset.recorded", 3, "info", "allod.test")
    assert (theirs["event"], theirs["seconds"], theirs["level"]) == ("it is slow", 4, "warning")
    assert ours["request_id"] == theirs["request_id"] == "r-1"
    assert ours["timestamp"].endswith("Z")


@pytest.mark.parametrize("form", list(LogFormat))
def test_no_secret_gets_into_a_line(form: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(form, stream)
    log = structlog.get_logger("allod.test")
    log.info(
        "request",
        token=TOKEN,
        database_password="hunter2",
        headers={"Authorization": "Bearer hunter2hunter2", "X-Other": f"see {TOKEN}"},
        addresses=["postgresql://allod:hunter2@db:5432/allod"],
        header="Bearer hunter2hunter2",
    )
    logging.getLogger("other").error("cannot connect to redis://:hunter2@broker:6379/0 with %s", TOKEN)
    try:
        int(f"{TOKEN} for postgresql://allod:hunter2@db/allod")
    except ValueError:
        log.exception("request.failed")
    text = stream.getvalue()
    assert "hunter2" not in text
    assert TOKEN not in text
    assert "postgresql://allod:…@db:5432/allod" in text
    assert "ValueError" in text


def test_what_json_cannot_say_is_said_in_words() -> None:
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, stream)
    structlog.get_logger().info("odd", value={1: {2}}, number=2**70)
    (line,) = lines(stream)
    assert line["value"] == {"1": "{2}"}
    assert line["number"] == str(2**70)


def test_configuring_again_replaces_and_uvicorn_joins_in() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure(LogFormat.JSON, first)
    logs.configure(LogFormat.TEXT, second)
    structlog.get_logger().debug("too fine")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.access").info("GET / 200")  # the service writes its own access line
    assert first.getvalue() == ""
    assert "started" in second.getvalue()
    assert "too fine" not in second.getvalue()
    assert "GET /" not in second.getvalue()
