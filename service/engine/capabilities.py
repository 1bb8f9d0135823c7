"""What an uploaded module may call, name and weigh: checked on its text before any engine sees it.

Both adapters ask `admit` at every activation, so a bundle that one engine refuses the other refuses too. `capabilities.json`
is the same allow-list in OPA's own format, for `opa check --capabilities` (`opa run` has no such option: a server is
protected by this check, and by what its container may reach).
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from service.engine.modules import LIBRARY, RULES, package_of, read
from service.engine.protocol import Module
from service.engine.tokens import KEYWORDS, Name, Token, TokenKind, names
from service.foundation.errors import Fault

FILE = Path(__file__).parent / "capabilities.json"
MAX_BYTES = 256 * 1024
MAX_COLUMNS = 1000  # regorus refuses lines above 1,024
MAX_NESTING = 12  # engines' compilers are exponential in it: array literals 22 deep take regorus 7 s
MAX_COMPREHENSIONS = 5  # comprehensions nested 13 deep take OPA's compiler 20 s
MARKER = "allod_module"  # the rule that `entry.py` adds to each module

# Operators' names: engines call them, modules write the sign.
_OPERATORS = frozenset(
    """
    and assign div eq equal gt gte internal.member_2 internal.member_3 lt lte minus mul neq or plus rem
    """.split()  # noqa: SIM905 -- a list of words reads best as words
)
CALLABLE = frozenset(
    """
    abs array.concat array.reverse array.slice base64.decode base64.encode base64.is_valid bits.and bits.lsh bits.negate
    bits.or bits.rsh bits.xor ceil concat contains count endswith floor format_int glob.match graph.reachable
    graph.reachable_paths hex.decode hex.encode indexof indexof_n intersection is_array is_boolean is_null is_number
    is_object is_set is_string json.filter json.is_valid json.marshal json.remove json.unmarshal lower max min
    numbers.range numbers.range_step object.filter object.get object.keys object.remove object.union object.union_n
    product regex.is_valid regex.match regex.replace regex.split replace round semver.compare semver.is_valid sort split
    sprintf startswith strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.reverse
    substring sum time.add_date time.clock time.date time.diff time.parse_duration_ns time.parse_ns
    time.parse_rfc3339_ns time.weekday to_number trim trim_left trim_prefix trim_right trim_space trim_suffix type_name
    union upper walk
    """.split()  # noqa: SIM905 -- as above
)

_PATH = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.rego\Z")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


def allowed_capabilities(current: dict[str, Any]) -> dict[str, Any]:
    """OPA's own capabilities (`opa capabilities --current`) cut down to the allow-list, without any network."""
    return {
        "builtins": [b for b in current["builtins"] if b["name"] in CALLABLE | _OPERATORS],
        "future_keywords": current.get("future_keywords", []),
        "features": [f for f in current.get("features", []) if f != "template_strings"],
        "allow_net": [],
    }


