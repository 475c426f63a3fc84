"""A formula's tree cut into statements: one relation each, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from derive.notation.tree import Fenced, Node, Relations, Rows, Sequence, Tagged, Text

EQUALITIES = frozenset({"=", ":=", r"\equiv", r"\triangleq", r"\coloneqq", r"\doteq"})
ARROWS = frozenset({r"\leftarrow", r"\gets"})
CLAIMING = EQUALITIES | ARROWS | {"-=", "+="}

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

    def changed(self, change: Callable[[Node], object]) -> Statement:
        """The statement with each of its sides changed."""
        right = None if self.right is None else change(self.right)
        return replace(self, left=change(self.left), right=right, head=change(self.head))  # type: ignore[arg-type]


def statements(tree: Node) -> list[Statement]:
    """The statements of a formula; neighbouring members of a chain state one equality each."""
    found: list[Statement] = []
    chain = 0
    for members in _chains(tree):
        chain += 1
        first, rest = members
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
            found.append(Statement(left, relation, right, chain, link, first, link == len(rest) - 1))
            left = right
    return found


def _chains(tree: Node) -> Iterator[tuple[Node, list[tuple[str, Node]]]]:
    match tree:
        case Tagged(body=body):
            yield from _chains(body)
        case Rows(rows=rows):
            pending: tuple[Node, list[tuple[str, Node]]] | None = None
            for row in rows:
                inner = row.body if isinstance(row, Tagged) else row
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
            for item in items:
                if isinstance(item, Text):
                    continue
                if not isinstance(item, Relations | Sequence | Rows | Fenced | Tagged):
                    names.append(item)
                    continue
                for first, rest in _chains(item):
                    for name in names:  # `W, V \in \mathbb{R}^{m \times n}` says it of both
                        yield name, rest if rest and rest[0][0] == r"\in" else []
                    names = []
                    yield first, rest
            for name in names:
                yield name, []
        case Relations(first=None):
            return
        case Relations(first=Node() as first, rest=rest):
            yield first, list(rest)
        case Text():
            return
        case _:
            yield tree, []


def supposed(before: str, display: bool) -> bool:
    """Whether the sentence up to a formula only supposes it: "if", "assume that", "suppose"."""
    text = before.rstrip()
    if display:
        return re.search(r"\b(if|assume|assuming|suppose|supposing)( that)?$", text, re.IGNORECASE) is not None
    return _SUPPOSING.search(text) is not None
