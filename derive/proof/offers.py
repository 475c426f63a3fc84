"""What a page offers for changes: its names, functions, factors and terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from derive.algebra.names import Name
from derive.meaning.naming import TRANSPOSES, base_latex, is_transpose, walk, written
from derive.notation.tree import (
    Applied,
    Fenced,
    Fraction,
    Node,
    Number,
    Product,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
    Word,
)


@dataclass(frozen=True)
class Page:
    """What a page offers for changes: its sign of transposition, names, functions, factors and terms, in the order of reading."""

    transpose: Node
    names: tuple[Node, ...]
    functions: tuple[Node, ...]
    factors: tuple[Node, ...]
    terms: tuple[Node, ...]
    operators: tuple[Node, ...] = ()
    """Functions that stand before their argument without parentheses, such as a logarithm."""
    entries: tuple[Node, ...] = ()
    """Names with their index letters, as they stand on the page."""


def page_names(trees: Iterable[Node]) -> Iterator[Node]:
    """The names on a page as they are written, without entries, transpositions and primes."""
    for tree in trees:
        for node in walk(tree):
            if is_name(node):
                yield bare(node)


def page_of(trees: Iterable[Node], defined: Callable[[Name], bool]) -> Page:
    """What the formulas of a page offer; names that are defined there before names that are given."""
    transposes: dict[Node, None] = {}
    names: dict[Node, None] = {}
    functions: dict[Node, None] = {}
    factors: dict[Node, None] = {}
    terms: dict[Node, None] = {}
    operators: dict[Node, None] = {}
    entries: dict[Node, None] = {}
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, Scripted) and node.sup is not None and is_transpose(node.sup):
                transposes[node.sup] = None
            if is_name(node):
                names[bare(node)] = None
                if isinstance(node, Scripted) and not isinstance(node.sub, Number | Word | None):
                    entries[node] = None
            if isinstance(node, Applied):
                operators[node.function] = None
            if isinstance(node, Product):
                for (_, first), (sign, second) in zip(node.factors, node.factors[1:], strict=False):
                    if sign == "" and isinstance(second, Fenced) and second.left == "(" and is_name(first):
                        functions[unprimed(first)] = None
                        factors[Product((("", first), ("", second)))] = None
                for _, factor in node.factors:
                    if isinstance(factor, Fraction | Number) or (
                        isinstance(factor, Fenced) and isinstance(factor.body, Sum)
                    ):
                        factors[factor] = None
            if isinstance(node, Sum):
                for _, term in node.terms[1:]:
                    terms[term] = None
    transpose = next(iter(transposes), Symbol("T"))
    plain = [name for name in names if base_latex(name) not in TRANSPOSES and name not in functions]
    plain.sort(key=lambda name: not defined(_name(name)))
    return Page(
        transpose, tuple(plain), tuple(functions), tuple(factors), tuple(terms), tuple(operators), tuple(entries)
    )


def _name(node: Node) -> Name:
    found = written(node)
    assert found is not None
    return found.name


def renamed(node: Node, name: Node) -> Node:
    """Another name in the place of one, with its entries and its transposition."""
    if isinstance(node, Scripted) and node.sub is not None and entry_letters(node.sub):
        return Scripted(name.base, node.sub, name.sup) if isinstance(name, Scripted) else Scripted(name, node.sub)
    if isinstance(node, Scripted) and node.sup is not None and is_transpose(node.sup):
        return Scripted(Fenced("(", name, ")") if isinstance(name, Scripted) else name, sup=node.sup)
    return name


def is_name(node: Node) -> bool:
    if not isinstance(node, Symbol | Styled | Scripted):
        return False
    found = written(node)
    return found is not None and found.power is None


def bare(node: Node) -> Node:
    """A name without transposition, entries and primes."""
    if isinstance(node, Scripted):
        sup = None if node.sup is not None and is_transpose(node.sup) else node.sup
        sub = node.sub if isinstance(node.sub, Number | Word) else None
        base = bare(node.base) if isinstance(node.base, Scripted) else node.base
        return base if sup is None and sub is None else Scripted(base, sub, sup)
    return node


def unprimed(node: Node) -> Node:
    return node.base if isinstance(node, Scripted) and node.primes and node.sub is None and node.sup is None else node


def entry_letters(sub: Node) -> list[str]:
    parts = (
        sub.items if isinstance(sub, Sequence) else [f for _, f in sub.factors] if isinstance(sub, Product) else [sub]
    )
    return (
        [part.text for part in parts if isinstance(part, Symbol)] if all(isinstance(p, Symbol) for p in parts) else []
    )
