"""METADATA blocks."""

import pytest

from service.engine import metadata
from service.engine.protocol import Module
from service.foundation.errors import Invalid

GOOD = """# Copyright, as it happens.
#
# METADATA
# title: Stored in allowed places
# description: |
#   Two
#     lines.
# custom:
#   id: RES-001
#   kinds: [system, dataset]
package allod.rules.residency.storage

x := 1
"""


def test_the_block_above_the_package_is_read() -> None:
    assert metadata.parse(Module("r.rego", GOOD)) == {
        "title": "Stored in allowed places",
        "description": "Two\n  lines.\n",
        "custom": {"id": "RES-001", "kinds": ["system", "dataset"]},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x := 1\n", "r.rego:1: no package line"),
        ("package a\n", "r.rego:1: no METADATA block"),
        ("# METADATA\n# a: 1\n\npackage a\n", "r.rego:4: no METADATA block"),
        ("# METADATA\n# a: [1\n# b: 2\npackage a\n", "r.rego:3: METADATA is no YAML"),
        ("# METADATA\n# - a\npackage a\n", "r.rego:1: METADATA is no mapping"),
        ("# METADATA\npackage a\n", "r.rego:1: METADATA is no mapping"),
        ("# METADATA\n# a: &x [1]\n# b: *x\npackage a\n", "r.rego:1: METADATA may not use YAML aliases"),
        ("# METADATA\n# a: !!python/object/apply:os.getcwd []\npackage a\n", "r.rego:2: METADATA is no YAML"),
        ("# METADATA\n# a: 2026-13-45\npackage a\n", "r.rego:2: METADATA is no YAML"),
        ("# METADATA\n# a: " + "[" * 2000 + "\npackage a\n", "r.rego:1: METADATA with more than"),
        ("# METADATA\n" + "# a\n" * 20_000 + "package a\n", "r.rego:1: METADATA of"),
    ],
)
def test_a_bad_block_is_refused_with_file_and_line(text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        metadata.parse(Module("r.rego", text))
    assert str(caught.value.faults[0]).startswith(says)
    assert caught.value.faults[0].file == "r.rego"
