"""`POST /admission/v1/validate`: what the API server of a Kubernetes cluster asks before it stores an object.

Whatever is asked in a well-formed review is answered with a review, HTTP 200. That holds for what could not be decided too:
no engine, no database, a rule error, no token, no time. It is then refused with `status.code` 503 inside the review. An
HTTP error would leave the answer to the webhook's `failurePolicy`, and under `Ignore` that is "yes": the API server takes
any other status for a webhook that is out of order. So `Ignore` lets through only what never reached this program, and
what Allod did look at and could not judge is refused under both policies, with the reason. A namespace in mode `warn` is
no exception: it lets through what was judged and found wanting, not what nobody knows. What is no review is answered 400,
since there is nothing to answer with.

The API server says in `?timeout=` how long it waits. The answer leaves before that: judging that takes longer is given up,
its statements end with it, and nothing of it is kept.
"""

import re
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

import anyio
import structlog
from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import exc, text
from sqlmodel import Session

from service.api import asking
from service.api.dependencies import bearer, principal_of, workspace_of
from service.api.ground import make as make_ground
from service.api.schemas.admission import AdmissionReview, AnsweredReview, MalformedReview
from service.auth.principals import Forbidden, Principal, Unauthenticated
from service.auth.roles import Permission
from service.foundation import canonical
from service.foundation.actor import Actor, ActorKind
from service.foundation.errors import Fault, Invalid, NotFound, ServiceError, Unavailable
from service.gate import admission
from service.gate.admission import Answer, Asked, ToJudge
from service.gate.admission_file import NO_FILE, AdmissionFile
from service.gate.reading.parts import File, Options, Reading, Type
from service.gate.reading.read import read
from service.inventory import workspaces
from service.inventory.views import WorkspaceView

SECONDS: Final = 10.0  # what an API server waits where its configuration does not say
SECONDS_MAX: Final = 30.0  # the longest that it can be told to wait
SHARE: Final = 0.9  # of that time; the rest is for the way back
_DURATION: Final = re.compile(r"(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,9})?)s)?(?:(\d{1,7})ms)?")

router = APIRouter(tags=["gate"])
_log = structlog.get_logger(__name__)
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "required": ["apiVersion", "kind", "request"]}}},
    }
}


@dataclass(frozen=True, slots=True)
class _Review:
    """One review while it is judged: `ends` on the monotonic clock, `over` once nobody waits for the answer."""

    request: Request
    asked: Asked
    credentials: HTTPAuthorizationCredentials | None
    ends: float
    over: threading.Event

    @property
    def file(self) -> AdmissionFile:
        found: AdmissionFile = self.request.app.state.admission
        return found


@router.post(
    admission.PATH,
    summary="May this object enter the cluster?",
    response_model=AnsweredReview,
    openapi_extra=_BODY,
    responses={"4XX": {"description": "No AdmissionReview of admission.k8s.io/v1"}},
)
async def validate_admission(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    timeout: Annotated[str | None, Query(description="How long the caller waits, for instance `10s`")] = None,  # noqa: ASYNC109 -- the API server's own word
) -> JSONResponse:
    """Judges the object of an AdmissionReview as its namespace is mapped to a workspace; see ALLOD_ADMISSION_FILE."""
    begun = time.monotonic()
    seconds = _seconds(timeout) * SHARE
    try:
        asked = AdmissionReview.in_(await request.body()).asked()
    except ServiceError:
        # What is wrong with a body is told to those alone who may ask.
        await to_thread.run_sync(_caller, request, credentials)
        raise
    review = _Review(request, asked, credentials, begun + seconds, threading.Event())
    answer = admission.undecided(asked.uid, f"no verdict within {seconds:g} s")
    with anyio.move_on_after(review.ends - time.monotonic()):
        try:
            answer = await to_thread.run_sync(partial(_answered, review), abandon_on_cancel=True)
        finally:
            review.over.set()
    verdict = answer.annotations.get("verdict")
    _log.info("admission", uid=asked.uid, namespace=asked.namespace, allowed=answer.allowed, verdict=verdict)
    return JSONResponse(answer.as_review())


