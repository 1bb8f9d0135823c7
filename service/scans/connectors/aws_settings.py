"""Where to look in AWS and as whom: the settings, the hosts that follow from them, and what regions are called."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from service.inventory.values import refusal
from service.scans.connector import Address, SecretRef, SettingsBase
from service.scans.outbound import host_of

REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
# botocore's data/partitions.json: what host names of a partition end in, by how its regions begin.
_SUFFIXES: Final[Mapping[str, str]] = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-gov-": "amazonaws.com",
}
# Who runs a partition, as the reference catalogue calls them; everywhere else it is Amazon Web Services.
_OPERATORS: Final[Mapping[str, str]] = {
    "cn-northwest-": "vendor:ningxia-western-cloud-data",
    "cn-north-": "vendor:beijing-sinnet",
    "eusc-": "vendor:aws-european-sovereign-cloud",
}
AWS: Final = "vendor:amazon-web-services"

Service = Literal["ec2", "s3", "sagemaker", "bedrock"]
# The first words of the host names that a service's reader speaks to.
_HOSTS: Final[Mapping[Service, tuple[str, ...]]] = {
    "ec2": ("ec2",),
    "s3": ("s3", "kms"),
    "sagemaker": ("api.sagemaker", "s3"),
    "bedrock": ("bedrock", "s3"),
}


def _region(value: str) -> str:
    if not REGION.fullmatch(value):
        raise refusal("this is not the code of a region", "a code such as eu-central-1")
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        raise refusal("this is not the ARN of a role", "arn:aws:iam::<account>:role/<name>")
    return value


Region = Annotated[str, AfterValidator(_region)]


class AwsSettings(SettingsBase):
    """Where to look in AWS, and as whom."""

    access_key_id: str = Field(
        pattern=r"^[A-Za-z0-9_]{16,128}$", description="The access key's id; the key itself is `secret_access_key`"
    )
    secret_access_key: SecretRef
    session_token: SecretRef | None = Field(default=None, description="Where temporary credentials have their token")
    role_arn: Annotated[str, AfterValidator(_role)] | None = Field(
        default=None, description="A role to assume with the key; what it may read is what is seen"
    )
    external_id: str | None = Field(
        default=None, min_length=2, max_length=1224, description="What the role's trust policy asks for, if it does"
    )
    regions: list[Region] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Regions to read; left out, all that the account enabled",
    )
    home_region: Region | None = Field(
        default=None, description="The region that is asked for the others, where us-east-1 must not be"
    )
    services: list[Service] = Field(
        default=["ec2", "s3", "sagemaker", "bedrock"], min_length=1, description="What to read"
    )
    buckets: list[str] = Field(default=["*"], description="Names of the buckets to read, `*` and `?` for any letters")
    exclude_buckets: list[str] = Field(default=[], description="Names of buckets to leave out, `*` and `?` likewise")
    endpoint_url: Address | None = Field(
        default=None, description="One address in place of all of AWS's own: a private endpoint, a server of tests"
    )
    ca_file: str | None = Field(default=None, description="Certificates of authorities to trust, below the scan roots")

    @model_validator(mode="after")
    def _one_partition(self) -> Self:
        if len({_partition(region) for region in self.mentioned}) > 1:
            raise refusal("the regions belong to several partitions", "regions that one key opens")
        return self

    @property
    def home(self) -> str:
        """The region for questions that concern them all."""
        return self.home_region or (self.regions or ["us-east-1"])[0]

    @property
    def mentioned(self) -> list[str]:
        """All regions that the settings speak of."""
        return [self.home, *(self.regions or ())]


def _partition(region: str) -> str:
    return next((start for start in _SUFFIXES if region.startswith(start)), "")


def reaches(settings: AwsSettings) -> list[str]:
    """The hosts of the services that are read, in the partition that the regions belong to."""
    if settings.endpoint_url is not None:
        return [host_of(settings.endpoint_url)]
    words = {word for service in settings.services for word in _HOSTS[service]}
    words |= {"ec2"} if settings.regions is None else set()
    words |= {"sts"} if settings.role_arn else set()
    return sorted(f"{word}.*.{suffix(settings.home)}" for word in words)


def suffix(region: str) -> str:
    """What the names of AWS's hosts in `region` end in."""
    return _SUFFIXES.get(_partition(region), "amazonaws.com")


def operator(region: str) -> str:
    """The vendor that runs the machines of `region`."""
    return next((vendor for start, vendor in _OPERATORS.items() if region.startswith(start)), AWS)


def place(region: str) -> str:
    """The ref of a region."""
    return f"cloud_region:aws/{region}"
