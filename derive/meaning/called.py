r"""Names with parentheses behind them, wherever they stand: `f(x)`, `S_j(a)`, `\mathrm{LS}(l)_k`, `[f(x)]_i`, `p(k \mid x)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, is_dataclass, replace

from derive.meaning.calls import given_beside
from derive.meaning.naming import part_names, rebuilt, walk
from derive.notation.tree import (
    Accented,
    Applied,
    Fenced,
    Node,
    Product,
    Scripted,
    Sequence,
    Styled,
    Symbol,
    Word,
)

FENCES = frozenset({"(", "["})


@dataclass(frozen=True)
class Called:
    """A name as it stands in front of parentheses, what they hold, and what stands behind them: an entry of the whole, a power.
    `fence` is the parentheses as they are written."""

    head: Node
    arguments: tuple[Node, ...]
    entry: Node | None = None
    sup: Node | None = None
    span: tuple[int, int] = (-1, -1)
    fence: Node | None = None


Change = Callable[[Called], Node | None]
"""What takes a call's place, without its power; None to leave it."""


def lone_call(node: Node) -> Called | None:
    """A formula that is a call and nothing else."""
    match node:
        case Product(factors=((_, head), ("", argument))):
            return _joined(head, argument)
        case Applied(function=Word() | Scripted() as function, argument=argument):
            return _joined(function, argument)
        case Scripted(base=Fenced(left="(" | "[", body=body), sub=Node() as sub, sup=sup, primes=0):
            inner = lone_call(body)
            plain = inner is not None and inner.entry is None and inner.sup is None
            return replace(inner, entry=sub, sup=sup) if inner is not None and plain else None
    return None


def _joined(head: Node, argument: Node) -> Called | None:
    if not isinstance(head, Symbol | Styled | Accented | Scripted | Word):
        return None
    entry = sup = None
    if isinstance(argument, Scripted) and not argument.primes:
        entry, sup, argument = argument.sub, argument.sup, argument.base
    if not isinstance(argument, Fenced) or argument.left not in FENCES:
        return None
    told = given_beside(argument)
    assert isinstance(told, Fenced)
    arguments = told.body.items if isinstance(told.body, Sequence) else (told.body,)
    return Called(head, arguments, entry, sup, (head.span[0], argument.span[1]), argument)


def calls_in(trees: Iterable[Node]) -> Iterator[Called]:
    """All calls; a name beside parentheses may be a product too, which only the names tell."""
    for tree in trees:
        for node in walk(tree):
            found = lone_call(node)
            if found is not None:
                yield found
            elif isinstance(node, Product):
                for (_, head), (sign, argument) in zip(node.factors, node.factors[1:], strict=False):
                    if sign == "" and (found := _joined(head, argument)) is not None:
                        yield found


def with_calls(part: object, change: Change) -> object:
    """A part of a formula with its calls changed, the inner ones first."""
    if isinstance(part, tuple):
        return tuple(with_calls(each, change) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Product):
        return _in_product(part, change)
    if isinstance(part, Scripted | Applied):
        found = lone_call(part)
        if found is not None and (new := _changed(found, change)) is not None:
            return new
    return rebuilt(part, lambda each: with_calls(each, change))


def _changed(found: Called, change: Change) -> Node | None:
    arguments: tuple[Node, ...] = with_calls(found.arguments, change)  # type: ignore[assignment]
    new = change(replace(found, arguments=arguments))
    return None if new is None else _raised(new, found.sup)


def _raised(node: Node, sup: Node | None) -> Node:
    if sup is None:
        return node
    if isinstance(node, Scripted) and node.sup is None and not node.primes and not isinstance(node.base, Fenced):
        return replace(node, sup=sup)
    scripted = isinstance(node, Symbol | Styled | Word)
    return Scripted(node if scripted else Fenced("(", node, ")", span=node.span), None, sup, span=node.span)


def _in_product(node: Product, change: Change) -> Node:
    factors: list[tuple[str, Node]] = []
    place = 0
    while place < len(node.factors):
        sign, factor = node.factors[place]
        following = node.factors[place + 1] if place + 1 < len(node.factors) else None
        found = _joined(factor, following[1]) if following is not None and following[0] == "" else None
        new = None if found is None else _changed(found, change)
        called = new is not None or lone_call(factor) is not None
        place += 1 if new is None else 2
        new = with_calls(factor, change) if new is None else new  # type: ignore[assignment]
        behind = node.factors[place] if place < len(node.factors) else None
        if called and new is not factor and behind is not None and behind[0] == "" and fenced(behind[1]):
            # what is left of the call must not be taken for another one
            new = Fenced("(", new, ")", span=factor.span)  # type: ignore[arg-type]
        factors.append((sign, new))  # type: ignore[arg-type]
    if all(new is old for (_, new), (_, old) in zip(factors, node.factors, strict=False)):
        return node
    return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))


def fenced(node: Node) -> bool:
    """Whether it is in parentheses, whatever is behind them."""
    return isinstance(node.base if isinstance(node, Scripted) else node, Fenced)


def letters_of(part: object) -> tuple[set[str], set[str]]:
    """The letters that stand in subscripts, and those that stand anywhere else."""
    below: set[str] = set()
    others: set[str] = set()
    stack: list[tuple[object, bool]] = [(part, False)]
    while stack:
        each, inside = stack.pop()
        if isinstance(each, Symbol):
            (below if inside else others).add(each.text)
        elif isinstance(each, Scripted):
            stack += [(each.base, inside), (each.sub, True), (each.sup, inside)]
        elif isinstance(each, tuple):
            stack += [(one, inside) for one in each]
        elif isinstance(each, Node):
            stack += [(getattr(each, name), inside) for name in part_names(type(each))]
    return below, others
