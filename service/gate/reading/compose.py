"""Compose files (https://docs.docker.com/reference/compose-file/): services that show something of AI.

A service becomes `system:compose/<project>/service/<name>`; marks are its labels. Variables are filled in with the defaults
that stand in the file; what is left open cannot be read: `docker compose config` fills it in.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from service.gate.reading.parts import File, Ignored, Missing, Options, Reading, Type
from service.gate.reading.text import Document, documents, mentioned, refusal, refuse
from service.gate.reading.workload import Estate, Told
from service.inventory.facts import RelationType
from service.inventory.manifest_faults import pointer
from service.scans import marks
from service.scans.draft import Draft
from service.scans.names import slug
from service.scans.workload_documents import Container, Workload, listed, mapping
from service.scans.workload_models import words_of

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DEFAULT: Final = re.compile(r"\$\{\w+:?-([^${}]*)\}")
_OPEN: Final = re.compile(r"\$(?!\$)[\w{]")
_FILLED: Final = "what `docker compose config` makes of the file"
_DRIVERS: Final = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu", "cdi": "nvidia.com/gpu"}
_DEVICES: Final = (("nvidia.com/gpu", "nvidia.com/gpu"), ("/dev/nvidia", "nvidia.com/gpu"), ("/dev/kfd", "amd.com/gpu"))
_HUBS: Final = ("hf.co/", "huggingface.co/")


def read(file: File, options: Options) -> Reading:
    """The services of a file.

    Raises:
        Invalid: it is no Compose file, leaves an image open, or a mark in it cannot be understood.
    """
    found = documents(file)
    document = found[0] if len(found) == 1 else None
    services = mapping(document.data).get("services") if document else None
    if document is None or not isinstance(services, dict):
        raise refusal(file.name, "this is no Compose file", "one document with `services`", path="/services", line=1)
    named = document.data.get("name")
    project = named if isinstance(named, str) else PurePosixPath(file.name).parent.name or "default"
    estate = Estate("compose", f"compose:{file.name}"[:500])
    for entry in listed(document.data.get("include")):
        path = entry if isinstance(entry, str) else str(mapping(entry).get("path"))
        estate.ignored.append(
            Ignored(f"include {path[:200]}", "not followed: give it as well", document.place("/include"))
        )
    for name, service in services.items():
        _service(document, slug(project), name, service, estate, options)
    refuse(estate.faults)
    return Reading(Type.COMPOSE, estate.finish(), tuple(estate.missing), tuple(estate.ignored))


def _service(document: Document, project: str, name: str, given: Any, estate: Estate, options: Options) -> None:
    path = f"/services{pointer(name)}"
    if not isinstance(given, dict) or not _NAME.fullmatch(name):
        message = f"{name[:60]!r} is no service"
        estate.faults.append(document.fault(path, message, "letters, digits, . _ - for a name, and a mapping"))
        return
    if "extends" in given:
        estate.faults.append(document.fault(f"{path}/extends", "the service goes on elsewhere", _FILLED))
        return
    service = _filled(given)
    image = service.get("image")
    if isinstance(image, str) and _OPEN.search(image):
        estate.faults.append(document.fault(f"{path}/image", f"the image {image[:60]!r} is left open", _FILLED))
        return
    environment = _pairs(service.get("environment"))
    labels = {**_pairs(mapping(service.get("deploy")).get("labels")), **_pairs(service.get("labels"))}
    words = words_of([*_command(service.get("entrypoint")), *_command(service.get("command"))], environment)
    container = Container(name, image if isinstance(image, str) else "", words, environment, _asks(service))
    workload = Workload(
        "service",
        project,
        name,
        labels,
        {},
        (container,),
        tuple(_models(document.data, service)),
        (),
        False,
        None,
        False,
    )
    told = Told(
        workload,
        tuple(environment),
        document.place(path),
        document.place(f"{path}/labels"),
        lambda text: document.place(mentioned(given, text, path)),
        lambda mark, value: f'{marks.PREFIX}{mark}: "{value}"',
    )
    estate.take(told, everything=options.everything, place_on=lambda draft: _placed(draft, told))


def _placed(draft: Draft, told: Told) -> Iterator[Missing]:
    """Takes out what is of Kubernetes alone; a Compose file says nothing of places."""
    for key in ("kubernetes/namespace", "kubernetes/kind"):
        draft.labels.pop(key)
    draft.annotate("compose/accelerators", draft.annotations.pop("kubernetes/accelerators", None))
    if not any(type_ == RelationType.RUNS_ON for type_, _ in draft.relations):
        line = told.line("runs-on", "cloud_region:aws/CODE")
        yield Missing(draft.ref, "where it runs", line, told.marked)


def _models(document: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[str]:
    """The models that a service is given by Docker's model runner, as addresses that tell them from those of a hub."""
    given = service.get("models")
    listed_names = list(given) if isinstance(given, dict | list) else []
    defined = mapping(document.get("models"))
    texts = [mapping(defined.get(name)).get("model") for name in listed_names if isinstance(name, str)]
    provider = mapping(service.get("provider"))
    if provider.get("type") == "model":
        texts.append(mapping(provider.get("options")).get("model"))
    for text in texts:
        if isinstance(text, str) and text.strip():
            plain = _filled(text).strip()
            hub = next((start for start in _HUBS if plain.startswith(start)), None)
            yield f"hf://{plain.removeprefix(hub)}" if hub else f"oci://docker.io/{plain}"


def _asks(service: Mapping[str, Any]) -> dict[str, str]:
    """The accelerators of a service, as Kubernetes calls them."""
    found: dict[str, str] = {}
    reserved = mapping(mapping(mapping(service.get("deploy")).get("resources")).get("reservations")).get("devices")
    gpus = service.get("gpus")
    asked = [*listed(reserved), *(listed(gpus) or ([{"count": gpus}] if gpus else []))]
    for one in map(mapping, asked):
        kinds = [str(kind) for kind in listed(one.get("capabilities"))]
        driver = _DRIVERS.get(str(one.get("driver") or "nvidia"), "nvidia.com/gpu")
        if not kinds or {"gpu", "nvidia"} & set(kinds):
            found[driver] = str(one.get("count") or "all")
    for device in map(str, listed(service.get("devices"))):
        found |= {name: "all" for start, name in _DEVICES if device.startswith(start)}
    if service.get("runtime") == "nvidia":
        found.setdefault("nvidia.com/gpu", "all")
    return found


def _command(given: Any) -> list[str]:
    if isinstance(given, list):
        return [str(one) for one in given]
    try:
        return shlex.split(given) if isinstance(given, str) else []
    except ValueError:
        return str(given).split()


def _pairs(given: Any) -> dict[str, str]:
    """A mapping, or a list of `key=value`, as texts; a key without a value has an empty one."""
    if isinstance(given, dict):
        return {key: _written(value) for key, value in given.items()}
    pairs = (str(one).partition("=") for one in listed(given))
    return {key.strip(): value for key, _, value in pairs}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _filled(value: Any) -> Any:
    """`value` with the defaults of its variables."""
    if isinstance(value, str):
        return _DEFAULT.sub(r"\1", value)
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items()}
    return [_filled(one) for one in value] if isinstance(value, list) else value
