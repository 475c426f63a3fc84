"""A formula's tree cut into statements: one relation each, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from derive.meaning.conditions import COMPARISONS, condition, opposite
from derive.meaning.naming import walk
from derive.notation.tree import Ellipsis, Fenced, Node, Product, Relations, Rows, Sequence, Symbol, Tagged, Text

EQUALITIES = frozenset({"=", ":=", r"\equiv", r"\triangleq", r"\coloneqq", r"\doteq"})
ARROWS = frozenset({r"\leftarrow", r"\gets"})
CLAIMING = EQUALITIES | ARROWS | {"-=", "+="}

_WORDS = frozenset({"if", "for", "when", "whenever", "provided"})
"""Words between a claim and its condition."""
_OPPOSING = re.compile(r"unless|except( (if|for|when|where))?|(if|when) not")
_NEGATIONS = re.compile(r"\b(unless|except|excepting|not|but)\b")
_REST = re.compile(r"[\s,]*(otherwise|else|elsewhere|in all other cases)[\s.,;]*", re.IGNORECASE)

_SUPPOSING = re.compile(r"\b(if|assum\w*|suppos\w*|know|provided|given)\b[^,.;:]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """`left relation right`, or a lone expression (relation "", right None). `chain` numbers the chain it belongs to, `link` its
    place there; `head` is the chain's first member."""

    left: Node
    relation: str
    right: Node | None
    chain: int
    link: int
    head: Node
    last: bool = True
    spelled_out: bool = False
    """Whether the page writes only the change, `\\Delta w = -s`, of what is read as `w \\leftarrow w - s`."""
    conditions: tuple[Node, ...] = ()
    """Under what it is said to hold: `i \\neq j`, `x > 0`."""
    worded: bool = False
    """Whether an "if" or a "for" stands before a condition."""

    @property
    def restricted(self) -> bool:
        r"""Whether it only says something of some cases, and so defines nothing by itself. `J = L + \lambda s, \quad \lambda > 0`
        defines J: what is said of other letters than those of the left side, without a word, is said of the constants."""
        if not self.conditions or self.worded:
            return bool(self.conditions)
        left = {part.text for part in walk(self.left) if isinstance(part, Symbol)}
        return any(isinstance(part, Symbol) and part.text in left for each in self.conditions for part in walk(each))

    def changed(self, change: Callable[[Node], object]) -> Statement:
        """The statement with each of its sides changed."""
        right = None if self.right is None else change(self.right)
        conditions = tuple(change(each) for each in self.conditions)
        left = change(self.left)
        head = left if self.head is self.left else change(self.head)
        if left is self.left and right is self.right and head is self.head and conditions == self.conditions:
            return self
        return replace(self, left=left, right=right, head=head, conditions=conditions)  # type: ignore[arg-type]


def statements(tree: Node) -> list[Statement]:
    """The statements of a formula; neighbouring members of a chain state one equality each."""
    found: list[Statement] = []
    chain = 0
    for first, rest, conditions in _chains(tree):
        chain += 1
        if not rest:
            found.append(Statement(first, "", None, chain, 0, first))
        left = first
        belonging = [(relation, right) for relation, right in rest if relation == r"\in"]
        if len(belonging) < len(rest):
            # `S = Q K^\top \in \mathbb{R}^{n \times m}` says two things of S
            found += [Statement(first, relation, right, chain, 0, first) for relation, right in belonging]
            chain += bool(belonging)
            rest = [part for part in rest if part[0] != r"\in"]
        for link, (relation, right) in enumerate(rest):
            last = link == len(rest) - 1
            held, worded = tuple(each for each, _ in conditions), any(word for _, word in conditions)
            found.append(Statement(left, relation, right, chain, link, first, last, conditions=held, worded=worded))
            left = right
    return found


_Condition = tuple[Node, bool]
"""A condition, and whether a word such as "if" stands before it."""
_Part = tuple[Node, tuple[_Condition, ...]]
"""A part of a formula and its conditions."""
_Chain = tuple[Node, list[tuple[str, Node]], tuple[_Condition, ...]]


def _chains(tree: Node, above: _Chain | None = None) -> Iterator[_Chain]:
    """Chains of relations: the first member, the others with their relations, and under what conditions they hold.

    A row that begins with a sign goes on from the chain above it, and "otherwise" is said of what stands above.
    """
    match tree:
        case Tagged(body=body):
            yield from _chains(body, above)
        case Rows(rows=rows):
            pending: _Chain | None = None
            for row in rows:
                inner = row.body if isinstance(row, Tagged) else row
                for chain in (pending and _continued(inner, pending)) or _chains(inner, pending):
                    if pending is not None and pending is not chain and not _extends(chain, pending):
                        yield pending
                    pending = chain
            if pending is not None:
                yield pending
        case Sequence(items=items) if any(isinstance(item, Relations | Sequence | Rows) for item in items):
            yield from _side_by_side(_conditional(tree, above))
        case Relations(first=None):
            return
        case Relations(first=Node() as first, rest=rest):
            yield _unconditional(first, list(rest))
        case Text():
            return
        case _:
            yield tree, [], ()


def _side_by_side(parts: Iterable[_Part]) -> Iterator[_Chain]:
    names: list[Node] = []
    for item, conditions in parts:
        if isinstance(item, Text):
            continue
        if not isinstance(item, Relations | Sequence | Rows | Fenced | Tagged):
            names.append(item)
            continue
        for first, rest, own in _chains(item):
            for name in names:  # `W, V \in \mathbb{R}^{m \times n}` says it of both
                yield name, rest if rest and rest[0][0] == r"\in" else [], ()
            names = []
            yield first, rest, own + conditions
    for name in names:
        yield name, [], ()


