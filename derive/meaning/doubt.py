"""Scalar closed forms read twice: where the second reader reads something else, nothing is built on the definition.

What is recognised as a known function has been proved equal to it, so it needs no second reading; the second reader takes a while
to load, and most pages never need it.
"""

from __future__ import annotations

from derive.algebra.terms import Partial
from derive.algebra.terms import walk as term_nodes
from derive.meaning.draft import Draft


def ask_again(draft: Draft) -> None:
    """Take back definitions of numbers, and of functions of one number, that two readers read in two ways."""
    own = {
        name: function.body
        for name, function in draft.functions.items()
        if function.body is not None and not function.known and name in draft.function_sides
    }
    numbers = [
        definition
        for definition in draft.definitions.values()
        if definition.name in draft.right_sides  # what a recursion starts with, `h_0 = 0`, is one number
        and not definition.value.rank
        and not any(isinstance(n, Partial) for n in term_nodes(definition.value.body))
    ]
    if not own and not numbers:
        return
    from derive.meaning import second

    if not second.available():
        return
    bodies = {name: function.body for name, function in draft.functions.items() if function.body is not None}
    for name, body in own.items():
        tree, parameter = draft.function_sides[name]
        doubt = second.agree(tree, body, draft.vocabulary, parameter, bodies)
        if doubt is not None:
            draft.unclear.add(name)
            draft.problems[draft.functions[name].source] = doubt.reason
    for definition in numbers:
        tree, line, letters = draft.right_sides[definition.name]
        doubt = None if letters else second.agree(tree, definition.value.body, draft.vocabulary, None, bodies)
        if doubt is not None:
            del draft.definitions[definition.name]
            draft.problems[line] = doubt.reason
