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
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

from derive.algebra.functions import KNOWN, NOTATION, PI
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
    transform,
    walk,
)
from derive.meaning.naming import rebuilt, written
from derive.meaning.naming import walk as nodes
from derive.meaning.scope import Vocabulary
from derive.notation.latex import write_latex
from derive.notation.tree import (
    Applied,
    Fenced,
    Node,
    Number,
    Product,
    Root,
    Scripted,
    Sequence,
    Sum,
    Symbol,
    Word,
)
from derive.notation.tree import Fraction as FractionNode

# Letters that mean nothing of their own to latex2sympy2: not d, e, i, I, T.
_NAME_LETTERS = "xyzabcpqrstuvw"
_FUNCTION_LETTERS = "fghFGH"
_MOST_SIGNS = 120
_MOST_DEPTH = 8
_MOST_CALLS = 4
"""Its parser goes back over a function's argument for every product around it: twelve take ten seconds, four half of one."""
_COMMANDS = frozenset({"exp", "log", "ln", "sin", "cos", "tanh", "max", "min"})
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
    if asked is None or not available():
        return None
    theirs = _second_reading(asked)
    if theirs is None or theirs is asked.term:
        return None
    return _difference(asked.term, theirs, bodies or {})


@dataclass(frozen=True)
class Question:
    """A right side as latex2sympy2 gets it: its LaTeX in plain letters, and what each letter stands for."""

    latex: str
    term: Term
    letters: Mapping[str, Name]
    functions: Mapping[str, str]


def question(tree: Node, term: Term, vocabulary: Vocabulary, parameter: Name | None = None) -> Question | None:
    """What to ask of a right side; None for what the second reader does not know, or is known to misread.

    It imports nothing, so it also tells whether loading the second reader is worth it.
    """
    if parameter is not None:
        term = transform(term, lambda node: Entry(parameter) if isinstance(node, Arg) else None)
    if not all(isinstance(node, _SCALAR) for node in walk(term)):
        return None
    if any(isinstance(node, Entry) and node.indices for node in walk(term)):
        return None
    if any(isinstance(node, Fun) and node.order for node in walk(term)):
        return None
    mask = _Mask(vocabulary, frozenset(node.name for node in walk(term) if isinstance(node, Entry)))
    try:
        latex = write_latex(mask.masked(tree, 0))
    except _NotCompared:
        return None
    if len(re.findall(r"\\[A-Za-z]+|\S", latex)) > _MOST_SIGNS or mask.calls > _MOST_CALLS:
        return None
    return Question(latex, term, mask.letters(), mask.functions())


_SCALAR = (Num, Entry, Add, Mul, Pow, Fun, Positive)


class _NotCompared(Exception):
    """A part that latex2sympy2 does not know, or misreads."""


