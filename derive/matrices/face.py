r"""A theory in SymPy's terms: its definitions, and the derivatives that the chain rule gives, as typed matrix
expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derive.algebra.arrays import Array
from derive.algebra.functions import ELEMENTARY, KNOWN
from derive.algebra.names import Level, Name
from derive.algebra.terms import Arg, Entry, Fun, Partial, Term, transform
from derive.calculus import NotDifferentiable, backward, resolve
from derive.calculus.chain import entry_of
from derive.matrices.plan import NoMatrixForm
from derive.matrices.tidy import tidy
from derive.matrices.writing import SymPy, to_sympy
from derive.theory import Theory


def definitions(theory: Theory) -> Mapping[str, SymPy]:
    """Every definition of a theory as a SymPy expression, by its printed name, in the order of computation.

    >>> from derive.network import network
    >>> definitions(network(sizes=("n", "m")))["z^(1)"]
    W^(1)*x + b^(1)
    """
    return {repr(name): _written(theory, definition.value) for name, definition in theory.definitions.items()}


def _written(theory: Theory, value: Array) -> SymPy:
    """A value as SymPy; derivatives in it that no matrix stands for are worked out first."""
    try:
        return to_sympy(value, theory)
    except NoMatrixForm:
        return to_sympy(Array(value.indices, tidy(elementary(resolve(theory, value.body))), value.row), theory)


def derivative(theory: Theory, of: str, by: str, *, unfold: bool = False) -> SymPy:
    """The derivative of the loss by a quantity, as an array of that quantity's shape.

    It is written with the derivatives by later quantities, `dL/dz^(1)` and so on, as a backward pass computes it;
    with `unfold`, those too are worked out, down to names.

    >>> from derive.network import network
    >>> theory = network(sizes=("n", "h", "c"))
    >>> derivative(theory, "L", "W1")
    dL/dz^(1)*x.T
    >>> derivative(theory, "L", "W^(2)", unfold=True).shape
    (c, h)

    Raises:
        KeyError: no such name.
        NotDifferentiable: the theory's loss is another.
    """
    return to_sympy(derivative_array(theory, of, by, unfold=unfold), theory)


def derivative_array(theory: Theory, of: str, by: str, *, unfold: bool = False) -> Array:
    """The same derivative in index form."""
    loss, quantity = find(theory, of), find(theory, by)
    if theory.loss is None or loss is not theory.loss:
        theory = replace(theory, loss=loss)
    if unfold:
        entry = entry_of(theory, quantity)
        symbol = theory.symbol(quantity)
        body = tidy(elementary(resolve(theory, Partial(Entry(loss), entry))))
        return Array(entry.indices, body, symbol is not None and symbol.row)
    found = backward(theory).gradients.get(quantity)
    if found is None:
        raise NotDifferentiable(f"{loss!r} does not depend on {quantity!r}")
    return Array(found.indices, tidy(elementary(found.body)), found.row)


def elementary(term: Term) -> Term:
    """Derivatives of elementary functions carried out, so that exp' is written exp; those of activations keep their
    prime.
    """

    def change(node: Term) -> Term | None:
        if isinstance(node, Fun) and node.order and node.function in ELEMENTARY:
            inside = Fun(node.function, node.order - 1, node.argument)
            if node.order == 1:
                slope = KNOWN[node.function].derivative
                return transform(slope, lambda part: node.argument if isinstance(part, Arg) else None)
            return inside if node.function == "exp" else None
        return None

    return transform(term, change)


def find(theory: Theory, text: str) -> Name:
    """A name of a theory by how it is printed, `W^(1)`, or shorter, `W1`."""
    for name in (*theory.symbols, *theory.definitions):
        if text in (repr(name), _short(name)):
            return name
    families = [name for name in theory.definitions if any(level.letter for level in name.levels)]
    for name in families:
        digits = text[len(name.base) :]
        if text.startswith(name.base) and digits.isdigit() and len(name.levels) == 1:
            return Name(name.base, (Level("", int(digits)),))
    raise KeyError(f"no quantity {text!r}: there are {', '.join(map(repr, theory.symbols))}")


def _short(name: Name) -> str:
    return name.base + ",".join(map(repr, name.levels))
