import json
import os
from pathlib import Path
from typing import Any

import pytest

from service.foundation.errors import Invalid
from service.scans import machine_types, reading, registry
from service.scans.connectors import terraform_state
from service.scans.connectors.terraform_state import manifests
from service.scans.connectors.terraform_state_assets import Found, Unread
from service.scans.failures import SourceFailure, Stopped
from service.scans.places import Places
from service.scans.reading import Surroundings
from service.scans.secrets import Secrets
from tests.connectors.conftest import TODAY, Reading, ReadSource
from tests.connectors.terraform_state import samples
from tests.connectors.terraform_state.samples import managed, plan, planned, state

GENUINE = Path(__file__).parent / "terraform_state" / "genuine"


@pytest.fixture
def look(read_source: ReadSource, tmp_path: Path) -> Any:
    def read(*documents: Any, **more: Any) -> Reading:
        for number, document in enumerate(documents):
            (tmp_path / f"{number}.tfstate").write_text(json.dumps(document))
        return read_source("terraform_state", {"paths": [str(tmp_path)], **more}, roots=[tmp_path])

    return read


def accelerators(found: Reading, ref: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = found.asset(ref).attributes["accelerators"]
    return listed


# What Terraform itself wrote


def test_genuine_documents_are_understood(read_source: ReadSource) -> None:
    found = read_source("terraform_state", {"paths": [str(GENUINE)]}, roots=[GENUINE])

    assert found.asked == [str(GENUINE), "openstack.plan.json", "plan.json", "state.json", "terraform.tfstate"]
    assert found.complete
    # Resources of Terraform's own: counted in all three forms, modules, `count` and `for_each` among them.
    assert [
        (note.part, note.object, note.text.partition(",")[0]) for note in found.notes if note.object == "terraform_data"
    ] == [(part, "terraform_data", "6 of this type") for part in ("plan.json", "state.json", "terraform.tfstate")]
    assert "hidden" not in repr(found)


def test_a_genuine_plan_of_a_provider(read_source: ReadSource) -> None:
    path = GENUINE / "openstack.plan.json"
    found = read_source("terraform_state", {"paths": [str(path)]}, roots=[GENUINE])

    assert found.complete
    serving = "gpu_host:terraform/openstack.plan.json/openstack_compute_instance_v2.serving-0"
    host = found.asset(serving)
    assert host.title == "llm-0"
    assert host.labels == {"team": "vision", "production": "true"}
    assert host.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA L40S", "count": 2, "memory_gib": 48}],
        "confidential_computing": False,
    }
    assert found.grade(serving, "accelerators") == "declared"
    # From the provider's settings: the cloud by where it signs in, the region by a variable.
    assert found.related(serving) == {("located_in", "cloud_region:ovhcloud/gra"), ("operated_by", "vendor:ovh")}
    assert found.related("gpu_host:terraform/openstack.plan.json/openstack_compute_instance_v2.elsewhere") == set()
    weights = "dataset:terraform/openstack.plan.json/openstack_objectstorage_container_v1.weights"
    assert found.related(weights) == {("stored_in", "cloud_region:ovhcloud/sbg")}
    assert found.asset(weights).attributes["data_classes"] == ["internal"]
    # Two modules whose keys look alike stay two.
    nodes = [ref for ref in found.taken if "module.pool" in ref]
    assert len(nodes) == 2
    assert {found.asset(ref).title for ref in nodes} == {"a b", "a-b"}
    assert len([ref for ref in found.taken if ref.startswith("gpu_host:")]) == 5
    assert {note.object for note in found.notes} == {
        "openstack_compute_instance_v2.elsewhere",
        "openstack_networking_network_v2",
    }
    assert "hidden" not in repr(found)


def test_a_second_reading_says_the_same(look: Any) -> None:
    documents = [
        state(*resources) for resources in (samples.AWS, samples.AZURE_RESOURCES, samples.GOOGLE, samples.OTHERS)
    ]
    first, second = look(*documents), look(*documents)

    assert len(first.taken) == 35
    assert {ref: one.observation.body() for ref, one in first.taken.items()} == {
        ref: one.observation.body() for ref, one in second.taken.items()
    }
    assert "hidden" not in repr(first)


# Providers


