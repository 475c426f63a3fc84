r"""Losses that a page leaves general: "let L be any differentiable function of v", `L = \ell(o, y)`.

Nothing is known of such a loss but what it depends on. Its derivative by that stays as it is; the chain rule goes on from there.
"""

from __future__ import annotations

import re

from derive.algebra.names import Level, Name
from derive.algebra.steps import ANY_STEP
from derive.algebra.terms import Partial, names
from derive.algebra.terms import walk as term_nodes
from derive.meaning.calls import call
from derive.meaning.define import any_depends
from derive.meaning.draft import Draft
from derive.meaning.naming import walk, written
from derive.meaning.prose import general_losses
from derive.meaning.scope import Shape
from derive.meaning.shapes import is_loss
from derive.notation.tree import Derivative, Scripted, Sequence, Word
from derive.theory import Definition


def introduce_losses(draft: Draft) -> None:
    """A loss that is differentiated and nowhere defined is some scalar: "let L be any differentiable function of v"."""
    spoken = general_losses(draft.placed)
    for tree in draft.trees:
        for node in walk(tree):
            found = written(node.operand) if isinstance(node, Derivative) else None
            if found is None or found.entries or found.power is not None or found.primes:
                continue
            name = found.name
            known = draft.table.known(name)
            said = name in spoken and (known is None or not known.rank)  # "a scalar loss" says both
            if name in draft.right_sides or repr(name) in draft.unclear:
                continue
            if said or (is_loss(name) and known is None):
                draft.table.shapes[name] = Shape(())
                draft.general[name] = ()


def leave_general(draft: Draft) -> None:
    """What losses without a formula depend on: `L = l(o, y)` on o and y, any other on what no definition uses any more."""
    for name, (right, _, letters) in draft.right_sides.items():
        found = call(right)
        if found is None or letters or name in draft.definitions:
            continue
        head, body = found
        arguments = [written(each) for each in (body.items if isinstance(body, Sequence) else (body,))]
        # what the page says nothing else of, such as a label, is given
        direct = tuple(own.name for own in arguments if own is not None and draft.table.known(own.name) is not None)
        function = written(head)
        if function is None or not direct:
            continue
        if isinstance(head, Word) or function.name in draft.definitions or function.name in draft.right_sides:
            continue
        if is_loss(name):
            draft.table.shapes[name] = Shape(())
            draft.general[name] = direct
    for cost, given in draft.general_steps.items():
        direct = tuple(own for own in given if draft.table.known(own) is not None)
        if direct:
            draft.general[cost] = direct
    backward = {name for name, definition in draft.definitions.items() if any_partial(definition)}
    used = {name for own, d in draft.definitions.items() if own not in backward for name in names(d.value.body)}
    last = tuple(name for name in draft.definitions if name not in used and name not in backward)
    families = any(level.letter for name in draft.definitions for level in name.levels)
    if families:
        last = _outputs(draft, backward)
    spoken = general_losses(draft.placed)
    for name, direct in list(draft.general.items()):
        if direct:
            continue
        # "a function of y, and g is its derivative": what is a derivative of it, it does not depend on
        told = tuple(own for own in spoken.get(name, ()) if draft.table.known(own) is not None and own not in backward)
        timed = draft.vocabulary.clocks.keys()
        if told and timed:
            draft.general[name] = _every_step(told)
        elif told and not (last and any(level.letter for own in told for level in own.levels)):
            draft.general[name] = told
        elif timed and not told and (final := _final_state(draft, name)) is not None:
            draft.general[name] = (final,)
        elif (
            last and not timed and not any_depends(draft, set(last), name)
        ):  # over time every step may have a part in it
            draft.general[name] = last
        else:
            del draft.general[name]


_OF_THE_LAST = re.compile(
    r"\b(functions? of|depends? (\w+ )*on|through)\s+(only\s+)?the\s+(last|final|topmost|deepest)\s+"
    r"(state|states|layer|layers|output|outputs|activation|activations|step)\b",
    re.IGNORECASE,
)


def _final_state(draft: Draft, name: Name) -> Name | None:
    """The last state of a recursion, where the text says that a number depends on it: `x_L` where the page has a letter for it."""
    said = (
        each.after.split(". ")[0]
        for each in draft.placed
        if each.statement.right is None and (own := written(each.statement.left)) is not None and own.name is name
    )
    bases = {own.base for own in draft.definitions if any(level.letter for level in own.levels)}
    if len(bases) != 1 or not any(_OF_THE_LAST.search(text) for text in said):
        return None
    (base,) = bases
    lettered = {
        own.name
        for tree in draft.trees
        for node in walk(tree)
        if isinstance(node, Scripted) and (own := draft.plain_name(node)) is not None and own.name.base == base
        if len(own.name.levels) == 1 and own.name.levels[0].letter.isupper() and not own.name.levels[0].offset
    }
    (_, end) = next(iter(draft.vocabulary.clocks.values()))
    found = lettered or {Name(base, (end,))}
    return found.pop() if len(found) == 1 else None


def _every_step(told: tuple[Name, ...]) -> tuple[Name, ...]:
    r"""What a loss depends on over time: on h at every step where the text lists `h_1, \ldots, h_T`, else as it says."""
    bases = [own.base for own in told]
    listed = {own.base for own in told if own.levels and bases.count(own.base) > 1}
    found = (
        Name(own.base, tuple(Level(ANY_STEP, 0) for _ in own.levels)) if own.base in listed else own for own in told
    )
    return tuple(dict.fromkeys(found))


def _outputs(draft: Draft, backward: set[Name]) -> tuple[Name, ...]:
    """Of a network with layer families, what its last layer gives: the family that only layers above use."""
    forward = {name: d for name, d in draft.definitions.items() if name not in backward and name.levels}
    outputs = []
    for name in forward:
        if len(name.levels) != 1 or not name.levels[0].letter:
            continue
        users = [
            own.levels[0].offset - level.offset
            for own, definition in forward.items()
            for used in names(definition.value.body)
            for level in used.levels
            if used.base == name.base and len(own.levels) == 1 and own.levels[0].letter == level.letter
        ]
        if users and min(users) > 0:
            outputs.append(Name(name.base, (Level("L", 0),)))
    return tuple(outputs) if len(outputs) == 1 else ()


def any_partial(definition: Definition) -> bool:
    """Whether a definition is one of a derivative."""
    return any(isinstance(node, Partial) for node in term_nodes(definition.value.body))
