"""What a module says of itself (package, imports) and how a bundle is put in order and moved under another root.

Modules name other packages only as `data.allod.lib.…` and `data.allod.rules.…`, so a whole bundle can be moved under a root
of its own by changing one word at each of these places: several bundles then live side by side in one server.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import lru_cache

from service.engine.protocol import Bundle, EngineFailure, FailureKind, Module, RuleEntry
from service.engine.tokens import Name, Token, code, names, tokenize

ROOT = "allod"
LIBRARY = ("allod", "lib")
RULES = ("allod", "rules")


@lru_cache(maxsize=1024)
def read(text: str) -> tuple[Token, ...]:
    """The meaningful tokens of a module's text; the same text is read once."""
    return tuple(code(tokenize(text)))


def package_of(module: Module) -> str:
    """The package that the module declares, `allod.rules.residency.x`; empty where it declares none."""
    tokens = list(read(module.text))
    if not tokens or tokens[0].text != "package":
        return ""
    first = next(names(tokens[1:]), None)
    return first.text if first and first.index == 0 else ""


def references(module: Module) -> list[Name]:
    """Every place where the module says `data.…`, imports among them."""
    return [name for name in names(list(read(module.text))) if name.parts[0] == "data"]


def needs(module: Module, packages: Container[str]) -> set[str]:
    """Those of `packages` that the module imports or refers to."""
    prefixes = {".".join(name.parts[1:end]) for name in references(module) for end in range(2, len(name.parts) + 1)} - {
        package_of(module)
    }
    return {prefix for prefix in prefixes if prefix in packages}


def ordered(modules: Sequence[Module]) -> list[Module]:
    """The modules, each behind all that it refers to; those that refer to each other stay in order of their path."""
    by_package: dict[str, list[Module]] = {}
    for module in sorted(modules, key=lambda module: module.path):
        by_package.setdefault(package_of(module), []).append(module)
    done: list[Module] = []
    entered: set[str] = set()
    # Depth first without recursion: a hostile chain of imports must not exhaust our own stack.
    for start in by_package:
        stack = [(start, False)]
        while stack:
            package, finished = stack.pop()
            if finished:
                done.extend(by_package[package])
            elif package not in entered:
                entered.add(package)
                stack.append((package, True))
                wanted = {need for module in by_package[package] for need in needs(module, by_package)}
                stack.extend((need, False) for need in sorted(wanted, reverse=True))
    return done


def only(bundle: Bundle, rules: Sequence[RuleEntry]) -> Bundle:
    """The bundle with these rules alone, and the modules that they rest on."""
    by_package: dict[str, list[Module]] = {}
    for module in bundle.modules:
        by_package.setdefault(package_of(module), []).append(module)
    wanted: set[str] = set()
    frontier = [rule.package for rule in rules]
    while frontier:
        package = frontier.pop()
        if package in wanted or package not in by_package:
            continue
        wanted.add(package)
        frontier.extend(need for module in by_package[package] for need in needs(module, by_package))
    return replace(
        bundle,
        modules=tuple(module for module in bundle.modules if package_of(module) in wanted),
        rules=tuple(rules),
    )


def moved(text: str, root: str) -> str:
    """The module's text with `allod` as the root of its package and of every `data` reference replaced by `root`."""
    tokens = list(read(text))
    starts = [
        tokens[name.index + 2].start
        for name in names(tokens)
        if name.parts[0] == "data" and len(name.parts) > 1 and name.parts[1] == ROOT
    ]
    starts += [
        name.token.start
        for name in names(tokens)
        if name.index > 0 and tokens[name.index - 1].text == "package" and name.parts[0] == ROOT
    ]
    pieces, last = [], 0
    for start in sorted(starts):
        pieces += [text[last:start], root]
        last = start + len(ROOT)
    return "".join([*pieces, text[last:]])


def check_rules(bundle: Bundle) -> None:
    """Every rule has one module of its own that answers the three questions; otherwise a slip would be a silent pass.

    Raises:
        EngineFailure: REFUSED, naming rule and package.
    """
    by_package: dict[str, list[Module]] = {}
    for module in bundle.modules:
        by_package.setdefault(package_of(module), []).append(module)
    for rule in bundle.rules:
        found = by_package.get(rule.package, [])
        if len(found) != 1:
            raise EngineFailure(
                FailureKind.REFUSED,
                f"rule {rule.id}: {len(found)} modules declare package {rule.package}, expected one",
            )
        missing = {"applies", "violation", "unknown"} - defined(found[0])
        if missing:
            raise EngineFailure(
                FailureKind.REFUSED, f"rule {rule.id}: {found[0].path} does not define {', '.join(sorted(missing))}"
            )


def defined(module: Module) -> set[str]:
    """Names at the start of a line that begin a rule: what the module defines, defaults included."""
    tokens = read(module.text)
    found = set()
    for index, token in enumerate(tokens):
        behind_default = index > 0 and tokens[index - 1].text == "default"
        if token.kind == "name" and (token.column == 0 or behind_default):
            found.add(token.text)
    return found