def test_hosts_of_aws(look: Any) -> None:
    found = look(state(*samples.AWS))

    serving = "gpu_host:aws/eu-central-1/i-0123456789abcdef0"
    host = found.asset(serving)
    assert host.title == "llm serving"
    assert host.labels == {"Name": "llm serving", "team": "vision", "managed": "terraform"}
    assert host.annotations == {
        "terraform/address": "aws_instance.serving",
        "terraform/file": "0.tfstate",
        "terraform/machine-type": "g6e.12xlarge",
    }
    assert host.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA L40S", "count": 4, "memory_gib": 48}],
        "tenancy": "dedicated",
        "confidential_computing": True,
    }
    assert host.evidence["tenancy"] == {"grade": "inferred", "source": "terraform:state"}
    assert found.related(serving) == {
        ("located_in", "cloud_region:aws/eu-central-1"),
        ("operated_by", "vendor:amazon-web-services"),
    }
    assert found.taken[serving].object == "aws_instance.serving"
    # A local zone lies apart from its region; China is run by others.
    assert found.related("gpu_host:aws/eu-central-1/i-2") == {("operated_by", "vendor:amazon-web-services")}
    assert found.related("gpu_host:aws/cn-north-1/i-3") == {("located_in", "cloud_region:aws/cn-north-1")}
    assert accelerators(found, "gpu_host:terraform/0.tfstate/aws_eks_node_group.gpu") == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA A10G", "memory_gib": 24}
    ]
    assert "it lies in the zone eu-central-1-ham-1a, apart from the region" in [note.text for note in found.notes]
    assert not any("i-1" in ref.split("/")[-1:] for ref in found.taken)


def test_buckets_of_aws(look: Any) -> None:
    found = look(state(*samples.AWS))

    patients = found.asset("dataset:aws/s3/patients-frankfurt")
    assert patients.attributes == {
        "data_classes": ["health", "personal"],
        "data_paths": [
            {"purpose": "storage", "region": "cloud_region:aws/eu-central-1", "key_custody": "operator"},
            {"purpose": "backup", "region": "cloud_region:aws/eu-west-1"},
        ],
    }
    assert found.grade(patients.ref, "data_classes") == "declared"
    assert found.related(patients.ref) == {("stored_in", "cloud_region:aws/eu-central-1")}
    # Whose hands a key of one's own is in, a state does not tell.
    assert found.asset("dataset:aws/s3/old-style").attributes["data_paths"] == [
        {"purpose": "storage", "region": "cloud_region:aws/us-east-1"}
    ]
    told = {(note.object, note.text) for note in found.notes}
    assert {
        ("aws_s3_bucket.patients", "it is replicated to somebody-elses, which this document does not place"),
        ("aws_s3_bucket.patients", "there is no mark allod.dev/colour"),
        (
            "aws_s3_bucket_replication_configuration.copies",
            "it is about the bucket in-another-state, which this document lacks",
        ),
        ("aws_iam_role", "2 of this type, of which nobody here knows whether it is of interest"),
    } <= told


def test_services_of_aws(look: Any) -> None:
    found = look(state(*samples.AWS))

    endpoint = "ai_service:aws/sagemaker/eu-central-1/support"
    model = "model:aws/sagemaker/eu-central-1/support-llm"
    assert found.related(endpoint) == {("operated_by", "vendor:amazon-web-services"), ("serves", model)}
    assert found.asset(endpoint).attributes == {
        "provider": "vendor:amazon-web-services",
        "data_paths": [{"purpose": "processing", "region": "cloud_region:aws/eu-central-1"}],
    }
    assert found.related(model) == {("derived_from", "model:mistralai/Mistral-7B-v0.1")}
    assert found.related("model:aws/bedrock/us-east-1/claims") == {
        ("derived_from", "model:aws/bedrock/amazon.titan-text-express-v1"),
        ("stored_in", "cloud_region:aws/us-east-1"),
        ("trained_on", "dataset:aws/s3/patients-frankfurt"),
    }
    profile = found.asset("ai_service:aws/bedrock/eu-central-1/eu-claude")
    assert [path["region"] for path in profile.attributes["data_paths"]] == [
        "cloud_region:aws/eu-central-1",
        "cloud_region:aws/eu-west-3",
    ]
    assert ("serves", "model:aws/bedrock/anthropic.claude-x") in found.related(profile.ref)
    assert ("aws_sagemaker_endpoint_configuration.support", "no endpoint of this document uses it") in {
        (note.object, note.text) for note in found.notes
    }


