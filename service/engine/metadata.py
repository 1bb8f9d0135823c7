"""Reads the METADATA of a module: the YAML block in comments above its `package`, which tells people what the rule is.

Engines differ in what `rego.metadata` gives, so rules judge and this describes: a block is the line `# METADATA` and the
comment lines that follow it without a gap.
"""

import re
from typing import Any

import yaml

from service.engine.protocol import Module
from service.foundation.errors import Fault, Invalid

_START = re.compile(r"#\s*METADATA\s*\Z")
MAX_BLOCK_BYTES = 32 * 1024
MAX_BRACKETS = 200


def parse(module: Module) -> dict[str, Any]:
    """The METADATA block that stands directly above the module's `package`, as plain data.

    Raises:
        Invalid: there is none, or it is no YAML mapping; each fault names file and line.
    """
    lines = module.text.splitlines()
    package = next((at for at, line in enumerate(lines) if line.startswith("package ")), None)
    if package is None:
        raise _refused(module, 1, "no package line")
    first = package
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    start = next((at for at in range(first, package) if _START.match(lines[at])), None)
    if start is None:
        raise _refused(module, package + 1, "no METADATA block above the package", "# METADATA and YAML in comments")
    block = "\n".join(re.sub(r"\A# ?", "", line) for line in lines[start + 1 : package])
    if len(block.encode()) > MAX_BLOCK_BYTES:
        raise _refused(module, start + 1, f"METADATA of {len(block.encode())} bytes", f"at most {MAX_BLOCK_BYTES}")
    if block.count("[") + block.count("{") > MAX_BRACKETS:
        raise _refused(
            module, start + 1, f"METADATA with more than {MAX_BRACKETS} brackets"
        )  # YAML is quadratic in them
    try:
        # An alias can stand for a list of aliases and so on: a few lines of text, and all memory is gone.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(block, Loader=yaml.SafeLoader)):
            raise _refused(module, start + 1, "METADATA may not use YAML aliases")
        found = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = start + 2 + (mark.line if mark is not None else 0)
        raise _refused(module, line, f"METADATA is no YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(found, dict):
        raise _refused(module, start + 1, "METADATA is no mapping", "title: …, description: …, custom: …")
    return found


def _refused(module: Module, line: int, message: str, expected: str | None = None) -> Invalid:
    fault = Fault(path="", message=message, expected=expected, file=module.path, line=line)
    return Invalid(str(fault), [fault])
