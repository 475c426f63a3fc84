r"""An array program as a module of its own: readable NumPy, with nothing of ours in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derive.algebra.names import Size
from numeric import program as p
from numeric.numpy_code import Printer, numpy_printer

SIGMOID = '''def sigmoid(x):
    """The logistic sigmoid 1 / (1 + exp(-x)), entry by entry; exp cannot overflow."""
    e = np.exp(-np.maximum(x, -709.0))
    e += 1.0
    return np.reciprocal(e, out=e)
'''

ERF = '''def erf(x):
    """The error function, entry by entry."""
    return np.vectorize(math.erf, otypes=[float])(x)
'''


def write_numpy(program: p.Program, *, stacked: bool = False) -> str:
    """The source of a module with `init`, `forward`, `loss`, `gradients` and `step`.

    It imports NumPy only. `stacked` gives code for stacks of networks, with one more axis in front of every array.
    """
    return _Writer(program, numpy_printer(stacked=stacked)).module()


class _Writer:
    def __init__(self, program: p.Program, printer: Printer) -> None:
        self.program = program
        self.printer = printer
        self.constants = "".join(f", {variable.identifier}" for variable in program.constants)
        self.inputs = ", ".join(variable.identifier for variable in program.inputs)
        self.targets = ", ".join(variable.identifier for variable in program.targets)
        self.data = ", ".join(part for part in (self.inputs, self.targets) if part)

    def module(self) -> str:
        used = {part.function for line in self.expressions() for part in p.inside(line) if isinstance(part, p.Call)}
        imports = (["import math\n"] if "erf" in used else []) + ["import numpy as np\n"]
        parts = [self.head(), "\n".join(imports)]
        parts += [f"\n{SIGMOID}"] if "sigmoid" in used else []
        parts += [f"\n{ERF}"] if "erf" in used else []
        parts += [f"\n{part}" for part in (self.init(), self.forward(), self.loss(), self.gradients(), self.step())]
        return "\n".join(parts)

    def expressions(self) -> Iterable[p.Expression]:
        program = self.program
        for line in (*program.forward, *program.compare, *program.backward):
            yield line.value
        yield program.loss

    def head(self) -> str:
        lines = [f"{_text(self.program.title) or 'A network'}.", ""]
        lines.append("Everything is a matrix: a column is n x 1, a row 1 x n, a scalar 1 x 1.")
        lines += ["`parameters` is a dictionary:", ""]
        width = max((len(variable.identifier) for variable in self.program.parameters), default=1)
        lines += [
            f"    {variable.identifier:<{width}}  {_text(variable.title)}, {_shape(variable)}"
            for variable in self.program.parameters
        ]
        return _docstring(lines, "")

    def init(self) -> str:
        sizes: dict[str, Size] = {}
        rows = []
        for variable in self.program.parameters:
            extents = []
            for length in variable.shape:
                if length is None or length.value is not None:
                    extents.append("1" if length is None else str(length.value))
                else:
                    identifier = _size_identifier(length)
                    sizes[identifier] = length
                    extents.append(identifier)
            rows.append(f'        "{variable.identifier}": rng.standard_normal(({", ".join(extents)})),')
        keywords = f", *, {', '.join(sizes)}" if sizes else ""
        body = [_docstring(["Parameters drawn from a standard normal distribution."], "    ")]
        body += ["    rng = np.random.default_rng(seed)", "    return {", *rows, "    }"]
        return "\n".join([f"def init(seed=0{keywords}):", *body, ""])

    def forward(self) -> str:
        program = self.program
        shapes = "; ".join(f"{variable.identifier} is {_shape(variable)}" for variable in program.inputs)
        values = [line.target for line in program.forward if line.target.title]
        listed = ", ".join(f"{variable.identifier} ({_shape(variable)})" for variable in values)
        body = [_docstring([f"The forward pass. {shapes or 'No input'}.", "", *_wrapped(f"Returns {listed}.")], "    ")]
        body += self.unpacked(line.value for line in program.forward)
        body += self.assignments(program.forward)
        body += ["    return {", *(f'        "{v.identifier}": {v.identifier},' for v in values), "    }"]
        return "\n".join([f"def forward({self.arguments(self.inputs)}):", *body, ""])

    def loss(self) -> str:
        program = self.program
        shapes = "; ".join(f"{variable.identifier} is {_shape(variable)}" for variable in program.targets)
        body = [_docstring([f"The loss, a number. {shapes or 'No target'}."], "    ")]
        lines = self.needed(program.compare, set(p.inside(program.loss)))
        expressions = [*(line.value for line in lines), program.loss]
        body += self.unpacked(expressions)
        body += self.computed(expressions)
        body += self.assignments(lines)
        text = self.printer.lines("", program.loss)
        if len(text) == 1 and not isinstance(program.loss, p.Reduce):
            text = [f"return ({text[0].removeprefix('return ')}).item()"]
        else:
            text[-1] += ".item()"
        body += [f"    {line}" for line in text]
        return "\n".join([f"def loss({self.arguments(self.data)}):", *body, ""])

    def gradients(self) -> str:
        program = self.program
        body = [_docstring(["The derivative of the loss by every parameter, of that parameter's shape."], "    ")]
        expressions = [line.value for line in program.backward]
        body += self.unpacked(expressions)
        body += self.computed(expressions)
        body += self.assignments(program.backward)
        pairs = zip(program.parameters, program.gradients, strict=True)
        rows = [f'        "{parameter.identifier}": {slope.identifier},' for parameter, slope in pairs]
        body += ["    return {", *rows, "    }"]
        return "\n".join([f"def gradients({self.arguments(self.data)}):", *body, ""])

    def step(self) -> str:
        body = [_docstring(["One step of gradient descent. The parameters change in place."], "    ")]
        body.append(f"    slopes = gradients({self.arguments(self.data)})")
        names = [variable.identifier for variable in self.program.parameters]
        body += [f'    parameters["{name}"] -= rate * slopes["{name}"]' for name in names]
        data = f", {self.data}" if self.data else ""
        return "\n".join([f"def step(parameters{data}, rate{self.constants}):", *body, ""])

    # Lines ----------------------------------------------------------------------------------------------------------

    def arguments(self, data: str) -> str:
        return "parameters" + (f", {data}" if data else "") + self.constants

    def unpacked(self, expressions: Iterable[p.Expression]) -> list[str]:
        used = _used(expressions)
        return [f'    {v.identifier} = parameters["{v.identifier}"]' for v in self.program.parameters if v in used]

    def computed(self, expressions: Iterable[p.Expression]) -> list[str]:
        """Values of the forward pass that are needed."""
        used = _used(expressions)
        values = [line.target for line in self.program.forward if line.target in used]
        if not values:
            return []
        rows = [f'    {v.identifier} = values["{v.identifier}"]' for v in values]
        return [f"    values = forward({self.arguments(self.inputs)})", *rows]

    def needed(self, lines: Sequence[p.Assignment], used: set[p.Expression]) -> list[p.Assignment]:
        found: list[p.Assignment] = []
        for line in reversed(lines):
            if line.target in used:
                found.insert(0, line)
                used |= set(p.inside(line.value))
        return found

    def assignments(self, lines: Iterable[p.Assignment]) -> list[str]:
        result = []
        for line in lines:
            written = self.printer.lines(line.target.identifier, line.value)
            result += [f"    {text}" for text in written]
        return result


def _used(expressions: Iterable[p.Expression]) -> set[p.Expression]:
    return {part for expression in expressions for part in p.inside(expression)} | {
        part.of for expression in expressions for part in p.inside(expression) if isinstance(part, p.Length)
    }


def _shape(variable: p.Variable) -> str:
    return " x ".join("1" if length is None else _text(str(length)) for length in variable.shape)


def _size_identifier(length: Size) -> str:
    from numeric.identifiers import size_identifier

    return size_identifier(length.name)


def _text(text: str) -> str:
    """A document's words for a docstring: nothing in them can end it."""
    return "".join(character if character.isprintable() and character != '"' else " " for character in text).strip()


def _wrapped(text: str, width: int = 108) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def _docstring(lines: Sequence[str], indent: str) -> str:
    raw = "r" if any("\\" in line for line in lines) else ""
    first, *rest = lines
    text = "\n".join([f'{indent}{raw}"""{first}', *(f"{indent}{line}" if line else "" for line in rest)])
    return f'{text}\n{indent}"""' if rest else f'{text}"""'