def test_azure(look: Any) -> None:
    found = look(state(*samples.AZURE_RESOURCES))

    host = "gpu_host:azure/5f0c1a2b/ai-prod/gpu-1"
    assert found.asset(host).attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 1, "memory_gib": 94}],
        "tenancy": "dedicated",
        "confidential_computing": True,
    }
    assert found.related(host) == {("located_in", "cloud_region:azure/westeurope"), ("operated_by", "vendor:microsoft")}
    pool = "gpu_host:terraform/0.tfstate/azurerm_kubernetes_cluster_node_pool.gpu"
    assert accelerators(found, pool) == [{"vendor": "vendor:nvidia", "model": "NVIDIA A100", "memory_gib": 80}]
    assert found.asset("dataset:azure/storage/claimsdata").attributes["data_paths"] == [
        {"purpose": "storage", "region": "cloud_region:azure/germanywestcentral", "key_custody": "operator"},
        {"purpose": "backup", "region": "cloud_region:azure/germanynorth"},
    ]
    assert found.asset("dataset:azure/storage/paired").attributes["data_paths"] == [
        {"purpose": "storage", "region": "cloud_region:azure/westeurope"}
    ]
    service = found.asset("ai_service:azure/cognitive/claims-ai")
    assert service.attributes == {
        "provider": "vendor:microsoft",
        "endpoint": "https://claims-ai.openai.azure.com/",
        "data_paths": [{"purpose": "processing", "region": "cloud_region:azure/swedencentral"}],
        "data_paths_complete": False,
    }
    assert found.related(service.ref) == {
        ("operated_by", "vendor:microsoft"),
        ("serves", "model:azure/gpt-4o"),
        ("serves", "model:azure/tiny"),
    }
    assert found.asset("model:azure/gpt-4o").attributes == {"publisher": "vendor:openai"}
    assert found.asset("model:azure/tiny").attributes == {}
    assert found.related("ai_service:azure/cognitive/more-ai") == set()  # 21Vianet runs China
    texts = [note.text for note in found.notes]
    assert "its deployment gpt is GlobalStandard: Azure may process its requests in other regions" in texts
    assert "it is copied to the region that Azure pairs with its own, which this document does not name" in texts
    assert "it belongs to an account that this document lacks" in texts
    assert not any("voices" in ref or "office" in ref for ref in found.taken)


def test_google(look: Any) -> None:
    found = look(state(*samples.GOOGLE))

    host = "gpu_host:google/p1/europe-west4-b/a3"
    assert found.asset(host).attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 8, "memory_gib": 80}],
        "confidential_computing": True,
        "tenancy": "shared",
    }
    assert found.grade(host, "tenancy") == "declared"
    assert found.related(host) == {("located_in", "cloud_region:google/europe-west4"), ("operated_by", "vendor:google")}
    base = "gpu_host:terraform/0.tfstate"
    assert accelerators(found, f"{base}/google_compute_instance.a3") == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA T4", "count": 2}
    ]
    assert accelerators(found, f"{base}/google_container_node_pool.gpu") == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA L4"}
    ]
    tpus = [ref for ref in found.taken if "google_tpu" in ref]
    assert len(tpus) == 1  # two instances without an index are one address, and the later one holds
    assert found.related("dataset:google/storage/weights-fra") == {("stored_in", "cloud_region:google/europe-west3")}
    assert found.related("dataset:google/storage/weights-eu") == set()
    assert "it lies in EU, which is several regions" in [note.text for note in found.notes]
    assert found.asset("ai_service:google/vertex/p1/europe-west3/1234").title == "Claims"


def test_the_other_clouds(look: Any) -> None:
    found = look(state(*samples.OTHERS))

    trainer = "gpu_host:openstack/0a1b"
    assert accelerators(found, trainer)[0] == {
        "vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 2, "memory_gib": 80,
    }  # fmt: skip
    assert found.related(trainer) == {("located_in", "cloud_region:ovhcloud/gra"), ("operated_by", "vendor:ovh")}
    assert found.related("dataset:ovhcloud/storage/rbx/weights") == {("stored_in", "cloud_region:ovhcloud/rbx")}
    server = "gpu_host:scaleway/fr-par-2/11111111"
    assert found.asset(server).labels == {"team": "vision", "production": "true"}
    assert ("located_in", "cloud_region:scaleway/fr-par") in found.related(server)
    assert accelerators(found, server)[0]["count"] == 2
    assert found.related("dataset:scaleway/storage/data") == {("stored_in", "cloud_region:scaleway/nl-ams")}
    llm = found.asset("ai_service:scaleway/inference/fr-par/22222222")
    assert llm.attributes["endpoint"] == "https://llm.ifr.fr-par.scaleway.com"
    assert ("serves", "model:scaleway/meta/llama-3.1-8b-instruct-fp8") in found.related(llm.ref)
    assert accelerators(found, "gpu_host:openstack/77") == [{"vendor": "vendor:nvidia", "model": "NVIDIA A100"}]
    assert found.related("gpu_host:openstack/77") == set()
    texts = {(note.object, note.text) for note in found.notes}
    open_type = "the document does not say of which type it is, so whether it has accelerators is open"
    assert ("ovh_cloud_project_instance.one", open_type) in texts
    whose = "the document does not say whose OpenStack the region RegionOne is of"
    assert ("openstack_compute_instance_v2.gpu", whose) in texts


