r"""Conditions under which a formula is said to hold: `\quad \text{if } i \neq j`, `x > 0`, or a few words of the text around it.

A range (`l \geq 2`, `j < k`) is none: what is claimed of a family is refuted only where it is false at every layer.
"""

from __future__ import annotations

from collections.abc import Iterable

from derive.meaning.naming import part_names, walk
from derive.notation.tree import Fenced, Node, Number, Product, Relations, Scripted, Styled, Symbol

COMPARISONS = frozenset({">", "<", r"\geq", r"\ge", r"\leq", r"\le"})
DIFFERENT = frozenset({r"\neq", r"\ne"})


def condition(item: Node, claims: Iterable[Node], *, worded: bool = False, in_text: bool = False) -> Relations | None:
    r"""A part of a formula as a condition on the claims beside it, without what quantifies it: `\forall i \neq j` as `i \neq j`.

    With `worded`, an "if" or a "for" stands before it; `in_text`, it is no part of the formula, and may speak of something else.
    """
    if isinstance(item, Fenced) and item.left in "([":
        item = item.body
    if not isinstance(item, Relations) or item.first is None or len(item.rest) != 1:
        return None
    relation, right = item.rest[0]
    left, right = _unquantified(item.first), _unquantified(right)
    scripts, values = _letters(claims)
    of_values = _letters((left, right))[1] & values  # `c_k > 0` speaks of c
    spoken = {part.text for side in (left, right) for part in walk(side) if isinstance(part, Symbol)}
    indices = isinstance(left, Symbol) and isinstance(right, Symbol) and left.text in scripts
    if relation in DIFFERENT:  # what holds wherever x is not zero holds at random points
        fits = (indices and spoken <= scripts) or not (in_text or _is_zero(right))
    elif relation == "=":
        case = worded and isinstance(right, Symbol | Number) and bool(of_values)
        fits = (indices and (worded or spoken <= scripts)) or case
    else:
        fits = relation in COMPARISONS and (bool(of_values) or (worded and not spoken <= scripts))
    return Relations(left, ((relation, right),), span=item.span) if fits else None


_OPPOSITES = {
    "=": r"\neq", ">": r"\leq", "<": r"\geq", r"\geq": "<", r"\ge": "<", r"\leq": ">", r"\le": ">", r"\neq": "=", r"\ne": "=",
}  # fmt: skip


def opposite(told: Relations) -> Relations | None:
    """The condition that holds wherever a single comparison does not."""
    if len(told.rest) != 1 or told.rest[0][0] not in _OPPOSITES:
        return None
    relation, right = told.rest[0]
    return Relations(told.first, ((_OPPOSITES[relation], right),), span=told.span)


def cover_everything(conditions: Iterable[Node | None]) -> bool:
    """Whether cases leave nothing out, or single points at most: one of them is left open, or two are opposite comparisons."""
    directions: dict[tuple[Node, Node], set[str]] = {}
    for each in conditions:
        if each is None:
            return True  # "otherwise"
        told = next((part for part in walk(each) if isinstance(part, Relations)), None)
        if told is None or told.first is None or len(told.rest) != 1:
            continue
        relation, right = told.rest[0]
        sides = (told.first, right)
        turned = sides not in directions and sides[::-1] in directions
        directions.setdefault(sides[::-1] if turned else sides, set()).add(_direction(relation, turned=turned))
    return any({"above", "below"} <= found or {"same", "different"} <= found for found in directions.values())


def _direction(relation: str, *, turned: bool) -> str:
    if relation in DIFFERENT:
        return "different"
    if relation not in COMPARISONS:
        return "same" if relation == "=" else ""
    return "above" if (relation in (">", r"\geq", r"\ge")) is not turned else "below"


def _is_zero(node: Node) -> bool:
    return any(isinstance(part, Number | Symbol) and part.text == "0" for part in walk(node))


def _unquantified(node: Node) -> Node:
    if isinstance(node, Product):
        rest = [factor for factor in node.factors if factor[1] not in (Symbol(r"\forall"), Symbol(":"))]
        return rest[0][1] if len(rest) == 1 else Product(tuple(rest)) if rest else node
    return node


def _letters(nodes: Iterable[Node]) -> tuple[set[str], set[str]]:
    """The letters in scripts, and those that are values."""
    scripts: set[str] = set()
    values: set[str] = set()
    stack: list[tuple[object, bool]] = [(node, False) for node in nodes]
    while stack:
        part, below = stack.pop()
        if isinstance(part, Symbol):
            (scripts if below else values).add(part.text)
        elif isinstance(part, Styled) and part.style in ("calligraphic", "script", "blackboard", "fraktur"):
            continue  # `\mathcal{M}` is not M
        elif isinstance(part, Scripted):
            stack += [(part.base, below), (part.sub, True), (part.sup, True)]
        elif isinstance(part, tuple):
            stack += [(each, below) for each in part]
        elif isinstance(part, Node):
            stack += [(getattr(part, name), below) for name in part_names(type(part))]
    return scripts, values
