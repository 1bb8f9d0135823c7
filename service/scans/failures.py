"""What can go wrong with a source: one type, with words for people."""

from service.foundation.errors import ServiceError


class SourceFailure(ServiceError):
    """The source, or a part of it, cannot be read: it refuses, does not answer, or answers what nobody understands.

    `code` is the HTTP status it answered with, if it did.
    """

    slug = "source-failure"
    status = 502
    title = "The source cannot be read"

    def __init__(self, detail: str, code: int | None = None) -> None:
        super().__init__(detail)
        self.code = code


class Stopped(BaseException):
    """The run must end here: it was cancelled, its time is over, or its worker shuts down.

    No `Exception`: what a connector catches of one broken object or part must not be this.
    """