def _answered(review: _Review) -> Answer:
    """The answer, whatever happens: what could not be decided is told as that."""
    uid = review.asked.uid
    try:
        return _answer(review)
    except (Unauthenticated, Forbidden) as refusal:
        return admission.undecided(uid, f"the webhook's own access was refused. {refusal.detail}")
    except ServiceError as refusal:
        return admission.undecided(uid, refusal.detail)
    except exc.SQLAlchemyError as error:
        _log.error("database.unavailable", error=type(error).__name__, reason=str(getattr(error, "orig", error))[:500])
        return admission.undecided(uid, "the database did not carry this out. Try again.")
    except Exception:  # noqa: BLE001 -- whatever it is, an HTTP error would be a yes under failurePolicy: Ignore
        _log.exception("admission.failed", uid=uid)
        return admission.undecided(uid, f"this is a fault of Allod's own; its log tells more under {uid}.")


def _answer(review: _Review) -> Answer:
    request, asked, file = review.request, review.asked, review.file
    principal = _caller(request, review.credentials)
    sorted_ = admission.sort(asked, file)
    if isinstance(sorted_, Answer):
        return sorted_
    try:
        readings = _read(asked, sorted_, file)
    except Invalid as refusal:
        return admission.refused(asked.uid, f"Allod cannot read this object: {'; '.join(map(str, refusal.faults))}")
    if not any(reading.proposed for reading in readings):
        why = "; ".join(f"{one.what}: {one.why}" for reading in readings for one in reading.ignored)
        return admission.passed(asked.uid, why)
    if sorted_.treatment.workspace is None:
        return admission.homeless(asked)
    actor = principal.actor if principal else Actor(ActorKind.SYSTEM, f"admission:{file.cluster}")
    ground = make_ground(request.app, request.app.state.settings)
    with Session(request.app.state.engine, expire_on_commit=False) as session:
        _bound(session, review.ends)
        home = _home(session, principal, sorted_, file)
        decision = asking.decide(session, ground, home, readings, "admission", actor)
        if review.over.is_set():
            raise Unavailable("the time was over before the decision could be kept")
        if not asked.dry_run:  # a dry run is judged alike and leaves nothing behind
            session.commit()
    return admission.decided(asked, decision, sorted_.treatment.mode)


def _caller(request: Request, credentials: HTTPAuthorizationCredentials | None) -> Principal | None:
    """Who asks; None for a cluster that may ask without a token.

    Raises:
        Unauthenticated: no token, or one that is not valid.
        Forbidden: its role may not ask the gate.
    """
    state = request.app.state
    if credentials is None and state.settings.admission_anonymous:
        return None
    principal = principal_of(request, state.engine, credentials)
    principal.demand(Permission.GATE)
    return principal


def _read(asked: Asked, found: ToJudge, file: AdmissionFile) -> list[Reading]:
    name = f"{asked.namespace}/{found.document.get('kind')}/{found.document['metadata']['name']}"
    options = Options(file.cluster, file.provider, found.treatment.everything)
    return read([File(name, canonical.encode(found.document))], Type.KUBERNETES, options)


def _home(session: Session, principal: Principal | None, found: ToJudge, file: AdmissionFile) -> WorkspaceView:
    """The workspace of the namespace; where no file maps any, the caller's own.

    Raises:
        NotFound: there is none of this name, or it is not the caller's.
    """
    wanted = found.treatment.workspace
    if principal is not None:
        return workspace_of(principal, session, None if file is NO_FILE else wanted)
    home = workspaces.find(session, str(wanted))
    if home is None:
        raise NotFound(f"There is no workspace {wanted!r}.")
    return home


def _bound(session: Session, ends: float) -> None:
    """Has the database give up when nobody waits any more."""
    milliseconds = str(max(1, int((ends - time.monotonic()) * 1000)))
    session.execute(
        text("SELECT set_config('statement_timeout', :limit, true), set_config('lock_timeout', :limit, true)"),
        {"limit": milliseconds},
    )


def _seconds(duration: str | None) -> float:
    """A duration as Go writes it, at most `SECONDS_MAX`.

    Raises:
        MalformedReview: it is none.
    """
    if duration is None:
        return SECONDS
    found = _DURATION.fullmatch(duration)
    minutes, seconds, milliseconds = found.groups(default="0") if found else ("0", "0", "0")
    total = int(minutes) * 60 + float(seconds) + int(milliseconds) / 1000
    if total <= 0:
        fault = Fault("/timeout", f"{duration!r} is no span of time", "for instance 10s or 1m30s")
        raise MalformedReview("The timeout cannot be read.", [fault])
    return min(total, SECONDS_MAX)
