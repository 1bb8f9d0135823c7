"""Lookups of laws, chips, standards and software, on the days around which their answers change."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.settings import POLICIES
from service.inventory import reference_load
from service.inventory.reference import Catalogue, DatedCatalogue
from service.inventory.reference_entries import CatalogueName, Entry
from service.inventory.reference_facts import plain_chip

ENTRIES = reference_load.shipped(POLICIES / "data")
CATALOGUE = Catalogue(ENTRIES)
TODAY = CATALOGUE.on(date(2026, 11, 23))
CHIPS = [entry for entry in ENTRIES if entry.catalogue is CatalogueName.ACCELERATOR]
STANDARDS = [entry for entry in ENTRIES if entry.catalogue is CatalogueName.OPEN_STANDARD]


def on(day: str) -> DatedCatalogue:
    return CATALOGUE.on(date.fromisoformat(day))


def chip(name: str) -> dict[str, Any]:
    found = TODAY.accelerator(name)
    assert found is not None, name
    return found


def duties(day: str, country: str) -> list[str]:
    return [duty["duty"] for law in on(day).localisation_of(country) for duty in law["duties"]]


def test_russia_asks_for_storage_and_since_july_2025_for_collection_at_home() -> None:
    assert duties("2015-08-31", "RU") == []
    assert duties("2025-06-30", "RU") == ["storage_in_country"]
    assert duties("2025-07-01", "RU") == ["storage_in_country", "collection_in_country"]
    (law,) = on("2025-07-01").localisation_of("RU")
    assert {"id": law["id"], "country": law["country"]} == {"id": "ru-152-fz", "country": "RU"}
    assert law["source"]


def test_china_counts_people_since_march_2024() -> None:
    assert [law["id"] for law in on("2024-03-21").localisation_of("CN")] == ["cn-csl-37"]
    _, flows = on("2024-03-22").localisation_of("CN")
    counted = {
        (duty["duty"], duty["data_classes"][0], duty.get("above"), duty.get("up_to")) for duty in flows["duties"]
    }
    assert counted == {
        ("security_assessment", "personal", 1_000_000, None),
        ("security_assessment", "special_category", 10_000, None),
        ("contract_or_certification", "personal", 100_000, 1_000_000),
        ("contract_or_certification", "special_category", None, 10_000),
    }
    assert [law["sectoral"] for law in on("2024-03-22").localisation_of("CN") if "sectoral" in law] == [True]
    assert not TODAY.localisation_of("DE")


@pytest.mark.parametrize(
    ("day", "part", "applies"),
    [
        ("2024-07-31", "prohibitions", None),
        ("2025-02-01", "prohibitions", False),
        ("2025-02-02", "prohibitions", True),
        ("2025-08-01", "gpai", False),
        ("2025-08-02", "gpai", True),
        ("2026-08-01", "general", False),
        ("2026-08-02", "general", True),
        ("2026-08-02", "high-risk-annex-iii", False),
        ("2027-12-01", "high-risk-annex-iii", False),
        ("2027-12-02", "high-risk-annex-iii", True),
        ("2028-08-02", "high-risk-annex-i", True),
        ("2026-07-26", "generative-marking-legacy", None),
        ("2026-12-01", "generative-marking-legacy", False),
        ("2026-12-02", "generative-marking-legacy", True),
    ],
)
def test_the_ai_act_applies_part_by_part(day: str, part: str, applies: bool | None) -> None:
    assert on(day).ai_act_applies(part) is applies


def test_the_amendment_moved_the_day_of_high_risk_systems() -> None:
    def day_of(as_of: str) -> str:
        return next(str(part["applies_on"]) for part in on(as_of).ai_act_dates() if part["id"] == "high-risk-annex-iii")

    assert (day_of("2026-07-26"), day_of("2026-07-27")) == ("2026-08-02", "2027-12-02")
    days = [part["applies_on"] for part in TODAY.ai_act_dates()]
    assert days == sorted(days)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("NVIDIA H100 80GB HBM3", "nvidia-h100"),
        ("H100", "nvidia-h100"),
        ("h100-sxm5-80gb", "nvidia-h100"),
        ("NVIDIA H100 NVL", "nvidia-h100"),
        ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "nvidia-a100"),
        ("Tesla V100-SXM2-16GB", "nvidia-v100"),
        ("Tesla T4", "nvidia-t4"),
        ("NVIDIA GeForce RTX 4090", "nvidia-rtx-4090"),
        ("NVIDIA GH200 480GB", "nvidia-gh200"),
        ("AMD Instinct MI300X OAM", "amd-mi300x"),
        ("Intel® Gaudi® 3", "intel-gaudi-3"),
        ("TPU v5e", "google-tpu-v5e"),
        ("Trainium2", "aws-trainium2"),
        ("Ascend 910B", "huawei-ascend-910b"),
    ],
)
def test_a_chip_is_known_in_the_spellings_of_drivers_and_price_lists(name: str, key: str) -> None:
    assert chip(name)["id"] == key


@pytest.mark.parametrize("name", ["", "NVIDIA", "H1000", "GeForce RTX 4090 Laptop GPU", "80GB", "H100 and A100"])
def test_what_is_no_chip_or_another_one_is_not_known(name: str) -> None:
    assert TODAY.accelerator(name) is None


@given(
    st.sampled_from(CHIPS), st.sampled_from(["", "NVIDIA ", "amd "]), st.sampled_from(["", " 80GB", "-PCIe", " GPU"])
)
def test_maker_board_and_memory_around_a_name_change_nothing(entry: Entry, before: str, after: str) -> None:
    assert chip(f"{before}{entry.body['title']}{after}")["id"] == entry.key
    assert plain_chip(entry.body["title"].upper()) == plain_chip(entry.body["title"])


def test_no_two_chips_share_a_name() -> None:
    names = [plain_chip(name) for entry in CHIPS for name in (entry.body["title"], *entry.body.get("aliases", ()))]
    assert all(TODAY.accelerator(entry.body["title"]) for entry in CHIPS)
    assert len(set(names)) >= len(CHIPS)
    twins = [
        Entry(CatalogueName.ACCELERATOR, key, {"title": "X1", "vendor": "vendor:x"}, "test", date(2026, 1, 1))
        for key in ("a", "b")
    ]
    assert DatedCatalogue(twins, date(2026, 1, 1)).accelerator("X1") is None


def test_a_chip_of_the_figures_of_3a090a_is_in_that_class() -> None:
    for entry in CHIPS:
        if "tpp" in entry.body:
            assert (entry.body["export_class"] == "3A090.a") == (entry.body["tpp"] >= 4800), entry.key
        if entry.body["design_country"] != "US":
            assert "export_class" not in entry.body, entry.key


@pytest.mark.parametrize(
    ("day", "name", "country", "policies"),
    [
        ("2023-11-16", "H200", "CN", []),
        ("2026-01-14", "H200", "CN", ["presumption_of_denial"]),
        ("2026-01-15", "H200", "CN", ["case_by_case"]),
        ("2026-01-15", "MI325X", "MO", ["case_by_case"]),
        ("2026-01-15", "B200", "CN", ["presumption_of_denial"]),
        ("2026-01-15", "H800", "CN", ["presumption_of_denial"]),  # its strength is not in the table
        ("2026-11-23", "H100", "AE", ["licence_required"]),
        ("2026-11-23", "H100", "RU", ["presumption_of_denial"]),
        ("2026-11-23", "H100", "DE", []),
        ("2026-11-23", "T4", "CN", []),
        ("2026-11-23", "Ascend 910B", "CN", []),
    ],
)
def test_where_a_chip_may_go_hangs_on_the_day_and_on_its_strength(
    day: str, name: str, country: str, policies: list[str]
) -> None:
    catalogue = on(day)
    assert [control["policy"] for control in catalogue.export_controls(chip(name), country)] == policies


def test_standards_are_known_by_name_and_alias() -> None:
    def status(name: str, day: str = "2026-11-23") -> str | None:
        found = on(day).open_standard(name)
        return found["status"] if found else None

    assert status("ONNX") == status("onnx") == "open"
    assert status("openai-api") == status("OpenAI compatible") == "de_facto"
    assert status("S3 compatible") == "de_facto"
    assert status("cuda") == "proprietary"
    assert status("safe_tensors") is None
    assert (status("mcp", "2025-12-08"), status("mcp", "2025-12-09")) == ("de_facto", "open")
    assert all(TODAY.open_standard(e.key) for e in STANDARDS if e.holds_on(TODAY.day))


def test_software_is_an_asset_of_the_catalogue() -> None:
    assert TODAY.asset_attributes("software:pytorch") == {
        "purl": "pkg:pypi/torch",
        "licence": "BSD-3-Clause",
        "governance": "foundation",
        "publisher": "vendor:pytorch-foundation",
        "standards": ["onnx"],
    }
    assert TODAY.asset_attributes("software:nobody") is None
    governance = [
        (on(day).asset_attributes("software:mcp") or {})["governance"] for day in ("2025-12-08", "2025-12-09")
    ]
    assert governance == ["vendor", "foundation"]
    assert "vendor:linux-foundation" in CATALOGUE.rests_on(["software:kubernetes"])
    assert "software:transformers" in CATALOGUE.resting_on("vendor:hugging-face")


@pytest.mark.parametrize(
    ("vendor", "before", "after", "parent"),
    [
        ("vendor:interxion", "2020-03-11", "2020-03-12", "vendor:digital-realty"),
        ("vendor:red-hat", "2019-07-08", "2019-07-09", "vendor:ibm"),
        ("vendor:mosaicml", "2023-07-18", "2023-07-19", "vendor:databricks"),
        ("vendor:silo-ai", "2024-08-08", "2024-08-09", "vendor:amd"),
    ],
)
def test_a_takeover_changes_the_owner_on_its_day(vendor: str, before: str, after: str, parent: str) -> None:
    old, new = ((on(day).vendor(vendor) or {}).get("owners") or [] for day in (before, after))
    assert parent not in [owner.get("vendor") for owner in old]
    assert [owner["vendor"] for owner in new] == [parent]


def test_subdivisions_have_names() -> None:
    assert TODAY.subdivision("US-CA") == "California"
    assert TODAY.subdivision("US-ZZ") is None
