"""Which packages are AI software: what is taken from the hundreds of packages that an environment or an image holds.

A package is one where it is on the list below, or says so itself: with the classifier `Topic :: Scientific/Engineering ::
Artificial Intelligence` (https://pypi.org/classifiers/). The list is this project's own; every name on it was found on
PyPI on 2026-11-24. It is about frameworks, serving, training, clients of hosted models, vector stores, evaluation and
guardrails, and NVIDIA's and AMD's compute libraries below them; not about general data processing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from service.inventory.values import refusal

CLASSIFIER: Final = "Topic :: Scientific/Engineering :: Artificial Intelligence"

_LIBRARIES: Final = """
    torch torch-* torchvision torchaudio torchtext torchmetrics torchtune torchao torchrec triton pytorch-lightning lightning
    tensorflow tensorflow-* tf-keras tflite-runtime ai-edge-litert tensorboard keras keras-hub jax jaxlib flax optax equinox
    dm-haiku orbax-checkpoint brax paddlepaddle paddlepaddle-* paddleocr mlx mlx-lm openvino openvino-* coremltools
    scikit-learn imbalanced-learn xgboost lightgbm catboost autogluon autogluon-* cuml-* shap optuna skl2onnx hummingbird-ml
    onnx onnxruntime onnxruntime-* onnxscript ml-dtypes safetensors gguf tensorrt tensorrt-* nvidia-cudnn-* nvidia-nccl-*
    nvidia-cuda-* nvidia-cublas-* nvidia-modelopt cupy-* triton-* tritonclient
    transformers tokenizers sentencepiece tiktoken accelerate peft trl datasets evaluate diffusers optimum optimum-* timm
    huggingface-hub hf-xet sentence-transformers setfit adapters bitsandbytes auto-gptq autoawq auto-round hqq ctransformers
    compressed-tensors llmcompressor flash-attn flashinfer-python xformers deepspeed unsloth axolotl llamafactory fairseq
    vllm sglang lmdeploy ctranslate2 exllamav2 llama-cpp-python gpt4all ollama openllm bentoml ray kserve seldon-core
    litellm llama-stack llama-stack-client nemo-toolkit nemoguardrails mistral-common monai nnunetv2
    langchain langchain-* langgraph langgraph-* langsmith llama-index llama-index-* haystack-ai dspy dspy-ai crewai
    autogen-* ag2 semantic-kernel smolagents pydantic-ai pydantic-ai-* google-adk openai-agents strands-agents
    claude-agent-sdk instructor outlines guidance mcp promptflow rasa chainlit gradio docling unstructured
    openai anthropic cohere mistralai groq together replicate fireworks-ai ai21 voyageai elevenlabs google-genai
    google-generativeai google-cloud-aiplatform vertexai azure-ai-inference ibm-watsonx-ai sagemaker sagemaker-core
    aleph-alpha-client cerebras-cloud-sdk portkey-ai
    faiss-cpu faiss-gpu faiss-gpu-* chromadb qdrant-client pinecone pymilvus milvus-lite weaviate-client lancedb
    spacy thinc nltk gensim flair stanza fasttext bertopic textblob einops
    openai-whisper faster-whisper whisperx piper-tts tts speechbrain espnet pyannote-audio
    open-clip-torch kornia ultralytics mmcv mmdet mmengine insightface easyocr python-doctr rembg supervision
    torch-geometric dgl stable-baselines3 gymnasium pyro-ppl
    mlflow mlflow-skinny wandb comet-ml clearml neptune aim zenml kubeflow kfp langfuse arize-phoenix whylogs evidently
    lm-eval lighteval inspect-ai crfm-helm deepeval ragas mteb giskard deepchecks
    guardrails-ai llm-guard presidio-analyzer argilla label-studio sdv synthcity mlcroissant
"""
# Debian and Ubuntu: what NVIDIA's and AMD's repositories and the distributions call their compute libraries.
_SYSTEM: Final = """
    cuda-* libcudnn* libnccl* libcublas* libcufft* libcusparse* libcusolver* libnvinfer* nvidia-cuda-* nvidia-container-*
    datacenter-gpu-manager* rocm-* rccl* miopen-* hipblas* libtorch* libonnx* libonnxruntime* libtensorflow* tritonserver*
    llama.cpp* libllama* whisper.cpp* libggml*
"""
_DEBIAN_PYTHON: Final = "python3-"


def normalised(name: str) -> str:
    """The name of a Python package as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pattern(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9*?][A-Za-z0-9._+*?-]*", text):
        raise refusal(f"{text[:60]!r} is no pattern of package names", "for instance torch or langchain-*")
    return text


Packages = (
    Literal["ai", "all"]
    | Annotated[list[Annotated[str, AfterValidator(_pattern)]], Field(min_length=1, max_length=1_000)]
)
PACKAGES: Final[Any] = Field(
    default="ai",
    description="Which packages are taken: `ai` (known AI software and what calls itself so), `all`, or a list of names "
    "in which * and ? stand for any letters",
)


@dataclass(frozen=True, slots=True)
class Names:
    """Names and patterns of names."""

    names: frozenset[str]
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> "Names":
        """Names as they are written, patterns apart: a look-up is quicker than a hundred comparisons."""
        given = frozenset(words)
        patterns = tuple(sorted(word for word in given if re.search(r"[*?]", word)))
        return cls(given - frozenset(patterns), patterns)

    def __contains__(self, name: str) -> bool:
        return name in self.names or any(fnmatchcase(name, pattern) for pattern in self.patterns)


_PYTHON = Names.of(_LIBRARIES.split())
_DEBIAN = Names.of(_SYSTEM.split())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source takes, by its setting `packages`."""

    everything: bool
    ai: bool
    given: Names

    @classmethod
    def of(cls, packages: str | Sequence[str]) -> "Wanted":
        """The setting, ready for many questions."""
        if isinstance(packages, str):
            return cls(packages == "all", packages == "ai", Names.of(()))
        return cls(everything=False, ai=False, given=Names.of(map(normalised, packages)))

    def python(self, name: str, classifiers: Iterable[str] = ()) -> bool:
        """Whether a Python package is taken."""
        known = normalised(name)
        listed = self.ai and (known in _PYTHON or any(one.startswith(CLASSIFIER) for one in classifiers))
        return self.everything or listed or known in self.given

    def debian(self, name: str) -> bool:
        """Whether a Debian package is taken; that of a Python package goes by the latter's name, too."""
        known, inner = name.lower(), normalised(name.lower().removeprefix(_DEBIAN_PYTHON))
        listed = self.ai and (known in _DEBIAN or (known.startswith(_DEBIAN_PYTHON) and inner in _PYTHON))
        return self.everything or listed or normalised(known) in self.given

    def other(self, name: str) -> bool:
        """Whether something is taken of which only a name is known."""
        return self.python(name) or self.debian(name)
