r"""From the index form to products: which sums are matrix products, which are row sums, and what is multiplied
entrywise.

A monomial is a tensor network: factors joined by the indices that are summed. Factors with the same indices are
multiplied entrywise; a sum over an index that joins two groups of factors is their product; an index in one group
only is summed as it stands. What comes out is a tree of array operations whose axes are named by indices, so it
says nothing of transposes yet: whoever writes it down chooses which axis is the row.

>>> from derive.algebra.arrays import array, matmul
>>> from derive.algebra.names import Name, size
>>> m, n = size("m"), size("n")
>>> product = matmul(array(Name("W"), (m, n)), array(Name("x"), (n,)))
>>> type(plan(product.body)).__name__
'Contract'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from derive.algebra.names import Index, Name, Selection, fresh
from derive.algebra.terms import (
    Add,
    Arg,
    Delta,
    Entry,
    Extent,
    Fun,
    Mul,
    Num,
    Partial,
    Positive,
    Pow,
    Term,
    Total,
    add,
    mul,
    rename,
)
from derive.matrices.tidy import extent, summed, tidy

Axes = frozenset[Index]


class NoMatrixForm(Exception):
    """An expression that matrix notation cannot write: it needs an array with three or more indices at once."""


@dataclass(frozen=True)
class Node:
    """An array whose axes are named by indices; entries combine where the indices agree, and repeat along axes they
    lack.
    """

    axes: Axes = field(init=False, default=frozenset())

    def _over(self, axes: Iterable[Index]) -> None:
        object.__setattr__(self, "axes", frozenset(axes))


@dataclass(frozen=True)
class Number(Node):
    """A rational number, or the length of a range."""

    value: Num | Extent


@dataclass(frozen=True)
class Leaf(Node):
    """A named array at indices in its own order, or the derivative of `of` by it: the indices of `of`, then its own."""

    name: Name
    indices: tuple[Index, ...]
    of: Name | None = None

    def __post_init__(self) -> None:
        self._over(self.indices)


@dataclass(frozen=True)
class Call(Node):
    """A function, or a derivative of one, at every entry."""

    function: str
    order: int
    argument: Node

    def __post_init__(self) -> None:
        self._over(self.argument.axes)


@dataclass(frozen=True)
class Power(Node):
    """A power of every entry."""

    base: Node
    exponent: Fraction

    def __post_init__(self) -> None:
        self._over(self.base.axes)


@dataclass(frozen=True)
class Step(Node):
    """One where an entry is greater than zero, else zero."""

    argument: Node

    def __post_init__(self) -> None:
        self._over(self.argument.axes)


@dataclass(frozen=True)
class Same(Node):
    """One where two indices agree: the identity matrix."""

    left: Index
    right: Index

    def __post_init__(self) -> None:
        self._over((self.left, self.right))


@dataclass(frozen=True)
class Diagonal(Node):
    """The entries of a square matrix at which both its axes are `index`; `second` is its other axis."""

    matrix: Node
    index: Index
    second: Index

    def __post_init__(self) -> None:
        self._over(self.matrix.axes - {self.second})


@dataclass(frozen=True)
class Sum(Node):
    """A sum, entry by entry."""

    terms: tuple[Node, ...]

    def __post_init__(self) -> None:
        self._over(frozenset().union(*(term.axes for term in self.terms)))


@dataclass(frozen=True)
class Product(Node):
    """A product, entry by entry, in the order of writing."""

    factors: tuple[Node, ...]

    def __post_init__(self) -> None:
        self._over(frozenset().union(*(factor.axes for factor in self.factors)))


@dataclass(frozen=True)
class Contract(Node):
    """The sum over `index` of a product of two: the matrix product. Only `index` is an axis of both."""

    index: Index
    left: Node
    right: Node

    def __post_init__(self) -> None:
        self._over((self.left.axes | self.right.axes) - {self.index})


@dataclass(frozen=True)
class Reduce(Node):
    """The sum over one axis."""

    index: Index
    body: Node

    def __post_init__(self) -> None:
        self._over(self.body.axes - {self.index})


@dataclass(frozen=True)
class Network(Node):
    """The sum over several indices of a product that no order of matrix products gives."""

    summed: tuple[Index, ...]
    factors: tuple[Node, ...]

    def __post_init__(self) -> None:
        self._over(_union(self.factors) - set(self.summed))


ONE_NODE = Number(Num(Fraction(1)))


def plan(term: Term, most_axes: int = 2) -> Node:
    """A scalar term as array operations over its free indices.

    Raises:
        NoMatrixForm: some part has more than `most_axes` indices at once, however it is arranged.
    """
    return Planner(most_axes).node(tidy(term))


class Planner:
    """One plan.

    `whole_sums` keeps a sum over terms that all have the same indices in one piece; `networks` gives what has no matrix
    products as a `Network` instead of refusing it.
    """

    def __init__(self, most_axes: int = 2, *, whole_sums: bool = False, networks: bool = False) -> None:
        self.most = most_axes
        self.whole_sums = whole_sums
        self.networks = networks
        self.seen: dict[Term, Node] = {}

    def other(self, term: Term) -> Node:
        """A kind of term that a room above has added."""
        raise NoMatrixForm(f"{term!r} has no matrix form")

    def node(self, term: Term) -> Node:
        found = self.seen.get(term)
        if found is None:
            found = self.seen[term] = self._limited(self._node(term))
        return found

    def _limited(self, node: Node) -> Node:
        if len(node.axes) > self.most:
            raise NoMatrixForm(f"{len(node.axes)} indices at once: matrix notation has two")
        return node

    def _node(self, term: Term) -> Node:
        match term:
            case Num() | Extent():
                return Number(term)
            case Entry(name=Selection()):
                raise NoMatrixForm("what puts a part in its place in a stack: matrix notation has no name for it")
            case Entry():
                return _leaf(term.name, term.indices, None)
            case Partial(of=Entry(name=of, indices=of_indices), by=by):
                return _leaf(by.name, of_indices + by.indices, of)
            case Delta():
                return Same(term.left, term.right)
            case Fun():
                return Call(term.function, term.order, self.node(term.argument))
            case Pow():
                return Power(self.node(term.base), term.exponent)
            case Positive():
                return Step(self.node(term.argument))
            case Add():
                return Sum(tuple(self.node(part) for part in term.terms))
            case Mul() | Total():
                return self._monomial(term)
            case Arg():
                raise NoMatrixForm("a function's argument stands outside the function's definition")
            case _:
                return self.other(term)

    def _monomial(self, term: Term) -> Node:
        """A product under sums. Sums over sums of terms are taken apart, and so are factors with too many indices."""
        indices: list[Index] = []
        while isinstance(term, Total):
            if term.index in indices:
                new = fresh(term.index.size)
                term = Total(new, rename(term.body, {term.index: new}))
            indices.append(term.index)
            term = term.body
        whole = self.whole_sums and isinstance(term, Add) and len({part.free for part in term.terms}) == 1
        if isinstance(term, Add) and indices and not whole:
            parts = (self._resummed(indices, part) for part in term.terms)
            return Sum(tuple(self.node(part) for part in parts))
        factors = term.factors if isinstance(term, Mul) else (term,)
        for n, factor in enumerate(factors):
            if isinstance(factor, Add) and len(factor.free) > self.most:
                parts = (mul(*factors[:n], part, *factors[n + 1 :]) for part in factor.terms)
                return self.node(add(*(self._resummed(indices, part) for part in parts)))
            if isinstance(factor, Total) and len(factor.free) > self.most:
                inner, body = factor.index, factor.body
                if any(inner in other.free for other in factors) or inner in indices:
                    inner = fresh(inner.size)
                    body = rename(body, {factor.index: inner})
                merged = mul(*factors[:n], body, *factors[n + 1 :])
                return self.node(self._resummed([*indices, inner], merged))
        constants = [self.node(factor) for factor in factors if not factor.free]
        rest = [self.node(factor) for factor in factors if factor.free]
        joined = _union(rest)
        constants.extend(self.node(extent(index.size)) for index in indices if index not in joined)
        wanted = [index for index in indices if index in joined]
        try:
            return self._product([*constants, *self._contracted(list(wanted), rest)])
        except NoMatrixForm:
            if not self.networks:
                raise
        return self._product([*constants, Network(tuple(wanted), tuple(rest))])

    def _resummed(self, indices: Sequence[Index], body: Term) -> Term:
        for index in reversed(indices):
            body = summed(index, body)
        return body

    def _contracted(self, indices: list[Index], nodes: list[Node]) -> list[Node]:
        """All sums carried out, those that leave the fewest axes first."""
        while indices:
            reach = {index: _union(n for n in nodes if index in n.axes) - {index} for index in indices}
            index = min(indices, key=lambda one: (len(reach[one]), indices.index(one)))
            indices.remove(index)
            group = [node for node in nodes if index in node.axes]
            at = nodes.index(group[0])
            nodes = [node for node in nodes if index not in node.axes]
            nodes[at:at] = [self._limited(self._summed(index, group))]
        return nodes

    def _summed(self, index: Index, group: list[Node]) -> Node:
        """The sum over an index of a product of nodes that all have it as an axis."""
        groups: dict[Axes, list[Node]] = {}
        for node in group:
            groups.setdefault(node.axes, []).append(node)
        vectors = groups.pop(frozenset({index}), [])
        wide = [self._product(nodes) for nodes in groups.values()]
        if len(wide) > 2 or (len(wide) == 2 and wide[0].axes & wide[1].axes != {index}):
            if self.most <= 2:
                raise NoMatrixForm("three matrices meet in one index")
            return Reduce(index, self._product(group))
        if len(wide) == 2:
            left, right = wide
            return Contract(index, self._product([left, *vectors]) if vectors else left, right)
        if len(wide) == 1:
            if not vectors:
                return Reduce(index, wide[0])
            vector = self._product(vectors)
            first = group[0] in vectors
            return Contract(index, vector, wide[0]) if first else Contract(index, wide[0], vector)
        if len(vectors) > 1:
            return Contract(index, self._product(vectors[:-1]), vectors[-1])
        match vectors[0]:
            case Power(base=base, exponent=exponent) if exponent == 2:
                return Contract(index, base, base)
            case vector:
                return Reduce(index, vector)

    def _product(self, nodes: Sequence[Node]) -> Node:
        flat: list[Node] = []
        for node in nodes:
            flat.extend(node.factors if isinstance(node, Product) else (node,))
        return self._limited(flat[0] if len(flat) == 1 else Product(tuple(flat)) if flat else ONE_NODE)


def _leaf(name: Name, indices: tuple[Index, ...], of: Name | None) -> Node:
    """A named array; a repeated index takes its diagonal."""
    distinct: list[Index] = []
    twice: list[tuple[Index, Index]] = []
    for index in indices:
        if index in distinct:
            second = Index(f"{index.label}'{len(distinct)}", index.size)
            twice.append((index, second))
            distinct.append(second)
        else:
            distinct.append(index)
    node: Node = Leaf(name, tuple(distinct), of)
    for index, second in twice:
        node = Diagonal(node, index, second)
    return node


def _union(nodes: Iterable[Node]) -> Axes:
    return frozenset().union(*(node.axes for node in nodes))
