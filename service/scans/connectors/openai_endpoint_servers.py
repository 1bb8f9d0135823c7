"""Servers that speak OpenAI's API, told apart by what they say beside it, and what each of them tells about its models.

The list of models names its owner at some (`owned_by`: vllm, sglang, llamacpp); others are known by an answer that nobody
else gives. A path that is not there means another server; one that is refused is told, for it would have said more.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from service.inventory.facts import Grade
from service.inventory.values import INTEGER_MAX
from service.scans.failures import SourceFailure
from service.scans.http import Http
from service.scans.workload_documents import listed, mapping

_OWNERS: Final[Mapping[str, str]] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "llamacpp": "llama.cpp",
    "lmdeploy": "lmdeploy",
    "library": "ollama",
}
# Where a server tells its version, and under which key; asked in this order where nothing told which server it is.
_VERSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "vllm": ("/version", "version"),
    "sglang": ("/get_server_info", "version"),
    "ollama": ("/api/version", "version"),
    "llama.cpp": ("/props", "build_info"),
    "text-generation-inference": ("/info", "version"),
    "litellm": ("/health/readiness", "litellm_version"),
}
# Those that an answer alone gives away, with what else must stand in it.
_GIVEN_AWAY: Final[Mapping[str, str]] = {
    "ollama": "version",
    "llama.cpp": "default_generation_settings",
    "text-generation-inference": "model_id",
    "litellm": "litellm_version",
}
_PATIENCE: Final = 3  # refusals until models are not asked for one by one any more
_UNKNOWN: Final = frozenset({"b0-unknown", "unknown"})  # built from sources without their history
_ABSENT: Final = frozenset({400, 404, 405, 501})
# Routes of LiteLLM to servers of one's own: what follows is the model's name there.
_ROUTES: Final = frozenset({"hosted_vllm", "vllm", "huggingface", "ollama", "ollama_chat", "openai_like", "llamafile"})
_MODALITIES: Final = frozenset({"text", "image", "audio", "video"})
_LANGUAGE: Final = re.compile(r"[a-z]{2}")

Facts = Mapping[str, tuple[Any, Grade, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a server tells about a model: attributes with grade and origin, and what is kept as it is."""

    attributes: Facts = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """What serves. `behind` says what stands behind a served name, `shown` what Ollama shows of each."""

    name: str | None = None
    version: str | None = None
    behind: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    troubles: Sequence[str] = ()

    @property
    def source(self) -> str:
        """Where the version is from."""
        return f"{self.name}:{_VERSIONS.get(self.name or '', ('',))[0].lstrip('/')}"

    def base_of(self, served: str, entry: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """What a served model comes from, as it is called there, and how."""
        parent = entry.get("parent")
        if isinstance(parent, str) and parent:
            return parent, "adapter"
        above = mapping(self.shown.get(served, {}).get("details")).get("parent_model")
        # Made from a file of this machine, a model has the file's path for its parent.
        return (above, None) if isinstance(above, str) and above and not above.startswith("/") else (None, None)

    def facts(self, served: str, entry: Mapping[str, Any]) -> Told:
        """What is known of one model."""
        if served in self.shown:
            return _ollama(self.shown[served])
        meta, architecture = mapping(entry.get("meta")), mapping(entry.get("architecture"))
        facts: dict[str, tuple[Any, Grade, str]] = {}
        if self.name == "llama.cpp":
            facts["formats"] = (["gguf"], Grade.INFERRED, "v1/models")  # it reads no other
        if _counts(meta.get("n_params")):
            facts["parameters"] = (meta["n_params"], Grade.VERIFIED, "v1/models")
        named = [*listed(architecture.get("input_modalities")), *listed(architecture.get("output_modalities"))]
        if modalities := sorted({one for one in named if isinstance(one, str)} & _MODALITIES):
            facts["modalities"] = (modalities, Grade.VERIFIED, "v1/models")
        length = entry.get("max_model_len")
        return Told(facts, {"openai/context-length": str(length)} if _counts(length) else {})


def recognise(http: Http, entries: Sequence[Any], given: str | None, pause: Callable[[], None]) -> Server:
    """Which server it is, and all that it tells beside the list. `given` is what the source says that it is."""
    troubles: list[str] = []
    owners = {str(mapping(entry).get("owned_by")).lower() for entry in entries}
    name = given or next((_OWNERS[owner] for owner in sorted(owners) if owner in _OWNERS), None)
    version: str | None = None
    for candidate in [name] if name else _GIVEN_AWAY:
        path, key = _VERSIONS.get(candidate, ("", ""))
        answer = _ask(http, path, troubles) if path else {}
        if not name:
            if _GIVEN_AWAY[candidate] not in answer:
                continue
            name, troubles = candidate, []  # what was refused before was none of its own words
        found = answer.get(key)
        version = found[:100] if isinstance(found, str) and found.strip() and found not in _UNKNOWN else None
        break
    if name == "ollama":
        return Server(name, version, shown=dict(_shown(http, entries, troubles, pause)), troubles=tuple(troubles))
    behind = _behind(http, troubles) if name == "litellm" else {}
    return Server(name, version, behind, troubles=tuple(troubles))


def _ask(http: Http, path: str, troubles: list[str], body: Any = None) -> Mapping[str, Any]:
    try:
        return mapping(http.json("POST" if body else "GET", path, body=body))
    except SourceFailure as failure:
        if failure.code not in _ABSENT:
            troubles.append(failure.detail)
        return {}


def _shown(
    http: Http, entries: Sequence[Any], troubles: list[str], pause: Callable[[], None]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in map(mapping, entries):
        pause()
        if len(troubles) >= _PATIENCE:
            return
        if isinstance(served := entry.get("id"), str):
            yield served, _ask(http, "/api/show", troubles, {"model": served})


def _behind(http: Http, troubles: list[str]) -> dict[str, str]:
    found = {}
    for one in map(mapping, listed(_ask(http, "/v1/model/info", troubles).get("data"))):
        routed = mapping(one.get("litellm_params")).get("model")
        if isinstance(routed, str) and isinstance(one.get("model_name"), str):
            route, _, rest = routed.partition("/")
            found[one["model_name"]] = rest if route in _ROUTES and rest else routed
    return found


def _ollama(shown: Mapping[str, Any]) -> Told:
    details, known = mapping(shown.get("details")), mapping(shown.get("model_info"))
    facts: dict[str, tuple[Any, Grade, str]] = {}
    if isinstance(kind := details.get("format"), str) and re.fullmatch(r"[a-z0-9]+", kind):
        facts["formats"] = ([kind], Grade.VERIFIED, "api/show")
    if _counts(known.get("general.parameter_count")):
        facts["parameters"] = (known["general.parameter_count"], Grade.VERIFIED, "api/show")
    # What the file says of itself is what whoever made it wrote there.
    if isinstance(licence := known.get("general.license"), str) and licence.strip():
        facts["licence"] = (licence.strip()[:200], Grade.DECLARED, "api/show")
    languages = [
        one for one in listed(known.get("general.languages")) if isinstance(one, str) and _LANGUAGE.fullmatch(one)
    ]
    if languages:
        facts["languages"] = (languages, Grade.DECLARED, "api/show")
    able = {one for one in listed(shown.get("capabilities")) if isinstance(one, str)}
    if able & {"completion", "vision", "embedding"}:
        facts["modalities"] = (["image", "text"] if "vision" in able else ["text"], Grade.INFERRED, "api/show")
    notes = {"ollama/quantization": details.get("quantization_level"), "ollama/family": details.get("family")}
    return Told(facts, {key: text for key, text in notes.items() if isinstance(text, str) and text})


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= INTEGER_MAX
