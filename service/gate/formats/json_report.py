"""JSON: the decision itself, without its number, so that the same question has the same bytes for an answer."""

import json
from typing import Any

from service.gate.formats.parts import Decision


def as_json(decision: Decision) -> str:
    """`{"decision": …}`, sorted keys, two spaces. It is also what `--baseline` reads."""
    return as_document({"decision": {key: value for key, value in decision.items() if key != "id"}}, sort_keys=True)


def as_document(value: Any, *, sort_keys: bool = False) -> str:
    """The value as JSON text in UTF-8; half a surrogate pair, which UTF-8 has no bytes for, becomes `?`."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=sort_keys, allow_nan=False)
    return text.encode(errors="replace").decode() + "\n"
