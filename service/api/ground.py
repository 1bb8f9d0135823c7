"""What judging stands on, for endpoints: made on first use and kept for the life of the app."""

from threading import Lock
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from service.api.dependencies import SettingsDep
from service.foundation.errors import Invalid, Unavailable
from service.foundation.settings import Settings
from service.pipeline import Ground

_making = Lock()


async def _ground(request: Request, settings: SettingsDep) -> Ground:
    made: Ground | None = getattr(request.app.state, "ground", None)
    return await run_in_threadpool(make, request.app, settings) if made is None else made


def make(app: FastAPI, settings: Settings) -> Ground:
    """The ground of an app, made if it is not there.

    Raises:
        Unavailable: the policies cannot be used.
    """
    with _making:
        if getattr(app.state, "ground", None) is None:
            try:
                app.state.ground = Ground.of(settings)
            except Invalid as refusal:
                # No fault of whoever asks: the operator's, and until he mends it nothing can be judged.
                raise Unavailable(f"Nobody can judge here: {refusal.detail}", refusal.faults) from refusal
    ground: Ground = app.state.ground
    return ground


GroundDep = Annotated[Ground, Depends(_ground)]
