"""Alignments, cases and matrices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from derive.notation.arrange import ALIGNMENTS, CASES, GRIDS
from derive.notation.errors import MalformedNotation, UnsupportedNotation
from derive.notation.lexer import Token
from derive.notation.tree import Cases, Matrix, Node, Rows, Sequence, Text, Word

if TYPE_CHECKING:
    from derive.notation.parser import Parser

_WHOLE = frozenset({"equation", "equation*", "displaymath", "math"})
_INNER = dict.fromkeys(("gather", "gather*", "gathered", "multline", "multline*"), "gathered")
"""Rows that are centred; all others align. A display by itself and its inner form mean the same rows."""
_CONDITION = re.compile(r"\s*(?:if|for|when|where|whenever|provided|in case)\b[\s:]*", re.IGNORECASE)
_REST = re.compile(r"[\s,]*(?:otherwise|else|in all other cases|elsewhere)[\s.,]*", re.IGNORECASE)


def rows(parser: Parser) -> list[Node]:
    """The lines up to the end of the group; empty ones are dropped."""
    found: list[Node] = []
    while True:
        row = parser.row()
        if row is not None:
            found.append(row)
        if parser.token.kind != "row":
            return found
        parser.take()


def environment(parser: Parser, token: Token, first: int) -> Node:
    """The environment whose `\\begin` has just been read."""
    name = token.text
    outer = parser.in_script, parser.differentials
    parser.in_script, parser.differentials = 0, False
    if name in ALIGNMENTS:
        if name.startswith("align") and name.endswith(("at", "at*")) and parser.token.kind == "group":
            parser.at = parser.partner[parser.at] + 1  # the number of columns
        lines = rows(parser)
        _finish(parser, name, token)
        if not lines:
            raise MalformedNotation(f"{name} without a formula", token.start)
        node: Node = Rows(_INNER.get(name, "aligned"), tuple(lines), span=parser.span(first))
        node = lines[0] if name in _WHOLE and len(lines) == 1 else node
    elif name in CASES:
        node = _cases(parser, token, first)
    elif name in GRIDS:
        if name in ("array", "subarray") and parser.token.kind == "group":
            parser.at = parser.partner[parser.at] + 1  # the columns' alignment
        grid = _grid(parser)
        _finish(parser, name, token)
        node = Matrix(name, tuple(tuple(row) for row in grid), span=parser.span(first))
    else:
        raise UnsupportedNotation(f"the environment {name} is not known", token.start)
    parser.in_script, parser.differentials = outer
    return node


def _finish(parser: Parser, name: str, token: Token) -> None:
    if parser.token.kind != "finish" or parser.token.text != name:
        raise MalformedNotation(f"\\begin{{{name}}} is not ended", token.start)
    parser.take()


def _grid(parser: Parser) -> list[list[Node]]:
    grid: list[list[Node]] = []
    row: list[Node] = []
    empty = True
    while True:
        kind = parser.token.kind
        if kind in ("amp", "row", "finish", "end"):
            if kind == "amp" or row or not empty:
                row.append(Text("", span=(parser.token.start, parser.token.start))) if empty else None
            if kind != "amp" and row:
                grid.append(row)
                row = []
            empty = True
            if kind in ("finish", "end"):
                return grid
            parser.take()
        else:
            row.append(parser.statement())
            empty = False


def _cases(parser: Parser, token: Token, first: int) -> Node:
    branches: list[tuple[Node, Node | None]] = []
    for row in _grid(parser):
        if len(row) > 2:
            raise MalformedNotation("a case of more than two columns", row[2].span[0])
        branches.append((row[0], _condition(row[1]) if len(row) == 2 else None))
    _finish(parser, token.text, token)
    if not branches:
        raise MalformedNotation("cases without a case", token.start)
    return Cases(tuple(branches), span=parser.span(first))


def _condition(node: Node) -> Node | None:
    if isinstance(node, Text | Word):
        return None if _REST.fullmatch(node.text) or not node.text else node
    if isinstance(node, Sequence) and isinstance(node.items[0], Text):
        prose = _CONDITION.fullmatch(node.items[0].text)
        if prose is None:
            return node
        if len(node.items) == 2:
            return node.items[1]
        return Sequence(node.items[1:], node.separators[1:], span=node.span)
    return node
