r"""From a theory to an array program.

The definitions that the loss needs are the forward pass; the chain rule's steps are the backward pass. In between,
derived terms are rewritten (`numeric.rewrite`), turned into matrix products and entrywise operations, and laid out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name, Selection, Size
from derive.algebra.shifts import bracket_of
from derive.algebra.terms import ONE, Entry, Partial, Term, Total, mul, num, transform, walk
from derive.calculus import backward
from derive.calculus.chain import depends
from derive.matrices.plan import Leaf, Node, NoMatrixForm
from derive.matrices.tidy import tidy
from derive.theory import Definition, Symbol, Theory
from numeric import program as p
from numeric.batch import NotLowerable, needed_for
from numeric.cancel import cancelled, quotients
from numeric.factor import factored
from numeric.identifiers import Identifiers
from numeric.orient import NumericPlanner, Orientation
from numeric.rewrite import Reuse, plain_functions, recognised, stable
from numeric.share import filled, flat, inlined, is_number, needed, shared, split

RATE = Name("#rate")
"""The rate of a step: no name of a document, since those hold no hash."""


def lower(theory: Theory, *, distributions: Iterable[Name] = ()) -> p.Program:
    """A theory as an array program.

    Args:
        theory: one with a loss, and with layers that are numbered.
        distributions: targets whose entries are known to sum to one for each example, beside those of which the theory
            says so. With them softmax with cross-entropy becomes p - y.

    Raises:
        NotLowerable: no loss, a layer family, a function that is left general, or an operation that arrays do not
        have.
    """
    return _Lowering(theory, theory.distributions.union(distributions)).program()


class _Lowering:
    def __init__(self, theory: Theory, distributions: frozenset[Name]) -> None:
        if theory.loss is None or theory.loss not in theory.definitions:
            raise NotLowerable("no loss: a scalar that is defined from the network's output is needed")
        self.loss = theory.loss
        self.distributions = distributions
        needed = needed_for(theory, theory.loss)
        for name in needed:
            if any(level.letter for level in name.levels):
                raise NotLowerable(f"{name!r} stands for every layer: code needs a number of layers")
        self.definitions = {
            name: Definition(name, self._resolved(theory, definition.value), definition.source)
            for name, definition in theory.definitions.items()
            if name in needed
        }
        self.symbols = {name: symbol for name, symbol in theory.symbols.items() if name in needed}
        self.theory = replace(theory, definitions=self.definitions, symbols=self.symbols, functions={})
        self.parameters = [symbol for symbol in self.symbols.values() if symbol.role == "parameter"]
        if not self.parameters:
            raise NotLowerable(f"{theory.loss!r} depends on no parameter: there is nothing to be learnt")
        self.identifiers = Identifiers()
        self.variables: dict[tuple[Name, Name | None], p.Variable] = {}
        self.variables[RATE, None] = p.Variable("rate", "the rate", (None, None))
        self.orientation = Orientation(self._leaf, self._length, self._given)

    def _resolved(self, theory: Theory, value: Array) -> Array:
        body = recognised(tidy(plain_functions(value.body, theory.functions)))
        if any(isinstance(node, Entry) and bracket_of(node.name) is not None for node in walk(body)):
            raise NotLowerable("entries at shifted places, for which there is no array operation here")
        if any(isinstance(node, Partial) for node in walk(body)):
            raise NotLowerable("a derivative stands in a definition that is to be computed")
        if any(isinstance(node, Entry) and isinstance(node.name, Selection) for node in walk(body)):
            raise NotLowerable("arrays are stacked, which is not written as code")
        return Array(value.indices, body, value.row)

    # Names ----------------------------------------------------------------------------------------------------------

    def _shape(self, name: Name) -> tuple[tuple[Size, ...], bool]:
        if name in self.definitions:
            value = self.definitions[name].value
            return value.shape, value.row
        symbol = self.symbols.get(name)
        if symbol is None:
            raise NotLowerable(f"{name!r} has no shape: it is neither declared nor defined")
        return symbol.shape, symbol.row

    def _variable(self, name: Name, of: Name | None = None) -> p.Variable:
        found = self.variables.get((name, of))
        if found is None:
            shape, row = self._shape(name)
            if len(shape) > 2:
                raise NotLowerable(f"{name!r} has {len(shape)} indices: an array program knows matrices")
            rows, columns = (*shape, None, None)[:2]
            if row:
                rows, columns = None, shape[0]
            title = repr(name) if of is None else f"d{of!r}/d{name!r}"
            identifier = self.identifiers.of(name, "" if of is None else "d")
            found = self.variables[name, of] = p.Variable(identifier, title, (rows, columns))
        return found

    def _leaf(self, leaf: Leaf) -> p.Variable:
        return self._variable(leaf.name, leaf.of)

    def _given(self) -> p.Variable:
        """The first parameter, whose type is that of everything: data may be integers."""
        return self._variable(self.parameters[0].name)

    def _length(self, length: Size) -> p.Expression:
        """A size as a number, or as the length of an array that is always there."""
        if length.value is not None:
            return p.Number(num(length.value).value)
        for symbol in sorted(self.symbols.values(), key=lambda one: one.role != "input"):
            if symbol.role in ("input", "parameter", "constant") and length in symbol.shape:
                variable = self._variable(symbol.name)
                return p.Length(variable, variable.shape.index(length))
        raise NotLowerable(f"nothing that is given has the size {length}")

    # Terms to expressions -------------------------------------------------------------------------------------------

    def _expression(self, value: Array) -> p.Expression:
        row, column = _axes(value)
        try:
            node: Node = NumericPlanner().node(value.body)
            laid = self.orientation.lay(node, row, column)
        except NoMatrixForm as error:
            raise NotLowerable(f"{error}: no array operation for it") from error
        if len(node.axes) < value.rank:
            missing = [self._length(axis.size) if axis else p.Number(num(1).value) for axis in (row, column)]
            return p.Spread(laid, missing[0], missing[1])
        return laid

    def _assignment(self, name: Name, of: Name | None, value: Array) -> p.Assignment:
        return p.Assignment(self._variable(name, of), flat(factored(flat(self._expression(value)))))

    # The passes -----------------------------------------------------------------------------------------------------

    def program(self) -> p.Program:
        targets = {symbol.name for symbol in self.symbols.values() if symbol.role == "target"}
        for symbol in self.symbols.values():
            self._variable(symbol.name)
        ahead: list[p.Assignment] = []
        compared: list[p.Assignment] = []
        for name, definition in self.definitions.items():
            if name is self.loss:
                continue
            body = tidy(stable(definition.value.body, {}))
            line = self._assignment(name, None, Array(definition.value.indices, body, definition.value.row))
            (compared if any(depends(self.theory, name, target) for target in targets) else ahead).append(line)
        loss = self.definitions[self.loss].value
        value = Array((), tidy(stable(self._assumed(loss.body), self.definitions)))
        compared.append(self._assignment(self.loss, None, value))
        if not ahead:
            raise NotLowerable("nothing is computed before the loss: a prediction needs a name of its own")
        wanted = tuple(self._variable(symbol.name, self.loss) for symbol in self.parameters)
        before = (*ahead, *compared[:-1])
        backward, descent = ([*before, *self._steps(theory, wanted)] for theory in (self.theory, self._at_rate()))
        *before_loss, last = self._tidied(compared)
        return p.Program(
            title=self.theory.title,
            parameters=self._of_role("parameter"),
            inputs=self._of_role("input"),
            targets=self._of_role("target"),
            constants=self._of_role("constant"),
            forward=self._tidied(ahead),
            prediction=ahead[-1].target,
            compare=tuple(before_loss),
            loss=last.value,
            backward=self._tidied(needed(backward, wanted)),
            descent=self._tidied(needed(descent, wanted)),
            gradients=wanted,
            batch=self.theory.batch,
            distributions=tuple(self._variable(name) for name in self.symbols if name in self.distributions),
            names=tuple(
                (variable, name) for (name, of), variable in self.variables.items() if of is None and name is not RATE
            ),
        )

    def _at_rate(self) -> Theory:
        """The same theory with the rate times its loss."""
        loss = self.definitions[self.loss]
        value = Array((), mul(Entry(RATE), loss.value.body))
        definitions = self.definitions | {self.loss: replace(loss, value=value)}
        return replace(self.theory, definitions=definitions, symbols=self.symbols | {RATE: Symbol(RATE, ())})

    def _steps(self, theory: Theory, wanted: tuple[p.Variable, ...]) -> list[p.Assignment]:
        """The lines of a theory's backward pass."""
        lines = [
            self._assignment(
                name, self.loss, Array(value.indices, tidy(stable(value.body, self.definitions)), value.row)
            )
            for name, value in self._gradients(theory).items()
        ]
        plain = {self.variables[RATE, None], *self._plain_constants()}
        return [
            p.Assignment(line.target, p.Spread(line.value))
            if line.target in wanted and is_number(line.value, plain)
            else line
            for line in inlined(lines, frozenset(wanted))
        ]

    def _tidied(self, lines: Sequence[p.Assignment]) -> tuple[p.Assignment, ...]:
        """Lines in which nothing is computed twice and none is too long; each function names its own parts."""
        identifiers = self.identifiers.fork()
        plain = frozenset({self.variables[RATE, None], *self._plain_constants()})
        return tuple(filled(split(shared(lines, identifiers), identifiers), plain, self._given()))

    def _plain_constants(self) -> Iterator[p.Variable]:
        """Constants that a caller gives as plain numbers."""
        return (variable for variable in self._of_role("constant") if variable.shape == (None, None))

    def _of_role(self, role: str) -> tuple[p.Variable, ...]:
        return tuple(self._variable(symbol.name) for symbol in self.symbols.values() if symbol.role == role)

    def _gradients(self, theory: Theory) -> Mapping[Name, Array]:
        """The chain rule's steps that the parameters need, rewritten, from the loss backwards."""
        derivation = backward(theory)
        reuse = Reuse(self.definitions)
        found: dict[Name, Array] = {}
        for step in derivation.steps:
            gradient = step.gradient
            body = tidy(plain_functions(tidy(gradient.body), {}))
            body = self._fused(self._assumed(reuse(recognised(body))), found)
            found[step.quantity] = Array(gradient.indices, body, gradient.row)
        needed: dict[Name, None] = {}
        stack = [symbol.name for symbol in self.parameters if symbol.name in found]
        while stack:
            name = stack.pop()
            if name not in needed:
                needed[name] = None
                stack.extend(node.by.name for node in walk(found[name].body) if isinstance(node, Partial))
        for symbol in self.parameters:
            if symbol.name not in found:
                raise NotLowerable(f"{self.loss!r} does not depend on {symbol.name!r}")
        return {name: value for name, value in found.items() if name in needed}

    def _fused(self, body: Term, found: Mapping[Name, Array]) -> Term:
        """A step with the steps before it put in where that makes quotients cancel."""
        awkward = {
            node.by.name
            for node in walk(body)
            if isinstance(node, Partial) and node.by.name in found and quotients(found[node.by.name].body)
        }
        before = quotients(body) + sum(quotients(found[name].body) for name in awkward)
        if not before:
            return body

        def change(node: Term) -> Term | None:
            if isinstance(node, Partial) and node.by.name in awkward:
                return found[node.by.name].at(*node.by.indices)
            return None

        whole = self._assumed(cancelled(tidy(transform(body, change))))
        return whole if quotients(whole) < before else body

    def _assumed(self, body: Term) -> Term:
        """Sums of a distribution over its classes, which are one."""
        if not self.distributions:
            return body

        def change(node: Term) -> Term | None:
            if isinstance(node, Total) and isinstance(node.body, Entry) and node.body.name in self.distributions:
                symbol = self.symbols[node.body.name]
                position = node.body.indices.index(node.index)
                if symbol.shape[position] is not self.theory.batch:
                    return ONE
            return None

        return transform(body, change)


def _axes(value: Array) -> tuple[Index | None, Index | None]:
    if value.rank == 2:
        return value.indices[0], value.indices[1]
    if value.rank == 1:
        return (None, value.indices[0]) if value.row else (value.indices[0], None)
    if value.rank == 0:
        return None, None
    raise NotLowerable(f"an array with {value.rank} indices is no matrix")