def test_settings_may_say_whose_openstack_it_is(look: Any) -> None:
    found = look(state(*samples.OTHERS), openstack_cloud="stackit")

    assert found.related("gpu_host:openstack/77") == {("located_in", "cloud_region:stackit/regionone")}


# Plans


CONFIGURATION = {
    "provider_config": {
        "aws": {
            "expressions": {"region": {"references": ["var.region"]}, "secret_key": {"constant_value": "hidden-key"}}
        },
        "aws.ireland": {"expressions": {"region": {"constant_value": "eu-west-1"}}},
        "aws.odd": {"expressions": {"region": {"references": ["var.a", "var.b"]}}},
        "google": {"expressions": {"zone": {"constant_value": "europe-west3-a"}}},
        "scaleway": {"expressions": {"zone": {"constant_value": "fr-par-1"}}},
    },
    "root_module": {
        "resources": [
            {"address": "aws_instance.gpu", "provider_config_key": "aws"},
            {"address": "aws_instance.odd", "provider_config_key": "aws.odd"},
            {"address": "google_compute_instance.g", "provider_config_key": "google"},
            {"address": "scaleway_instance_server.s", "provider_config_key": "scaleway"},
            {"address": "aws_s3_bucket.data", "provider_config_key": "aws"},
            {"address": "aws_s3_bucket.copy", "provider_config_key": "aws.ireland"},
            {
                "address": "aws_s3_bucket_replication_configuration.data",
                "provider_config_key": "aws",
                "expressions": {
                    "bucket": {"references": ["aws_s3_bucket.data.id", "aws_s3_bucket.data"]},
                    "rule": [
                        {"destination": [{"bucket": {"references": ["aws_s3_bucket.copy.arn", "aws_s3_bucket.copy"]}}]}
                    ],
                },
            },
            {
                "address": "aws_s3_bucket_server_side_encryption_configuration.data",
                "provider_config_key": "aws",
                "expressions": {
                    "bucket": {"references": ["aws_s3_bucket.data.id"]},
                    "rule": [
                        {
                            "apply_server_side_encryption_by_default": [
                                {"kms_master_key_id": {"references": ["aws_kms_key.own.arn", "aws_kms_key.own"]}}
                            ]
                        }
                    ],
                },
            },
            {
                "address": "azurerm_cognitive_deployment.gpt",
                "expressions": {
                    "cognitive_account_id": {"references": ["azurerm_cognitive_account.ai[0].id", "each.key", "var.x"]}
                },
            },
            "odd",
        ],
        "module_calls": {
            "inner": {
                "module": {
                    "resources": [{"address": "aws_instance.gpu", "provider_config_key": "aws.ireland"}],
                }
            }
        },
    },
}