def _conditional(sequence: Sequence, above: _Chain | None = None) -> list[_Part]:
    """The parts of a formula without those that are conditions, each claim with its own.

    A condition is one on the claims in front of it up to the condition before; where there are none, on those that follow. What
    stands behind a conditional claim with a condition of its own, `a = b` if `i = j`, `c` otherwise, is said of the same left side.
    """
    items = sequence.items
    claims: list[Node] = [item for item in items if isinstance(item, Relations | Rows) and _claims(item)]
    parts: list[_Part] = []
    block: list[int] = []  # the places of claims that wait for their condition, or have been given one
    told_before: list[_Condition] = list(above[2]) if above else []
    leading: tuple[_Condition, ...] = ()
    given = False
    left, sign = above[0] if above else None, "="
    for place, item in enumerate(items):
        word = sequence.separators[place - 1] if place else ""
        told = _told(sequence, place, word, claims, told_before)
        if told is None:
            if isinstance(item, Relations) and _claims(item):
                left, sign = item.first or left, item.rest[-1][0]
            elif left is not None and told_before and _is_said(sequence, place, claims, told_before):
                item = Relations(left, ((sign if sign in CLAIMING else "=", item),), span=item.span)
            if given and isinstance(item, Relations | Rows):
                block, given = [], False
            if isinstance(item, Relations | Rows):
                block.append(len(parts))
            parts.append((item, leading))
            continue
        told_before.append(told)
        if not block:
            leading = (*leading, told)
        for at in block:
            parts[at] = parts[at][0], (*parts[at][1], told)
        given = bool(block)
    return parts


def _told(
    sequence: Sequence, place: int, word: str, claims: list[Node], told_before: list[_Condition]
) -> _Condition | None:
    """A part of a formula as a condition, and whether a word stands before it."""
    item = sequence.items[place]
    if isinstance(item, Text) and _REST.fullmatch(item.text):
        opposites = [opposite(told) for told, _ in told_before if isinstance(told, Relations)]
        alone = opposites[0] if len(told_before) == len(opposites) == 1 else None
        return (item if alone is None else alone), True
    others = [claim for claim in claims if claim is not item]
    ranges = place + 1 < len(sequence.items) and isinstance(sequence.items[place + 1], Ellipsis)
    negated = _NEGATIONS.search(word) is not None
    told = condition(item, others, worded=word in _WORDS or negated) if others and not ranges else None
    if told is None:
        return None
    if negated:
        turned = opposite(told) if _OPPOSING.fullmatch(word) else None
        return turned or Text(word), True
    return told, word in _WORDS or isinstance(item, Fenced)


def _is_said(sequence: Sequence, place: int, claims: list[Node], told_before: list[_Condition]) -> bool:
    """Whether an expression is followed by a condition."""
    if isinstance(sequence.items[place], Text | Ellipsis | Relations | Rows) or place + 1 == len(sequence.items):
        return False
    return _told(sequence, place + 1, sequence.separators[place], claims, told_before) is not None


def _claims(item: Node) -> bool:
    return isinstance(item, Rows) or (isinstance(item, Relations) and any(each in CLAIMING for each, _ in item.rest))


def _continued(row: Node, above: _Chain) -> list[_Chain] | None:
    r"""The chains of a row that begins with a sign, `&= b`, and goes on from the chain above; under a condition of its own,
    `&= b & \text{if } i = j`, from that chain's left side, or, where that one holds always, from its last member."""
    parts = _conditional(row, above) if isinstance(row, Sequence) else [(row, ())]
    (first, conditions), *others = parts
    if not isinstance(first, Relations) or first.first is not None:
        return None
    head, rest, held = above
    if not conditions:
        return [(head, [*rest, *first.rest], held), *_side_by_side(others)]
    start = head if held or not rest else rest[-1][1]
    return [above, (start, list(first.rest), conditions), *_side_by_side(others)]


def _extends(chain: _Chain, above: _Chain) -> bool:
    """Whether a chain begins with the members of the one above it, and has more."""
    return chain[0] is above[0] and chain[2] is above[2] and chain[1][: len(above[1])] == above[1] != chain[1]


def _unconditional(first: Node, rest: list[tuple[str, Node]]) -> _Chain:
    r"""A chain without the condition in front of it, `i \neq j: a = b`, or in parentheses behind it, `a = b (i \neq j)`."""
    for place, (sign, head) in enumerate(rest):
        if sign in (":", r"\Rightarrow", r"\implies") and place and place + 1 < len(rest):
            claim = Relations(head, tuple(rest[place + 1 :]))
            told = condition(Relations(first, tuple(rest[:place])), [claim])
            if told is not None:
                return head, rest[place + 1 :], ((told, True),)
    sign, last = rest[-1]
    if isinstance(last, Product) and isinstance(last.factors[-1][1], Fenced) and sign in CLAIMING:
        *factors, (_, behind) = last.factors
        told = condition(behind, [first, *(factor for _, factor in factors)])
        if told is not None and told.rest[0][0] not in COMPARISONS:  # `(z > 0)` may be a mask
            right = factors[0][1] if len(factors) == 1 else replace(last, factors=tuple(factors))
            return first, [*rest[:-1], (sign, right)], ((told, True),)
    return first, rest, ()


def supposed(before: str, display: bool) -> bool:
    """Whether the sentence up to a formula only supposes it: "if", "assume that", "suppose"."""
    text = before.rstrip()
    if display:
        return re.search(r"\b(if|assume|assuming|suppose|supposing)( that)?$", text, re.IGNORECASE) is not None
    return _SUPPOSING.search(text) is not None
