"""Which models a container serves, as its command line and its variables tell: what is written, not what was loaded.

Known are the options of vLLM, SGLang, text-generation-inference, KServe's Hugging Face server, llama.cpp, Triton and Ollama,
and the variables that their images read. `$(NAME)` and `${NAME}` are filled in from the container's own variables. A model
is named as on its hub; one that lies in a bucket or on a path is named by that place, without credentials.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from service.inventory.values import NAME_MAX
from service.scans.names import hub_name, slug

# Option -> whether its value need not be a hub's name (a path or a bucket is a model, too).
_OPTIONS: Final[Mapping[str, bool]] = {
    "--model": True,
    "--model-path": True,
    "--model_path": True,
    "--model-id": True,
    "--model_id": True,
    "--model_dir": True,
    "--hf-repo": False,
    "-hf": False,
    "-hfr": False,
    "--model-repository": True,
    "--model-store": True,
    "--storage-uri": True,
}
# llama.cpp's servers and Triton know short forms that mean something else elsewhere.
_SHORT: Final[Mapping[str, tuple[str, ...]]] = {"-m": ("llama-server", "llama.cpp", "lmdeploy")}
_VARIABLES: Final = (
    "HF_MODEL_ID",
    "MODEL_ID",
    "VLLM_MODEL",
    "HF_MODEL",
    "MODEL",
    "MODEL_NAME",
    "MODEL_PATH",
    "OLLAMA_MODEL",
)
_STRICT: Final = frozenset(
    {"MODEL", "MODEL_NAME", "HF_MODEL"}
)  # often something else: only `organisation/model` counts
_ADAPTERS: Final = ("--lora-modules", "--lora-paths", "--lora-adapters")
_SERVE: Final = frozenset({"vllm", "lmdeploy"})  # `vllm serve MODEL`
# Program -> the package that it comes from.
_PROGRAMS: Final[Mapping[str, str]] = {
    "vllm": "vllm",
    "vllm.entrypoints.openai.api_server": "vllm",
    "sglang.launch_server": "sglang",
    "text-generation-launcher": "text-generation-inference",
    "text-embeddings-router": "text-embeddings-inference",
    "tritonserver": "tritonserver",
    "ollama": "ollama",
    "llama-server": "llama.cpp",
    "litellm": "litellm",
    "torchserve": "torchserve",
    "lmdeploy": "lmdeploy",
    "huggingfaceserver": "kserve",
}
# What stands before a program: elsewhere its name is only an argument.
_BEFORE: Final = frozenset({"-c", "-m", "--", "exec", "nohup", "tini", "env", "then", "do", "&&", "||", "|", "&"})
_HUBS: Final = ("hf", "huggingface")
_STORES: Final = frozenset({"s3", "gs", "gcs", "abfs", "abfss", "az", "azure", "oci", "http", "https", "hdfs", "oss"})
_LOCAL: Final = frozenset({"pvc", "file"})
_FILLED: Final = re.compile(r"\$\((\w+)\)|\$\{(\w+)\}|\$(\w+)")
_SCRIPT: Final = re.compile(r"-[a-z]*c")  # `sh -c`, `bash -lc`: a command line follows as one text
_OLLAMA: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*(?::[A-Za-z0-9._-]+)?")


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that is served: the asset's name, what was written, and the model that an adapter belongs to."""

    name: str
    title: str
    base: str | None = None


def program(words: Sequence[str]) -> str | None:
    """The package of the model server that a command line starts, None where it starts none that is known."""
    for position, word in enumerate(words):
        starts = not position or words[position - 1] in _BEFORE or words[position - 1].endswith(";")
        if starts and (found := _PROGRAMS.get(word.rpartition("/")[2])):
            return found
    return None


def words_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """A command line as single words: scripts handed to a shell are taken apart, variables filled in."""
    found: list[str] = []
    script = False
    for part in command:
        filled = _FILLED.sub(lambda match: environment.get(next(filter(None, match.groups())), match[0]), part)
        found += _split(filled) if script else [filled]
        script = bool(_SCRIPT.fullmatch(part))
    return tuple(found)