def test_a_plan_finds_places_and_partners_through_its_configuration(look: Any) -> None:
    rule = {"status": "Enabled", "destination": [{}]}
    document = plan(
        planned("aws_instance", "gpu", 0, instance_type="g5.xlarge"),
        planned("aws_instance", "odd", instance_type="g5.xlarge"),
        planned("google_compute_instance", "g", machine_type="g2-standard-4"),
        planned("scaleway_instance_server", "s", type="L4-1-24G"),
        planned("aws_s3_bucket", "data", "fra", bucket=None),
        planned("aws_s3_bucket", "copy", bucket="copy-of-it"),
        planned("aws_s3_bucket_replication_configuration", "data", "fra", rule=[rule]),
        planned(
            "aws_s3_bucket_server_side_encryption_configuration",
            "data",
            "fra",
            rule=[{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}],
        ),
        planned("azurerm_cognitive_account", "ai", 0, name="ai", kind="AIServices", location="swedencentral"),
        planned("azurerm_cognitive_deployment", "gpt", 0, model=[{"format": "OpenAI", "name": "gpt-5"}],
                sku=[{"name": "Standard"}]),
        planned("azurerm_cognitive_deployment", "gpt", 1, model=[{"format": "Meta", "name": "llama"}], sku=[]),
        planned("aws_instance", "unknown"),
        {"address": "data.aws_ami.a", "mode": "data", "type": "aws_ami", "values": {}},
        configuration=CONFIGURATION,
        variables={"region": {"value": "eu-central-1"}},
    )  # fmt: skip
    document["planned_values"]["root_module"]["child_modules"] = [
        {
            "address": 'module.inner["a.b[0]"]',
            "resources": [
                {**planned("aws_instance", "gpu", 0, instance_type="p5.48xlarge"),
                 "address": 'module.inner["a.b[0]"].aws_instance.gpu[0]'}
            ],
        }
    ]  # fmt: skip
    found = look(document)

    base = "terraform/0.tfstate"
    gpu = f"gpu_host:{base}/aws_instance.gpu-0"
    assert ("located_in", "cloud_region:aws/eu-central-1") in found.related(gpu)
    assert found.grade(gpu, "accelerators") == "declared"
    assert found.related(f"gpu_host:{base}/aws_instance.odd") == {("operated_by", "vendor:amazon-web-services")}
    assert ("located_in", "cloud_region:google/europe-west3") in found.related(
        f"gpu_host:{base}/google_compute_instance.g"
    )
    assert ("located_in", "cloud_region:scaleway/fr-par") in found.related(
        f"gpu_host:{base}/scaleway_instance_server.s"
    )
    (inner,) = [ref for ref in found.taken if "module.inner" in ref]
    assert ("located_in", "cloud_region:aws/eu-west-1") in found.related(inner)
    (data,) = [ref for ref in found.taken if "aws_s3_bucket.data" in ref]
    # Its key is yet to be made, its copies lie where the bucket goes that the rule is made from.
    assert found.asset(data).attributes["data_paths"] == [
        {"purpose": "storage", "region": "cloud_region:aws/eu-central-1"},
        {"purpose": "backup", "region": "cloud_region:aws/eu-west-1"},
    ]
    assert ("serves", "model:azure/gpt-5") in found.related("ai_service:azure/cognitive/ai")
    assert ("serves", "model:azure/llama") not in found.related("ai_service:azure/cognitive/ai")
    notes = {note.object: note.text for note in found.notes}
    assert notes["aws_instance.odd"] == "the document does not say where it lies"
    assert "of which type it is" in notes["aws_instance.unknown"]
    assert "hidden" not in repr(found)
    assert found.complete


def test_a_plan_that_is_not_whole_leaves_its_part_incomplete(look: Any) -> None:
    found = look(plan(errored=True, complete=False), plan(complete=False), plan(complete=True, errored=False))

    assert [(one.part, one.reason) for one in found.refused] == [
        ("0.tfstate", "Terraform did not get to the end of this plan: what it lacks is not known"),
        ("1.tfstate", "this plan covers only some of what its configuration describes"),
    ]


def test_what_will_be_destroyed_is_not_seen(look: Any) -> None:
    found = look(
        state(
            managed(
                "aws_instance",
                "a",
                {"attributes": {"id": "i-1", "instance_type": "g5.xlarge", "region": "eu-west-1"}},
                {"attributes": {"id": "i-0", "instance_type": "g5.xlarge", "region": "eu-west-1"}, "deposed": "0a"},
            ),
            {**managed("aws_instance", "b", {"id": "i-2", "instance_type": "g5.xlarge"}), "mode": "data"},
            managed(
                "aws_instance",
                "c",
                {"index_key": "x y", "attributes": {"instance_type": "g5.xlarge"}},
                {"index_key": 1, "attributes": {"instance_type": "g5.xlarge"}},
                module='module.m["k"]',
            ),
        )
    )

    addresses = {one.object for one in found.taken.values()}
    assert addresses == {"aws_instance.a", 'module.m["k"].aws_instance.c["x y"]', 'module.m["k"].aws_instance.c[1]'}


def test_what_lies_nowhere_that_is_told(look: Any) -> None:
    zone = {"id": "i-2", "arn": samples.ARN, "instance_type": "g5.xlarge", "availability_zone": "eu-central-1-ham-1a"}
    by_default: dict[str, Any] = {"apply_server_side_encryption_by_default": []}
    managed_key = {"sse_algorithm": "aws:kms", "kms_master_key_id": "arn:aws:kms:eu-west-1:1:alias/aws/s3"}
    found = look(
        state(
            managed("aws_instance", "a", {**zone, "tags": {"allod.dev/located-in": "cloud_region:ours/hamburg"}}),
            managed("azurerm_ai_services", "s", {"name": "s"}),
            managed(
                "aws_s3_bucket", "b", {"bucket": "b", "region": "eu-west-1"}, {"bucket": "c", "region": "eu-west-1"}
            ),
            managed(
                "aws_s3_bucket_server_side_encryption_configuration",
                "b",
                {"bucket": "b", "rule": [by_default]},
                {"bucket": "c", "rule": [{"apply_server_side_encryption_by_default": [managed_key]}]},
            ),
        )
    )

    assert ("located_in", "cloud_region:ours/hamburg") in found.related("gpu_host:aws/eu-central-1/i-2")
    assert [(note.object, note.text) for note in found.notes] == [
        ("azurerm_ai_services.s", "the document does not say where it lies")
    ]
    assert "data_paths" not in found.asset("ai_service:azure/cognitive/s").attributes
    for name in ("b", "c"):
        assert found.asset(f"dataset:aws/s3/{name}").attributes["data_paths"][0]["key_custody"] == "operator"


