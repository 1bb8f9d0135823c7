"""Where a resource lies and who runs that place, by what its provider writes of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from service.scans import regions
from service.scans.connectors.terraform_state_document import Resource

# A cloud as the reference catalogue calls it, by how the types of its resources begin.
_CLOUDS: Final[Mapping[str, str]] = {
    "aws_": "aws",
    "azurerm_": "azure",
    "google_": "google",
    "ovh_": "ovhcloud",
    "scaleway_": "scaleway",
    "openstack_": "openstack",
}
_OPERATORS: Final[Mapping[str, str]] = {
    "aws": "vendor:amazon-web-services",
    "azure": "vendor:microsoft",
    "google": "vendor:google",
    "ovhcloud": "vendor:ovh",
    "scaleway": "vendor:scaleway",
}
# Regions that somebody else runs for the provider; who, the reference catalogue knows.
_APART: Final = re.compile(r"aws/(?:cn|eusc)-|azure/china|ovhcloud/us-")
# Clouds that run OpenStack, by the host that their users sign in at.
_SIGN_IN: Final[Mapping[str, str]] = {
    "ovh.net": "ovhcloud",
    "ovh.us": "ovhcloud",
    "otc.t-systems.com": "open-telekom-cloud",
}
_AWS_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_GOOGLE_REGION: Final = re.compile(r"[a-z]+-[a-z]+\d+")


@dataclass(frozen=True, slots=True)
class Where:
    """A cloud, and the code of a region of it where that can be told; else `why` it cannot."""

    cloud: str
    code: str | None
    why: str = ""

    @property
    def place(self) -> str | None:
        """The ref of the region."""
        return f"cloud_region:{self.cloud}/{self.code}" if self.code else None

    @property
    def operator(self) -> str | None:
        """The vendor that runs the place, where one and the same does so everywhere but in places that are known."""
        return None if _APART.match(f"{self.cloud}/{self.code}") else _OPERATORS.get(self.cloud)


def cloud_of(type_: str) -> str | None:
    """The cloud whose resources are of this type."""
    return next((cloud for start, cloud in _CLOUDS.items() if type_.startswith(start)), None)


def where(resource: Resource, openstack: str | None = None) -> Where:
    """Where `resource` lies. `openstack` names the cloud behind OpenStack, where the document does not."""
    cloud = cloud_of(resource.type) or ""
    match cloud:
        case "aws":
            return _aws(resource)
        case "azure":
            return _told(cloud, _azure(resource.text("location")))
        case "google":
            return _google(resource)
        case "ovhcloud":
            return _told(cloud, regions.ovhcloud(resource.text("region", "region_name").lower()))
        case "scaleway":
            # fr-par-2 is a zone of fr-par.
            zone = resource.text("region", "zone") or _setting(resource, "region") or _setting(resource, "zone")
            return _told(cloud, re.sub(r"-\d+$", "", zone))
        case _:
            return _openstack(resource, openstack)


def region_of_arn(arn: str) -> str:
    """The region in an ARN, else an empty text."""
    return (arn.split(":") + [""] * 4)[3] if arn.startswith("arn:") else ""


def azure_code(location: str) -> str:
    """`West Europe` as Azure's own code for it."""
    return _azure(location)


def _told(cloud: str, code: str) -> Where:
    return Where(cloud, code) if code else Where(cloud, None, "the document does not say where it lies")


def _aws(resource: Resource) -> Where:
    zone = resource.text("availability_zone")
    region = resource.text("region") or region_of_arn(resource.text("arn"))
    if zone:
        if match := re.fullmatch(rf"({_AWS_REGION.pattern})[a-z]", zone):
            return Where("aws", match[1])
        return Where("aws", None, f"it lies in the zone {zone}, apart from the region")
    return _told("aws", region or _setting(resource, "region"))


def _azure(location: str) -> str:
    return location.lower().replace(" ", "")


def _google(resource: Resource) -> Where:
    zone = resource.text("zone") or _setting(resource, "zone")
    spot = resource.text("region", "location") or re.sub(r"-[a-z]$", "", zone) or _setting(resource, "region")
    code = re.sub(r"-[a-z]$", "", spot.rpartition("/")[2].lower())
    if code and not _GOOGLE_REGION.fullmatch(code):
        return Where("google", None, f"it lies in {spot}, which is several regions")
    return _told("google", code)


def _openstack(resource: Resource, named: str | None) -> Where:
    host = urlsplit(_setting(resource, "auth_url")).hostname or ""
    cloud = named or next((cloud for end, cloud in _SIGN_IN.items() if host.endswith(end)), None)
    region = resource.text("region") or _setting(resource, "region")
    if cloud is None:
        return Where("openstack", None, f"the document does not say whose OpenStack the region {region or '?'} is of")
    return _told(cloud, regions.ovhcloud(region.lower()) if cloud == "ovhcloud" else region.lower())


def _setting(resource: Resource, name: str) -> str:
    value: Any = resource.settings.get(name)
    return value if isinstance(value, str) else ""
