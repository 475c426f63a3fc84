"""Single mistakes of the kinds that published notes have. Whether the result is false is for the oracle to say."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from benchmarks.soundness.formulas import (
    Apply,
    Chain,
    Derivative,
    Elementwise,
    Entry,
    Extent,
    Formula,
    MatMul,
    Number,
    Plus,
    Power,
    Quantity,
    Quotient,
    Same,
    SumOver,
    Transposed,
    children,
    with_child,
)

Mistake = Callable[[Formula], Iterator[Formula]]


def transpose(node: Formula) -> Iterator[Formula]:
    if isinstance(node, Transposed):
        yield node.body
    elif isinstance(node, Quantity | Derivative):
        yield Transposed(node)


def sign(node: Formula) -> Iterator[Formula]:
    if isinstance(node, Plus):
        for place, (own, term) in enumerate(node.terms):
            yield replace(node, terms=(*node.terms[:place], (-own, term), *node.terms[place + 1 :]))


def factor(node: Formula) -> Iterator[Formula]:
    if isinstance(node, Number) and node.number not in (0, 1):
        yield replace(node, number=node.number * 2)
        yield replace(node, number=node.number / 2)
    if isinstance(node, MatMul | Elementwise) and not isinstance(node.factors[0], Number):
        yield MatMul(
            (Number(Fraction(2)), node) if isinstance(node, Elementwise) else (Number(Fraction(2)), *node.factors)
        )
    if isinstance(node, MatMul):
        for place, part in enumerate(node.factors):
            if isinstance(part, Quotient) and isinstance(part.below, Extent | Number):
                yield _without(node, place)


def layer(node: Formula) -> Iterator[Formula]:
    if isinstance(node, Quantity) and node.layer is not None:
        for by in (1, -1):
            yield replace(node, layer=replace(node.layer, offset=node.layer.offset + by))


def index(node: Formula) -> Iterator[Formula]:
    if isinstance(node, Entry) and len(node.indices) == 2:
        yield replace(node, indices=node.indices[::-1])


def product(node: Formula) -> Iterator[Formula]:
    if isinstance(node, MatMul):
        for place in range(len(node.factors) - 1):
            one, other = node.factors[place : place + 2]
            if isinstance(one, Number | Quotient):  # nobody writes a number last
                continue
            rest = (*node.factors[:place], other, one, *node.factors[place + 2 :])
            yield MatMul(rest)
        if len(node.factors) == 2:
            yield Elementwise(node.factors)


def variable(node: Formula) -> Iterator[Formula]:
    others = {"z": "a", "a": "z"}
    if isinstance(node, Derivative) and node.by.kind in others:
        yield replace(node, by=replace(node.by, kind=others[node.by.kind]))
    elif isinstance(node, Quantity) and node.kind in others:
        yield replace(node, kind=others[node.kind])


def missing(node: Formula) -> Iterator[Formula]:
    """A factor, a term, a link of a chain, a sum, a power or the rest of `1 - a` left out."""
    if isinstance(node, Elementwise | MatMul) and len(node.factors) > 1:
        for place in range(len(node.factors)):
            yield _without(node, place)
    elif isinstance(node, Plus) and len(node.terms) > 1:
        for place in range(len(node.terms)):
            yield replace(node, terms=(*node.terms[:place], *node.terms[place + 1 :]))
    elif isinstance(node, Chain) and len(node.links) > 2:
        for place in range(1, len(node.links) - 1):
            yield replace(node, links=(*node.links[:place], *node.links[place + 1 :]))
    elif isinstance(node, Power):
        yield node.body


def prime(node: Formula) -> Iterator[Formula]:
    if isinstance(node, Apply) and node.function != "softmax":
        yield replace(node, order=1 - node.order)


def _without(node: Elementwise | MatMul, place: int) -> Formula:
    rest = (*node.factors[:place], *node.factors[place + 1 :])
    return rest[0] if len(rest) == 1 else replace(node, factors=rest)


MISTAKES: dict[str, Mistake] = {
    "transpose": transpose,
    "sign": sign,
    "factor": factor,
    "layer": layer,
    "index": index,
    "product": product,
    "variable": variable,
    "missing": missing,
    "prime": prime,
}


def mutants(formula: Formula, mistake: Mistake) -> Iterator[Formula]:
    """The formula with that mistake at one place, for every place."""
    yield from mistake(formula)
    if isinstance(formula, Chain):
        return  # its links hang together
    for place, child in children(formula):
        if isinstance(formula, Derivative) or (isinstance(formula, Entry) and isinstance(child, Derivative)):
            continue
        for changed in mutants(child, mistake):
            if not isinstance(formula, Entry) or isinstance(changed, Quantity | Derivative):
                yield with_child(formula, place, changed)


def one_mutant(formula: Formula, rng: random.Random) -> tuple[str, Formula] | None:
    """A kind of mistake, and the formula with it; None where no kind applies."""
    kinds = list(MISTAKES)
    rng.shuffle(kinds)
    for kind in kinds:
        found = [other for other in mutants(formula, MISTAKES[kind]) if not _spoiled(other)]
        if found:
            return kind, rng.choice(found)
    return None


def _spoiled(formula: Formula) -> bool:
    """Sums that nothing is left to be summed in, and transposed entries, which nobody writes."""
    if isinstance(formula, SumOver) and formula.index not in _letters(formula.body):
        return True
    if isinstance(formula, Transposed) and isinstance(formula.body, Transposed):
        return True
    return any(_spoiled(child) for _, child in children(formula))


def _letters(formula: Formula) -> set[str]:
    found = set(formula.indices) if isinstance(formula, Entry) else set()
    if isinstance(formula, Same):
        found |= {formula.one, formula.other}
    for _, child in children(formula):
        found |= _letters(child)
    return found
