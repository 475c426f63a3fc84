r"""The index form as typed SymPy expressions: matrix notation where there is one, sums over entries where there is
none.

Vectors are columns (n x 1) unless they were declared as rows. Scalars are ordinary SymPy expressions. What matrix
notation needs beyond products: `b 1^T` for a vector repeated over a batch, `X 1` for sums of rows, `diag(v)`,
entrywise products and powers, `f.(X)` for a function of every entry; an inner product is the one entry of a 1 x 1
matrix.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name, Selection, Size
from derive.algebra.terms import Add, Delta, Entry, Extent, Fun, Mul, Num, Partial, Positive, Pow, Term, Total
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
from derive.theory import Theory

SymPy = Any
"""SymPy carries no types."""


def to_sympy(value: Array, theory: Theory | None = None) -> SymPy:
    r"""An array as a SymPy expression: a scalar, or a matrix expression of the array's shape.

    `theory` says which named vectors are rows. Where matrix notation has no form the entries are written out, as a
    `FunctionMatrix` of sums.

    >>> from derive.algebra.arrays import array, matmul, plus
    >>> from derive.algebra.names import Name, size
    >>> m, n = size("m"), size("n")
    >>> to_sympy(plus(matmul(array(Name("W"), (m, n)), array(Name("x"), (n,))), array(Name("b"), (m,))))
    W*x + b

    Raises:
        NoMatrixForm: an array with three or more free indices.
    """
    if value.rank > 2:
        raise NoMatrixForm(f"an array with {value.rank} indices is no matrix")
    writer = _Writer(theory)
    row, column = _placed(value)
    try:
        node = plan(value.body)
        return writer.scalar(node) if not value.rank else writer.matrix(node, row, column)
    except NoMatrixForm:
        return writer.entries(value)


def _placed(value: Array) -> tuple[Index | None, Index | None]:
    if value.rank == 1:
        return (None, value.indices[0]) if value.row else (value.indices[0], None)
    return value.indices if value.rank == 2 else (None, None)  # type: ignore[return-value]


def derivative_name(of: Name, by: Name) -> str:
    """What the matrix of derivatives is called, as in `dL/dW^(1)`; of a vector by a vector, its rows belong to `of`."""
    return f"d{of!r}/d{by!r}"


class _Writer:
    """One expression's translation. Methods return SymPy expressions."""

    def __init__(self, theory: Theory | None) -> None:
        import sympy
        from sympy.matrices.expressions import applyfunc, diagonal, matexpr

        self.theory = theory
        self.sp: Any = sympy
        self.diagonal: Any = diagonal
        self.applied: Any = applyfunc.ElementwiseApplyFunction
        self.one_entry: Any = matexpr.MatrixElement
        self.bound: dict[Index, SymPy] = {}

    def size(self, length: Size) -> SymPy:
        if length.value is not None:
            return self.sp.Integer(length.value)
        if length.summands:
            return self.sp.Add(*map(self.size, length.summands))
        return self.sp.Symbol(length.name, integer=True, positive=True)

    def length(self, index: Index | None) -> SymPy:
        return self.sp.Integer(1) if index is None else self.size(index.size)

    def ones(self, row: Index | None, column: Index | None) -> SymPy:
        return self.sp.OneMatrix(self.length(row), self.length(column))

    # Matrices -------------------------------------------------------------------------------------------------------

    def matrix(self, node: Node, row: Index | None, column: Index | None) -> SymPy:
        """A node as a matrix with those axes; along an axis that the node lacks it is repeated."""
        if not node.axes:
            value = self.scalar(node)
            return self.ones(row, column) if value == 1 else self.sp.MatMul(value, self.ones(row, column))
        if row is not None and row not in node.axes:
            return self.sp.MatMul(self.ones(row, None), self.matrix(node, None, column))
        if column is not None and column not in node.axes:
            return self.sp.MatMul(self.matrix(node, row, None), self.ones(None, column))
        match node:
            case Leaf():
                return self.leaf(node, row)
            case Same():
                return self.sp.Identity(self.length(row))
            case Diagonal(matrix=inner, index=index, second=second):
                value = self.diagonal.DiagonalOf(self.matrix(inner, index, second))
                return value if row is not None else self.transposed(value)
            case Sum(terms=terms):
                return self.sp.MatAdd(*(self.matrix(term, row, column) for term in terms))
            case Product(factors=factors):
                return self.product(factors, row, column)
            case Contract():
                return self.contraction(node, row, column)
            case Reduce(index=index, body=body):
                if row is not None and column is not None:
                    raise NoMatrixForm("a sum over a third axis")
                if row is not None:
                    return self.times(self.matrix(body, row, index), self.ones(index, None))
                return self.times(self.ones(None, index), self.matrix(body, index, column))
            case Call() | Step() | Power():
                return self.entrywise(node, row, column)
        raise NoMatrixForm(f"{type(node).__name__} has no matrix form")

    def leaf(self, node: Leaf, row: Index | None) -> SymPy:
        if len(node.indices) == 1:
            lying = self.lies(node.name)
            length = self.length(node.indices[0])
            symbol = self.symbol(node, (1, length) if lying else (length, 1))
            return symbol if lying is (row is None) else self.sp.Transpose(symbol)
        symbol = self.symbol(node, (self.length(node.indices[0]), self.length(node.indices[1])))
        return symbol if node.indices[0] is row else self.sp.Transpose(symbol)

    def symbol(self, node: Leaf, shape: tuple[SymPy, SymPy]) -> SymPy:
        name = repr(node.name) if node.of is None else derivative_name(node.of, node.name)
        return self.sp.MatrixSymbol(name, *shape)

    def lies(self, name: Name) -> bool:
        """Whether a named vector is a row."""
        if self.theory is None:
            return False
        symbol, definition = self.theory.symbol(name), self.theory.definition(name)
        return symbol.row if symbol is not None else definition is not None and definition.value.row

    def times(self, *factors: SymPy) -> SymPy:
        """A matrix product, flattened, numbers in front."""
        scalars: list[SymPy] = []
        matrices: list[SymPy] = []
        for factor in factors:
            for part in factor.args if isinstance(factor, self.sp.MatMul) else (factor,):
                (matrices if getattr(part, "is_Matrix", False) else scalars).append(part)
        coefficient = self.sp.Mul(*scalars)
        if coefficient == 1 and len(matrices) == 1:
            return matrices[0]
        return self.sp.MatMul(*([] if coefficient == 1 else [coefficient]), *matrices)

    def product(self, factors: tuple[Node, ...], row: Index | None, column: Index | None) -> SymPy:
        """An entrywise product: what has all axes as a Hadamard product, what has one only as diag(u) M diag(v) or
        u v^T.
        """
        scalars = [self.scalar(factor) for factor in factors if not factor.axes]
        full = [factor for factor in factors if len(factor.axes) == (row is not None) + (column is not None)]
        left = [factor for factor in factors if factor.axes and factor not in full and row in factor.axes]
        right = [factor for factor in factors if factor.axes and factor not in full and column in factor.axes]
        if not full:
            outer = (self.hadamard(left, row, None), self.hadamard(right, None, column))
            return self.times(*scalars, *outer)
        if all(isinstance(factor, Same) for factor in full) and (left or right):
            vectors = [self.hadamard([f], row, None) for f in left]
            vectors += [self.transposed(self.hadamard([f], None, column)) for f in right]
            vector = vectors[0] if len(vectors) == 1 else self.sp.HadamardProduct(*vectors)
            return self.times(*scalars, self.diagonal.DiagMatrix(vector))
        middle = [self.hadamard(full, row, column)]
        if left:
            middle.insert(0, self.diagonal.DiagMatrix(self.hadamard(left, row, None)))
        if right:
            middle.append(self.diagonal.DiagMatrix(self.transposed(self.hadamard(right, None, column))))
        return self.times(*scalars, *middle)

    def hadamard(self, factors: list[Node], row: Index | None, column: Index | None) -> SymPy:
        matrices = [self.matrix(factor, row, column) for factor in factors]
        return matrices[0] if len(matrices) == 1 else self.sp.HadamardProduct(*matrices)

    def contraction(self, node: Contract, row: Index | None, column: Index | None) -> SymPy:
        first, second, index = node.left, node.right, node.index
        if (row is not None and row in second.axes) or (column is not None and column in first.axes):
            first, second = second, first
        return self.times(
            self.matrix(first, row if row in first.axes else None, index),
            self.matrix(second, index, column if column in second.axes else None),
        )

    def entrywise(self, node: Call | Step | Power, row: Index | None, column: Index | None) -> SymPy:
        if isinstance(node, Power):
            return self.sp.HadamardPower(self.matrix(node.base, row, column), self.rational(node.exponent))
        d = self.sp.Dummy("d")
        inside = self.matrix(node.argument, row, column)
        body = self.step(d) if isinstance(node, Step) else self.called(node.function, node.order, d)
        return self.applied(self.sp.Lambda(d, body), inside)

    # Scalars --------------------------------------------------------------------------------------------------------

    def rational(self, value: Fraction) -> SymPy:
        return self.sp.Rational(value.numerator, value.denominator)

    def called(self, function: str, order: int, argument: SymPy) -> SymPy:
        """A function by its name; a derivative stays one, so that it reads as the prime that it is."""
        if function == "pi":
            return self.sp.pi
        head = function_head(function)
        if not order:
            return head(argument)
        if argument.is_Symbol:
            return self.sp.Derivative(head(argument), (argument, order), evaluate=False)
        d = self.sp.Dummy("d")
        return self.sp.Subs(self.sp.Derivative(head(d), (d, order), evaluate=False), d, argument)

    def step(self, argument: SymPy) -> SymPy:
        return self.sp.Heaviside(argument, 0)

    def scalar(self, node: Node) -> SymPy:
        match node:
            case Number(value=Num(value=value)):
                return self.rational(value)
            case Number(value=Extent(size=length)):
                return self.size(length)
            case Leaf(name=name, of=of):
                return self.sp.Symbol(repr(name) if of is None else derivative_name(of, name))
            case Sum(terms=terms):
                return self.sp.Add(*map(self.scalar, terms))
            case Product(factors=factors):
                return self.sp.Mul(*map(self.scalar, factors))
            case Power(base=base, exponent=exponent):
                return self.sp.Pow(self.scalar(base), self.rational(exponent))
            case Call(function=function, order=order, argument=argument):
                return self.called(function, order, self.scalar(argument))
            case Step(argument=argument):
                return self.step(self.scalar(argument))
            case Contract(index=index, left=left, right=right):
                return self.entry(self.inner(left, right, index))
            case Reduce(index=index, body=Diagonal(matrix=inner, second=second)):
                return self.sp.Trace(self.matrix(inner, index, second))
            case Reduce(index=index, body=Reduce(index=other, body=body)):
                return self.grand_total(body, other, index)
            case Reduce(index=index, body=body):
                return self.entry(self.times(self.ones(None, index), self.matrix(body, index, None)))
        raise NoMatrixForm(f"{type(node).__name__} is no scalar")

    def inner(self, left: Node, right: Node, index: Index) -> SymPy:
        """u^T v of two columns, u v^T of two rows."""
        if isinstance(left, Contract):
            return self.times(self.matrix(left, None, index), self.matrix(right, index, None))
        if self.leans(left):
            second = self.matrix(right, None, index)
            return self.times(self.matrix(left, None, index), self.transposed(second))
        first = self.matrix(left, index, None)
        return self.times(self.transposed(first), self.matrix(right, index, None))

    def transposed(self, value: SymPy) -> SymPy:
        return value.arg if isinstance(value, self.sp.Transpose) else self.sp.Transpose(value)

    def leans(self, node: Node) -> bool:
        """Whether a vector is made of rows."""
        match node:
            case Leaf(name=name, indices=(_,)):
                return self.lies(name)
            case Sum(terms=parts) | Product(factors=parts):
                return any(map(self.leans, parts))
            case Call(argument=inside) | Step(argument=inside) | Power(base=inside):
                return self.leans(inside)
            case _:
                return False

    def grand_total(self, body: Node, row: Index, column: Index) -> SymPy:
        """The sum of all entries of a matrix: a trace of a product where it is an inner product of matrices."""
        if isinstance(body, Power) and body.exponent == 2:
            one = self.matrix(body.base, row, column)
            return self.sp.Trace(self.times(self.transposed(one), one))
        if (
            isinstance(body, Product)
            and all(len(factor.axes) == 2 for factor in body.factors)
            and len(body.factors) == 2
        ):
            left, right = body.factors
            ways = [
                self.times(self.transposed(self.matrix(left, *way)), self.matrix(right, *way))
                for way in ((row, column), (column, row))
            ]
            return self.sp.Trace(min(ways, key=lambda way: way.count(self.sp.Transpose)))
        return self.entry(self.times(self.ones(None, row), self.matrix(body, row, column), self.ones(column, None)))

    def entry(self, one_by_one: SymPy) -> SymPy:
        """The one entry of a 1 x 1 product, its number taken out."""
        if not isinstance(one_by_one, self.sp.MatMul):
            return self.one_entry(one_by_one, 0, 0)
        coefficient, matrices = one_by_one.as_coeff_matrices()
        inside = self.sp.MatMul(*matrices) if len(matrices) > 1 else matrices[0]
        return coefficient * self.one_entry(inside, 0, 0)

    # Entries --------------------------------------------------------------------------------------------------------

    def entries(self, value: Array) -> SymPy:
        """An array entry by entry, for what matrix notation cannot write."""
        row, column = _placed(value)
        labels = [self.counter(index) for index in (row, column)]
        body = self.term(value.body)
        if not value.rank:
            return body
        return self.sp.FunctionMatrix(self.length(row), self.length(column), self.sp.Lambda(tuple(labels), body))

    def counter(self, index: Index | None) -> SymPy:
        symbol = self.sp.Dummy("i" if index is None else index.label.lstrip("_") or "i", integer=True, nonnegative=True)
        if index is not None:
            self.bound[index] = symbol
        return symbol

    def term(self, term: Term) -> SymPy:
        match term:
            case Num():
                return self.rational(term.value)
            case Extent():
                return self.size(term.size)
            case Entry(name=Selection(start=start), indices=(place, *part)):
                shifted = self.sp.Add(self.size(start), *(self.bound[index] for index in part))
                return self.sp.KroneckerDelta(self.bound[place], shifted)
            case Entry():
                return self.element(term.name, term.indices, None)
            case Partial(of=Entry(name=of, indices=of_indices), by=by):
                return self.element(by.name, of_indices + by.indices, of)
            case Delta():
                return self.sp.KroneckerDelta(self.bound[term.left], self.bound[term.right])
            case Fun():
                return self.called(term.function, term.order, self.term(term.argument))
            case Pow():
                return self.sp.Pow(self.term(term.base), self.rational(term.exponent))
            case Positive():
                return self.step(self.term(term.argument))
            case Add():
                return self.sp.Add(*map(self.term, term.terms))
            case Mul():
                return self.sp.Mul(*map(self.term, term.factors))
            case Total():
                outside = self.bound.get(term.index)
                symbol = self.counter(term.index)
                body = self.term(term.body)
                if outside is not None:
                    self.bound[term.index] = outside
                return self.sp.Sum(body, (symbol, 0, self.size(term.index.size) - 1))
            case _:
                raise NoMatrixForm(f"{term!r} cannot be written entry by entry")

    def element(self, name: Name, indices: tuple[Index, ...], of: Name | None) -> SymPy:
        places = [self.bound[index] for index in indices]
        if not indices:
            return self.scalar(Leaf(name, (), of))
        if len(indices) > 2:
            shape = tuple(self.length(index) for index in indices)
            label = repr(name) if of is None else derivative_name(of, name)
            return self.sp.IndexedBase(label, shape=shape)[tuple(places)]
        lying = len(indices) == 1 and self.lies(name)
        if len(indices) == 1:
            places.insert(0 if lying else 1, self.sp.Integer(0))
        shape = (1 if lying else self.length(indices[0]), self.length(indices[-1]) if lying or len(indices) == 2 else 1)
        return self.symbol(Leaf(name, indices, of), shape)[tuple(places)]


def function_head(function: str) -> SymPy:
    """The SymPy function of that name: SymPy's own where it has one, else a function known by its name only."""
    import sympy

    own = {"exp": sympy.exp, "log": sympy.log, "sin": sympy.sin, "cos": sympy.cos, "tanh": sympy.tanh, "erf": sympy.erf}
    return own[function] if function in own else sympy.Function(function, real=True)
