"""From the text in a licence field to an SPDX expression and what it asks for, with a grade that says how sure that is."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from service.inventory import licence_expression, licence_spelling
from service.inventory.licence_conditions import Conditions
from service.inventory.licence_expression import Node
from service.inventory.licence_terms import UNKNOWN, Licence, Terms

REMEMBERED: Final = 20_000
READABLE_MAX: Final = 600  # longer texts are licence texts or stories, not names
_FUZZY_FROM: Final = 6
_CLOSE: Final = 0.87


class Match(StrEnum):
    """How a text led to its expression, surest first."""

    EXACT = "exact"  # it is the expression, as SPDX spells it
    NORMALISED = "normalised"  # a known spelling of it and of nothing else
    GUESSED = "guessed"  # most likely meant; somebody should look
    NONE = "none"  # nobody can say


_ORDER = list(Match)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a licence text means.

    `expression` is SPDX, None where nothing was found. `commercial_use` None means not known. `osi` and `fsf` None means
    not known. `licences` are the ids in the expression, `alternatives` what else could be meant (or, without expression,
    the licences that the text names among things that nobody knows). `conditions` belong to the same alternative of an OR
    as `commercial_use` and `obligations`.
    """

    text: str
    expression: str | None
    grade: Match
    commercial_use: bool | None
    obligations: tuple[str, ...]
    osi: bool | None
    fsf: bool | None
    licences: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a family's name without a version most likely means."""

    guess: str
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    node: Node | None
    grade: Match
    alternatives: tuple[str, ...] = ()

    def at_best(self, grade: Match) -> "_Found":
        return _Found(self.node, max(self.grade, grade, key=_ORDER.index), self.alternatives)


_NOTHING = _Found(None, Match.NONE)


