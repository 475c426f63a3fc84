r"""Gradients that leave out by what: `\nabla f(x)` and `\nabla^2 f(x)` are taken by x, `\nabla E` by what E is a function of.

`\nabla E` on a page that defines `E(w)`, and `\nabla^2 (a^\top x)^2` on a page where all functions are functions of x, are as
plain.
"""

from __future__ import annotations

from dataclasses import replace

from derive.meaning.called import Called, calls_in, with_calls
from derive.meaning.calls import Calls
from derive.meaning.draft import Draft
from derive.meaning.naming import is_transpose, rebuilt, written
from derive.meaning.shapes import is_loss
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Derivative, Fenced, Node, Number, Product, Scripted, Symbol

_NABLA = Symbol(r"\nabla")


def with_variables(part: Node, calls: Calls) -> Node:
    """A formula in which gradients say by what they are taken."""
    arguments = {argument for argument in calls.values() if _is_name(argument)}
    lone = next(iter(arguments)) if len(arguments) == 1 else None
    return _rewritten(part, calls, lone)  # type: ignore[return-value]


def _is_name(node: Node) -> bool:
    found = written(node)
    return found is not None and found.power is None and not (found.transposed or found.primes or found.entries)


def _rewritten(part: object, calls: Calls, lone: Node | None) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, calls, lone) for each in part)
    if not isinstance(part, Node):
        return part
    if isinstance(part, Derivative) and (turned := _transposed(part, calls)) is not None:
        part = turned
    elif isinstance(part, Derivative) and part.symbol == r"\nabla" and not part.variables:
        by = _argument(part.operand, calls, lone)
        part = part if by is None else replace(part, variables=(by,))
    elif isinstance(part, Product):
        part = _with_slopes(part, calls)
        part = _with_hessian(part, calls, lone) if isinstance(part, Product) else part
    return rebuilt(part, lambda each: _rewritten(each, calls, lone))


def _with_slopes(node: Product, calls: Calls) -> Node:
    r"""A product in which the slopes of values that are called, `\ell'(\theta)`, are derivatives by the argument."""
    factors: list[tuple[str, Node]] = []
    for sign, factor in node.factors:
        slope = _slope(factors[-1][1], factor, calls) if factors and sign == "" else None
        if slope is None:
            factors.append((sign, factor))
        else:
            factors[-1] = factors[-1][0], slope
    if len(factors) == len(node.factors):
        return node
    return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))


def _slope(head: Node, arguments: Node, calls: Calls) -> Node | None:
    sup: Node | None = None
    if isinstance(arguments, Scripted) and arguments.sub is None and not arguments.primes:
        sup, arguments = arguments.sup, arguments.base
    if not isinstance(head, Scripted) or not head.primes or head.sup is not None:
        return None
    value: Node = replace(head, primes=0) if head.sub is not None else head.base
    own = calls.get(value)
    if own is None or not _is_name(own) or not isinstance(arguments, Fenced) or arguments.body != own:
        return None
    slope = Derivative(r"\partial", value, (own,) * head.primes, span=head.span)
    return slope if sup is None else Scripted(Fenced("(", slope, ")", span=head.span), None, sup, span=head.span)


def tell_slopes_of_losses(draft: Draft) -> None:
    r"""`L'(w)` where the page says what the loss L is: its derivative by w, on whatever way L depends on it."""
    defined = {
        each.statement.left
        for each in draft.placed
        if each.statement.right is not None and each.statement.relation in EQUALITIES and not each.statement.link
        if (name := written(each.statement.left)) is not None and is_loss(name.name)
    }
    defined -= {call.head for call in calls_in(draft.trees)}

    def change(call: Called) -> Node | None:
        head = call.head
        if not isinstance(head, Scripted) or not head.primes or head.sup is not None or call.entry is not None:
            return None
        value: Node = replace(head, primes=0) if head.sub is not None else head.base
        if value not in defined or len(call.arguments) != 1 or not _is_name(call.arguments[0]):
            return None
        return Derivative(r"\partial", value, call.arguments * head.primes, span=call.span)

    if defined:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: with_calls(side, change)))
            for each in draft.placed
        )


def _transposed(node: Derivative, calls: Calls) -> Node | None:
    r"""`\nabla f(x)^\top` is the gradient of the value f, lying down."""
    match node:
        case Derivative(
            symbol=r"\nabla",
            operand=Product(
                factors=((sign, head), ("", Scripted(base=Fenced() as body, sub=None, sup=Node() as sup, primes=0)))
            ),
        ) if head in calls and is_transpose(sup):
            standing = replace(node, operand=Product(((sign, head), ("", body)), span=node.operand.span))
            return Scripted(Fenced("(", standing, ")", span=node.span), None, sup, span=node.span)
    return None


def _argument(operand: Node, calls: Calls, lone: Node | None) -> Node | None:
    """What the operand of a gradient is a function of."""
    match operand:
        case Product(factors=((_, head), ("", Fenced(left="(", body=body)))) if _is_name(head):
            return body if _is_name(body) and (head in calls or body == lone) else None
    own = calls.get(operand)
    if own is not None:
        return own if _is_name(own) else None
    return None if _is_name(operand) else lone


def _with_hessian(node: Product, calls: Calls, lone: Node | None) -> Node:
    r"""A product with `\nabla^2` in it; what follows, a call or one factor, is what it is taken of."""
    for place, (sign, factor) in enumerate(node.factors[:-1]):
        if not isinstance(factor, Scripted) or factor.base != _NABLA or factor.sup != Number("2") or factor.sub:
            continue
        following = node.factors[place + 1 :]
        if any(each_sign for each_sign, _ in following[:1]):
            continue
        called = len(following) > 1 and following[1][0] == "" and isinstance(following[1][1], Fenced)
        taken = 2 if called and _is_name(following[0][1]) else 1
        operand = Product(following[:taken]) if taken == 2 else following[0][1]
        by = _argument(operand, calls, lone)
        if by is None:
            continue
        hessian = Derivative(r"\nabla", operand, (by, by), "subscript", span=factor.span)
        factors = (*node.factors[:place], (sign, hessian), *following[taken:])
        return factors[0][1] if len(factors) == 1 else replace(node, factors=factors)
    return node
