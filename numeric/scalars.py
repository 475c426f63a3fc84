r"""An array program with all its sizes fixed, as scalars: the middle of the fused kernel.

Every entry of every array becomes a number of its own. What depends on an example is a lane number, computed in a loop
over the examples; everything else is uniform. Sums over examples are gathered in a loop after that one. A lane number
that needs such a sum itself waits for it: that is the next phase, with loops of its own.

    phase 0:  uniform numbers; for each example: lane numbers; for each example: sums
    phase 1:  uniform numbers made of those sums; ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from derive.algebra.names import Size
from numeric import program as p
from numeric.batch import NotLowerable

LOCALS = frozenset((
    "ThreadPoolExecutor", "at", "block", "blocks", "count", "data", "epochs", "lane", "lanes", "m", "n", "os",
    "part", "parts", "place", "pool", "row", "rows", "size", "slopes", "start", "starts", "sums", "theta", "to",
    "train", "train_starts", "width", "work",
))  # fmt: skip
"""What the kernel calls its own, so that no number of the network may be called so."""

MOST_OPERATIONS = 20_000
"""So many operations take minutes to compile."""


@dataclass(frozen=True)
class Largest(p.Expression):
    """The largest of several numbers."""

    terms: tuple[p.Expression, ...]

    def parts(self) -> tuple[p.Expression, ...]:
        return self.terms

    def over(self, parts: tuple[p.Expression, ...]) -> p.Expression:
        return Largest(parts)


@dataclass(frozen=True)
class Phase:
    """`uniform` comes first, then `lanes` for each example, then `sums`, to each of which every example adds a value."""

    uniform: tuple[p.Assignment, ...]
    lanes: tuple[p.Assignment, ...]
    sums: tuple[p.Assignment, ...]


@dataclass(frozen=True)
class ScalarProgram:
    """The way from parameters and data to gradients in numbers.

    `parameters` and `gradients` are the entries of all parameters and of their derivatives, in one order; `data` those of
    one example (of all of them, if `batch` is not a size of its own). `kept` are the lane numbers that a later loop reads.
    `called` is what the kernel's functions call inputs, targets and constants that they are given.
    """

    parameters: tuple[p.Variable, ...]
    data: tuple[p.Variable, ...]
    phases: tuple[Phase, ...]
    gradients: tuple[p.Expression, ...]
    kept: tuple[p.Variable, ...]
    examples: p.Variable
    in_lanes: bool
    called: Mapping[p.Variable, str]


def scalars(program: p.Program, sizes: Mapping[Size, int]) -> ScalarProgram:
    """An array program's backward pass in numbers.

    Raises:
        NotLowerable: a size is missing, there are too many numbers, or an operation couples examples otherwise than by
            sums.
    """
    return _Expansion(program, sizes).program()


_ALL = -1
"""The index that runs over examples."""


class _Expansion:
    def __init__(self, program: p.Program, sizes: Mapping[Size, int]) -> None:
        self.array_program = program
        self.batch = None if program.batch is None or program.batch.value is not None else program.batch
        self.sizes = sizes
        self.entries: dict[tuple[p.Variable, int, int], p.Expression] = {}
        self.lane: set[p.Variable] = set()
        self.phase: dict[p.Variable, int] = {}
        self.examples = p.Variable("m", "the number of examples", (None, None))
        self.lines: dict[tuple[str, int], list[p.Assignment]] = {}
        self.taken: set[str] = set(LOCALS)
        self.stem = ""
        self.operations = 0

    def program(self) -> ScalarProgram:
        program = self.array_program
        called = renamed((*program.inputs, *program.targets, *program.constants), program.parameters)
        self.taken |= {called[constant] for constant in program.constants}
        parameters = tuple(self.declare(program.parameters, lane=False))
        data = tuple(self.declare((*program.inputs, *program.targets), lane=self.batch is not None))
        for constant in program.constants:
            if constant.shape != (None, None):
                raise NotLowerable(
                    f"the fused kernel takes constants that are numbers, and {constant.title} is an array"
                )
            number = p.Variable(called[constant], constant.title, (None, None))
            self.entries[constant, 0, 0] = number
            self.phase[number] = 0
        for line in named_operands(program.backward):
            self.expand(line)
        gradients = tuple(
            self.entries[variable, *at] for variable in program.gradients for at in self.places(variable.shape)
        )
        phases = tuple(
            Phase(*(tuple(self.lines.get((kind, number), ())) for kind in ("uniform", "lanes", "sums")))
            for number in range(1 + max((number for _, number in self.lines), default=0))
        )
        return ScalarProgram(
            parameters,
            data,
            phases,
            gradients,
            tuple(self.kept(phases, data)),
            self.examples,
            self.batch is not None,
            called,
        )

    # Names ----------------------------------------------------------------------------------------------------------

    def extent(self, length: Size | None) -> int:
        if length is None:
            return 1
        if length.value is not None:
            return length.value
        if length not in self.sizes:
            raise NotLowerable(f"the fused kernel is written for fixed sizes: give a number for {length.name}")
        return self.sizes[length]

    def indices(self, length: Size | None) -> range | tuple[int, ...]:
        return (_ALL,) if length is not None and length is self.batch else range(self.extent(length))

    def places(self, shape: p.Shape) -> Iterator[tuple[int, int]]:
        if self.batch is not None and shape[0] is shape[1] is self.batch:
            raise NotLowerable("the fused kernel has no room for an array that has examples on both axes")
        return product(self.indices(shape[0]), self.indices(shape[1]))

    def name(self, array: p.Variable, at: tuple[int, int]) -> str:
        """`W1_0_2`, or `b1_0` where an axis has length one, or counts examples."""
        axes = [index for index, length in zip(at, array.shape, strict=True) if length is not None and index != _ALL]
        return "_".join([array.identifier, *map(str, axes)])

    def unique(self, stem: str) -> str:
        found, number = stem, 1
        while found in self.taken:
            number += 1
            found = f"{stem}_{number}"
        self.taken.add(found)
        return found

    def declare(self, arrays: Sequence[p.Variable], *, lane: bool) -> Iterator[p.Variable]:
        for array in arrays:
            for at in self.places(array.shape):
                number = p.Variable(self.unique(self.name(array, at)), array.title, (None, None))
                self.entries[array, *at] = number
                self.phase[number] = 0
                if lane and _ALL in at:
                    self.lane.add(number)
                yield number

    # Lines ----------------------------------------------------------------------------------------------------------

    def expand(self, line: p.Assignment) -> None:
        for at in self.places(line.target.shape):
            self.stem = self.name(line.target, at)
            value = _flat(self.entry(line.value, *at))
            found = value if isinstance(value, p.Variable | p.Number) else self.assign(self.stem, value)
            self.entries[line.target, *at] = found

    def assign(self, stem: str, value: p.Expression) -> p.Variable:
        """A number with a name, in the loop and the phase where its parts are known."""
        number = p.Variable(self.unique(stem), "", (None, None))
        used = p.variables([value])
        phase = max((self.phase[v] for v in used if v in self.phase), default=0)
        lane = bool(used & self.lane)
        self.phase[number] = phase
        if lane:
            self.lane.add(number)
        self.count(value)
        self.lines.setdefault(("lanes" if lane else "uniform", phase), []).append(p.Assignment(number, value))
        return number

    def summed(self, value: p.Expression) -> p.Expression:
        """The sum over examples of a value."""
        used = p.variables([value])
        if not used & self.lane:
            return p.Multiply((self.examples, value))
        number = p.Variable(self.unique(self.stem), "", (None, None))
        value = _flat(value)
        phase = max(self.phase[v] for v in used if v in self.phase)
        self.phase[number] = phase + 1
        self.count(value)
        self.lines.setdefault(("sums", phase), []).append(p.Assignment(number, value))
        return number

    def count(self, value: p.Expression) -> None:
        self.operations += sum(1 for _ in p.inside(value))
        if self.operations > MOST_OPERATIONS:
            raise NotLowerable(
                f"the fused kernel writes out every number, and here there would be more than {MOST_OPERATIONS} operations: "
                "such a network is faster in NumPy"
            )

    # Entries --------------------------------------------------------------------------------------------------------

    def entry(self, e: p.Expression, i: int, j: int) -> p.Expression:
        """The entry of an array at row i and column j; along an axis of length one there is one row, or column."""
        match e:
            case p.Variable(shape=(rows, columns)):
                return self.entries[e, 0 if rows is None else i, 0 if columns is None else j]
            case p.Number() | p.Constant():
                return e
            case p.Length(of=of, axis=axis):
                length = of.shape[axis]
                return self.examples if length is self.batch else p.Number(Fraction(self.extent(length)))
            case p.Transpose(argument=inner):
                return self.entry(inner, j, i)
            case p.Matmul(left=left, right=right):
                along = p.shape_of(left)[1]
                terms = [p.Multiply((self.entry(left, i, k), self.entry(right, k, j))) for k in self.indices(along)]
                return self.summed(terms[0]) if along is self.batch is not None else _added(terms)
            case p.Reduce():
                return self.reduced(e, i, j)
            case p.Einsum():
                return self.contracted(e, i, j)
            case p.DiagonalOf(argument=inner):
                return self.entry(inner, i, i)
            case p.Identity():
                return p.Number(Fraction(int(i == j)))
            case p.Spread(argument=inner):
                return self.entry(inner, i, j)
            case p.Power(argument=inner, exponent=exponent) if exponent == 2:
                base = self.entry(inner, i, j)
                if not isinstance(base, p.Variable | p.Number):
                    base = self.assign("part", _flat(base))
                return p.Multiply((base, base))
            case _:
                return e.over(tuple(self.entry(part, i, j) for part in e.parts()))

    def reduced(self, e: p.Reduce, i: int, j: int) -> p.Expression:
        rows, columns = p.shape_of(e.argument)
        down = self.indices(rows) if e.axis in (0, None) else (i,)
        across = self.indices(columns) if e.axis in (1, None) else (j,)
        entries = [self.entry(e.argument, *at) for at in product(down, across)]
        over_examples = (e.axis in (0, None) and _ALL in down) or (e.axis in (1, None) and _ALL in across)
        if e.how == "add":
            return self.summed(_added(entries)) if over_examples else _added(entries)
        if over_examples or e.how != "max":
            raise NotLowerable("the fused kernel knows sums over examples, and no largest value over examples")
        return entries[0] if len(entries) == 1 else Largest(tuple(entries))

    def contracted(self, e: p.Einsum, i: int, j: int) -> p.Expression:
        given, _, out = e.subscripts.partition("->")
        operands = given.split(",")
        lengths = {
            letter: length
            for text, operand in zip(operands, e.operands, strict=True)
            for letter, length in zip(text, p.shape_of(operand), strict=True)
        }
        free = [letter for letter in lengths if letter not in out]
        terms = []
        for at in product(*(self.indices(lengths[letter]) for letter in free)):
            where = dict(zip(free, at, strict=True)) | {out[0]: i, out[1]: j}
            factors = [
                self.entry(operand, where[text[0]], where[text[1]])
                for text, operand in zip(operands, e.operands, strict=True)
            ]
            terms.append(p.Multiply(tuple(factors)))
        over_examples = any(lengths[letter] is self.batch is not None for letter in free)
        return self.summed(_added(terms)) if over_examples else _added(terms)

    # What later loops read -------------------------------------------------------------------------------------------

    def kept(self, phases: Sequence[Phase], data: Sequence[p.Variable]) -> Iterator[p.Variable]:
        made = {line.target: number for number, phase in enumerate(phases) for line in phase.lanes}
        found: dict[p.Variable, None] = {}
        for number, phase in enumerate(phases):
            later = {v for v in p.variables(line.value for line in phase.lanes) if made.get(v, number) < number}
            for v in sorted(p.variables(line.value for line in phase.sums) | later, key=lambda one: one.identifier):
                if v in made:
                    found[v] = None
        yield from found


def renamed(given: Sequence[p.Variable], others: Sequence[p.Variable]) -> dict[p.Variable, str]:
    """Identifiers of arrays and numbers that the kernel is given: their own, except where the kernel calls something so."""
    taken = {*LOCALS, *(v.identifier for v in (*given, *others))}
    found: dict[p.Variable, str] = {}
    for v in given:
        found[v], number = v.identifier, 1
        while found[v] in (LOCALS if number == 1 else taken):
            number += 1
            found[v] = f"{v.identifier}_{number}"
        taken.add(found[v])
    return found


def _added(terms: Sequence[p.Expression]) -> p.Expression:
    return terms[0] if len(terms) == 1 else p.Add(tuple(terms))


def _flat(e: p.Expression) -> p.Expression:
    """Sums of sums, and products of products, in one row."""
    parts = tuple(map(_flat, e.parts()))
    if isinstance(e, p.Add | p.Multiply):
        kind = type(e)
        return kind(tuple(inner for part in parts for inner in (part.parts() if type(part) is kind else (part,))))
    return e.over(parts) if parts else e


def named_operands(lines: Sequence[p.Assignment]) -> list[p.Assignment]:
    """Lines in which what is summed over is a named array, so that no entry of it is worked out twice."""
    result: list[p.Assignment] = []
    taken = {line.target.identifier for line in lines}

    def named(e: p.Expression) -> p.Expression:
        e = inner(e)
        if isinstance(e, p.Variable | p.Number | p.Constant | p.Length | p.Identity):
            return e
        if isinstance(e, p.Transpose):
            return p.Transpose(named(e.argument))
        number = len(taken)
        while f"part_{number}" in taken:
            number += 1
        taken.add(f"part_{number}")
        target = p.Variable(f"part_{number}", "", p.shape_of(e))
        result.append(p.Assignment(target, e))
        return target

    def inner(e: p.Expression) -> p.Expression:
        parts = e.parts()
        if not parts:
            return e
        over_many = isinstance(e, p.Matmul | p.Reduce | p.Einsum)
        return e.over(tuple(named(part) if over_many else inner(part) for part in parts))

    for line in lines:
        value = inner(line.value)
        result.append(p.Assignment(line.target, value))
    return result
