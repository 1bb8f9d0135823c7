"""A decision of the gate as other programs read it: one function for each format, text in, nothing else.

Each takes the decision as `POST /gate` answers it. What a person reads at a terminal is the command line's own affair
(`cli/gate_table.py`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

Decision = Mapping[str, Any]
"""`{"id", "verdict", "undecided", "reasons": [...]}`, what else the answer holds kept as it is."""


def as_json(decision: Decision) -> str:
    """`{"decision": …}` with sorted keys and two spaces: equal decisions are equal bytes."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps({"decision": dict(decision)}, option=options).decode()


FORMATS: Final[Mapping[str, Callable[[Decision], str]]] = {"json": as_json}
