"""SPDX expressions as a small tree: parsed by `license-expression`, and read here for terms, ids and flags.

That parser is used without its own table of licences, since the catalogue knows more of them; and every call is guarded,
since malformed texts make it raise errors of its own making (`validate("MIT/Apache-2.0")` is an AttributeError,
`parse("()")` an IndexError). A last operator without an operand it leaves out in silence: that is looked for first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from license_expression import ExpressionError, LicenseWithExceptionSymbol, Licensing

from service.inventory.licence_spdx import exceptions
from service.inventory.licence_terms import Terms, freest, strictest

_REF: Final = re.compile(r"(?:DocumentRef-[\w.-]+:)?LicenseRef-[\w.-]+", re.ASCII)
_WORDS: Final = re.compile(r"[\w.+:()\s-]+", re.ASCII)
_HANGING: Final = re.compile(r"(?:^|[\s()])(?:and|or|with)\s*(?:\)|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Node:
    """A licence (`id`, perhaps WITH an `exception`), or an operator over `parts`."""

    id: str = ""
    exception: str | None = None
    operator: Literal["AND", "OR", ""] = ""
    parts: tuple["Node", ...] = ()

    def render(self) -> str:
        """The expression, with brackets only where an OR stands under an AND."""
        if not self.operator:
            return f"{self.id} WITH {self.exception}" if self.exception else self.id
        inner = (f"({p.render()})" if p.operator == "OR" and self.operator == "AND" else p.render() for p in self.parts)
        return f" {self.operator} ".join(inner)

    def ids(self) -> tuple[str, ...]:
        """The licences in it, each once, as they stand; `+` is none of the id."""
        if not self.operator:
            return (_bare(self.id),)
        return tuple(dict.fromkeys(one for part in self.parts for one in part.ids()))

    def terms(self, of: Callable[[str], Terms]) -> Terms:
        """What the whole asks for. An exception only ever grants more: its licence is taken as it stands."""
        if not self.operator:
            return of(_bare(self.id))
        inner = [part.terms(of) for part in self.parts]
        return strictest(inner) if self.operator == "AND" else freest(inner)

    def flag(self, of: Callable[[str], bool | None]) -> bool | None:
        """A yes or no over the whole: all of an AND, one of an OR; None where that hangs on something unknown."""
        if not self.operator:
            return of(_bare(self.id))
        inner = {part.flag(of) for part in self.parts}
        decisive = self.operator == "OR"
        if decisive in inner:
            return decisive
        return None if None in inner else not decisive

    def mapped(self, to: Callable[[str], str | None]) -> "Node | None":
        """The tree with every id replaced, None if one has no replacement."""
        if not self.operator:
            other = to(self.id)
            return None if other is None else Node(other, self.exception)
        parts = [part.mapped(to) for part in self.parts]
        kept = tuple(part for part in parts if part is not None)
        return Node(operator=self.operator, parts=kept) if len(kept) == len(parts) else None


def joined(operator: Literal["AND", "OR"], nodes: Sequence[Node]) -> Node:
    """`nodes` under one operator; a single one stands for itself, equal ones stand once."""
    flat = [part for node in nodes for part in (node.parts if node.operator == operator else (node,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Node(operator=operator, parts=unique)


def is_license_ref(id: str) -> bool:
    """Whether `id` is a reference to a licence of the user's own (SPDX 2.3, annex D)."""
    return _REF.fullmatch(id) is not None


def parse(text: str) -> Node | None:
    """The tree of an expression, None where `text` is not one. The ids in it may be anything."""
    if not _WORDS.fullmatch(text) or _HANGING.search(text):
        return None
    try:
        tree = _parser().parse(text, simple=True)
    except (ExpressionError, AttributeError, IndexError, TypeError, ValueError):
        return None
    return None if tree is None else _node(tree)


@cache
def _parser() -> Any:
    return Licensing()


def _node(tree: Any) -> Node | None:
    if isinstance(tree, LicenseWithExceptionSymbol):
        exception = exceptions().get(tree.exception_symbol.key.lower())
        return Node(tree.license_symbol.key, exception) if exception else None
    if not hasattr(tree, "operator") or not tree.args:
        return Node(tree.key)
    parts = [_node(part) for part in tree.args]
    kept = [part for part in parts if part is not None]
    operator: Literal["AND", "OR"] = "AND" if tree.operator.strip() == "AND" else "OR"
    return joined(operator, kept) if len(kept) == len(parts) else None


def _bare(id: str) -> str:
    return id.removesuffix("+")
