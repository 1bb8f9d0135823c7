"""Where to look in an OpenStack cloud and as whom: the settings, the hosts that follow, and what regions are called."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from service.inventory.facts import Kind
from service.inventory.values import Country, RegionRef, VendorRef, refusal
from service.scans import regions
from service.scans.connector import Address, SecretRef, SettingsBase
from service.scans.names import slug

_WORD: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_HOST: Final = re.compile(
    r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?"
)

Service = Literal["compute", "image", "object-store", "block-storage"]
SERVICES: Final[tuple[Service, ...]] = ("compute", "image", "object-store", "block-storage")


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        raise refusal("this is not a word for a cloud", "1 to 40 lower-case letters, digits and hyphens")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise refusal("this is not a host", "a host name, host:port or *.domain")
    return value


def _web(value: str) -> str:
    parts = urlsplit(value)
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise refusal(
            "this is not the address of Keystone", "https://host[:port][/path], without user, query or fragment"
        )
    return value


class OpenStackSettings(SettingsBase):
    """Where to look in an OpenStack cloud, and as whom. Nothing else says it: no `clouds.yaml`, no `OS_*` variables."""

    auth_url: Annotated[Address, AfterValidator(_web)] = Field(
        description="Address of Keystone, for instance `https://auth.cloud.ovh.net/v3`"
    )
    cloud: Annotated[str, AfterValidator(_word)] = Field(
        description="What this cloud is called here; it becomes part of the names of what has no name of its own"
    )
    provider: Annotated[str, AfterValidator(_word)] | None = Field(
        default=None,
        description="The provider as the reference catalogue names its regions (`ovhcloud`); without it, regions are assets",
    )
    country: Country | None = Field(
        default=None, description="Where the cloud's regions lie, where `provider` is not set"
    )
    operator: VendorRef | None = Field(default=None, description="Who operates the cloud, where `provider` is not set")
    places: dict[str, RegionRef] = Field(
        default_factory=dict,
        description="Where a region or one of its zones lies, by hand: `RegionOne` or `RegionOne/zone` and a region's ref",
    )
    username: str | None = Field(default=None, min_length=1, description="A user, with `password` and a project")
    user_domain: str = Field(default="Default", min_length=1, description="The name of the domain of the user")
    password: SecretRef | None = Field(default=None, description="The user's password")
    project: str | None = Field(default=None, min_length=1, description="The name of the project to read")
    project_domain: str = Field(default="Default", min_length=1, description="The name of the domain of the project")
    project_id: str | None = Field(default=None, min_length=1, description="The id of the project, instead of its name")
    application_credential_id: str | None = Field(
        default=None, min_length=1, description="An application credential, instead of a user; it knows its project"
    )
    application_credential_secret: SecretRef | None = Field(default=None, description="Its secret")
    regions: tuple[str, ...] | None = Field(
        default=None, min_length=1, strict=False, description="The regions to read, else all"
    )
    services: tuple[Service, ...] = Field(
        default=SERVICES, min_length=1, strict=False, description="What to read in each region"
    )
    interface: Literal["public", "internal", "admin"] = Field(
        default="public", description="Which endpoints to speak to"
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        default=(),
        strict=False,
        description="Hosts of the catalogue's endpoints, where they are not Keystone's own: `*.cloud.ovh.net`",
    )
    all_projects: bool = Field(
        default=False, description="Read instances and volumes of all projects; needs an administrator"
    )
    hypervisors: bool = Field(default=True, description="Read hypervisors, too; needs an administrator")
    gpu_flavors: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Flavors that have accelerators although their extra specs do not say so, by name: `h100-*`",
    )
    containers: Literal["all", "marked"] = Field(default="all", description="Which containers become datasets")
    volumes: Literal["all", "marked"] = Field(default="marked", description="Which volumes become datasets")
    ca_file: str | None = Field(default=None, description="Certificates to trust instead of the system's own")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        user = (self.username, self.password, self.project or self.project_id)
        credential = (self.application_credential_id, self.application_credential_secret)
        if not ((all(user) and not any(credential)) or (all(credential) and not any(user))):
            raise refusal(
                "it is not clear who signs in",
                "username, password and project (or project_id), or application_credential_id and its secret",
            )
        if self.provider and (self.country or self.operator):
            raise refusal(
                "the reference catalogue knows where a provider's regions lie", "provider, or country and operator"
            )
        return self


def reaches(settings: OpenStackSettings) -> list[str]:
    """Keystone's host, on which other services may listen, and the hosts that the settings name beside it."""
    return [urlsplit(settings.auth_url).hostname or "", *settings.hosts]


def place_of(settings: OpenStackSettings, region: str, zone: str = "") -> str:
    """The `cloud_region` that a region, or one of its zones, is."""
    by_hand: Mapping[str, str] = settings.places
    return by_hand.get(f"{region}/{zone}") or by_hand.get(region) or f"{Kind.CLOUD_REGION}:{own_name(settings, region)}"


def own_name(settings: OpenStackSettings, region: str) -> str:
    """The name of a region as an asset, as long as nobody says otherwise."""
    if settings.provider is None:
        return f"{settings.cloud}/{slug(region)}"
    code = slug(region)
    return f"{settings.provider}/{regions.ovhcloud(code) if settings.provider == 'ovhcloud' else code}"