def models(words: Sequence[str], environment: Mapping[str, str], *, server: str | None, space: str) -> list[ModelUse]:
    """The models that a container serves, each once, in the order of mention.

    `server` is what the container is known to run. `space` is where models are named that lie on a path of their own.
    """
    found: dict[str, ModelUse] = {}
    for text, anywhere in _mentions(words, environment, server):
        use = ollama_model(text) if server == "ollama" else model(text, space=space if anywhere else None)
        if use is not None:
            found.setdefault(use.name, use)
    base = next(iter(found), None)
    for text in _adapters(words):
        if (use := model(text, space=space)) is not None and base is not None and use.name != base:
            found.setdefault(use.name, ModelUse(use.name, use.title, base))
    return list(found.values())


def model(text: str, *, space: str | None) -> ModelUse | None:
    """The model that `text` names: a hub's name, an address of storage, or (with `space`) a path."""
    text = text.strip()
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() in _HUBS:
        return _hub(rest)
    if mark:
        # A volume or a disk is one of many of its name.
        if scheme.lower() in _LOCAL:
            return ModelUse(_named(space, f"{scheme}/{rest}"), text) if space is not None and rest.strip("/.") else None
        return _stored(text) if scheme.lower() in _STORES else None
    if text.count("/") == 1 and not text.startswith((".", "/", "~")) and (use := _hub(text)) is not None:
        return use
    if space is None or not text or text.startswith("-") or "$" in text:
        return None
    return ModelUse(_named(space, text.strip("/.")), text)


def ollama_model(text: str) -> ModelUse | None:
    """The model that Ollama calls `text`: of its own library, or of Hugging Face's."""
    if text.startswith(("hf.co/", "huggingface.co/")):
        return _hub(text.partition("/")[2])
    return ModelUse(f"ollama/{text}", text) if _OLLAMA.fullmatch(text) and ".." not in text else None


def _hub(text: str) -> ModelUse | None:
    # `org/name:revision` at KServe, `org/name:Q4_K_M` at llama.cpp, `org/name@revision` elsewhere: the same model.
    plain = re.split(r"[:@]", text.strip("/"), maxsplit=1)[0]
    name = hub_name(plain)
    return ModelUse(name, text) if name else None


def _stored(text: str) -> ModelUse | None:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return None
    # What stands before an @, or behind a ?, may be a secret.
    place = f"{host}{parts.path}".strip("/")
    return ModelUse(_named(parts.scheme, place), f"{parts.scheme}://{place}") if host and place else None


def _named(space: str, path: str) -> str:
    name = "/".join([space, *(slug(part) for part in path.split("/") if part.strip("."))])
    return name if len(name) <= NAME_MAX else f"{space}/{slug(path)}"


def _mentions(words: Sequence[str], environment: Mapping[str, str], server: str | None) -> Iterator[tuple[str, bool]]:
    for position, word in enumerate(words):
        option, equals, value = word.partition("=")
        following = words[position + 1] if position + 1 < len(words) else ""
        short = server is not None and server in _SHORT.get(word, ())
        if option in _OPTIONS or short:
            yield (value if equals else following), _OPTIONS.get(option, True) and server is not None
        elif word == "serve" and following and not following.startswith("-") and position:
            if words[position - 1].rpartition("/")[2] in _SERVE:
                yield following, True
        elif word in ("pull", "run") and position and words[position - 1].rpartition("/")[2] == "ollama":
            yield following, False
        elif position == 0 and server == "vllm" and "/" in word and not word.startswith("/"):
            yield word, False  # the image's entry point is `vllm serve`
    for name in _VARIABLES:
        if (text := environment.get(name)) and (server is not None or name in ("HF_MODEL_ID", "MODEL_ID")):
            yield text, name not in _STRICT and server is not None


def _adapters(words: Sequence[str]) -> Iterator[str]:
    taking = False
    for word in words:
        option, equals, value = word.partition("=")
        given = word
        if option in _ADAPTERS:
            taking, given = True, value if equals else ""
        elif word.startswith("-"):
            taking = False
        if taking and given and not given.startswith("{"):
            name, mark, path = given.partition("=")
            yield path if mark else name


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
