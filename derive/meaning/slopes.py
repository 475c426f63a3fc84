"""Derivatives as they are written: by names and entries, of expressions, chained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from derive.algebra.arrays import (
    Array,
    entrywise,
    scalar,
    transpose,
)
from derive.algebra.names import Index
from derive.algebra.shifts import bracket_of
from derive.algebra.steps import Direct
from derive.algebra.terms import ONE, Delta, Entry, Mul, Partial, Term, Total, mul, power, rename, total, walk
from derive.meaning.labels import is_one_hot
from derive.meaning.naming import is_transpose
from derive.meaning.powers import Powers
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood
from derive.notation.tree import (
    Applied,
    Derivative,
    Fenced,
    Node,
    Product,
    Scripted,
    Styled,
    Symbol,
    Word,
)


class Slopes(Powers):
    """What derivatives denote, in the layout that the page keeps to."""

    def function_letter(self, node: Node) -> tuple[str, int, Node | None] | None:
        """A letter that stands for a function: its name in terms, the order of its derivative, a power on it."""
        raise NotImplementedError

    def _call(self, function: str, order: int, exponent: Node | None, argument: Node) -> Iterator[Reading]:
        raise NotImplementedError

    def _derivative(self, node: Derivative) -> Iterator[Reading]:
        if not node.variables:
            raise NotUnderstood("a gradient that does not say by what", column=node.span[0])
        function = self.function_letter(node.operand) if isinstance(node.operand, Symbol | Styled | Word) else None
        if function is not None and node.symbol == "d" and function[1:] == (0, None):
            (argument, *others) = node.variables
            if all(other == argument for other in others):  # `d\sigma/dx` is the slope of the function at x
                yield from self._call(function[0], len(node.variables), None, argument)
                return
        found = self.readings(self._without_arguments(node.operand))
        for place, variable in enumerate(node.variables):
            if isinstance(variable, Applied) and len(node.variables) == 1:
                yield from self._by_function(found, variable)
                return
            turned = _untransposed(variable)
            picked = self._at_shifted_place(variable)
            if picked is not None:
                by, brackets = picked
                found = [
                    Reading(entrywise(lambda t: total(by.indices, mul(brackets, t)), each.value), each.notes, each.cost)  # noqa: B023
                    for inside in found
                    for each in self._by_entry(inside, by)
                ]
                continue
            variable = turned if turned in node.variables[:place] else variable
            chosen = self._chosen_by_class(variable)
            by = self._variable(variable) if chosen is None else scalar(chosen[1])
            found = [reading for inside in found for reading in self._by(inside, by, node.symbol)]
            if chosen is not None:
                found = [replace(reading, value=_at_class(reading.value, chosen[0])) for reading in found]
            if len(node.variables) > 1 and any(reading.value.rank > 2 for reading in found):
                raise NotUnderstood("a second derivative with more than two axes", column=node.span[0])
        yield from found

    def _by_function(self, found: list[Reading], variable: Applied) -> Iterator[Reading]:
        r"""`\partial D / \partial \log s`: by a function of one given number, the slope by that number over the function's own."""
        for by in self.readings(variable):
            entries = {node for node in walk(by.value.body) if isinstance(node, Entry)}
            if by.value.rank or len(entries) != 1:
                raise NotUnderstood("a derivative by what is no function of one number", column=variable.span[0])
            (entry,) = entries
            for inside in found:
                if inside.value.rank:
                    raise NotUnderstood("the derivative of an array by an expression", column=variable.span[0])
                slope = mul(Partial(inside.value.body, entry), power(Partial(by.value.body, entry), -1))
                note = f"by a function of {entry.name!r}: the slope by that over the function's own"
                yield Reading(scalar(slope), (*inside.notes, *by.notes, note), inside.cost + by.cost)

    def _at_shifted_place(self, node: Node) -> tuple[Array, Term] | None:
        r"""The array of an entry such as `a_{si+r}`, over indices of its own, and the bracket that picks the entry."""
        name = self._written(node) if self.scope.vocabulary.shifts is not None else None
        if name is None or not name.entries or name.power is not None or name.transposed:
            return None
        entry = self._array(name)
        if entry.rank or not isinstance(entry.body, Total):
            return None
        indices: list[Index] = []
        body: Term = entry.body
        while isinstance(body, Total):
            indices.append(body.index)
            body = body.body
        factors = body.factors if isinstance(body, Mul) else (body,)
        *brackets, last = factors
        if not isinstance(last, Entry) or not all(isinstance(b, Entry) and bracket_of(b.name) for b in brackets):
            raise NotUnderstood("a derivative by something that is no name", column=node.span[0])
        return Array(tuple(indices), last), mul(*brackets)

    def _by_entry(self, inside: Reading, by: Array) -> Iterator[Reading]:
        """The derivative of a number by an entry of an array."""
        if inside.value.rank or not isinstance(by.body, Entry):
            raise NotUnderstood("the derivative of an array by one entry at a shifted place")
        yield Reading(scalar(Partial(inside.value.body, by.body)), inside.notes, inside.cost)

    def _without_arguments(self, node: Node) -> Node:
        """`L(w, b)` is the value named L, if L is one."""
        if isinstance(node, Product) and len(node.factors) == 2 and isinstance(node.factors[1][1], Fenced):
            name = self._written(node.factors[0][1])
            if (
                name is not None
                and self.scope.shape_of(name.name) is not None
                and self.function_letter(node.factors[0][1]) is None
            ):
                return node.factors[0][1]
        return node

    def _variable(self, node: Node) -> Array:
        if isinstance(node, Fenced) and node.left == "(":
            node = node.body
        name = self._written(node)
        if name is None or name.power is not None or name.transposed:
            raise NotUnderstood("a derivative by something that is no name", column=node.span[0])
        if name.name in self.scope.vocabulary.symmetric:
            raise NotUnderstood("a derivative by a symmetric matrix, of which there are two", column=node.span[0])
        variable = self._array(name)
        if not isinstance(variable.body, Entry):
            raise NotUnderstood(
                f"a derivative by {name.latex}, which is no array and no entry of one", column=node.span[0]
            )
        return variable

    def _chosen_by_class(self, node: Node) -> tuple[Entry, Entry] | None:
        """The `z_c` of a derivative by the entry that a class chooses: one for that class, and the entry of z at any place."""
        name = self._written(node)
        if name is None or name.power is not None or name.transposed or len(name.entries) != 1:
            return None
        match self._array(name):
            case Array(indices=(), body=Total(index=index, body=Mul(factors=(Entry() as one, Entry() as entry)))):
                return (one, entry) if is_one_hot(one.name) and one.indices[-1] is index else None
        return None

    def _laid_out(self, indices: tuple[Index, ...], slope: Term, symbol: str, *, lies: bool) -> Array:
        """The derivative of a number by an array, in the page's layout."""
        layout, gradient = self.layout, symbol == r"\nabla"
        rows = layout.nabla_rows if gradient else layout.gradient_rows
        value = Array(indices, slope, row=lies or (rows and len(indices) == 1))
        return transpose(value) if layout.matrices_turned and not gradient and len(indices) == 2 else value

    def _by(self, inside: Reading, by: Array, symbol: str) -> Iterator[Reading]:
        value, variable = inside.value, by.body
        assert isinstance(variable, Entry)
        notes, cost = inside.notes, inside.cost
        slope: Term = Partial(value.body, variable)
        here = self.scope.at_definition
        if here is not None and symbol == r"\partial" and isinstance(value.body, Entry):
            held = here(value.body, variable)
            if held is not None:
                yield from self._held(inside, by, held)
        if not value.rank:
            yield Reading(self._laid_out(by.indices, slope, symbol, lies=by.row), notes, cost)
            return
        if not by.rank:
            yield Reading(Array(value.indices, slope, value.row), notes, cost)
            return
        if value.rank == by.rank == 1:
            jacobian = Array((*value.indices, *by.indices), slope)
            yield Reading(transpose(jacobian) if self.layout.denominator else jacobian, notes, cost)
        square = value.rank == by.rank and all(a is b for a, b in zip(value.shape, by.shape, strict=True))
        if square and isinstance(value.body, Entry) and self.scope.is_diagonal(value.body, variable):
            same = Array(value.indices, Partial(value.body, by.at(*value.indices)), value.row)  # type: ignore[arg-type]
            note = "the derivative of an elementwise function is read as its diagonal"
            yield Reading(same, (*notes, note), cost + 1)
        if value.rank + by.rank > 2:
            raise NotUnderstood("the derivative of an array by a matrix stands alone")

    def _held(self, inside: Reading, by: Array, slope: Term) -> Iterator[Reading]:
        """A derivative at one definition, all else in it held fixed: the whole of it, or its diagonal where it has nothing else."""
        value = inside.value
        notes, cost = (*inside.notes, "everything else in the definition is held fixed"), inside.cost
        if value.rank + by.rank < 2:
            yield Reading(Array((*value.indices, *by.indices), slope, by.row if by.rank else value.row), notes, cost)
        elif value.rank == by.rank == 1:
            jacobian = Array((*value.indices, *by.indices), slope)
            yield Reading(transpose(jacobian) if self.layout.denominator else jacobian, notes, cost)
            if value.shape == by.shape:
                diagonal = rename(slope, {by.indices[0]: value.indices[0]})
                picks = [node for node in walk(slope) if isinstance(node, Delta)]
                if picks and all({node.left, node.right} == {value.indices[0], by.indices[0]} for node in picks):
                    yield Reading(Array(value.indices, diagonal, value.row), notes, cost + 1)

    def _chain_of_derivatives(self, factors: list[tuple[str, Node | list[Reading]]]) -> Reading | None:
        """`dL/da . da/dz . dz/dW`, contracted along the variables that link neighbours."""
        links = [factor for _, factor in factors]
        if len(links) < 2 or not all(isinstance(link, Derivative) and len(link.variables) == 1 for link in links):
            return None
        chain = [link for link in links if isinstance(link, Derivative)]
        for left, right in pairwise(chain):
            if left.variables[0] != self._without_arguments(right.operand):
                return None
        (first, *_) = self.readings(self._without_arguments(chain[0].operand))
        if first.value.rank:
            return None
        result: Term = ONE
        value = first.value.body
        summed: list[Index] = []
        for place, link in enumerate(chain):
            by = self._variable(link.variables[0])
            variable = by.body
            assert isinstance(variable, Entry)
            link_over = Partial(value, variable)
            if self.scope.stepping and place + 1 == len(chain) and place and _shared(value, variable):
                # the path through the weights of this very step: what they did before comes in by the other steps of the sum
                link_over = Direct(value, variable)  # type: ignore[arg-type,assignment]
            result = mul(result, link_over)
            if place + 1 < len(chain):
                summed.extend(by.indices)
            value = variable
        note = "the chain of derivatives is contracted along the variables that link them"
        return Reading(self._laid_out(by.indices, total(summed, result), chain[-1].symbol, lies=by.row), (note,), 0)


def _at_class(value: Array, one: Entry) -> Array:
    """What holds at any place, at the place that a class chooses."""
    return entrywise(lambda term: Total(one.indices[-1], mul(one, term)), value)


def _shared(value: Term, variable: Entry) -> bool:
    """Whether a quantity at one step is derived by what all steps share."""
    return isinstance(value, Entry) and bool(value.name.levels) and not variable.name.levels


def _untransposed(node: Node) -> Node:
    r"""The x of `x^\top`, as the second variable of a matrix of second derivatives is often written."""
    if isinstance(node, Scripted) and node.sup is not None and is_transpose(node.sup) and not node.primes:
        return node.base if node.sub is None else Scripted(node.base, node.sub)
    return node
