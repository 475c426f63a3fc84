r"""A small network as a kernel of its own: every number a variable, one loop over the examples, compiled by Numba.

The loop over examples runs in steps of a fixed length over arrays whose rows lie that far apart, so that LLVM's vectoriser
sees by itself that no store meets a load, and computes several examples in one instruction. That needs an exponential
made of plain arithmetic: a call into the mathematical library would stop it. Where a network needs a function that has
no such form here, the library's functions are called, one example after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from derive.algebra.names import Size
from numeric import dialects
from numeric import program as p
from numeric.batch import NotLowerable
from numeric.expressions import Expressions
from numeric.scalars import Largest, Phase, ScalarProgram, scalars
from numeric.write_arrays import Library, called, docstring, write_arrays
from numeric.write_starts import fits, side_by_side

LANES = 16
"""How far apart rows lie. Two steps of a vector of eight, or four of four, whatever the machine has."""

_JIT = '@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)'
# "contract" lets a multiplication and an addition be one instruction; nothing that changes what overflows, or the order
# of a sum. With NumPy's error model a division by zero is infinite, as in NumPy, and needs no branch.

_POOL = "from concurrent.futures import ThreadPoolExecutor"

_EXP = '''
def _exp(x):
    """exp(x) to two units in the last place, without a branch: 2**k exp(r) with |r| <= log(2) / 2.

    Cody and Waite's reduction; k stands in the last bits of x / log(2) + 1.5 * 2**52. Between -708 and 709.
    """
    shifted = min(max(x, -708.0), 709.0) * 1.4426950408889634 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = min(max(x, -708.0), 709.0) - k * 0.6931471803691238 - k * 1.9082149292705877e-10
    s = r * r
    low = 1.0 + r + s * (1.0 / 2.0 + r * (1.0 / 6.0))
    middle = 1.0 / 24.0 + r * (1.0 / 120.0) + s * (1.0 / 720.0 + r * (1.0 / 5040.0))
    high = 1.0 / 40320.0 + r * (1.0 / 362880.0) + s * (1.0 / 3628800.0 + r * (1.0 / 39916800.0))
    mantissa = low + s * s * (middle + s * s * (high + s * s * (1.0 / 479001600.0)))
    power = np.float64(shifted).view(np.int64) << 52
    return np.int64(np.float64(mantissa).view(np.int64) + power).view(np.float64)
'''

_SIGMOID = """
def _sigmoid(x):
    return 1.0 / (1.0 + {exp}(-x))
