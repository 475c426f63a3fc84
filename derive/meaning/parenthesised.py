r"""Entries that a page writes in parentheses: `S(i, j) = \sum_m \sum_n I(i+m, j+n) K(m, n)`, `y[n] = \sum_k h[k] x[n-k]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from derive.meaning.draft import Draft
from derive.meaning.letters import everywhere
from derive.meaning.linear import letters_in, linear_place, summed_letters
from derive.meaning.naming import base_latex, walk
from derive.notation.tree import BigOperator, Fenced, Node, Product, Scripted, Sequence, Styled, Symbol


def tell_entries(draft: Draft) -> None:
    """Write the entries of `S(i, j) = \\sum_m \\sum_n I(i + m, j + n) K(m, n)` as subscripts."""
    found = _called_at_places(draft)
    if found:
        change = _AsSubscripts(found)
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: everywhere(side, change.put)))
            for each in draft.placed
        )
        draft.said.update(change.said)


def _called_at_places(draft: Draft) -> frozenset[str]:
    """The letters of arrays whose entries the page writes in parentheses: they stand in sums whose letters shift their places, and
    nowhere on the page in any other way with parentheses behind them."""
    called: dict[str, list[tuple[Node, ...]]] = {}
    shifted: set[str] = set()
    summed: set[str] = set()
    otherwise: set[str] = set()
    for tree in draft.trees:
        for node in walk(tree):
            if isinstance(node, BigOperator) and node.operator == r"\sum":
                own = summed_letters(node.lower)
                within = [pair for part in walk(node.body) for pair in _calls(part)]
                shifts = [places for _, places in within if any(_shifted_by(place, own) for place in places)]
                if shifts:
                    summed |= own
                    shifted |= {letter for places in shifts for place in places for letter in letters_in(place)}
            for base, places in _calls(node):
                called.setdefault(base, []).append(places)
            for base in _called_otherwise(node):
                otherwise.add(base)
    letters = shifted | summed
    if not letters:
        return frozenset()
    return frozenset(
        base
        for base, all_places in called.items()
        if base not in otherwise
        and any(letters_in(place) & letters for places in all_places for place in places)
        and all(letters_in(place) <= letters for places in all_places for place in places)
        and len({len(places) for places in all_places}) == 1
    )


def _shifted_by(place: Node, letters: frozenset[str]) -> bool:
    found = linear_place(place, frozenset())
    return found is not None and len(found[0]) > 1 and bool(letters & found[0].keys())


def _calls(node: Node) -> Iterator[tuple[str, tuple[Node, ...]]]:
    if not isinstance(node, Product):
        return
    for (_, name), (sign, places) in zip(node.factors, node.factors[1:], strict=False):
        base = base_latex(name) if isinstance(name, Symbol | Styled) else None
        if base is not None and sign == "" and isinstance(places, Fenced) and places.left in "([":
            items = places.body.items if isinstance(places.body, Sequence) else (places.body,)
            if all(linear_place(item, frozenset()) is not None for item in items):
                yield base, items


def _called_otherwise(node: Node) -> Iterator[str]:
    """The letters of functions: with primes, or with something in the parentheses behind them that is no place."""
    if isinstance(node, Product):
        known = {base for base, _ in _calls(node)}
        for (_, name), (sign, places) in zip(node.factors, node.factors[1:], strict=False):
            own = name.base if isinstance(name, Scripted) else name
            base = base_latex(own)
            if (
                base is not None
                and sign == ""
                and isinstance(places, Fenced)
                and (own is not name or base not in known)
            ):
                yield base


@dataclass
class _AsSubscripts:
    bases: frozenset[str]
    said: dict[Node, Node] = field(default_factory=dict)

    def put(self, node: Node) -> Node:
        if not isinstance(node, Product):
            return node
        factors: list[tuple[str, Node]] = []
        for sign, factor in node.factors:
            name = factors[-1][1] if factors else None
            if (
                sign == ""
                and isinstance(factor, Fenced)
                and factor.left in "(["
                and isinstance(name, Symbol | Styled)
                and base_latex(name) in self.bases
            ):
                named = Scripted(name, factor.body, span=name.span)
                self.said[named] = Product((("", name), ("", factor)), span=name.span)
                factors[-1] = factors[-1][0], named
                continue
            factors.append((sign, factor))
        if len(factors) == len(node.factors):
            return node
        return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))
