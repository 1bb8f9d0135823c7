"""Documents of workloads, images and command lines, read without any cluster: what the gate reads, too."""

from typing import Any

import pytest
import yaml

from service.inventory import manifest
from service.scans.draft import Draft
from service.scans.workload_documents import understand
from service.scans.workload_images import parse, software_draft, software_of
from service.scans.workload_models import ModelUse, models, program, words_of
from service.scans.workloads import Understood, is_ai, models_draft, name_of, region_ref, system

DIGEST = "sha256:" + "1" * 64


def read(text: str) -> Understood:
    workload = understand(yaml.safe_load(text))
    assert workload is not None
    return system(workload, scope="kubernetes/c", source="test")


def used(understood: Understood, kind: str) -> list[str]:
    return [to.removeprefix(f"{kind}:") for type_, to in understood.system.relations if to.startswith(f"{kind}:")]


@pytest.mark.parametrize(
    ("reference", "place", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", None, None),
        ("vllm/vllm-openai:v0.11.0", "docker.io/vllm/vllm-openai", "v0.11.0", None),
        ("index.docker.io/a/b", "docker.io/a/b", None, None),
        ("localhost/a:1", "localhost/a", "1", None),
        (f"registry.acme.eu:5000/x/y:2@{DIGEST}", "registry.acme.eu:5000/x/y", "2", DIGEST),
    ],
)
def test_references_of_images(reference: str, place: str, tag: str | None, digest: str | None) -> None:
    image = parse(reference)
    assert image is not None
    assert (image.place, image.tag, image.digest) == (place, tag, digest)


@pytest.mark.parametrize(
    "reference", ["", "Bad Image", "ghcr.io/Acme/x", "a@sha256:12", "x" * 2000 + "/", "a:b:c", "$(IMAGE)"]
)
def test_what_is_no_reference_of_an_image(reference: str) -> None:
    assert parse(reference) is None


@pytest.mark.parametrize(
    ("reference", "name", "version"),
    [
        ("ghcr.io/huggingface/text-generation-inference:3.3.5-rocm", "text-generation-inference", "3.3.5"),
        ("nvcr.io/nvidia/tritonserver:25.09-py3", "tritonserver", "25.09"),
        ("ollama/ollama", "ollama", None),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda", "llama.cpp", None),
        ("ghcr.io/acme/bot:2.1", "oci/ghcr.io/acme/bot", "2.1"),
        ("registry.acme.eu:5000/bot", "oci/registry.acme.eu-5000/bot", None),
    ],
)
def test_images_as_software(reference: str, name: str, version: str | None) -> None:
    image = parse(reference)
    assert image is not None
    software = software_of(image)
    assert (software.name, software.version) == (name, version)


def test_an_image_with_a_very_long_name_still_makes_an_asset() -> None:
    image = parse("ghcr.io/" + "/".join(["a" * 60] * 5))
    assert image is not None
    draft = software_draft([software_of(image)], source="test")
    assert manifest.observation({**draft.manifest(), "managed_by": "source:x"}, workspace="default").name.startswith(
        "oci/"
    )


def test_versions_that_differ_are_told_but_not_stated() -> None:
    uses = [software_of(image) for text in ("acme/x:1", "acme/x:2", f"acme/x@{DIGEST}") if (image := parse(text))]
    draft = software_draft(uses, source="test")
    assert "version" not in draft.attributes
    assert draft.annotations["container/versions"] == "1, 2"
    assert draft.annotations["container/digests"] == DIGEST
    assert draft.attributes["purl"].startswith("pkg:oci/x@sha256%3A1111")


def serving(command: list[str], server: str | None = "vllm", **environment: str) -> list[str]:
    words = words_of(command, environment)
    return [use.name for use in models(words, environment, server=server, space="s")]


@pytest.mark.parametrize(
    ("command", "server", "expected"),
    [
        (["vllm", "serve", "a/b"], "vllm", ["a/b"]),
        (["a/b", "--port", "1"], "vllm", ["a/b"]),
        (["sh", "-c", "vllm serve a/b # not c/d\n"], "vllm", ["a/b"]),
        (["sh", "-c", "echo 'unclosed; vllm serve a/b"], "vllm", ["a/b"]),
        (["vllm", "serve", "--model", "a/b"], "vllm", ["a/b"]),
        (["--model=a/b@main"], "vllm", ["a/b"]),
        (["--model", "/models/Llama 8B"], "vllm", ["s/models/llama-8b"]),
        (["--model", "/models/x"], None, []),
        (["--model", "a/b"], None, ["a/b"]),
        (["--model", "$MISSING"], "vllm", []),
        (["--model"], "vllm", []),
        (["--model", "--port"], "vllm", []),
        (["serve", "x"], "vllm", []),
        (["flask", "run", "a/b"], None, []),
        (["--model-repository=s3://key:word@bucket/a?t=word"], "tritonserver", ["s3/bucket/a"]),
        (["--model-repository=s3://"], "tritonserver", []),
        (["--model-repository=https://[x"], "tritonserver", []),
        (["--model=ftp://host/a"], "vllm", []),
        (["--model=pvc://claim/a"], "vllm", ["s/pvc/claim/a"]),
        (["--model=pvc://claim/a"], None, []),
        (["--model=hf://a/b:main"], None, ["a/b"]),
        (["--model=hf://a b"], None, []),
        (["-hf", "a/b:Q4_K_M"], "llama.cpp", ["a/b"]),
        (["-m", "/m/x.gguf"], "llama.cpp", ["s/m/x.gguf"]),
        (["python", "-m", "x/y"], "vllm", []),
        (["ollama", "pull", "hf.co/a/b:Q8"], "ollama", ["a/b"]),
        (["ollama", "run", "llama3.2:1b"], "ollama", ["ollama/llama3.2:1b"]),
        (["ollama", "run", "../x"], "ollama", []),
    ],
)
def test_models_of_command_lines(command: list[str], server: str | None, expected: list[str]) -> None:
    assert serving(command, server) == expected


