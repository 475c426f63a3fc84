r"""Typed SymPy expressions as the index form: the way in for expressions that a caller built.

Every matrix is read as a pair of axes; an axis of length one carries no index, so that a 1 x 1 product is a scalar
and columns and rows are vectors. Expressions come as SymPy objects; text is never parsed as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.algebra.arrays import Array
from derive.algebra.functions import KNOWN, PI
from derive.algebra.names import Index, Level, Name, Size, fresh, size
from derive.algebra.terms import (
    ONE,
    ZERO,
    Entry,
    Extent,
    Fun,
    Partial,
    Positive,
    Term,
    Total,
    add,
    delta,
    mul,
    num,
    power,
    rename,
    sub,
)
from derive.theory import Theory

SymPy = Any


class NoIndexForm(Exception):
    """A SymPy expression that the index form has no term for: an inverse, a floating-point number, a condition,
    ...
    """


@dataclass(frozen=True)
class _Matrix:
    """Entries over a row and a column axis; an axis of length one may have no index."""

    row: Index | None
    column: Index | None
    body: Term

    def at(self, row: Index | None, column: Index | None) -> Term:
        return _moved(_moved(self.body, self.row, row), self.column, column)


def _moved(body: Term, old: Index | None, new: Index | None) -> Term:
    if old is None or old is new:
        return body
    return Total(old, body) if new is None else rename(body, {old: new})


def from_sympy(expression: SymPy, theory: Theory | None = None) -> Array:
    """An array from a SymPy expression of matrices, sums, indexed entries and functions of one number.

    `theory` says which names are vectors and which are matrices where a length is one. `MatrixSymbol("dL/dW^(1)",
    ...)` is the derivative of the scalar L by `W^(1)`.

    >>> import sympy
    >>> W, x = sympy.MatrixSymbol("W", 3, 2), sympy.MatrixSymbol("x", 2, 1)
    >>> from_sympy(W * x).shape
    (3,)

    Raises:
        NoIndexForm: what is not supported, by name.
    """
    reader = _Reader(theory)
    if not getattr(expression, "is_Matrix", False):
        return Array((), reader.scalar(expression, {}))
    value = reader.matrix(expression, {})
    indices = tuple(index for index in (value.row, value.column) if index is not None)
    return Array(indices, value.body, row=value.row is None and value.column is not None)


def read_name(text: str) -> Name:
    """A name as it is printed: a base, then a level in `^(...)` for each layer or time index."""
    levels: list[Level] = []
    while text.endswith(")") and "^(" in text[1:]:
        text, _, inside = text[:-1].rpartition("^(")
        levels.insert(0, _read_level(inside))
    return Name(text, tuple(levels))


def _read_level(text: str) -> Level:
    letter = text.rstrip("0123456789")
    digits = text[len(letter) :]
    if letter.endswith(("+", "-")) and digits:
        return Level(letter[:-1], int(letter[-1] + digits))
    return Level(text, 0) if letter else Level("", int(digits))


Environment = Mapping[SymPy, "Term | Index"]


class _Reader:
    def __init__(self, theory: Theory | None) -> None:
        import sympy
        from sympy.core.function import AppliedUndef

        self.sp: Any = sympy
        self.undefined: Any = AppliedUndef
        self.theory = theory
        self.names: dict[str, Name] = {}
        if theory is not None:
            self.names = {repr(name): name for name in (*theory.symbols, *theory.definitions)}
        self.matrices: dict[str, Callable[[SymPy, Environment], _Matrix]] = {
            "MatrixSymbol": self.symbol,
            "MatMul": self.matmul,
            "MatAdd": lambda e, env: self.together(e.args, env, add),
            "HadamardProduct": lambda e, env: self.together(e.args, env, mul),
            "HadamardPower": self.hadamard_power,
            "Transpose": self.transpose,
            "OneMatrix": lambda e, env: self.filled(e, ONE),
            "ZeroMatrix": lambda e, env: self.filled(e, ZERO),
            "Identity": self.identity,
            "DiagMatrix": self.diagonal,
            "DiagonalOf": self.diagonal_of,
            "ElementwiseApplyFunction": self.applied,
            "FunctionMatrix": self.function_matrix,
        }

    # Matrices -------------------------------------------------------------------------------------------------------

    def matrix(self, expression: SymPy, env: Environment) -> _Matrix:
        for kind in type(expression).__mro__:
            rule = self.matrices.get(kind.__name__)
            if rule is not None:
                return rule(expression, env)
        raise NoIndexForm(f"{type(expression).__name__} is not supported")

    def length(self, expression: SymPy) -> Size:
        if expression.is_Integer:
            return size(int(expression))
        if expression.is_Symbol:
            return size(expression.name)
        raise NoIndexForm(f"{expression} is no size: a number or a symbol is")

    def axis(self, length: SymPy) -> Index | None:
        return None if length == 1 else fresh(self.length(length))

    def name(self, text: str) -> tuple[Name, Name | None]:
        """A name, and of what scalar it is the derivative, if it is one."""
        if text in self.names:
            return self.names[text], None
        if text.startswith("d") and "/d" in text:
            of, _, by = text[1:].partition("/d")
            return self.names.get(by) or read_name(by), self.names.get(of) or read_name(of)
        return read_name(text), None

    def entry(self, text: str, indices: tuple[Index, ...]) -> Term:
        name, of = self.name(text)
        if of is None:
            return Entry(name, indices)
        cut = self.own_rank(of) or 0
        return Partial(Entry(of, indices[:cut]), Entry(name, indices[cut:]))

    def rank(self, text: str) -> int | None:
        """How many indices a name has, or a derivative, where the theory knows."""
        name, of = self.name(text)
        rank = self.own_rank(name)
        return rank if rank is None or of is None else rank + (self.own_rank(of) or 0)

    def own_rank(self, name: Name) -> int | None:
        if self.theory is None:
            return None
        symbol, definition = self.theory.symbol(name), self.theory.definition(name)
        if symbol is not None:
            return len(symbol.shape)
        return None if definition is None else definition.value.rank

    def symbol(self, expression: SymPy, env: Environment) -> _Matrix:
        rows, columns = expression.shape
        text, rank = expression.name, self.rank(expression.name)
        if rank == 2:
            row, column = fresh(self.length(rows)), fresh(self.length(columns))
            return _Matrix(row, column, self.entry(text, (row, column)))
        if rank == 1:
            name, _ = self.name(text)
            found = self.theory.symbol(name) if self.theory is not None else None
            if found is not None and found.row:
                column = fresh(self.length(columns))
                return _Matrix(None, column, self.entry(text, (column,)))
            row = fresh(self.length(rows))
            return _Matrix(row, None, self.entry(text, (row,)))
        maybe = (self.axis(rows), self.axis(columns))
        return _Matrix(*maybe, self.entry(text, tuple(index for index in maybe if index is not None)))

    def filled(self, expression: SymPy, body: Term) -> _Matrix:
        return _Matrix(self.axis(expression.shape[0]), self.axis(expression.shape[1]), body)

    def matmul(self, expression: SymPy, env: Environment) -> _Matrix:
        scalars = [self.scalar(a, env) for a in expression.args if not a.is_Matrix]
        value, *rest = (self.matrix(a, env) for a in expression.args if a.is_Matrix)
        for right in rest:
            length = value.column or right.row
            k = None if length is None else fresh(length.size)
            row, column = self.apart(value.row), self.apart(right.column)
            body = mul(value.at(row, k), right.at(k, column))
            value = _Matrix(row, column, body if k is None else Total(k, body))
        return _Matrix(value.row, value.column, mul(*scalars, value.body))

    def apart(self, index: Index | None) -> Index | None:
        """A new index like this one, so that equal factors do not share theirs."""
        return None if index is None else fresh(index.size)

    def together(self, parts: tuple[SymPy, ...], env: Environment, combine: Callable[..., Term]) -> _Matrix:
        values = [self.matrix(part, env) for part in parts if part.is_Matrix]
        scalars = [self.scalar(part, env) for part in parts if not part.is_Matrix]
        row = next((value.row for value in values if value.row is not None), None)
        column = next((value.column for value in values if value.column is not None), None)
        return _Matrix(row, column, combine(*scalars, *(value.at(row, column) for value in values)))

    def hadamard_power(self, expression: SymPy, env: Environment) -> _Matrix:
        base, exponent = expression.args
        if not exponent.is_Rational:
            raise NoIndexForm(f"the exponent {exponent} is not rational")
        value = self.matrix(base, env)
        return _Matrix(value.row, value.column, power(value.body, Fraction(int(exponent.p), int(exponent.q))))

    def transpose(self, expression: SymPy, env: Environment) -> _Matrix:
        value = self.matrix(expression.arg, env)
        return _Matrix(value.column, value.row, value.body)

    def identity(self, expression: SymPy, env: Environment) -> _Matrix:
        length = self.length(expression.shape[0])
        row, column = fresh(length), fresh(length)
        return _Matrix(row, column, delta(row, column))

    def diagonal(self, expression: SymPy, env: Environment) -> _Matrix:
        vector = self.matrix(expression.args[0], env)
        if vector.row is not None and vector.column is not None and vector.column.size.value != 1:
            raise NoIndexForm("a diagonal matrix is made of a vector")
        length = self.length(expression.shape[0])
        row, column = fresh(length), fresh(length)
        body = vector.at(row, None) if vector.row is not None else vector.at(None, row)
        return _Matrix(row, column, mul(delta(row, column), body))

    def diagonal_of(self, expression: SymPy, env: Environment) -> _Matrix:
        value = self.matrix(expression.args[0], env)
        row = fresh(self.length(expression.shape[0]))
        return _Matrix(row, None, value.at(row, row))

    def applied(self, expression: SymPy, env: Environment) -> _Matrix:
        value = self.matrix(expression.expr, env)
        (variable,) = expression.function.variables
        body = self.scalar(expression.function.expr, {**env, variable: value.body})
        return _Matrix(value.row, value.column, body)

    def function_matrix(self, expression: SymPy, env: Environment) -> _Matrix:
        rows, columns, function = expression.args
        i, j = function.variables
        row, column = fresh(self.length(rows)), fresh(self.length(columns))
        body = self.scalar(function.expr, {**env, i: row, j: column})
        keep_row = row if rows != 1 or row in body.free else None
        return _Matrix(keep_row, column if columns != 1 or column in body.free else None, body)

    # Scalars --------------------------------------------------------------------------------------------------------

    def scalar(self, e: SymPy, env: Environment) -> Term:
        """A scalar expression; `env` gives terms for the variables of functions and indices for those of sums."""
        sp = self.sp
        if e.is_Rational:
            return num(Fraction(int(e.p), int(e.q)))
        if e in env:
            found = env[e]
            if isinstance(found, Index):
                raise NoIndexForm(f"the index {e} stands as a number")
            return found
        if e.is_Symbol:
            return self.plain(e)
        if e is sp.pi:
            return PI
        if e is sp.E:
            return Fun("exp", 0, ONE)
        if e.is_Add:
            return add(*(self.scalar(part, env) for part in e.args))
        if e.is_Mul:
            return mul(*(self.scalar(part, env) for part in e.args))
        if e.is_Pow and e.exp.is_Rational:
            return power(self.scalar(e.base, env), Fraction(int(e.exp.p), int(e.exp.q)))
        rules: dict[str, Callable[[SymPy, Environment], Term]] = {
            "Sum": self.sum,
            "Trace": self.trace,
            "MatrixElement": self.element,
            "Indexed": self.indexed,
            "Derivative": self.derivative,
            "Subs": self.substituted,
            "KroneckerDelta": lambda e, env: delta(*(self.index(a, env) for a in e.args)),
            "Piecewise": self.piecewise,
            "Heaviside": self.heaviside,
            "Max": self.maximum,
        }
        rule = rules.get(type(e).__name__)
        if rule is not None:
            return rule(e, env)
        if e.is_Function and len(e.args) == 1 and (isinstance(e, self.undefined) or type(e).__name__ in KNOWN):
            return Fun(e.func.__name__, 0, self.scalar(e.args[0], env))
        raise NoIndexForm(f"{type(e).__name__} is not supported")

    def plain(self, symbol: SymPy) -> Term:
        """A size is an integer that is known to be positive; everything else is a named scalar."""
        if symbol.is_integer and symbol.is_positive:
            return Extent(size(symbol.name))
        return self.entry(symbol.name, ())

    def index(self, e: SymPy, env: Environment) -> Index:
        found = env.get(e)
        if isinstance(found, Index):
            return found
        raise NoIndexForm(f"{e} is no index of a sum around it")

    def sum(self, e: SymPy, env: Environment) -> Term:
        scope = dict(env)
        indices: list[Index] = []
        for limit in e.limits:
            if len(limit) != 3 or limit[1] not in (0, 1):
                raise NoIndexForm("a sum runs from 0 to n - 1, or from 1 to n")
            index = fresh(self.length(limit[2] + 1 - limit[1]))
            indices.append(index)
            scope[limit[0]] = index
        body = self.scalar(e.function, scope)
        for index in indices:
            body = Total(index, body)
        return body

    def trace(self, e: SymPy, env: Environment) -> Term:
        value = self.matrix(e.arg, env)
        index = value.row or value.column
        return value.body if index is None else Total(index, value.at(index, index))

    def element(self, e: SymPy, env: Environment) -> Term:
        matrix, *places = e.args
        value = self.matrix(matrix, env)
        found: list[Index | None] = []
        for place, axis in zip(places, (value.row, value.column), strict=True):
            if axis is None or (axis.size.value == 1 and place == 0):
                found.append(None)
            else:
                found.append(self.index(place, env))
        return value.at(*found)

    def indexed(self, e: SymPy, env: Environment) -> Term:
        return self.entry(str(e.base.label), tuple(self.index(place, env) for place in e.indices))

    def derivative(self, e: SymPy, env: Environment) -> Term:
        ((variable, order),) = e.variable_count
        inside = self.scalar(e.expr, env)
        if not isinstance(inside, Fun) or e.expr.args != (variable,) or not order.is_Integer:
            raise NoIndexForm("only the derivative of a function of one number by its argument is read")
        return Fun(inside.function, inside.order + int(order), inside.argument)

    def substituted(self, e: SymPy, env: Environment) -> Term:
        scope = dict(env)
        for variable, value in zip(e.variables, e.point, strict=True):
            scope[variable] = self.scalar(value, env)
        return self.scalar(e.expr, scope)

    def piecewise(self, e: SymPy, env: Environment) -> Term:
        """`cases` whose conditions compare two values strictly, from the last to the first."""
        *cases, last = e.args
        if last.cond != self.sp.true:
            raise NoIndexForm("the last case of a piecewise expression holds otherwise")
        result = self.scalar(last.expr, env)
        for case in reversed(cases):
            if not case.cond.is_Relational or case.cond.rel_op not in (">", "<"):
                raise NoIndexForm(f"the condition {case.cond} is no strict comparison")
            positive = Positive(self.scalar(case.cond.gts - case.cond.lts, env))
            result = add(mul(positive, self.scalar(case.expr, env)), mul(sub(ONE, positive), result))
        return result

    def heaviside(self, e: SymPy, env: Environment) -> Term:
        if e.args[1] != 0:
            raise NoIndexForm("the step function is read only where it is 0 at 0: Heaviside(x, 0)")
        return Positive(self.scalar(e.args[0], env))

    def maximum(self, e: SymPy, env: Environment) -> Term:
        result, *others = (self.scalar(part, env) for part in e.args)
        for other in others:
            result = add(mul(Positive(sub(other, result)), other), mul(sub(ONE, Positive(sub(other, result))), result))
        return result