@dataclass
class _Mask:
    """Trees with plain letters for names, given out in the order in which they come."""

    vocabulary: Vocabulary
    names: frozenset[Name]
    calls: int = 0
    _letters: dict[Name, str] = field(default_factory=dict)
    _heads: dict[str, str] = field(default_factory=dict)

    def letters(self) -> Mapping[str, Name]:
        return {letter: name for name, letter in self._letters.items()}

    def functions(self) -> Mapping[str, str]:
        """What the letter of each function stands for, as terms name it."""
        return {letter: self.vocabulary.functions.get(head, head) for head, letter in self._heads.items()}

    def masked(self, node: Node, depth: int) -> Node:
        if depth > _MOST_DEPTH:
            raise _NotCompared
        letter = self._name(node)
        if letter is not None:
            return letter
        deeper = depth + 1
        match node:
            case Number() | Symbol(text=r"e" | r"\pi"):
                return node
            case Fenced(left="(" | "[", body=body):
                return Fenced("(", self.masked(body, deeper), ")")
            case Fenced(left="|", body=body, right="|"):
                return Fenced("|", self.masked(body, deeper), "|")
            case Sum(terms=terms) if all(sign in "+-" for sign, _ in terms):
                return Sum(tuple((sign, self.masked(term, depth)) for sign, term in terms))
            case Product():
                return self._product(node, depth)
            case FractionNode(numerator=above, denominator=below):
                return FractionNode(self.masked(above, deeper), self.masked(below, deeper))
            case Root(body=body, degree=None | Number() as degree):
                return Root(self.masked(body, deeper), degree)
            case Scripted(base=base, sub=None, sup=Node() as sup, primes=0):
                return Scripted(self.masked(base, depth), sup=self._exponent(sup, deeper))
            case Applied(function=function, argument=argument):
                self.calls += 1
                return Applied(self._command(function), self._argument(function, argument, deeper))
            case _:
                raise _NotCompared

    def _name(self, node: Node) -> Node | None:
        """The letter of a name, with its power where it carries one; None where the node is no name of the term."""
        found = written(node, self.vocabulary.subscripted, self.vocabulary.layered)
        if found is None or found.name not in self.names or found.entries or found.transposed or found.primes:
            return None
        letter = Symbol(_next(self._letters, found.name, _NAME_LETTERS))
        return letter if found.power is None else Scripted(letter, sup=self._exponent(found.power, 1))

    def _exponent(self, node: Node, depth: int) -> Node:
        if isinstance(node, Fenced):  # `W^{(2)}` is a layer or a power by the page's names, which it does not know
            raise _NotCompared
        return self.masked(node, depth)

    def _product(self, node: Product, depth: int) -> Node:
        """A product, its function calls by letters, with a dot where a letter before a parenthesis is a factor."""
        factors: list[tuple[str, Node]] = []
        place = 0
        while place < len(node.factors):
            sign, factor = node.factors[place]
            following = node.factors[place + 1] if place + 1 < len(node.factors) else ("end", factor)
            if sign not in ("", r"\cdot", r"\times", "*", "/"):
                raise _NotCompared
            if sign == "/" and following[0] == "":  # `1/2 x` it reads as `1/(2 x)`
                raise _NotCompared
            head = self._head(factor) if following[0] == "" and isinstance(following[1], Fenced) else None
            if head is not None:
                argument = self.masked(following[1], depth + 1)
                if not isinstance(argument, Fenced) or not isinstance(argument.body, Symbol):
                    raise _NotCompared  # `f(x + y)` it reads as f times x + y
                factors.append((sign, Product((("", head), ("", argument)))))
                place += 2
                continue
            masked = self.masked(factor, depth)
            touching = factors and isinstance(masked, Fenced) and isinstance(factors[-1][1], Symbol)
            factors.append((r"\cdot" if sign == "" and touching else sign, masked))
            place += 1
        flat: list[tuple[str, Node]] = []
        for sign, factor in factors:
            inner = factor.factors if isinstance(factor, Product) else (("", factor),)
            flat += [(sign if not number else own, part) for number, (own, part) in enumerate(inner)]
        return Product(tuple(flat))

    def _head(self, node: Node) -> Node | None:
        """The letter of a function that the page calls by a letter."""
        found = written(node)
        if found is None or found.name in self.names or found.power is not None or found.primes:
            return None
        head = repr(found.name)
        return Symbol(_next(self._heads, head, _FUNCTION_LETTERS)) if head in self.vocabulary.functions else None

    def _command(self, node: Node) -> Node:
        match node:
            case Word(text=text) if text in _COMMANDS:
                return Word("ln") if NOTATION.get(text) == "log" else node
            case Scripted(base=Word() as base, sub=None, sup=Number(text=text) as sup, primes=0) if text.isdigit():
                return Scripted(self._command(base), sup=sup)
            case _:
                raise _NotCompared

    def _argument(self, function: Node, node: Node, depth: int) -> Node:
        several = function in (Word("max"), Word("min"))
        match node:
            case Fenced(body=Sequence(items=items, separators=separators)) if several and set(separators) == {","}:
                masked = tuple(_starred(self.masked(item, depth)) for item in items)
                if any(isinstance(part, Symbol) and part.text in _FUNCTION_LETTERS for part in nodes(masked)):
                    raise _NotCompared  # a call of the page's function, which the star has torn apart
                return Fenced("(", Sequence(masked, separators), ")")
            case _ if several:
                raise _NotCompared
            case _:
                return self.masked(node, depth)


def _starred(node: Node) -> Node:
    r"""An argument of several with a star for every product: of these it drops the spaces, and `\cdot x` becomes `\cdotx`."""

    def star(part: object) -> object:
        if isinstance(part, tuple):
            return tuple(map(star, part))
        return _starred(part) if isinstance(part, Node) else part

    inside = rebuilt(node, star)
    if not isinstance(inside, Product):
        return inside
    starred = (
        (sign if sign == "/" or not place else "*", factor) for place, (sign, factor) in enumerate(inside.factors)
    )
    return Product(tuple(starred))


def _next(given: dict[Any, str], what: object, letters: str) -> str:
    if what not in given:
        if len(given) == len(letters):
            raise _NotCompared
        given[what] = letters[len(given)]
    return given[what]


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
    except _NotCompared:
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
                raise _NotCompared
            return power(base, exponent.value)
        case "log":
            argument, *bases = parts()
            if bases and bases[0] is not Fun("exp", 0, ONE):
                raise _NotCompared
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
    raise _NotCompared


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
