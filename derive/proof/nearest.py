r"""Nearest true equations: what a refuted claim may have been meant to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from derive.meaning.naming import walk
from derive.notation.tree import Derivative, Fenced, Node
from derive.proof.edits import EDITS, changed
from derive.proof.offers import Page

_MOST_TRIED = 700
_MOST_READ = 60_000
"""How many nodes may be read in trying: of a long formula fewer changes are tried."""

Equation = tuple[Node, Node]
Proved = Callable[[Iterable[Equation]], Iterator[Equation]]


def nearest(left: Node, right: Node, page: Page, proved: Proved) -> tuple[Equation, ...]:
    """Equations that are proved and whose right side is one change away; where there are none, those whose left side is.

    `proved` gives those that are proved of many; nothing else decides what is suggested.
    """
    most = min(_MOST_TRIED, _MOST_READ // sum(1 for side in (left, right) for _ in walk(side)))
    derivative = isinstance(left, Derivative)
    rights = islice(_candidates(right, page), most)
    # a derivative is not explained by itself
    found = list(islice(proved((left, other) for other in rights if not (derivative and left in walk(other))), 1))
    if not found and derivative:
        found = list(islice(proved((other, right) for other in islice(_candidates(left, page), most // 4)), 1))
    return tuple(
        (one, other.body if isinstance(other, Fenced) and other.left == "(" else other) for one, other in found
    )


def _candidates(node: Node, page: Page) -> Iterator[Node]:
    seen = {node}
    for edit in EDITS:
        for other in changed(node, edit, page):
            if other not in seen:
                seen.add(other)
                yield other
