r"""The forms of stacks of arrays: `[h_{t-1}, x_t]`, `[h; x]`, `\begin{bmatrix} h \\ x \end{bmatrix}`."""

from __future__ import annotations

from derive.notation.tree import Ellipsis, Fenced, Node, Relations, Sequence, Text

CONCATENATIONS = frozenset({"concat", "concatenate", "cat", "vstack", "stack"})
"""Functions that stack their arguments."""
BRACKETS = frozenset({"bmatrix", "pmatrix", "matrix", "array", "smallmatrix"})


def is_stack(node: Node) -> bool:
    """Whether a bracket has the form of a stack: two things or more, all with commas or all with semicolons between them."""
    if not isinstance(node, Fenced) or not isinstance(node.body, Sequence):
        return False
    signs = set(node.body.separators)
    if (node.left, node.right) != ("[", "]") or len(signs) != 1 or not signs <= {",", ";"}:
        return False
    return not any(isinstance(item, Ellipsis | Relations | Text | Sequence) for item in node.body.items)


def with_commas(node: Node) -> bool:
    """Whether a bracket has the form of a stack with commas."""
    return (
        is_stack(node) and isinstance(node, Fenced) and isinstance(node.body, Sequence) and "," in node.body.separators
    )
