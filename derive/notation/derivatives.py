r"""Derivatives in all their spellings: `\frac{\partial L}{\partial W}`, `dL/dz`, `\nabla_\theta J`, `\partial_w l`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.notation.lexer import STARTS, Token
from derive.notation.scripts import Scripts
from derive.notation.tree import Derivative, Differential, Fraction, Node, Number, Product, Scripted, Styled, Symbol

if TYPE_CHECKING:
    from derive.notation.parser import Parser


def over_slash(parser: Parser, factors: list[tuple[str, Node]]) -> bool:
    r"""Turn the last factor and what follows the slash into a derivative, if they are `\partial L / \partial W`."""
    sign, above = factors[-1]
    if isinstance(above, Differential) and parser.token.kind == "partial" and sign != "/" and above.body is not None:
        below = partial(parser, single=True)
        derivative = _over(parser, above, below, "slash") if isinstance(below, Differential) else None
        if derivative is None:
            factors.append(("/", below))
            return True
        factors[-1] = (sign, derivative)
        return True
    if len(factors) >= 2 and sign == "" and factors[-2][0] != "/" and _is_letter_d(factors[-2][1]):
        token, after = parser.token, parser.tokens[parser.at + 1]
        if is_d(parser, token) and after.kind in STARTS:
            parser.take()
            variable = parser.factor()
            before = factors[-2]
            span = (before[1].span[0], variable.span[1])
            factors[-2:] = [(before[0], Derivative("d", above, (variable,), "slash", span=span))]
            return True
    return False


def begins(parser: Parser) -> bool:
    token = parser.token
    if token.kind in ("partial", "nabla"):
        return True
    if token.kind == "letter" or token.kind == "upright" or token.kind == "style":
        return parser.differentials and is_d(parser, token)
    return token.kind == "frac" and (_total_fraction(parser) or _partial_fraction(parser))


def _partial_fraction(parser: Parser) -> bool:
    above = parser.at + 1
    if parser.tokens[above].kind != "group" or parser.tokens[above + 1].kind != "partial":
        return False
    below = parser.partner[above] + 1
    return parser.tokens[below].kind == "group" and parser.tokens[below + 1].kind == "partial"


def is_d(parser: Parser, token: Token) -> bool:
    at = parser.at if token is parser.token else -1
    if token.kind == "letter" or token.kind == "upright":
        return token.text == "d"
    return token.kind == "style" and at >= 0 and _upright_d(parser, at) > 0


def _upright_d(parser: Parser, at: int) -> int:
    r"""How many tokens `d`, `\mathrm{d}` or `\mathrm d` takes at this index; 0 if it is none of them."""
    tokens = parser.tokens
    if tokens[at].kind in ("letter", "upright"):
        return 1 if tokens[at].text == "d" else 0
    if tokens[at].kind == "style" and tokens[at].text == "upright":
        if tokens[at + 1].text == "d":
            return 2
        if tokens[at + 1].kind == "group" and tokens[at + 2].text == "d" and tokens[at + 3].kind == "endgroup":
            return 4
    return 0


def _total_fraction(parser: Parser) -> bool:
    r"""Whether the `\frac` that begins here is `\frac{d..}{d..}`."""
    above = parser.at + 1
    tokens = parser.tokens
    if tokens[above].kind == "group":
        length = _upright_d(parser, above + 1)
        below = parser.partner[above] + 1
        after = tokens[above + 1 + length]
    else:
        length = _upright_d(parser, above)
        below = above + length
        after = Token("endgroup", "", 0, 0)
    if not length or after.kind == "sub" or tokens[below].kind != "group":
        return False
    if after.kind == "sup" and not _order_follows(parser, above + 1 + length):
        return False
    inside = below + 1
    if tokens[inside].kind == "name" and len(tokens[inside].text) == 2 and tokens[inside].text[0] == "d":
        return True
    length = _upright_d(parser, inside)
    return length > 0 and tokens[inside + length].kind in STARTS


def _order_follows(parser: Parser, at: int) -> bool:
    """Whether a whole number stands in the superscript, and something after it or nothing at all."""
    at += 1
    if parser.tokens[at].kind == "group":
        at += 1
    return parser.tokens[at].kind in ("number", "letter")


def total(parser: Parser) -> Node:
    first = parser.at
    parser.at += _upright_d(parser, first)
    return _differential(parser, "d", first, single=False)


def partial(parser: Parser, *, single: bool = False) -> Node:
    r"""`\partial L`, or with a subscript the derivative `\partial_w l`."""
    first = parser.at
    parser.take()
    if parser.token.kind == "sub":
        return _subscripted(parser, r"\partial", first)
    return _differential(parser, r"\partial", first, single=single)


def _differential(parser: Parser, symbol: str, first: int, *, single: bool) -> Node:
    scripts = Scripts(parser)
    order = 1
    if scripts.read():
        if (
            scripts.sub is None
            and not scripts.primes
            and isinstance(scripts.sup, Number)
            and scripts.sup.text.isdigit()
        ):
            order = int(scripts.sup.text[:3])
        else:
            return scripts.on(Symbol(symbol, span=parser.span(first)), parser.span(first))
    body = None
    if parser.starts(parser.token) and not begins(parser):
        body = parser.deeper(parser.factor) if single else parser.run(functions=True)
    return Differential(symbol, body, order, span=parser.span(first))


def nabla(parser: Parser) -> Node:
    first = parser.at
    parser.take()
    return _subscripted(parser, r"\nabla", first)


def _subscripted(parser: Parser, symbol: str, first: int) -> Node:
    scripts = Scripts(parser)
    scripts.read()
    bare = Symbol(symbol, span=(parser.tokens[first].start, parser.tokens[first].end))
    order = 1
    if isinstance(scripts.sup, Number) and scripts.sup.text in ("2", "3", "4") and scripts.sub is not None:
        order = int(scripts.sup.text)
    elif scripts.sup is not None or scripts.primes:
        return scripts.on(bare, parser.span(first))
    if not parser.starts(parser.token) or scripts.primes:
        return scripts.on(bare, parser.span(first)) if scripts.read_any else bare
    operand = parser.run(functions=True)
    variables = (scripts.sub,) * order if scripts.sub is not None else ()
    return Derivative(symbol, operand, variables, "subscript", span=parser.span(first))  # type: ignore[arg-type]


def fraction(parser: Parser, first: int) -> Node:
    parser.at = first
    differentials = _total_fraction(parser)
    parser.at = first + 1
    above = parser.needed("a numerator", differentials=differentials)
    below = parser.needed("a denominator", differentials=differentials)
    plain = Fraction(above, below, span=parser.span(first))
    if not isinstance(above, Differential):
        return plain
    derivative = _over(parser, above, below, "fraction")
    if derivative is not None and above.body is not None:
        return replace(derivative, span=parser.span(first))
    scaled = _scaled(parser, above, below) if derivative is None else None
    if scaled is not None:
        return scaled
    if derivative is None or not parser.starts(parser.token):
        return plain
    operand = parser.run(functions=True)
    return replace(derivative, operand=operand, style="operator", span=parser.span(first))


def _scaled(parser: Parser, above: Differential, below: Node) -> Node | None:
    r"""`\frac{\partial L}{T \, \partial W}` is a derivative over T."""
    if not isinstance(below, Product) or above.body is None or above.order != 1:
        return None
    plain = [(sign, part) for sign, part in below.factors if not isinstance(part, Differential)]
    by = [part for _, part in below.factors if isinstance(part, Differential)]
    if len(by) != 1 or not plain or any(sign not in ("", r"\cdot", r"\,", r"\times") for sign, _ in below.factors):
        return None
    derivative = _over(parser, above, by[0], "fraction")
    if derivative is None:
        return None
    others = plain[0][1] if len(plain) == 1 else replace(below, factors=(("", plain[0][1]), *plain[1:]))
    return Fraction(derivative, others, span=(above.span[0], below.span[1]))


def _over(parser: Parser, above: Differential, below: Node, style: str) -> Derivative | None:
    """The derivative with these differentials; None if they do not make one."""
    parts = below.factors if isinstance(below, Product) else (("", below),)
    variables: list[Node] = []
    for sign, part in parts:
        if sign or not isinstance(part, Differential) or part.body is None or part.order != 1:
            return None
        if part.symbol != above.symbol:
            return None
        variable, count = part.body, 1
        if (
            above.order > 1
            and isinstance(variable, Scripted)
            and isinstance(variable.sup, Number)
            and variable.sup.text.isdigit()
            and len(variable.sup.text) < 3
            and 1 < int(variable.sup.text) <= above.order
        ):
            count = int(variable.sup.text)
            inner = replace(variable, sup=None)
            variable = inner if inner.sub is not None or inner.primes else inner.base
        variables.extend([variable] * count)
    if len(variables) != above.order:
        return None
    operand = above.body if above.body is not None else above
    span = (above.span[0], below.span[1])
    return Derivative(above.symbol, operand, tuple(variables), style, span=span)  # type: ignore[arg-type]


def _is_letter_d(node: Node) -> bool:
    return node == Symbol("d") or node == Styled("upright", Symbol("d"))