@cache
def shipped() -> dict[str, Any]:
    """The content of `capabilities.json`."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def admit(modules: Iterable[Module]) -> list[Fault]:
    """Everything for which these modules may not be run; empty where they may. Linear in the size of their text."""
    return [fault for module in modules for fault in _admit(module)]


def _admit(module: Module) -> list[Fault]:
    weight = _weight(module)
    if weight:
        return weight  # no use in reading what is too large
    tokens = list(read(module.text))
    faults = _nesting(module, tokens)
    if not _PATH.match(module.path):
        faults.append(
            _fault(module, 1, "the path may not be a module's", "ASCII letters, digits, _ - and /, then .rego")
        )
    package = package_of(module).split(".")
    if tuple(package[:2]) not in {LIBRARY, RULES} or len(package) < 3:
        faults.append(_fault(module, 1, f"package {'.'.join(package) or '(none)'}", "allod.lib.… or allod.rules.…"))
    for token in tokens:
        if token.kind is TokenKind.TEMPLATE:
            faults.append(_fault(module, token.line, "template strings are known to one engine only", "sprintf"))
        elif token.kind is TokenKind.BROKEN:
            faults.append(_fault(module, token.line, "a string without its end"))
    return faults + _references(module, tokens)


def _weight(module: Module) -> list[Fault]:
    size = len(module.text.encode())
    if size > MAX_BYTES:
        return [_fault(module, 1, f"{size} bytes", f"at most {MAX_BYTES}")]
    widest = max(enumerate(module.text.split("\n"), 1), key=lambda line: len(line[1]))
    if len(widest[1]) > MAX_COLUMNS:
        return [_fault(module, widest[0], f"{len(widest[1])} characters in one line", f"at most {MAX_COLUMNS}")]
    return []


def _nesting(module: Module, tokens: list[Token]) -> list[Fault]:
    """Brackets too deep, or too many comprehensions within each other."""
    bars: list[bool] = []  # for each open bracket: whether it is a comprehension
    for token in tokens:
        if token.text in _OPEN:
            bars.append(False)
        elif token.text in _CLOSE and bars:
            bars.pop()
        elif token.text == "|" and bars:
            bars[-1] = True
        if len(bars) > MAX_NESTING:
            return [_fault(module, token.line, f"brackets nested more than {MAX_NESTING} deep")]
        if sum(bars) > MAX_COMPREHENSIONS:
            return [_fault(module, token.line, f"comprehensions nested more than {MAX_COMPREHENSIONS} deep")]
    return []


def _references(module: Module, tokens: list[Token]) -> list[Fault]:
    faults = []
    found = list(names(tokens))
    local = _defined_functions(found, tokens) | _imported(found, tokens)
    for name in found:
        before = tokens[name.index - 1].text if name.index else ""
        line = name.token.line
        if name.parts[0] == "data" and not _is_ours(name):
            faults.append(
                _fault(module, line, f"{name.text} is not for rules", "data.allod.lib.… or data.allod.rules.…")
            )
        elif before == "with" and name.parts[0] != "input":
            faults.append(_fault(module, line, f"`with {name.text}`", "only `with input…`"))
        elif before == "import" and name.parts[0] not in {"data", "input", "rego", "future"}:
            faults.append(_fault(module, line, f"import {name.text}"))
        elif MARKER in name.parts:
            faults.append(_fault(module, line, f"{MARKER} is the service's own name"))
        elif name.called and name.parts[0] not in local | {"data"} and name.text not in CALLABLE:
            faults.append(_fault(module, line, f"call of {name.text}", "a built-in of the allow-list, or a function"))
    # time["now_ns"]() is time.now_ns(): a call is written with dots or not at all.
    faults += [
        _fault(module, token.line, "a call through brackets", "a call by name")
        for before, token in pairwise(tokens)
        if token.text == "(" and token.glued and before.text == "]"
    ]
    return faults


def _is_ours(name: Name) -> bool:
    return name.parts[1:3] in {LIBRARY, RULES} and len(name.parts) > 3


def _defined_functions(found: list[Name], tokens: list[Token]) -> set[str]:
    """Functions that this module defines: a single name called at the start of a line, or behind `default`."""
    return {
        name.text
        for name in found
        if name.called
        and len(name.parts) == 1
        and (name.token.column == 0 or (name.index > 0 and tokens[name.index - 1].text == "default"))
    } - KEYWORDS


def _imported(found: list[Name], tokens: list[Token]) -> set[str]:
    """Names under which imports are known."""
    aliases = set()
    for name in found:
        if name.index > 0 and tokens[name.index - 1].text == "import" and name.parts[0] in {"data", "input"}:
            renamed = name.after + 1 < len(tokens) and tokens[name.after].text == "as"
            aliases.add(tokens[name.after + 1].text if renamed else name.parts[-1])
    return aliases


def _fault(module: Module, line: int, message: str, expected: str | None = None) -> Fault:
    return Fault(path="", message=message, expected=expected, file=module.path, line=line)
