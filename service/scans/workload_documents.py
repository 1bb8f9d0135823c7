"""Documents of Kubernetes taken apart: pods and their containers, wherever a kind keeps them. Plain dicts in, no judgement.

Known are Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Kubeflow's jobs (PyTorchJob, TrainJob, …),
Ray's RayCluster, RayService and RayJob, JobSet, LeaderWorkerSet, KServe's InferenceService and LLMInferenceService. What has
another form than its kind should have is left out: a document is somebody's, and may hold anything.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.scans import marks
from service.scans.workload_models import words_of

REGION_LABELS: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
# Resource prefix -> the maker of the accelerator.
ACCELERATORS: Final[Mapping[str, str]] = {
    "nvidia.com/": "vendor:nvidia",
    "amd.com/gpu": "vendor:amd",
    "gpu.intel.com/": "vendor:intel",
    "habana.ai/": "vendor:intel",
    "aws.amazon.com/neuron": "vendor:amazon-web-services",
    "google.com/tpu": "vendor:google",
    "huawei.com/ascend": "vendor:huawei",
    "cambricon.com/": "vendor:cambricon",
    "qualcomm.com/": "vendor:qualcomm",
}
# Kinds that are there for AI alone: always of interest.
_AI_KINDS: Final = frozenset({"InferenceService", "LLMInferenceService", "TrainJob"})
_AI_SUFFIXES: Final = ("ReplicaSpecs",)  # pytorchReplicaSpecs, tfReplicaSpecs, mpiReplicaSpecs, …
_KSERVE: Final = ("predictor", "transformer", "explainer")
_URI_KEYS: Final = ("storageUri", "uri", "model_source", "hf_model_id")
_SOURCE_IN_TEXT: Final = re.compile(r"(?:model_source|hf_model_id|model_id)[\"']?\s*:\s*[\"']?([\w./:@-]+)")


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod: `words` is its command line, `asks` the accelerators it wants."""

    name: str
    image: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    asks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Workload:
    """A document, taken apart. `sources` are models named outside containers, `owner` is the object that controls it."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    containers: tuple[Container, ...]
    sources: tuple[str, ...]
    regions: tuple[str, ...]
    claims: bool
    owner: tuple[str, str] | None
    dedicated: bool  # the document's kind is there for AI alone

    @property
    def tags(self) -> dict[str, str]:
        """Labels and annotations together."""
        return {**self.labels, **self.annotations}

    @property
    def asks(self) -> dict[str, str]:
        """Accelerators that its containers ask for, by resource, in one pod of each sort."""
        found: dict[str, list[str]] = {}
        for one in self.containers:
            for name, amount in one.asks.items():
                found.setdefault(name, []).append(amount)
        return {name: _sum(amounts) for name, amounts in sorted(found.items())}


def understand(document: Any) -> Workload | None:
    """A document taken apart, None where it is no object with a kind and a name."""
    metadata = mapping(mapping(document).get("metadata"))
    kind, name = mapping(document).get("kind"), metadata.get("name")
    if not (isinstance(kind, str) and kind and isinstance(name, str) and name):
        return None
    spec = mapping(document.get("spec"))
    pods = list(_pods(kind, spec))
    inner = [mapping(mapping(pod.get("metadata")).get("annotations")) for pod in pods]
    annotations = {key: value for part in [*inner, mapping(metadata.get("annotations"))] for key, value in part.items()}
    specs = [mapping(pod.get("spec")) for pod in pods]
    return Workload(
        kind,
        str(metadata.get("namespace") or "default"),
        name,
        _texts(metadata.get("labels")),
        {key: value for key, value in _texts(annotations).items() if key.startswith(marks.PREFIX)},
        tuple(container for one in specs for container in _containers(one)),
        tuple(dict.fromkeys(_sources(kind, spec))),
        tuple(sorted({region for one in specs for region in _regions(one)})),
        any(listed(one.get("resourceClaims")) for one in specs),
        owner_of(metadata),
        kind in _AI_KINDS or any(key.endswith(_AI_SUFFIXES) for key in spec),
    )


def owner_of(metadata: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and name of the object that controls this one."""
    for owner in listed(metadata.get("ownerReferences")):
        one = mapping(owner)
        if one.get("controller") is True and isinstance(one.get("kind"), str) and isinstance(one.get("name"), str):
            return one["kind"], one["name"]
    return None


