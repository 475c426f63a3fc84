"""Array operations with named axes, laid out: which axis runs down and which across, and where a transpose is
needed.
"""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase

from derive.algebra.names import Index, Size
from derive.algebra.terms import Extent, Num, Term
from derive.matrices.plan import (
    Call,
    Contract,
    Diagonal,
    Leaf,
    Network,
    Node,
    NoMatrixForm,
    Planner,
    Power,
    Product,
    Reduce,
    Same,
    Step,
    Sum,
)
from derive.matrices.plan import Number as NumberNode
from numeric import program as p
from numeric.batch import NotLowerable
from numeric.extreme import Extreme, Largest

Axis = Index | None


class NumericPlanner(Planner):
    """Plans for arrays: sums of losses stay whole, the largest of an axis is known, and no matrix form is needed."""

    def __init__(self) -> None:
        super().__init__(whole_sums=True, networks=True)

    def other(self, term: Term) -> Node:
        if isinstance(term, Extreme):
            return Largest(term.index, self.node(term.body), term.how)
        return super().other(term)


class Orientation:
    """`variable` gives a leaf's array, `length` the expression of a size, `given` an array that is always there. An
    array's first axis runs down its rows.
    """

    def __init__(
        self,
        variable: Callable[[Leaf], p.Variable],
        length: Callable[[Size], p.Expression],
        given: Callable[[], p.Variable],
    ) -> None:
        self.variable = variable
        self.length = length
        self.given = given

    def lay(self, node: Node, row: Axis, column: Axis) -> p.Expression:
        """A node with that axis down and that axis across; an axis that the node lacks has length one."""
        row = row if row in node.axes else None
        column = column if column in node.axes else None
        if len(node.axes) != (row is not None) + (column is not None):
            raise NoMatrixForm(f"{len(node.axes)} axes do not fit a matrix")
        match node:
            case NumberNode(value=Num(value=value)):
                return p.Number(value)
            case NumberNode(value=Extent(size=length)):
                return self.length(length)
            case Leaf():
                return self.leaf(node, row, column)
            case Same():
                return p.Identity(self.length(node.left.size), self.given())
            case Diagonal(matrix=inner, index=index, second=second):
                entries = p.DiagonalOf(self.lay(inner, index, second))
                return entries if column is None else p.Transpose(entries)
            case Sum(terms=terms):
                return p.Add(tuple(self.lay(term, row, column) for term in terms))
            case Product(factors=factors):
                return self.product(factors, row, column)
            case Contract():
                return self.contraction(node, row, column)
            case Reduce(index=index, body=body):
                return self.reduced(body, index, row, column, "add")
            case Largest(index=index, body=body, how=how):
                return self.reduced(body, index, row, column, how)
            case Call(function=function, argument=argument):
                if function == "pi":
                    return p.Constant("pi")
                return p.Call(self.lay(argument, row, column), function)
            case Step(argument=argument):
                return p.Step(self.lay(argument, row, column))
            case Power(base=base, exponent=exponent):
                return p.Power(self.lay(base, row, column), exponent)
            case Network():
                return self.network(node, row, column)
        raise NotLowerable(f"{type(node).__name__} has no array operation")

    def leaf(self, node: Leaf, row: Axis, column: Axis) -> p.Expression:
        variable = self.variable(node)
        if len(node.indices) == 2:
            return variable if node.indices[0] is row else p.Transpose(variable)
        if not node.indices:
            return variable
        lying = variable.shape[0] is None
        return variable if lying is (column is not None) else p.Transpose(variable)

    def product(self, factors: tuple[Node, ...], row: Axis, column: Axis) -> p.Expression:
        """An entrywise product, numbers in front; a column by a row is their matrix product."""
        laid = [self.lay(factor, row, column) for factor in factors if not factor.axes]
        rest = [factor for factor in factors if factor.axes]
        down = [factor for factor in rest if factor.axes == {row}]
        across = [factor for factor in rest if factor.axes == {column}]
        if down and across and len(down) + len(across) == len(rest):
            left = self.product(tuple(down), row, None)
            outer = p.Matmul(left, self.product(tuple(across), None, column))
            return p.Multiply((*laid, outer)) if laid else outer
        laid += [self.lay(factor, row, column) for factor in rest]
        return laid[0] if len(laid) == 1 else p.Multiply(tuple(laid))

    def contraction(self, node: Contract, row: Axis, column: Axis) -> p.Expression:
        first, second, index = node.left, node.right, node.index
        if (row is not None and row in second.axes) or (column is not None and column in first.axes):
            first, second = second, first
        return p.Matmul(
            self.lay(first, row if row in first.axes else None, index),
            self.lay(second, index, column if column in second.axes else None),
        )

    def reduced(self, body: Node, index: Index, row: Axis, column: Axis, how: str) -> p.Expression:
        if row is not None:
            return p.Reduce(self.lay(body, row, index), 1, how)
        if column is not None:
            return p.Reduce(self.lay(body, index, column), 0, how)
        if isinstance(body, Reduce) and how == "add":
            ways = (self.lay(body.body, body.index, index), self.lay(body.body, index, body.index))
            return p.Reduce(min(ways, key=_transposes), None, how)
        if self.lies(body):
            return p.Reduce(self.lay(body, None, index), 1, how)
        return p.Reduce(self.lay(body, index, None), 0, how)

    def lies(self, node: Node) -> bool:
        """Whether a vector is made of rows."""
        match node:
            case Leaf(indices=(_,)):
                return self.variable(node).shape[0] is None
            case Sum(terms=parts) | Product(factors=parts):
                return any(map(self.lies, parts))
            case Call(argument=inside) | Step(argument=inside) | Power(base=inside):
                return self.lies(inside)
            case _:
                return False

    def network(self, node: Network, row: Axis, column: Axis) -> p.Expression:
        """Einstein's notation: a letter for each index, and one of its own for each axis of length one."""
        letters = iter(ascii_lowercase)
        chosen: dict[Index, str] = {}
        operands: list[p.Expression] = []
        subscripts: list[str] = []
        units: list[str] = []
        for factor in node.factors:
            down, across = (*sorted(factor.axes, key=lambda index: index.label), None, None)[:2]
            operands.append(self.lay(factor, down, across))
            text = ""
            for axis in (down, across):
                if axis is None:
                    units.append(next(letters))
                    text += units[-1]
                else:
                    if axis not in chosen:
                        chosen[axis] = next(letters)
                    text += chosen[axis]
            subscripts.append(text)
        out = ""
        for axis in (row, column):
            if axis is not None:
                out += chosen[axis]
            elif units:
                out += units.pop()
            else:
                raise NotLowerable("a sum over products of three matrices gives a vector here")
        return p.Einsum(f"{','.join(subscripts)}->{out}", tuple(operands))


def _transposes(expression: p.Expression) -> int:
    return sum(isinstance(part, p.Transpose) for part in p.inside(expression))
