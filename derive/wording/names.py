"""Names, functions and sizes as the page writes them."""

from __future__ import annotations

from functools import lru_cache

from derive.algebra.functions import KNOWN
from derive.algebra.terms import Index, Level, Name, Size
from derive.notation.errors import NotationError
from derive.notation.parser import parse
from derive.notation.tree import Fenced, Node, Number, Product, Scripted, Sum, Symbol, Word
from derive.theory import Spelling, Theory


@lru_cache(maxsize=1024)
def base_of(latex: str) -> Node:
    r"""A base letter with its fonts and accents: `\hat{y}`, `J_{\mathrm{MLE}}`. What is no formula is a word."""
    try:
        return parse(latex)
    except NotationError:
        return Word(latex)


def name_of(theory: Theory, name: Name, entries: tuple[Index, ...] = ()) -> Node:
    """A quantity, or the entry of one."""
    spelling = theory.spellings.get(name.base, Spelling(name.base, "(2)" if name.levels else ""))
    node = base_of(spelling.latex)
    base, sub = (node.base, node.sub) if isinstance(node, Scripted) and node.sup is None else (node, None)
    if isinstance(node, Scripted) and node.sup is not None:
        base, sub = node, None
    sup: Node | None = None
    if name.levels:
        level = _levels(name.levels)
        style = spelling.level or "(2)"
        if style.startswith("_"):
            sub = _bracketed(style[1:], level)
        else:
            sup = _bracketed(style, level)
    if entries:
        letters: list[Node] = [Symbol(index.label) for index in entries]
        below = letters[0] if len(letters) == 1 else Product(tuple(("", letter) for letter in letters))
        if sub is not None:
            return Scripted(Scripted(base, sub, sup), sub=below)
        sub = below
    return base if sub is None and sup is None else Scripted(base, sub, sup)


def _levels(levels: tuple[Level, ...]) -> Node:
    nodes = [_level(level) for level in levels]
    return nodes[0] if len(nodes) == 1 else Product(tuple(("", Fenced("(", node, ")")) for node in nodes))


def _level(level: Level) -> Node:
    if not level.letter:
        return Number(str(level.offset))
    letter = Symbol(level.letter)
    if not level.offset:
        return letter
    return Sum((("+", letter), ("+" if level.offset > 0 else "-", Number(str(abs(level.offset))))))


def _bracketed(style: str, level: Node) -> Node:
    if style.startswith("("):
        return Fenced("(", level, ")")
    return Fenced("[", level, "]") if style.startswith("[") else level


def function_of(theory: Theory, function: str) -> Node:
    """The letter or word of a function: the page's own, else the usual one."""
    for own in theory.functions.values():
        if own.known == function and own.name != function:
            return _function_word(own.name)
    if function in theory.functions and function not in KNOWN:
        return _function_word(function)
    return _WORDS.get(function, Word(function))


_WORDS: dict[str, Node] = {"relu": Word("ReLU"), "identity": Word("id")}


def _function_word(latex: str) -> Node:
    return base_of(latex)


def size_of(length: Size) -> Node:
    """A size: its number, or the letter that the page has for it."""
    if length.value is not None:
        return Number(str(length.value))
    base, _, place = length.name.partition("@")
    return Scripted(base_of(base), base_of(place)) if place else base_of(length.name)
