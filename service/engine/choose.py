"""Which engine this process asks: OPA where `ALLOD_OPA_URL` is set, and then OPA alone; the embedded one otherwise."""

import threading

from service.engine.embedded import EmbeddedEngine
from service.engine.opa_server import OpaEngine
from service.engine.protocol import Engine
from service.foundation.settings import Settings

_engines: dict[tuple[str | None, float, int], Engine] = {}
_lock = threading.Lock()


def choose(settings: Settings) -> Engine:
    """The process-wide engine of these settings, made when first asked for.

    Raises:
        ValueError: `ALLOD_OPA_URL` is no URL of a server.
    """
    key = (settings.opa_url, settings.engine_timeout_seconds, settings.engine_memory_mib)
    with _lock:
        if key not in _engines:
            _engines[key] = _make(settings)
        return _engines[key]


def _make(settings: Settings) -> Engine:
    if settings.opa_url is None:
        return EmbeddedEngine(timeout=settings.engine_timeout_seconds, memory_mib=settings.engine_memory_mib)
    token = settings.opa_token.get_secret_value() if settings.opa_token else None
    return OpaEngine(settings.opa_url, token=token, timeout=settings.engine_timeout_seconds)
