"""What a user is told when something fails: lines to read and an exit code to act on, never a traceback."""

import sys
from dataclasses import dataclass
from typing import Any

from service.foundation.errors import ServiceError, Unavailable

USAGE = 2
UNDECIDED = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Lines for standard error, and the exit code: 2 the input is wrong, 3 something needed did not answer."""

    lines: tuple[str, ...]
    code: int


class Stopped(ServiceError):
    """A program of this machine's own installation cannot be started, or keeps ending."""

    slug = "cannot-run"
    status = 503
    title = "Allod cannot run here"


ANSWERS = (
    # module, class, what it means, what to look at
    ("httpx2", "HTTPError", "The server does not answer", "ALLOD_URL"),
    ("psycopg", "Error", "The database does not answer", "ALLOD_DATABASE_URL"),
    ("sqlalchemy.exc", "SQLAlchemyError", "The database does not answer", "ALLOD_DATABASE_URL"),
    ("redis.exceptions", "RedisError", "The broker does not answer", "ALLOD_REDIS_URL"),
    ("kombu.exceptions", "KombuError", "The broker does not answer", "ALLOD_REDIS_URL"),
)


def explain(error: BaseException) -> Failure:
    """The failure that `error` means to somebody at a terminal."""
    if isinstance(error, ServiceError):
        code = UNDECIDED if isinstance(error, (Unavailable, Stopped)) else USAGE
        return _failure(code, error.detail, *(f"  {fault}" for fault in error.faults))
    if _is(error, "pydantic", "ValidationError"):
        return _settings(error)
    for module, name, meaning, setting in ANSWERS:
        if _is(error, module, name):
            return _failure(UNDECIDED, f"{meaning}: {_words(error)}", f"  Is {setting} right?")
    if isinstance(error, OSError):
        return _failure(USAGE, f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
    return _failure(
        UNDECIDED,
        f"This is a fault of Allod's own: {type(error).__name__}: {_words(error)}",
        "  Run it again with ALLOD_DEBUG=1 for the whole story, and please report it.",
    )


def _is(error: BaseException, module: str, name: str) -> bool:
    # An error of a library that was never imported cannot have been raised: nothing is imported to find out.
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)


def _settings(error: Any) -> Failure:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        place = "_".join(str(part) for part in fault["loc"])
        name = f"ALLOD_{place.upper()}" if error.title == "Settings" else place
        message = "is not set" if fault["type"] == "missing" else fault["msg"]
        lines.append(f"  {name}: {message}")
    what = "The settings are incomplete" if error.title == "Settings" else f"{error.title} cannot be read"
    return _failure(USAGE, what, *lines)


def _failure(code: int, *lines: str) -> Failure:
    return Failure((f"allod: {lines[0]}", *lines[1:]), code)


def _words(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
