"""Logs: one line for each event, JSON or text, from structlog and from stdlib logging alike, without secrets.

`bind_contextvars(request_id=…)` of structlog puts a value on every line of a request or a job.
"""

import logging
import re
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from service.foundation.settings import LogFormat

_SECRET_KEY = re.compile(r"(?i)(^|_)(authorization|cookie|password|passwd|secret|token|api_?key)$")
_SECRET_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\ballod_[A-Za-z0-9_-]{20,}"), "allod_…"),
    (re.compile(r"(?i)\b(bearer|basic) +[A-Za-z0-9._~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"(\w://[^\s:/@]*):[^\s/@]+@"), r"\1:…@"),
)
HIDDEN = "…"


def configure(form: LogFormat, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Sends every log line of this process to `stream` (standard error), in `form`. Calling again replaces the last call."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    out = stream or sys.stderr
    renderer: Processor = structlog.processors.JSONRenderer(_dumps)
    if form is LogFormat.TEXT:
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty())
    ending: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,  # before the secrets are hidden: an exception's text may hold one
        hide_secrets,
        renderer,
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=ending))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        # One access line for each request is enough, and ours carries the correlation id.
        logger.propagate = name != "uvicorn.access"


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: nothing that looks like a secret gets past it, by its key or by its look."""
    return {key: HIDDEN if _SECRET_KEY.search(key) else _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in _SECRET_TEXT:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {key: HIDDEN if _SECRET_KEY.search(str(key)) else _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, int) and value.bit_length() > 63:  # more than orjson can write
        return str(value)
    return value


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode(errors="replace")
