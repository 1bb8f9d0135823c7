"""Container images by their references, and which of them are known model servers: what a workload's images say alone.

`docker.io/vllm/vllm-openai:v0.11.0@sha256:…` is `software:vllm`, version 0.11.0, because that image is vLLM's own. An image
that nobody here knows is software of its own, named after the repository: `software:oci/ghcr.io/acme/bot`. References are
read as Docker reads them (https://github.com/distribution/reference): without a registry it is Docker Hub.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import quote

from service.inventory.facts import Grade, Kind
from service.inventory.values import NAME_MAX
from service.scans.draft import Draft
from service.scans.names import slug

_HUB: Final = "docker.io"
_REFERENCE_MAX: Final = 1_000
_REFERENCE: Final = re.compile(
    r"(?P<path>[a-zA-Z0-9][a-zA-Z0-9._-]*(?::\d{1,5}(?=/))?(?:/[a-z0-9._-]+)*?)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?"
)
# The images that projects publish themselves -> the name of the package inside.
_SERVERS: Final = (
    ("docker.io/vllm/*", "vllm"),
    ("*/vllm-openai", "vllm"),
    ("public.ecr.aws/deep-learning-containers/vllm", "vllm"),
    ("docker.io/rocm/vllm*", "vllm"),
    ("docker.io/lmsysorg/sglang", "sglang"),
    ("ghcr.io/huggingface/text-generation-inference", "text-generation-inference"),
    ("ghcr.io/huggingface/text-embeddings-inference", "text-embeddings-inference"),
    ("nvcr.io/nvidia/tritonserver", "tritonserver"),
    ("nvcr.io/nim/*", "nim"),
    ("docker.io/ollama/ollama", "ollama"),
    ("ghcr.io/ggml-org/llama.cpp", "llama.cpp"),
    ("ghcr.io/ggerganov/llama.cpp", "llama.cpp"),
    ("*/berriai/litellm*", "litellm"),
    ("docker.io/litellm/litellm*", "litellm"),
    ("docker.io/rayproject/ray*", "ray"),
    ("docker.io/anyscale/ray*", "ray"),
    ("docker.io/kserve/huggingfaceserver*", "kserve"),
    ("docker.io/pytorch/torchserve*", "torchserve"),
    ("docker.io/tensorflow/serving", "tensorflow-serving"),
    ("docker.io/openvino/model_server", "openvino-model-server"),
    ("docker.io/localai/localai", "localai"),
    ("docker.io/xprobe/xinference", "xinference"),
    ("docker.io/openmmlab/lmdeploy", "lmdeploy"),
)
# Their tags: `v0.11.0`, `0.5.3-rocm`, `2.4.1`, `25.09-py3`; not `latest`, `server-cuda`, `sha-1a2b3c`.
_VERSION: Final = re.compile(r"v?(\d+\.\d+(?:\.\d+)*(?:\.?(?:post|rc|dev)\d+)?)(?:[-_+].*)?")


@dataclass(frozen=True, slots=True)
class Image:
    """A reference to an image, taken apart."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def place(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def server(self) -> str | None:
        """The package name of the model server that this image is, where its publisher says so by the image's name."""
        return next((name for pattern, name in _SERVERS if fnmatchcase(self.place, pattern)), None)

    @property
    def version(self) -> str | None:
        """The version of the server inside, as the tag tells it."""
        match = _VERSION.fullmatch(self.tag or "")
        return match[1] if match else None


@dataclass(frozen=True, slots=True)
class Software:
    """A program that a workload uses: an image, or what is known to be in it. `name` is that of the asset."""

    name: str
    title: str
    version: str | None = None
    image: Image | None = None


def parse(text: str) -> Image | None:
    """The parts of an image's reference, None where it is none."""
    match = _REFERENCE.fullmatch(text.strip()) if len(text) <= _REFERENCE_MAX else None
    if match is None:
        return None
    head, _, rest = match["path"].partition("/")
    named = rest and ("." in head or ":" in head or head == "localhost")
    registry, path = (head.lower(), rest) if named else (_HUB, match["path"])
    if ":" in path or path != path.lower():
        return None
    registry = _HUB if registry in ("index.docker.io", "registry-1.docker.io") else registry
    if registry == _HUB and "/" not in path:
        path = f"library/{path}"
    return Image(registry, path, match["tag"], match["digest"])


def software_of(image: Image) -> Software:
    """What an image is as software."""
    if server := image.server:
        return Software(server, server, image.version, image)
    name = "/".join(["oci", *map(slug, image.place.split("/"))])
    return Software(name if len(name) <= NAME_MAX else f"oci/{slug(image.place)}", image.place, image.tag, image)


def software_draft(uses: Iterable[Software], *, source: str) -> Draft:
    """The asset that all `uses` speak of. A version that is not the same everywhere is told as an annotation alone."""
    found = sorted(uses, key=lambda use: (use.version or "", str(use.image)))
    draft = Draft(Kind.SOFTWARE, found[0].name, found[0].title)
    versions = sorted({use.version for use in found if use.version})
    if len(versions) == 1:
        draft.state("version", versions[0], grade=Grade.INFERRED, source=source)
    elif versions:
        draft.annotate("container/versions", ", ".join(versions))
    images = [use.image for use in found if use.image]
    digests = sorted({image.digest for image in images if image.digest})
    draft.annotate("container/images", ", ".join(sorted({_shown(image) for image in images}))[:20_000])
    draft.annotate("container/digests", ", ".join(digests)[:20_000])
    # A known server is the same package in whatever image; an image of nobody's is known by its digest alone.
    if len(digests) == 1 and images[0].server is None:
        draft.state("purl", _purl(images[0], digests[0]), grade=Grade.INFERRED, source=source)
    return draft


def _shown(image: Image) -> str:
    return f"{image.place}:{image.tag}" if image.tag else image.place


def _purl(image: Image, digest: str) -> str:
    # https://github.com/package-url/purl-spec: the name is the last part of the repository, the version the digest.
    name = image.repository.rpartition("/")[2]
    return f"pkg:oci/{quote(name)}@{quote(digest, safe='')}?repository_url={quote(image.place, safe='/')}"
