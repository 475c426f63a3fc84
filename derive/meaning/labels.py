r"""Classes as numbers, `y_i \in \{1, \ldots, C\}`, and what notes write with them: `P_{i y_i}`, `\mathbb{1}(y_i = k)`.

A class is read as the one-hot vector that stands for it: `\mathbb{1}(y_i = k)` is its entry k, and `P_{i y_i}` the sum of the
entries of P, each times that.
"""

from __future__ import annotations

from collections.abc import Callable

from derive.algebra.arrays import Array, array
from derive.algebra.names import Name, fresh
from derive.algebra.terms import Entry, Mul, Term, Total, mul, rename, transform, walk
from derive.meaning.naming import Written, base_latex
from derive.meaning.scope import Scope
from derive.notation.tree import Accented, Ellipsis, Fenced, Node, Number, Relations, Sequence, Styled, Symbol

INDICATORS = frozenset({r"\mathbb{1}", r"\mathbf{1}", r"\mathbb{I}", r"\mathrm{I}"})


def one_hot(name: Name) -> Name:
    """The name of the one-hot array of a class."""
    return Name(rf"\mathbb{{1}}_{{{name.base}}}", name.levels)


def is_one_hot(name: Name) -> bool:
    """Whether a name is that of a one-hot array made for a class."""
    return name.base.startswith(r"\mathbb{1}_{")


def classes(region: Node) -> Node | None:
    r"""C for the set `\{1, \ldots, C\}`."""
    match region:
        case Fenced(left=r"\{", body=Sequence(items=(Number(text="0" | "1" as first), *middle, last))):
            if first == "1" and any(isinstance(item, Ellipsis) for item in middle):
                return last
    return None


def is_bracket(node: Node) -> bool:
    r"""Whether `[[k = y]]` asks for a condition, as in Knuth, Two Notes on Notation (1992), with one pair of brackets or two."""
    inner = node.body if isinstance(node, Fenced) and node.left == "[" else None
    if isinstance(inner, Fenced) and inner.left == "[":
        inner = inner.body
    return isinstance(inner, Relations)


def is_indicator(node: Node, following: Node) -> bool:
    r"""Whether `\mathbb{1}(...)`, `1\{...\}`, `\mathbf{1}[...]` asks for a condition."""
    if not isinstance(following, Fenced) or not isinstance(following.body, Relations):
        return False
    if isinstance(node, Number):
        return node.text == "1"
    return isinstance(node, Symbol | Styled | Accented) and base_latex(node) in INDICATORS


def chosen_by_class(term: Term, change: Callable[[Term], Term]) -> Term | None:
    """A function of what a class chooses: `f(P_y)` is the sum over k of `f(P_k)`, each times one where k is the class.

    None where the term depends on no class, or on more than one.
    """
    found: dict[Term, tuple[Entry, Term]] = {}
    for node in walk(term):
        if isinstance(node, Total):
            factors = node.body.factors if isinstance(node.body, Mul) else (node.body,)
            held = [part for part in factors if isinstance(part, Entry) and is_one_hot(part.name)]
            if len(held) == 1 and held[0].indices[-1] is node.index:
                found[node] = held[0], mul(*(part for part in factors if part is not held[0]))
    rows = {(one.name, one.indices[:-1]) for one, _ in found.values()}
    if len(rows) != 1:
        return None
    one = next(iter(found.values()))[0]
    place = fresh(one.indices[-1].size)

    def choose(node: Term) -> Term | None:
        if node not in found:
            return None
        own, rest = found[node]
        return rename(rest, {own.indices[-1]: place})

    return Total(place, mul(Entry(one.name, (*one.indices[:-1], place)), change(transform(term, choose))))


def label_of(scope: Scope, written: Written | None) -> Array | None:
    """The one-hot array of a name that stands for a class; None where it stands for none."""
    if written is None or written.power is not None or written.transposed or written.primes:
        return None
    name = one_hot(written.name)
    shape = scope.shape_of(name)
    return None if shape is None else array(name, shape.sizes)
