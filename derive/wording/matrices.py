r"""The index form in matrix notation: a writer on the same plan as `derive.matrices.writing`.

Beside products, transposes and entrywise products (`\odot`, `\oslash`) it uses `\mathbf{1}` for a column of ones, `diag(v)`,
`tr(A)`, norms for sums of squares, and functions of every entry.

>>> from derive.algebra.arrays import array, matmul, transpose
>>> from derive.algebra.names import Name, size
>>> from derive.network import network
>>> from derive.notation.latex import write_latex
>>> theory = network(sizes=("n", "m"))
>>> product = matmul(transpose(array(Name("A"), (size("m"), size("n")))), array(Name("v"), (size("m"),)))
>>> write_latex(whole(MatrixWriter(theory).array(product)))
'A^\\top v'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name
from derive.algebra.terms import Extent, Num, Term, rename
from derive.matrices.plan import (
    Call,
    Contract,
    Diagonal,
    Leaf,
    Node,
    NoMatrixForm,
    Number,
    Power,
    Product,
    Reduce,
    Same,
    Step,
    Sum,
    plan,
)
from derive.notation import tree
from derive.notation.layout import parts
from derive.notation.tree import Applied, Fenced, Scripted, Symbol, Word
from derive.theory import Theory
from derive.wording import naming
from derive.wording.build import (
    ONES,
    Piece,
    called,
    fence,
    negative,
    number,
    powered,
    product,
    quotient,
    rooted,
    total_of,
    transposed,
    whole,
)
from derive.wording.patterns import Stand

Own = Callable[[Name, Name], Name | None]
"""The name that a document gives to the derivative of one quantity by another, if it gives one."""

ONE = number(Fraction(1))
_MOST_REPEATED = 3
"""Up to this power, an entrywise power is written as a product."""


def no_name(of: Name, by: Name) -> Name | None:
    """For documents that name no derivative."""
    return None


class MatrixWriter:
    """One theory's expressions. Methods raise `NoMatrixForm` where matrix notation has no words."""

    def __init__(self, theory: Theory, standing: Mapping[Name, Stand] | None = None, own: Own = no_name) -> None:
        self.theory, self.own = theory, own
        self.standing = {} if standing is None else standing

    def array(self, value: Array) -> Piece:
        """An array of at most two indices. A vector stands as it is marked, as a column or a row."""
        if value.rank > 2:
            raise NoMatrixForm(f"an array with {value.rank} indices is no matrix")
        node = plan(value.body)
        if not value.rank:
            return self.scalar(node)
        if value.rank == 1:
            (index,) = value.indices
            return self.matrix(node, None, index) if value.row else self.matrix(node, index, None)
        return self.matrix(node, *value.indices)

    # Matrices -------------------------------------------------------------------------------------------------------

    def matrix(self, node: Node, row: Index | None, column: Index | None) -> Piece:
        """A node as a matrix with those axes; along an axis that the node lacks it is repeated."""
        if not node.axes <= {row, column}:
            raise NoMatrixForm("an index that is no axis of the array")
        if not node.axes:
            ones = product([*([self.ones()] if row else []), *([transposed(self.ones())] if column else [])])
            return self.scaled([node], [ones])
        if row is not None and row not in node.axes:
            return product([self.ones(), self.matrix(node, None, column)])
        if column is not None and column not in node.axes:
            return product([self.matrix(node, row, None), transposed(self.ones())])
        match node:
            case Leaf():
                return self.leaf(node, row, column)
            case Same():
                return Piece(Symbol("I"))
            case Sum(terms=terms):
                return total_of(self.term(term, row, column) for term in terms)
            case Product(factors=factors):
                return self.product(factors, row, column)
            case Contract():
                return self.contraction(node, row, column)
            case Reduce(index=index, body=body) if row is None or column is None:
                if row is not None:
                    return product([self.matrix(body, row, index), self.ones()])
                return product([transposed(self.ones()), self.matrix(body, index, column)])
            case Call(function=function, order=order, argument=argument):
                return self.called(function, order, self.matrix(argument, row, column))
            case Step(argument=argument):
                return self.called("relu", 1, self.matrix(argument, row, column))
            case Power():
                return self.hadamard([node], row, column)
        raise NoMatrixForm(f"{type(node).__name__} has no matrix form")

    def ones(self) -> Piece:
        return Piece(ONES)

    def term(self, node: Node, row: Index | None, column: Index | None) -> Piece:
        """A term of a sum: a number beside an array is added to every entry, as in `1 - a`."""
        return self.scalar(node) if isinstance(node, Number) else self.matrix(node, row, column)

    def leaf(self, node: Leaf, row: Index | None, column: Index | None) -> Piece:
        stand = self.standing.get(node.name)
        if stand is not None and node.of is None:
            return self.stand(stand, node.indices, row, column)
        piece = self.named(node)
        if len(node.indices) == 1:
            return piece if self.lies(node.name) is (row is None) else transposed(piece)
        return piece if node.indices[0] is row else transposed(piece)

    def named(self, node: Leaf) -> Piece:
        """The quantity's name; a derivative by the name the document gives it, else as a fraction."""
        if node.of is None:
            return Piece(naming.name(self.theory, node.name))
        own = self.own(node.of, node.name)
        if own is not None:
            return Piece(naming.name(self.theory, own))
        return Piece(naming.partial(self.theory, node.of, node.name))

    def stand(self, stand: Stand, indices: tuple[Index, ...], row: Index | None, column: Index | None) -> Piece:
        argument: Term = rename(stand.argument, dict(zip(stand.indices, indices, strict=True)))
        inside = plan(argument)
        if stand.kind == "maximum":
            return Piece(_larger(whole(self.matrix(inside, row, column) if indices else self.scalar(inside))))
        if len(indices) == 1:
            return _word("softmax", self.matrix(inside, row, column))
        piece = _word("softmax", self.matrix(inside, *indices))
        return piece if indices[0] is row else transposed(piece)

    def lies(self, name: Name) -> bool:
        """Whether a named vector is a row."""
        symbol, definition = self.theory.symbol(name), self.theory.definition(name)
        return symbol.row if symbol is not None else definition is not None and definition.value.row

    def scaled(self, scalars: Sequence[Node], arrays: Sequence[Piece]) -> Piece:
        """A product of arrays with its scalar factors in front."""
        factor = self.scalar_product(scalars, beside=True)
        if factor.node == ONE.node:
            rest = product(arrays)
            return negative(rest) if factor.signed else rest
        return product([factor, *arrays])

    def product(self, factors: tuple[Node, ...], row: Index | None, column: Index | None) -> Piece:
        """An entrywise product: what has all axes as a Hadamard product, what has one only as diag(u) M diag(v) or
        u v^T."""
        scalars = [factor for factor in factors if not factor.axes]
        full = [factor for factor in factors if len(factor.axes) == (row is not None) + (column is not None)]
        left = [factor for factor in factors if factor.axes and factor not in full and row in factor.axes]
        right = [factor for factor in factors if factor.axes and factor not in full and column in factor.axes]
        if not full:
            return self.scaled(scalars, [self.hadamard(left, row, None), self.hadamard(right, None, column)])
        if all(isinstance(factor, Same) for factor in full) and (left or right):
            vectors = [self.hadamard(left, row, None)] if left else []
            vectors += [transposed(self.hadamard(right, None, column))] if right else []
            return self.scaled(scalars, [_word("diag", product(vectors, r"\odot"))])
        middle = [self.hadamard(full, row, column)]
        if left:
            middle.insert(0, _word("diag", self.hadamard(left, row, None)))
        if right:
            middle.append(_word("diag", transposed(self.hadamard(right, None, column))))
        return self.scaled(scalars, middle)

    def hadamard(self, factors: Sequence[Node], row: Index | None, column: Index | None) -> Piece:
        """The entrywise product of arrays that all have these axes, quotients behind `\\oslash`."""
        above: list[Piece] = []
        below: list[Piece] = []
        for factor in factors:
            base, exponent = (factor.base, factor.exponent) if isinstance(factor, Power) else (factor, Fraction(1))
            (above if exponent > 0 else below).extend(self.repeated(self.matrix(base, row, column), abs(exponent)))
        top = product(above, r"\odot") if above else ONE
        return product([top, product(below, r"\odot")], r"\oslash") if below else top

    def repeated(self, piece: Piece, exponent: Fraction) -> list[Piece]:
        """An entrywise power as factors: `a \\odot a`, never `a^2`, which would be a matrix times itself."""
        times, root = divmod(exponent, 1)
        if times > _MOST_REPEATED or root not in (0, Fraction(1, 2)):
            raise NoMatrixForm(f"an entrywise power {exponent}")
        return [piece] * int(times) + ([rooted(piece)] if root else [])

    def contraction(self, node: Contract, row: Index | None, column: Index | None) -> Piece:
        first, second, index = node.left, node.right, node.index
        if (row is not None and row in second.axes) or (column is not None and column in first.axes):
            first, second = second, first
        return product(
            [
                self.matrix(first, row if row in first.axes else None, index),
                self.matrix(second, index, column if column in second.axes else None),
            ]
        )

    # Scalars --------------------------------------------------------------------------------------------------------

    def scalar(self, node: Node) -> Piece:
        if node.axes:
            raise NoMatrixForm("an index that is no axis of the array")
        match node:
            case Number(value=Num(value=value)):
                return number(value)
            case Number(value=Extent(size=length)):
                return Piece(naming.size(length))
            case Leaf():
                stand = self.standing.get(node.name)
                return self.named(node) if stand is None else self.stand(stand, (), None, None)
            case Sum(terms=terms):
                return total_of(map(self.scalar, terms))
            case Product(factors=factors):
                return self.scalar_product(factors)
            case Power():
                return self.scalar_product([node])
            case Call(function=function, order=order, argument=argument):
                return self.called(function, order, self.scalar(argument))
            case Step(argument=argument):
                return self.called("relu", 1, self.scalar(argument))
            case Contract(index=index, left=left, right=right):
                return self.inner(left, right, index)
            case Reduce(index=index, body=Diagonal(matrix=inside, second=second)):
                return _word("tr", self.matrix(inside, index, second))
            case Reduce(index=index, body=Reduce(index=other, body=body)):
                return self.grand_total(body, other, index)
            case Reduce(index=index, body=body):
                return product([transposed(self.ones()), self.matrix(body, index, None)])
        raise NoMatrixForm(f"{type(node).__name__} is no scalar")

    def scalar_product(self, factors: Sequence[Node], *, beside: bool = False) -> Piece:
        """Scalars multiplied, those with negative powers under one fraction bar. Where another factor stands `beside` it, an
        inner product is set in parentheses: `(u^T v) w`, though `u^T v w` would be the same."""
        beside = beside or sum(not isinstance(factor, Number) for factor in factors) > 1
        return scalar_product([self._power(factor, beside) for factor in factors])

    def _power(self, node: Node, beside: bool) -> tuple[Piece | Fraction, Fraction]:
        match node:
            case Number(value=Num(value=value)):
                return value, Fraction(1)
            case Power(base=base, exponent=exponent):
                return self.scalar(base), exponent
            case Contract() | Reduce() if beside:
                piece = self.scalar(node)
                return (fence(whole(piece)) if isinstance(piece.node, tree.Product) else piece), Fraction(1)
            case _:
                return self.scalar(node), Fraction(1)

    def called(self, function: str, order: int, argument: Piece) -> Piece:
        if function == "pi":
            return Piece(naming.function(self.theory, "pi"))
        return called(naming.function(self.theory, function, order), argument)

    def inner(self, left: Node, right: Node, index: Index) -> Piece:
        """u^T v of two columns, u v^T of two rows; of a vector with itself its squared norm."""
        if left == right:
            vector = self.matrix(left, None, index) if self.leans(left) else self.matrix(left, index, None)
            return Piece(Scripted(Fenced(r"\|", whole(vector), r"\|"), sup=tree.Number("2")))
        if isinstance(left, Contract):
            return product([self.matrix(left, None, index), self.matrix(right, index, None)])
        if self.leans(left):
            return product([self.matrix(left, None, index), transposed(self.matrix(right, None, index))])
        return product([transposed(self.matrix(left, index, None)), self.matrix(right, index, None)])

    def leans(self, node: Node) -> bool:
        """Whether a vector is made of rows."""
        match node:
            case Leaf(name=name, indices=(_,)):
                return name not in self.standing and self.lies(name)
            case Sum(terms=parts) | Product(factors=parts):
                return any(map(self.leans, parts))
            case Call(argument=inside) | Step(argument=inside) | Power(base=inside):
                return self.leans(inside)
            case _:
                return False

    def grand_total(self, body: Node, row: Index, column: Index) -> Piece:
        """The sum of all entries of a matrix: of squares a norm, of a product of two matrices a trace."""
        if isinstance(body, Power) and body.exponent == 2:
            inside = Fenced(r"\|", whole(self.matrix(body.base, row, column)), r"\|")
            return Piece(Scripted(inside, Symbol("F"), tree.Number("2")))
        if isinstance(body, Product) and len(body.factors) == 2:
            left, right = body.factors
            if left.axes == right.axes and not any(isinstance(factor, Power) for factor in body.factors):
                first, second = self.matrix(left, row, column), self.matrix(right, row, column)
                return _word("tr", product([transposed(first), second]))
        return product([transposed(self.ones()), self.matrix(body, row, column), self.ones()])


