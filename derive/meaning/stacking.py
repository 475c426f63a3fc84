r"""Whether a page stacks arrays, as in `[h_{t-1}, x_t]`.

A list in brackets may also be an interval, a row of numbers, the arguments of something, or a matrix by its columns. With commas
it is taken for a stack on pages that show that they stack: by a word for it, by semicolons, by a weight matrix in front of it where
a small letter is defined, by vectors in it that are declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from derive.meaning.naming import base_latex, walk
from derive.meaning.scope import Stacks
from derive.meaning.shapes import bare_letter
from derive.meaning.stacks import BRACKETS, CONCATENATIONS, is_stack, with_commas
from derive.notation.tree import (
    Applied,
    Derivative,
    Fenced,
    Matrix,
    Node,
    Product,
    Scripted,
    Sequence,
    Styled,
    Symbol,
    Word,
)

_WORDS = re.compile(
    r"\bconcat\w*|\bstack(ed|ing|s)?\s+((on|onto|below|above|under|vertically|together|vectors?)\b|(of\s+)?((the|two|both)\s+)*\$)"
    r"|\b(joined|appended)\b|\bone (above|below|under) the other\b",
    re.IGNORECASE,
)
_COLUMNS = re.compile(
    r"\b(side by side|as (its |the )?columns|whose columns|(has|with|are) (the |its )?columns)\b", re.IGNORECASE
)


def stacks_of(statements: Iterable[tuple[Node, Node | None]], prose: Iterable[str]) -> Stacks:
    """How far a page shows that it stacks arrays. `statements` are both sides of each."""
    statements = list(statements)
    nodes = [node for pair in statements for side in pair if side is not None for node in walk(side)]
    brackets = [node for node in nodes if isinstance(node, Fenced) and is_stack(node) and _has_names(node)]
    texts = list(prose)
    blocks = any(isinstance(node, Matrix) and node.environment in BRACKETS for node in nodes)
    if any(isinstance(node, Applied) and _is_concatenation(node.function) for node in nodes):
        return "said"
    if brackets and not any(_COLUMNS.search(text) for text in texts):
        if not all(map(with_commas, brackets)) or any(_WORDS.search(text) for text in texts):
            return "said"
        vectors = {_letter(left) for left, region in statements if region is not None and _is_space(region)}
        if any(right is not None and _shows(left, right, vectors) for left, right in statements):
            return "shown"
    return "blocks" if blocks or not all(map(with_commas, brackets)) else ""


def _is_concatenation(function: Node) -> bool:
    return isinstance(function, Word) and function.text.lower() in CONCATENATIONS


def _has_names(node: Fenced) -> bool:
    """Whether what is listed has names: `[0; 1]` has none."""
    return any(isinstance(part, Symbol) for part in walk(node.body))


def _is_space(region: Node) -> bool:
    r"""Whether it is `\mathbb{R}^n`."""
    return isinstance(region, Scripted) and region.sup is not None and base_latex(region.base) == r"\mathbb{R}"


def _letter(node: Node) -> str:
    return base_latex(node.base if isinstance(node, Scripted) else node) or ""


def _shows(left: Node, right: Node, vectors: set[str]) -> bool:
    """Whether a small letter is defined by a weight matrix before a bracket, or by a bracket of vectors."""
    if isinstance(left, Derivative) or not _first(left).islower():
        return False
    if is_stack(right):
        assert isinstance(right, Fenced)
        assert isinstance(right.body, Sequence)
        return any(_letter(item) in vectors or _is_bold(item) for item in right.body.items)
    return any(
        is_stack(factor) and sign in ("", r"\cdot") and _first(before).isupper() and not _is_operator(before)
        for node in walk(right)
        if isinstance(node, Product)
        for (_, before), (sign, factor) in zip(node.factors, node.factors[1:], strict=False)
    )


def _first(node: Node) -> str:
    """The first letter of a name without fonts and accents."""
    return bare_letter(_letter(node))[0].removeprefix("\\")[:1]


def _is_operator(node: Node) -> bool:
    r"""Whether it is `\mathbb{E}`, or an E that may be one."""
    base = node.base if isinstance(node, Scripted) else node
    return (isinstance(base, Styled) and base.style not in ("bold", "italic")) or base == Symbol("E")


def _is_bold(node: Node) -> bool:
    letter, bold = bare_letter(_letter(node))
    return bold and letter[:1].islower()
