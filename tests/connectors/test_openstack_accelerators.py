"""What flavors ask for and providers have, without a cloud."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inventory.facts import Kind
from service.inventory.kinds import validate
from service.inventory.values import is_name
from service.scans.connectors.openstack_accelerators import of_flavor, of_inventories, unclear
from service.scans.connectors.openstack_marks import exact, name, tags

NVIDIA: dict[str, Any] = {"vendor": "vendor:nvidia"}
A100: dict[str, Any] = {"model": "NVIDIA A100"}
H100: dict[str, Any] = {"model": "NVIDIA H100"}


@pytest.mark.parametrize(
    ("specs", "accelerators", "shared"),
    [
        ({"pci_passthrough:alias": "a100:2, h100:1"}, [A100 | {"count": 2}, H100 | {"count": 1}], False),
        ({"pci_passthrough:alias": "a100:2,nvidia-a100:1"}, [A100 | {"count": 3}], False),
        ({"pci_passthrough:alias": "a100-vgpu:1"}, [A100], True),
        ({"pci_passthrough:alias": "tesla:x"}, [{}], False),
        ({"resources:VGPU": "2"}, [None], True),
        ({"resources_G:VGPU": "1", "trait_G:CUSTOM_H100": "required", "trait:CUSTOM_A100": "required"}, [H100], True),
        ({"resources:PGPU": "1", "trait:CUSTOM_H200": "forbidden"}, [None], False),
        ({"resources:CUSTOM_PCI_10DE_FFFF": "4"}, [{"count": 4}], False),
        ({"resources:CUSTOM_PCI_1002_740F": "1"}, [None], False),
        ({"resources:CUSTOM_BAREMETAL_H100": "1"}, [H100 | {"count": 1}], False),
        ({"resources:CUSTOM_MIG_1G_A100": "1"}, [A100], True),
        ({"accel:device_profile": "gaudi-pool"}, [None], False),
        ({"resources:CUSTOM_GPU": "1", "resources:VGPU": "1"}, [None], True),
    ],
)  # fmt: skip
def test_flavors_with_accelerators(specs: dict[str, str], accelerators: list[Any], shared: bool) -> None:
    found = of_flavor("f", specs, provider="")
    assert found is not None
    assert found.shared is shared
    assert validate(Kind.GPU_HOST, {"accelerators": list(found.accelerators)})[1] == []
    if None not in accelerators:
        assert list(found.accelerators) == [NVIDIA | one for one in accelerators]


@pytest.mark.parametrize(
    "specs",
    [
        {},
        {"pci_passthrough:alias": ""},
        {"pci_passthrough:alias": "qat:1"},
        {"resources:VGPU": "0"},
        {"resources:VGPU": "x"},
        {"resources:VCPU": "4"},
        {"resources:CUSTOM_PCI_15B3_101E": "1"},
        {"resources:CUSTOM_LICENCE": "1"},
        {"hw:cpu_policy": "dedicated"},
    ],
)
def test_flavors_without(specs: dict[str, str]) -> None:
    assert of_flavor("f", specs, provider="") is None


def test_what_is_not_taken_for_an_accelerator_is_named() -> None:
    assert unclear({"pci_passthrough:alias": "qat:1,h100:2"}) == ["qat"]


def test_names_tell_where_specs_do_not() -> None:
    assert of_flavor("h100-380", {}, provider="") is None
    assert of_flavor("h100-380", {}, provider="ovhcloud") is not None
    assert of_flavor("b3-8", {}, provider="ovhcloud") is None
    assert of_flavor("a100.large", None, provider="") is not None
    assert of_flavor("plain", None, provider="") is None
    by_hand = of_flavor("box-h100", {}, provider="ovhcloud", named=["box-*"])
    assert by_hand is not None
    assert by_hand.accelerators == ({**NVIDIA, "model": "NVIDIA H100"},)


def test_cards_of_a_tree_are_counted_by_their_buses() -> None:
    found = of_inventories(
        [
            ("host", {"VCPU": 8}, []),
            ("host_pci_0000_41_00_0", {"VGPU": 16}, ["CUSTOM_A40", "HW_GPU_API_VULKAN"]),
            ("host_pci_0000_42_00_0", {"VGPU": 16}, ["CUSTOM_A40"]),
            ("elsewhere", {"VGPU": 16}, []),
            ("host_0000:81:00.0", {"CUSTOM_PCI_10DE_26B9": 1}, []),
        ]
    )
    assert found is not None
    assert found.shared
    assert not found.by_ids
    assert {one.get("model"): one.get("count") for one in found.accelerators} == {
        None: None,
        "NVIDIA A40": 2,
        "NVIDIA L40S": 1,
    }
    assert of_inventories([("host", {"VCPU": 8}, [])]) is None


def test_marks_are_one_in_every_spelling_and_secrets_are_none() -> None:
    given = {
        "allod.dev:owner-team": "a",
        "Allod-Dev-Tenancy": "b",
        "temp-url-key": "c",
        "db_password": "d",
        "x": 1,
        "y": "z",
    }
    assert tags({"y": "before"}, given, None) == {"allod.dev/owner-team": "a", "allod.dev/tenancy": "b", "y": "z"}


@given(st.lists(st.text(max_size=200), min_size=1, max_size=5))
def test_every_name_is_one(parts: list[str]) -> None:
    assert is_name(name("openstack", *map(exact, parts)))