def scalar_product(factors: Sequence[tuple[Piece | Fraction, Fraction]]) -> Piece:
    """Numbers and other scalars with their exponents, multiplied."""
    coefficient = Fraction(1)
    above: list[Piece] = []
    below: list[Piece] = []
    for base, exponent in factors:
        if isinstance(base, Fraction):
            coefficient *= base
        else:
            (above if exponent > 0 else below).append(powered(base, abs(exponent)))
    if not below:
        first = [] if abs(coefficient) == 1 and above else [number(abs(coefficient))]
        result = product([*first, *above])
        return negative(result) if coefficient < 0 else result
    behind = [piece for piece in above if _large(piece.node)]
    above = [piece for piece in above if not _large(piece.node)]
    top = [
        *([] if abs(coefficient.numerator) == 1 and above else [number(Fraction(abs(coefficient.numerator)))]),
        *above,
    ]
    bottom = [*([] if coefficient.denominator == 1 else [number(Fraction(coefficient.denominator))]), *below]
    result = product([quotient(product(top), product(bottom)), *behind])
    return negative(result) if coefficient < 0 else result


def _large(node: tree.Node) -> bool:
    """Whether a factor stands better behind a fraction than on top of it: a sum over an index, a norm, a trace."""
    match node:
        case tree.BigOperator() | Fenced(left=r"\|") | Applied(function=Word("tr")):
            return True
        case _:
            return any(map(_large, parts(node)))


def _word(word: str, argument: Piece) -> Piece:
    return Piece(Applied(Word(word), Fenced("(", whole(argument), ")")))


def _larger(argument: tree.Node) -> tree.Node:
    return Applied(Word("max"), Fenced("(", tree.Sequence((tree.Number("0"), argument), (",",)), ")"))
