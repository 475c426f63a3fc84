r"""Arrays and definitions as formulas: in matrix notation where it has words for them, else entry by entry.

>>> from derive.algebra.names import Name
>>> from derive.network import network
>>> from derive.notation.latex import write_latex
>>> write_latex(definition(network(loss="categorical cross-entropy"), Name("L")))
'L = -y^\\top \\log a^{(2)}'
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from derive.algebra.arrays import Array
from derive.algebra.functions import KNOWN
from derive.algebra.names import Index, Name
from derive.algebra.terms import Entry, Mul, Partial, Term, Total
from derive.matrices.face import elementary
from derive.matrices.plan import NoMatrixForm
from derive.matrices.tidy import tidy
from derive.notation.tree import Fenced, Node, Product, Relations, Symbol
from derive.theory import Definition, Theory
from derive.wording import naming
from derive.wording.build import Piece, product, whole
from derive.wording.entries import EntryWriter, entry
from derive.wording.matrices import MatrixWriter, Own, no_name
from derive.wording.patterns import Patterns, cancelled, gathered

Written = tuple[Node, tuple[Node, ...]]
"""A formula, and the letters of its indices where it speaks of one entry; none where it speaks of the whole array."""


def expression(theory: Theory, value: Array) -> Node:
    r"""An array in matrix notation; where that has no words, its entry at `i, j`.

    >>> from derive.network import network
    >>> from derive.notation.latex import write_latex
    >>> theory = network(batch="m")
    >>> write_latex(expression(theory, theory.definitions[theory.loss].value))
    '\\frac{1}{2} \\lVert a^{(2)} - y \\rVert_F^2'
    """
    return written(theory, value)[0]


def written(theory: Theory, value: Array, own: Own = no_name, named: Sequence[Definition] = ()) -> Written:
    """An array as a formula. `own` gives the document's names of derivatives, `named` the definitions whose values may be
    called by their names."""
    chain = _linked(value)
    if chain is not None:
        return whole(product([Piece(naming.partial(theory, *link)) for link in chain], r"\cdot")), ()
    body = simplified(value.body, named)
    patterns = Patterns(named)
    try:
        return whole(
            MatrixWriter(theory, patterns.standing, own).array(Array(value.indices, patterns(body), value.row))
        ), ()
    except NoMatrixForm:
        writer = EntryWriter(theory, value.indices, own)
        places = tuple(writer.called[index] for index in value.indices)
        return whole(writer.term(body)), places


def simplified(term: Term, named: Sequence[Definition] = ()) -> Term:
    """A term as it is best written: sums over deltas carried out, equal factors cancelled, softmaxes called so."""
    return gathered(cancelled(Patterns(named, stands=False)(tidy(elementary(term)))))


def _linked(value: Array) -> tuple[tuple[Name, Name], ...] | None:
    """The links of a chain of derivatives, `dL/da . da/dz`, in which each is by what the next one is of."""
    term: Term = value.body
    summed: list[Index] = []
    while isinstance(term, Total):
        summed.append(term.index)
        term = term.body
    if not isinstance(term, Mul) or not all(isinstance(f, Partial) and isinstance(f.of, Entry) for f in term.factors):
        return None
    links = [(f.of, f.by) for f in term.factors if isinstance(f, Partial) and isinstance(f.of, Entry)]
    joined = all(by is of for (_, by), (of, _) in pairwise(links))
    inner = [index for _, by in links[:-1] for index in by.indices]
    if not joined or set(inner) != set(summed) or links[0][0].indices or links[-1][1].indices != value.indices:
        return None
    return tuple((of.name, by.name) for of, by in links)


def definition(theory: Theory, name: Name) -> Node:
    r"""A quantity and what it is defined to be.

    Raises:
        KeyError: it has no definition.
    """
    found = theory.definition(name)
    if found is None:
        raise KeyError(f"{name!r} is not defined")
    earlier = []
    for other in theory.definitions.values():
        if other.name is name:
            break
        earlier.append(other)
    right, places = written(theory, found.value, named=earlier)
    return Relations(entry(naming.name(theory, name), places), (("=", right),))


def function_definition(theory: Theory, key: str) -> Node:
    r"""A function of one number and what it is defined to be.

    >>> from derive.network import network
    >>> from derive.notation.latex import write_latex
    >>> write_latex(function_definition(network(), "sigmoid"))
    '\\sigma(x) = \\frac{1}{1 + e^{-x}}'

    Raises:
        KeyError: no such function, or one that is left general.
    """
    found = theory.functions[key]
    body = found.body if found.body is not None or not found.known else KNOWN[found.known].definition
    if body is None:
        raise KeyError(f"{key} has no definition")
    argument = Symbol("x")
    right = whole(EntryWriter(theory, argument=argument).term(body))
    head = naming.function(theory, found.known or key)
    return Relations(Product((("", head), ("", Fenced("(", argument, ")")))), (("=", right),))
