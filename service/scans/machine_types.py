"""Which accelerators a cloud's machine types have, by the names of the types: for whoever sees a name and no more.

Names and counts follow the providers' own lists of types as of November 2026. What is found here is inferred, never
verified: an API that answers for the machine itself knows better.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_NVIDIA, _AMD, _INTEL, _QUALCOMM = "vendor:nvidia", "vendor:amd", "vendor:intel", "vendor:qualcomm"
_AWS, _GOOGLE = "vendor:amazon-web-services", "vendor:google"


@dataclass(frozen=True, slots=True)
class _Family:
    """Types whose name `pattern` matches. Its group `n` is the count, or the size that `counts` knows the count of."""

    pattern: str
    vendor: str
    model: str
    memory_gib: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    other: int | None = None  # the count of sizes that `counts` does not list


_SIZES: Final = {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}
_FAMILIES: Final[Mapping[str, tuple[_Family, ...]]] = {
    # https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
    "aws": (
        _Family(r"p2\.(?P<n>\w+)", _NVIDIA, "NVIDIA K80", 12, {"xlarge": 1, "8xlarge": 8, "16xlarge": 16}),
        _Family(r"p3\.(?P<n>\w+)", _NVIDIA, "NVIDIA V100", 16, {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8}),
        _Family(r"p3dn\.(?P<n>\w+)", _NVIDIA, "NVIDIA V100", 32, {"24xlarge": 8}),
        _Family(r"p4d\.(?P<n>\w+)", _NVIDIA, "NVIDIA A100", 40, {"24xlarge": 8}),
        _Family(r"p4de\.(?P<n>\w+)", _NVIDIA, "NVIDIA A100", 80, {"24xlarge": 8}),
        _Family(r"p5\.(?P<n>\w+)", _NVIDIA, "NVIDIA H100", 80, {"4xlarge": 1, "48xlarge": 8}),
        _Family(r"p5en?\.(?P<n>\w+)", _NVIDIA, "NVIDIA H200", 141, {"48xlarge": 8}),
        _Family(r"p6-b200\.(?P<n>\w+)", _NVIDIA, "NVIDIA B200", None, {"48xlarge": 8}),
        _Family(r"p6-b300\.(?P<n>\w+)", _NVIDIA, "NVIDIA B300", None, {"48xlarge": 8}),
        _Family(r"p6e-gb200\.(?P<n>\w+)", _NVIDIA, "NVIDIA GB200", None, {"36xlarge": 4}),
        _Family(
            r"g3s?\.(?P<n>\w+)", _NVIDIA, "NVIDIA M60", 8, {"xlarge": 1, "4xlarge": 1, "8xlarge": 2, "16xlarge": 4}
        ),
        _Family(r"g4dn\.(?P<n>\w+)", _NVIDIA, "NVIDIA T4", 16, {"12xlarge": 4, "metal": 8}, 1),
        _Family(r"g4ad\.(?P<n>\w+)", _AMD, "AMD Radeon Pro V520", 8, {"8xlarge": 2, "16xlarge": 4}, 1),
        _Family(r"g5\.(?P<n>\w+)", _NVIDIA, "NVIDIA A10G", 24, _SIZES, 1),
        _Family(r"g5g\.(?P<n>\w+)", _NVIDIA, "NVIDIA T4G", 16, {"16xlarge": 2, "metal": 2}, 1),
        _Family(r"g6\.(?P<n>\w+)", _NVIDIA, "NVIDIA L4", 24, _SIZES, 1),
        _Family(r"g6f\.\w+", _NVIDIA, "NVIDIA L4"),  # a fraction of one
        _Family(r"gr6f?\.\w+", _NVIDIA, "NVIDIA L4"),
        _Family(r"g6e\.(?P<n>\w+)", _NVIDIA, "NVIDIA L40S", 48, _SIZES, 1),
        _Family(r"g7e\.\w+", _NVIDIA, "NVIDIA RTX PRO 6000"),
        _Family(r"inf1\.(?P<n>\w+)", _AWS, "AWS Inferentia", None, {"6xlarge": 4, "24xlarge": 16}, 1),
        _Family(r"inf2\.(?P<n>\w+)", _AWS, "AWS Inferentia2", 32, {"24xlarge": 6, "48xlarge": 12}, 1),
        _Family(r"trn1n?\.(?P<n>\w+)", _AWS, "AWS Trainium", 32, {"2xlarge": 1, "32xlarge": 16}),
        _Family(r"trn2u?\.(?P<n>\w+)", _AWS, "AWS Trainium2", 96, {"3xlarge": 1, "48xlarge": 16}),
        _Family(r"trn3\w*\.\w+", _AWS, "AWS Trainium3"),
        _Family(r"dl1\.(?P<n>\w+)", _INTEL, "Intel Gaudi", 32, {"24xlarge": 8}),
        _Family(r"dl2q\.(?P<n>\w+)", _QUALCOMM, "Qualcomm Cloud AI 100", None, {"24xlarge": 8}),
    ),
    # https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/overview
    "azure": (
        _Family(r"standard_nc(?P<n>\d+)r?s_v3", _NVIDIA, "NVIDIA V100", 16, {"6": 1, "12": 2, "24": 4}),
        _Family(r"standard_nc(?P<n>\d+)as_t4_v3", _NVIDIA, "NVIDIA T4", 16, {"64": 4}, 1),
        _Family(r"standard_nc(?P<n>\d+)ads_a100_v4", _NVIDIA, "NVIDIA A100", 80, {"24": 1, "48": 2, "96": 4}),
        _Family(r"standard_ncc?(?P<n>\d+)adi?s_h100_v5", _NVIDIA, "NVIDIA H100", 94, {"40": 1, "80": 2}),
        _Family(r"standard_nd(?P<n>\d+)asr_(?:a100_)?v4", _NVIDIA, "NVIDIA A100", 40, {"96": 8}),
        _Family(r"standard_nd(?P<n>\d+)amsr_a100_v4", _NVIDIA, "NVIDIA A100", 80, {"96": 8}),
        _Family(r"standard_nd(?P<n>\d+)isr_h100_v5", _NVIDIA, "NVIDIA H100", 80, {"96": 8}),
        _Family(r"standard_nd(?P<n>\d+)isr_h200_v5", _NVIDIA, "NVIDIA H200", 141, {"96": 8}),
        _Family(r"standard_nd(?P<n>\d+)isr_mi300x_v5", _AMD, "AMD Instinct MI300X", 192, {"96": 8}),
        _Family(r"standard_nd(?P<n>\d+)isr_gb200_v6", _NVIDIA, "NVIDIA GB200", None, {"128": 4}),
        _Family(r"standard_nd40rs_v2", _NVIDIA, "NVIDIA V100", 32, other=8),
        _Family(r"standard_nv\d+adm?s_a10_v5", _NVIDIA, "NVIDIA A10"),  # from a sixth of one
    ),
    # https://cloud.google.com/compute/docs/gpus, https://cloud.google.com/tpu/docs/regions-zones
    "google": (
        _Family(r"a2-(?:high|mega)gpu-(?P<n>\d+)g", _NVIDIA, "NVIDIA A100", 40),
        _Family(r"a2-ultragpu-(?P<n>\d+)g", _NVIDIA, "NVIDIA A100", 80),
        _Family(r"a3-(?:high|mega|edge)gpu-(?P<n>\d+)g", _NVIDIA, "NVIDIA H100", 80),
        _Family(r"a3-ultragpu-(?P<n>\d+)g", _NVIDIA, "NVIDIA H200", 141),
        _Family(r"a4-highgpu-(?P<n>\d+)g", _NVIDIA, "NVIDIA B200"),
        _Family(r"a4x-highgpu-(?P<n>\d+)g", _NVIDIA, "NVIDIA GB200"),
        _Family(r"g2-standard-(?P<n>\d+)", _NVIDIA, "NVIDIA L4", 24, {"24": 2, "48": 4, "96": 8}, 1),
        _Family(r"ct5lp-hightpu-(?P<n>\d+)t", _GOOGLE, "Google Cloud TPU v5e", 16),
        _Family(r"ct5p-hightpu-(?P<n>\d+)t", _GOOGLE, "Google Cloud TPU v5p", 95),
        _Family(r"ct6e-standard-(?P<n>\d+)t", _GOOGLE, "Google Cloud TPU v6e", 32),
    ),
    # https://www.ovhcloud.com/en/public-cloud/prices/ (the number is memory in GB, which grows with the cards)
    "ovhcloud": (
        _Family(r"t1-(?:le-)?(?P<n>\d+)", _NVIDIA, "NVIDIA V100", 16, {"45": 1, "90": 2, "180": 4}),
        _Family(r"t2-(?:le-)?(?P<n>\d+)", _NVIDIA, "NVIDIA V100S", 32, {"45": 1, "90": 2, "180": 4}),
        _Family(r"l4-(?P<n>\d+)", _NVIDIA, "NVIDIA L4", 24, {"90": 1, "180": 2, "360": 4}),
        _Family(r"l40s-(?P<n>\d+)", _NVIDIA, "NVIDIA L40S", 48, {"90": 1, "180": 2, "360": 4}),
        _Family(r"a10-(?P<n>\d+)", _NVIDIA, "NVIDIA A10", 24, {"45": 1, "90": 2, "180": 4}),
        _Family(r"a100-(?P<n>\d+)", _NVIDIA, "NVIDIA A100", 80, {"180": 1, "360": 2, "720": 4}),
        _Family(r"h100-(?P<n>\d+)", _NVIDIA, "NVIDIA H100", 80, {"380": 1, "760": 2, "1520": 4}),
    ),
    # https://www.scaleway.com/en/docs/gpu/reference-content/choosing-gpu-instance-type/
    "scaleway": (
        _Family(r"h100(?:-sxm)?-(?P<n>\d+)-80g", _NVIDIA, "NVIDIA H100", 80),
        _Family(r"l40s-(?P<n>\d+)-48g", _NVIDIA, "NVIDIA L40S", 48),
        _Family(r"l4-(?P<n>\d+)-24g", _NVIDIA, "NVIDIA L4", 24),
        _Family(r"b300-sxm-(?P<n>\d+)-288g", _NVIDIA, "NVIDIA B300", 288),
        _Family(r"render-s", _NVIDIA, "NVIDIA P100", 16, other=1),
        _Family(r"gpu-3070-s", _NVIDIA, "NVIDIA GeForce RTX 3070", 8, other=1),
    ),
}
# What operators of OpenStack write into the names of their flavours: the chip, seldom how many.
_CHIPS: Final = re.compile(
    r"(?<![a-z0-9])(?:(?:nvidia-?)?(?P<nvidia>gh200|h[12]00|b[23]00|a100|a40|a30|a10|l40s?|l4|t4|v100s?|p100)|(?P<amd>mi\d{3}x?))"
    r"(?![a-z0-9])"
)
_CONFIDENTIAL: Final = re.compile(r"standard_ncc\d+ads_h100_v5")


def accelerators(provider: str, name: str) -> list[dict[str, Any]] | None:
    """What a machine of type `name` has, as the attribute `accelerators` says it; None where no list knows the type.

    `provider` is the one of a region's name (`aws`, `google`); for any other the type's name must tell the chip itself.
    """
    plain = name.strip().lower()
    for family in _FAMILIES.get(provider, ()):
        if match := re.fullmatch(family.pattern, plain):
            size = match.groupdict().get("n", "")
            direct = int(size) if size.isdecimal() and not family.counts else None
            count = family.counts.get(size, family.other) or direct
            return [accelerator(family.vendor, family.model, count, family.memory_gib)]
    if provider in _FAMILIES or not (match := _CHIPS.search(plain)):
        return None
    if chip := match["nvidia"]:
        return [accelerator(_NVIDIA, f"NVIDIA {chip.upper()}", None, None)]
    return [accelerator(_AMD, f"AMD Instinct {match['amd'].upper()}", None, None)]


def accelerator(vendor: str | None, model: str, count: int | None, memory_gib: float | None) -> dict[str, Any]:
    """One entry of the attribute `accelerators`, without what is not known."""
    told = {"vendor": vendor, "model": model, "count": count or None, "memory_gib": memory_gib}
    return {key: value for key, value in told.items() if value is not None}


def is_confidential(provider: str, name: str) -> bool:
    """Whether machines of this type keep what their accelerators work on from the operator, as the provider says."""
    return provider == "azure" and bool(_CONFIDENTIAL.fullmatch(name.strip().lower()))
