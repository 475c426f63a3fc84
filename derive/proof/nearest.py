r"""Nearest true formulas: what a refuted claim may have been meant to say, each suggestion itself proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from derive.meaning.naming import walk
from derive.notation.tree import Derivative, Fenced, Node
from derive.proof.edits import EDITS, changed
from derive.proof.offers import Page

_MOST_TRIED = 700
_MOST_READ = 60_000
"""How many nodes may be read in trying: of a long formula fewer changes are tried."""
_MOST_SUGGESTIONS = 1

Holds = Callable[[Node, Node], bool]


def nearest(left: Node, right: Node, page: Page, holds: Holds) -> tuple[Node | tuple[Node, Node], ...]:
    """Right sides that are one change away and hold; where there are none, whole equations whose left side is one change away.

    `holds` says whether an equation is proved; nothing else decides what is suggested.
    """
    found: list[Node | tuple[Node, Node]] = []
    most = min(_MOST_TRIED, _MOST_READ // sum(1 for side in (left, right) for _ in walk(side)))
    for other in islice(_candidates(right, page), most):
        circular = isinstance(left, Derivative) and left in walk(other)
        if not circular and holds(left, other):
            found.append(other.body if isinstance(other, Fenced) and other.left == "(" else other)
            if len(found) == _MOST_SUGGESTIONS:
                break
    if not found and isinstance(left, Derivative):
        for other in islice(_candidates(left, page), most // 4):
            if holds(other, right):
                found.append((other, right))
                break
    return tuple(found)


def _candidates(node: Node, page: Page) -> Iterator[Node]:
    seen = {node}
    for edit in EDITS:
        for other in changed(node, edit, page):
            if other not in seen:
                seen.add(other)
                yield other
