r"""The second reader: latex2sympy2 reads scalar closed forms once more, and where it reads another value, nobody judges.

It reads activations and losses of numbers well. What it is known to misread never reaches it: `\log` is written `\ln` for it
(its `\log` is to base ten), names with layers are masked by plain letters (it takes the layer for a power), a letter before a
parenthesis gets a dot where the page's names make it a factor (it takes every such letter for a function), and transposes,
norms, cases, sums with indices, derivatives, equations, fractions with a slash before a product, and the page's own functions
of anything but a letter are not compared at all.

It imports SymPy, which takes longer than a check does, so it is loaded for what cannot be confirmed otherwise, and what it
would not be asked is found out before. It does not import on Python 3.13 and later; there nothing is compared.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

from derive.algebra.functions import KNOWN, PI
from derive.algebra.names import Name
from derive.algebra.terms import (
    ONE,
    Add,
    Arg,
    Entry,
    Fun,
    Mul,
    Num,
    Positive,
    Pow,
    Term,
    add,
    mul,
    neg,
    num,
    power,
    sub,
    walk,
)
from derive.meaning.question import NotCompared, Question, plainly_read, question
from derive.meaning.scope import Vocabulary
from derive.notation.tree import Node

_POINTS = 5
_DIGITS = 30
_NOISE = Fraction(1, 10**20)
_LARGEST = 10_000
r"""The largest argument and exponent at which values are computed: `\exp(\exp(\exp(x)))` must not fill the memory."""


@dataclass(frozen=True)
class Disagreement:
    """Two readings of one right side, and their values where they differ."""

    ours: str
    theirs: str
    at: Mapping[str, str]
    values: tuple[str, str]

    @property
    def reason(self) -> str:
        """What to say of a statement that has two readings."""
        where = ", ".join(f"{name} = {value}" for name, value in self.at.items())
        return (
            f"two readers disagree on it: gradproof reads {self.ours}, latex2sympy2 reads {self.theirs} "
            f"({self.values[0]} and {self.values[1]}{' at ' + where if where else ''})"
        )


def available() -> bool:
    """Whether latex2sympy2 is there; it is not imported to find out."""
    return sys.version_info < (3, 13) and find_spec("latex2sympy2") is not None


def agree(
    tree: Node,
    term: Term,
    vocabulary: Vocabulary | None = None,
    parameter: Name | None = None,
    bodies: Mapping[str, Term] | None = None,
) -> Disagreement | None:
    r"""How the second reader disagrees with the reading `term` of a right side; None where it does not, or was not asked.

    Args:
        tree: the right side, as written.
        term: how it was read; scalar, over entries without indices.
        vocabulary: the page's, which tells names and functions.
        parameter: what `Arg(0)` is called, where `term` is the body of a function.
        bodies: the bodies of functions that the page defines.

    >>> from derive.notation.parser import parse
    >>> a, b = Entry(Name("a")), Entry(Name("b"))
    >>> agree(parse(r"\ln a + b"), add(Fun("log", 0, a), b))
    >>> agree(parse(r"\ln a + b"), Fun("log", 0, add(a, b))).theirs if available() else "(log(a) + b)"
    '(log(a) + b)'
    """
    asked = question(tree, term, Vocabulary() if vocabulary is None else vocabulary, parameter)
    if asked is None or plainly_read(asked) is asked.term or not available():
        return None
    theirs = _second_reading(asked)
    if theirs is None or theirs is asked.term:
        return None
    return _difference(asked.term, theirs, bodies or {})


# Their reading as a term -----------------------------------------------------------------------------------------------


@cache
def _reader() -> Callable[[str], Any] | None:
    try:
        # its parser prints when another runtime is installed, and the runtime it pins is of 2018
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from latex2sympy2 import latex2sympy
    except ImportError:
        return None
    return latex2sympy  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _expression(latex: str) -> Any:
    """What latex2sympy2 makes of LaTeX, or None: it raises whatever comes, from Exception to AttributeError."""
    read = _reader()
    if read is None:
        return None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return read(latex)
    except Exception:  # noqa: BLE001  the second reader may fail in any way; then there is no second reading
        return None


def _second_reading(asked: Question) -> Term | None:
    expression = _expression(asked.latex)
    try:
        return None if expression is None else _term(expression, asked)
    except NotCompared:
        return None


def _term(e: Any, asked: Question) -> Term:
    """A SymPy expression of numbers, letters and the functions that the second reader is asked about, as a term."""

    def parts() -> Iterator[Term]:
        return (_term(part, asked) for part in e.args)

    kind = type(e).__name__
    if getattr(e, "is_Rational", False):
        return num(Fraction(int(e.p), int(e.q)))
    if getattr(e, "is_Symbol", False) and e.name in asked.letters:
        return Entry(asked.letters[e.name])
    match kind:
        case "Pi":
            return PI
        case "Exp1":
            return Fun("exp", 0, ONE)
        case "Add":
            return add(*parts())
        case "Mul":
            return mul(*parts())
        case "Pow":
            base, exponent = parts()
            if base is Fun("exp", 0, ONE):
                return Fun("exp", 0, exponent)
            if not isinstance(exponent, Num):
                raise NotCompared
            return power(base, exponent.value)
        case "log":
            argument, *bases = parts()
            if bases and bases[0] is not Fun("exp", 0, ONE):
                raise NotCompared
            return Fun("log", 0, argument)
        case "exp" | "sin" | "cos" | "tanh":
            (argument,) = parts()
            return Fun(kind, 0, argument)
        case "Abs":
            (argument,) = parts()
            return mul(argument, sub(Positive(argument), Positive(neg(argument))))
        case "Max" | "Min":
            result, *others = parts()
            for other in others:
                larger = Positive(sub(other, result) if kind == "Max" else sub(result, other))
                result = add(result, mul(larger, sub(other, result)))
            return result
    if kind in asked.functions:
        (argument,) = parts()
        return Fun(asked.functions[kind], 0, argument)
    raise NotCompared


# Comparing ---------------------------------------------------------------------------------------------------------------


def _difference(ours: Term, theirs: Term, bodies: Mapping[str, Term]) -> Disagreement | None:
    """A point at which two terms differ by more than rounding, if one of a few does."""
    names = sorted({node.name for term in (ours, theirs) for node in walk(term) if isinstance(node, Entry)}, key=repr)
    for number in range(_POINTS):
        drawn = random.Random(f"second reading {number}")
        # Between 0 and 1 first: there logarithms of a probability and of its complement have values.
        at = {name: Fraction(drawn.randint(1, 9), 10) + (0 if number < 2 else drawn.randint(-3, 2)) for name in names}
        try:
            first, second = _Evaluation(at, bodies).value(ours), _Evaluation(at, bodies).value(theirs)
        except _NoValue:
            continue
        if abs(first - second) > _NOISE.numerator * (1 + abs(first) + abs(second)) / _NOISE.denominator:
            shown = {repr(name): str(value) for name, value in at.items()}
            return Disagreement(repr(ours), repr(theirs), shown, (_short(first), _short(second)))
    return None


def _short(value: Any) -> str:
    import mpmath

    return str(mpmath.nstr(value, 8))


class _NoValue(Exception):
    """A term has no value at a point."""


class _Evaluation:
    """Values to thirty digits; of a term's entries, those that are given."""

    def __init__(self, at: Mapping[Name, Fraction], bodies: Mapping[str, Term]) -> None:
        import mpmath

        self.mp = mpmath.mp.clone()
        self.mp.dps = _DIGITS
        self.at, self.bodies = at, bodies

    def value(self, term: Term, argument: Any = None) -> Any:
        match term:
            case Num(value=value):
                return self._number(value)
            case Entry(name=name):
                return self._number(self.at[name])
            case Arg() if argument is not None:
                return argument
            case Add(terms=terms):
                return self.mp.fsum(self.value(part, argument) for part in terms)
            case Mul(factors=factors):
                return self.mp.fprod(self.value(part, argument) for part in factors)
            case Pow(base=base, exponent=exponent):
                return self._power(self.value(base, argument), exponent)
            case Positive(argument=inside):
                return self.mp.mpf(int(self.value(inside, argument) > 0))
            case Fun(function=function, order=0, argument=inside):
                return self._function(function, self.value(inside, argument))
            case _:
                raise _NoValue

    def _number(self, value: Fraction) -> Any:
        return self.mp.mpf(value.numerator) / value.denominator

    def _power(self, base: Any, exponent: Fraction) -> Any:
        if abs(exponent) > _LARGEST or (base == 0 and exponent < 0) or (base < 0 and exponent.denominator != 1):
            raise _NoValue
        return base ** (int(exponent) if exponent.denominator == 1 else self._number(exponent))

    def _function(self, function: str, argument: Any) -> Any:
        known = KNOWN.get(function)
        if function == "pi":
            return +self.mp.pi
        if abs(argument) > _LARGEST:
            raise _NoValue
        if known is not None and known.definition is None:
            if known.domain_positive and argument <= 0:
                raise _NoValue
            return getattr(self.mp, function)(argument)
        body = self.bodies.get(function) if known is None else known.definition
        if body is None:  # a function that the page leaves general: any smooth one tells readings apart
            return argument**3 / 7 + argument**2 / 3 + 2 * argument + 1
        return self.value(body, argument)
