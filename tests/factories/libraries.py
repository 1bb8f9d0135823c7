"""Parts of the shipped library, for tests that are about how judging works and not about what is judged."""

from dataclasses import replace

from service.packs.source import Library

# The eight rules that the product began with: enough to show every outcome, few enough to keep in mind.
EIGHT = frozenset({"RES-001", "RES-002", "JUR-001", "LIC-001", "LIC-002", "LIC-009", "VEN-003", "VEN-005"})


def of_eight(library: Library) -> Library:
    """The library with nothing but the eight, in the packs that bind them."""
    packs = {
        pack.id: replace(pack, rules=tuple(rule for rule in pack.rules if rule in EIGHT))
        for pack in library.packs.values()
        if EIGHT & set(pack.rules) and pack.active
    }
    return Library({rule: library.rules[rule] for rule in EIGHT}, packs, library.modules, library.blocs)
