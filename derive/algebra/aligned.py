r"""Products of matrices over steps brought to common ends, so that their normal forms meet.

`\prod_{s=k+1}^{t} A_s` is `A_t \prod_{s=k+1}^{t-1} A_s` where t comes after k. In a term with both products the longer one is
written with the shorter. A product that begins where a sum stands has no factors at the end of that sum, so there the last members
of the sum are taken out first. What holds of the aligned term holds wherever the later step is not before the earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from derive.algebra.names import Level
from derive.algebra.steps import (
    StepChain,
    StepMatrixPower,
    StepSum,
    as_chain,
    chained,
    instantiate,
    is_bound,
    step_sum,
)
from derive.algebra.terms import Term, add, transform, walk

_MOST_APART = 4
"""So far apart, and ends are left where they are."""

Kind = tuple[object, int]
"""What a product is of, the same for all products of the same matrices, and by how much its steps stand further on than there."""
KindOf = Callable[[StepChain], Kind]


def aligned(term: Term, kind_of: KindOf) -> Term:
    """The same with all products of the same matrices that end, or begin, at steps of one letter doing so at one step."""
    if not any(isinstance(node, StepChain | StepMatrixPower) for node in walk(term)):
        return term
    term = transform(term, _counted, variables=True)
    return _at_one_start(_at_one_end(term, kind_of), kind_of)


def _counted(node: Term) -> Term | None:
    """The product of one matrix with itself counts factors, wherever they stand: it is written so that the end which a sum moves
    stands at the sum's own step."""
    chain = as_chain(node) if isinstance(node, StepMatrixPower) else node
    if not isinstance(chain, StepChain) or not chain.constant:
        return None if chain is node else chain
    first, last = chain.first, chain.last
    by = last.offset if is_bound(last.letter) and not is_bound(first.letter) else first.offset - 1
    if not first.letter:
        by = first.offset - 1
    ends = first.shifted(-by), last.shifted(-by)
    return StepChain(chain.i, chain.j, chain.body, chain.letter, *ends, chain.row, chain.column)


def _chains(term: Term) -> list[StepChain]:
    return [node for node in walk(term) if isinstance(node, StepChain)]


def _apart(chains: Iterable[StepChain], kind_of: KindOf, *, last: bool) -> dict[StepChain, Level]:
    """The products with ends that are not all at one step, with the step at which they should be: the earliest end, or the latest
    start."""
    groups: dict[object, list[tuple[StepChain, Level, int]]] = {}
    for chain in chains:
        level = chain.last if last else chain.first
        if level.letter and not is_bound(level.letter):
            kind, by = kind_of(chain)
            groups.setdefault((kind, level.letter), []).append((chain, level, by))
    found = {}
    for group in groups.values():
        ends = [level.offset - by for _, level, by in group]
        if 0 < max(ends) - min(ends) <= _MOST_APART:
            end = min(ends) if last else max(ends)
            found.update({chain: Level(level.letter, end + by) for chain, level, by in group})
    return found


def _at_one_end(term: Term, kind_of: KindOf) -> Term:
    target = _apart(_chains(term), kind_of, last=True)
    if not target:
        return term

    def split(node: Term) -> Term | None:
        if not isinstance(node, StepSum):
            return None
        inside = [c for c in _chains(node.body) if c.first.letter == node.letter and c in target]
        ends = [target[c].offset - max(c.first.offset - 1, 0) for c in inside if c.last.letter == node.last.letter]
        over = node.last.offset - min(ends, default=node.last.offset)
        if not 0 < over <= _MOST_APART:
            return None
        taken = [instantiate(node.body, {node.letter: node.last.shifted(-by)}) for by in range(over)]
        return add(step_sum(node.letter, node.first, node.last.shifted(-over), node.body), *taken)

    def shortened(node: Term) -> Term | None:
        if not isinstance(node, StepChain) or node not in target:
            return None
        last = target[node]
        over = node.last.offset - last.offset
        rest = StepChain(node.i, node.j, node.body, node.letter, node.first, last, node.row, node.column)
        return chained(node, [node.last.shifted(-by) for by in range(over)], rest) if over else None

    return transform(transform(term, split), shortened)


def _at_one_start(term: Term, kind_of: KindOf) -> Term:
    target = _apart(_chains(term), kind_of, last=False)
    if not target:
        return term

    def split(node: Term) -> Term | None:
        if not isinstance(node, StepSum):
            return None
        inside = [c for c in _chains(node.body) if c.last.letter == node.letter and c in target]
        starts = [target[c].offset - 1 - c.last.offset for c in inside if c.first.letter == node.first.letter]
        over = max(starts, default=node.first.offset) - node.first.offset
        if not 0 < over <= _MOST_APART:
            return None
        taken = [instantiate(node.body, {node.letter: node.first.shifted(by)}) for by in range(over)]
        return add(step_sum(node.letter, node.first.shifted(over), node.last, node.body), *taken)

    def shortened(node: Term) -> Term | None:
        if not isinstance(node, StepChain) or node not in target:
            return None
        first = target[node]
        over = first.offset - node.first.offset
        rest = StepChain(node.i, node.j, node.body, node.letter, first, node.last, node.row, node.column)
        steps = [first.shifted(-by - 1) for by in range(over)]
        # one matrix commutes with its powers: it stands on the left, where the other end leaves it too
        return chained(node, steps, rest, before=not node.constant) if over else None

    return transform(transform(term, split), shortened)
