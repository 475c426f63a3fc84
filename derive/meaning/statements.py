"""A formula's tree cut into statements: one relation each, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from derive.meaning.conditions import COMPARISONS, condition
from derive.meaning.naming import walk
from derive.notation.tree import Ellipsis, Fenced, Node, Product, Relations, Rows, Sequence, Symbol, Tagged, Text

EQUALITIES = frozenset({"=", ":=", r"\equiv", r"\triangleq", r"\coloneqq", r"\doteq"})
ARROWS = frozenset({r"\leftarrow", r"\gets"})
CLAIMING = EQUALITIES | ARROWS | {"-=", "+="}

_WORDS = frozenset({"if", "for", "when", "whenever", "provided", "unless"})
"""Words between a claim and its condition."""

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
    conditions: tuple[Relations, ...] = ()
    """Under what it is said to hold: `i \\neq j`, `x > 0`."""
    worded: bool = False
    """Whether an "if" or a "for" stands before a condition."""

    @property
    def restricted(self) -> bool:
        r"""Whether it only says something of some cases, and so defines nothing by itself. `J = L + \lambda s, \quad \lambda > 0`
        defines J: what is said of other letters than those of the left side, without a word, is said of the constants."""
        left = {part.text for part in walk(self.left) if isinstance(part, Symbol)}
        if not self.conditions:
            return False
        return self.worded or any(
            isinstance(part, Symbol) and part.text in left for each in self.conditions for part in walk(each)
        )

    def changed(self, change: Callable[[Node], object]) -> Statement:
        """The statement with each of its sides changed."""
        right = None if self.right is None else change(self.right)
        conditions = tuple(change(each) for each in self.conditions)
        return replace(self, left=change(self.left), right=right, head=change(self.head), conditions=conditions)  # type: ignore[arg-type]


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


_Condition = tuple[Relations, bool]
"""A condition, and whether a word such as "if" stands before it."""
_Chain = tuple[Node, list[tuple[str, Node]], tuple[_Condition, ...]]


def _chains(tree: Node) -> Iterator[_Chain]:
    """Chains of relations: the first member, the others with their relations, and under what conditions they hold."""
    match tree:
        case Tagged(body=body):
            yield from _chains(body)
        case Rows(rows=rows):
            pending: _Chain | None = None
            for row in rows:
                inner = row.body if isinstance(row, Tagged) else row
                again = _continued(inner)
                if again is not None and pending is not None:
                    # `&= b & \\text{if } i = j` goes on from the same left side
                    relations, conditions = again
                    if pending[2] or not conditions:
                        yield pending
                        pending = pending[0], list(relations), conditions
                        continue
                if isinstance(inner, Relations) and inner.first is None and pending is not None:
                    pending[1].extend(inner.rest)
                    continue
                for chain in _chains(inner):
                    if pending is not None:
                        yield pending
                    pending = chain
            if pending is not None:
                yield pending
        case Sequence(items=items) if any(isinstance(item, Relations | Sequence | Rows) for item in items):
            names: list[Node] = []
            items, conditions = _conditional(tree)
            for item in items:
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
        case Relations(first=None):
            return
        case Relations(first=Node() as first, rest=rest):
            yield _unconditional(first, list(rest))
        case Text():
            return
        case _:
            yield tree, [], ()


def _conditional(sequence: Sequence) -> tuple[tuple[Node, ...], tuple[_Condition, ...]]:
    """The parts of a formula without those that are conditions on the others, and these."""
    items = sequence.items
    claims = [item for item in items if isinstance(item, Relations | Rows) and _claims(item)]
    found: dict[int, _Condition] = {}
    for place, item in enumerate(items):
        others = [claim for claim in claims if claim is not item]
        before = sequence.separators[place - 1] if place else ""
        ranges = place + 1 < len(items) and isinstance(items[place + 1], Ellipsis)
        told = condition(item, others, worded=before in _WORDS) if others and not ranges else None
        if told is not None:
            found[place] = told, before in _WORDS or isinstance(item, Fenced)
    if all(place in found for place, item in enumerate(items) if item in claims):
        return items, ()
    return tuple(item for place, item in enumerate(items) if place not in found), tuple(found.values())


def _claims(item: Node) -> bool:
    return isinstance(item, Rows) or (isinstance(item, Relations) and any(each in CLAIMING for each, _ in item.rest))


def _continued(row: Node) -> tuple[tuple[tuple[str, Node], ...], tuple[_Condition, ...]] | None:
    """A row that goes on from the left side of the row before it under a condition of its own."""
    if not isinstance(row, Sequence) or not isinstance(row.items[0], Relations) or row.items[0].first is not None:
        return None
    items, conditions = _conditional(row)
    first = items[0]
    return (first.rest, conditions) if isinstance(first, Relations) and conditions else None


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
