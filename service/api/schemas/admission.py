"""AdmissionReview (`admission.k8s.io/v1`) as an API server writes it, and as it is answered.

Fields that nothing here needs are left out, and an API server may add more.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.foundation import canonical
from service.foundation.errors import Fault, ServiceError
from service.gate.admission import Asked, Operation


class MalformedReview(ServiceError):
    """No API server writes this."""

    slug = "malformed-review"
    status = 400
    title = "The body is no AdmissionReview of admission.k8s.io/v1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class UserInfo(_Part):
    """Who asks, as the API server found."""

    username: str = ""


class ReviewRequest(_Part):
    """What is about to happen."""

    uid: str = Field(min_length=1, max_length=200)
    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    namespace: str = ""
    name: str = ""
    sub_resource: str = Field(default="", alias="subResource")
    user_info: UserInfo = Field(default=UserInfo(), alias="userInfo")
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = Field(default=None, alias="oldObject")
    dry_run: bool | None = Field(default=None, alias="dryRun")


class AdmissionReview(_Part):
    """A review that asks."""

    api_version: Literal["admission.k8s.io/v1"] = Field(alias="apiVersion")
    kind: Literal["AdmissionReview"]
    request: ReviewRequest

    @classmethod
    def of(cls, document: Any) -> Self:
        """The review in `document`.

        Raises:
            MalformedReview: with every fault.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            faults = [
                Fault("".join(f"/{part}" for part in one["loc"]), f"{one['msg'][:1].lower()}{one['msg'][1:]}")
                for one in error.errors(include_url=False, include_input=False)
            ]
            raise MalformedReview(f"The review cannot be read: {faults[0]}.", faults) from error

    @classmethod
    def in_(cls, body: bytes) -> Self:
        """The review that `body` spells.

        Raises:
            MalformedReview: with every fault.
        """
        try:
            document = canonical.decode(body)
        except ValueError as error:
            raise MalformedReview("The body is not JSON.", [Fault("", "is not JSON", "an AdmissionReview")]) from error
        return cls.of(document)

    def asked(self) -> Asked:
        """What it asks."""
        request = self.request
        return Asked(
            uid=request.uid,
            operation=Operation(request.operation),
            namespace=request.namespace,
            name=request.name,
            subresource=request.sub_resource,
            user=request.user_info.username,
            dry_run=bool(request.dry_run),
            object=request.object,
            old=request.old_object,
        )


class StatusBody(BaseModel):
    """Why it is refused."""

    code: int
    reason: str
    message: str


class ReviewResponse(BaseModel):
    """The answer to one request."""

    uid: str = Field(description="As asked")
    allowed: bool
    status: StatusBody | None = None
    warnings: list[str] | None = None
    audit_annotations: dict[str, str] | None = Field(default=None, alias="auditAnnotations")


class AnsweredReview(BaseModel):
    """A review that answers."""

    api_version: Literal["admission.k8s.io/v1"] = Field(alias="apiVersion")
    kind: Literal["AdmissionReview"]
    response: ReviewResponse
