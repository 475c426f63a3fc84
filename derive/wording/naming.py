r"""Names, functions, sizes and derivatives as a document writes them.

>>> from derive.algebra.names import Level, Name
>>> from derive.network import network
>>> from derive.notation.latex import write_latex
>>> theory = network(sizes=("n", 3))
>>> W1 = Name("W", (Level("", 1),))
>>> write_latex(partial(theory, Name("L"), W1))
'\\frac{\\partial L}{\\partial W^{(1)}}'
>>> shape(theory, W1)
'3 × n'
"""

from __future__ import annotations

import re
from functools import lru_cache

from derive.algebra.functions import KNOWN
from derive.algebra.names import Level, Name, Size, level_from
from derive.algebra.steps import STEPS
from derive.notation.errors import NotationError
from derive.notation.parser import parse
from derive.notation.tree import Derivative, Fenced, Node, Number, Product, Scripted, Sum, Symbol, Word
from derive.theory import Spelling, Theory

_LEVELS = re.compile(r"\^\(([^()]*)\)")


@lru_cache(maxsize=1000)
def letter(latex: str) -> Node:
    """A base letter with its fonts and accents; what is no formula becomes a word."""
    try:
        return parse(latex)
    except NotationError:
        return Word(latex)


def name(theory: Theory, name: Name) -> Node:
    r"""A quantity as the document writes it: `W^{(2)}`, `z^{[l]}`, `\hat{y}`.

    >>> from derive.network import network
    >>> name(network(), Name("W", (Level("", 2),)))
    Scripted(base=Symbol(text='W'), sub=None, sup=Fenced(left='(', body=Number(text='2'), right=')'), primes=0)
    """
    spelling = theory.spellings.get(name.base, Spelling(name.base))
    latex = spelling.latex if spelling.latex == name.base else name.base
    return _at_levels(letter(latex), tuple(map(level, name.levels)), spelling.level)


def _at_levels(base: Node, levels: tuple[Node, ...], style: str) -> Node:
    if not levels:
        return base
    fence = "[]" if "[" in style else "()" if "(" in style or len(levels) > 1 or not style else ""
    marks = tuple(Fenced(fence[0], mark, fence[1]) if fence else mark for mark in levels)
    whole = marks[0] if len(marks) == 1 else Product(tuple(("", mark) for mark in marks))
    if style.startswith("_"):
        return Scripted(base, sub=whole)
    if isinstance(base, Scripted) and not base.primes:
        sup = whole if base.sup is None else Product((("", base.sup), ("", whole)))
        return Scripted(base.base, base.sub, sup)
    return Scripted(base, sup=whole)


def level(level: Level) -> Node:
    """A layer: `2`, `l`, `l+1`."""
    if not level.letter:
        return Number(str(level.offset))
    plain = letter(level.letter)
    if not level.offset:
        return plain
    return Sum((("+", plain), ("+" if level.offset > 0 else "-", Number(str(abs(level.offset))))))


def function(theory: Theory, function: str, order: int = 0) -> Node:
    r"""A function of one number by its letter or word, with a prime for each time it is differentiated.

    What the page defines keeps its letter; a function that it only calls by its word keeps the word.
    """
    base = _function(theory, function)
    if not order:
        return base
    if isinstance(base, Scripted):
        return Scripted(base.base, base.sub, base.sup, base.primes + order)
    return Scripted(base, primes=order)


def _function(theory: Theory, function: str) -> Node:
    for key, definition in theory.functions.items():
        if function not in (definition.known, key):
            continue
        if key == definition.known and key in KNOWN:
            return letter(KNOWN[key].latex)
        base = _LEVELS.sub("", key)
        levels = tuple(letter(text) for text in _LEVELS.findall(key))
        return _at_levels(letter(base), levels, theory.spellings.get(base, Spelling(base)).level)
    if function == "pi":
        return Symbol(r"\pi")
    return Word({"relu": "ReLU"}.get(function, function))


def size(length: Size) -> Node:
    """A size as a formula: `2`, `n_1`, `n_{l-1}`."""
    if length.summands:
        return Sum(tuple(("+", size(part)) for part in length.summands))
    base, _, place = length.name.partition("@")
    if base == STEPS:
        return level(level_from(place))
    found = letter(base)
    if place:
        below = letter(place)
        return Scripted(found.base, found.sub, below) if isinstance(found, Scripted) else Scripted(found, below)
    return found


def shape(theory: Theory, name: Name) -> str:
    """A quantity's shape in plain text: `2 × 3`, `n_1 × 1` for a column, `1 × n` for a row, `scalar`.

    Raises:
        KeyError: the theory has no such quantity.
    """
    definition, symbol = theory.definition(name), theory.symbol(name)
    if definition is not None:
        lengths, row = definition.value.shape, definition.value.row
    elif symbol is not None:
        lengths, row = symbol.shape, symbol.row
    else:
        raise KeyError(f"no quantity {name!r}")
    shown = [_plain(length) for length in lengths]
    if not shown:
        return "scalar"
    if len(shown) == 1:
        shown.insert(0 if row else 1, "1")
    return " × ".join(shown)


def _plain(length: Size) -> str:
    base, _, place = length.name.partition("@")
    return f"{base}_{{{place}}}" if len(place) > 1 else f"{base}_{place}" if place else base


def partial(theory: Theory, of: Name, by: Name) -> Node:
    r"""The sign of a derivative: `\frac{\partial L}{\partial W^{(2)}}`."""
    return derivative(name(theory, of), name(theory, by))


def derivative(of: Node, by: Node) -> Derivative:
    return Derivative(r"\partial", of, (by,))
