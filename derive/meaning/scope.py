"""What is known while a formula is given its meaning: names with their shapes, functions, sizes, and running indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from derive.algebra.arrays import Array, ShapeMismatch, array
from derive.algebra.counts import Count
from derive.algebra.names import Index, Level, Name, Size, fresh, size, together
from derive.algebra.terms import Entry, Term, add, mul, num, rename, resized

if TYPE_CHECKING:
    from derive.meaning.products import Reading
    from derive.notation.tree import Node


MANY = r"_{\cdot}"
r"""What marks the name of many numbers like one that the page declares: `x_n` beside `x \in \{0, 1\}` is one of them."""


class NotUnderstood(Exception):
    """A part of a formula that has no meaning here. `missing` is a name that was never introduced, when that is why."""

    def __init__(self, message: str, missing: str = "", column: int = 0) -> None:
        super().__init__(message)
        self.message, self.missing, self.column = message, missing, column


@dataclass(frozen=True)
class Shape:
    """The sizes of an array, and whether a vector lies down."""

    sizes: tuple[Size, ...]
    row: bool = False
    declared: tuple[Size, ...] = field(default=(), compare=False)
    """The sizes of a matrix that was said to have one row, or one column, and so is a vector here."""

    @property
    def rank(self) -> int:
        return len(self.sizes)


@dataclass(frozen=True)
class Layout:
    r"""How a page lays out derivatives (Magnus and Neudecker, Matrix Differential Calculus, section 9.3; "matrix calculus" has no
    one convention): a scalar by a vector as a column or, with `gradient_rows`, as a row, which with `nabla_rows` a gradient
    `\nabla` is too; a scalar by a matrix in the matrix's shape or, with `matrices_turned`, in the transposed one; a vector by a
    vector with the variable's entries along the rows or, with `denominator`, down the columns."""

    said: str
    gradient_rows: bool = False
    nabla_rows: bool = False
    matrices_turned: bool = False
    denominator: bool = False


LAYOUTS = (
    Layout("gradients have the shape of their variable, Jacobians the variable's entries along the rows"),
    Layout(
        "numerator layout: gradients of scalars are rows, Jacobians have the variable's entries along the rows",
        gradient_rows=True,
        nabla_rows=True,
        matrices_turned=True,
    ),
    Layout(
        r"numerator layout for \partial: scalars by vectors are rows; gradients \nabla have the shape of their variable",
        gradient_rows=True,
    ),
    Layout("denominator layout: Jacobians have the variable's entries down the columns", denominator=True),
)


Axis = tuple[str, int]
"""An axis of an array, by the array's letter."""


@dataclass(frozen=True)
class Shifts:
    """What a page shows of arrays with entries at shifted places, `x_{i+k}`, before anything is read."""

    counts: frozenset[str] = frozenset()
    """Letters of sizes, which may stand in subscripts as well: a stride, the last entry."""
    first: Mapping[Axis, int] = field(default_factory=dict)
    """From what axes are counted, zero or one; axes are missing of which nothing says so."""
    mixed: frozenset[Axis] = frozenset()
    """Axes of which the page's sums and lists say both."""
    starts: Mapping[str, int] = field(default_factory=dict)
    """The same of index letters, where the whole page agrees."""
    counted: Mapping[tuple[Axis, str], int | None] = field(default_factory=dict)
    """The same of letters in the shifted places of an axis; None where it says both, or where what stands beside them differs."""
    lengths: Mapping[Axis, Count] = field(default_factory=dict)
    ranges: Mapping[tuple[Axis, str], Count] = field(default_factory=dict)
    """How many values a letter has in the shifted places of an axis, where the page is of one mind."""
    long: frozenset[Axis] = frozenset()
    """Axes along which places are shifted, or that say by how much with a letter that no sum runs over."""
    short: frozenset[Axis] = frozenset()
    """Axes that sums run over to shift the places of others."""
    blocks: Mapping[Axis, tuple[Count, Axis]] = field(default_factory=dict)
    """Axes cut into blocks, `a_{si+r}`: how long these are, and the axis of which each entry has one."""
    shifting: frozenset[str] = frozenset()
    """Letters that stand in shifted places."""
    shifted: frozenset[Axis] = frozenset()
    """Axes along which places are shifted: a letter that stands there alone need not reach their ends."""
    margin: int | None = None
    """How far shifts reach at a point with small filters."""


