r"""Letters that stand for one thing each: "user `$u$` has the factors `$p_u \in \mathbb{R}^k$`, item `$i$` the factors `$q_i$`".

Where nothing is ever counted with them, they are no indices but part of names, as in `b_u`, `b_i` and `r_{ui}`, which are numbers
where the page declares no vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from derive.meaning.draft import Draft
from derive.meaning.naming import base_latex, walk
from derive.meaning.shapes import bare_letter
from derive.meaning.stacks import BRACKETS, is_stack
from derive.notation.tree import BigOperator, Fenced, Matrix, Node, Number, Product, Scripted, Symbol

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


def labels_of_states(draft: Draft, nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    r"""The f of `W_f` and `b_f` beside `W_i` and `b_i`, where `f_t` and `i_t` are quantities over time: it says whose weights they
    are. Nothing is counted with such letters, and the weights stand with no others, two of them at least."""
    below: dict[str, set[str]] = {}
    timed: set[str] = set()
    counted: set[str] = set()
    for node in nodes:
        if isinstance(node, BigOperator):
            counted |= {part.text for part in walk(node.lower) if isinstance(part, Symbol)}
        if not isinstance(node, Scripted) or (base := base_latex(node.base)) is None:
            continue
        scripts = {part.text for part in walk((node.sub, node.sup)) if isinstance(part, Symbol)}
        if scripts & draft.recursive:
            timed.add(bare_letter(base)[0])
        elif node.sub is not None and not isinstance(node.sub, Number):
            below.setdefault(base, set()).add("".join(letters_below(node)))
    things = timed - counted
    weights = {
        base
        for base, labels in below.items()
        if bare_letter(base)[0][:1].isupper() and len(labels) > 1 and labels <= things
    }
    labels = {label for base in weights for label in below[base]}
    for base, own in below.items():
        if own <= labels and len(own) > 1 and bare_letter(base)[0] not in timed:
            yield from ((base, label) for label in sorted(own))


def labels_of_parts(draft: Draft, nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    r"""The 1 of `x_1 \in \mathbb{R}^n` where `x = [x_1, x_2]`, and the f of `W_f` where `W = [W_f, W_g]` and nothing is
    counted with it: arrays of their own, no entries."""
    declared = {
        each.statement.left
        for each in draft.placed
        if each.statement.relation == r"\in" and isinstance(each.statement.right, Scripted) and each.statement.right.sup
    }
    counted = {
        part.text
        for node in nodes
        if isinstance(node, BigOperator)
        for part in walk(node.lower)
        if isinstance(part, Symbol)
    }
    told: set[str] = set()
    for each in (*draft.placed, *draft.placed):  # what one list tells of its letters holds for the others
        right, base = each.statement.right, base_latex(each.statement.left)
        if right is None or base is None or not _is_list(right):
            continue
        items = [part for part in walk(right) if isinstance(part, Scripted) and base_latex(part.base) == base]
        texts = [item.sub.text if isinstance(item.sub, Number) else "".join(letters_below(item)) for item in items]
        lettered = all(letters_below(item) and not counted.intersection(letters_below(item)) for item in items)
        if not declared.isdisjoint(items) or (lettered and (bare_letter(base)[0][:1].isupper() or {*texts} <= told)):
            told |= {text for text in texts if not text.isdigit()}
            yield from ((base, text) for text in texts if text)


def _is_list(node: Node) -> bool:
    while isinstance(node, Scripted) or (isinstance(node, Fenced) and isinstance(node.body, Matrix)):
        node = node.base if isinstance(node, Scripted) else node.body
    return is_stack(node) or (isinstance(node, Matrix) and node.environment in BRACKETS)


def letters_below(node: Node) -> tuple[str, ...]:
    """The letters of a subscript that is nothing but letters set side by side."""
    sub = node.sub if isinstance(node, Scripted) else None
    parts = sub.factors if isinstance(sub, Product) else (("", sub),)
    letters = tuple(part.text for sign, part in parts if sign == "" and isinstance(part, Symbol))
    return letters if len(letters) == len(parts) else ()
