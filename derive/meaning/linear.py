r"""Subscripts and bounds that are sums: `i+k`, `s i + r`, `N-K`."""

from __future__ import annotations

from derive.algebra.counts import Count, counted, whole
from derive.algebra.names import size
from derive.meaning.naming import walk
from derive.meaning.scope import NotUnderstood
from derive.notation.tree import BigOperator, Fenced, Node, Number, Product, Relations, Scripted, Sequence, Sum, Symbol

Linear = tuple[dict[str, Count], Count]
"""Index letters with their multiples, and a number."""
_MULTIPLIED = frozenset({"", r"\cdot", r"\times"})


def linear_place(node: Node, counts: frozenset[str]) -> Linear | None:
    """A subscript as a sum of multiples of index letters and a number, both made of sizes; None where it is none."""
    match node:
        case Number(text=text) if text.isdigit():
            return {}, whole(int(text))
        case Symbol(text=text):
            return ({}, counted(size(text))) if text in counts else ({text: whole(1)}, whole(0))
        case Fenced(left="(", body=body):
            return linear_place(body, counts)
        case Sum(terms=terms):
            letters: dict[str, Count] = {}
            number = whole(0)
            for sign, term in terms:
                part = linear_place(term, counts) if sign in ("+", "-") else None
                if part is None:
                    return None
                by = 1 if sign == "+" else -1
                number = number + part[1] * by
                for letter, multiple in part[0].items():
                    letters[letter] = letters.get(letter, whole(0)) + multiple * by
            return {letter: multiple for letter, multiple in letters.items() if multiple.parts}, number
        case Product(factors=factors) if all(sign in _MULTIPLIED for sign, _ in factors):
            found: Linear = {}, whole(1)
            for _, factor in factors:
                part = linear_place(factor, counts)
                if part is None or (part[0] and found[0]):
                    return None
                several, one = (part, found[1]) if part[0] else (found, part[1])
                found = {letter: by * one for letter, by in several[0].items()}, several[1] * one
            return found
    return None


def count_of_sum(node: BigOperator, counts: frozenset[str]) -> Count:
    r"""How many values the letter of a sum with an upper bound has: `\sum_{i=0}^{N-K}`.

    Raises:
        NotUnderstood: nothing is known of its bound.
    """
    assert node.upper is not None
    end = linear_place(node.upper, counts)
    first = 0 if isinstance(node.lower, Relations) and node.lower.rest[0][1] == Number("0") else 1
    if end is None or end[0]:
        raise NotUnderstood("a sum whose upper bound is not understood", column=node.upper.span[0])
    return end[1] - first + 1


def subscripts(node: Scripted) -> tuple[Node, ...]:
    """The subscripts of a name, one for each axis."""
    match node.sub:
        case None:
            return ()
        case Sequence(items=items):
            return items
        case Product(factors=factors) if not _is_multiple(node.sub):
            return tuple(factor for _, factor in factors)
        case _:
            return (node.sub,)


def _is_multiple(node: Product) -> bool:
    r"""Whether `x_{2i}` stands at a multiple of i, and `x_{s(i-1)}` or `x_{s \cdot i}` at one of s letters."""
    first, *rest = node.factors
    return isinstance(first[1], Number) or any(sign or isinstance(factor, Fenced) for sign, factor in rest)


def letters_in(node: Node) -> frozenset[str]:
    """All letters in a formula."""
    return frozenset(part.text for part in walk(node) if isinstance(part, Symbol))


def summed_letters(lower: Node | None) -> frozenset[str]:
    """The letters that a sum runs over."""
    match lower:
        case Symbol(text=text) | Relations(first=Symbol(text=text)):
            return frozenset({text})
        case Sequence(items=items):
            return frozenset().union(*(summed_letters(item) for item in items))
        case Product(factors=factors):
            return frozenset().union(*(summed_letters(factor) for _, factor in factors))
    return frozenset()
