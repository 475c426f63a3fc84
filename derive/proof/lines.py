r"""Recursions entry by entry, `c_t = f_t \odot c_{t-1} + g_t`: the derivative of one step by an earlier one is a diagonal matrix,
the product of what each step does, as long as nothing else in the definition depends on the steps before.

Where a page holds all else fixed, as along the line of an LSTM's cell, nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.algebra.names import Name, fresh
from derive.algebra.normal import Normalizer, TooLarge
from derive.algebra.terms import Entry, names
from derive.calculus.chain import NotDifferentiable, depends, local
from derive.meaning.collect import Understanding
from derive.meaning.naming import walk, written
from derive.notation.tree import Derivative, Node
from derive.theory import Theory


def is_line(theory: Theory, of: Entry, by: Entry) -> bool:
    """Whether two entries are steps of a recursion that works on each entry of a vector by itself."""
    if not _same_family(of.name, by.name) or len(of.indices) != 1 or theory.clock is None:
        return False
    body = theory.unfold(of)
    own = [] if body is None else [name for name in names(body) if name.base == of.name.base]
    if body is None or len(own) != 1 or own[0].levels != (of.name.levels[0].shifted(-1),):
        return False
    before = Entry(own[0], tuple(fresh(index.size) for index in of.indices))
    if any(depends(theory, name, before.name) for name in names(body) - {before.name}):
        return False
    try:
        slope = Normalizer().polynomial(local(body, before))
    except (NotDifferentiable, TooLarge):
        return False
    ends = {*of.indices, *before.indices}
    return all(any(a.kind == "delta" and {*a.indices} == ends for a, _ in m.factors) for m in slope.monomials)


def _same_family(one: Name, other: Name) -> bool:
    return one is not other and one.base == other.base and len(one.levels) == len(other.levels) == 1


def alone(understanding: Understanding, sides: Iterable[Node]) -> Understanding | None:
    """The page with everything given but the recursion along which a derivative is taken, of one step by another one; None where
    none is."""
    theory, vocabulary = understanding.theory, understanding.vocabulary
    if theory.clock is None:
        return None
    for node in (part for side in sides for part in walk(side) if isinstance(part, Derivative)):
        if node.symbol != r"\partial":  # a d takes in every path
            continue
        found = [written(each, vocabulary.subscripted, vocabulary.layered) for each in (node.operand, *node.variables)]
        names_of = [each.name for each in found if each is not None]
        if len(names_of) != 2 or len(found) != 2 or not _same_family(*names_of):
            continue
        line = {name: own for name, own in theory.definitions.items() if name.base == names_of[0].base}
        if any(name.base == names_of[0].base for own in line.values() for name in names(own.value.body)):
            return replace(understanding, theory=replace(theory, definitions=line, general={}, loss=None), kept={})
    return None
