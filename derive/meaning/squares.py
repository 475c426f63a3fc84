r"""Squares that are defined, `\sigma^2 = \frac{1}{m} \sum_i (x_i - \mu)^2`: names of their own, or the roots of what is said there.

Where a page differentiates by `\sigma^2`, or never writes σ alone, the square is what it has a name for. Else the formula defines
σ, which is then the root of the right side, and not negative.
"""

from __future__ import annotations

from dataclasses import replace

from derive.meaning.draft import Draft, Placed
from derive.meaning.naming import base_latex, rebuilt, subscript_text, walk
from derive.meaning.statements import ARROWS, EQUALITIES, Statement
from derive.notation.tree import Derivative, Node, Number, Root, Scripted, Symbol

_TWO = Number("2")


def tell_squares(draft: Draft) -> None:
    """Rewrite defined squares as names, or as definitions of their roots."""
    bases = {root for each in draft.placed if (root := _defined_square(each)) is not None}
    # of what the page defines by itself, `K = 2A`, the square is claimed, not defined
    bases -= {each.statement.left for each in draft.placed if each.statement.right and _defines(each.statement)}
    if not bases:
        return
    nodes = [node for tree in draft.trees for node in walk(tree)]
    squared = {id(node.base) for node in nodes if isinstance(node, Scripted)}
    alone = {node for node in nodes if node in bases and id(node) not in squared}
    by = {_root_of(each) for node in nodes if isinstance(node, Derivative) for each in node.variables}
    names = {root: _name(root) for root in bases if root in by or root not in alone}
    said: dict[Node, Node] = {}
    placed = []
    for each in draft.placed:
        root = _defined_square(each)
        if root in bases and root not in names and root is not None and each.statement.right is not None:
            positive = Root(each.statement.right, span=each.statement.right.span)
            each = replace(each, statement=replace(each.statement, left=root, right=positive, head=root))
        statement = each.statement.changed(lambda side: _rewritten(side, names, said))
        placed.append(replace(each, statement=statement))
    draft.placed = tuple(placed)
    draft.said.update(said)


def _defines(statement: Statement) -> bool:
    return statement.relation in EQUALITIES | ARROWS and not statement.link


def _root_of(node: Node) -> Node | None:
    r"""`\sigma_B` for `\sigma_B^2`."""
    if not isinstance(node, Scripted) or node.sup != _TWO or node.primes or base_latex(node.base) is None:
        return None
    return node.base if node.sub is None else Scripted(node.base, node.sub)


def _defined_square(each: Placed) -> Node | None:
    """The root of the square that a statement defines."""
    statement = each.statement
    if statement.right is None or not _defines(statement) or not each.display:
        return None
    root = _root_of(statement.left)
    return root if root is not None and root not in walk(statement.right) else None


def _name(root: Node) -> Symbol:
    below = f"_{{{subscript_text(root.sub)}}}" if isinstance(root, Scripted) and root.sub is not None else ""
    base = root.base if isinstance(root, Scripted) else root
    return Symbol(f"{base_latex(base)}{below}^{{2}}")


def _rewritten(part: object, names: dict[Node, Symbol], said: dict[Node, Node]) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, names, said) for each in part)
    if not isinstance(part, Node):
        return part
    root = _root_of(part)
    if root is not None and root in names:
        name = replace(names[root], span=part.span)
        said[name] = part
        return name
    return rebuilt(part, lambda each: _rewritten(each, names, said))
