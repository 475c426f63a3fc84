r"""The index form as the notation of a page: matrix products, transposes and Hadamard products where there are any.

The plan (`derive.matrices.plan`) says which sums are products; here they are written down, in the page's own letters. What reads
formulas reads these back as what they were made from.
"""

from __future__ import annotations

from fractions import Fraction as Rational

from derive.algebra.functions import KNOWN
from derive.algebra.terms import Extent, Index, Name, Num
from derive.matrices.plan import (
    Call,
    Contract,
    Diagonal,
    Leaf,
    NoMatrixForm,
    Number,
    Power,
    Product,
    Reduce,
    Same,
    Step,
    Sum,
)
from derive.matrices.plan import Node as Planned
from derive.notation.tree import Derivative, Fenced, Node, Scripted, Symbol, Word
from derive.theory import Theory
from derive.wording.build import (
    ONES,
    Bond,
    Piece,
    called,
    fence,
    negative,
    number,
    powered,
    product,
    quotient,
    total_of,
    transposed,
    whole,
)
from derive.wording.names import base_of, function_of, name_of, size_of

ONE = number(Rational(1))


class MatrixWriter:
    """Writes plans in the letters of a theory."""

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self.ones = Piece(ONES if _bold_ones_are_free(theory) else Symbol("1"))

    def write(self, node: Planned, row: Index | None, column: Index | None) -> Piece:
        """A node over the axes of an array: a scalar, a vector (its axis as `row`), or a matrix."""
        return self.scalar(node) if row is None and column is None else self.matrix(node, row, column)

    # matrices

    def matrix(self, node: Planned, row: Index | None, column: Index | None) -> Piece:
        """A node as a matrix with those axes; along an axis that it lacks it is repeated by a product with ones."""
        if not node.axes:
            value = self.scalar(node)
            ones = product([piece for piece in (self._ones(row), self._ones(column, lying=True)) if piece is not None])
            return ones if value == ONE else product([value, ones])
        if row is not None and row not in node.axes:
            return product([self.ones, self.matrix(node, None, column)])
        if column is not None and column not in node.axes:
            return product([self.matrix(node, row, None), transposed(self.ones)])
        if row is None and not isinstance(node, Contract | Reduce | Leaf):
            return transposed(self.matrix(node, column, None))
        match node:
            case Leaf():
                return self._leaf(node, row)
            case Same():
                return Piece(Symbol("I"))
            case Diagonal(matrix=inner, index=index, second=second):
                return called(Word("diag"), self.matrix(inner, index, second))
            case Sum(terms=terms):
                return total_of(self._term(term, row, column) for term in terms)
            case Product(factors=factors):
                return self._product(factors, row, column)
            case Contract():
                return self._contraction(node, row, column)
            case Reduce(index=index, body=body):
                if row is not None and column is not None:
                    raise NoMatrixForm("a sum over a third axis")
                if row is not None:
                    return product([self.matrix(body, row, index), self.ones])
                return product([transposed(self.ones), self.matrix(body, index, column)])
            case Call(function=function, order=order, argument=argument):
                return called(self._function(function, order), self.matrix(argument, row, column))
            case Power(base=base, exponent=exponent):
                return self._entrywise_power(base, exponent, row, column)
        raise NoMatrixForm(f"{type(node).__name__} has no matrix form")

    def _ones(self, axis: Index | None, *, lying: bool = False) -> Piece | None:
        if axis is None:
            return None
        return transposed(self.ones) if lying else self.ones

    def _term(self, node: Planned, row: Index | None, column: Index | None) -> Piece:
        """A term of a sum. A number beside arrays is added to every entry, as everyone writes `1 - a`."""
        if isinstance(node, Number) and isinstance(node.value, Num):
            return number(node.value.value)
        return self.matrix(node, row, column)

    def _leaf(self, node: Leaf, row: Index | None) -> Piece:
        piece = self._named(node)
        if len(node.indices) == 1:
            return piece if self._lies(node.name) is (row is None) else transposed(piece)
        return piece if node.indices[0] is row else transposed(piece)

    def _named(self, node: Leaf) -> Piece:
        if node.of is None:
            return Piece(name_of(self.theory, node.name))
        return Piece(Derivative(r"\partial", name_of(self.theory, node.of), (name_of(self.theory, node.name),)))

    def _lies(self, name: Name) -> bool:
        symbol, definition = self.theory.symbol(name), self.theory.definition(name)
        return symbol.row if symbol is not None else definition is not None and definition.value.row

    def _product(self, factors: tuple[Planned, ...], row: Index | None, column: Index | None) -> Piece:
        softmax = self._softmax(factors)
        if softmax is not None:
            return softmax
        scalars = [factor for factor in factors if not factor.axes]
        axes = {index for index in (row, column) if index is not None}
        full = [factor for factor in factors if factor.axes == axes]
        left = [factor for factor in factors if factor.axes and factor not in full and row in factor.axes]
        right = [factor for factor in factors if factor.axes and factor not in full and column in factor.axes]
        coefficient = self._coefficient(scalars)
        if not full:
            pieces = [self._hadamard(left, row, None), self._hadamard(right, None, column)]
        elif all(isinstance(factor, Same) for factor in full) and (left or right):
            vectors = [self.matrix(factor, row, None) for factor in left]
            vectors += [self.matrix(factor, column, None) for factor in right]
            pieces = [called(Word("diag"), product(vectors, r"\odot"))]
        else:
            pieces = [self._hadamard(full, row, column)]
            if left:
                pieces.insert(0, called(Word("diag"), self._hadamard(left, row, None)))
            if right:
                pieces.append(called(Word("diag"), self._hadamard(right, column, None)))
        return self._scaled(coefficient, pieces)

    def _scaled(self, coefficient: Piece, pieces: list[Piece]) -> Piece:
        if coefficient == ONE:
            return product(pieces) if len(pieces) > 1 else pieces[0]
        if coefficient == negative(ONE):
            return negative(product(pieces) if len(pieces) > 1 else pieces[0])
        return product([coefficient, *pieces])

    def _hadamard(self, factors: list[Planned], row: Index | None, column: Index | None) -> Piece:
        """An entrywise product; negative powers make a fraction."""
        above = [f for f in factors if not (isinstance(f, Power) and f.exponent < 0)]
        below = [f for f in factors if isinstance(f, Power) and f.exponent < 0]
        pieces = [self.matrix(factor, row, column) for factor in above]
        top = ONE if not pieces else pieces[0] if len(pieces) == 1 else product(pieces, r"\odot")
        if not below:
            return top
        under = [self._entrywise_power(f.base, -f.exponent, row, column) for f in below if isinstance(f, Power)]
        return quotient(top, under[0] if len(under) == 1 else product(under, r"\odot"))

    def _entrywise_power(self, base: Planned, exponent: Rational, row: Index | None, column: Index | None) -> Piece:
        piece = self.matrix(base, row, column)
        if exponent < 0:
            return quotient(ONE, self._entrywise_power(base, -exponent, row, column))
        if exponent == 1:
            return piece
        if exponent.denominator == 1 and exponent <= 3:
            return product([piece] * int(exponent), r"\odot")
        return powered(fence(whole(piece)), exponent)

    def _contraction(self, node: Contract, row: Index | None, column: Index | None) -> Piece:
        first, second, index = node.left, node.right, node.index
        if (row is not None and row in second.axes) or (column is not None and column in first.axes):
            first, second = second, first
        return product(
            [
                self.matrix(first, row if row in first.axes else None, index),
                self.matrix(second, index, column if column in second.axes else None),
            ]
        )

    def _softmax(self, factors: tuple[Planned, ...]) -> Piece | None:
        """exp(z_j) / sum_k exp(z_k) by its name."""
        match factors:
            case (
                Call(function="exp", order=0, argument=Leaf() as above),
                Power(exponent=Rational(numerator=-1, denominator=1), base=Reduce(index=index, body=body)),
            ) | (
                Power(exponent=Rational(numerator=-1, denominator=1), base=Reduce(index=index, body=body)),
                Call(function="exp", order=0, argument=Leaf() as above),
            ):
                pass
            case _:
                return None
        below = body.argument if isinstance(body, Call) and body.function == "exp" and not body.order else None
        if not isinstance(below, Leaf) or below.name is not above.name or below.of is not above.of:
            return None
        # softmax is taken along the last axis, where nothing else is said
        if len(above.indices) != len(below.indices) or below.indices[-1] is not index:
            return None
        if above.indices[:-1] != below.indices[:-1]:
            return None
        return called(Word("softmax"), self._named(above))

    def _function(self, function: str, order: int) -> Node:
        node = function_of(self.theory, function)
        return Scripted(node, primes=order) if order else node

    # scalars

    def _coefficient(self, nodes: list[Planned]) -> Piece:
        """A product of scalars as one fraction at most."""
        value = Rational(1)
        above: list[Piece] = []
        below: list[Piece] = []
        for node in nodes:
            if isinstance(node, Number) and isinstance(node.value, Num):
                value *= node.value.value
            elif isinstance(node, Power) and node.exponent < 0:
                below.append(powered(self.scalar(node.base), -node.exponent))
            else:
                above.append(self.scalar(node))
        if value.denominator != 1 and not below and above:
            return product([number(value), *above])
        if abs(value.numerator) != 1 or not above:
            above.insert(0, number(Rational(abs(value.numerator))))
        if value.denominator != 1:
            below.insert(0, number(Rational(value.denominator)))
        top = above[0] if len(above) == 1 else product(above)
        found = quotient(top, below[0] if len(below) == 1 else product(below)) if below else top
        return negative(found) if value < 0 else found

    def scalar(self, node: Planned) -> Piece:
        """A node without axes."""
        match node:
            case Number(value=Num(value=value)):
                return number(value)
            case Number(value=Extent(size=length)):
                return Piece(size_of(length))
            case Leaf():
                return self._named(node)
            case Sum(terms=terms):
                return total_of(self.scalar(term) for term in terms)
            case Product(factors=factors):
                return self._coefficient(list(factors))
            case Power(base=base, exponent=exponent):
                if exponent < 0:
                    return quotient(ONE, powered(self.scalar(base), -exponent))
                return powered(self.scalar(base), exponent)
            case Call(function="pi"):
                return Piece(Symbol(r"\pi"))
            case Call(function=function, order=order, argument=argument):
                return called(self._function(function, order), self.scalar(argument))
            case Contract(index=index, left=left, right=right):
                return self._inner(left, right, index)
            case Reduce(index=index, body=Diagonal(matrix=inner, second=second)):
                return called(Word("tr"), self.matrix(inner, index, second))
            case Reduce(index=index, body=Reduce(index=other, body=body)):
                return self._grand_total(body, other, index)
            case Reduce(index=index, body=body):
                return product([transposed(self.ones), self.matrix(body, index, None)])
        raise NoMatrixForm(f"{type(node).__name__} is no scalar")

    def _inner(self, left: Planned, right: Planned, index: Index) -> Piece:
        """u^T v; a vector with itself is the square of its norm."""
        if left == right:
            return Piece(Scripted(Fenced(r"\|", whole(self.matrix(left, index, None)), r"\|"), sup=_TWO))
        if isinstance(left, Contract):
            return product([self.matrix(left, None, index), self.matrix(right, index, None)])
        return product([transposed(self.matrix(left, index, None)), self.matrix(right, index, None)])

    def _grand_total(self, body: Planned, row: Index, column: Index) -> Piece:
        """The sum of all entries of a matrix: a Frobenius norm or a trace where it is one."""
        if isinstance(body, Power) and body.exponent == 2:
            inside = whole(self.matrix(body.base, row, column))
            return Piece(Scripted(Fenced(r"\|", inside, r"\|"), sub=Symbol("F"), sup=_TWO))
        if isinstance(body, Product) and len(body.factors) == 2 and all(len(f.axes) == 2 for f in body.factors):
            left, right = (self.matrix(factor, row, column) for factor in body.factors)
            return called(Word("tr"), product([transposed(left), right]))
        return product([transposed(self.ones), self.matrix(body, row, column), self.ones])


_TWO = number(Rational(2)).node


def _bold_ones_are_free(theory: Theory) -> bool:
    return all(name.base != r"\mathbf{1}" for name in theory.symbols)


def known_latex(function: str) -> str:
    """How a known function is written where a page has no letter for it."""
    row = KNOWN.get(function)
    return row.latex if row is not None else function


__all__ = ["Bond", "MatrixWriter", "base_of", "known_latex"]
