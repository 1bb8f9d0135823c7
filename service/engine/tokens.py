"""Reads Rego as a row of tokens: enough to find calls, references and nesting, and never to mistake a string for code.

Every check and every rewriting of module text stands on this, not on searching the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """What a token is."""

    COMMENT = "comment"
    TEMPLATE = "template"  # $"…{x}…": OPA alone knows it
    STRING = "string"  # with its quotes, either kind
    NUMBER = "number"
    NAME = "name"
    NEWLINE = "newline"
    SIGN = "sign"
    BROKEN = "broken"  # a quote that nothing closes


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+)
      | (?P<newline>\n)
      | (?P<comment>\#[^\n]*)
      | (?P<template>\$(?:`[^`]*`|"(?:\\.|[^"\\\n])*"))
      | (?P<string>`[^`]*`|"(?:\\.|[^"\\\n])*")
      | (?P<broken>["`])
      | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign>:=|==|!=|<=|>=|.)""",
    re.VERBOSE,
)

KEYWORDS = frozenset(
    ("as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some")
) | frozenset(("true", "with"))


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its text as written, where it starts in the text, its line (from 1) and column (from 0).

    `glued` says that nothing stands between it and the token before it.
    """

    kind: TokenKind
    text: str
    start: int
    line: int
    column: int
    glued: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A reference by dots alone, `data.allod.lib.x` or `count`: its parts, and its first token.

    `called` says that an opening bracket follows at once; `index` is the place of the first token in the row, `after`
    that of the first one behind the reference.
    """

    parts: tuple[str, ...]
    token: Token
    index: int
    after: int
    called: bool

    @property
    def text(self) -> str:
        """The reference as written."""
        return ".".join(self.parts)


def tokenize(text: str) -> list[Token]:
    """All tokens of a module but white space. Never fails: what is no Rego becomes signs and broken quotes."""
    tokens: list[Token] = []
    line, line_start, previous_end = 1, 0, -1
    for match in _TOKEN.finditer(text):
        group = match.lastgroup or "sign"
        if group == "space":
            continue
        start, end = match.span()
        tokens.append(
            Token(TokenKind(group), match.group(), start, line, start - line_start, glued=start == previous_end)
        )
        previous_end = end
        breaks = text.count("\n", start, end)
        if breaks:
            line += breaks
            line_start = text.rindex("\n", start, end) + 1
    return tokens


def code(tokens: list[Token]) -> list[Token]:
    """The tokens that mean something to an engine: neither comments nor line breaks."""
    return [token for token in tokens if token.kind not in {TokenKind.COMMENT, TokenKind.NEWLINE}]


def names(tokens: list[Token]) -> Iterator[Name]:
    """Every dotted reference in a row made by `code`, keywords left out; what follows a bracket or a dot is none."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        follows_dot = token.glued and index > 0 and tokens[index - 1].text == "."
        if token.kind is not TokenKind.NAME or follows_dot:
            index += 1
            continue
        first, parts = index, [token.text]
        index += 1
        while index + 1 < len(tokens) and _continues(tokens[index], tokens[index + 1]):
            parts.append(tokens[index + 1].text)
            index += 2
        called = index < len(tokens) and tokens[index].text == "(" and tokens[index].line == token.line
        if len(parts) > 1 or token.text not in KEYWORDS or (token.text == "contains" and called):
            yield Name(tuple(parts), token, first, index, called)


def _continues(dot: Token, name: Token) -> bool:
    return dot.text == "." and dot.glued and name.glued and name.kind is TokenKind.NAME
