"""Equations near a refuted claim: what it may have been meant to say. Which of them are true is not decided here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from derive.meaning.naming import walk
from derive.notation.tree import Derivative, Fenced, Node
from derive.proof.edits import EDITS, changed
from derive.proof.offers import Page

_MOST_TRIED = 700
_MOST_READ = 60_000
"""How many nodes may be read in trying: of a long formula fewer changes are tried."""

Equation = tuple[Node, Node]


def other_rights(left: Node, right: Node, page: Page) -> Iterator[Equation]:
    """Equations whose right side is one change away."""
    explains = left not in walk(right)
    for other in islice(_candidates(right, page), _most(left, right)):
        if not (explains and left in walk(other)):  # nothing is explained by itself
            yield left, other.body if isinstance(other, Fenced) and other.left == "(" else other


def other_lefts(left: Node, right: Node, page: Page) -> Iterator[Equation]:
    """Equations whose left side is one change away: the derivative of something else, or by something else."""
    if isinstance(left, Derivative):
        for other in islice(_candidates(left, page), _most(left, right) // 4):
            yield other, right


def _most(left: Node, right: Node) -> int:
    return min(_MOST_TRIED, _MOST_READ // sum(1 for side in (left, right) for _ in walk(side)))


def _candidates(node: Node, page: Page) -> Iterator[Node]:
    seen = {node}
    for edit in EDITS:
        for other in changed(node, edit, page):
            if other not in seen:
                seen.add(other)
                yield other
