r"""Names that stand for derivatives because the page says so: `\overline{z}` for `\partial L / \partial z`, as in notes on
reverse-mode differentiation, and `dA` for `\partial L / \partial A`, as in code.

A page says so in words ("a bar denotes the derivative of `L`", "`dA` is short for `\partial L/\partial A`"), or by formulas that
define bars so. From there on, until it says something else, such a name is rewritten to the derivative before anything is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from derive.meaning.draft import Draft, Placed
from derive.meaning.naming import base_latex, is_transpose, rebuilt, walk, written
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Accented, Derivative, Fenced, Node, Product, Scripted, Styled, Symbol

_DERIVATIVES = r"(derivatives?|gradients?|sensitivit\w+|adjoints?|belongs?)"
_BAR = re.compile(rf"\b(bars?|overlines?)\b[^.]*\b{_DERIVATIVES}\b[^.]*\b(of|to)\s*$", re.IGNORECASE)
_SHORT_FOR = re.compile(
    r"\$\s*,?\s*(is|be|are|being)?\s*"
    r"(short(hand)? for|stands? for|denotes?|means?|abbreviates?|is written for|for)\s*(the\s+\w+\s*)*$",
    re.IGNORECASE,
)
_BARS = ("overline", "bar", "widebar")


@dataclass(frozen=True)
class Bars:
    """From which statement on an accent means the derivative of a number, and of which."""

    start: int
    accents: tuple[str, ...]
    of: Node
    said: dict[Node, Node] = field(default_factory=dict, compare=False)

    def read(self, node: Node) -> Node:
        """A name with that accent as a derivative, with the scripts that it has."""
        if isinstance(node, Accented) and node.accent in self.accents and written(node.body) is not None:
            return self._derivative(node, node.body)
        if (
            not isinstance(node, Scripted)
            or not isinstance(node.base, Accented)
            or node.base.accent not in self.accents
        ):
            return node
        if written(node.base.body) is None or node.primes:
            return node
        transposed = node.sup is not None and is_transpose(node.sup)
        variable: Node = node.base.body
        sup = None if transposed else node.sup
        if node.sub is not None or sup is not None:
            variable = Scripted(variable, node.sub, sup, span=variable.span)
        found = self._derivative(replace(node, sup=None) if transposed else node, variable)
        return Scripted(Fenced("(", found, ")", span=node.span), sup=node.sup, span=node.span) if transposed else found

    def _derivative(self, node: Node, variable: Node) -> Node:
        found = Derivative(r"\nabla", self.of, (variable,), span=node.span)
        self.said[found] = node
        return found


def tell_bars(draft: Draft) -> None:
    """Rewrite bars that stand for derivatives."""
    rules = sorted(_rules(draft.placed), key=lambda rule: rule.start)
    if not rules:
        return
    placed = list(draft.placed)
    for rule, following in zip(rules, (*rules[1:], None), strict=True):
        end = len(placed) if following is None else following.start
        for place in range(rule.start, end):
            statement = placed[place].statement.changed(lambda side, rule=rule: _everywhere(side, rule))  # type: ignore[misc]
            placed[place] = replace(placed[place], statement=statement)
        draft.said.update(rule.said)
    draft.placed = tuple(placed)


def _everywhere(part: object, rule: Bars) -> object:
    if isinstance(part, tuple):
        return tuple(_everywhere(each, rule) for each in part)
    if not isinstance(part, Node):
        return part
    changed = rule.read(part)
    return changed if changed is not part else rebuilt(part, lambda each: _everywhere(each, rule))


def _rules(placed: Sequence[Placed]) -> Iterator[Bars]:
    """What the page says of bars: in words, from the section on in which they stand, or by formulas, from the first of these on."""
    defined: dict[int, list[tuple[int, str, Node]]] = {}
    for place, each in enumerate(placed):
        statement = each.statement
        if statement.right is None and not each.display and _BAR.search(each.before) and written(statement.left):
            yield Bars(_start(placed, each.section), _BARS, statement.left)
        left, right = statement.left, statement.right
        if not isinstance(left, Accented) or left.accent not in _BARS or statement.relation not in EQUALITIES:
            continue
        if isinstance(right, Derivative) and right.variables == (left.body,) and written(right.operand) is not None:
            defined.setdefault(each.section, []).append((place, left.accent, right.operand))
    yield from _schematic(placed)
    for found in defined.values():
        (first, accent, of), *others = found
        if others and all(each[1:] == (accent, of) for each in others):  # one alone may be a name like any other
            yield Bars(first, (accent,), of)


def _schematic(placed: Sequence[Placed]) -> Iterator[Bars]:
    r"""Bars of a letter that stands for any quantity: "we write `\bar{v}` for the derivative `\partial L/\partial v`"."""
    for one, other in pairwise(placed):
        bar, meaning = one.statement.left, other.statement.left
        if one.display or other.display or one.statement.right is not None or other.statement.right is not None:
            continue
        if not isinstance(bar, Accented) or bar.accent not in _BARS or not isinstance(meaning, Derivative):
            continue
        if meaning.variables != (bar.body,) or written(meaning.operand) is None or not _SHORT_FOR.search(other.before):
            continue
        sides = (side for each in placed if each.display for side in (each.statement.left, each.statement.right))
        if not any(part == bar.body for side in sides if side is not None for part in walk(side)):
            yield Bars(_start(placed, one.section), (bar.accent,), meaning.operand)


def _start(placed: Sequence[Placed], section: int) -> int:
    return next(place for place, each in enumerate(placed) if each.section == section)


def differential(node: Node) -> str | None:
    r"""The base letter of X in a lone `dX`, d and X set close."""
    if isinstance(node, Product) and len(node.factors) == 2:
        (_, first), (sign, second) = node.factors
        return after_d(first, sign, second)
    return None


def after_d(first: Node, sign: str, second: Node) -> str | None:
    """The base letter of X where d and X are set close."""
    letter = second.base if isinstance(second, Scripted) else second
    close = sign == "" and first.span[1] == second.span[0] and first == Symbol("d")
    return base_latex(letter) if close and isinstance(letter, Symbol | Styled | Accented) else None


def short_for_derivatives(placed: Sequence[Placed]) -> Iterator[tuple[int, Node, Derivative]]:
    r"""Where the text says what names with a d mean, "`dA` is short for `\partial L/\partial A`": the place, A, the derivative."""
    for place, (one, other) in enumerate(pairwise(placed)):
        letter, meaning = differential_of(one.statement.left), other.statement.left
        if one.display or other.display or one.statement.right is not None or other.statement.right is not None:
            continue
        if letter is None or not isinstance(meaning, Derivative) or meaning.variables != (letter,):
            continue
        if _SHORT_FOR.search(other.before):
            yield place, letter, meaning


def differential_of(node: Node) -> Node | None:
    """The X of a lone `dX`, put together or not."""
    if isinstance(node, Symbol) and len(node.text) == 2 and node.text[0] == "d":
        return Symbol(node.text[1])
    return node.factors[1][1] if isinstance(node, Product) and differential(node) is not None else None
