"""CycloneDX, as JSON: bills of machine learning models among them (`service/scans/bom_cyclonedx.py` says what is read)."""

from typing import Final

from service.gate.reading import bill
from service.gate.reading.parts import File, Options, Reading, Type
from service.gate.reading.text import decoded, parsed, refusal
from service.scans import bom_cyclonedx

_EXPECTED: Final = "CycloneDX 1.5 to 1.7 in JSON"


def read(file: File, _options: Options) -> Reading:
    """What the bill describes.

    Raises:
        Invalid: it is no CycloneDX in JSON.
    """
    if decoded(file).lstrip().startswith("<"):
        expected = f"{_EXPECTED}: `cyclonedx convert --output-format json`"
        raise refusal(file.name, "this is XML", expected, line=1)
    document, text = parsed(file)
    if not bom_cyclonedx.is_cyclonedx(document):
        raise refusal(file.name, "this is no CycloneDX", _EXPECTED, path="/bomFormat", line=1)
    licence = '"licenses": [{"license": {"id": "Apache-2.0"}}]'
    keys = ["name", "bom-ref"]
    return bill.reading(file, Type.CYCLONEDX, document, text, reader=bom_cyclonedx.read, keys=keys, licence=licence)
