"""Plans: what would be there after `apply`, and which tag is missing."""

import json
from typing import Any

import pytest

from service.gate.reading.parts import Type
from tests.connectors.terraform_state.samples import plan, planned
from tests.rooms.gate.reading.conftest import Read, Refused

BUCKET = planned("aws_s3_bucket", "notes", bucket="acme-notes", region="eu-central-1")


def text(*resources: Any, **more: Any) -> str:
    return json.dumps({**plan(*resources), **more}, indent=1)


def test_a_plan_is_declared_and_each_resource_has_its_line(reading: Read) -> None:
    host = planned("aws_instance", "serving", instance_type="g6e.12xlarge", tenancy="host")
    found = reading("tf/plan.json", text(BUCKET, host, planned("aws_vpc", "main")))
    assert found.type is Type.TERRAFORM_PLAN
    assert {one.ref for one in found.proposed} == {
        "dataset:aws/s3/acme-notes",
        "gpu_host:terraform/tf-plan.json/aws_instance.serving",
    }
    lines = text(BUCKET, host, planned("aws_vpc", "main")).splitlines()
    for one in found.proposed:
        assert one.manifest["annotations"]["terraform/address"] in lines[one.place.line - 1]
        assert {stated["grade"] for stated in one.manifest["evidence"].values()} <= {"declared"}
    assert [(one.asset, one.what) for one in found.missing] == [
        ("dataset:aws/s3/acme-notes", "which data it holds"),
        ("dataset:aws/s3/acme-notes", "its licence"),
        ("gpu_host:terraform/tf-plan.json/aws_instance.serving", "where it lies"),
    ]
    assert found.missing[0].add == 'tags = { "allod.dev/data-classes" = "personal" }'
    assert found.missing[2].add == 'tags = { "allod.dev/located-in" = "cloud_region:aws/CODE" }'
    assert [one.what for one in found.ignored] == ["aws_instance.serving", "aws_vpc"]


def test_a_plan_of_a_part_is_told(reading: Read) -> None:
    found = reading("plan.json", text(BUCKET, complete=False))
    assert [one.what for one in found.ignored] == ["plan"]


def test_a_plan_without_end_and_a_resource_that_is_broken_are_refused(refused: Refused) -> None:
    (fault,) = refused("plan.json", text(BUCKET, errored=True))
    assert (fault.path, fault.line) == ("/errored", 1)
    (fault,) = refused(
        "plan.json", text(planned("aws_s3_bucket", "a", bucket="a", region="eu-central-1", tags={"allod.dev/x": "y"}))
    )
    assert "there is no mark allod.dev/x" in fault.message
    document = plan(BUCKET)
    document["planned_values"]["root_module"]["resources"].append(3)
    (fault,) = refused("plan.json", json.dumps(document))
    assert fault.expected == "what `terraform show -json PLAN` writes"


@pytest.mark.parametrize("content", [b"PK\x03\x04...", b"[3]", b"[]", b'{"terraform_version": "1.9"}', b"{} {}"])
def test_what_is_no_plan_is_refused(refused: Refused, content: bytes) -> None:
    (fault,) = refused("tf.plan", content, Type.TERRAFORM_PLAN)
    assert fault.file == "tf.plan"
    assert fault.expected


def test_terraforms_own_form_is_known_by_its_name(refused: Refused) -> None:
    assert "own form" in refused("tfplan", b"PK\x03\x04")[0].message
    assert "no type" not in refused("archive.zip", b"PK\x03\x04\0")[0].message
