r"""The index form: every quantity of a document as a scalar expression in indexed entries.

A matrix product is `Total(k, W[i,k] * x[k])`, a Hadamard product `u[i] * v[i]`, a transpose a change of the order in which
indices are listed. Matrix, component and layer-family notation all land here, and nothing in a term says how large an index
range is: what holds for terms holds for all sizes at once.

Terms are interned: two terms built alike are the same object, so equality is identity and every term can be a key.

>>> from derive.algebra.names import size
>>> n = size("n")
>>> i, k = Index("i", n), Index("k", n)
>>> W, x = Name("W"), Name("x")
>>> Total(k, mul(Entry(W, (i, k)), Entry(x, (k,))))
sum_k(W[i,k]*x[k])
>>> add(num(1), num(2)) is num(3)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.algebra.names import Index, Interned, Name, Selection, Size, fresh


@dataclass(frozen=True, eq=False)
class Term(metaclass=Interned):
    """A scalar expression. `free` holds the indices that occur in it and are not summed."""

    free: frozenset[Index] = field(init=False, repr=False, default=frozenset())

    def children(self) -> tuple[Term, ...]:
        return ()

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        """The same node over other children."""
        return self

    def _set_free(self, extra: Iterable[Index] = ()) -> None:
        indices = frozenset(extra).union(*(child.free for child in self.children()))
        object.__setattr__(self, "free", indices)


@dataclass(frozen=True, eq=False)
class Num(Term):
    """A rational number. Floating-point numbers never enter a term."""

    value: Fraction

    def __repr__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, eq=False)
class Extent(Term):
    """The number of elements in an index range, as in a mean's 1/n."""

    size: Size

    def __repr__(self) -> str:
        return f"|{self.size}|"


@dataclass(frozen=True, eq=False)
class Entry(Term):
    """One entry of a named array; a named scalar when there are no indices."""

    name: Name
    indices: tuple[Index, ...] = ()

    def __post_init__(self) -> None:
        self._set_free(self.indices)

    def __repr__(self) -> str:
        return repr(self.name) + (f"[{','.join(map(repr, self.indices))}]" if self.indices else "")


@dataclass(frozen=True, eq=False)
class Arg(Term):
    """The argument of a function, inside the function's own definition."""

    position: int = 0

    def __repr__(self) -> str:
        return f"#{self.position}"


@dataclass(frozen=True, eq=False)
class Fun(Term):
    """A function of one real number, or its derivative of that order, at an argument."""

    function: str
    order: int
    argument: Term

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.argument,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return Fun(self.function, self.order, children[0])

    def __repr__(self) -> str:
        return f"{self.function}{chr(39) * self.order}({self.argument!r})"


@dataclass(frozen=True, eq=False)
class Add(Term):
    """A sum of terms. Build with `add`."""

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return self.terms

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return add(*children)

    def __repr__(self) -> str:
        return "(" + " + ".join(map(repr, self.terms)) + ")"


@dataclass(frozen=True, eq=False)
class Mul(Term):
    """A product of factors. Build with `mul`."""

    factors: tuple[Term, ...]

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return self.factors

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return mul(*children)

    def __repr__(self) -> str:
        return "*".join(map(repr, self.factors))


@dataclass(frozen=True, eq=False)
class Pow(Term):
    """A rational power. Build with `power`."""

    base: Term
    exponent: Fraction

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.base,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return power(children[0], self.exponent)

    def __repr__(self) -> str:
        return f"({self.base!r})**({self.exponent})"


