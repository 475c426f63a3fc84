"""What the second reader is asked: a right side in plain letters, masked from all that it is known to misread.

Nothing here imports it, so that it is loaded only for what has to be asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from derive.algebra.functions import NOTATION
from derive.algebra.names import Name
from derive.algebra.terms import (
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
_FACTOR = re.compile(rf"\\cdot |([{_FUNCTION_LETTERS}])\(([{_NAME_LETTERS}])\)|([{_NAME_LETTERS}])|(\d+)| ")
_SIGNED = re.compile(r"([+-]?)([^+-]+)")


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
    except NotCompared:
        return None
    if len(re.findall(r"\\[A-Za-z]+|\S", latex)) > _MOST_SIGNS or mask.calls > _MOST_CALLS:
        return None
    return Question(latex, term, mask.letters(), mask.functions())


_SCALAR = (Num, Entry, Add, Mul, Pow, Fun, Positive)


class NotCompared(Exception):
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
            raise NotCompared
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
                raise NotCompared

    def _name(self, node: Node) -> Node | None:
        """The letter of a name, with its power where it carries one; None where the node is no name of the term."""
        found = written(node, self.vocabulary.subscripted, self.vocabulary.layered)
        if found is None or found.name not in self.names or found.entries or found.transposed or found.primes:
            return None
        letter = Symbol(_next(self._letters, found.name, _NAME_LETTERS))
        return letter if found.power is None else Scripted(letter, sup=self._exponent(found.power, 1))

    def _exponent(self, node: Node, depth: int) -> Node:
        if isinstance(node, Fenced):  # `W^{(2)}` is a layer or a power by the page's names, which it does not know
            raise NotCompared
        return self.masked(node, depth)

    def _product(self, node: Product, depth: int) -> Node:
        """A product, its function calls by letters, with a dot where a letter before a parenthesis is a factor."""
        factors: list[tuple[str, Node]] = []
        place = 0
        while place < len(node.factors):
            sign, factor = node.factors[place]
            following = node.factors[place + 1] if place + 1 < len(node.factors) else ("end", factor)
            if sign not in ("", r"\cdot", r"\times", "*", "/"):
                raise NotCompared
            if sign == "/" and following[0] == "":  # `1/2 x` it reads as `1/(2 x)`
                raise NotCompared
            head = self._head(factor) if following[0] == "" and isinstance(following[1], Fenced) else None
            if head is not None:
                argument = self.masked(following[1], depth + 1)
                if not isinstance(argument, Fenced) or not isinstance(argument.body, Symbol):
                    raise NotCompared  # `f(x + y)` it reads as f times x + y
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
                raise NotCompared

    def _argument(self, function: Node, node: Node, depth: int) -> Node:
        several = function in (Word("max"), Word("min"))
        match node:
            case Fenced(body=Sequence(items=items, separators=separators)) if several and set(separators) == {","}:
                masked = tuple(_starred(self.masked(item, depth)) for item in items)
                if any(isinstance(part, Symbol) and part.text in _FUNCTION_LETTERS for part in nodes(masked)):
                    raise NotCompared  # a call of the page's function, which the star has torn apart
                return Fenced("(", Sequence(masked, separators), ")")
            case _ if several:
                raise NotCompared
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
            raise NotCompared
        given[what] = letters[len(given)]
    return given[what]


def plainly_read(asked: Question) -> Term | None:
    """A sum of products of letters, numbers and functions of a letter, `x + y` or `x f(x)`, read sign by sign: there is one way to
    read it, so where this is our reading too, the second reader need not be loaded."""
    terms: list[Term] = []
    done = 0
    for signed in _SIGNED.finditer(asked.latex):
        if signed.start() != done:
            return None
        done, at = signed.end(), signed.start(2)
        factors: list[Term] = []
        while at < done:
            found = _FACTOR.match(asked.latex, at, done)
            if found is None:
                return None
            at = found.end()
            function, argument, letter, digits = found.groups()
            if function:
                factors.append(Fun(asked.functions[function], 0, Entry(asked.letters[argument])))
            elif letter:
                factors.append(Entry(asked.letters[letter]))
            elif digits:
                factors.append(num(int(digits)))
        if not factors:
            return None
        terms.append(mul(*factors) if signed[1] != "-" else neg(mul(*factors)))
    return add(*terms) if done == len(asked.latex) else None
