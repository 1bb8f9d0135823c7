"""Resources as providers write them, and the documents around them. Values are made up."""

from typing import Any

AZURE = "/subscriptions/5f0c1a2b/resourceGroups/AI-prod/providers"
ARN = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0123456789abcdef0"


def state(*resources: dict[str, Any], version: int = 4) -> dict[str, Any]:
    return {
        "version": version,
        "terraform_version": "1.11.4",
        "serial": 7,
        "lineage": "725214a1-d8f0-166a-6f78-4929af4b70d8",
        "outputs": {},
        "resources": list(resources),
        "check_results": None,
    }


def managed(type_: str, name: str, *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider": 'provider["registry.terraform.io/hashicorp/x"]',
        "instances": [
            one if "attributes" in one else {"schema_version": 1, "attributes": one, "sensitive_attributes": []}
            for one in instances
        ],
        **more,
    }


def plan(*resources: dict[str, Any], configuration: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": list(resources)}},
        "resource_changes": [],
        "configuration": configuration or {},
        **more,
    }


def planned(type_: str, name: str, index: Any = None, /, **values: Any) -> dict[str, Any]:
    tail = "" if index is None else f"[{index}]" if isinstance(index, int) else f'["{index}"]'
    return {
        "address": f"{type_}.{name}{tail}",
        "mode": "managed",
        "type": type_,
        "name": name,
        "values": values,
        "sensitive_values": {},
    }


AWS = (
    managed(
        "aws_instance",
        "serving",
        {
            "id": "i-0123456789abcdef0",
            "arn": ARN,
            "availability_zone": "eu-central-1b",
            "instance_type": "g6e.12xlarge",
            "tenancy": "dedicated",
            "cpu_options": [{"amd_sev_snp": "enabled", "core_count": 24, "threads_per_core": 2}],
            "tags": {"Name": "llm serving", "team": "vision"},
            "tags_all": {"Name": "llm serving", "team": "vision", "managed": "terraform"},
            "user_data": "hidden-script",
        },
    ),
    managed("aws_instance", "web", {"id": "i-1", "instance_type": "t3.micro", "availability_zone": "eu-central-1a"}),
    managed(
        "aws_instance",
        "elsewhere",
        {
            "id": "i-2",
            "arn": ARN,
            "instance_type": "g5.xlarge",
            "availability_zone": "eu-central-1-ham-1a",
            "tags": None,
        },
    ),
    managed(
        "aws_spot_instance_request",
        "spot",
        {
            "id": "sir-1",
            "spot_instance_id": "i-3",
            "instance_type": "p5.48xlarge",
            "region": "cn-north-1",
            "tenancy": "odd",
        },
    ),
    managed(
        "aws_eks_node_group",
        "gpu",
        {
            "id": "prod:gpu",
            "arn": "arn:aws:eks:eu-west-1:123456789012:nodegroup/prod/gpu/1",
            "node_group_name": "gpu",
            "instance_types": ["g5.xlarge", "g5.12xlarge", "m5.large"],
        },
    ),
    managed(
        "aws_s3_bucket",
        "patients",
        {
            "id": "patients-frankfurt",
            "bucket": "patients-frankfurt",
            "arn": "arn:aws:s3:::patients-frankfurt",
            "region": "eu-central-1",
            "tags": {"allod.dev/data-classes": "health personal", "allod.dev/colour": "blue"},
        },
    ),
    managed("aws_s3_bucket", "copies", {"bucket": "patients-dublin", "region": "eu-west-1"}),
    managed(
        "aws_s3_bucket",
        "old",
        {
            "bucket": "old-style",
            "region": "us-east-1",
            "server_side_encryption_configuration": [
                {
                    "rule": [
                        {
                            "apply_server_side_encryption_by_default": [
                                {"sse_algorithm": "aws:kms", "kms_master_key_id": "arn:aws:kms:us-east-1:1:key/1"}
                            ]
                        }
                    ]
                }
            ],
        },
    ),
    managed(
        "aws_s3_bucket_replication_configuration",
        "copies",
        {
            "bucket": "patients-frankfurt",
            "rule": [
                {"status": "Enabled", "destination": [{"bucket": "arn:aws:s3:::patients-dublin"}]},
                {"status": "Enabled", "destination": [{"bucket": "arn:aws:s3:::somebody-elses"}]},
                {"status": "Disabled", "destination": [{"bucket": "arn:aws:s3:::old-style"}]},
            ],
        },
        {"bucket": "in-another-state", "rule": []},
    ),
    managed(
        "aws_s3_bucket_server_side_encryption_configuration",
        "patients",
        {
            "bucket": "patients-frankfurt",
            "rule": [
                {"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": ""}]}
            ],
        },
    ),
    managed(
        "aws_sagemaker_model",
        "support",
        {
            "name": "Support-LLM",
            "arn": "arn:aws:sagemaker:eu-central-1:123456789012:model/Support-LLM",
            "primary_container": [
                {
                    "image": "tgi",
                    "environment": {"HF_MODEL_ID": "mistralai/Mistral-7B-v0.1", "HF_TOKEN": "hidden-token"},
                }
            ],
            "container": [{"image": "x", "environment": None}],
        },
    ),
    managed(
        "aws_sagemaker_endpoint_configuration",
        "support",
        {"name": "support-config", "production_variants": [{"variant_name": "a", "model_name": "Support-LLM"}]},
        {"name": "nobody-uses-it", "production_variants": []},
    ),
    managed(
        "aws_sagemaker_endpoint",
        "support",
        {
            "name": "Support",
            "arn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/Support",
            "endpoint_config_name": "support-config",
        },
    ),
    managed(
        "aws_bedrock_custom_model",
        "claims",
        {
            "custom_model_name": "claims",
            "custom_model_arn": "arn:aws:bedrock:us-east-1:1:custom-model/x",
            "job_arn": "arn:aws:bedrock:us-east-1:1:model-customization-job/x",
            "region": "us-east-1",
            "base_model_identifier": "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-express-v1",
            "training_data_config": [{"s3_uri": "s3://patients-frankfurt/claims.jsonl"}, {"s3_uri": None}],
        },
        {"custom_model_name": "bare"},
    ),
    managed(
        "aws_bedrock_inference_profile",
        "eu",
        {
            "name": "EU Claude",
            "arn": "arn:aws:bedrock:eu-central-1:1:application-inference-profile/abc",
            "models": [
                {"model_arn": "arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-x"},
                {"model_arn": "arn:aws:bedrock:eu-west-3::foundation-model/anthropic.claude-x"},
                {"model_arn": None},
            ],
        },
    ),
    managed("aws_iam_role", "one", {"name": "a"}, {"name": "b"}),
)

