r"""Sums over inputs that are no index, `C = \frac{1}{n} \sum_x C_x` (Nielsen, Neural Networks and Deep Learning, chapters 1 to 3).

Every quantity under such a sum belongs to the input x that it runs over. The sum is a linear operator: two sums are equal if
what is summed is equal for every x, and where that differs for some x, they differ on a training set that holds nothing but x.
So the sum is read as a factor, and a claim is judged where both sides have it exactly once (`degree`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass, replace
from fractions import Fraction

from derive.algebra.names import Name
from derive.algebra.terms import Add, Delta, Entry, Extent, Fun, Mul, Num, Partial, Positive, Pow, Term, Total
from derive.meaning.draft import Draft
from derive.meaning.naming import base_latex, rebuilt, walk
from derive.meaning.shapes import INPUT_LETTERS
from derive.notation.tree import BigOperator, Node, Scripted, Symbol
from derive.theory import SUM_OVER_INPUTS, Theory, family_letters


def sample_name(letter: str) -> Name:
    """The factor that stands for a sum over that letter."""
    return Name(SUM_OVER_INPUTS + letter)


def is_sample(name: Name) -> bool:
    """Whether a name stands for a sum over inputs."""
    return name.base.startswith(SUM_OVER_INPUTS)


def tell_samples(draft: Draft) -> frozenset[str]:
    r"""The letters of sums over inputs; the x of `C_x` becomes part of the name."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    letters = frozenset(
        node.lower.text
        for node in nodes
        if isinstance(node, BigOperator)
        and isinstance(node.lower, Symbol)
        and node.upper is None
        and node.lower.text in INPUT_LETTERS
    )
    if letters:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _labelled(side, letters, draft.said)))
            for each in draft.placed
        )
    return letters


def _labelled(part: object, letters: frozenset[str], said: dict[Node, Node]) -> object:
    if isinstance(part, tuple):
        return tuple(_labelled(each, letters, said) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Scripted) and isinstance(part.sub, Symbol) and part.sub.text in letters:
        base = base_latex(part.base)
        if base is not None:
            name = Symbol(f"{base}_{{{part.sub.text}}}", span=part.span)
            said[name] = replace(part, sup=None, primes=0)
            return name if part.sup is None and not part.primes else replace(part, base=name, sub=None)
    return rebuilt(part, lambda each: _labelled(each, letters, said))


def sums_over(node: Node, letters: frozenset[str]) -> Iterable[BigOperator]:
    """The sums over inputs in a formula."""
    return (
        part
        for part in walk(node)
        if isinstance(part, BigOperator) and isinstance(part.lower, Symbol) and part.lower.text in letters
    )


def outside(node: Node, letters: frozenset[str]) -> Iterable[Node]:
    """What stands beside the sums over inputs."""
    if isinstance(node, BigOperator) and isinstance(node.lower, Symbol) and node.lower.text in letters:
        return
    yield node
    stack: list[object] = [getattr(node, name) for name in node.__dataclass_fields__ if name != "span"]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, Node):
            yield from outside(part, letters)


def degree(theory: Theory, term: Term, seen: dict[Term, Fraction | None] | None = None) -> Fraction | None:
    """How often a sum over inputs is a factor of a term; None where it is not the same everywhere in it."""
    known: dict[Term, Fraction | None] = {} if seen is None else seen
    if term not in known:
        known[term] = Fraction(0)  # a definition that uses itself is none
        known[term] = _degree(theory, term, known)
    return known[term]


def _family(theory: Theory, name: Name) -> Name | None:
    return next((own for own in theory.definitions if name.levels and family_letters(own, name) is not None), None)


def _degree(theory: Theory, term: Term, seen: dict[Term, Fraction | None]) -> Fraction | None:
    match term:
        case Num() | Extent() | Delta():
            return Fraction(0)
        case Entry(name=name) if is_sample(name):
            return Fraction(1)
        case Entry(name=name):
            # a layer family goes down without end: every member is made like the next
            defined = name if name in theory.definitions else _family(theory, name)
            return Fraction(0) if defined is None else degree(theory, theory.definitions[defined].value.body, seen)
        case Add(terms=terms):
            found = {degree(theory, part, seen) for part in terms}
            return found.pop() if len(found) == 1 else None
        case Mul(factors=factors):
            parts = [degree(theory, part, seen) for part in factors]
            return None if None in parts else sum((part for part in parts if part is not None), Fraction(0))
        case Pow(base=base, exponent=exponent):
            own = degree(theory, base, seen)
            return None if own is None else own * exponent
        case Total(body=body):
            return degree(theory, body, seen)
        case Fun(argument=argument) | Positive(argument=argument):
            return Fraction(0) if degree(theory, argument, seen) == 0 else None
        case Partial(of=of, by=by):
            above, below = degree(theory, of, seen), degree(theory, by, seen)
            return None if above is None or below is None else above - below
    return None
