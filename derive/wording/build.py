"""Formulas put together: nodes with how tightly they hold, so that parentheses stand where they are needed and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction as Rational

from derive.notation.tree import (
    Accented,
    Applied,
    BigOperator,
    Fenced,
    Fraction,
    Node,
    Number,
    Product,
    Root,
    Scripted,
    Styled,
    Sum,
    Symbol,
    Word,
)


class Bond(IntEnum):
    """How tightly an expression holds together, from loose to tight."""

    SUM = 0
    HADAMARD = 1
    PRODUCT = 2
    ATOM = 3


@dataclass(frozen=True)
class Piece:
    """A node and its bond. `signed` says that a minus stands in front, which `node` does not show."""

    node: Node
    bond: Bond = Bond.ATOM
    signed: bool = False


TOP = Symbol(r"\top")
ONES = Styled("bold", Symbol("1"))


def fence(node: Node, left: str = "(", right: str = ")") -> Piece:
    return Piece(Fenced(left, node, right))


def whole(piece: Piece) -> Node:
    """The piece as a formula by itself, its sign in front."""
    return Sum((("-", piece.node),)) if piece.signed else piece.node


def tight(piece: Piece, bond: Bond) -> Piece:
    """The piece, in parentheses where it holds less tightly than asked."""
    return fence(whole(piece)) if piece.signed or piece.bond < bond else piece


def number(value: Rational) -> Piece:
    """
    >>> number(Rational(-1, 2))
    Piece(node=Fraction(numerator=Number(text='1'), denominator=Number(text='2')), bond=<Bond.ATOM: 3>, signed=True)
    """
    top, bottom = Number(str(abs(value.numerator))), Number(str(value.denominator))
    return Piece(top if value.denominator == 1 else Fraction(top, bottom), signed=value < 0)


def negative(piece: Piece) -> Piece:
    """With the opposite sign; a sum changes all of its signs: `y - a` for minus `a - y`."""
    if piece.bond is Bond.SUM and isinstance(piece.node, Sum) and not piece.signed:
        return Piece(_ordered([("+" if sign == "-" else "-", term) for sign, term in piece.node.terms]), Bond.SUM)
    if piece.bond is Bond.SUM:
        piece = fence(whole(piece))
    return Piece(piece.node, piece.bond, not piece.signed)


def total_of(pieces: Iterable[Piece]) -> Piece:
    """A sum. What is added comes before what is taken away, and a number before the rest: `1 - a`, never `-a + 1`."""
    given = list(pieces)
    if len(given) == 1:
        return given[0]
    terms: list[tuple[str, Node]] = []
    for piece in given:
        if piece.bond is Bond.SUM and not piece.signed and isinstance(piece.node, Sum):
            terms.extend(piece.node.terms)
        else:
            shown = fence(piece.node).node if piece.bond is Bond.SUM else piece.node
            terms.append(("-" if piece.signed else "+", shown))
    return Piece(_ordered(terms), Bond.SUM)


def _ordered(terms: list[tuple[str, Node]]) -> Sum:
    return Sum(tuple(sorted(terms, key=lambda term: (term[0] == "-", not isinstance(term[1], Number)))))


def product(pieces: Iterable[Piece], sign: str = "") -> Piece:
    r"""A product, of juxtaposed factors or of factors with a sign such as `\odot` between them. Signs go to the front."""
    bond = Bond.HADAMARD if sign in (r"\odot", r"\oslash") else Bond.PRODUCT
    given = list(pieces)
    if len(given) == 1:
        return given[0]
    signed = sum(piece.signed for piece in given) % 2 == 1
    factors: list[tuple[str, Node]] = []
    for place, piece in enumerate(given):
        bare = Piece(piece.node, piece.bond)
        if _open(bare.node) and place + 1 < len(given):
            bare = fence(bare.node)
        called = bare.bond is Bond.ATOM
        flat = called or (bare.bond is bond and (bond is Bond.PRODUCT or sign == r"\odot"))
        if isinstance(bare.node, Product) and flat:
            first, *rest = bare.node.factors
            factors += [(_sign(sign, factors, first[1]), first[1]), *rest]
            continue
        # A matrix product inside an entrywise one holds together for TeX, but not for the reader's eye.
        bare = tight(bare, Bond.ATOM if bond is Bond.HADAMARD else Bond.PRODUCT)
        factors.append((_sign(sign, factors, bare.node), bare.node))
    return Piece(Product(tuple(factors)), bond, signed)


def _open(node: Node) -> bool:
    """Whether a node would take what is set after it for its own: a sum, or `\\log p` without parentheses."""
    match node:
        case BigOperator():
            return True
        case Applied(argument=argument):
            return not isinstance(argument, Fenced)
        case Product(factors=(*_, (_, last))):
            return _open(last)
        case _:
            return False


def _sign(sign: str, factors: list[tuple[str, Node]], node: Node) -> str:
    """Two numbers side by side would read as one; after a letter, a fence would read as the argument of a function."""
    if not factors:
        return ""
    before = factors[-1][1]
    if not sign and isinstance(node, Number | Fraction) and isinstance(before, Number | Fraction):
        return r"\cdot"
    if not sign and isinstance(node, Fenced) and isinstance(before, Symbol | Styled | Word):
        return r"\cdot"
    return sign


def quotient(top: Piece, bottom: Piece) -> Piece:
    return Piece(Fraction(top.node, whole(bottom)), Bond.PRODUCT, top.signed)


def transposed(piece: Piece) -> Piece:
    """A single letter takes the sign of transposition as it is; what has a superscript or is longer, in parentheses."""
    if isinstance(piece.node, Scripted) and piece.node.sup == TOP and not piece.signed:
        return _untransposed(piece.node)
    bare = isinstance(piece.node, Symbol | Styled | Word | Accented) or (
        isinstance(piece.node, Scripted) and piece.node.sup is None and not piece.node.primes
    )
    base = piece.node if bare and not piece.signed else Fenced("(", whole(piece), ")")
    if isinstance(piece.node, Fenced) and piece.bond is Bond.ATOM and not piece.signed:
        base = piece.node
    return Piece(raised(base, TOP))


def _untransposed(node: Scripted) -> Piece:
    if isinstance(node.base, Fenced):
        return of(node.base.body)
    return Piece(Scripted(node.base, node.sub) if node.sub is not None else node.base)


def of(node: Node) -> Piece:
    """A node as a piece: how tightly it holds is seen from what it is."""
    match node:
        case Sum():
            return Piece(node, Bond.SUM)
        case Product(factors=factors):
            entrywise = any(sign in (r"\odot", r"\oslash") for sign, _ in factors)
            return Piece(node, Bond.HADAMARD if entrywise else Bond.PRODUCT)
        case _:
            return Piece(node)


def raised(base: Node, exponent: Node) -> Node:
    if isinstance(base, Scripted) and base.sup is None and not base.primes:
        return Scripted(base.base, base.sub, exponent)
    return Scripted(base, sup=exponent)


def rooted(piece: Piece) -> Piece:
    """The square root, of an array that of every entry."""
    return Piece(Root(whole(piece)))


def powered(base: Piece, exponent: Rational) -> Piece:
    """A scalar to a positive power."""
    if exponent == Rational(1, 2):
        return rooted(base)
    if exponent == 1:
        return base
    simple = isinstance(base.node, Symbol | Styled | Accented) or (
        isinstance(base.node, Number) and len(base.node.text) == 1
    )
    simple = simple or (isinstance(base.node, Scripted) and base.node.sup is None and not base.node.primes)
    body = base.node if simple and not base.signed else fence(whole(base)).node
    return Piece(raised(body, whole(number(exponent))))


def exponential(argument: Piece) -> Piece:
    """`e^{-x}`, as scalars have it."""
    return Piece(Scripted(Symbol("e"), sup=whole(argument)))


def called(function: Node, argument: Piece) -> Piece:
    r"""A function at an argument: `\sigma(z)`, and `\log p` without parentheses where TeX authors leave them out."""
    named = function.base if isinstance(function, Scripted) else function
    inside = whole(argument)
    if not isinstance(named, Word):
        return Piece(Product((("", function), ("", Fenced("(", inside, ")")))))
    plain = named.text == "log" and isinstance(inside, Symbol | Scripted | Styled | Accented)
    return Piece(Applied(function, inside if plain else Fenced("(", inside, ")")))
