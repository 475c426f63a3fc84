"""Python source in coloured pieces, for the writers that have no highlighter of their own."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Iterator
from typing import Literal

Kind = Literal["", "keyword", "name", "number", "string", "comment"]
Piece = tuple[Kind, str]


def lines(source: str) -> Iterator[tuple[Piece, ...]]:
    r"""The pieces of each line; put together they are the source.

    >>> list(lines("def f(x):\n    return 2"))[0]
    (('keyword', 'def'), ('', ' '), ('name', 'f'), ('', '(x):'))
    """
    text = source.splitlines()
    kinds: list[list[Kind]] = [[""] * len(line) for line in text]
    for (row, column), (end_row, end_column), kind in _kinds(source):
        for line in range(row, end_row + 1):
            start = column if line == row else 0
            stop = end_column if line == end_row else len(text[line - 1])
            kinds[line - 1][start:stop] = [kind] * (stop - start)
    for line_text, line_kinds in zip(text, kinds, strict=True):
        pieces: list[Piece] = []
        for character, kind in zip(line_text, line_kinds, strict=True):
            if pieces and pieces[-1][0] == kind:
                pieces[-1] = (kind, pieces[-1][1] + character)
            else:
                pieces.append((kind, character))
        yield tuple(pieces)


def _kinds(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int], Kind]]:
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and keyword.iskeyword(token.string):
            yield token.start, token.end, "keyword"
        elif token.type == tokenize.NAME and before in ("def", "class"):
            yield token.start, token.end, "name"
        elif token.type == tokenize.NUMBER:
            yield token.start, token.end, "number"
        elif token.type == tokenize.STRING:
            yield token.start, token.end, "string"
        elif token.type == tokenize.COMMENT:
            yield token.start, token.end, "comment"
        before = token.string
