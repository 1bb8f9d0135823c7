"""AI services of others that a container is given the keys to, told by the names of its variables.

Their values are nobody's business here; that somebody hands a container `OPENAI_API_KEY` says that it calls OpenAI.
"""

from collections.abc import Iterable
from typing import Final

# The beginning of a variable's name -> the service. Each is what the service's own client reads.
_VARIABLES: Final = (
    ("OPENAI_API_", "openai"),
    ("AZURE_OPENAI_", "azure-openai"),
    ("ANTHROPIC_API_", "anthropic"),
    ("MISTRAL_API_", "mistral"),
    ("COHERE_API_", "cohere"),
    ("CO_API_KEY", "cohere"),
    ("GROQ_API_", "groq"),
    ("TOGETHER_API_", "together"),
    ("GEMINI_API_", "gemini"),
    ("GOOGLE_GENAI_", "gemini"),
    ("DEEPSEEK_API_", "deepseek"),
    ("OPENROUTER_API_", "openrouter"),
    ("REPLICATE_API_", "replicate"),
    ("FIREWORKS_API_", "fireworks"),
    ("WATSONX_", "watsonx"),
    ("AWS_BEARER_TOKEN_BEDROCK", "bedrock"),
)


def services(names: Iterable[str]) -> list[str]:
    """The services that variables of these names belong to, each once, by name."""
    found = {service for name in names for start, service in _VARIABLES if name.upper().startswith(start)}
    return sorted(found)
