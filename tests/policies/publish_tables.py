"""Writes the tables of `policies/README.md` from rules, packs and controls: `python -m tests.policies.publish_tables`."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from service.foundation.settings import POLICIES
from service.packs.source import Library, load_library

README = POLICIES / "README.md"
UNCOVERED = POLICIES / "schema" / "controls.yaml"


def uncovered() -> dict[str, list[dict[str, str]]]:
    """By framework, the controls that no rule checks, with the reason."""
    loaded: dict[str, list[dict[str, str]]] = yaml.safe_load(UNCOVERED.read_text(encoding="utf-8"))
    return loaded


def covered(library: Library) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """By framework and control, its title and the rules that check it."""
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for rule in sorted(library.rules.values(), key=lambda rule: rule.id):
        for control in rule.controls:
            found.setdefault((control["framework"], control["id"]), (control["title"], []))[1].append(rule.id)
    return found


def tables(library: Library) -> dict[str, str]:
    """By the name of its place in the README, the text of each table."""
    return {"rules": _rules(library), "controls": _controls(library)}


def text(readme: str, parts: Mapping[str, str]) -> str:
    """The README with its tables anew."""
    for name, table in parts.items():
        start, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
        readme, count = pattern.subn((start + "\n" + table + "\n" + end).replace("\\", "\\\\"), readme)
        if count != 1:
            raise ValueError(f"the README has {count} places for {name}")
    return readme


def _rules(library: Library) -> str:
    packs: dict[str, list[str]] = {}
    for pack in sorted(library.packs.values(), key=lambda pack: pack.id):
        for rule in pack.rules:
            packs.setdefault(rule, []).append(f"`{pack.id}`")
    rows = [
        [rule.id, rule.title, ", ".join(rule.kinds), rule.severity, ", ".join(packs.get(rule.id, ["none"]))]
        for rule in sorted(library.rules.values(), key=lambda rule: (rule.theme, rule.id))
    ]
    return _table(["Rule", "Holds that", "Judges", "Severity", "Packs"], rows)


def _controls(library: Library) -> str:
    checked, left = covered(library), uncovered()
    frameworks = sorted({framework for framework, _ in checked} | left.keys(), key=str.casefold)
    rows: list[list[str]] = []
    for framework in frameworks:
        rows += [
            [framework, control, title, ", ".join(rules)]
            for (of, control), (title, rules) in sorted(checked.items())
            if of == framework
        ]
        rows += [[framework, one["id"], one["title"], f"no: {one['why']}"] for one in left.get(framework, ())]
    return _table(["Framework", "Control", "Title", "Checked by"], rows)


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def main() -> None:
    parts = tables(load_library(POLICIES))
    README.write_text(text(README.read_text(encoding="utf-8"), parts), encoding="utf-8")


if __name__ == "__main__":
    main()
