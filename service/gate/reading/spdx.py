"""SPDX 2.2, 2.3 and 3.0, as JSON (`service/scans/bom_spdx.py` and `bom_spdx2.py` say what is read)."""

from typing import Final

from service.gate.reading import bill
from service.gate.reading.parts import File, Options, Reading, Type
from service.gate.reading.text import decoded, parsed, refusal
from service.scans import bom_spdx, bom_spdx2

_EXPECTED: Final = "SPDX 2.2 or 2.3 in JSON, or SPDX 3.0 in JSON-LD"
_KEYS: Final = ("name", "spdxId", "SPDXID")


def read(file: File, _options: Options) -> Reading:
    """What the document describes.

    Raises:
        Invalid: it is no SPDX in JSON.
    """
    if "\nSPDXVersion:" in "\n" + decoded(file):
        raise refusal(file.name, "this is SPDX in the form of tags and values", _EXPECTED, line=1)
    document, text = parsed(file)
    if bom_spdx.is_spdx3(document):
        licence = '{"type": "Relationship", "relationshipType": "hasDeclaredLicense", …}'
        return bill.reading(file, Type.SPDX, document, text, reader=bom_spdx.read, keys=_KEYS, licence=licence)
    if bom_spdx2.is_spdx2(document):
        licence = '"licenseDeclared": "Apache-2.0"'
        return bill.reading(file, Type.SPDX, document, text, reader=bom_spdx2.read, keys=_KEYS, licence=licence)
    raise refusal(file.name, "this is no SPDX", _EXPECTED, line=1)
