"""`allod gate --offline`: the same question, answered on this machine from an exported inventory."""

import os
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import typer

from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Engine
from service.foundation import clock
from service.foundation.errors import Invalid
from service.gate import offline
from service.gate.reading.parts import Reading

_OLD: Final = timedelta(days=7)


def ask(
    inventory: Path,
    workspace: str | None,
    readings: Sequence[Reading],
    point: str,
    as_of: date | None,
    timeout: float,
) -> dict[str, Any]:
    """The decision that the inventory's server would have made when it was exported, with the waivers that hold now.

    Raises:
        Invalid: the inventory cannot be read, or the candidate is not well formed.
        Unavailable: the engine gave no answer.
    """
    try:
        content = inventory.read_bytes()
    except OSError as error:
        raise Invalid(f"The inventory {inventory} cannot be read: {error.strerror}.") from error
    world = offline.world(content, str(inventory), workspace)
    age = clock.now() - world.at
    if age > _OLD:
        typer.echo(f"allod: the inventory {inventory} is {age.days} days old", err=True)
    engine = _engine(timeout)
    try:
        return offline.judged(world, engine, readings, as_of=as_of or clock.today(), at=clock.now(), point=point)
    finally:
        if isinstance(engine, EmbeddedEngine):
            engine.close()


def _engine(timeout: float) -> Engine:
    """The OPA server of `ALLOD_OPA_URL`, as everywhere; otherwise the embedded engine."""
    url, token = os.environ.get("ALLOD_OPA_URL"), os.environ.get("ALLOD_OPA_TOKEN")
    if url is None:
        return EmbeddedEngine(timeout=timeout, pool=1)
    try:
        return OpaEngine(url, token=token, timeout=timeout)
    except ValueError as error:
        raise Invalid(f"ALLOD_OPA_URL is no address of a server: {error}.") from error
