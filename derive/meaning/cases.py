"""Definitions that a page gives case by case: `f(x) = x` for `x > 0`, and `f(x) = 0` for `x \\leq 0`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from derive.meaning.conditions import condition, cover_everything
from derive.meaning.draft import Draft, Placed
from derive.meaning.naming import walk
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Cases, Derivative, Node, Relations, Scripted


def gather_cases(draft: Draft) -> None:
    """Give the first of several conditional definitions of one thing the cases of all of them. The others repeat one case each,
    and are claims. What is defined under one condition alone stays undefined."""
    placed = list(draft.placed)
    groups: dict[Node, list[int]] = {}
    for place, each in enumerate(placed):
        statement = each.statement
        slope = any(
            isinstance(node, Derivative) or (isinstance(node, Scripted) and node.primes)
            for node in walk(statement.left)
        )
        if statement.relation in EQUALITIES and each.display and not slope:
            groups.setdefault(statement.left, []).append(place)
    for places in groups.values():
        group = [placed[place].statement for place in places]
        if len(group) < 2 or any(len(each.conditions) != 1 for each in group):
            continue
        if not cover_everything(each.conditions[0] for each in group):
            continue
        branches = tuple((each.right, each.conditions[0]) for each in group if each.right is not None)
        whole = replace(group[0], right=Cases(branches), conditions=())
        placed[places[0]] = replace(placed[places[0]], statement=whole)
    draft.placed = tuple(placed)


def conditions_around(placed: Sequence[Placed], place: int) -> Iterator[tuple[Relations, bool]]:
    r"""What running text may restrict a display to, "for $i \neq j$," before it or "if $x > 0$" behind it: conditions in the same
    section, each with whether no other display stands between."""
    own = placed[place]
    claims = [side for side in (own.statement.left, own.statement.right) if side is not None]
    displays = {each.formula for each in placed if each.display and each.formula != own.formula}
    for each in placed:
        statement = each.statement
        if each.display or each.section != own.section or statement.right is None:
            continue
        told = condition(Relations(statement.left, ((statement.relation, statement.right),)), claims, in_text=True)
        if told is not None:
            first, last = sorted((each.formula, own.formula))
            yield told, not any(first < display < last for display in displays)
