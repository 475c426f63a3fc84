"""The few things that the words around a formula say of it: that a matrix is symmetric, that a step climbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from derive.algebra.terms import Name
from derive.meaning.draft import Placed
from derive.meaning.naming import written

_IS_SYMMETRIC = re.compile(r"^,?\s*(is|be|are|being)\s+(both\s+|real\s+|also\s+|a\s+|an\s+)*symmetric\b")
_SYMMETRIC_NAME = re.compile(r"\bsymmetric\s+([a-z-]+\s+){0,3}(matrix|matrices)\s*$", re.IGNORECASE)
_ALL_SYMMETRIC = re.compile(r"\b(are|both)\s+(both\s+|all\s+|real\s+)*symmetric\b")
_NOT = re.compile(r"\b(not|n't|never|non|any|arbitrary|if|unless|when|where|while|but)\b", re.IGNORECASE)
_CLIMBS = re.compile(r"\b(maximi[sz]\w*|ascen[dt]\w*|climb\w*|uphill)\b", re.IGNORECASE)


def symmetric(placed: Iterable[Placed]) -> frozenset[Name]:
    r"""The names that the page calls symmetric: "`$A$ is symmetric`", "a symmetric matrix `$A$`", "`$A$` and `$B$` are symmetric"."""
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