def test_a_model_on_a_very_long_path_still_has_a_name() -> None:
    (name,) = serving(["--model", "/" + "/".join(["a" * 80] * 4)])
    assert len(name) < 200


def test_models_of_variables() -> None:
    assert serving([], "text-generation-inference", MODEL_ID="a/b", MODEL_NAME="plain") == ["a/b"]
    assert serving([], None, HF_MODEL_ID="a/b", MODEL_NAME="c/d", MODEL_PATH="/x") == ["a/b"]
    assert serving(["--model", "$(A)/${B}"], A="x", B="y") == ["x/y"]
    assert serving([], "ollama", OLLAMA_MODEL="qwen3") == ["ollama/qwen3"]


def test_adapters_belong_to_the_model_that_they_are_served_with() -> None:
    words = [
        "--model=a/b",
        "--lora-modules",
        "one=c/d",
        "two=/l/e",
        '{"name": "three"}',
        "f/g",
        "--port",
        "h/i",
        "--lora-modules=j/k",
    ]
    found = models(words, {}, server="vllm", space="s")
    assert [(use.name, use.base) for use in found] == [
        ("a/b", None),
        ("c/d", "a/b"),
        ("s/l/e", "a/b"),
        ("f/g", "a/b"),
        ("j/k", "a/b"),
    ]
    assert models(["--lora-modules", "x=c/d"], {}, server="vllm", space="s") == []
    draft = models_draft([ModelUse("c/d", "c/d"), ModelUse("c/d", "c/d", "a/b")])
    assert draft.manifest()["relations"] == [{"type": "derived_from", "to": "model:a/b", "as": "adapter"}]


def test_programs() -> None:
    assert program(["/usr/bin/python3", "-m", "sglang.launch_server"]) == "sglang"
    assert program(["sh", "-c", "sleep", "1;", "llama-server"]) == "llama.cpp"
    assert program(["client", "--backend", "ollama"]) is None


def test_an_llm_inference_service_names_its_model_and_its_pods() -> None:
    found = read("""
        kind: LLMInferenceService
        metadata: {name: l, namespace: n}
        spec:
          model: {uri: "hf://Qwen/Qwen3-8B", name: q}
          template: {containers: [{name: main, image: "vllm/vllm-openai:v0.11.0"}]}
    """)
    assert found.system.name == "kubernetes/c/n/llminferenceservice/l"
    assert used(found, "model") == ["Qwen/Qwen3-8B"]
    assert used(found, "software") == ["vllm"]


def test_pods_wherever_a_kind_keeps_them() -> None:
    pod = {"spec": {"containers": [{"image": "acme/x", "resources": {"requests": {"nvidia.com/gpu": 2}}}]}}
    kinds: dict[str, dict[str, Any]] = {
        "Deployment": {"template": pod},
        "CronJob": {"jobTemplate": {"spec": {"template": pod}}},
        "TFJob": {"tfReplicaSpecs": {"Worker": {"template": pod}}},
        "RayCluster": {"workerGroupSpecs": [{"template": pod}]},
        "RayJob": {"rayClusterSpec": {"headGroupSpec": {"template": pod}}},
        "JobSet": {"replicatedJobs": [{"template": {"spec": {"template": pod}}}]},
        "LeaderWorkerSet": {"leaderWorkerTemplate": {"workerTemplate": pod}},
        "InferenceService": {"predictor": {"workerSpec": pod["spec"]}},
        "TrainJob": {"trainer": {"image": "acme/x", "resourcesPerNode": {"limits": {"nvidia.com/gpu": "2"}}}},
    }
    for kind, spec in kinds.items():
        workload = understand({"kind": kind, "metadata": {"name": "w"}, "spec": spec})
        assert workload is not None, kind
        assert workload.asks == {"nvidia.com/gpu": "2"}, kind
        assert [one.image for one in workload.containers if one.image] == ["acme/x"], kind
        assert is_ai(workload), kind