# Sensitive values


def path(*steps: Any) -> list[dict[str, Any]]:
    return [
        {"type": "index", "value": {"value": step, "type": "number" if isinstance(step, int) else "string"}}
        if number
        else {"type": "get_attr", "value": step}
        for number, step in enumerate(steps)
    ]


@pytest.mark.parametrize(
    ("sensitive", "labels"),
    [
        ([], {"team": "hidden-team", "b": "c"}),
        ([path("tags")], {}),
        ([path("tags", "team")], {"b": "c"}),
        ([path("tags", "none")], {"team": "hidden-team", "b": "c"}),
        ([path("tags", "team", 0, "deep")], {"b": "c"}),  # where a path cannot be followed, all of it goes
        (["tags"], {}),
    ],
)
def test_sensitive_values_of_a_state_are_cut_out(sensitive: Any, labels: dict[str, str], look: Any) -> None:
    attributes = {
        "id": "i-1",
        "instance_type": "g5.xlarge",
        "tags": {"team": "hidden-team", "b": "c"},
        "region": "eu-west-1",
    }
    found = look(state(managed("aws_instance", "a", {"attributes": attributes, "sensitive_attributes": sensitive})))

    assert found.asset("gpu_host:aws/eu-west-1/i-1").labels == labels


def test_a_resource_that_is_sensitive_as_a_whole_is_told_of(look: Any) -> None:
    attributes = {"id": "i-1", "instance_type": "g5.xlarge"}
    blocks = {"id": "x", "name": "s", "tags": ["a=hidden", "b=c"], "type": "L4-1-24G", "zone": "fr-par-1"}
    found = look(
        state(
            managed("aws_instance", "a", {"attributes": attributes, "sensitive_attributes": [[]]}),
            managed("scaleway_instance_server", "s", {"attributes": blocks, "sensitive_attributes": [path("tags", 0)]}),
        )
    )

    assert [note.object for note in found.notes] == ["aws_instance.a"]
    (server,) = found.taken
    assert found.asset(server).labels == {"b": "c"}


def test_sensitive_values_of_a_plan_are_cut_out(look: Any) -> None:
    one = planned(
        "scaleway_instance_server",
        "s",
        type="L4-1-24G",
        zone="fr-par-1",
        name="hidden-name",
        tags=["a=hidden", "b=c", "d=e"],
    )
    one["sensitive_values"] = {"name": True, "tags": [True, False]}
    found = look(plan(one))

    (server,) = found.taken
    assert found.asset(server).labels == {"b": "c", "d": "e"}
    assert "hidden" not in repr(found)