"""

_TANH = '''
def _tanh(x):
    """The hyperbolic tangent, by exp(-2|x|) - 1, whose own series serves where |x| is small."""
    u = -2.0 * min(abs(x), 20.0)
    shifted = u * 1.4426950408889634 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = u - k * 0.6931471803691238 - k * 1.9082149292705877e-10
    s = r * r
    low = r + s * (1.0 / 2.0 + r * (1.0 / 6.0))
    middle = 1.0 / 24.0 + r * (1.0 / 120.0) + s * (1.0 / 720.0 + r * (1.0 / 5040.0))
    high = 1.0 / 40320.0 + r * (1.0 / 362880.0) + s * (1.0 / 3628800.0 + r * (1.0 / 39916800.0))
    mantissa = low + s * s * (middle + s * s * (high + s * s * (1.0 / 479001600.0)))
    power = np.int64((np.float64(shifted).view(np.int64) << 52) + 4607182418800017408).view(np.float64)
    less = power * mantissa + (power - 1.0)
    size = -less / (2.0 + less)
    return size if x >= 0.0 else -size
'''

_SOFTPLUS = """
def _softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
"""

VECTORISED = {"exp": _EXP, "sigmoid": _SIGMOID, "tanh": _TANH, "relu": ""}
"""Functions that are made of plain arithmetic here."""

_PLAIN = {
    "exp": "math.exp({0})", "log": "math.log({0})", "sin": "math.sin({0})", "cos": "math.cos({0})", "erf": "math.erf({0})",
    "tanh": "math.tanh({0})", "sigmoid": "_sigmoid({0})", "softplus": "_softplus({0})", "relu": "max({0}, 0.0)",
}  # fmt: skip
_FAST = _PLAIN | {"exp": "_exp({0})", "tanh": "_tanh({0})"}

_NUMBERS = replace(
    dialects.NUMPY,
    functions=_FAST,
    powers={Fraction(1, 2): "math.sqrt({0})"},
    pi="math.pi",
    in_place=False,
    step="(1.0 if {0} > 0.0 else 0.0)",
)


class _Numbers(Expressions):
    """Source of expressions in numbers."""

    def text(self, e: p.Expression) -> str:
        if isinstance(e, Largest):
            first, *rest = map(self.text, e.terms)
            for other in rest:
                first = f"max({first}, {other})"
            return first
        if isinstance(e, p.Power) and e.exponent == Fraction(1, 2):
            return f"math.sqrt({self.text(e.argument)})"
        return super().text(e)


def write_fused(program: p.Program, library: Library, sizes: Mapping[Size, int]) -> str:
    """The source of a module with `init`, `forward` and `loss` in NumPy, and fused `gradients`, `step`, `train` and
    `train_starts`.

    Raises:
        NotLowerable: a size of a parameter is missing, or the network is none that can be fused.
    """
    wanted = [length for v in program.parameters for length in v.shape if length is not None and length.value is None]
    missing = [length.name for length in dict.fromkeys(wanted) if length not in sizes]
    if missing:
        raise NotLowerable(f"the fused kernel is written for fixed sizes: give a number for {', '.join(missing)}")
    fixed = {length: count for length, count in sizes.items() if length is not program.batch}
    return _Fused(program, scalars(program, fixed), library, fixed).module()


@dataclass(frozen=True)
class _Fused:
    program: p.Program
    numbers: ScalarProgram
    library: Library
    sizes: Mapping[Size, int]

    @cached_property
    def functions(self) -> set[str]:
        return called([line for phase in self.numbers.phases for line in (*phase.uniform, *phase.lanes, *phase.sums)])

    @cached_property
    def vectorised(self) -> bool:
        return self.functions <= VECTORISED.keys()

    @cached_property
    def source(self) -> _Numbers:
        return _Numbers(replace(_NUMBERS, functions=_FAST if self.vectorised else _PLAIN))

    @cached_property
    def constants(self) -> str:
        return "".join(f", {self.numbers.called[variable]}" for variable in self.program.constants)

    @cached_property
    def data(self) -> str:
        return "".join(f", {self.numbers.called[v]}" for v in (*self.program.inputs, *self.program.targets))

    @cached_property
    def places(self) -> dict[p.Variable, int]:
        """The row of a lane number in `data`, or in `work`."""
        return {v: row for rows in (self.numbers.data, self.numbers.kept) for row, v in enumerate(rows)}

    def module(self) -> str:
        kernel = [self.helpers(), self.sums(), self.descent(), self.side_by_side()]
        kernel += [self.arguments(), self.gradients(), self.training()]
        return write_arrays(
            self.program,
            replace(
                self.library,
                says=f"{self.library.says} Sizes are fixed{self.said_sizes()}.",
                dialect=replace(self.library.dialect, imports=self.imports()),
                kernel="\n\n".join(part.strip("\n") + "\n" for part in kernel if part),
                sizes=self.sizes,
            ),
        )

    def said_sizes(self) -> str:
        pairs = [f"{length.name} = {count}" for length, count in self.sizes.items()]
        return f": {', '.join(pairs)}" if pairs else ""

    def imports(self) -> tuple[str, ...]:
        mathematics = ["import math"] if "math." in self.helpers() + self.sums() else []
        return (*mathematics, "import os", _POOL, "", "import numba", "import numpy as np")

    def helpers(self) -> str:
        used = self.functions
        exp = "_exp" if self.vectorised else "math.exp"
        parts = ["_exp"] if self.vectorised and used & {"exp", "sigmoid"} else []
        found = [_EXP] if parts else []
        found += [_SIGMOID.format(exp=exp)] if "sigmoid" in used else []
        found += [_TANH] if self.vectorised and "tanh" in used else []
        found += [_SOFTPLUS] if "softplus" in used else []
        return "\n\n".join(f"{_JIT}{source.rstrip()}\n" for source in found)

    # The sums --------------------------------------------------------------------------------------------------------

    def sums(self) -> str:
        """The function that computes every derivative."""
        says = ["The derivative of the loss by every parameter, into `slopes`."]
        if self.numbers.in_lanes:
            says += ["", "Each block of `data` and of `work` has a row of LANES numbers for everything of one example."]
        body = [docstring(says, "    ")]
        body += [f"    {v.identifier} = theta[{n}]" for n, v in enumerate(self.numbers.parameters) if v in self.used]
        if not self.numbers.in_lanes:
            body += [f"    {v.identifier} = data[{n}]" for n, v in enumerate(self.numbers.data) if v in self.used]
        for number, phase in enumerate(self.numbers.phases):
            body += self.uniform(phase)
            body += self.loop(phase, number)
        body += [f"    slopes[{n}] = {self.source.text(e)}" for n, e in enumerate(self.numbers.gradients)]
        return "\n".join([_JIT, f"def _sums(theta, data, work, slopes, m, width{self.constants}):", *body])

    @cached_property
    def used(self) -> set[p.Variable]:
        lines = [line for phase in self.numbers.phases for line in (*phase.uniform, *phase.lanes, *phase.sums)]
        return p.variables([*(line.value for line in lines), *self.numbers.gradients])

    def uniform(self, phase: Phase) -> list[str]:
        return [f"    {text}" for line in phase.uniform for text in self.lines(line)]

    def lines(self, line: p.Assignment) -> list[str]:
        return self.source.lines(line.target.identifier, line.value)

    def loop(self, phase: Phase, number: int) -> list[str]:
        """The two loops of a phase: over all lanes, and over the examples among them."""
        if not phase.lanes and not phase.sums:
            return []
        made = {line.target for line in phase.lanes}
        read = p.variables(line.value for line in phase.lanes) - made
        summed = p.variables(line.value for line in phase.sums)
        several = any(other.lanes or other.sums for other in self.numbers.phases[1:])  # of which each reads all blocks
        body = [f"    {line.target.identifier} = 0.0" for line in phase.sums]
        rows, kept = len(self.numbers.data), len(self.numbers.kept)
        body += [f"    for block in range(len(data) // {rows * LANES}):", f"        at = block * {rows * LANES}"]
        body += [f"        to = {f'block * {kept * LANES}' if several else '0'}"] if kept else []
        if phase.lanes:
            body += ["        for lane in range(width):"]
            body += [f"            {text}" for text in self.loaded(read)]
            body += [f"            {text}" for line in phase.lanes for text in self.lines(line)]
            body += [f"            work[{self.row('to', v)}] = {v.identifier}" for v in self.numbers.kept if v in made]
        if phase.sums:
            body += [f"        for lane in range(min({LANES}, m - block * {LANES})):"]
            body += [f"            {text}" for text in self.loaded(summed)]
            for line in phase.sums:
                body += [f"            {text}" for text in self.source.lines(line.target.identifier, line.value, "+=")]
        return body

    def loaded(self, numbers: Iterable[p.Variable]) -> list[str]:
        """Lane numbers read from their rows."""
        found = []
        for v in sorted(
            set(numbers) & self.places.keys(), key=lambda one: (one in self.numbers.kept, self.places[one])
        ):
            array, start = ("work", "to") if v in self.numbers.kept else ("data", "at")
            found.append(f"{v.identifier} = {array}[{self.row(start, v)}]")
        return found

    def row(self, start: str, number: p.Variable) -> str:
        """Where a lane number stands."""
        return " + ".join([start, *([str(self.places[number] * LANES)] if self.places[number] else []), "lane"])

    def descent(self) -> str:
        count = len(self.numbers.parameters)
        # one by one, so that they stay in registers from one epoch to the next
        updates = [f"            start[{n}] -= rate * slopes[{n}]" for n in range(count)]
        return _DESCENT.format(jit=_JIT, constants=self.constants, updates="\n".join(updates))

    def side_by_side(self) -> str:
        if not fits(self.numbers):
            return ""
        return f"{_JIT}\n{side_by_side(self.numbers, self.source, self.constants, LANES)}"

    # What is called ---------------------------------------------------------------------------------------------------

    def arguments(self) -> str:
        """The function that lays parameters and data out for the kernel."""
        names = [f'parameters["{v.identifier}"]' for v in self.program.parameters]
        theta = "".join(f"\n        {name}.reshape(starts, -1)," for name in names)
        body = [docstring(["Parameters as rows of numbers, and data as the kernel reads them."], "    ")]
        body += [f"    starts = {names[0]}.size // {self.entries(self.program.parameters[0])}"]
        body += [f"    theta = np.concatenate([{theta}\n    ], axis=1).astype(np.float64)"]
        data = (*self.program.inputs, *self.program.targets)
        if self.numbers.in_lanes:
            rows = [
                f"{self.numbers.called[v]}.T" if v.shape[0] is self.program.batch else self.numbers.called[v]
                for v in data
                if self.program.batch in v.shape
            ]
            body += _LANED.format(
                rows=", ".join(rows), lanes=LANES, least=LANES // 2, kept=len(self.numbers.kept)
            ).split("\n")
        else:
            body += [
                f"    data = np.concatenate([{', '.join(f'{self.numbers.called[v]}.ravel()' for v in data)}]).astype(np.float64)"
            ]
            body += ["    return theta, data, 0, 0, 0"]
        return "\n".join([f"def _laid_out(parameters{self.data}):", *body])

    def entries(self, variable: p.Variable) -> int:
        rows, columns = (self.extent(length) for length in variable.shape)
        return rows * columns

    def extent(self, length: Size | None) -> int:
        return 1 if length is None else length.value or self.sizes[length]

    def gradients(self) -> str:
        says = ["The derivative of the loss by every parameter, of that parameter's shape."]
        body = [
            docstring(says, "    "),
            f"    theta, data, work, m, width = _laid_out(parameters{self.data})",
            "    slopes = np.empty(theta.shape[1])",
            f"    _sums(theta[0], data, np.empty(work), slopes, m, width{self.constants})",
            "    return {",
        ]
        at = 0
        for v in self.program.parameters:
            shape = ", ".join(str(self.extent(length)) for length in v.shape)
            end = at + self.entries(v)
            body.append(f'        "{v.identifier}": slopes[{at}:{end}].reshape({shape}),')
            at = end
        return "\n".join([f"def gradients(parameters{self.data}{self.constants}):", *body, "    }"])

    def training(self) -> str:
        back, at = [], 0
        for v in self.program.parameters:
            end = at + self.entries(v)
            name = f'parameters["{v.identifier}"]'
            back.append(f"    {name}[...] = theta[:, {at}:{end}].reshape({name}.shape)")
            at = end
        filled = _FILLED.format(constants=self.constants, lanes=LANES) if fits(self.numbers) else ""
        run = _EACH.format(constants=self.constants)
        if filled:
            run = filled + "\n".join(f"    {line}" for line in run.split("\n"))
        return _TRAINING.format(data=self.data, constants=self.constants, back="\n".join(back), run=run)


_LANED = """    rows = np.concatenate([{rows}]).astype(np.float64)
    m = rows.shape[1]
    blocks = -(-m // {lanes})
    # what is left of the last block repeats the first example; it is computed, and added to nothing
    data = np.repeat(rows[:, :1], blocks * {lanes}, axis=1)
    data[:, :m] = rows
    data = data.reshape(len(rows), blocks, {lanes}).swapaxes(0, 1).ravel()
    return theta, data, blocks * {kept} * {lanes}, m, {lanes} if m > {least} else {least}"""

_DESCENT = '''
{jit}
def _descents(theta, data, work, m, width, rate, epochs{constants}):
    """Plain descent over all examples, from each row of `theta`."""
    rows = np.empty(work)
    slopes = np.empty(theta.shape[1])
    for place in range(len(theta)):
        start = theta[place]
        for _ in range(epochs):
            _sums(start, data, rows, slopes, m, width{constants})
{updates}
'''

_TRAINING = '''def step(parameters{data}, rate{constants}):
    """One step of gradient descent. The parameters change in place."""
    train(parameters{data}, rate, 1{constants})


def train(parameters{data}, rate, epochs{constants}):
    """Gradient descent over all examples. The parameters change in place."""
    theta, data, work, m, width = _laid_out(parameters{data})
    _descents(theta, data, work, m, width, rate, epochs{constants})
{back}


def train_starts(parameters{data}, rate, epochs{constants}):
    """Gradient descent from many starts, on all cores: every parameter has one more axis in front, which counts them."""
    theta, data, work, m, width = _laid_out(parameters{data})
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the kernel runs without Python's lock
{run}
{back}
'''

_FILLED = """        if m < {lanes}:  # fewer examples than fill a vector: starts fill it
            count, size = theta.shape
            blocks = -(-count // {lanes})
            lanes = np.resize(theta, (blocks * {lanes}, size)).reshape(blocks, {lanes}, size).swapaxes(1, 2)
            lanes = np.ascontiguousarray(lanes)
            parts = np.array_split(lanes, blocks)
            list(pool.map(lambda part: _side_by_side(part, data, m, {lanes}, rate, epochs{constants}), parts))
            theta = lanes.swapaxes(1, 2).reshape(-1, size)[:count]
        else:
"""

_EACH = """        parts = np.array_split(theta, min(len(theta), 64))
        list(pool.map(lambda part: _descents(part, data, work, m, width, rate, epochs{constants}), parts))"""