def test_accelerators_of_several_containers_are_added_up() -> None:
    workload = understand(
        yaml.safe_load("""
        kind: Pod
        metadata: {name: p}
        spec:
          containers:
            - {resources: {limits: {nvidia.com/gpu: 1, amd.com/gpu: "0"}}}
            - {resources: {limits: {nvidia.com/gpu: 2, google.com/tpu: 4, habana.ai/gaudi: 1k}}}
            - {resources: {limits: {habana.ai/gaudi: 1}}}
    """)
    )
    assert workload is not None
    assert workload.asks == {"google.com/tpu": "4", "habana.ai/gaudi": "1k + 1", "nvidia.com/gpu": "3"}


def test_what_cannot_be_understood_is_told() -> None:
    found = read("""
        kind: InferenceService
        metadata: {name: w, namespace: n, annotations: {allod.dev/ref: "model:x", allod.dev/tenancy: dedicated}}
        spec:
          predictor:
            containers: [{name: a, image: "Not An Image", args: [llama-server]}, {name: b}]
            model: {storageUri: "ftp://x/y"}
            resourceClaims: [{name: gpu}]
    """)
    assert found.system.name == "kubernetes/c/n/inferenceservice/w"
    assert used(found, "software") == ["llama.cpp"]
    assert found.troubles == (
        "the mark allod.dev/ref says 'model:x', which is no ref of kind system",
        "it names a model that cannot be named here",
        "the image of its container a is no reference that can be read",
        "it claims devices (resource.k8s.io), and what these are is not told in it",
        "the mark allod.dev/tenancy says nothing about a system",
    )


def test_a_server_in_an_image_of_ones_own_is_software_beside_it() -> None:
    found = read("""
        kind: Pod
        metadata: {name: w}
        spec: {containers: [{image: "acme/llm:1", command: [vllm, serve, a/b]}, {command: [llama-server, -m, /x.gguf]}]}
    """)
    assert used(found, "software") == ["oci/docker.io/acme/llm", "vllm", "llama.cpp"]
    assert found.serves == {("vllm", "a/b"), ("llama.cpp", "kubernetes/c/default/x.gguf")}


@pytest.mark.parametrize(
    "document",
    [
        None,
        1,
        "x",
        [],
        {},
        {"kind": "Pod"},
        {"kind": "", "metadata": {"name": "x"}},
        {"kind": "Pod", "metadata": {"name": 1}},
    ],
)
def test_what_is_no_object(document: Any) -> None:
    assert understand(document) is None


@pytest.mark.parametrize(
    "odd",
    [None, 1, "x", [], [None], [1, "x"], {}, {"a": None}, {"containers": [None, 1, {"env": [None, {"name": "A"}]}]}],
)
def test_documents_of_any_form_are_read_to_their_end(odd: Any) -> None:
    keys = [
        "template",
        "jobTemplate",
        "pytorchReplicaSpecs",
        "rayClusterConfig",
        "workerGroupSpecs",
        "predictor",
        "model",
    ]
    keys += [
        "leaderWorkerTemplate",
        "replicatedJobs",
        "trainer",
        "serveConfigV2",
        "affinity",
        "nodeSelector",
        "containers",
    ]
    for kind in ("Pod", "Deployment", "InferenceService", "TrainJob"):
        for spec in [odd, dict.fromkeys(keys, odd), {"template": {"spec": dict.fromkeys(keys, odd)}}]:
            document = {"kind": kind, "metadata": {"name": "x", "labels": odd, "ownerReferences": odd}, "spec": spec}
            workload = understand(document)
            assert workload is not None
            assert isinstance(is_ai(workload), bool)
            found = system(workload, scope="kubernetes/c", source="test")
            manifest.observation({**found.system.manifest(), "managed_by": "source:x"}, workspace="default")


def test_names_of_any_length_and_script_make_names() -> None:
    found = read(f"{{kind: Pod, metadata: {{name: 'Ünï✓{'a' * 300}', namespace: '{'n' * 150}'}}}}")
    workload = understand({"kind": "Pod", "metadata": {"name": "a" * 253, "namespace": "n" * 63}})
    assert workload is not None
    for name in (found.system.name, name_of(workload, f"kubernetes/{'c' * 60}")):
        assert len(name) <= 200
        draft = Draft("system", name, "x")
        manifest.observation({**draft.manifest(), "managed_by": "source:x"}, workspace="default")


def test_regions() -> None:
    assert region_ref("aws", "eu-central-1") == "cloud_region:aws/eu-central-1"
    assert region_ref(None, "eu-central-1") is None
    assert region_ref("aws", "a b") is None
    workload = understand(
        yaml.safe_load("""
        kind: Pod
        metadata: {name: p}
        spec:
          nodeSelector: {failure-domain.beta.kubernetes.io/region: r1}
          affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
            {matchExpressions: [{key: topology.kubernetes.io/region, operator: In, values: [r2, 3]},
                                {key: topology.kubernetes.io/region, operator: NotIn, values: [r4]}]}]}}}
    """)
    )
    assert workload is not None
    assert workload.regions == ("r1", "r2")