# Broken documents


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "this is no JSON"),
        (b'{"version": 4, "resources": [', "this is no JSON, or only the beginning of some"),
        (b"\x00\xff\xfe\x01binary", "this is no JSON"),
        (b"<html>Sign in</html>", "this is no JSON"),
        (b"[" * 100_000, "this is no JSON"),
        (b"[1, 2]", "this is JSON, and no state or plan"),
        (b'{"name": "left-pad", "version": "1.0"}', "this is JSON, and no state or plan"),
        (b'{"version": 3, "serial": 1, "modules": []}', "this is a state of version 3; read is version 4"),
        (b'{"version": null, "serial": 1}', "this is a state of version None"),
        (b'{"format_version": "7.0", "values": {}}', "`show -json` wrote this in format 7.0"),
        (
            b'{"serial": 1, "lineage": "x", "encrypted_data": "eA==", "meta": {}}',
            "this is an encrypted state of OpenTofu",
        ),
        (
            b'{"format_version": "1.0", "values": {"root_module": {"resources": 7}}}',
            "this document is broken: TypeError",
        ),
    ],
)
def test_a_broken_document_is_refused_and_the_next_is_read(
    content: bytes, reason: str, look: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.tfstate").write_bytes(content)
    (tmp_path / "b.tfstate").write_text(json.dumps(state(samples.AWS[0])))
    found = look()

    assert [(one.part, one.object) for one in found.refused] == [("a.tfstate", None)]
    assert found.refused[0].reason.startswith(reason)
    assert "a.tfstate" not in found.read
    assert len(found.taken) == 1


def test_a_plan_in_terraforms_own_form_says_what_to_do(read_source: ReadSource) -> None:
    found = read_source("terraform_state", {"paths": [str(GENUINE / "plan.bin")]}, roots=[GENUINE])

    assert [one.reason for one in found.refused] == [
        "this is a plan in Terraform's own form: read what `terraform show -json` says of it instead."
    ]


def test_odd_resources_spoil_no_others(look: Any) -> None:
    nested: Any = "x"
    for _ in range(200):
        nested = {"deeper": [nested]}
    found = look(
        state(
            "odd",  # type: ignore[arg-type]
            {"mode": "managed", "type": "aws_instance", "name": "n"},
            managed("aws_instance", "flat", {"attributes": None}),
            managed("aws_instance", "wrong", {"instance_type": "g5.xlarge", "region": 7, "cpu_options": "x",
                                              "tags": [{"k": 1}, "=x"]}),
            managed("google_container_node_pool", "bad", {"node_config": [{"guest_accelerator": 7}]}),
            managed(
                "aws_instance", "deep", {"id": "i-9", "instance_type": "g5.xlarge", "region": "eu-west-1", "more": nested}
            ),
            samples.AWS[0],
        ),
        {"format_version": "1.0", "values": {"root_module": {"resources": [7, {"mode": "managed", "values": None}],
                                                              "child_modules": [7]}}},
        {"format_version": "1.0"},
        {"version": 4, "serial": 1, "resources": None},
    )  # fmt: skip

    assert {(one.part, one.object) for one in found.refused} == {
        ("0.tfstate", "resources"),
        ("0.tfstate", "aws_instance.flat"),
        ("0.tfstate", "google_container_node_pool.bad"),
        ("1.tfstate", "modules"),
        ("1.tfstate", "resources"),
    }
    assert "gpu_host:aws/eu-west-1/i-9" in found.taken
    assert "gpu_host:aws/eu-central-1/i-0123456789abcdef0" in found.taken
    assert found.related("gpu_host:terraform/0.tfstate/aws_instance.wrong") == {
        ("operated_by", "vendor:amazon-web-services")
    }
    assert {"2.tfstate", "3.tfstate"} <= set(found.read)


def test_a_document_of_thirty_megabytes_is_read(look: Any) -> None:
    ballast = managed("aws_ssm_parameter", "p", *({"value": "x" * 20_000} for _ in range(1500)))
    found = look(state(ballast, samples.AWS[0]))

    assert len(found.taken) == 1
    assert [(note.object, note.text.split()[0]) for note in found.notes] == [("aws_ssm_parameter", "1500")]


def test_a_document_that_is_too_large_is_refused(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform_state, "SIZE_MAX", 2**20)
    found = look(state(managed("x", "y", {"value": "x" * 2**20})))

    assert [one.reason for one in found.refused] == ["it is larger than 1 MiB."]


# Files


def test_directories_are_searched_and_files_are_taken_as_named(read_source: ReadSource, tmp_path: Path) -> None:
    inner = tmp_path / "b" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "terraform.tfstate").write_text('{"version": 3, "backend": {}}')
    (inner / "terraform.tfstate").write_text("\ufeff" + json.dumps(state(samples.AWS[0])))
    (inner / "terraform.tfstate.backup").write_text("old")
    (inner / "package.json").write_text("{}")
    (tmp_path / "named.txt").write_text(json.dumps(state(samples.AWS[5])))
    given = {"paths": [str(tmp_path), str(tmp_path / "named.txt"), str(tmp_path / "missing")]}
    found = read_source("terraform_state", given, roots=[tmp_path])

    assert found.asked == [str(tmp_path), "b/deep/terraform.tfstate", "named.txt", str(tmp_path / "missing")]
    assert found.read == ["b/deep/terraform.tfstate", str(tmp_path), "named.txt"]
    assert [one.part for one in found.refused] == [str(tmp_path / "missing")]
    assert len(found.taken) == 2


