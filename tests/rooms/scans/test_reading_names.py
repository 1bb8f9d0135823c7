"""Names, quantities and organisations, as other people write them."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.inventory.values import is_name
from service.scans.importers.organisations import organisations, table, vendor
from service.scans.importers.quantities import leading, whole
from service.scans.importers.result import sources
from service.scans.names import SEGMENT_MAX, distinct, slug, spelling

DATA = Path(__file__).parents[3] / "policies" / "data"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Llama 2", "llama-2"),
        ("Command R+", "command-r+"),
        ("DALL·E 2", "dall-e-2"),
        ("Cohere Generate Endpoint (legacy)", "cohere-generate-endpoint-legacy"),
        ("École", "ecole"),
        ("PCQM4M_G25_N4", "pcqm4m_g25_n4"),
        ("../../etc", "etc"),
    ],
)
def test_a_name_becomes_part_of_a_ref(written: str, expected: str) -> None:
    assert slug(written) == expected


def test_names_that_lose_letters_stay_apart() -> None:
    assert slug("模型 7B") != slug("數據 7B")
    assert slug("ヤンデックス") != slug("スバル")
    assert re.fullmatch(r"[0-9a-f]{8}", slug("???"))


@given(st.text(min_size=1, max_size=400))
def test_every_name_gives_a_valid_part(text: str) -> None:
    part = slug(text)
    assert is_name(part)
    assert "/" not in part
    assert len(part) <= SEGMENT_MAX
    assert slug(text) == part


def test_spellings_meet_where_the_thing_is_one() -> None:
    assert spelling("Common Crawl") == spelling("CommonCrawl") == spelling("common-crawl")
    assert spelling("arXiv") == spelling("ArXiv")
    assert spelling("Command R+") != spelling("Command R")
    assert spelling("ヤンデックス") != spelling("スバル")


def test_a_taken_name_gets_the_next_number() -> None:
    assert distinct("a", {"b"}) == "a"
    assert distinct("a", {"a", "a-2"}) == "a-3"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("7B parameters (dense)", 7_000_000_000),
        ("15.5B parameters", 15_500_000_000),
        ("1_1B", 1_100_000_000),
        ("306M", 306_000_000),
        ("61B parameters (sparse); 6.6B active parameters", 61_000_000_000),
        ("3T tokens", None),
        ("2024-05-29", None),
        ("unknown", None),
        ("7Bn", None),
    ],
)
def test_a_size_is_a_number_of_parameters(written: str, number: int | None) -> None:
    assert leading(written) == number


def test_only_a_bare_amount_is_whole() -> None:
    assert whole("100M") == 100_000_000
    assert whole("over 1 million sign-ups") is None
    assert whole("7B parameters") is None


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("Meta AI", ["meta"]),
        ("AI2", ["ai2"]),
        ("Runway AI, Inc.", ["runway"]),
        ("Acme Models, Ltd", ["acme-models-ltd"]),
        ("Microsoft, NVIDIA", ["microsoft", "nvidia"]),
        ("ByteDance and University of Maryland, College Park", ["bytedance", "university-of-maryland"]),
        ("USC, Meta, CMU, and UCSD", ["university-of-southern-california", "meta", "cmu", "uc-san-diego"]),
        ("EleutherAI and LF AI and Data", ["eleutherai", "lf-ai-and-data"]),
        ("College of Arts and Sciences", ["college-of-arts-and-sciences"]),
        ("Meta, Meta FAIR", ["meta"]),
        ("Meta and Nobody Known", ["meta", "nobody-known"]),
        ("", []),
    ],
)
def test_a_field_may_name_several_organisations(text: str, slugs: list[str]) -> None:
    assert [one.slug for one in organisations(text)] == slugs


def test_an_organisation_of_no_table_lies_in_the_space_of_its_import() -> None:
    (one,) = organisations("Nro", space="mof/")
    assert one.ref == "vendor:mof/nro"
    assert vendor(one, manager="import:mof").manifest()["managed_by"] == "import:mof"


def test_a_listed_organisation_says_the_same_in_every_import() -> None:
    (eyes,) = organisations("Be My Eyes")
    one = vendor(eyes, manager="import:mof").manifest()
    assert one == vendor(eyes, manager="other", country="US", source="x").manifest()
    assert one["attributes"] == {"incorporated_in": "DK"}


def test_an_organisation_of_the_catalogue_takes_everything_from_there() -> None:
    (meta,) = organisations("Meta")
    assert "attributes" not in vendor(meta, manager="import:mof", country="FR", source="x").manifest()


def test_the_table_agrees_with_the_catalogue() -> None:
    files = sorted(DATA.glob("vendors*.yaml"))
    entries = [entry for file in files for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["entries"]]
    shipped = {entry["key"].removeprefix("vendor:"): entry for entry in entries}
    listed = {one.slug: one for one in table().values()}
    assert {one.slug for one in listed.values() if one.catalogued} == shipped.keys() & listed.keys()
    for key in shipped.keys() & listed.keys():
        seats = {shipped[key].get("incorporated_in"), shipped[key].get("headquarters")}
        assert listed[key].country in seats, key


def test_a_file_nested_without_end_is_reported_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("[" * 60_000)
    (tmp_path / "fine.yaml").write_text("[[1]]")
    deep, fine = sources(tmp_path)
    assert "nested more than" in (deep.fault or "")
    assert fine.content == [[1]]
