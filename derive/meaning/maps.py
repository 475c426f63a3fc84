r"""Maps of vectors that a page leaves general: the L of `w_t = w_{t-1} - \eta \nabla L(w_{t-1})`, the F of
`x_{l+1} = x_l + F_l(x_l)`.

Such a letter is told by its declaration, `F_l : \mathbb{R}^d \to \mathbb{R}^d`, or by a recursion that steps along its gradient
or adds what it gives to a state. It may be called with anything; equal arguments give equal values, and that is all that is known
of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from derive.algebra.arrays import Array, transpose
from derive.algebra.maps import map_entry
from derive.algebra.names import Name, fresh
from derive.meaning.calls import call
from derive.meaning.draft import Draft
from derive.meaning.letters import everywhere
from derive.meaning.naming import base_latex, walk, written
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood
from derive.meaning.slopes import Slopes
from derive.meaning.statements import EQUALITIES, Statement
from derive.notation.tree import Accented, Derivative, Fenced, Node, Product, Scripted, Sequence, Styled, Symbol

_JACOBIAN = Symbol("D")
_NABLA = r"\nabla"
NUMBER, VECTOR, LIKE = "number", "vector", "like"
"""What a map gives: a number, a vector, or a vector that is as long as its argument."""
Factors = tuple[tuple[str, Node], ...]


def tell_maps(draft: Draft) -> dict[str, str]:
    """The letters of maps that the page leaves general, with what they give: a number, a vector, or one like their argument."""
    lefts = (written(each.statement.left) for each in draft.placed if each.statement.right is not None)
    if not any(left is not None and any(level.letter for level in left.name.levels) for left in lefts):
        return {}
    if any(_LINEAR.search(text) for each in draft.placed for text in (each.before, each.after)):
        return {}  # a general map tells nothing of one that is linear, and refutes what holds of it
    descended = {name.base for name in _descended(draft)}
    found = dict.fromkeys(sorted(descended), NUMBER) | dict(_declared(draft))
    found = {base: gives for base, gives in found.items() if _called_like_a_map(draft, base, base in descended)}
    stated = [each.statement for each in draft.placed if each.statement.right is not None]
    known = {name.base for statement in stated for name in (*_heads(statement), *_slopes_given(statement))}
    found = dict.fromkeys(sorted(_put_at_their_steps(draft, known)), LIKE) | found
    return {base: gives for base, gives in found.items() if base not in known}


def tell_gradients(draft: Draft) -> None:
    r"""`\nabla f(x_t) y_t^\top` on a page of steps as a gradient times what follows it."""
    if draft.recursive:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: everywhere(side, _apart)))
            for each in draft.placed
        )


def _apart(node: Node) -> Node:
    factors = node.factors if isinstance(node, Product) else (("", node),)
    found: list[tuple[str, Node]] = []
    for sign, factor in factors:
        match factor:
            case Derivative(
                symbol=r"\nabla", operand=Product(factors=(head, ("", Fenced(left="(")) as body, *rest)), variables=()
            ):
                if isinstance(head[1], Symbol | Styled | Accented | Scripted) and rest:
                    called = Product((head, body), span=factor.operand.span)
                    found += [(sign, replace(factor, operand=called)), *rest]
                    continue
        found.append((sign, factor))
    if len(found) == len(factors):
        return node
    return replace(node, factors=tuple(found)) if isinstance(node, Product) else Product(tuple(found), span=node.span)


def _called_like_a_map(draft: Draft, base: str, descended: bool) -> bool:
    """Whether a letter stands for one map: no function of numbers, whose slope is `f'`, that is applied to every entry of an array,
    and nothing that is called with more than its argument."""
    by_entry = any(_BY_ENTRY.search(each.before) or _BY_ENTRY.search(each.after) for each in draft.placed)
    several = (name for tree in draft.trees for name, body in map_calls(tree) if isinstance(body, Sequence))
    return not (
        (by_entry and base in _ACTIVATIONS and not descended)
        or base in _primed(draft)
        or any(name.base == base for name in several)
    )


def _primed(draft: Draft) -> set[str]:
    nodes = (node for tree in draft.trees for node in walk(tree) if isinstance(node, Scripted) and node.primes)
    return {name.name.base for node in nodes if (name := written(node)) is not None}


_LINEAR = re.compile(r"\blinear (maps?|operators?|transformations?)\b|\b(is|are|be) linear\b", re.IGNORECASE)
_BY_ENTRY = re.compile(
    r"\b(element|component|entry|coordinate|point)[- ]?wise|\bentry by entry|\b(each|every) (entry|component|element)\b",
    re.IGNORECASE,
)
_ACTIVATIONS = frozenset({r"\sigma", r"\phi", r"\varphi", r"\psi", r"\rho", "f", "g", "h"})
_CAPITAL = re.compile(r"(\\mathcal\{)?[A-Z]\}?")


def _put_at_their_steps(draft: Draft, known: set[str]) -> frozenset[str]:
    r"""The capital letters that recursions call with the state, `x_{l+1} = x_l + F(x_l, W_l)`. What such a map has of its step
    beside the state belongs to it: it is rewritten to the map `F_l(x_l)` of that step."""
    added: set[str] = set()
    alone: Counter[str] = Counter()
    called: Counter[str] = Counter()
    for each in draft.placed:
        left = written(each.statement.left)
        recursion = each.statement.relation in EQUALITIES and left is not None and left.name.levels
        for tree in (each.statement.left, each.statement.right):
            for node in walk(tree):
                if isinstance(node, Derivative) and isinstance(node.operand, Symbol | Styled):
                    alone[base_latex(node.operand) or ""] -= 1
                if isinstance(node, Symbol | Styled) and (letter := written(node)) is not None:
                    alone[letter.name.base] += 1
            for name, body in map_calls(tree):
                called[name.base] += 1
                if recursion and left is not None and _own_step(body) and _state_of(body) == left.name.base:
                    added.add(name.base)
    known = known | _primed(draft)
    found = frozenset(base for base in added - known if _CAPITAL.fullmatch(base) and called[base] >= alone[base])
    if found:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: everywhere(side, lambda n: _stepped(n, found))))
            for each in draft.placed
        )
    return found


def _own_step(body: Node) -> Node | None:
    """The step at which all arguments of a call stand."""
    items = body.items if isinstance(body, Sequence) else (body,)
    steps = {item.sup if isinstance(item, Scripted) and item.sub is None else None for item in items}
    step = steps.pop() if len(steps) == 1 else None
    return step if isinstance(step, Fenced) and step.left == "(" else None


def _state_of(body: Node) -> str:
    first = body.items[0] if isinstance(body, Sequence) else body
    name = written(first)
    return "" if name is None else name.name.base


def _stepped(node: Node, maps: frozenset[str]) -> Node:
    if not isinstance(node, Product):
        return node
    factors = list(node.factors)
    for place, ((before, head), (sign, body)) in enumerate(zip(node.factors, node.factors[1:], strict=False)):
        name = written(head) if isinstance(head, Symbol | Styled) else None
        if name is None or name.name.base not in maps or sign or not isinstance(body, Fenced):
            continue
        step = _own_step(body.body) if isinstance(body.body, Sequence) else None
        if step is not None and isinstance(body.body, Sequence):
            factors[place] = before, Scripted(head, None, step, span=head.span)
            factors[place + 1] = sign, replace(body, body=body.body.items[0])
    return replace(node, factors=tuple(factors))


def arguments_of_maps(draft: Draft) -> dict[str, str]:
    """What each map is called with, where that is always a member of one family."""
    found: dict[str, set[str]] = {}
    for tree in draft.trees:
        for name, body in map_calls(tree):
            if name.base in draft.maps:
                found.setdefault(name.base, set()).add(_state_of(body))
    return {base: names.copy().pop() for base, names in found.items() if len(names) == 1 and "" not in names}


def _heads(statement: Statement) -> Iterator[Name]:
    left = statement.left
    if statement.relation in EQUALITIES or statement.relation == r"\in":
        called = call(left)
        name = written(left if called is None else called[0])
        if name is not None:
            yield name.name


def _slopes_given(statement: Statement) -> Iterator[Name]:
    r"""The maps whose derivative a page says, `\nabla f(w) = H w`: of these something is known."""
    if statement.relation not in EQUALITIES:
        return
    match statement.left:
        case Derivative(operand=Product(factors=((_, head), ("", Fenced(left="("))))):
            name = written(head)
        case Derivative(operand=Symbol() | Styled() | Accented() | Scripted() as letter):
            name = written(letter)
        case Product(factors=((_, first), (_, head), *_)) if first == _JACOBIAN:
            name = written(head)
        case _:
            return
    beside = {base for node in walk(statement.right) if (base := _base_of(node))}
    if name is not None and name.name.base not in beside:
        yield name.name


def _base_of(node: object) -> str:
    return (base_latex(node) or "") if isinstance(node, Symbol | Styled | Accented) else ""


def _declared(draft: Draft) -> Iterator[tuple[str, str]]:
    r"""`F : \mathbb{R}^d \to \mathbb{R}^d`, `f : \mathbb{R}^n \to \mathbb{R}`."""
    for each, following in zip(draft.placed, draft.placed[1:], strict=False):
        start, goal = each.statement, following.statement
        name = written(start.left)
        if start.relation != ":" or goal.relation != r"\to" or start.right != goal.left or name is None:
            continue
        if _vectors(goal.left) and (_vectors(goal.right) or _is_reals(goal.right)):
            like = LIKE if goal.left == goal.right else VECTOR
            yield name.name.base, like if _vectors(goal.right) else NUMBER


def _vectors(node: Node | None) -> bool:
    match node:
        case Scripted(base=base, sub=None, sup=Node() as size, primes=0):
            return _is_reals(base) and not isinstance(size, Product)
    return False


def _is_reals(node: Node | None) -> bool:
    return isinstance(node, Styled) and node.style == "blackboard" and node.body == Symbol("R")


def _descended(draft: Draft) -> set[Name]:
    """What recursions step along the gradients of, or what that is made of."""
    stated = [each.statement for each in draft.placed if each.statement.right is not None]
    waiting: list[Name] = []
    for statement in stated:
        left = written(statement.left)
        if statement.relation in EQUALITIES and left is not None and any(level.letter for level in left.name.levels):
            waiting += _differentiated(statement.right)
    found: set[Name] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for statement in stated:
            called = call(statement.left)
            head = None if called is None else written(called[0])
            if called is not None and head is not None and head.name is name:
                waiting += [own for own, body in map_calls(statement.right) if body == called[1]]
    return found


def _differentiated(tree: Node | None) -> Iterator[Name]:
    for node in walk(tree):
        if isinstance(node, Derivative) and node.symbol == _NABLA and isinstance(node.operand, Product):
            for name, body in map_calls(node.operand):
                if any(own is not None and own.name.levels for own in map(written, _parts(body))):
                    yield name


def _parts(body: Node) -> Iterable[Node]:
    return (part for part in walk(body) if isinstance(part, Scripted | Symbol | Styled))


def map_calls(tree: Node | None) -> Iterator[tuple[Name, Node]]:
    """The names that are called with something in parentheses, with what that is."""
    for node in walk(tree):
        if not isinstance(node, Product):
            continue
        for (_, head), (sign, body) in zip(node.factors, node.factors[1:], strict=False):
            name = written(head) if isinstance(head, Symbol | Styled | Accented | Scripted) else None
            plain = name is not None and not (name.entries or name.primes or name.transposed or name.power)
            if name is not None and plain and sign == "" and isinstance(body, Fenced) and body.left == "(":
                yield name.name, body.body


class Maps(Slopes):
    """What maps that are left general give, and their derivatives."""

    def map_letter(self, node: Node) -> tuple[Name, str] | None:
        """A letter that stands for a map: its name, and what it gives."""
        maps = self.scope.vocabulary.maps
        name = self._written(node) if maps and isinstance(node, Symbol | Styled | Accented | Scripted) else None
        if name is None or name.entries or name.transposed or name.primes or name.power is not None:
            return None
        gives = maps.get(name.name.base)
        return None if gives is None or self.scope.shape_of(name.name) is not None else (name.name, gives)

    def map_call(self, factors: Factors) -> tuple[Name, str, int, Node] | None:
        """`F(x)` or, the Jacobian, `DF(x)`: the map, how often it is differentiated, and its argument."""
        slots = 0
        if len(factors) == 3 and factors[0][1] == _JACOBIAN and self.scope.shape_of(Name("D")) is None:
            slots, factors = 1, factors[1:]
        if len(factors) != 2 or factors[1][0] != "":
            return None
        found, body = self.map_letter(factors[0][1]), factors[1][1]
        if found is None or not isinstance(body, Fenced) or body.left != "(" or (slots and found[1] == NUMBER):
            return None
        return *found, slots, body.body

    def with_maps(self, factors: Factors) -> Factors:
        r"""Factors with each map and what it is called with put together, and `DF(x)^\top` as the transpose of that."""
        result: list[tuple[str, Node]] = []
        for sign, factor in factors:
            inside = factor.base if isinstance(factor, Scripted) and factor.sub is None else factor
            for taken in (2, 1):
                before = result[-taken:]
                if sign == "" and len(before) == taken and self.map_call((*before, ("", inside))) is not None:
                    del result[-taken:]
                    whole = Product((("", before[0][1]), *before[1:], ("", inside)), span=before[0][1].span)
                    called: Node = Fenced("(", whole, ")", span=factor.span)
                    sign = before[0][0]
                    factor = replace(factor, base=called) if isinstance(factor, Scripted) else called
                    break
            result.append((sign, factor))
        return tuple(result)

    def mapped(self, name: Name, gives: str, slots: int, argument: Node, symbol: str = "") -> Iterator[Reading]:
        """What a map gives of a vector, or its derivative there."""
        for inside in self.readings(argument):
            value = inside.value
            if value.rank != 1:
                raise NotUnderstood(f"{name!r} at what is no vector", column=argument.span[0])
            (index,) = value.indices
            length = index.size if gives == LIKE else self.scope.space.open()
            out = () if gives == NUMBER else (fresh(length),)
            by = tuple(fresh(index.size) for _ in range(slots))
            entry = map_entry(name, index, value.body, out, by)
            if by and not out:
                found = self._laid_out(by, entry, symbol, lies=value.row)
            else:
                found = Array((*out, *by), entry, row=value.row and not by)
                if by and self.layout.denominator:
                    found = transpose(found)
            yield Reading(found, inside.notes, inside.cost)

    def _derivative(self, node: Derivative) -> Iterator[Reading]:
        called = self.map_call(node.operand.factors) if isinstance(node.operand, Product) else None
        if called is not None and not called[2] and node.symbol == _NABLA and self._by_argument(node, called[3]):
            name, gives, _, argument = called
            yield from self.mapped(name, gives, 1, argument, node.symbol)
            return
        alone = self.map_letter(node.operand)
        if alone is not None and len(node.variables) == 1 and self._is_argument(alone[0], node.variables[0]):
            yield from self.mapped(*alone, 1, node.variables[0], node.symbol)
            return
        yield from super()._derivative(node)

    def _is_argument(self, called: Name, variable: Node) -> bool:
        """Whether it is what the page calls a map with, at some step."""
        name = self._written(variable)
        return name is not None and self.scope.vocabulary.arguments.get(called.base) == name.name.base

    def _by_argument(self, node: Derivative, argument: Node) -> bool:
        r"""Whether a gradient is taken by the argument as a whole: `\nabla L(w_t)`, and `\nabla_w L(w_t)` where w has no other
        meaning."""
        if not node.variables:
            return True
        by = self._written(node.variables[0])
        if len(node.variables) > 1 or by is None or by.name.levels:
            return False
        names = [name for name in map(self._written, _parts(argument)) if name is not None]
        return any(name.name.base == by.name.base and name.name.levels for name in names)
