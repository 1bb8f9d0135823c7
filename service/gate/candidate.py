"""Candidates: what would exist after a deployment, as manifests that nobody has stored."""

from collections.abc import Mapping
from typing import Any

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid
from service.inventory import manifest
from service.inventory.facts import Observation

ASSETS_MAX = 5_000


def read(body: bytes, workspace: str) -> list[Observation]:
    """The candidate in a request's body: `{"candidate": [manifest, …]}`, or a manifest file in YAML or JSON as it is.

    All of it belongs to `workspace`.

    Raises:
        Invalid: with every fault of every document, by its number and line.
    """
    documents = _documents(body)
    faults: list[Fault] = []
    observations: list[Observation] = []
    for number, (document, where) in enumerate(documents, start=1):
        try:
            observation = manifest.observation(document, workspace=workspace, where=where)
        except Invalid as refusal:
            faults += [fault if fault.document else _numbered(fault, number) for fault in refusal.faults]
            continue
        if observation.workspace != workspace:
            message = f"{observation.ref} belongs to workspace {observation.workspace!r}"
            faults.append(_numbered(Fault("/workspace", message, f"{workspace!r}, or ask with ?workspace="), number))
        observations.append(observation)
    if faults:
        raise Invalid(f"The candidate cannot be read: {faults[0]}.", faults)
    if not observations:
        raise Invalid("The candidate is empty.", [Fault("/candidate", "no manifest in it", "at least one")])
    if len(observations) > ASSETS_MAX:
        fault = Fault("/candidate", f"{len(observations)} manifests", f"at most {ASSETS_MAX}; ask in parts")
        raise Invalid("The candidate is too large.", [fault])
    return observations


def _documents(body: bytes) -> list[tuple[Any, manifest.Where]]:
    try:
        whole = canonical.decode(body)
    except ValueError:
        whole = None
    if isinstance(whole, Mapping) and set(whole) == {"candidate"}:
        listed = whole["candidate"]
        if not isinstance(listed, list):
            raise Invalid(
                "The candidate cannot be read.", [Fault("/candidate", "is not a list", "a list of manifests")]
            )
        return [(document, manifest.NOWHERE) for document in listed]
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        fault = Fault("", f"byte {error.start} is not UTF-8", "a manifest file in UTF-8")
        raise Invalid("The candidate cannot be read.", [fault]) from error
    return [(document.data, document.where) for document in manifest.read(text, None)]


def _numbered(fault: Fault, number: int) -> Fault:
    return Fault(fault.path, fault.message, fault.expected, number, fault.file, fault.line)
