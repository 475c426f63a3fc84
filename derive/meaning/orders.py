r"""In which order `\prod_{i=k+1}^{t} A_i` multiplies matrices, as far as the page says: "the factor with the largest index stands
on the left", "in decreasing order of i"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from derive.meaning.draft import Placed

_LATE = r"(larger|largest|later|latest|last|higher|highest|greatest|newest|most recent)"
_EARLY = r"(smaller|smallest|earlier|earliest|first|lower|lowest|least|oldest)"
_THING = r"(\s+(index|indices|step|steps|factor|factors|matrix|matrices|layer|layers|time|i|j|s))*"
_STANDS = r"\W+(\w+\W+){0,4}?"
_LEFT = r"(on|at|to|from)\s+(the\s+|its\s+)?(far\s+|very\s+)?left\b|\bleftmost\b"
_RIGHT = r"(on|at|to|from)\s+(the\s+|its\s+)?(far\s+|very\s+)?right\b|\brightmost\b"
_LATER_LEFT = re.compile(
    rf"\b{_LATE}{_THING}{_STANDS}({_LEFT})|\b{_EARLY}{_THING}{_STANDS}({_RIGHT})"
    r"|\b(decreasing|descending|reverse)\s+(order|indices|index)|\bfrom\s+the\s+last\s+\w+\s+to\s+the\s+first\b",
    re.IGNORECASE,
)
_EARLIER_LEFT = re.compile(
    rf"\b{_LATE}{_THING}{_STANDS}({_RIGHT})|\b{_EARLY}{_THING}{_STANDS}({_LEFT})"
    r"|\b(increasing|ascending)\s+(order|indices|index)",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"\b(product|products|factor|factors|multipl\w+)\b", re.IGNORECASE)
_FORMULA = re.compile(r"\$[^$]*\$")


def later_on_the_left(placed: Iterable[Placed]) -> bool | None:
    """Whether products over steps have their last factor on the left; None where the page says nothing, or both."""
    said = set()
    for each in placed:
        for sentence in _FORMULA.sub("i", f"{each.before} {each.after}").split(". "):
            if _PRODUCT.search(sentence):
                late, early = _LATER_LEFT.search(sentence), _EARLIER_LEFT.search(sentence)
                if late or early:
                    said.add(None if late and early else bool(late))
    return said.pop() if len(said) == 1 else None
