r"""Letters that stand for one thing each: "user `$u$` has the factors `$p_u \in \mathbb{R}^k$`, item `$i$` the factors `$q_i$`".

Where nothing is ever counted with them, they are no indices but part of names, as in `b_u`, `b_i` and `r_{ui}`, which are numbers
where the page declares no vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.meaning.draft import Draft
from derive.meaning.naming import base_latex, walk
from derive.notation.tree import BigOperator, Node, Product, Scripted, Symbol

_THING = re.compile(
    r"\b(?!(?:for|of|the|and|at|by|in|index|number|size|letter|with|or|a|an|to|where|if|let|all|each|every)\b)[A-Za-z]+\s*$"
)


def labels_of_things(draft: Draft, nodes: Sequence[Node]) -> frozenset[str]:
    """The subscripts that are made of such letters. What carries one and is declared nowhere is noted as a number."""
    counted = {
        part.text
        for node in nodes
        if isinstance(node, BigOperator) and node.lower is not None
        for part in walk(node.lower)
        if isinstance(part, Symbol)
    }
    called = {
        each.statement.left.text
        for each in draft.placed
        if not each.display and each.statement.right is None and isinstance(each.statement.left, Symbol)
        and _THING.search(each.before)
    }  # fmt: skip
    declared = {
        each.statement.left
        for each in draft.placed
        if each.statement.relation == r"\in" and isinstance(each.statement.right, Scripted)
    }
    vectors = {letters[0] for node in declared if len(letters := letters_below(node)) == 1}
    things = (called & vectors) - counted
    if len(things) < 2:  # a lone one is told by what else it stands with
        return frozenset()
    marked = [node for node in nodes if (letters := letters_below(node)) and set(letters) <= things]
    if any(isinstance(node, Scripted) and base_latex(node.base) == r"\delta" for node in marked):
        return frozenset()  # two of which a page asks whether they are the same are indices
    for node in marked:
        assert isinstance(node, Scripted)
        base = base_latex(node.base)
        if base is not None and node not in declared:
            draft.single_numbers.add(f"{base}_{{{''.join(letters_below(node))}}}")
    names = {
        f"{base_latex(node.base)}_{{{''.join(letters_below(node))}}}" for node in declared if isinstance(node, Scripted)
    }
    draft.single_numbers -= names
    return frozenset("".join(letters_below(node)) for node in marked)


def letters_below(node: Node) -> tuple[str, ...]:
    """The letters of a subscript that is nothing but letters set side by side."""
    sub = node.sub if isinstance(node, Scripted) else None
    parts = sub.factors if isinstance(sub, Product) else (("", sub),)
    letters = tuple(part.text for sign, part in parts if sign == "" and isinstance(part, Symbol))
    return letters if len(letters) == len(parts) else ()