class Resolver:
    """Resolves texts against one set of licences. Answers are remembered."""

    def __init__(self, licences: Iterable[Licence], hints: Mapping[str, Hint]) -> None:
        """Indexes every spelling of `licences`; `hints` by the spelling of a family."""
        self._licences = {licence.id: licence for licence in licences}
        self._ids = {known.casefold(): known for known in self._licences}
        for licence in self._licences.values():  # references by which others know it
            self._ids |= {a.casefold(): licence.id for a in licence.aliases if licence_expression.is_license_ref(a)}
        self._hints = {licence_spelling.plain(key): hint for key, hint in hints.items()}
        self._spellings = self._index()
        self.resolve: Callable[[str], Resolution] = lru_cache(maxsize=REMEMBERED)(self._resolve)

    def _index(self) -> dict[str, str]:
        """Plain key to id. Ids stand before aliases and those before titles; a key that two of a rank claim is nobody's."""
        spellings: dict[str, str] = {}
        live = [licence for licence in self._licences.values() if not licence.body.get("deprecated")]
        dead = [licence for licence in self._licences.values() if licence.replaced_by]
        ranks: tuple[Iterable[tuple[str, str]], ...] = (
            [(licence.id, licence.id) for licence in live],
            [(alias, licence.id) for licence in live for alias in licence.aliases],
            [(licence.id, licence.replaced_by or "") for licence in dead],
            [(licence.title, licence.id) for licence in live],
            [(licence.title.removesuffix(" only"), licence.id) for licence in live],
        )
        for rank in ranks:
            claims: dict[str, set[str]] = {}
            for spelling, named in rank:
                claims.setdefault(licence_spelling.plain(spelling), set()).add(named)
            for key, ids in claims.items():
                if len(ids) == 1 and not licence_spelling.says_nothing(key):
                    spellings.setdefault(key, next(iter(ids)))
        return spellings

    def _resolve(self, text: str) -> Resolution:
        found = self._find(text) if len(text) <= READABLE_MAX else _NOTHING
        if found.node is None:
            return Resolution(text, None, Match.NONE, None, (), None, None, (), found.alternatives)
        terms = found.node.terms(self._terms)
        ids = found.node.ids()
        return Resolution(
            text=text,
            expression=found.node.render(),
            grade=found.grade,
            commercial_use=terms.commercial_use,
            obligations=terms.obligations,
            osi=found.node.flag(lambda one: self._licences[one].osi if one in self._licences else None),
            fsf=found.node.flag(lambda one: self._licences[one].fsf if one in self._licences else None),
            licences=ids,
            alternatives=found.alternatives,
            conditions=terms.conditions,
        )

    def _terms(self, id: str) -> Terms:
        return self._licences[id].terms if id in self._licences else UNKNOWN

    def _find(self, text: str) -> _Found:
        text = re.sub(r"^license:", "", text.strip(), flags=re.IGNORECASE)
        if licence_spelling.says_nothing(text):
            return _NOTHING
        found = self._expression(text) or self._name(text) or self._twice(text) or self._compound(text)
        return found or self._loosely(text)

    def _expression(self, text: str) -> _Found | None:
        """`text` as an SPDX expression whose every id is one. An unknown LicenseRef is an id that means nothing here."""
        parsed = licence_expression.parse(text)
        if parsed is None:
            return None
        changed = foreign = False

        def known(id: str) -> str | None:
            nonlocal changed, foreign
            bare = id.removesuffix("+")
            proper = self._ids.get(id.casefold()) or self._ids.get(bare.casefold())
            if proper is None:
                foreign = True
                return id if licence_expression.is_license_ref(id) else None
            plus = "+" if id.endswith("+") and not proper.endswith("+") else ""
            heir = self._licences[proper].replaced_by
            changed = changed or bool(heir) or proper + plus != id
            return heir or proper + plus

        node = parsed.mapped(known)
        if node is None:
            return None
        if foreign:
            return _Found(node, Match.NONE, tuple(one for one in node.ids() if one in self._licences))
        exact = not changed and node.render() == re.sub(r"\s+", " ", text)
        return _Found(node, Match.EXACT if exact else Match.NORMALISED)

    def _name(self, text: str) -> _Found | None:
        """`text` as one licence under any of its spellings, or as a family."""
        address = licence_spelling.from_address(text)
        if address is not None:
            inner = self._expression(address) or self._name(address)
            return inner.at_best(Match.NORMALISED) if inner else None
        key = licence_spelling.plain(text)
        if key in self._spellings:
            return _Found(Node(id=self._spellings[key]), Match.NORMALISED)
        if key in self._hints:
            hint = self._hints[key]
            return _Found(Node(id=hint.guess), Match.GUESSED, hint.alternatives)
        return None

    def _twice(self, text: str) -> _Found | None:
        """`Name (Other Name)` where both mean the same licence."""
        names = licence_spelling.restated(text)
        if names is None:
            return None
        first, second = (self._expression(name) or self._name(name) for name in names)
        if first is None or second is None or first.node != second.node:
            return None
        return first.at_best(Match.NORMALISED).at_best(second.grade)

    def _compound(self, text: str) -> _Found | None:
        """Names with `and`, `or` or a slash between them, each in any spelling; AND binds more tightly."""
        split = licence_spelling.alternatives(text)
        if split is None:
            return None
        names, operators = split
        parts = [self._expression(name) or self._name(name) for name in names]
        known = [part for part in parts if part is not None and part.node is not None and part.grade is not Match.NONE]
        if len(known) < len(names):
            return None
        nodes = [part.node for part in known if part.node is not None]
        groups = [[nodes[0]]]
        for operator, node in zip(operators, nodes[1:], strict=True):
            if operator == "AND":
                groups[-1].append(node)
            else:
                groups.append([node])
        whole = licence_expression.joined("OR", [licence_expression.joined("AND", group) for group in groups])
        worst = max((part.grade for part in known), key=_ORDER.index)
        return _Found(whole, worst).at_best(Match.NORMALISED)

    def _loosely(self, text: str) -> _Found:
        """The licences that a text names among other words: a guess if all of it is understood, else nothing."""
        bare = licence_spelling.without_remarks(licence_spelling.without_lead(text))
        pieces = licence_spelling.items(bare)
        parts = [self._part(piece) for piece in pieces]
        known = [part for part in parts if part is not None and part.node is not None and part.grade is not Match.NONE]
        if not pieces or len(known) < len(pieces):
            return _Found(None, Match.NONE, _ids(known))
        node = licence_expression.joined("AND", [part.node for part in known if part.node is not None])
        others = tuple(other for part in known for other in part.alternatives)
        return _Found(node, Match.GUESSED, others)

    def _part(self, piece: str) -> _Found | None:
        if licence_spelling.says_nothing(piece):
            return None
        return self._expression(piece) or self._name(piece) or self._compound(piece) or self._nearly(piece)

    def _nearly(self, piece: str) -> _Found | None:
        """A licence whose name differs by a slip of the pen; never one whose numbers differ."""
        key = licence_spelling.plain(piece)
        if len(key) < _FUZZY_FROM:
            return None
        numbers = re.findall(r"\d+", key)
        near = [s for s in self._spellings if abs(len(s) - len(key)) <= 2 and re.findall(r"\d+", s) == numbers]
        close = difflib.get_close_matches(key, near, n=3, cutoff=_CLOSE)
        if not close:
            return None
        ids = list(dict.fromkeys(self._spellings[spelling] for spelling in close))
        return _Found(Node(id=ids[0]), Match.GUESSED, tuple(ids[1:]))


def _ids(found: Iterable[_Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(licence for one in found if one.node for licence in one.node.ids()))
