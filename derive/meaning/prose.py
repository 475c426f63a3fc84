"""The few things that the words around a formula say of it: that a matrix is symmetric, that a step climbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from derive.algebra.terms import Name
from derive.meaning.draft import Placed
from derive.meaning.naming import written
from derive.notation.tree import Node, Product

_IS_SYMMETRIC = re.compile(r"^,?\s*(is|be|are|being)\s+(both\s+|real\s+|also\s+|a\s+|an\s+)*symmetric\b")
_SYMMETRIC_NAME = re.compile(r"\bsymmetric\s+([a-z-]+\s+){0,3}(matrix|matrices)\s*$", re.IGNORECASE)
_ALL_SYMMETRIC = re.compile(r"\b(are|both)\s+(both\s+|all\s+|real\s+)*symmetric\b")
_NOT = re.compile(r"\b(not|n't|never|non|any|arbitrary|if|unless|when|where|while|but)\b", re.IGNORECASE)
_CLIMBS = re.compile(r"\b(maximi[sz]\w*|ascen[dt]\w*|climb\w*|uphill)\b", re.IGNORECASE)


def symmetric(placed: Iterable[Placed]) -> frozenset[Name]:
    """The names that the page calls symmetric: "A is symmetric", "a symmetric matrix A", "A and B are symmetric"."""
    found = set()
    for each in placed:
        name = written(each.statement.left)
        if name is None or each.display or name.entries or name.transposed or name.power is not None:
            continue
        before, after = _sentence_before(each.before), _sentence_after(each.after)
        listed = _ALL_SYMMETRIC.search(after)
        if (
            _IS_SYMMETRIC.match(after)
            or _SYMMETRIC_NAME.search(before)
            or (listed is not None and not _NOT.search(after[: listed.start()]))
        ):
            found.add(name.name)
    return frozenset(found)


def climbs(placed: Sequence[Placed], place: int) -> bool:
    """Whether the section up to a formula speaks of maximising or of climbing."""
    section = placed[place].section
    return any(
        _CLIMBS.search(each.before) or (number < place and _CLIMBS.search(each.after))
        for number, each in enumerate(placed[: place + 1])
        if each.section == section
    )


def _sentence_before(text: str) -> str:
    return re.split(r"[.;:]\s", text)[-1]


def _sentence_after(text: str) -> str:
    return re.split(r"[.;:](\s|$)", text)[0]


_NAMES = r"(?:\$[^$]+\$(?:\s*,\s*and|\s*,|\s+and|\s+or)?\s*)*"
_NUMBERS = re.compile(rf"\b(real numbers?|numbers|scalars?|scalar (?:bias|weight|input|output|target)e?s?)\s*{_NAMES}$")
_IS_NUMBER = re.compile(r"^\s*(?:is|be|being) an? (?:real )?(?:number|scalar)\b")
_OF_SIZE = re.compile(r"\$[^$]+\$\s*(?:is|be|being|denotes?)?\s*(?:an?|the)\s*(?:real\s+)?$")
_MATRIX = re.compile(r"^\s*(?:real\s+|weight\s+)?(?:matrix|array)\b(\s*$|\s*[^\s$]|\s+(?=\$))")
_NAMED_MATRIX = re.compile(r"^\s*(?:real\s+|weight\s+)?matrix\s+\$")


def spoken_shapes(placed: Sequence[Placed]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    r"""What running text says of shapes: "real numbers `$x$`, `$u$`", "`$X$` be an `$n \times m$` matrix"."""
    for number, each in enumerate(placed):
        node = each.statement.left
        if each.display or each.statement.right is not None:
            continue
        if _NUMBERS.search(each.before) or _IS_NUMBER.match(each.after):
            yield node, ()
        if not isinstance(node, Product) or len(node.factors) != 2 or node.factors[1][0] != r"\times":
            continue
        sizes = tuple(factor for _, factor in node.factors)
        before = placed[number - 1] if number else None
        following = placed[number + 1] if number + 1 < len(placed) else None
        if following is not None and _NAMED_MATRIX.match(each.after) and _mentioned(following):
            yield following.statement.left, sizes
        elif before is not None and _MATRIX.match(each.after) and _OF_SIZE.search(each.before) and _mentioned(before):
            yield before.statement.left, sizes


def _mentioned(each: Placed) -> bool:
    return each.statement.right is None and not each.display
