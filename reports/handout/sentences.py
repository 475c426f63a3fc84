"""Sentences in which names and formulas stand: what can be read as one is printed as one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derive.notation.errors import NotationError
from derive.notation.parser import parse
from derive.notation.tree import Node, Number, Product, Scripted, Symbol
from reports.handout.content import Inline, Plain, Words

_LETTER = r"(?:\\[A-Za-z]+(?:\{[\\A-Za-z]{1,30}\})?|[A-Za-z])"
_QUOTED = r"`([^`]{1,200})`|\$([^$]{1,200})\$"
_SCRIPTED = rf"(?<![\w\\{{])({_LETTER}(?:\^\([^()\s]{{1,12}}\)|_\{{?\w{{1,4}}\}}?(?![\w^]))+)"
_BY = re.compile(r"\b(\d+|[a-z](?:_\w+)?) x(?= (?:\d+|[a-z](?:_\w+)?)\b)")
"""Between the two sizes of a shape."""
_ARTICLE = re.compile(r"[aAI] (?!reaches|stands|and\b|times\b)[a-z]")
"""What looks like a name and is an English word here."""


@dataclass(frozen=True)
class Sentences:
    """Turns messages into words. `names` are the names that a theory knows, as messages write them, with their formulas."""

    names: Mapping[str, Node] = field(default_factory=dict)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        known = "|".join(re.escape(name) for name in sorted(self.names, key=len, reverse=True))
        own = rf"|(?<![\w\\{{'’-])({known})(?![\w^{{'’-])" if known else ""
        return re.compile(f"{_QUOTED}{own}|{_SCRIPTED}")

    def words(self, text: str, *, capital: bool = False) -> Words:
        r"""The sentence with its formulas.

        >>> Sentences().words("the derivative by z^(1)")[0]
        Plain(text='the derivative by ')
        """
        text = _BY.sub(r"\1 ×", text)
        found: list[Plain | Inline] = []
        at = 0
        for match in self._pattern.finditer(text):
            written = next(part for part in match.groups() if part is not None)
            tree = None if _ARTICLE.match(text, match.start()) else self._tree(written)
            if tree is None:
                continue
            if match.start() > at:
                found.append(Plain(text[at : match.start()]))
            found.append(Inline(tree))
            at = match.end()
        if at < len(text):
            found.append(Plain(text[at:]))
        if capital and found and isinstance(found[0], Plain):
            found[0] = Plain(found[0].text[:1].upper() + found[0].text[1:])
        return tuple(found)

    def _tree(self, written: str) -> Node | None:
        return self.names.get(written) or name_tree(written)


def name_tree(written: str) -> Node | None:
    """A name as the program writes it in messages (`z^(l+1)`, `n_1`), as a tree."""
    try:
        return parse(re.sub(r"\^\(([^()]*)\)", r"^{(\1)}", written))
    except NotationError:
        return None


def shape_words(text: str) -> Words:
    """A shape as messages write it, set as mathematics; other words stay words.

    >>> shape_words("number")
    (Plain(text='number'),)
    >>> len(shape_words("n_1 x 2"))
    1
    """
    parts = [_size_tree(part) for part in text.replace("×", "x").replace("@", "_").split(" x ")]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return (Plain(text.replace(" x ", " × ")),)
    if len(known) == 1:
        return (Inline(known[0]),)
    return (Inline(Product((("", known[0]), *((r"\times", part) for part in known[1:])))),)


def _size_tree(text: str) -> Node | None:
    tree = name_tree(text.strip())
    return tree if isinstance(tree, Number | Symbol | Scripted) else None
