"""An estate in a server of moto: made through AWS's own client, in several regions."""

import json
from typing import Any

from botocore.session import Session

KEY = "AKIAALLODSCANNER0001"
SECRET = "moto-takes-any-secret-0001"
ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)


def client(url: str, service: str, region: str, key: str = KEY, secret: str = SECRET) -> Any:
    return Session().create_client(
        service, region_name=region, endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=secret
    )


def tags(**given: str) -> list[dict[str, str]]:
    return [{"Key": key.replace("__", "/"), "Value": value} for key, value in given.items()]


def build(url: str) -> dict[str, str]:
    """Makes the estate; answers the ids that AWS chose."""
    ids: dict[str, str] = {}
    _hosts(url, ids)
    _buckets(url, ids)
    _sagemaker(url)
    _bedrock(url)
    return ids


def _hosts(url: str, ids: dict[str, str]) -> None:
    for name, region, kind, zone, tenancy, tagged in (
        (
            "serving",
            "eu-central-1",
            "g5.12xlarge",
            "eu-central-1b",
            "default",
            {"Name": "llm serving", "team": "vision"},
        ),
        ("inference", "eu-central-1", "inf2.24xlarge", "eu-central-1a", "default", {}),
        ("web", "eu-central-1", "t3.micro", "eu-central-1a", "default", {"Name": "not of interest"}),
        ("gone", "eu-central-1", "g5.xlarge", "eu-central-1a", "default", {}),
        (
            "training",
            "us-east-1",
            "p4d.24xlarge",
            "us-east-1a",
            "dedicated",
            {
                "allod.dev/ref": "gpu_host:training/one",
                "allod.dev/confidential-computing": "no",
                "allod.dev/colour": "x",
            },
        ),
    ):
        ec2 = client(url, "ec2", region)
        extra: dict[str, Any] = {}
        if tagged:
            listed = [{"Key": key, "Value": value} for key, value in tagged.items()]
            extra = {"TagSpecifications": [{"ResourceType": "instance", "Tags": listed}]}
        placement = {"AvailabilityZone": zone, "Tenancy": tenancy}
        made = ec2.run_instances(
            ImageId="ami-12c6146b", InstanceType=kind, MinCount=1, MaxCount=1, Placement=placement, **extra
        )
        ids[name] = made["Instances"][0]["InstanceId"]
    client(url, "ec2", "eu-central-1").terminate_instances(InstanceIds=[ids["gone"]])


def _buckets(url: str, ids: dict[str, str]) -> None:
    kms = client(url, "kms", "eu-central-1")
    ids["key"] = kms.create_key(Description="weights")["KeyMetadata"]["Arn"]
    for name, region in (
        ("patients-frankfurt", "eu-central-1"),
        ("patients-dublin", "eu-west-1"),
        ("weights-frankfurt", "eu-central-1"),
        ("captured-virginia", "us-east-1"),
        ("scratch-oregon", "us-west-2"),
    ):
        s3 = client(url, "s3", region)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3 = client(url, "s3", "eu-central-1")
    listed = [
        {"Key": "allod.dev/data-classes", "Value": "personal health"},
        {"Key": "cost-centre", "Value": "4711"},
        {"Key": "allod.dev/ref", "Value": "model:no"},
    ]
    s3.put_bucket_tagging(Bucket="patients-frankfurt", Tagging={"TagSet": listed})
    rules = [
        {
            "ID": "copy",
            "Status": status,
            "Priority": number,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{bucket}"},
        }
        for number, (bucket, status) in enumerate(
            [("patients-dublin", "Enabled"), ("scratch-oregon", "Disabled"), ("somebody-elses", "Enabled")]
        )
    ]
    role = "arn:aws:iam::123456789012:role/replication"
    s3.put_bucket_replication(Bucket="patients-frankfurt", ReplicationConfiguration={"Role": role, "Rules": rules})
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ids["key"]}
    s3.put_bucket_encryption(
        Bucket="weights-frankfurt",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]},
    )
    s3.put_object(Bucket="weights-frankfurt", Key="llama/model.tar.gz", Body=b"x")


def _sagemaker(url: str) -> None:
    sagemaker = client(url, "sagemaker", "eu-central-1")
    role = "arn:aws:iam::123456789012:role/sagemaker"
    for name, environment, tagged in (
        (
            "Support-LLM",
            {"HF_MODEL_ID": "meta-llama/Llama-3.1-8B-Instruct", "HF_TOKEN": "hf_thissecretmustnotleave"},
            [],
        ),
        ("idle", {}, tags(**{"allod.dev__ref": "model:ours/idle", "stage": "test"})),
    ):
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={
                "Image": "763104351884.dkr.ecr.eu-central-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.3",
                "ModelDataUrl": "s3://weights-frankfurt/llama/model.tar.gz",
                "Environment": environment,
            },
            Tags=tagged,
        )
    variant = {
        "VariantName": "main",
        "ModelName": "Support-LLM",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.g4dn.xlarge",
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="support-config",
        ProductionVariants=[variant],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://captured-virginia/support",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    sagemaker.create_endpoint(EndpointName="Support", EndpointConfigName="support-config", Tags=tags(team="support"))


def _bedrock(url: str) -> None:
    bedrock = client(url, "bedrock", "us-east-1")
    bedrock.create_model_customization_job(
        jobName="tuning",
        customModelName="claims-tuned",
        roleArn="arn:aws:iam::123456789012:role/bedrock",
        baseModelIdentifier="amazon.titan-text-express-v1",
        customizationType="FINE_TUNING",
        trainingDataConfig={"s3Uri": "s3://patients-frankfurt/claims.jsonl"},
        outputDataConfig={"s3Uri": "s3://weights-frankfurt/claims"},
        hyperParameters={"epochCount": "2"},
        customModelTags=[{"key": "team", "value": "claims"}],
    )