@dataclass(frozen=True, eq=False)
class Total(Term):
    """The sum of a term over an index."""

    index: Index
    body: Term

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", self.body.free - {self.index})

    def children(self) -> tuple[Term, ...]:
        return (self.body,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return Total(self.index, children[0])

    def __repr__(self) -> str:
        return f"sum_{self.index!r}({self.body!r})"


@dataclass(frozen=True, eq=False)
class OfMatrix(Term):
    """What depends on a whole square matrix, whose entry at (i, j) is `body`; i and j are bound, and occur nowhere else."""

    i: Index
    j: Index
    body: Term

    def children(self) -> tuple[Term, ...]:
        return (self.body,)

    def over(self, i: Index, j: Index, body: Term) -> Term:
        """The same of another matrix."""
        raise NotImplementedError

    def at(self, change: Callable[[Index], Index]) -> OfMatrix:
        """The same at another entry, where it has any."""
        return self

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return self.over(self.i, self.j, children[0])


@dataclass(frozen=True, eq=False)
class Determinant(OfMatrix):
    """The determinant of a square matrix."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", self.body.free - {self.i, self.j})

    def over(self, i: Index, j: Index, body: Term) -> Term:
        return Determinant(i, j, body)

    def __repr__(self) -> str:
        return f"det_{self.i!r},{self.j!r}({self.body!r})"


@dataclass(frozen=True, eq=False)
class Inverse(OfMatrix):
    """Entry (row, column) of the inverse of a square matrix."""

    row: Index
    column: Index

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", (self.body.free - {self.i, self.j}) | {self.row, self.column})

    def over(self, i: Index, j: Index, body: Term) -> Term:
        return Inverse(i, j, body, self.row, self.column)

    def at(self, change: Callable[[Index], Index]) -> OfMatrix:
        return Inverse(self.i, self.j, self.body, change(self.row), change(self.column))

    def __repr__(self) -> str:
        return f"inv_{self.i!r},{self.j!r}({self.body!r})[{self.row!r},{self.column!r}]"


@dataclass(frozen=True, eq=False)
class Delta(Term):
    """One where two indices agree, else zero (Kronecker). Build with `delta`."""

    left: Index
    right: Index

    def __post_init__(self) -> None:
        self._set_free((self.left, self.right))

    def __repr__(self) -> str:
        return f"[{self.left!r}={self.right!r}]"


@dataclass(frozen=True, eq=False)
class Positive(Term):
    """One where the argument is greater than zero, else zero: `cases`, `max`, `|x|` and ReLU are made of it."""

    argument: Term

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.argument,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return Positive(children[0])

    def __repr__(self) -> str:
        return f"[{self.argument!r}>0]"


@dataclass(frozen=True, eq=False)
class Partial(Term):
    """The total derivative of a term by one entry of a named array, not yet worked out.

    An entry of a name that has a definition is varied as if it were free: what depends on it follows, what it depends on does not.
    """

    of: Term
    by: Entry

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.of, self.by)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        of, by = children
        if not isinstance(by, Entry):
            raise TypeError(f"a derivative is taken by an entry, not by {by!r}")
        return Partial(of, by)

    def __repr__(self) -> str:
        return f"d({self.of!r})/d({self.by!r})"


LONGEST_NUMBER = 10_000
"""The most binary digits that working out a power may give."""

ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))
MINUS_ONE = Num(Fraction(-1))


def num(value: int | Fraction) -> Num:
    """A rational number as a term."""
    return Num(Fraction(value))


def add(*terms: Term) -> Term:
    """A sum, flattened, with its numbers collected."""
    constant, rest = Fraction(0), []
    for term in terms:
        for part in term.terms if isinstance(term, Add) else (term,):
            if isinstance(part, Num):
                constant += part.value
            else:
                rest.append(part)
    if constant:
        rest.append(Num(constant))
    return ZERO if not rest else rest[0] if len(rest) == 1 else Add(tuple(rest))


def mul(*factors: Term) -> Term:
    """A product, flattened, with its numbers collected in front."""
    constant, rest = Fraction(1), []
    for factor in factors:
        for part in factor.factors if isinstance(factor, Mul) else (factor,):
            if isinstance(part, Num):
                constant *= part.value
            else:
                rest.append(part)
    if constant == 0:
        return ZERO
    if constant != 1:
        rest.insert(0, Num(constant))
    return ONE if not rest else rest[0] if len(rest) == 1 else Mul(tuple(rest))


def power(base: Term, exponent: int | Fraction) -> Term:
    """A rational power; numbers to integer powers are worked out, unless they would fill pages."""
    exponent = Fraction(exponent)
    if exponent == 0:
        return ONE
    if exponent == 1:
        return base
    if isinstance(base, Num) and exponent.denominator == 1 and (base.value != 0 or exponent > 0):
        if fits(base.value, exponent):
            return Num(base.value ** int(exponent))
        return Pow(base, exponent)
    if isinstance(base, Pow) and base.exponent.denominator == 1 and exponent.denominator == 1:
        return power(base.base, base.exponent * exponent)
    return Pow(base, exponent)


def fits(base: Fraction, exponent: Fraction) -> bool:
    """Whether a power of a number may be written out: `10^{100000000}` stays as it is."""
    return abs(exponent) * max(base.numerator.bit_length(), base.denominator.bit_length()) <= LONGEST_NUMBER


def neg(term: Term) -> Term:
    return mul(MINUS_ONE, term)


def sub(left: Term, right: Term) -> Term:
    return add(left, neg(right))


def delta(left: Index, right: Index) -> Term:
    """The Kronecker delta, one of an index with itself."""
    return ONE if left is right else Delta(*sorted((left, right), key=lambda index: index.label))


def total(indices: Iterable[Index], body: Term) -> Term:
    """The sum over several indices, the first outermost."""
    for index in reversed(tuple(indices)):
        body = ZERO if body is ZERO else Total(index, body)
    return body


def rename(term: Term, mapping: Mapping[Index, Index]) -> Term:
    """Free indices replaced, without capture."""
    active = {old: new for old, new in mapping.items() if old in term.free and old is not new}
    if not active:
        return term
    match term:
        case Entry():
            return Entry(term.name, tuple(active.get(index, index) for index in term.indices))
        case Delta():
            return delta(active.get(term.left, term.left), active.get(term.right, term.right))
        case Total():
            index, body = term.index, term.body
            if index in active.values():
                index = fresh(index.size)
                body = rename(body, {term.index: index})
            return Total(index, rename(body, active))
        case OfMatrix():
            term = term.at(lambda index: active.get(index, index))
            i, j, body = term.i, term.j, term.body
            if i in active.values() or j in active.values():
                i, j = fresh(i.size), fresh(j.size)
                body = rename(body, {term.i: i, term.j: j})
            return term.over(i, j, rename(body, active))
        case _:
            return term.rebuilt(tuple(rename(child, active) for child in term.children()))


def resized(term: Term, change: Callable[[Size], Size]) -> Term:
    """A term whose bound indices run over other sizes."""

    def visit(node: Term) -> Term | None:
        match node:
            case Extent(size=own) if change(own) is not own:
                return Extent(change(own))
            case Total(index=index, body=body) if change(index.size) is not index.size:
                other = Index(index.label, change(index.size))
                return Total(other, rename(body, {index: other}))
            case OfMatrix(i=i, j=j, body=body):
                if change(i.size) is i.size and change(j.size) is j.size:
                    return None
                one, other = Index(i.label, change(i.size)), Index(j.label, change(j.size))
                return node.over(one, other, rename(body, {i: one, j: other}))
            case Entry(name=Selection(start=start)) if change(start) is not start:
                return Entry(Selection(node.name.base, (), change(start)), node.indices)
            case _:
                return None

    return transform(term, visit, variables=True)


def transform(
    term: Term, change: Callable[[Term], Term | None], *, variables: bool = False, derivatives: bool = True
) -> Term:
    """A term rebuilt bottom-up; `change` gives what takes a node's place, or None to leave it. Shared parts are visited once.

    What a derivative is taken by stays as it is unless `variables`: unfolding a name must not change what varies. Without
    `derivatives` nothing inside a derivative is changed: in `d(L + s)/d(s)`, `s` must not be unfolded.
    """
    seen: dict[Term, Term] = {}

    def visit(node: Term) -> Term:
        if node in seen:
            return seen[node]
        if isinstance(node, Partial) and not derivatives:
            seen[node] = change(node) or node
            return seen[node]
        children = node.children()
        changed = tuple(visit(child) for child in children)
        if isinstance(node, Partial) and not variables:
            changed = (changed[0], node.by)
        rebuilt = node if all(a is b for a, b in zip(children, changed, strict=True)) else node.rebuilt(changed)
        replaced = change(rebuilt)
        seen[node] = rebuilt if replaced is None else replaced
        return seen[node]

    return visit(term)


def walk(term: Term, *, derivatives: bool = True) -> Iterable[Term]:
    """Every distinct subterm, parents before children; without `derivatives` none that stands in a derivative."""
    seen: set[Term] = set()
    stack = [term]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            yield node
            if derivatives or not isinstance(node, Partial):
                stack.extend(node.children())


def names(term: Term) -> frozenset[Name]:
    """The names whose entries occur in a term; what puts parts in their places in a stack is no name."""
    used = (node.name for node in walk(term) if isinstance(node, Entry))
    return frozenset(name for name in used if not isinstance(name, Selection))
