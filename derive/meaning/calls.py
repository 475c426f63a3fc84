r"""Values that are written with what they depend on: `L(w, b) = ...`, `h_\theta(x) = ...`, `f(x) = \|Ax - b\|^2`.

Where such a name is no function of one number, the parentheses only remind the reader: `L(w, b)` is the value L, and `\nabla_w L`
speaks of the same. The reminder is taken off before anything else is read; the name at other arguments keeps it, and is not
understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass, replace

from derive.algebra.functions import NOTATION
from derive.meaning.naming import base_latex, exchanged, part_names, rebuilt, walk, written
from derive.notation.tree import (
    Accented,
    Applied,
    BigOperator,
    Derivative,
    Fenced,
    Node,
    Number,
    Product,
    Relations,
    Scripted,
    Sequence,
    Styled,
    Symbol,
    Word,
)

KNOWN_WORDS = frozenset(
    {*NOTATION, "softmax", "diag", "diagonal", "tr", "trace", "det", "rank", "vec", "max", "min", "prod", "sum"}
)
"""Functions that a page need not define: what it says of their values, it claims."""

Calls = Mapping[Node, Node]
"""A name as it is called to the arguments it is called with where it is defined."""


def call(node: Node) -> tuple[Node, Node] | None:
    """A name and what it is called with, where all of it are names: `L(w, b)`, `h_\\theta(x)`, `\\operatorname{loss}(w)`."""
    match node:
        case Product(
            factors=((_, Symbol() | Styled() | Accented() | Scripted() as head), ("", Fenced(left="(", body=body)))
        ):
            pass
        case Applied(function=Word() as head, argument=Fenced(left="(", body=body)):
            pass
        case _:
            return None
    arguments = body.items if isinstance(body, Sequence) else (body,)
    found = written(head)
    if found is None or found.primes or found.power is not None or found.transposed:
        return None
    for argument in arguments:
        name = written(argument)
        if name is None or name.transposed or name.primes:
            return None
        if name.power is not None and (len(arguments) == 1 or not isinstance(name.power, Number)):
            return None  # `p(y, \sigma^2)` reminds of a variance, `f(x^2)` does not
    return head, body


def given_beside(node: Node) -> Node:
    r"""`p(y \mid \mu, s)` with its arguments in one list."""
    if not isinstance(node, Fenced) or node.left != "(":
        return node
    first, *rest = node.body.items if isinstance(node.body, Sequence) else (node.body,)
    if not isinstance(first, Relations) or first.first is None or len(first.rest) != 1 or first.rest[0][0] not in BARS:
        return node
    items = (first.first, first.rest[0][1], *rest)
    return replace(node, body=Sequence(items, (",",) * (len(items) - 1), span=node.body.span))


BARS = frozenset({r"\mid", "|", r"\vert", r"\,|\,"})
"""What stands between what a density is of and what it is given."""


def uncalled(part: Node, calls: Calls) -> Node:
    """A formula with the reminders taken off."""
    return _rewritten(part, calls)  # type: ignore[return-value]


def _rewritten(part: object, calls: Calls) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, calls) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Applied):
        found = call(part)
        if found is not None and calls.get(found[0]) == found[1]:
            return plain(found[0])
        raised = _applied_and_raised(part, calls)
        if raised is not None:
            return raised
    if isinstance(part, Product):
        part = _product(part, calls)
    elif isinstance(part, Scripted) and not part.primes and calls.get(replace(part, sup=None)) is not None:
        return plain(part)
    if isinstance(part, Derivative):
        # `\partial L / \partial w` and `\partial L(w, b) / \partial w` speak of the same L
        operand = part.operand
        part = replace(part, operand=plain(operand) if operand in calls else operand)
    return rebuilt(part, lambda each: _rewritten(each, calls))


def _applied_and_raised(node: Applied, calls: Calls) -> Node | None:
    r"""A power of a value that is called: `\\operatorname{RMS}(x)^2`."""
    match node.argument:
        case Scripted(base=Fenced() as arguments, sub=None, sup=Node() as sup, primes=0):
            found = call(replace(node, argument=arguments))
            if found is not None and calls.get(found[0]) == found[1]:
                return Scripted(plain(found[0]), None, sup, span=node.span)
    return None


def _product(node: Product, calls: Calls) -> Product | Node:
    factors: list[tuple[str, Node]] = []
    skip = False
    for number, ((sign, factor), following) in enumerate(zip(node.factors, (*node.factors[1:], None), strict=True)):
        if skip:
            skip = False
            continue
        if factor in calls and following is not None and _reminds(following, calls[factor], calls):
            after = following_at(node, number + 2)
            name = plain(factor)
            # `h(x)(1 - h(x))` is a product: what is left of the first must not be taken for a call of it
            factors.append((sign, Fenced("(", name, ")", span=factor.span) if isinstance(after, Fenced) else name))
            skip = True
        elif factor in calls and following is not None and (raised := _raised(following, calls[factor])) is not None:
            factors.append((sign, replace(raised, base=Fenced("(", plain(factor), ")", span=factor.span))))
            skip = True
        else:
            factors.append((sign, factor))
    if len(factors) == 1:
        return factors[0][1]
    return replace(node, factors=tuple(factors))


def called_at(part: Node, calls: Calls, bodies: Calls) -> Node:
    r"""A formula with `h_\theta(x^{(i)})`, where `h_\theta(x) = g(\theta^\top x)`, written out: `g(\theta^\top x^{(i)})`."""
    return _called_at(part, calls, bodies, 0)  # type: ignore[return-value]


_MOST_NESTED = 4


def _called_at(part: object, calls: Calls, bodies: Calls, depth: int) -> object:
    if isinstance(part, tuple):
        return tuple(_called_at(each, calls, bodies, depth) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Product) and depth < _MOST_NESTED:
        factors: list[tuple[str, Node]] = []
        for sign, factor in part.factors:
            before = factors[-1][1] if factors else None
            body = bodies.get(before) if before is not None and sign == "" and isinstance(factor, Fenced) else None
            if body is not None and before is not None and isinstance(factor, Fenced) and factor.left == "(":
                given = _given(calls[before], factor.body)
                if factor.body != calls[before] and given is not None and not _captured(body, factor.body):
                    inside = _called_at(exchanged(body, given), calls, bodies, depth + 1)
                    factors[-1] = (factors[-1][0], Fenced("(", inside, ")", span=factor.span))  # type: ignore[arg-type]
                    continue
            factors.append((sign, factor))
        if tuple(factors) != part.factors:
            changed = factors[0][1] if len(factors) == 1 else replace(part, factors=tuple(factors))
            return _called_at(changed, calls, bodies, depth)
    return rebuilt(part, lambda each: _called_at(each, calls, bodies, depth))


def _given(parameters: Node, arguments: Node) -> dict[Node, Node] | None:
    """What each parameter stands for in a call; None where there are more or fewer arguments."""
    if not isinstance(parameters, Sequence):
        return None if isinstance(arguments, Sequence) else {parameters: arguments}
    if not isinstance(arguments, Sequence) or arguments.separators != parameters.separators:
        return None
    given = dict(zip(parameters.items, arguments.items, strict=True))
    return given if len(given) == len(parameters.items) else None


def bare_names(part: object) -> Iterator[Node]:
    """The nodes of a formula that are not called with something."""
    if isinstance(part, tuple):
        for each in part:
            yield from bare_names(each)
    elif isinstance(part, Product):
        followed = [*part.factors[1:], None]
        for (_, factor), following in zip(part.factors, followed, strict=True):
            called = following is not None and following[0] == "" and isinstance(following[1], Fenced)
            if not called:
                yield from bare_names(factor)
    elif isinstance(part, Node):
        yield part
        for name in part_names(type(part)):
            yield from bare_names(getattr(part, name))


def _captured(body: Node, argument: Node) -> bool:
    """Whether a sum in the body counts with a letter of the argument."""
    counted = {node for sum_ in walk(body) if isinstance(sum_, BigOperator) for node in walk(sum_.lower)}
    return any(node in counted for node in walk(argument) if isinstance(node, Symbol))


def following_at(node: Product, place: int) -> Node | None:
    """The factor at that place where it stands there without a sign."""
    if place >= len(node.factors) or node.factors[place][0] != "":
        return None
    return node.factors[place][1]


def _reminder(following: tuple[str, Node], arguments: Node) -> bool:
    sign, node = following
    return sign == "" and isinstance(node, Fenced) and node.left == "(" and node.body == arguments


def _reminds(following: tuple[str, Node], arguments: Node, calls: Calls) -> bool:
    r"""`u(x, v)` reminds of what u depends on, and so does `u(x, v(x))`."""
    if _reminder(following, arguments):
        return True
    several = isinstance(arguments, Sequence) and isinstance(following[1], Fenced)
    return several and _reminder((following[0], _rewritten(following[1], calls)), arguments)  # type: ignore[arg-type]


def _raised(following: tuple[str, Node], arguments: Node) -> Scripted | None:
    """The `(x)^{-1}` of `Y(x)^{-1}`, which is the inverse of Y(x)."""
    sign, node = following
    scripted = isinstance(node, Scripted) and sign == "" and _reminder(("", node.base), arguments)
    return node if scripted and isinstance(node, Scripted) else None


def plain(head: Node) -> Node:
    r"""The name of a value that is called; the subscript of `h_\theta` is part of it."""
    if isinstance(head, Scripted) and head.sub is not None and head.sup is None:
        below: str | None = base_latex(head.sub)
        if isinstance(head.sub, Sequence) and all(base_latex(item) for item in head.sub.items):
            below = ",".join(base_latex(item) or "" for item in head.sub.items)  # `h_{W,b}(x)`
        base = base_latex(head.base)
        if base is not None and below is not None:
            return Symbol(f"{base}_{{{below}}}", span=head.span)
    return head
