r"""The mathematics of a theory back in the notation of its page: names, definitions, derivatives, and the whole derivation.

What is written here is a tree of `derive.notation.tree`; LaTeX, Typst, MathML and speech are printed from it.

>>> from derive.network import network
>>> from derive.notation.latex import write_latex
>>> theory = network(sizes=(2, 2, 1))
>>> print(write_latex(definition(theory, list(theory.definitions)[0])))
z^{(1)} = W^{(1)} x + b^{(1)}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.algebra.arrays import Array
from derive.algebra.rules import RULES
from derive.algebra.terms import Entry, Index, Name, Partial, Term, fresh, transform
from derive.calculus.backward import Derivation, backward
from derive.calculus.backward import Step as BackwardStep
from derive.calculus.chain import resolve
from derive.matrices.face import elementary
from derive.matrices.plan import NoMatrixForm, plan
from derive.matrices.tidy import tidy
from derive.notation.tree import Derivative, Node, Relations
from derive.theory import Theory
from derive.wording.build import transposed, whole
from derive.wording.entries import EntryWriter, lettered, letters_for
from derive.wording.matrices import MatrixWriter
from derive.wording.names import name_of


@dataclass(frozen=True)
class Explained:
    r"""One step of the backward pass in words and formulas.

    `equation` is a chain: the derivative, the chain rule through the quantities that use this one, and the result, in which
    derivatives by later quantities stand by their names. `rules` are the rules of calculus that the step needed, each with its
    formula; `shape` is that of the derivative.
    """

    quantity: Name
    equation: Node
    shape: str
    rules: tuple[str, ...]
    why: str


def name(theory: Theory, quantity: Name) -> Node:
    """A quantity as the page writes it."""
    return name_of(theory, quantity)


def partial(theory: Theory, of: Name, by: Name) -> Node:
    r"""`\frac{\partial L}{\partial W^{(2)}}`."""
    return Derivative(r"\partial", name_of(theory, of), (name_of(theory, by),))


def shape(theory: Theory, quantity: Name) -> str:
    """A shape in words: `2 × 3`, `n_1`, `scalar`; a vector that lies down is `1 × n`."""
    symbol, definition = theory.symbol(quantity), theory.definition(quantity)
    found = symbol.shape if symbol is not None else definition.value.shape if definition is not None else ()
    lying = symbol.row if symbol is not None else definition is not None and definition.value.row
    if not found:
        return "scalar"
    sizes = [str(length) for length in found]
    return " × ".join(["1", *sizes] if lying else sizes)


def expression(theory: Theory, value: Array) -> Node:
    """An array in matrix notation.

    Raises:
        NoMatrixForm: matrix notation has no form for it; `equation` writes it entry by entry.
    """
    return whole(_matrix_form(theory, value))


def _matrix_form(theory: Theory, value: Array):  # type: ignore[no-untyped-def]
    if value.rank > 2:
        raise NoMatrixForm("an array with more than two axes")
    planned = plan(elementary(value.body))
    row = value.indices[0] if value.rank else None
    column = value.indices[1] if value.rank == 2 else None
    piece = MatrixWriter(theory).write(planned, row, column)
    return transposed(piece) if value.row and value.rank == 1 else piece


def definition(theory: Theory, quantity: Name) -> Node:
    """A quantity and what it is defined to be."""
    found = theory.definition(quantity)
    assert found is not None
    return equation(theory, Entry(quantity), found.value)


def equation(theory: Theory, left: Entry | Partial, value: Array) -> Node:
    """`left = value` in matrix notation, or entry by entry where that has no form for it."""
    try:
        return Relations(_whole_left(theory, left), (("=", expression(theory, value)),))
    except NoMatrixForm:
        body = tidy(elementary(value.body))
        letters = letters_for(theory, value.indices, body)
        places = tuple(letters[index] for index in value.indices)
        return Relations(_entry_left(theory, left, places), (("=", whole(EntryWriter(theory).write(lettered(body, letters)))),))


def _whole_left(theory: Theory, left: Entry | Partial) -> Node:
    if isinstance(left, Entry):
        return name_of(theory, left.name)
    assert isinstance(left.of, Entry)
    return partial(theory, left.of.name, left.by.name)


def _entry_left(theory: Theory, left: Entry | Partial, places: tuple[Index, ...]) -> Node:
    if isinstance(left, Entry):
        return name_of(theory, left.name, places)
    assert isinstance(left.of, Entry)
    return Derivative(r"\partial", name_of(theory, left.of.name), (name_of(theory, left.by.name, places),))


def derivation(theory: Theory) -> tuple[Explained, ...]:
    """The backward pass in the order of computation.

    Raises:
        NotDifferentiable: the theory has no loss.
    """
    found = backward(theory)
    named = _named_derivatives(theory, found.loss)
    return tuple(_explained(theory, found, step, named) for step in found.steps)


def _named_derivatives(theory: Theory, loss: Name) -> dict[Name, Name]:
    r"""Quantities by which the derivative has a name of its own on the page: `\delta^{(2)} = \partial L / \partial z^{(2)}`."""
    named = {}
    for own, definition in theory.definitions.items():
        body = definition.value.body
        whole_array = isinstance(body, Partial) and body.by.indices == definition.value.indices
        if isinstance(body, Partial) and whole_array and body.of == Entry(loss):
            named[body.by.name] = own
    return named


def _explained(theory: Theory, found: Derivation, step: BackwardStep, named: dict[Name, Name]) -> Explained:
    left = Partial(Entry(found.loss), Entry(step.quantity))
    gradient = Array(step.gradient.indices, _with_names(tidy(elementary(step.gradient.body)), found.loss, named), step.gradient.row)
    result = equation(theory, left, gradient)
    assert isinstance(result, Relations)
    middle = _chain_rule(theory, step, found.loss, named)
    if middle is not None and isinstance(result.first, Derivative) and middle != result.rest[0][1]:
        result = Relations(result.first, (("=", middle), *result.rest))
    own = named.get(step.quantity)
    if own is not None:
        result = Relations(name_of(theory, own), (("=", result.first), *result.rest)) if result.first is not None else result
    return Explained(step.quantity, result, shape(theory, step.quantity), _rules(step), _why(step))


def _with_names(term: Term, loss: Name, named: dict[Name, Name]) -> Term:
    """Derivatives by the names that the page has for them."""

    def change(node: Term) -> Term | None:
        if isinstance(node, Partial) and node.of == Entry(loss) and node.by.name in named:
            return Entry(named[node.by.name], node.by.indices)
        return None

    return transform(term, change)


def _chain_rule(theory: Theory, step: BackwardStep, loss: Name, named: dict[Name, Name]) -> Node | None:
    """The chain rule before the slopes are put in; None where matrix notation has no form for the Jacobians in it."""
    before = step.before
    if isinstance(before, Partial):
        return None
    by = step.quantity
    indices = tuple(fresh(index.size) for index in step.gradient.indices)
    try:
        at = _indices_of(before, by)
        body = _with_names(before, loss, named)
        return expression(theory, Array(at or indices, body, step.gradient.row))
    except NoMatrixForm:
        return None


def _indices_of(term: Term, by: Name) -> tuple[Index, ...]:
    from derive.algebra.terms import walk

    return next((node.by.indices for node in walk(term) if isinstance(node, Partial) and node.by.name is by), ())


def _rules(step: BackwardStep) -> tuple[str, ...]:
    used = dict.fromkeys(rule for path in step.paths for rule in path.rules)
    formulas = {rule.name: rule.formula for rule in RULES.values()}
    return tuple(f"{rule} rule, {formulas[rule]}" for rule in used)


def _why(step: BackwardStep) -> str:
    return step.why


def gradient(theory: Theory, of: Name, by: Name) -> Node:
    """The derivative of a scalar by a quantity, worked out down to values of the forward pass."""
    symbol, found = theory.symbol(by), theory.definition(by)
    sizes = symbol.shape if symbol is not None else found.value.shape if found is not None else ()
    indices = tuple(fresh(length) for length in sizes)
    body = tidy(elementary(resolve(theory, Partial(Entry(of), Entry(by, indices)))))
    lying = symbol.row if symbol is not None else False
    return equation(theory, Partial(Entry(of), Entry(by)), Array(indices, body, lying))


def steps(theory: Theory) -> Iterator[Explained]:
    """The derivation, one step at a time."""
    yield from derivation(theory)
