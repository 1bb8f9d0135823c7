"""Which model a result file speaks of: what each evaluation tool writes there, and the name of the asset that it means.

- the name of a model on a hub (`EleutherAI/pythia-70m`): the same name, whatever served it (`vllm/…`, `pretrained=…`);
- the name that an API has for it (`openai/gpt-4o`): provider and name, as Inspect writes it;
- HELM spells names in its own way (`meta/llama-3-8b`): below `helm/`, but for providers that it names as everybody does;
- a directory, or a name that a server of one's own was given, says nothing: people name the model in the settings;
- stand-ins that tools bring for trials are no models.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.inventory.values import is_name
from service.scans.names import hub_name

# Inspect's providers that load weights, or speak to a server of one's own: what follows is a hub's name or a directory.
_LOADERS: Final = frozenset({"hf", "vllm", "sglang", "transformer_lens", "nnterp", "llama-cpp-python", "openai-api"})
# Inspect's providers that serve open models under their hub's names.
_HOSTS: Final = frozenset({"together", "hf-inference-providers"})
# Interfaces of LM Evaluation Harness to a provider's own API.
_APIS: Final[Mapping[str, str]] = {
    "openai-completions": "openai",
    "openai-chat-completions": "openai",
    "anthropic-completions": "anthropic",
    "anthropic-chat": "anthropic",
    "anthropic-chat-completions": "anthropic",
}
# Where HELM's `creator/model` is what the creator's own API says.
_CREATORS: Final = frozenset({"openai", "anthropic", "google"})
# Arguments of LM Evaluation Harness that name the weights, the ones laid over others first.
_WEIGHTS: Final = ("peft", "delta", "pretrained", "model", "path", "model_name")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model of a run: how the tool writes it, and the asset's name where that tells it. A stand-in is no model."""

    written: str
    name: str | None = None
    stand_in: bool = False


def of_lm_eval(kind: str, arguments: Any, said: str | None) -> Evaluated | None:
    """`config.model` and `config.model_args` (text, JSON in text or a mapping); `said` is the file's `model_name`."""
    given = _arguments(arguments)
    if kind == "dummy":
        return Evaluated("dummy", stand_in=True)
    written = next((text for key in _WEIGHTS if (text := given.get(key))), said)
    if not written:
        return None
    provider = _APIS.get(kind)
    if provider and "base_url" not in given and "/" not in written:
        return Evaluated(written, _allowed(f"{provider}/{written}"))
    # A server of one's own calls a model what it likes: only organisation and name together say which one it is.
    speaks_to_a_server = bool(provider) or kind.startswith("local-")
    return Evaluated(written, hub_name(written) if "/" in written or not speaks_to_a_server else None)


def of_inspect(written: str, arguments: Mapping[str, Any]) -> Evaluated:
    """`eval.model`: provider and name; `hf/local` has the directory in the argument `model_path`."""
    provider, _, rest = written.partition("/")
    if provider in {"mockllm", "none"}:
        return Evaluated(written, stand_in=True)
    directory = arguments.get("model_path")
    if isinstance(directory, str) and directory:
        return Evaluated(directory)
    if provider == "openai-api":
        _, _, rest = rest.partition("/")  # the service between them is a word of the user's own
        return Evaluated(written, hub_name(rest) if "/" in rest else None)
    if provider in _LOADERS:
        return Evaluated(written, hub_name(rest))
    if provider in _HOSTS and "/" in rest and (name := hub_name(rest.partition(":")[0])):
        return Evaluated(written, name)
    return Evaluated(written, _allowed(written))


def of_lighteval(written: str) -> Evaluated:
    """`config_general.model_name`."""
    return Evaluated(written, stand_in=True) if written == "dummy" else Evaluated(written, hub_name(written))


def of_helm(written: str) -> Evaluated:
    """`adapter_spec.model`: HELM's `creator/model`."""
    creator, _, rest = written.partition("/")
    if creator == "simple":
        return Evaluated(written, stand_in=True)
    return Evaluated(written, _allowed(written if creator in _CREATORS and rest else f"helm/{written}"))


def _allowed(name: str) -> str | None:
    return name if is_name(name) else None


def _arguments(given: Any) -> dict[str, str]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            pairs = (part.partition("=") for part in given.split(","))
            given = {key.strip(): value.strip() for key, _, value in pairs}
    return {key: value for key, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}
