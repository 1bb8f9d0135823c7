"""What is AI by its name and read by nobody is an open question."""

import json

import pytest

from service.gate.reading.names_of_ai import speaks_of_ai
from tests.connectors.terraform_state.samples import plan, planned
from tests.rooms.gate.reading.conftest import Read, Refused


@pytest.mark.parametrize(
    "name",
    ["aws_bedrockagent_agent", "oci_ai_language_project", "google_vertex_ai_feature_group", "NIMService", "kubeai.org"],
)
def test_a_name_speaks_of_ai(name: str) -> None:
    assert speaks_of_ai(name)


@pytest.mark.parametrize(
    "name",
    ["aws_vpc", "aws_api_gateway_model", "aws_mailbox", "ServiceMonitor", "cert-manager.io", "html", "Certificate"],
)
def test_a_name_speaks_of_something_else(name: str) -> None:
    assert not speaks_of_ai(name)


def test_a_resource_of_such_a_type_is_a_system_that_nobody_described(reading: Read) -> None:
    agent = planned("aws_bedrockagent_agent", "desk", tags={"allod.dev/ref": "system:desk", "team": "care"})
    found = reading("plan.json", json.dumps(plan(agent, planned("aws_vpc", "main")), indent=1))
    (one,) = found.proposed
    assert (one.ref, one.whole, one.manifest["labels"]) == ("system:desk", False, {"team": "care"})
    assert one.place.line > 1
    assert [(each.asset, each.add) for each in found.missing] == [
        ("system:desk", 'tags = { "allod.dev/data-classes" = "personal" }')
    ]
    assert [each.what for each in found.ignored] == ["aws_vpc"]


def test_a_wrong_mark_on_it_is_refused(refused: Refused) -> None:
    agent = planned("aws_bedrockagent_agent", "desk", tags={"allod.dev/colour": "red"})
    assert any("allod.dev/colour" in str(fault) for fault in refused("plan.json", json.dumps(plan(agent), indent=1)))


NIM = """
apiVersion: apps.nvidia.com/v1alpha1
kind: NIMService
metadata: {name: llama, namespace: ml}
spec: {image: {repository: nvcr.io/nim/meta/llama-3.1-8b-instruct, tag: "1.8"}}
"""


def test_an_object_of_such_a_kind_is_a_system_that_nobody_described(reading: Read) -> None:
    found = reading("nim.yaml", NIM)
    assert [one.ref for one in found.proposed] == ["system:kubernetes/ml/nimservice/llama"]
    assert "which models it uses" in {one.what for one in found.missing}
    assert found.ignored == ()
