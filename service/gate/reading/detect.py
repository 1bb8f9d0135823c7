"""What a file is: told by its content, then by its name. Quick and forgiving, so that a broken file has a type as well.

That matters in directories: what has a type is read, and refused where it is broken; what has none is left out.
"""

import re
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from service.gate.reading.parts import File, Type
from service.gate.reading.requirements import LINE, NAMES
from service.inventory.facts import Kind

_KINDS: Final = frozenset(Kind)
_TOP: Final = re.compile(r"^(?:- )?[\"']?([A-Za-z_@][\w.@/-]*)[\"']?[ \t]*:(?=\s|$)", re.MULTILINE)
_ANYWHERE: Final = re.compile(r"[{,\s\"']([A-Za-z_@][\w.@/-]*)[\"']?\s*:(?=[\s\"'{\[\w]|$)")
_KIND: Final = re.compile(r"^(?:- )?kind[ \t]*:[ \t]*[\"']?(\w+)", re.MULTILINE)
_SPDX_TAGS: Final = re.compile(r"^SPDXVersion:", re.MULTILINE)
_HEAD: Final = re.compile(r"\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_TABLES: Final = re.compile(r"^\[\[(packages?)\]\]", re.MULTILINE)
_TOML_TOP: Final = re.compile(r"^(lock-version|requires-python|version)\s*=", re.MULTILINE)
_COMPOSE: Final = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml")
# Files of build servers have services, too.
_PIPELINE: Final = frozenset({"before_script", "install", "jobs", "language", "on", "pipelines", "script", "stages"})
_HEAD_MAX: Final = 4 * 2**20  # characters of a card's metadata
_LINES_MAX: Final = 1_000  # of what may be a list of requirements
# What begins a model card, and nothing that other tools write at the beginning of their pages.
CARD_KEYS: Final = frozenset(
    {
        *(
            "license",
            "license_name",
            "pipeline_tag",
            "library_name",
            "base_model",
            "datasets",
            "model-index",
            "metrics",
        ),
        *("task_categories", "task_ids", "dataset_info", "size_categories", "pretty_name", "annotations_creators"),
        *("allod.dev/ref", "extra_gated_prompt"),
    }
)


def detect(file: File) -> Type | None:
    """The type of a file, None where it is none that is known."""
    text = file.content.decode("utf-8-sig", "replace")
    start = text.lstrip()[:1]
    if file.content.startswith(b"PK\x03\x04") and "plan" in file.name.lower():
        return Type.TERRAFORM_PLAN  # Terraform's own form: its reader says what to do
    if start == "<":
        return Type.CYCLONEDX if "cyclonedx.org/schema/bom" in text[:2_000] else None
    if start in ("{", "["):
        return _of_json(text)
    name = PurePosixPath(file.name).name.lower()
    return _of_toml(text, name) or _card(text) or _of_yaml(text, name) or _requirements(text, name)


def _of_json(text: str) -> Type | None:
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        # Broken, JSON lines, or YAML's flow style: what it was going to be.
        keys = set(_ANYWHERE.findall(text))
        return _by_keys(
            keys, text, lambda: bool(re.search(rf"\bkind[\"']?\s*:\s*[\"']?(?:{'|'.join(_KINDS)})\b", text))
        )
    first: Any = next(iter(value), None) if isinstance(value, list) else value
    if not isinstance(first, dict):
        return None
    return _by_keys(first.keys(), text, lambda: first.get("kind") in _KINDS or "name" in first)


def _of_yaml(text: str, name: str) -> Type | None:
    found = _by_keys(
        set(_TOP.findall(text)), text, lambda: not _KINDS.isdisjoint(_KIND.findall(text)) or "\nname:" in text
    )
    if found is None and _SPDX_TAGS.search(text):
        return Type.SPDX
    if found is None and _COMPOSE.fullmatch(name):
        return Type.COMPOSE
    return found


def _by_keys(found: Iterable[str], text: str, allod: Callable[[], bool]) -> Type | None:
    """The type of a document with the keys `found`; `allod` answers for one with a `kind`, whether it is a manifest."""
    keys = frozenset(found)
    if "bomFormat" in keys:
        return Type.CYCLONEDX
    if "spdxVersion" in keys or ("@context" in keys and "spdx.org/rdf/3." in text):
        return Type.SPDX
    if {"planned_values", "resource_changes"} & keys or ("terraform_version" in keys and "apiVersion" not in keys):
        return Type.TERRAFORM_PLAN
    # Without metadata it is no object, but settings of a tool: kind's, Skaffold's, a kubeconfig, Helm's Chart.yaml.
    if "apiVersion" in keys:
        return Type.KUBERNETES if {"metadata", "items"} & keys or "kustomize.config.k8s.io/" in text else None
    if "kind" in keys:
        return Type.ALLOD if allod() else Type.KUBERNETES if "metadata" in keys else None
    return Type.COMPOSE if "services" in keys and not _PIPELINE & keys else None


def _of_toml(text: str, name: str) -> Type | None:
    tables, top = set(_TABLES.findall(text)), set(_TOML_TOP.findall(text))
    pylock = "packages" in tables and "lock-version" in top
    uv = "package" in tables and {"version", "requires-python"} <= top
    named = name == "uv.lock" or re.fullmatch(r"pylock(?:\.[^.]+)?\.toml", name)
    return Type.PACKAGES if pylock or uv or named else None


def _card(text: str) -> Type | None:
    # A YAML file of several documents begins alike; its first document has other keys.
    head = _HEAD.match(text, 0, _HEAD_MAX)
    keys = frozenset(_TOP.findall(head[1])) if head else frozenset()
    return Type.MODEL_CARD if keys & CARD_KEYS and not keys & {"kind", "apiVersion", "services"} else None


def _requirements(text: str, name: str) -> Type | None:
    if NAMES.fullmatch(name):
        return Type.PACKAGES
    lines = [
        line for line in islice(text.splitlines(), _LINES_MAX) if line.strip() and not line.lstrip().startswith("#")
    ]
    pinned = any("==" in line or ">=" in line for line in lines)
    return Type.PACKAGES if pinned and all(map(LINE.match, lines)) else None
