"""What judging stands on, for endpoints: made on first use and kept for the life of the app."""

from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from service.api.dependencies import SettingsDep
from service.pipeline import Ground

_making = Lock()


def _ground(request: Request, settings: SettingsDep) -> Ground:
    state = request.app.state
    with _making:
        if getattr(state, "ground", None) is None:
            state.ground = Ground.of(settings)
    ground: Ground = state.ground
    return ground


GroundDep = Annotated[Ground, Depends(_ground)]
