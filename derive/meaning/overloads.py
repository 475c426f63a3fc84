r"""One letter for values of different arguments: the cost `J(W, b; x, y)` of an example and the cost `J(W, b)` of all of them.

The one with more arguments gets a name of its own, `J_{x,y}`, before anything is read.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from derive.meaning.calls import call
from derive.meaning.draft import Draft
from derive.meaning.letters import everywhere
from derive.meaning.naming import base_latex, walk, written
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Fenced, Node, Product, Scripted, Sequence, Sum, Symbol


def tell_overloads(draft: Draft) -> None:
    """Tell apart what a page defines under one letter with fewer and with more arguments."""
    names = _names(draft)
    if not names:
        return

    def change(node: Node) -> Node:
        if not isinstance(node, Product):
            return node
        factors = list(node.factors)
        for place, (_, following) in enumerate(node.factors[1:]):
            sign, head = factors[place]
            arguments = following.body if isinstance(following, Fenced) and following.left == "(" else None
            own = names.get((head, _count(arguments))) if arguments is not None else None
            if own is not None and not node.factors[place + 1][0]:
                factors[place] = sign, replace(own, span=head.span)
        return replace(node, factors=tuple(factors)) if tuple(factors) != node.factors else node

    draft.said.update({own: head for (head, _), own in names.items()})
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )


def _names(draft: Draft) -> dict[tuple[Node, int], Symbol]:
    """A name for each value with more arguments than another one of its letter has."""
    defined: dict[Node, dict[int, tuple[Node, ...]]] = {}
    for each in draft.placed:
        statement = each.statement
        called = call(statement.left)
        if called is None or statement.relation not in EQUALITIES or statement.right is None or statement.link:
            continue
        head, body = called
        if base_latex(head) is not None:
            defined.setdefault(head, {}).setdefault(_count(body), _items(body))
    found: dict[tuple[Node, int], Symbol] = {}
    for head, found_with in defined.items():
        fewest = min(found_with)
        for count, arguments in found_with.items():
            more = [base_latex(each) for each in arguments if each not in found_with[fewest]]
            if count > fewest and more and None not in more:
                found[head, count] = Symbol(f"{base_latex(head)}_{{{','.join(filter(None, more))}}}")
    return found


def _items(body: Node) -> tuple[Node, ...]:
    return body.items if isinstance(body, Sequence) else (body,)


def _count(body: Node) -> int:
    return len(_items(body))


# sums of changes that have a name


def tell_changes(draft: Draft) -> None:
    r"""`\Delta W`, where the page goes on with it as with any other name, `\frac{1}{m} \Delta W`. What is only added to W, in
    `W + \Delta W`, is a step."""
    bases = _defined_changes(draft) & _used_changes(draft)
    if not bases:
        return

    def change(node: Node) -> Node:
        if not isinstance(node, Product):
            return node
        factors: list[tuple[str, Node]] = []
        for sign, factor in node.factors:
            before = factors[-1] if factors else None
            if before is not None and before[1] == _DELTA and not sign and _base(factor) in bases:
                factors[-1] = before[0], _named(factor)
            else:
                factors.append((sign, factor))
        if len(factors) == len(node.factors):
            return node
        return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )


_DELTA = Symbol(r"\Delta")


def _base(node: Node) -> str:
    found = written(node)
    return "" if found is None or found.power is not None or found.transposed or found.primes else found.latex


def _named(node: Node) -> Node:
    if isinstance(node, Scripted):
        return replace(node, base=_named(node.base))
    return Symbol(rf"\Delta {base_latex(node)}", span=node.span)


def _change(node: Node) -> str:
    match node:
        case Product(factors=((_, first), ("", name))) if first == _DELTA:
            return _base(name)
    return ""


def _defined_changes(draft: Draft) -> set[str]:
    return {
        _change(each.statement.left)
        for each in draft.placed
        if each.statement.relation in EQUALITIES
        and not each.statement.link
        and _DELTA not in walk(each.statement.right)
    } - {""}


def _used_changes(draft: Draft) -> set[str]:
    """The names whose changes stand elsewhere than by themselves or added to the name."""
    found = set()
    for each in draft.placed:
        for side in (each.statement.left, each.statement.right):
            steps = {id(side)} if side is each.statement.left else set()
            for node in walk(side):
                if isinstance(node, Sum):
                    terms = [term for sign, term in node.terms if sign == "+"]
                    steps |= {id(term) for term in terms if _change(term) and _stepped(term) in terms}
                elif isinstance(node, Product) and id(node) not in steps:
                    pairs = pairwise(node.factors)
                    found |= {_base(name) for (_, first), (sign, name) in pairs if first == _DELTA and not sign}
    return found


def _stepped(term: Node) -> Node | None:
    return term.factors[1][1] if isinstance(term, Product) and len(term.factors) == 2 else None