Stacks = Literal["", "blocks", "shown", "said"]
r"""What a page shows of stacks of arrays: nothing; matrices of blocks; lists with commas, `[h_{t-1}, x_t]`, by where they stand;
such lists by its words, or by lists with semicolons."""


@dataclass(frozen=True)
class OfVector:
    """A function of a vector: its parameter, the letter of the component that its body gives ("" for a number), and the body."""

    parameter: Name
    letter: str
    body: Node


@dataclass(frozen=True)
class Vocabulary:
    """How the document writes its names: bases that carry entries, and bases whose plain superscripts are layers."""

    subscripted: frozenset[str] = frozenset()
    layered: frozenset[str] = frozenset()
    entries_of: Mapping[str, str] = field(default_factory=dict)
    """A base that only stands with index letters, to the array it gives the entries of: `p` (as in `p_i`) to `\\mathbf{p}`."""
    heads: frozenset[str] = frozenset()
    """Names that the page defines, whatever convention takes them for: `I` is no identity matrix where there is an `I = ...`."""
    values: frozenset[str] = frozenset()
    """Names of values that are written with their arguments where they are defined."""
    numbers: frozenset[str] = frozenset()
    """Names that the page declares to be single numbers, and does not define."""
    samples: frozenset[str] = frozenset()
    """Letters of inputs that the page sums over."""
    clocks: Mapping[str, tuple[Level, Level]] = field(default_factory=dict)
    """Letters of steps with the first and the last step."""
    symmetric: frozenset[Name] = frozenset()
    """Matrices that the page calls symmetric."""
    steps: frozenset[str] = frozenset()
    """All letters at which members of families over time stand."""
    maps: Mapping[str, str] = field(default_factory=dict)
    """Letters of maps of vectors that are left general, with what they give."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What such a map is called with, where that is one family."""
    later_left: bool | None = None
    """Whether products of matrices over steps have their last factor on the left, where the page says so."""
    entrywise: bool = False
    r"""Whether the page has a sign for products of arrays entry by entry, `\odot`."""
    squares_by_entry: bool = False
    """Whether the page says that squares of vectors are taken of each entry."""
    stacks: Stacks = ""
    kronecker: bool = False
    r"""Whether `\delta_{ij}` is Kronecker's delta here."""
    layout: Layout = LAYOUTS[0]
    shifts: Shifts | None = None
    """On a page with entries at shifted places, what it shows of them."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """LaTeX of a function's letter or word to the name it has in terms: `\\sigma` to `sigmoid` where it was proved to be that."""
    of_vectors: Mapping[str, OfVector] = field(default_factory=dict)
    """LaTeX of a function's letter or word to what it is, for the functions of vectors that the page defines."""


@dataclass
class Running:
    """A summed or free index letter. Its range is known once it stands at an entry of an array."""

    letter: str
    index: Index | None = None


