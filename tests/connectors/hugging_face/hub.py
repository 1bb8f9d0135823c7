"""A hub of a few repositories that answers as https://huggingface.co does: lists by page, the fields that are asked for.

Names, licences, languages, files and numbers of parameters are those of real repositories; commits, counts and the
entries of `evalResults` are made up in the form that the hub gives them.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.fixtures.small_http import Answer, Asked

TOKEN = "hf_aTokenOfAReader"
# What the hub says of every repository, and of no place.
REGION = "region:us"

LLAMA = {
    "id": "meta-llama/Llama-3.1-8B-Instruct",
    "author": "meta-llama",
    "sha": "0e9e39f249a16976918f6564b8830bc894c89659",
    "lastModified": "2024-09-25T17:00:57.000Z",
    "private": False,
    "gated": "manual",
    "disabled": False,
    "pipeline_tag": "text-generation",
    "library_name": "transformers",
    "downloads": 9_000_000,
    "likes": 4_000,
    "tags": [
        *("transformers", "safetensors", "llama", "text-generation", "base_model:meta-llama/Llama-3.1-8B", REGION),
        *("base_model:finetune:meta-llama/Llama-3.1-8B", "license:llama3.1", "endpoints_compatible"),
    ],
    "cardData": {
        "language": ["en", "de", "fr", "it", "pt", "hi", "es", "th"],
        "license": "llama3.1",
        "base_model": "meta-llama/Llama-3.1-8B",
        "pipeline_tag": "text-generation",
        "tags": ["facebook", "meta", "pytorch", "llama", "llama-3"],
        "extra_gated_prompt": "See the licence.",
        "extra_gated_fields": {"First Name": "text"},
    },
    "safetensors": {"parameters": {"BF16": 8_030_261_248}, "total": 8_030_261_248},
    "siblings": [
        {"rfilename": name}
        for name in (
            *(".gitattributes", "LICENSE", "README.md", "USE_POLICY.md", "config.json", "generation_config.json"),
            *(f"model-0000{number}-of-00004.safetensors" for number in range(1, 5)),
            *("model.safetensors.index.json", "original/consolidated.00.pth", "tokenizer.json"),
        )
    ],
}
PROMPT_GUARD = {
    "id": "meta-llama/Llama-Prompt-Guard-2-86M",
    "sha": "3b4d1f9d1a3f3d3f0a4c1f6f3a0e6d0b8d1f1c22",
    "private": False,
    "gated": "manual",
    "pipeline_tag": "text-classification",
    "library_name": "transformers",
    "tags": ["transformers", "safetensors", REGION],
    "cardData": {"license": "llama4", "language": ["en", "fr", "de"], "base_model": "microsoft/mdeberta-v3-base"},
    "safetensors": {"parameters": {"F32": 278_810_882}, "total": 278_810_882},
    "siblings": [{"rfilename": "README.md"}, {"rfilename": "model.safetensors"}],
}
MISTRAL = {
    "id": "mistralai/Mistral-7B-Instruct-v0.3",
    "sha": "c170c708c41dac9275d15a8fff4eca08d52bab71",
    "private": False,
    "gated": False,
    "library_name": "vllm",
    "tags": ["vllm", "safetensors", "base_model:finetune:mistralai/Mistral-7B-v0.3", REGION],
    "cardData": {"library_name": "vllm", "license": "apache-2.0", "base_model": "mistralai/Mistral-7B-v0.3"},
    "safetensors": {"parameters": {"BF16": 7_248_023_552}, "total": 7_248_023_552},
    "siblings": [{"rfilename": "README.md"}, {"rfilename": "consolidated.safetensors"}],
}
BLOOM = {
    "id": "bigscience/bloom",
    "sha": "8e00bf30a44b17a9e0c9e7e2fef5b5e6c8d5b0a1",
    "private": False,
    "gated": False,
    "pipeline_tag": "text-generation",
    "library_name": "transformers",
    "tags": ["transformers", "pytorch", "tensorboard", "safetensors", "bloom", "dataset:x", REGION],
    "cardData": {
        "license": "bigscience-bloom-rail-1.0",
        "language": ["ak", "ar", "fr", "zh", "zhs", "zht", "zu"],
        "programming_language": ["C", "C++", "Java"],
        "pipeline_tag": "text-generation",
        "co2_eq_emissions": {"emissions": 24_700_000, "geographical_location": "Orsay, France"},
        "model-index": [
            {
                "name": "bloom",
                "results": [
                    {
                        "task": {"type": "text-generation"},
                        "dataset": {"name": "arc_challenge", "type": "arc_challenge"},
                        "metrics": [{"name": "acc", "type": "acc", "value": 0.4112627986348123}],
                    },
                    {
                        "task": {"type": "text-generation"},
                        "dataset": {"name": "humaneval", "type": "humaneval"},
                        "metrics": [
                            {"name": "pass@1", "type": "pass@1", "value": 0.15524390243902436},
                            {"name": "pass@10", "type": "pass@10", "value": 0.3220367632383857},
                        ],
                    },
                ],
            }
        ],
    },
    "evalResults": [
        {
            "filename": ".eval_results/gpqa.yaml",
            "data": {
                "dataset": {"id": "Idavidrein/gpqa", "task_id": "gpqa_diamond"},
                "value": 21.5,
                "date": "2026-02-03T10:00:00Z",
            },
        },
        {"dataset": {"id": "cais/hle", "task_id": "default"}, "value": 2.1, "date": "soon"},
    ],
    "safetensors": {"parameters": {"BF16": 176_247_271_424}, "total": 176_247_271_424},
    "siblings": [
        {"rfilename": name}
        for name in (
            *("README.md", "model_00001-of-00072.safetensors", "pytorch_model_00001-of-00072.bin", "tokenizer.json"),
            "logs/main/events.out.tfevents.1",
        )
    ],
}
GGUF = {
    "id": "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
    "private": False,
    "gated": False,
    "pipeline_tag": "text-generation",
    "tags": ["gguf", "text-generation", REGION],
    "cardData": {"license": "llama3.1", "base_model": "meta-llama/Llama-3.1-8B-Instruct", "quantized_by": "bartowski"},
    "gguf": {"total": 8_030_261_312, "architecture": "llama", "context_length": 131_072},
    "siblings": [{"rfilename": "README.md"}, {"rfilename": "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf"}],
}
C4 = {
    "id": "allenai/c4",
    "author": "allenai",
    "sha": "1588ec454efa1a09f29cd18ddd04fe05fc8653a2",
    "private": False,
    "gated": False,
    "disabled": False,
    "tags": ["task_categories:text-generation", "language:en", "license:odc-by", REGION],
    "cardData": {
        "pretty_name": "C4",
        "annotations_creators": ["no-annotation"],
        "language_creators": ["found"],
        "language": ["de", "en"],
        "license": ["odc-by"],
        "multilinguality": ["multilingual"],
        "size_categories": ["n<1K", "1M<n<10M"],
        "source_datasets": ["original"],
        "task_categories": ["text-generation", "fill-mask"],
        "dataset_info": [{"config_name": "en"}],
    },
    "siblings": [{"rfilename": "README.md"}, {"rfilename": "en/c4-train.00000-of-01024.json.gz"}],
}
ALWAYS = ("_id", "id")


@dataclass
class FakeHub:
    """Answers as the hub does. `failing` says what a path is answered with instead."""

    models: list[dict[str, Any]]
    datasets: list[dict[str, Any]] = field(default_factory=list)
    page: int = 1
    renamed: dict[str, str] = field(default_factory=dict)
    failing: dict[str, Answer] = field(default_factory=dict)
    token: str | None = None
    url: str = ""

    def answer(self, asked: Asked) -> Answer:
        given = asked.headers.get("authorization")
        if given is not None and given != f"Bearer {self.token or TOKEN}":
            body = {"error": "Invalid username or password."}
            return Answer(body, 401, {"X-Error-Message": "Invalid credentials in Authorization header"})
        if asked.path in self.failing:
            return self.failing[asked.path]
        _, _, kind, *rest = asked.path.split("/", 3)
        repositories = self.models if kind == "models" else self.datasets
        fields = {*ALWAYS, *asked.values.get("expand", ())}
        if not rest:
            return self._list(asked, repositories, fields)
        if rest[0] in self.renamed:
            return Answer({}, 307, {"Location": f"/api/{kind}/{self.renamed[rest[0]]}?{_query(asked)}"})
        found = next((one for one in repositories if one.get("id") == rest[0]), None)
        if found is None:
            status = 401 if given is None else 404
            return Answer({"error": "Repository not found"}, status, {"X-Error-Code": "RepoNotFound"})
        return Answer({key: value for key, value in found.items() if key in fields})

    def _list(self, asked: Asked, repositories: list[dict[str, Any]], fields: set[str]) -> Answer:
        author = asked.query["author"]
        fitting = [one for one in repositories if str(one.get("id", f"{author}/")).startswith(f"{author}/")]
        start = int(asked.query.get("cursor", "0"))
        body = [
            {key: value for key, value in one.items() if key in fields} for one in fitting[start : start + self.page]
        ]
        if start + self.page >= len(fitting):
            return Answer(body)
        link = f"{self.url}{asked.path}?{_query(asked)}&cursor={start + self.page}"
        return Answer(body, 200, {"Link": f'<{link}>; rel="next"'})


def _query(asked: Asked) -> str:
    pairs = [(key, value) for key, values in asked.values.items() for value in values if key != "cursor"]
    return "&".join(f"{key}={value}" for key, value in pairs)