AZURE_RESOURCES = (
    managed(
        "azurerm_linux_virtual_machine",
        "gpu",
        {
            "id": f"{AZURE}/Microsoft.Compute/virtualMachines/gpu-1",
            "name": "gpu-1",
            "size": "Standard_NCC40ads_H100_v5",
            "location": "West Europe",
            "dedicated_host_id": "/subscriptions/x",
            "tags": {"team": "claims"},
        },
    ),
    managed(
        "azurerm_windows_virtual_machine",
        "office",
        {"name": "office", "size": "Standard_D2s_v5", "location": "westeurope"},
    ),
    managed(
        "azurerm_kubernetes_cluster_node_pool",
        "gpu",
        {"name": "gpu", "vm_size": "Standard_NC24ads_A100_v4", "kubernetes_cluster_id": "x"},
    ),
    managed(
        "azurerm_storage_account",
        "data",
        {
            "name": "claimsdata",
            "location": "germanywestcentral",
            "account_replication_type": "GRS",
            "secondary_location": "Germany North",
        },
        {
            "name": "paired",
            "location": "westeurope",
            "account_replication_type": "RAGZRS",
            "customer_managed_key": [{"key_vault_key_id": "x"}],
        },
        {"name": "local", "location": "westeurope", "account_replication_type": "LRS"},
    ),
    managed(
        "azurerm_cognitive_account",
        "ai",
        {
            "id": f"{AZURE}/Microsoft.CognitiveServices/accounts/claims-ai",
            "name": "claims-ai",
            "kind": "OpenAI",
            "location": "swedencentral",
            "endpoint": "https://claims-ai.openai.azure.com/",
            "primary_access_key": "hidden-key",
        },
        {"id": "x", "name": "voices", "kind": "SpeechServices", "location": "westeurope"},
    ),
    managed(
        "azurerm_cognitive_deployment",
        "gpt",
        {
            "name": "gpt",
            "cognitive_account_id": f"{AZURE}/Microsoft.CognitiveServices/accounts/claims-ai",
            "model": [{"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}],
            "sku": [{"name": "GlobalStandard", "capacity": 10}],
        },
        {
            "name": "small",
            "cognitive_account_id": f"{AZURE}/Microsoft.CognitiveServices/accounts/claims-ai",
            "model": [{"format": "Newcomer", "name": "tiny", "version": "1"}],
            "scale": [{"type": "Standard"}],
        },
        {"name": "lost", "cognitive_account_id": "/elsewhere", "model": [], "sku": []},
    ),
    managed("azurerm_ai_services", "more", {"id": "y", "name": "more-ai", "location": "chinanorth3"}),
)

GOOGLE = (
    managed(
        "google_compute_instance",
        "a3",
        {
            "id": "projects/p1/zones/europe-west4-b/instances/a3",
            "name": "a3",
            "project": "p1",
            "zone": "europe-west4-b",
            "machine_type": "a3-highgpu-8g",
            "guest_accelerator": [],
            "confidential_instance_config": [{"enable_confidential_compute": True}],
            "labels": {"team": "vision"},
            "effective_labels": {"team": "vision", "goog-terraform-provisioned": "true"},
            "metadata": {"allod.dev/tenancy": "shared", "startup-script": "hidden-script"},
        },
        {
            "name": "t4",
            "zone": "europe-west4-a",
            "machine_type": "n1-standard-8",
            "guest_accelerator": [
                {
                    "type": "https://www.googleapis.com/compute/v1/projects/p/zones/z/acceleratorTypes/nvidia-tesla-t4",
                    "count": 2,
                },
                {"type": "", "count": 1},
            ],
        },
        {"name": "plain", "zone": "europe-west4-a", "machine_type": "e2-small"},
    ),
    managed(
        "google_container_node_pool",
        "gpu",
        {
            "name": "gpu",
            "location": "europe-west3",
            "node_config": [
                {"machine_type": "g2-standard-24", "guest_accelerator": [{"type": "nvidia-l4", "count": 2}, "odd"]}
            ],
        },
        {
            "name": "cpu",
            "location": "europe-west3",
            "node_config": [{"machine_type": "e2-small", "guest_accelerator": None}],
        },
    ),
    managed(
        "google_tpu_v2_vm",
        "tpu",
        {"name": "tpu", "zone": "europe-west4-a", "accelerator_type": "v5litepod-4"},
        {"name": "tpu2", "zone": "us-central2-b", "accelerator_type": "v4-8"},
    ),
    managed(
        "google_storage_bucket",
        "data",
        {"name": "weights-fra", "location": "EUROPE-WEST3", "encryption": [{"default_kms_key_name": "k"}]},
        {"name": "weights-eu", "location": "EU", "encryption": []},
    ),
    managed(
        "google_vertex_ai_endpoint",
        "v",
        {"name": "1234", "display_name": "Claims", "location": "europe-west3", "project": "p1"},
    ),
)

OTHERS = (
    managed(
        "ovh_cloud_project_instance",
        "one",
        {"id": "0a1b", "name": "trainer", "region": "GRA11", "flavor": [{"flavor_id": "u"}], "flavor_name": "h100-760"},
        {"name": "new", "region": "US-EAST-VA-1", "flavor": [{"flavor_id": "u"}]},
    ),
    managed("ovh_cloud_project_storage", "s", {"name": "weights", "region_name": "RBX-A"}),
    managed(
        "scaleway_instance_server",
        "gpu",
        {
            "id": "fr-par-2/11111111",
            "name": "gpu",
            "zone": "fr-par-2",
            "type": "H100-2-80G",
            "tags": ["team=vision", "production"],
        },
    ),
    managed("scaleway_object_bucket", "b", {"name": "data", "region": "nl-ams", "tags": {"team": "vision"}}),
    managed(
        "scaleway_inference_deployment",
        "llm",
        {
            "id": "fr-par/22222222",
            "name": "llm",
            "region": "fr-par",
            "node_type": "L4",
            "model_name": "meta/llama-3.1-8b-instruct:fp8",
            "public_endpoint": [{"is_enabled": True, "url": "https://llm.ifr.fr-par.scaleway.com"}],
        },
    ),
    managed(
        "openstack_compute_instance_v2",
        "gpu",
        {
            "id": "77",
            "name": "gpu",
            "region": "RegionOne",
            "flavor_name": "g1.nvidia-a100.2x",
            "all_metadata": {},
            "metadata": {},
        },
    ),
    managed("openstack_objectstorage_container_v1", "c", {"id": "c", "name": "c", "region": "RegionOne"}),
)
