r"""What one factor is made of: delimiters, roots, fonts, functions and large operators with what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.notation.errors import MalformedNotation, UnsupportedNotation
from derive.notation.lexer import SWITCHES, Token
from derive.notation.scripts import Scripts
from derive.notation.tree import (
    Applied,
    BigOperator,
    Differential,
    Fenced,
    Node,
    Number,
    Root,
    Styled,
    Sum,
    Symbol,
    Word,
)

if TYPE_CHECKING:
    from derive.notation.parser import Parser


_MATES = {r"\{": r"\}", r"\langle": r"\rangle", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
_CALLS = frozenset({"(", "[", r"\{"})


def fence(parser: Parser, token: Token, first: int) -> Node:
    outer, parser.differentials = parser.differentials, False
    body = parser.statement()
    parser.differentials = outer
    closing = parser.token
    mates = {"(": ")]", "[": ")]"}.get(token.text)
    fits = closing.text in mates if mates else closing.text == _MATES.get(token.text, token.text)
    if closing.kind != "close" or not fits:
        raise MalformedNotation(f"{token.text} is not closed", token.start)
    parser.take()
    return Fenced(token.text, body, closing.text, span=parser.span(first))


def sized_fence(parser: Parser, token: Token, first: int) -> Node:
    outer, parser.differentials = parser.differentials, False
    body = parser.statement()
    parser.differentials = outer
    closing = parser.expect("right", r"\right")
    return Fenced(token.text, body, closing.text, span=parser.span(first))


def root(parser: Parser, first: int) -> Node:
    degree = None
    if parser.token.kind == "open" and parser.token.text == "[":
        parser.take()
        degree = parser.statement()
        if parser.token.text != "]":
            raise MalformedNotation("] is missing", parser.token.start)
        parser.take()
    body = parser.needed("a root")
    return Root(body, degree, span=parser.span(first))


def styled(parser: Parser, token: Token, first: int) -> Node:
    if token.raw in SWITCHES and parser.token.kind != "group":
        body: Node | None = parser.run(functions=True)
    else:
        body = parser.argument()
    if body is None:
        raise MalformedNotation(f"the argument of \\{token.raw} is empty", token.start)
    if isinstance(body, Number) and len(body.text) == 1:
        body = Symbol(body.text, span=body.span)
    return Styled(token.text, body, span=parser.span(first))  # type: ignore[arg-type]


def body(parser: Parser, token: Token, first: int) -> Node:
    before = parser.tokens[first - 1].kind if first else "end"
    node = parser.needed(f"the argument of \\{token.text}")
    if token.text in ("underbrace", "overbrace"):
        while parser.token.kind in ("sub", "sup"):
            parser.take()
            parser.in_script += 1
            parser.argument()
            parser.in_script -= 1
    return parser.held(node, before, first)


def function(parser: Parser) -> Node:
    first = parser.at
    token = parser.take()
    text = token.text
    if token.kind == "arg" and parser.token.kind == "function" and parser.token.text in ("max", "min"):
        text += parser.take().text
    word = Word(text, span=parser.span(first))
    if parser.differentials and token.kind == "name" and len(text) == 2 and text[0] == "d":
        start = token.end - 2
        variable = Symbol(text[1], span=(start, start + 1))
        body = parser.scripted(variable, first)
        return Differential("d", body, span=parser.span(first))
    function = parser.scripted(word, first)
    if parser.token.kind in ("open", "left") and parser.token.text in _CALLS:
        argument = parser.deeper(parser.factor)
        return Applied(function, argument, span=parser.span(first))
    if token.kind != "name" and parser.starts(parser.token):
        return Applied(function, parser.run(functions=False), span=parser.span(first))
    return function


def big_operator(parser: Parser) -> Node:
    first = parser.at
    token = parser.take()
    if "int" in token.text:
        raise UnsupportedNotation(f"{token.text}: integrals are not read", token.start)
    scripts = Scripts(parser)
    scripts.read()
    if not parser.starts(parser.token):
        if parser.token.kind == "sum" and parser.starts(parser.tokens[parser.at + 1]):  # \sum_i -x_i
            sign = parser.take()
            terms = ((sign.text, parser.deeper(parser.product)),)
            negative = Sum(terms, span=(sign.start, parser.tokens[parser.at - 1].end))
            return BigOperator(token.text, scripts.sub, scripts.sup, negative, span=parser.span(first))
        if parser.token.kind == "sum":
            raise MalformedNotation(f"{token.text} without a body", parser.token.start)
        symbol = Symbol(token.text, span=(token.start, token.end))
        return scripts.on(symbol, parser.span(first)) if scripts.read_any else symbol
    body = parser.deeper(parser.product)
    return BigOperator(token.text, scripts.sub, scripts.sup, body, span=parser.span(first))
