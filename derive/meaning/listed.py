r"""Things that are listed, `x_1, \ldots, x_N \in \mathbb{R}^d`, and letters with primes that are names, `v'_j \in \mathbb{R}^d`.

A list says of each of its members what its last one stands beside: it is read as the declaration of the member at an index
letter of the page, `x_n \in \mathbb{R}^d`. A prime is part of a name where the page declares the name with it, and never calls it
as a function.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from derive.meaning.called import calls_in
from derive.meaning.draft import Draft, Placed
from derive.meaning.letters import everywhere
from derive.meaning.naming import base_latex, is_transpose, walk
from derive.meaning.shapes import size_text
from derive.notation.tree import BigOperator, Ellipsis, Node, Number, Product, Scripted, Sum, Symbol
from derive.notation.tree import Sequence as Listed


def tell_primes(draft: Draft) -> None:
    r"""Write the v' of a declared `v'_0 \in \mathbb{R}^d` as one letter."""
    declared = {
        (left.base.text, left.primes)
        for each in draft.placed
        if each.statement.relation == r"\in"
        and isinstance(left := each.statement.left, Scripted)
        and left.primes
        and isinstance(left.base, Symbol)
    }
    called = {
        call.head.base.text
        if isinstance(call.head, Scripted) and isinstance(call.head.base, Symbol)
        else base_latex(call.head)
        for call in calls_in(draft.trees)
    }
    declared = {(text, primes) for text, primes in declared if text not in called}
    if not declared:
        return

    def change(node: Node) -> Node:
        if not isinstance(node, Scripted) or not isinstance(node.base, Symbol) or not node.primes:
            return node
        if (node.base.text, node.primes) not in declared:
            return node
        name = Symbol(node.base.text + "'" * node.primes, span=node.base.span)
        return name if node.sub is None and node.sup is None else replace(node, base=name, primes=0)

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )


def tell_constant_terms(draft: Draft) -> None:
    r"""Write the `\alpha_{0m}` of `\alpha_{0m} + \alpha_m^T x` as the entry m of an array of its own: what is added to a product
    with the vector of the same letter."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    added = {
        node.base
        for each in nodes
        if isinstance(each, Sum)
        for _, node in each.terms
        if isinstance(node, Scripted) and _at_zero(node) is not None
    }
    vectors = {
        node.base
        for node in nodes
        if isinstance(node, Scripted)
        and isinstance(node.sub, Symbol)
        and (node.sup is not None and is_transpose(node.sup))
    }
    constants = {base for base in added & vectors if isinstance(base, Symbol)}

    def change(node: Node) -> Node:
        letter = _at_zero(node) if isinstance(node, Scripted) and node.base in constants else None
        if letter is None:
            return node
        assert isinstance(node, Scripted)
        assert isinstance(node.base, Symbol)
        found = replace(node, base=Symbol(f"{node.base.text}_{{0}}", span=node.base.span), sub=letter)
        draft.said[found] = node
        return found

    if constants:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: everywhere(side, change)))
            for each in draft.placed
        )


def _at_zero(node: Scripted) -> Symbol | None:
    """The m of `a_{0m}`."""
    parts: list[Node] = [f for _, f in node.sub.factors] if isinstance(node.sub, Product) else []
    parts = list(node.sub.items) if isinstance(node.sub, Listed) else parts
    if len(parts) != 2 or parts[0] != Number("0") or not isinstance(parts[1], Symbol):
        return None
    return parts[1]


def tell_lists(draft: Draft) -> None:
    """Read what is said of a list of members as said of each."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    placed = list(draft.placed)
    for places in _lists(placed):
        last = placed[places[-1]].statement.left
        assert isinstance(last, Scripted)
        letter = _letter_of(last, nodes)
        base = base_latex(last.base)
        if letter is None or base is None or last.sub is None:
            continue
        draft.lists[base] = size_text(last.sub)
        member = replace(last, sub=letter)
        for place in places:
            own = placed[place].statement
            if place == places[-1]:
                placed[place] = replace(placed[place], statement=replace(own, left=member, head=member))
            else:
                placed[place] = replace(placed[place], statement=replace(own, relation="", right=None))
    draft.placed = tuple(placed)


def _lists(placed: Sequence[Placed]) -> Iterator[tuple[int, ...]]:
    r"""The places of the statements that `x_1, x_2, \ldots, x_N \in R` was cut into."""
    for place, each in enumerate(placed):
        if (
            not isinstance(each.statement.left, Ellipsis)
            or each.statement.relation != r"\in"
            or place + 1 == len(placed)
        ):
            continue
        last = placed[place + 1].statement.left
        base = last.base if isinstance(last, Scripted) and not isinstance(last.sub, Number) else None
        if base is None or not _together(each, placed[place + 1]):
            continue
        start = place
        while start and _together(each, placed[start - 1]) and _is_numbered(placed[start - 1].statement.left, base):
            start -= 1
        if start < place:
            yield tuple(range(start, place + 2))


def _together(one: Placed, other: Placed) -> bool:
    same = one.formula == other.formula and one.statement.right is other.statement.right
    return same and other.statement.relation == r"\in"


def _is_numbered(node: Node, base: Node) -> bool:
    return isinstance(node, Scripted) and node.base == base and isinstance(node.sub, Number)


def _letter_of(last: Scripted, nodes: Sequence[Node]) -> Symbol | None:
    """The letter at which the page speaks of any member, one that sums count with if there is such a one."""
    counted = {
        part for node in nodes if isinstance(node, BigOperator) for part in walk(node.lower) if isinstance(part, Symbol)
    }
    letters = [
        node.sub
        for node in nodes
        if isinstance(node, Scripted)
        and node.base == last.base
        and isinstance(node.sub, Symbol)
        and node.sub != last.sub
    ]
    summed = [letter for letter in letters if letter in counted]
    return next(iter(summed or letters), None)
