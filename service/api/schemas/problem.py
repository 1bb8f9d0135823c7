"""Problem details (RFC 9457) as a schema."""

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class ProblemFault(BaseModel):
    """One thing that is wrong with the input."""

    file: str | None = None
    line: int | None = None
    document: int | None = Field(default=None, description="Which document of several, from 1")
    path: str = Field(description="JSON pointer into the document, or `/name` of a parameter")
    message: str
    expected: str | None = Field(default=None, description="What would be right")


class Problem(BaseModel):
    """Why the answer is not what was asked for."""

    type: str = Field(
        description="`urn:allod:problem:<slug>`, stable: decide by this", examples=["urn:allod:problem:not-found"]
    )
    title: str = Field(description="The same for every problem of this type")
    status: int
    detail: str = Field(description="What happened this time, and how to mend it")
    instance: str = Field(description="The path that was asked")
    request_id: str | None = Field(default=None, description="As in the header `X-Request-ID` and in the log")
    errors: list[ProblemFault] | None = Field(default=None, description="What exactly is wrong, where more is known")