def test_links_do_not_lead_out_of_the_roots(read_source: ReadSource, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.tfstate").write_text(json.dumps(state(samples.AWS[0])))
    (inside / "a.tfstate").symlink_to(outside / "secret.tfstate")
    (inside / "b").symlink_to(outside)
    (inside / "c.tfstate").symlink_to(inside / "gone")
    (inside / "d.tfstate").mkdir()
    found = read_source("terraform_state", {"paths": [str(inside), str(inside / "d.tfstate" / "..")]}, roots=[inside])

    assert not found.taken
    assert {one.part for one in found.refused} == {"a.tfstate", "c.tfstate"}


def test_a_file_that_may_not_be_opened(look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.tfstate").write_text("{}")
    monkeypatch.setattr(Path, "open", refuse)
    found = look()

    assert [one.reason for one in found.refused] == ["it cannot be opened: Permission denied."]


def test_a_directory_that_may_not_be_listed_is_told(look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = look()

    assert [(one.part, one.object, one.reason) for one in found.refused] == [
        (str(tmp_path), "closed", "it cannot be listed: Permission denied.")
    ]


def test_a_run_that_is_stopped_ends(tmp_path: Path) -> None:
    (tmp_path / "a.tfstate").write_text(json.dumps(state(*samples.AWS)))
    kind = registry.find("terraform_state")
    given = reading.settings_of(kind, {"paths": [str(tmp_path)]})
    for point in (1, 2, 4, 9):
        around = Surroundings("source:test", TODAY, Secrets((), Path("/run/secrets"), {}), Places((tmp_path,)))
        calls = iter(range(1, 100))

        def stop(calls: Any = calls, point: int = point) -> None:
            if next(calls) >= point:
                raise Stopped

        around.on_pause = stop
        with pytest.raises(Stopped):
            list(reading.read(kind, given, around))


# The pure core, and settings


def test_a_parsed_document_needs_no_file() -> None:
    outcomes = list(
        manifests(
            plan(planned("aws_instance", "a", instance_type="g5.xlarge"), planned("x_y", "z")), file="change.json"
        )
    )

    (found,) = [one for one in outcomes if isinstance(one, Found)]
    assert found.draft.manifest()["annotations"]["terraform/file"] == "change.json"
    assert [one for one in outcomes if isinstance(one, tuple)] == [
        ("x_y", "1 of this type, of which nobody here knows whether it is of interest")
    ]
    with pytest.raises(SourceFailure):
        list(manifests("text", file="x"))
    assert [type(one) for one in manifests(plan(errored=True), file="x")] == [Unread]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, "/settings/paths"),
        ({"paths": []}, "/settings/paths"),
        ({"paths": ["/x"], "openstack_cloud": "My Cloud"}, "/settings/openstack_cloud"),
        ({"paths": ["/x"], "url": "https://x"}, "/settings/url"),
    ],
)
def test_wrong_settings_are_told(given: dict[str, Any], where: str) -> None:
    with pytest.raises(Invalid) as caught:
        reading.settings_of(registry.find("terraform_state"), given)

    assert [fault.path for fault in caught.value.faults] == [where]


@pytest.mark.parametrize(
    ("cloud", "name", "expected"),
    [
        ("aws", "p4d.24xlarge", {"vendor": "vendor:nvidia", "model": "NVIDIA A100", "count": 8, "memory_gib": 40}),
        ("aws", "p5e.48xlarge", {"vendor": "vendor:nvidia", "model": "NVIDIA H200", "count": 8, "memory_gib": 141}),
        ("aws", "g6f.large", {"vendor": "vendor:nvidia", "model": "NVIDIA L4"}),
        ("aws", "m7i.large", None),
        ("azure", "Standard_ND96isr_MI300X_v5",
         {"vendor": "vendor:amd", "model": "AMD Instinct MI300X", "count": 8, "memory_gib": 192}),
        ("azure", "Standard_NC64as_T4_v3", {"vendor": "vendor:nvidia", "model": "NVIDIA T4", "count": 4, "memory_gib": 16}),
        ("google", "a2-megagpu-16g", {"vendor": "vendor:nvidia", "model": "NVIDIA A100", "count": 16, "memory_gib": 40}),
        ("google", "g2-standard-96", {"vendor": "vendor:nvidia", "model": "NVIDIA L4", "count": 8, "memory_gib": 24}),
        ("ovhcloud", "t1-le-90", {"vendor": "vendor:nvidia", "model": "NVIDIA V100", "count": 2, "memory_gib": 16}),
        ("scaleway", "H100-SXM-4-80G", {"vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 4, "memory_gib": 80}),
        ("scaleway", "RENDER-S", {"vendor": "vendor:nvidia", "model": "NVIDIA P100", "count": 1, "memory_gib": 16}),
        ("openstack", "gpu.mi250x.large", {"vendor": "vendor:amd", "model": "AMD Instinct MI250X"}),
        ("openstack", "xl4arge", None),
    ],
)  # fmt: skip
def test_machine_types_tell_their_accelerators(cloud: str, name: str, expected: dict[str, Any] | None) -> None:
    assert machine_types.accelerators(cloud, name) == ([expected] if expected else None)
