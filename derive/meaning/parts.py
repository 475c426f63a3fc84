r"""A number and its parts under one letter: `E = \sum_n E_n`, `R(\theta) = \sum_i R_i`.

`E_n` is no entry of E there, for E is a number. The parts together get a name of their own before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.algebra.names import Name
from derive.meaning.calls import call
from derive.meaning.draft import Draft
from derive.meaning.letters import everywhere
from derive.meaning.naming import base_latex, walk
from derive.meaning.shapes import FAMILY, SCALARS, is_loss
from derive.meaning.statements import EQUALITIES, Statement
from derive.notation.tree import BigOperator, Node, Scripted, Symbol


def tell_parts(draft: Draft) -> None:
    """Give the parts of numbers names of their own."""
    bases = frozenset(_numbers_with_parts(draft))
    if not bases:
        return

    def change(node: Node) -> Node:
        if not isinstance(node, Scripted) or node.sub is None or (base := base_latex(node.base)) not in bases:
            return node
        part = replace(node, base=Symbol(f"{base}{FAMILY}", span=node.base.span))
        draft.said[replace(part, sup=None, primes=0)] = replace(node, sup=None, primes=0)
        return part

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )


def _numbers_with_parts(draft: Draft) -> Iterator[str]:
    heads = [each.statement for each in draft.placed if _defines(each.statement)]
    parts = {base for statement in heads if (base := _part(statement.left)) is not None}
    for statement in heads:
        whole = call(statement.left)
        base = base_latex(statement.left if whole is None else whole[0])
        if base is None:
            continue
        summed = any(
            _part(node) == base
            for operator in walk(statement.right)
            if isinstance(operator, BigOperator)
            for node in walk(operator.body)
        )
        if summed or (base in parts and (base in SCALARS or is_loss(Name(base)))):
            yield base


def _defines(statement: Statement) -> bool:
    return statement.relation in EQUALITIES and statement.right is not None and not statement.link


def _part(node: Node) -> str | None:
    """The E of `E_n`."""
    letter = isinstance(node, Scripted) and isinstance(node.sub, Symbol) and node.sup is None and not node.primes
    return base_latex(node.base) if letter and isinstance(node, Scripted) else None
