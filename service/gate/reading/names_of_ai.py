"""Names of types that speak of AI: what nobody here reads and is AI by its name is an open question. Pure."""

import re
from typing import Final

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Whole parts of a name: `oci_ai_language_project`, `NIMService`.
_WORDS: Final = frozenset({"ai", "genai", "llm", "llms", "ml", "nim", "tpu"})
# Beginnings of parts: `aws_bedrockagent_agent`, `inference.networking.x-k8s.io`. Not `model`: schemas are called that, too.
_BEGINNINGS: Final = (
    "aiplatform",
    "anthropic",
    "bedrock",
    "cognitive",
    "comprehend",
    "dialogflow",
    "huggingface",
    "inference",
    "kaito",
    "kserve",
    "kubeai",
    "kubeflow",
    "mistral",
    "ollama",
    "openai",
    "rekognition",
    "sagemaker",
    "seldon",
    "vertex",
    "vllm",
)


def speaks_of_ai(name: str) -> bool:
    """Whether a resource type, a kind or an API group is AI by its name."""
    parts = [part.lower() for part in _PART.findall(name)]
    return any(part in _WORDS or part.startswith(_BEGINNINGS) for part in parts)