class Sizes:
    """Sizes that are still open, and what they turned out to be (union-find). Settled sizes agree only with themselves."""

    def __init__(self) -> None:
        self._parent: dict[Size, Size] = {}
        self._open: set[Size] = set()
        self._settled: list[Size] = []
        self._waiting: list[tuple[Size, Size]] = []
        """Sums of sizes that have to agree, where it is not yet known which of their parts do."""
        self.said: dict[Size, tuple[Size, ...]] = {}
        """The parts of sums of sizes in the order in which they are first written."""
        self.worked_out = False
        """Whether all shapes are found, and what is still open stays so."""
        self.changes = 0
        """How often something was asked or found out that later readings may rest on."""

    def open(self) -> Size:
        """A size that may still become any other."""
        self.changes += 1
        unknown = size(fresh(size(1)).label)
        self._open.add(unknown)
        return unknown

    def find(self, asked: Size) -> Size:
        while asked in self._parent:
            asked = self._parent[asked]
        return together(*map(self.find, asked.summands)) if asked.summands else asked

    def stack(self, *parts: Size) -> Size:
        """The size of what is stacked."""
        whole = together(*parts)
        self.said.setdefault(whole, parts)
        return whole

    def agree(self, left: Size, right: Size) -> bool:
        left, right = self.find(left), self.find(right)
        if left is right:
            return True
        self.changes += 1
        for one, other in ((left, right), (right, left)):
            if one in self._open and one not in other.summands:
                self._parent[one] = other
                self._settled.append(one)
                return True
        return bool(left.summands or right.summands) and self._sums_agree(left, right)

    def _sums_agree(self, left: Size, right: Size) -> bool:
        """Whether sums of sizes may agree: what both have is left out, and a single open size is what the other has beside it.

        Raises:
            NotUnderstood: several sizes are open, and no more will be found out of them.
        """
        one, other = (
            Counter(part for part in each.summands or (each,) if part.value is None) for each in (left, right)
        )
        number = sum(
            (part.value or 0) * sign for each, sign in ((left, 1), (right, -1)) for part in each.summands or (each,)
        )
        rests = [*(one - other).elements()], [*(other - one).elements()]
        for rest, against, more in ((rests[0], rests[1], -number), (rests[1], rests[0], number)):
            if len(rest) == 1 and rest[0] in self._open and more >= 0 and (against or more):
                whole = together(*against, size(more)) if more else together(*against)
                return self.agree(rest[0], whole)
        if not any(part in self._open for rest in rests for part in rest):
            return False
        if all(part in self._open for rest in rests for part in rest) and not (rests[0] and rests[1]):
            return False  # one of them would be nothing
        if self.worked_out:
            raise NotUnderstood("sums of sizes of which nothing tells whether they are the same")
        self._waiting.append((left, right))
        return True

    def work_out(self) -> None:
        """Find out what the sums that have to agree leave open, at last by the order in which they are written."""
        for by_order in (False, True):
            for _ in range(len(self._waiting)):
                waiting, self._waiting = self._waiting, []
                for left, right in waiting:
                    if by_order:
                        for one, other in zip(self.said.get(left, ()), self.said.get(right, ()), strict=False):
                            if self.is_open(one) or self.is_open(other):
                                self.agree(one, other)
                    self.agree(left, right)
        self.worked_out = True

    @contextmanager
    def trying(self) -> Iterator[None]:
        """What is found out inside holds if no shape contradicts it there; else it is forgotten."""
        before = len(self._settled), len(self._waiting)
        try:
            yield
        except ShapeMismatch:
            self._forget(*before)
            raise

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is found out inside holds there, and is forgotten afterwards."""
        before = len(self._settled), len(self._waiting)
        try:
            yield
        finally:
            self._forget(*before)

    def _forget(self, before: int, waiting: int) -> None:
        del self._waiting[waiting:]
        while len(self._settled) > before:
            self.changes += 1
            del self._parent[self._settled.pop()]

    def is_open(self, asked: Size) -> bool:
        return self.find(asked) in self._open

    def settle(self, asked: Size, as_size: Size) -> None:
        self._parent[self.find(asked)] = as_size

    def settled(self, value: Array) -> Array:
        """An array with its sizes as they were found to be."""
        if not self._parent:
            return value
        indices = tuple(Index(index.label, self.find(index.size)) for index in value.indices)
        letters = {index: Index(index.label, self.find(index.size)) for index in value.body.free}
        body = rename(value.body, letters | dict(zip(value.indices, indices, strict=True)))
        return Array(indices, resized(body, self.find), value.row)


@dataclass
class Kept:
    """What part of a formula was read as, and the index letters, with their ranges, that it was read under."""

    node: Node
    readings: tuple[Reading, ...]
    under: tuple[tuple[str, Index], ...]


@dataclass
class Scope:
    """The names of a document, one lookup for all of them.

    `shape_of` gives a name's shape or None; `space` compares sizes and settles open ones. `running` holds the index letters of
    the statement at hand. `plainest` takes the first reading that fits and no other, as is right while shapes are found.
    """

    vocabulary: Vocabulary
    shape_of: Callable[[Name], Shape | None]
    sizes: Mapping[str, Size] = field(default_factory=dict)
    space: Sizes = field(default_factory=Sizes)
    plainest: bool = False
    strict: bool = False
    """Take products as they are written, none entrywise that has no sign for it: right while shapes are still looked for."""
    first_met: Callable[[Name, int | None], Shape] | None = None
    running: dict[str, Running] = field(default_factory=dict)
    stepping: set[str] = field(default_factory=set)
    """The letters of the sums over steps that are being read."""
    is_diagonal: Callable[[Entry, Entry], bool] = lambda of, by: False
    at_definition: Callable[[Entry, Entry], Term | None] | None = None
    """The derivative of a quantity by one that its definition uses, all else there held fixed, where derivatives are read so."""
    kept: dict[int, Kept] | None = None
    """Readings of parts of formulas by the parts' identity, kept where all shapes are settled: a page's formulas, and more so the
    changes of one that are tried for a suggestion, share most of their parts."""
    looked_up: list[tuple[str, Index]] = field(default_factory=list)
    """The index letters whose range was known when they were met, in order."""
    changes: int = 0
    """How often something was found out about index letters that later readings may rest on."""

    def agree(self, left: Size, right: Size) -> bool:
        return self.space.agree(left, right)

    def array(self, name: Name, rank: int | None = None) -> Array:
        """The array of a name; `rank` is the number of subscripts it stands with, for a name that is met first here."""
        shape = self.shape_of(name)
        if shape is None and self.first_met is not None:
            shape = self.first_met(name, rank)
        if shape is None:
            raise NotUnderstood(f"{name!r} is not defined", missing=repr(name))
        found = array(name, shape.sizes, shape.row)
        if name not in self.vocabulary.symmetric or found.rank != 2:
            return found
        # the half of a matrix and its transpose is symmetric, whatever the matrix
        row, column = found.indices
        if not self.agree(row.size, column.size):
            raise NotUnderstood(f"{name!r} is symmetric and not square")
        return Array(found.indices, mul(num(Fraction(1, 2)), add(found.at(row, column), found.at(column, row))))

    @property
    def state(self) -> tuple[int, int]:
        """A number that is another one whenever something was found out."""
        return self.changes, self.space.changes

    def recalled(self, node: Node) -> tuple[Reading, ...] | None:
        """What a part of a formula was read as before, where nothing that it rests on has changed."""
        found = None if self.kept is None else self.kept.get(id(node))
        if found is None:
            return None
        for letter, index in found.under:
            own = self.running.get(letter)
            if own is None or own.index is not index:
                return None
        self.looked_up.extend(found.under)
        return found.readings

    def keep(self, node: Node, readings: tuple[Reading, ...], since: int) -> None:
        """Keep what a part was read as; `since` is how many letters had been looked up before it."""
        if self.kept is not None:
            self.kept[id(node)] = Kept(node, readings, tuple(dict.fromkeys(self.looked_up[since:])))

    def index(self, letter: str, range_size: Size) -> Index:
        """The running index of a letter, its range settled (or compared) with the dimension at which it stands.

        Raises:
            NotUnderstood: it may run over a part of that dimension.
            ShapeMismatch: the letter already runs over another range.
        """
        running = self.running.setdefault(letter, Running(letter))
        if running.index is None:
            self.changes += 1
            running.index = Index(letter, range_size)
            return running.index
        self.looked_up.append((letter, running.index))
        if not self.agree(running.index.size, range_size):
            if any(self.space.find(length).summands for length in (running.index.size, range_size)):
                raise NotUnderstood(f"{letter} runs over a part of a stack")
            raise ShapeMismatch(f"{letter} runs over {running.index.size} values here and over {range_size} there")
        return running.index
