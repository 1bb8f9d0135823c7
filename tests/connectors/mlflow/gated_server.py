"""MLflow's own server behind a gate that asks for a token or a password, as most installations have one.

Runs in the environment of `tests/servers/mlflow.lock`: `python -P gated_server.py PORT`. The variables that `test_mlflow.py`
sets say what it stores and who may pass. Calls that hold a word of GATE_FORBIDDEN are answered with 403.
"""

import base64
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

# Not installed where the tests themselves run.
app: Any = importlib.import_module("mlflow.server").app
serve: Any = importlib.import_module("waitress").serve

PASSES = {
    f"Bearer {os.environ['GATE_TOKEN']}",
    f"Basic {base64.b64encode(os.environ['GATE_USER'].encode()).decode()}",
}
FORBIDDEN = os.environ["GATE_FORBIDDEN"].split()


def gate(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
    if environ["PATH_INFO"] != "/health" and environ.get("HTTP_AUTHORIZATION") not in PASSES:
        start("401 Unauthorized", [("Content-Type", "text/html")])
        return [b"<html>who are you</html>"]
    if any(word in environ["QUERY_STRING"] for word in FORBIDDEN):
        start("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"not for you"]
    return app.wsgi_app(environ, start)


serve(gate, listen=f"127.0.0.1:{sys.argv[1]}", threads=4)
