"""The right side that a derivative really has, worked out step by step and written in the page's own letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from derive.algebra.arrays import Array
from derive.algebra.functions import KNOWN
from derive.algebra.names import Index, Name
from derive.algebra.rules import by_argument
from derive.algebra.steps import at_level
from derive.algebra.terms import Arg, Entry, Extent, Fun, Mul, Num, Partial, Positive, Term, num, transform, walk
from derive.calculus.chain import NotDifferentiable, expand, resolve
from derive.notation.tree import Cases, Fenced, Node, Number, Product, Relations, Scripted, Styled, Symbol
from derive.theory import Theory, family_letters

if TYPE_CHECKING:
    from derive.wording.entries import EntryWriter

_MOST_STEPS = 4
_MOST_TERMS = 400
"""A formula with more terms than this explains nothing."""


def worked_out(
    theory: Theory, left: Array, *, primes: bool = False, kronecker: bool = False
) -> Iterator[tuple[Node | None, Node]]:
    r"""Right sides for a left side that is a derivative, or a name for one: one step of the chain rule first, then all of it.

    `primes` says whether the slopes of activations are best written with a prime, `kronecker` whether the page has a sign for
    Kronecker's delta; else they are written out. A matrix that has no notation as a whole is written entry by entry; its left side
    is given as well then.
    """
    from derive.wording.entries import NoNotation

    found = list(_steps(theory, left.body))
    ordered = []
    for term in found:
        opened = transform(term, lambda node: _slope_opened(theory, node))
        ordered += [term, opened] if primes else [opened, term]
    # what still speaks of the derivative of an array explains less
    for term in sorted(dict.fromkeys(ordered), key=_speaks_of_jacobians):
        value = Array(left.indices, term, left.row)
        try:
            yield _written(theory, left, value, _kronecker if kronecker else _indicator)
        except (NoNotation, NotDifferentiable):
            continue


def _speaks_of_jacobians(term: Term) -> bool:
    return any(isinstance(node, Partial) and node.of.free for node in walk(term))


def _steps(theory: Theory, term: Term) -> Iterator[Term]:
    """A derivative ever further worked out."""
    term = _named(theory, term)
    if any(isinstance(node, Fun) and node.order for node in walk(term)):
        yield term
    for _ in range(_MOST_STEPS):
        try:
            further = _with_numbers(theory, transform(term, lambda node: _expanded(theory, node)))
        except NotDifferentiable:
            return
        if further is term or sum(1 for _ in walk(further)) > _MOST_TERMS:
            return
        yield further
        term = further


def _expanded(theory: Theory, node: Term) -> Term | None:
    return expand(theory, node) if isinstance(node, Partial) else None


def _with_numbers(theory: Theory, term: Term) -> Term:
    """Derivatives of a number by a number worked out: the parts of a loss are no stations on the way back."""

    def change(node: Term) -> Term | None:
        if isinstance(node, Partial) and isinstance(node.of, Entry) and not node.of.indices and not node.by.indices:
            return resolve(theory, node) if node.by.name in theory.definitions else None
        return None

    return transform(term, change)


def _named(theory: Theory, term: Term) -> Term:
    """A name for a derivative, or for a number times one, as what it stands for."""

    def change(node: Term) -> Term | None:
        body = theory.unfold(node) if isinstance(node, Entry) else None
        factors = body.factors if isinstance(body, Mul) else (body,)
        others = [factor for factor in factors if not isinstance(factor, Partial)]
        derivative = len(factors) - len(others) == 1 and all(isinstance(factor, Num | Extent) for factor in others)
        return body if derivative else None

    return transform(term, change)


def _slope_opened(theory: Theory, node: Term) -> Term | None:
    """The slope of a function as its formula; of one that is left general it stays."""
    if not isinstance(node, Fun) or not node.order:
        return None
    own = theory.functions.get(node.function)
    known = KNOWN.get(own.known if own is not None and own.known else node.function)
    if known is not None:
        body = known.derivative
    elif own is not None and own.body is not None:
        body = by_argument(own.body)
    else:
        return None
    for _ in range(node.order - 1):
        body = by_argument(body)
    return transform(body, lambda part: node.argument if isinstance(part, Arg) else None)


def _kronecker(one: Node, other: Node) -> Node:
    return Scripted(Symbol(r"\delta"), sub=Product((("", one), ("", other))))


def _indicator(one: Node, other: Node) -> Node:
    holds = Fenced("(", Relations(one, (("=", other),)), ")")
    return Product((("", Styled("blackboard", Symbol("1"))), ("", holds)))


def _written(theory: Theory, left: Array, value: Array, same: Callable[[Node, Node], Node]) -> tuple[Node | None, Node]:
    from derive.wording import naming
    from derive.wording.entries import EntryWriter, NoNotation, entry
    from derive.wording.formulas import simplified, written

    named = tuple(theory.definitions.values())

    def own(of: Name, by: Name) -> Name | None:
        return _alias(theory, of, by)

    letters = [index for index in value.indices if _is_letter(index)]
    slope = isinstance(left.body, Fun) and not left.rank  # its cases are written with what they depend on
    if (letters or slope) and len(letters) == value.rank:
        writer = EntryWriter(theory, (), own, same=same)
        writer.letters = [each for each in writer.letters if each not in {index.label for index in letters}]
        writer.called = {index: Symbol(index.label) for index in letters}
        return None, _by_cases(writer, simplified(value.body, named))
    right, places = written(theory, value, own, named)
    body = left.body
    if not places:
        return None, right
    if not isinstance(body, Partial) or not isinstance(body.of, Entry) or body.of.indices:
        raise NoNotation("one entry of what is no derivative of a number by an array")
    return naming.derivative(naming.name(theory, body.of.name), entry(naming.name(theory, body.by.name), places)), right


def _by_cases(writer: EntryWriter, term: Term) -> Node:
    """A term as a formula; what depends on one sign alone by its two cases."""
    from derive.wording.build import whole
    from derive.wording.formulas import simplified

    signs = {node for node in walk(term) if isinstance(node, Positive)}
    if len(signs) != 1:
        return whole(writer.term(term))
    (sign,) = signs

    def where(value: int) -> Node:
        return whole(writer.term(simplified(transform(term, lambda node: num(value) if node is sign else None))))

    assert isinstance(sign, Positive)
    holds = Relations(whole(writer.term(sign.argument)), ((">", Number("0")),))
    return Cases(((where(1), holds), (where(0), None)))


def _alias(theory: Theory, of: Name, by: Name) -> Name | None:
    """The page's name for the derivative of one quantity by another."""
    for name, definition in theory.definitions.items():
        match definition.value.body:
            case Partial(of=Entry(name=own_of, indices=()), by=own_by) if own_of is of:
                if own_by.indices != definition.value.indices:
                    continue
                if own_by.name is by:
                    return name
                letters = family_letters(own_by.name, by)
                if letters is not None:
                    return Name(name.base, tuple(at_level(level, letters) for level in name.levels))
    return None


def _is_letter(index: Index) -> bool:
    return len(index.label) == 1 and index.label.isalpha()
