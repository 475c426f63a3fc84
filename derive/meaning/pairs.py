r"""Letters that tell two things of one kind apart: `R_w = \beta \ell_w` of one answer, `R_l = \beta \ell_l` of the other.

A page that says the same of both letters, one after the other, has no index in mind: it would have said it once.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.meaning.draft import Draft
from derive.meaning.letters import index_letters
from derive.meaning.naming import base_latex, substituted, walk
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import BigOperator, Ellipsis, Node, Relations, Scripted, Symbol


def labels_of_pairs(draft: Draft, nodes: Sequence[Node]) -> frozenset[str]:
    """The letters of pairs. What carries one and is declared nowhere is noted as a number."""
    defined: dict[str, dict[Symbol, Node]] = {}
    for each in draft.placed:
        left, right = each.statement.left, each.statement.right
        if right is None or each.statement.relation not in EQUALITIES or each.statement.link or each.supposed:
            continue
        base = base_latex(left.base) if isinstance(left, Scripted) and left.sup is None and not left.primes else None
        if base is not None and isinstance(left, Scripted) and isinstance(left.sub, Symbol):
            defined.setdefault(base, {}).setdefault(left.sub, right)
    found: set[str] = set()
    for sides in defined.values():
        for one, right in sides.items():
            for other, beside in sides.items():
                if one != other and one in walk(right) and substituted(right, one, other) == beside:
                    found |= {one.text, other.text}
    found = _free_together(draft, found - _counted(nodes))
    if len(found) < 2:
        return frozenset()
    declared = {each.statement.left for each in draft.placed if each.statement.relation == r"\in"}
    for node in nodes:
        if isinstance(node, Scripted) and isinstance(node.sub, Symbol) and node.sub.text in found:
            base = base_latex(node.base)
            if base is not None and node not in declared:
                draft.single_numbers.add(f"{base}_{{{node.sub.text}}}")
    return frozenset(found)


def _counted(nodes: Sequence[Node]) -> set[str]:
    """The letters that sums count with, that stand beside others in a subscript, or that conditions compare."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, BigOperator):
            found |= {part.text for part in walk((node.lower, node.upper)) if isinstance(part, Symbol)}
        elif isinstance(node, Relations):
            found |= {part.text for part in walk(node) if isinstance(part, Symbol)}
        elif isinstance(node, Scripted) and node.sub is not None and not isinstance(node.sub, Symbol | Ellipsis):
            found |= {part.text for part in walk(node.sub) if isinstance(part, Symbol)}
    return found


def _free_together(draft: Draft, letters: set[str]) -> set[str]:
    """Of some letters those that stand together on the right side of what is a lone name, and so are no index of it."""
    found: set[str] = set()
    for each in draft.placed:
        statement = each.statement
        if statement.right is None or statement.relation not in EQUALITIES or base_latex(statement.head) is None:
            continue
        free = index_letters(statement.right) & letters
        found |= free if len(free) > 1 else set()
    return found
