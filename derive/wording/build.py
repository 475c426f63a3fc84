"""Formulas put together: nodes with how tightly they hold, so that parentheses stand where they are needed and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction as Rational

from derive.notation.tree import (
    Applied,
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
    if piece.bond is Bond.SUM:
        piece = fence(whole(piece))
    return Piece(piece.node, piece.bond, not piece.signed)


def total_of(pieces: Iterable[Piece]) -> Piece:
    """A sum. What is added comes before what is taken away: `1 - a`, never `-a + 1`."""
    terms: list[tuple[str, Node]] = []
    for piece in sorted(pieces, key=lambda piece: piece.signed):
        if piece.bond is Bond.SUM and not piece.signed and isinstance(piece.node, Sum):
            terms.extend(piece.node.terms)
        else:
            shown = fence(piece.node).node if piece.bond is Bond.SUM else piece.node
            terms.append(("-" if piece.signed else "+", shown))
    terms.sort(key=lambda term: term[0] == "-")
    if len(terms) == 1:
        return Piece(terms[0][1], Bond.PRODUCT, terms[0][0] == "-")
    return Piece(Sum(tuple(terms)), Bond.SUM)


def product(pieces: Iterable[Piece], sign: str = "") -> Piece:
    r"""A product, of juxtaposed factors or of factors with a sign such as `\odot` between them. Signs go to the front."""
    bond = Bond.HADAMARD if sign in (r"\odot", r"\oslash") else Bond.PRODUCT
    factors: list[tuple[str, Node]] = []
    signed = False
    for piece in pieces:
        signed ^= piece.signed
        bare = Piece(piece.node, piece.bond)
        if bare.bond is bond and isinstance(bare.node, Product) and (bond is Bond.PRODUCT or sign == r"\odot"):
            first, *rest = bare.node.factors
            factors += [(sign if factors else "", first[1]), *rest]
            continue
        # A matrix product inside an entrywise one holds together for TeX, but not for the reader's eye.
        bare = tight(bare, Bond.ATOM if bond is Bond.HADAMARD else Bond.PRODUCT)
        factors.append((_sign(sign, factors, bare.node), bare.node))
    if len(factors) == 1:
        return Piece(factors[0][1], Bond.PRODUCT, signed)
    return Piece(Product(tuple(factors)), bond, signed)


def _sign(sign: str, factors: list[tuple[str, Node]], node: Node) -> str:
    """Two numbers side by side would read as one; after a letter, a fence would read as the argument of a function."""
    if not factors:
        return ""
    if not sign and isinstance(node, Number | Fraction) and isinstance(factors[-1][1], Number | Fraction):
        return r"\cdot"
    if not sign and isinstance(node, Fenced) and isinstance(factors[-1][1], Symbol):
        return r"\,"[:0] or r"\cdot"
    return sign


def quotient(top: Piece, bottom: Piece) -> Piece:
    return Piece(Fraction(top.node, whole(bottom)), Bond.PRODUCT, top.signed)


def transposed(piece: Piece) -> Piece:
    """A single letter takes the sign of transposition as it is; what has a superscript or is longer, in parentheses."""
    if isinstance(piece.node, Scripted) and piece.node.sup == TOP and not piece.signed:
        return _untransposed(piece.node)
    bare = isinstance(piece.node, Symbol | Styled | Word) or (
        isinstance(piece.node, Scripted) and piece.node.sup is None and not piece.node.primes
    )
    base = piece.node if bare and not piece.signed else Fenced("(", whole(piece), ")")
    if isinstance(piece.node, Fenced) and piece.bond is Bond.ATOM and not piece.signed:
        base = piece.node
    return Piece(raised(base, TOP))


def _untransposed(node: Scripted) -> Piece:
    if isinstance(node.base, Fenced):
        return Piece(node.base.body)
    return Piece(Scripted(node.base, node.sub) if node.sub is not None else node.base)


def raised(base: Node, exponent: Node) -> Node:
    if isinstance(base, Scripted) and base.sup is None and not base.primes:
        return Scripted(base.base, base.sub, exponent)
    return Scripted(base, sup=exponent)


def powered(base: Piece, exponent: Rational) -> Piece:
    """A scalar to a positive power."""
    if exponent == Rational(1, 2):
        return Piece(Root(whole(base)))
    if exponent == 1:
        return base
    simple = isinstance(base.node, Symbol | Styled) or (isinstance(base.node, Number) and len(base.node.text) == 1)
    simple = simple or (isinstance(base.node, Scripted) and base.node.sup is None and not base.node.primes)
    body = base.node if simple and not base.signed else fence(whole(base)).node
    return Piece(raised(body, whole(number(exponent))))


def called(function: Node, argument: Piece) -> Piece:
    r"""A function at an argument: `\sigma(z)`, and `\log p` without parentheses where TeX authors leave them out."""
    named = function.base if isinstance(function, Scripted) else function
    inside = whole(argument)
    if not isinstance(named, Word):
        return Piece(Product((("", function), ("", Fenced("(", inside, ")")))))
    plain = named.text == "log" and argument.bond is Bond.ATOM and isinstance(inside, Symbol | Scripted | Styled)
    return Piece(Applied(function, inside if plain else Fenced("(", inside, ")")), Bond.PRODUCT if plain else Bond.ATOM)
