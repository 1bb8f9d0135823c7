"""All connectors by name. Each is imported when it is used: none waits for another's SDK, or falls with it."""

import importlib
from typing import Final

from service.foundation.errors import Fault, Invalid
from service.scans.connector import Connector

NAMES: Final = (
    "aws",
    "evaluation_evidence",
    "gpu_host",
    "hugging_face",
    "kubernetes",
    "mlflow",
    "oci_image",
    "openai_endpoint",
    "openstack",
    "python_environment",
    "sbom",
    "terraform_state",
)


def find(name: str) -> Connector:
    """The connector called `name`.

    Raises:
        Invalid: there is none.
    """
    if name not in NAMES:
        fault = Fault("/connector", f"there is no connector {name!r}", f"one of {', '.join(NAMES)}")
        raise Invalid(f"There is no connector {name!r}.", [fault])
    module = importlib.import_module(f"service.scans.connectors.{name}")
    connector: Connector = module.CONNECTOR
    return connector
