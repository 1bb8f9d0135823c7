"""A refusal is a type: rooms raise a `ServiceError`, one handler at the edge answers RFC 9457 problem details."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input.

    `path` is a JSON pointer into the document (`/attributes/licence`), `message` what is wrong, `expected` what would be
    right. `document` counts from 1 in a file of several; `file` and `line` are known where the input was a file.
    """

    path: str
    message: str
    expected: str | None = None
    document: int | None = None
    file: str | None = None
    line: int | None = None

    def as_dict(self) -> dict[str, str | int]:
        """The fault without what is not known."""
        pairs = (
            ("file", self.file),
            ("line", self.line),
            ("document", self.document),
            ("path", self.path),
            ("message", self.message),
            ("expected", self.expected),
        )
        return {key: value for key, value in pairs if value is not None}

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        if not place and self.document is not None:
            place = f"document {self.document}"
        where = ", ".join(part for part in (place, self.path) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.expected})" if self.expected else text


class ServiceError(Exception):
    """What every refusal is.

    `slug` is the stable last part of the problem type, `status` the HTTP status, `title` the sentence that never changes;
    `detail` says what happened this time and how to mend it.
    """

    slug: ClassVar[str] = "service-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "The service could not do this"

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)


class NotFound(ServiceError):
    """Not there, or not the caller's to see: the two are answered alike."""

    slug = "not-found"
    status = 404
    title = "Nothing is known under this name"


class Invalid(ServiceError):
    """The input is not what the contract asks for."""

    slug = "invalid-input"
    status = 422
    title = "The input cannot be accepted"


class Conflict(ServiceError):
    """What the caller knew is no longer so."""

    slug = "conflict"
    status = 409
    title = "The present state does not allow this"


class Unavailable(ServiceError):
    """Something this answer needs does not answer: try again later, and take no verdict from it."""

    slug = "unavailable"
    status = 503
    title = "The service cannot decide now"
