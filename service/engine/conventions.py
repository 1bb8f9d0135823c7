"""The common subset: what a module keeps to, so that both engines give it the same meaning.

Each check stands for a difference that was measured between OPA and regorus, or for a way in which a slip would pass for "no
violation". `admit` (capabilities.py) is asked at every activation; these are asked when rules are checked and published.
"""

import re
from collections.abc import Iterable

from service.engine.capabilities import admit
from service.engine.modules import RULES, defined, needs, package_of, read
from service.engine.protocol import Module
from service.engine.tokens import Token, TokenKind
from service.foundation.errors import Fault

MAX_INTEGER = 2**53
_VERB = re.compile(r"%(?:%|(?P<flags>[^A-Za-z%]*)(?P<verb>[A-Za-z]|\Z))")
_VERBS = frozenset("sdvq")
_CLASS = re.compile(r"(?<!\\)(?:\\\\)*\\[dDwWsSbBpP]")
_COMPARES = frozenset(("==", "!="))


def check(module: Module) -> list[Fault]:
    """Everything in which the module leaves the common subset, in order of lines; empty where it keeps to it."""
    faults = admit([module])
    tokens = list(read(module.text))
    for at, token in enumerate(tokens):
        faults += [
            Fault(path="", message=message, expected=expected, file=module.path, line=token.line)
            for message, expected in _of_token(tokens, at)
        ]
    faults += _shape(module, tokens)
    return sorted(faults, key=lambda fault: fault.line or 0)


def check_all(modules: Iterable[Module]) -> list[Fault]:
    """`check` of each, and what only shows between them: packages that nobody defines, or that several do."""
    all_modules = list(modules)
    faults = [fault for module in all_modules for fault in check(module)]
    packages = [package_of(module) for module in all_modules]
    for module, package in zip(all_modules, packages, strict=True):
        if packages.count(package) > 1:
            faults.append(Fault(path="", message=f"several modules declare {package}", file=module.path, line=1))
        known = needs(module, packages)
        faults += [
            Fault(path="", message=f"nothing defines data.{path}", file=module.path, line=line)
            for line, path in _imports(list(read(module.text)))
            if not any(path == need or path.startswith(f"{need}.") for need in known)
        ]
    return faults


def _of_token(tokens: list[Token], at: int) -> list[tuple[str, str | None]]:
    token = tokens[at]
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    found: list[tuple[str, str | None]] = []
    if token.text == "}" and after is not None and after.text == "{" and after.line == token.line:
        found.append(("chained bodies", "two rules with the same head"))
    if token.kind is TokenKind.NUMBER:
        found += _number(tokens, at)
    if token.kind is TokenKind.STRING:
        found += _string(tokens, at)
    if token.text == "sprintf" and after is not None and after.text == "(":
        literal = tokens[at + 2] if at + 2 < len(tokens) else None
        if literal is None or literal.kind is not TokenKind.STRING:
            found.append(("the format of sprintf is computed", "a literal"))
    return found


def _number(tokens: list[Token], at: int) -> list[tuple[str, str | None]]:
    text = tokens[at].text
    if not re.fullmatch(r"[0-9]+", text):
        sides = {tokens[side].text for side in (at - 1, at + 1) if 0 <= side < len(tokens)}
        return [("equality of fractions", "basis points, or a tolerance")] if sides & _COMPARES else []
    return [("an integer above 2^53", "a smaller one, or a string")] if int(text) > MAX_INTEGER else []


def _string(tokens: list[Token], at: int) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    text = tokens[at].text
    raw = text.startswith("`")
    before = [token.text for token in tokens[max(0, at - 2) : at]]
    if before == ["sprintf", "("]:
        found += [
            (f"`{match.group()}` in sprintf", "%s, %d, %v or %q, without width")
            for match in _VERB.finditer(text[1:-1])
            if match["verb"] is not None and (match["flags"] or match["verb"] not in _VERBS)
        ]
    pattern = text[1:-1] if raw else text[1:-1].replace("\\\\", "\\")
    if _is_pattern(tokens, at) and _CLASS.search(pattern):
        found.append(("a character class by letter in a pattern", "[0-9], [A-Za-z0-9_]: written out"))
    return found


def _is_pattern(tokens: list[Token], at: int) -> bool:
    """Whether the string stands among the arguments of a `regex.…` call."""
    depth = 0
    for index in range(at - 1, max(-1, at - 100), -1):
        if tokens[index].text in {")", "]", "}"}:
            depth += 1
        elif tokens[index].text in {"(", "[", "{"}:
            depth -= 1
        if depth < 0:
            return [token.text for token in tokens[max(0, index - 3) : index - 1]] == ["regex", "."]
    return False


def _imports(tokens: list[Token]) -> list[tuple[int, str]]:
    """Line and path, without `data.`, of each import of a package."""
    found = []
    for at, token in enumerate(tokens[:-1]):
        if token.text == "import" and tokens[at + 1].text == "data":
            end = at + 2
            while end + 1 < len(tokens) and tokens[end].text == "." and tokens[end].glued:
                end += 2
            found.append((token.line, "".join(part.text for part in tokens[at + 3 : end])))
    return found


def _shape(module: Module, tokens: list[Token]) -> list[Fault]:
    """A rule answers three questions, and its findings are sets: anything else could be taken for silence."""
    if not package_of(module).startswith(".".join(RULES)):
        return []
    faults = [
        Fault(path="", message=f"`{name}` is not defined", expected=how, file=module.path, line=1)
        for name, how in _QUESTIONS.items()
        if name not in defined(module)
    ]
    for at, token in enumerate(tokens[:-1]):
        heads = token.column == 0 and token.text in {"violation", "unknown"}
        if heads and tokens[at + 1].text != "contains":
            faults.append(
                Fault(
                    path="",
                    message=f"`{token.text}` is no set",
                    expected=_QUESTIONS[token.text],
                    file=module.path,
                    line=token.line,
                )
            )
    return faults


_QUESTIONS = {
    "applies": "applies if …",
    "violation": "violation contains finding if …",
    "unknown": "unknown contains finding if …",
}
