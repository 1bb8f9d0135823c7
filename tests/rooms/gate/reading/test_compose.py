"""Compose files: forms that the specification allows, and what cannot be read of them."""

import pytest

from service.gate.reading.parts import Reading, Type
from tests.rooms.gate.reading.conftest import Read, Refused


def service(found: Reading) -> dict[str, object]:
    return dict(found.proposed[0].manifest)


def refs(found: Reading) -> list[str]:
    return [one.ref for one in found.proposed]


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ("gpus: all", "nvidia.com/gpu: all"),
        ("gpus: [{driver: amd, count: 2}]", "amd.com/gpu: 2"),
        ("runtime: nvidia", "nvidia.com/gpu: all"),
        ("devices: [nvidia.com/gpu=all]", "nvidia.com/gpu: all"),
        ("devices: ['/dev/kfd:/dev/kfd', '/dev/dri:/dev/dri']", "amd.com/gpu: all"),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}]}}}", "nvidia.com/gpu: 1"),
    ],
)
def test_accelerators_make_a_service_one_of_interest(reading: Read, lines: str, asked: str) -> None:
    found = reading("shop/compose.yaml", f"services:\n  a:\n    image: ghcr.io/acme/a\n    {lines}\n")
    assert refs(found) == ["system:compose/shop/service/a", "software:oci/ghcr.io/acme/a"]
    assert service(found)["annotations"] == {"compose/accelerators": asked}
    assert "labels" not in service(found)


@pytest.mark.parametrize("lines", ["gpus: []", "runtime: runc", "devices: [/dev/dri]"])
def test_other_devices_do_not(reading: Read, lines: str) -> None:
    found = reading("compose.yaml", f"services:\n  a:\n    image: ghcr.io/acme/a\n    {lines}\n")
    assert (refs(found), [one.what for one in found.ignored]) == ([], ["service a"])
    tpm = "deploy: {resources: {reservations: {devices: [{capabilities: [tpm]}]}}}"
    assert refs(reading("compose.yaml", f"services:\n  a:\n    image: ghcr.io/acme/a\n    {tpm}\n")) == []


@pytest.mark.parametrize(
    "lines",
    [
        "command: --model acme/x --port 8000",
        "command: [--model, acme/x]",
        "entrypoint: vllm serve\n    command: [acme/x]",
        "command: --model acme/x 'left open",
        "environment: {HF_MODEL_ID: acme/x, PORT: 8000, DEBUG: true, NOTHING: null}",
        "environment: [HF_MODEL_ID=acme/x, HOME]",
        "command: --model ${MODEL:-acme/x}",
    ],
)
def test_commands_and_variables_are_read_in_every_form(reading: Read, lines: str) -> None:
    found = reading("compose.yaml", f"services:\n  a:\n    image: vllm/vllm-openai:v0.11.0\n    {lines}\n")
    assert "model:acme/x" in refs(found)


def test_models_of_the_model_runner(reading: Read) -> None:
    found = reading(
        "compose.yaml",
        """
        name: shop
        services:
          a: {image: ghcr.io/acme/a, models: {small: {endpoint_var: URL}, lost: {}}}
          b:
            provider: {type: model, options: {model: hf.co/acme/bot}}
          c: {image: ghcr.io/acme/c, provider: {type: other}}
        models:
          small: {model: ai/smollm2}
        """,
    )
    assert [ref for ref in refs(found) if ref.startswith("model:")] == [
        "model:acme/bot",
        "model:oci/docker.io/ai/smollm2",
    ]
    assert [one.place.line for one in found.proposed[:2]] == [4, 5]


def test_marks_are_labels_of_the_service_and_of_its_deployment(reading: Read) -> None:
    found = reading(
        "compose.yaml",
        """
        name: shop
        services:
          a:
            image: ghcr.io/acme/a
            deploy: {labels: {allod.dev/criticality: low}}
            labels: [allod.dev/commercial=true, allod.dev/runs-on=gpu_host:acme/h1, team=a]
        """,
    )
    assert service(found)["attributes"] == {"commercial": True, "criticality": "low"}
    assert service(found)["labels"] == {"team": "a"}
    assert ("where it runs" in {one.what for one in found.missing}) is False
    assert {one.place.line for one in found.missing} == {7}


def test_other_files_are_named_and_not_followed(reading: Read) -> None:
    text = "include: [a.yaml, {path: b.yaml}]\nservices: {a: {image: nginx}}\n"
    assert [one.what for one in reading("compose.yaml", text).ignored] == [
        "include a.yaml",
        "include b.yaml",
        "service a",
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("services: {a: {image: '$IMAGE'}}", "/services/a/image"),
        ("services: {a: {extends: b}}", "/services/a/extends"),
        ("services: {a: 3}", "/services/a"),
        ("services: {'../a': {image: nginx}}", "/services/..~1a"),
        ("services: []", "/services"),
        ("services: {}\n---\nservices: {}", "/services"),
    ],
)
def test_what_cannot_be_read_says_where(refused: Refused, text: str, path: str) -> None:
    (fault,) = refused("compose.yaml", text, Type.COMPOSE)
    assert (fault.path, fault.file, fault.line) == (path, "compose.yaml", 1)


def test_a_file_of_that_name_is_compose_even_where_it_is_broken(refused: Refused) -> None:
    (fault,) = refused("docker-compose.prod.yml", "x: {}\n")
    assert "no Compose file" in fault.message
