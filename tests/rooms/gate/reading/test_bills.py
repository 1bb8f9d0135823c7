"""CycloneDX and SPDX: whose reading is that of `service/scans`, with lines and what is missing."""

import json

import pytest

from service.gate.reading.parts import Type
from tests.rooms.gate.reading.conftest import Read, Refused

BOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.4",
    "components": [
        {"type": "machine-learning-model", "bom-ref": "m", "group": "acme", "name": "bot"},
        {"type": "data", "name": "talks", "licenses": [{"license": {"id": "MIT"}}]},
        {"type": "library", "name": "requests", "purl": "pkg:pypi/requests@2.32.5"},
    ],
}


def test_parts_have_their_lines_and_say_what_they_lack(reading: Read) -> None:
    text = json.dumps(BOM, indent=1)
    found = reading("bom.json", text)
    assert found.type is Type.CYCLONEDX
    assert [(one.ref, text.splitlines()[one.place.line - 1].strip()) for one in found.proposed] == [
        ("dataset:bom/talks", '"name": "talks",'),
        ("model:acme/bot", '"name": "bot"'),
    ]
    assert [(one.asset, one.what, one.add) for one in found.missing] == [
        ("model:acme/bot", "its licence", '"licenses": [{"license": {"id": "Apache-2.0"}}]')
    ]
    assert [one.what for one in found.ignored] == ["specVersion", "1 other packages"]


def test_a_bill_may_be_written_in_flow_style_with_escapes_of_its_own(reading: Read) -> None:
    text = '{bomFormat: CycloneDX, specVersion: "1.6", components: [{type: data, "name": "a\\x41"}]}'
    assert [one.ref for one in reading("bom.yaml", text).proposed] == ["dataset:bom/aa"]


def test_what_allod_marked_as_verified_is_a_documents_claim(reading: Read) -> None:
    marked = {
        "type": "machine-learning-model",
        "name": "bot",
        "properties": [
            {"name": "allod:ref", "value": "model:acme/bot"},
            {"name": "allod:attribute:weights", "value": '"open"'},
            {"name": "allod:evidence:weights", "value": '{"grade": "verified", "source": "audit"}'},
        ],
    }
    found = reading("bom.json", json.dumps({**BOM, "components": [marked]}))
    assert found.proposed[0].manifest["evidence"]["weights"] == {"grade": "declared", "source": "bom:bom.json"}


@pytest.mark.parametrize("type_", [Type.CYCLONEDX, Type.SPDX])
@pytest.mark.parametrize("text", ["{}", "[]", "3", "", "{} {}"])
def test_what_is_no_bill_is_refused(refused: Refused, type_: Type, text: str) -> None:
    (fault,) = refused("bom.json", text, type_)
    assert (fault.file, bool(fault.expected)) == ("bom.json", True)


def test_xml_that_is_none_has_no_type(refused: Refused) -> None:
    assert "no type" in refused("page.html", "<html></html>")[0].message
    assert "no type" in refused("page.json", "[1, 2]")[0].message
