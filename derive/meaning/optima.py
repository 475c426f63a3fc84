r"""Values where a function is least: `\hat{w} = \operatorname{arg\,min}_w E(w)`.

Where E is a quadratic function of w, its gradient is `H w - c`, and the page's minimiser is where that vanishes, `H^{-1} c`: that a
minimiser is spoken of as one says that H has an inverse. Of other functions nothing is known here, and nothing is said.
"""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.arrays import Array
from derive.algebra.names import Name, fresh
from derive.algebra.terms import ZERO, Entry, Inverse, Partial, Term, mul, names, neg, power, total, transform
from derive.calculus.chain import NotDifferentiable, depends, resolve
from derive.meaning.draft import Draft
from derive.meaning.naming import written
from derive.notation.tree import Applied, Node, Scripted, Word
from derive.theory import Definition, Theory

_OPTIMA = frozenset({"argmin", "argmax"})
_MOST_STEPS = 50


def optimum(right: Node | None) -> tuple[Node, Node] | None:
    r"""E and w of `\operatorname{arg\,min}_w E`."""
    match right:
        case Applied(function=Scripted(base=Word(text=text), sub=Node() as by, sup=None), argument=of) if (
            text in _OPTIMA
        ):
            return of, by
    return None


def shape_optima(draft: Draft) -> None:
    """An optimum has the shape of what is varied."""
    for name, (_, by, _) in draft.optima.items():
        own = written(by, draft.vocabulary.subscripted, draft.vocabulary.layered)
        shape = None if own is None else draft.table.known(own.name)
        if shape is not None and name not in draft.table.shapes:
            draft.table.shapes[name] = shape


def with_optima(draft: Draft, theory: Theory) -> Theory:
    """A theory with definitions of the optima of quadratic functions."""
    definitions = dict(theory.definitions)
    for name, (of, by, line) in draft.optima.items():
        vocabulary = draft.vocabulary
        value, variable = (written(each, vocabulary.subscripted, vocabulary.layered) for each in (of, by))
        if value is None or variable is None:
            continue
        try:
            found = _where_least(theory, value.name, variable.name)
        except NotDifferentiable as error:
            draft.problems[line] = str(error)
            continue
        definitions[name] = Definition(name, found, line)
    return replace(theory, definitions=definitions) if len(definitions) > len(theory.definitions) else theory


def _where_least(theory: Theory, value: Name, variable: Name) -> Array:
    symbol = theory.symbol(variable)
    if symbol is None or len(symbol.shape) > 1 or theory.definition(value) is None:
        raise NotDifferentiable(f"{value!r} is not a known function of a vector {variable!r}")
    row, column = (tuple(fresh(length) for length in symbol.shape) for _ in range(2))
    gradient = _opened(theory, resolve(theory, Partial(Entry(value), Entry(variable, row))), variable)
    slope = _opened(theory, resolve(theory, Partial(gradient, Entry(variable, column))), variable)
    if variable in names(slope):
        raise NotDifferentiable(
            f"{value!r} is no quadratic function of {variable!r}, so its optimum has no formula here"
        )
    constant = transform(gradient, lambda node: ZERO if isinstance(node, Entry) and node.name is variable else None)
    if not row:
        return Array((), mul(neg(constant), power(slope, -1)))
    (i,), (j,) = row, column
    k, inner = fresh(i.size), fresh(i.size)
    solved = total((inner,), mul(Inverse(i, j, slope, k, inner), neg(Array((i,), constant).at(inner))))
    return Array((k,), solved, symbol.row)


def _opened(theory: Theory, term: Term, variable: Name) -> Term:
    """A term without names that depend on a variable."""

    def change(node: Term) -> Term | None:
        if isinstance(node, Entry) and node.name is not variable and depends(theory, node.name, variable):
            return theory.unfold(node)
        return None

    for _ in range(_MOST_STEPS):
        further = transform(term, change)
        if further is term:
            return term
        term = further
    raise NotDifferentiable("definitions that go on and on")
