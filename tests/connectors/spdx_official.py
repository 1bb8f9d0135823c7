"""Run by the environment `spdx`: reads documents with the official classes and writes them again, which checks them."""

import io
import sys
from pathlib import Path

from spdx_python_model import v3_0_1 as spdx

for name in sys.argv[1:]:
    objects = spdx.SHACLObjectSet()
    with Path(name).open("rb") as file:
        spdx.JSONLDDeserializer().read(file, objects)
    if objects.missing_ids:
        sys.exit(f"{name}: refers to {sorted(objects.missing_ids)}, which are not there")
    spdx.JSONLDSerializer().write(objects, io.BytesIO())
