"""The conventions: what makes a rule one that others can read, trust and look up. Asked by `allod rule check` and by tests.

`engine.conventions` holds the common subset of the language; here is the rest: files where they belong, parameters declared
and read, evidence named truly, and a case for everything a rule can say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from service.engine import conventions
from service.engine.modules import only, package_of, read
from service.engine.protocol import Module
from service.engine.tokens import Name, TokenKind, names
from service.foundation.errors import Fault, Invalid
from service.packs import parameters
from service.packs.cases import load_cases
from service.packs.metadata import SECTIONS
from service.packs.source import Library, Rule

SCREEN: Final = 80  # lines from `package` on
_FILES: Final = frozenset({"cases.yaml"})


def check(directory: Path, library: Library) -> list[Fault]:
    """Everything in which the policies of `directory`, read as `library`, leave the conventions."""
    rules = list(library.rules.values())
    faults = conventions.check_all([*library.modules, *(rule.module for rule in rules)])
    for module in library.modules:
        faults += _library_module(module)
    for rule in rules:
        faults += [*_place(directory, rule), *_parameters(rule, library), *_reads(rule, library)]
        faults += _cases(directory, library, rule)
    return faults


def _library_module(module: Module) -> Iterator[Fault]:
    topic = module.path.split("/")[1]
    if module.path != f"lib/{topic}/{topic}.rego":
        yield Fault("", "not the place of a library module", "lib/<topic>/<topic>.rego", file=module.path)
    if package_of(module) != f"allod.lib.{topic}":
        yield Fault("", f"package {package_of(module)}", f"allod.lib.{topic}", file=module.path, line=1)
    if any(name.parts[:2] == ("input", "parameters") for name in _names(module)):
        yield Fault("", "a library module reads parameters", "an argument of its functions", file=module.path)


def _place(directory: Path, rule: Rule) -> Iterator[Fault]:
    path = rule.module.path
    if package_of(rule.module) != rule.package:
        yield Fault("", f"package {package_of(rule.module)}", rule.package, file=path)
    wanted = {Path(path).name, *_FILES}
    folder = (directory / path).parent
    for strange in sorted({file.name for file in folder.iterdir()} - wanted):
        yield Fault("", "no file of a rule", ", ".join(sorted(wanted)), file=(folder / strange).as_posix())
    lines = rule.module.text.splitlines()
    length = len(lines) - next(number for number, line in enumerate(lines) if line.startswith("package "))
    if length > SCREEN:
        yield Fault("", f"{length} lines below the METADATA", f"at most {SCREEN}: one screen", file=path)


def _parameters(rule: Rule, library: Library) -> Iterator[Fault]:
    path = rule.module.path
    for one in rule.parameters.values():
        if wrong := parameters.fault(one, one.default, library.blocs, "/custom/parameters"):
            yield Fault(f"{wrong.path}/default", wrong.message, wrong.expected, file=path)
    tokens = read(rule.module.text)
    used = set()
    for name in _names(rule.module):
        if name.parts[:2] == ("input", "parameters"):
            key = (
                tokens[name.after + 1].text.strip('"`')
                if len(name.parts) == 2 and tokens[name.after].text == "["
                else ""
            )
            if key != rule.id:
                expected = f'input.parameters["{rule.id}"]'
                yield Fault("", "parameters of another rule", expected, file=path, line=name.token.line)
        elif name.parts[0] == "parameters" and len(name.parts) > 1:
            used.add(name.parts[1])
    for missing in sorted(used - rule.parameters.keys()):
        yield Fault(f"/custom/parameters/{missing}", "read, but not declared", file=path)
    for idle in sorted(rule.parameters.keys() - used):
        yield Fault(f"/custom/parameters/{idle}", "declared, but not read", file=path)


def _reads(rule: Rule, library: Library) -> Iterator[Fault]:
    """`reads` decides whose evidence a pass rests on, so it must be what the rule and its library modules look at."""
    looked_at = only(library.bundle([rule.id]), [rule.entry]).modules
    used = {section for module in looked_at for section in _sections(module)}
    for missing in sorted(used - set(rule.reads)):
        yield Fault("/custom/reads", f"{missing} is read, but not named", file=rule.module.path)
    for idle in sorted(set(rule.reads) - used):
        yield Fault("/custom/reads", f"{idle} is named, but not read", file=rule.module.path)


def _sections(module: Module) -> Iterator[str]:
    """Sections of the input that a module names: `input.places`, `input.asset.attributes.x`, or `x` by object.get."""
    tokens = read(module.text)
    for name in _names(module):
        if name.parts[0] != "input" or len(name.parts) < 2:
            continue
        if name.parts[1] in SECTIONS:
            yield name.parts[1]
        if name.parts[1:3] == ("asset", "attributes"):
            key = tokens[name.after + 1]
            by_key = key.text[1:-1] if key.kind is TokenKind.STRING else "?"
            yield f"attributes.{name.parts[3] if len(name.parts) > 3 else by_key}"


def _cases(directory: Path, library: Library, rule: Rule) -> Iterator[Fault]:
    try:
        cases = load_cases(directory, library, rule)
    except Invalid as error:
        yield from error.faults
        return
    path = rule.module.path.rpartition("/")[0] + "/cases.yaml"
    names_ = [case.name for case in cases]
    for name in sorted({name for name in names_ if names_.count(name) > 1}):
        yield Fault("", f"two cases are called {name!r}", "a name for each", file=path)
    outcomes = {"pass", "violation", "unknown"} | (set() if _always_applies(rule) else {"not_applicable"})
    for outcome in sorted(outcomes - {case.outcome for case in cases}):
        yield Fault("", f"no case expects {outcome}", "a case for every outcome", file=path)
    for kind in sorted(set(rule.kinds) - {case.document["asset"]["kind"] for case in cases}):
        yield Fault("", f"no case judges a {kind}", "a case for every kind", file=path)
    if not any(case.name.startswith("evidence missing") for case in cases):
        yield Fault("", "no case shows what happens when evidence is missing", "evidence missing, …", file=path)


def _always_applies(rule: Rule) -> bool:
    tokens = [token.text for token in read(rule.module.text)]
    return any(tokens[at : at + 3] == ["applies", ":=", "true"] for at in range(len(tokens)))


def _names(module: Module) -> Iterator[Name]:
    return names(list(read(module.text)))