def accelerator_vendor(resource: str) -> str | None:
    """Who makes what a resource name asks for, None where it is no accelerator."""
    plain = resource.lower().removeprefix("requests.")
    return next((vendor for prefix, vendor in ACCELERATORS.items() if plain.startswith(prefix)), None)


def _pods(kind: str, spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if kind == "Pod":
        yield {"spec": spec}
        return
    template = mapping(spec.get("template"))
    yield template if "spec" in template else {"spec": template}  # LLMInferenceService writes a pod's spec there
    job = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    yield mapping(job.get("template"))
    for key, value in sorted(spec.items()):
        if key.endswith(_AI_SUFFIXES):
            yield from (mapping(mapping(part).get("template")) for _, part in sorted(mapping(value).items()))
    for cluster in (spec, mapping(spec.get("rayClusterConfig")), mapping(spec.get("rayClusterSpec"))):
        for group in [cluster.get("headGroupSpec"), *listed(cluster.get("workerGroupSpecs"))]:
            yield mapping(mapping(group).get("template"))
    for replicated in map(mapping, listed(spec.get("replicatedJobs"))):
        yield mapping(mapping(mapping(replicated.get("template")).get("spec")).get("template"))
    leader = mapping(spec.get("leaderWorkerTemplate"))
    yield from (mapping(leader.get(key)) for key in ("leaderTemplate", "workerTemplate"))
    for part in _KSERVE:
        component = mapping(spec.get(part))
        yield {"spec": component}
        yield {"spec": mapping(component.get("workerSpec"))}
        # What KServe calls `model`, and once called by the name of the framework, is a container with more to it.
        yield {"spec": {"containers": [one for _, one in sorted(component.items()) if isinstance(one, dict)]}}
    if trainer := mapping(spec.get("trainer")):
        yield {"spec": {"containers": [{**trainer, "resources": trainer.get("resourcesPerNode")}]}}


def _sources(kind: str, spec: Mapping[str, Any]) -> Iterator[str]:
    parts = [mapping(spec.get("model")), *(mapping(spec.get(part)) for part in _KSERVE)] if kind in _AI_KINDS else []
    for given in [*parts, *(mapping(one) for part in parts for one in part.values())]:
        yield from (given[key] for key in _URI_KEYS if isinstance(given.get(key), str))
    if isinstance(text := spec.get("serveConfigV2"), str):
        yield from (found for found in _SOURCE_IN_TEXT.findall(text) if found.count("/") == 1)


def _containers(spec: Mapping[str, Any]) -> Iterator[Container]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for position, given in enumerate(listed(spec.get(key))):
            one = mapping(given)
            pairs = [mapping(entry) for entry in listed(one.get("env"))]
            environment = {
                str(entry["name"]): entry["value"]
                for entry in pairs
                if "name" in entry and isinstance(entry.get("value"), str)
            }
            started = mapping(mapping(mapping(one.get("lifecycle")).get("postStart")).get("exec")).get("command")
            command = [*listed(one.get("command")), *listed(one.get("args")), *listed(started)]
            words = words_of([part for part in command if isinstance(part, str)], environment)
            image = one.get("image")
            name = str(one.get("name") or position)
            yield Container(name, image if isinstance(image, str) else "", words, environment, _asked(one))


def _asked(container: Mapping[str, Any]) -> dict[str, str]:
    resources = mapping(container.get("resources"))
    wanted = {**mapping(resources.get("requests")), **mapping(resources.get("limits"))}
    return {str(key): str(value) for key, value in wanted.items() if accelerator_vendor(str(key)) and str(value) != "0"}


def _regions(spec: Mapping[str, Any]) -> Iterator[str]:
    selector = mapping(spec.get("nodeSelector"))
    yield from (selector[label] for label in REGION_LABELS if isinstance(selector.get(label), str))
    required = mapping(mapping(mapping(spec.get("affinity")).get("nodeAffinity"))).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    for term in listed(mapping(required).get("nodeSelectorTerms")):
        for wanted in map(mapping, listed(mapping(term).get("matchExpressions"))):
            if wanted.get("key") in REGION_LABELS and wanted.get("operator") == "In":
                yield from (value for value in listed(wanted.get("values")) if isinstance(value, str))


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """`value` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _sum(amounts: list[str]) -> str:
    if all(amount.isdecimal() for amount in amounts):
        return str(sum(map(int, amounts)))
    return " + ".join(amounts)


def _texts(value: Any) -> dict[str, str]:
    return {str(key): text for key, text in mapping(value).items() if isinstance(text, str)}
