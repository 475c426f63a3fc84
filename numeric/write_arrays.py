r"""An array program as a module of its own, in one of the array libraries: readable, with nothing of ours in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from derive.algebra.names import Size
from numeric import program as p
from numeric.buffers import VIEWS, statements
from numeric.dialects import Dialect
from numeric.expressions import PRODUCT, Expressions
from numeric.identifiers import size_identifier
from numeric.share import needed, without_axes


@dataclass(frozen=True)
class Library:
    """How a module in one library is made up, beyond its expressions.

    `init` is the body of the function that draws the first parameters, with one of `draw` for each of them (`{0}` its
    shape, `{1}` its number); `init_options` its keywords; `decorator` stands before every function that computes.
    `in_place` says that `step` changes its parameters, and does not return new ones. `kernel` is what stands in the
    place of `gradients` and `step`, for the `sizes` that it is written for.
    """

    dialect: Dialect
    says: str
    init_options: str
    init: tuple[str, ...]
    draw: str
    decorator: str = ""
    in_place: bool = True
    kernel: str = ""
    sizes: Mapping[Size, int] = field(default_factory=dict)


def write_arrays(program: p.Program, library: Library) -> str:
    """The source of a module with `init`, `forward`, `loss`, `gradients` and `step`, which imports that library only."""
    return _Writer(program, library).module()


@dataclass(frozen=True)
class _Writer:
    program: p.Program
    library: Library

    @cached_property
    def source(self) -> Expressions:
        return Expressions(self.library.dialect)

    @cached_property
    def constants(self) -> str:
        return "".join(f", {variable.identifier}" for variable in self.program.constants)

    @cached_property
    def inputs(self) -> str:
        return ", ".join(variable.identifier for variable in self.program.inputs)

    @cached_property
    def data(self) -> str:
        return ", ".join(variable.identifier for variable in (*self.program.inputs, *self.program.targets))

    def module(self) -> str:
        dialect = self.library.dialect
        used = called([*self.program.forward, *self.program.compare, self.program.loss])
        used |= set() if self.library.kernel else called(self.program.descent)
        functions = [self.init(), self.forward(), self.loss()]
        functions += [self.library.kernel] if self.library.kernel else [self.gradients(), self.step()]
        used |= {"positive"} if "positive(" in "".join(functions) else set()
        helpers = [source for name, source in dialect.helpers.items() if name in used]
        imports = ["import math"] if any("math." in source for source in helpers) else []
        parts = [head(self.program, self.library.says), "\n".join([*imports, "", *dialect.imports]).strip() + "\n"]
        parts += [f"\n{source}" for source in helpers]
        return "\n".join([*parts, *(f"\n{part}" for part in functions)])

    # Functions ------------------------------------------------------------------------------------------------------

    def init(self) -> str:
        sizes, shapes = sizes_of(self.program, self.library.sizes)
        draws = [self.library.draw.format(shape, number) for number, shape in enumerate(shapes)]
        pairs = zip(self.program.parameters, draws, strict=True)
        rows = [f'        "{variable.identifier}": {draw},' for variable, draw in pairs]
        keywords = "".join(f"{identifier}, " for identifier in sizes)
        body = [docstring(["Parameters drawn from a standard normal distribution."], "    ")]
        body += [f"    {line.format(len(draws))}" for line in self.library.init]
        body += ["    return {", *rows, "    }"]
        return "\n".join([f"def init(seed=0, *, {keywords}{self.library.init_options}):", *body, ""])

    def forward(self) -> str:
        program = self.program
        shapes = "; ".join(f"{variable.identifier} is {shape_text(variable)}" for variable in program.inputs)
        values = [line.target for line in program.forward if line.target.title]
        listed = ", ".join(f"{variable.identifier} ({shape_text(variable)})" for variable in values)
        body = [docstring([f"The forward pass. {shapes or 'No input'}.", "", *wrapped(f"Returns {listed}.")], "    ")]
        body += self.unpacked(line.value for line in program.forward)
        body += self.written(program.forward, frozenset(values))
        body += ["    return {", *(f'        "{v.identifier}": {v.identifier},' for v in values), "    }"]
        return self.function(f"def forward({self.arguments(self.inputs)}):", body, called(program.forward))

    def loss(self) -> str:
        program = self.program
        shapes = "; ".join(f"{variable.identifier} is {shape_text(variable)}" for variable in program.targets)
        body = [docstring([f"The loss, a number. {shapes or 'No target'}."], "    ")]
        lines = needed(program.compare, p.variables([program.loss]))
        expressions = [*(line.value for line in lines), program.loss]
        used = p.variables(expressions)
        values = [line.target for line in program.forward if line.target in used and line.target.title]
        body += self.unpacked(expressions)
        body += [f"    values = forward({self.arguments(self.inputs)})"] if values else []
        body += [f'    {v.identifier} = values["{v.identifier}"]' for v in values]
        body += self.written(lines, p.variables([program.loss]))
        body += [f"    return {self.number(program.loss)}"]
        return self.function(f"def loss({self.arguments(self.data)}):", body, called([*lines, program.loss]))

    def gradients(self) -> str:
        program = self.program
        body = [docstring(["The derivative of the loss by every parameter, of that parameter's shape."], "    ")]
        lines = program.backward
        body += self.unpacked(line.value for line in lines)
        body += self.written(lines, frozenset(program.gradients))
        pairs = zip(program.parameters, program.gradients, strict=True)
        rows = [f'        "{parameter.identifier}": {slope.identifier}{self.own(slope)},' for parameter, slope in pairs]
        body += ["    return {", *rows, "    }"]
        return self.function(f"def gradients({self.arguments(self.data)}):", body, called(lines))

    def own(self, slope: p.Variable) -> str:
        """What makes a derivative an array of its own, with two axes, which its caller may write over."""
        value = next(line.value for line in self.program.backward if line.target == slope)
        if slope in self.flat and not self.library.dialect.first_axis:
            return ".reshape(1, 1)"
        lone = isinstance(value, p.Transpose) and not isinstance(value.argument, VIEWS)
        return self.library.dialect.copy if isinstance(value, VIEWS) and not lone else ""

    @cached_property
    def flat(self) -> frozenset[p.Variable]:
        return without_axes(self.program.backward, frozenset(self.program.constants))

    def step(self) -> str:
        lines = self.program.descent
        rate = "The rate is multiplied in at the loss, so that every derivative below is that of rate times the loss."
        says = "The parameters change in place." if self.library.in_place else "Returns the new parameters."
        body = [docstring([f"One step of gradient descent. {says}", "", rate], "    ")]
        body += self.changed_in_place(lines) if self.library.in_place else self.changed(lines)
        signature = f"def step(parameters{self.data and ', '}{self.data}, rate{self.constants}):"
        return self.function(signature, body, called(lines))

    # Parts of functions ---------------------------------------------------------------------------------------------

    def changed_in_place(self, lines: Sequence[p.Assignment]) -> list[str]:
        """The lines of a step, each parameter changed as soon as nothing needs its old value any more."""
        pairs = dict(zip(self.program.gradients, self.program.parameters, strict=True))
        later = read_later(lines)
        waiting = {line.target for line, read in zip(lines, later, strict=True) if pairs.get(line.target) in read}
        body = self.unpacked([*(line.value for line in lines), *self.program.parameters])
        for line, read, text in zip(lines, later, self.split(lines, frozenset(waiting)), strict=True):
            if line.target not in pairs or line.target in waiting:
                body += text
            elif len(text) == 1 and line.target not in read:
                body.append(f"    {pairs[line.target].identifier} -= {self.source.at(line.value, PRODUCT)}")
            else:
                body += [*text, f"    {pairs[line.target].identifier} -= {line.target.identifier}"]
        return body + [f"    {pairs[v].identifier} -= {v.identifier}" for v in pairs if v in waiting]

    def changed(self, lines: Sequence[p.Assignment]) -> list[str]:
        """The lines of a step that returns new parameters."""
        body = self.unpacked([*(line.value for line in lines), *self.program.parameters])
        body += self.written(lines, frozenset(self.program.gradients))
        rows = [
            f'        "{parameter.identifier}": {parameter.identifier} - {change.identifier},'
            for parameter, change in zip(self.program.parameters, self.program.gradients, strict=True)
        ]
        return [*body, "    return {", *rows, "    }"]

    def number(self, loss: p.Expression) -> str:
        """The loss as a number, whatever array of one entry it is."""
        text = self.source.text(loss)
        outer = text if isinstance(loss, p.Reduce | p.Variable) else f"({text})"
        return f"{outer}.item()" if self.library.dialect.name == "numpy" else f"{outer}.reshape(())"

    def function(self, signature: str, body: list[str], functions: set[str]) -> str:
        decorators = [self.library.decorator] if self.library.decorator else []
        if "sigmoid" in functions and self.library.dialect.name == "numpy":
            decorators = [
                '@np.errstate(over="ignore")  # exp(-x) may be infinite: then the sigmoid is 0, as it should be'
            ]
        return "\n".join([*decorators, signature, *body, ""])

    def arguments(self, data: str) -> str:
        return "parameters" + (f", {data}" if data else "") + self.constants

    def unpacked(self, expressions: Iterable[p.Expression]) -> list[str]:
        used = p.variables(expressions)
        return [f'    {v.identifier} = parameters["{v.identifier}"]' for v in self.program.parameters if v in used]

    def split(self, lines: Sequence[p.Assignment], kept: frozenset[p.Variable]) -> list[list[str]]:
        data = frozenset((*self.program.inputs, *self.program.targets))
        found = statements(lines, self.source, kept=kept, data=data)
        return [[f"    {statement}" for statement in text] for text in found]

    def written(self, lines: Sequence[p.Assignment], kept: Iterable[p.Variable]) -> list[str]:
        return [statement for text in self.split(lines, frozenset(kept)) for statement in text]


def read_later(lines: Sequence[p.Assignment]) -> list[set[p.Variable]]:
    """What is read after each line, also through a name that is a view of it, as `V = W.T` is of W."""
    shown = {line.target: p.variables([line.value]) for line in lines if isinstance(line.value, VIEWS)}
    found: list[set[p.Variable]] = []
    read: set[p.Variable] = set()
    for line in reversed(lines):
        found.append(set(read))
        pending = p.variables([line.value])
        while pending:
            read |= pending
            pending = {inner for v in pending for inner in shown.get(v, ())} - read
    return found[::-1]


def called(lines: Iterable[p.Assignment | p.Expression]) -> set[str]:
    """The functions that lines call, ways to reduce an axis among them."""
    expressions = (line.value if isinstance(line, p.Assignment) else line for line in lines)
    parts = [part for e in expressions for part in p.inside(e)]
    found = {part.function for part in parts if isinstance(part, p.Call)}
    return found | {part.how for part in parts if isinstance(part, p.Reduce) and part.how == "log_sum"}


def sizes_of(program: p.Program, fixed: Mapping[Size, int]) -> tuple[dict[str, Size], list[str]]:
    """The sizes of parameters that are open, by identifier, and the shape of each parameter as source."""
    sizes: dict[str, Size] = {}
    shapes = []
    for variable in program.parameters:
        extents = []
        for length in variable.shape:
            if length is None or length.value is not None or length in fixed:
                extents.append("1" if length is None else str(length.value or fixed[length]))
            else:
                identifier = size_identifier(length.name)
                sizes[identifier] = length
                extents.append(identifier)
        shapes.append(f"({', '.join(extents)})")
    return sizes, shapes


def head(program: p.Program, says: str) -> str:
    """What stands above a module: the document's title, and the parameters."""
    lines = [f"{plain(program.title) or 'A network'}.", ""]
    lines += ["Everything is a matrix: a column is n x 1, a row 1 x n, a scalar 1 x 1.", *wrapped(says, 100)]
    for variable in program.distributions:
        lines += wrapped(
            f"Entries of {variable.identifier} have to add up to 1 for each example: the gradients rest on it.", 100
        )
    lines += ["`parameters` is a dictionary:", ""]
    width = max((len(variable.identifier) for variable in program.parameters), default=1)
    lines += [f"    {v.identifier:<{width}}  {plain(v.title)}, {shape_text(v)}" for v in program.parameters]
    return docstring(lines, "") + "\n"


def shape_text(variable: p.Variable) -> str:
    return " x ".join("1" if length is None else plain(str(length)) for length in variable.shape)


def plain(text: str) -> str:
    """A document's words for a docstring: nothing in them can end it."""
    return "".join(character if character.isprintable() and character != '"' else " " for character in text).strip()


def wrapped(text: str, width: int = 108) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def docstring(lines: Sequence[str], indent: str) -> str:
    raw = "r" if any("\\" in line for line in lines) else ""
    first, *rest = lines
    text = "\n".join([f'{indent}{raw}"""{first}', *(f"{indent}{line}" if line else "" for line in rest)])
    return f'{text}\n{indent}"""' if rest else f'{text}"""'
