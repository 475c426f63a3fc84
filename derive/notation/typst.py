"""A formula's tree as Typst mathematics, for Typst 0.15.

Every letter is one character, every word is quoted, and commas, semicolons, slashes and colons are escaped everywhere,
so that nothing a document holds can become an argument, a fraction or code. Functions that are called: `frac`, `sqrt`,
`root`, `mat`, `cases`, `op`, `abs`, `norm`, `lr`, alphabets and accents.
"""

from __future__ import annotations

import re
import unicodedata
from functools import singledispatch

from derive.notation import layout, signs, tree
from derive.notation.tree import (
    Accented,
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Differential,
    Fenced,
    Fraction,
    Matrix,
    Node,
    Number,
    Product,
    Relations,
    Root,
    Rows,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
    Tagged,
    Text,
    Word,
)

_ALPHABETS = {
    "bold": "bold({})",
    "upright": "upright({})",
    "calligraphic": "cal({})",
    "blackboard": "bb({})",
    "sans": "upright(sans({}))",
    "fraktur": "frak({})",
    "script": "scr({})",
    "italic": "italic({})",
}
_ACCENTS = {
    "hat": "hat",
    "widehat": "hat",
    "bar": "macron",
    "overline": "overline",
    "underline": "underline",
    "tilde": "tilde",
    "widetilde": "tilde",
    "vec": "arrow",
    "overleftarrow": "arrow.l",
    "dot": "dot",
    "ddot": "dot.double",
    "check": "caron",
    "breve": "breve",
}
_PAIRS = {
    ("(", ")"): "({})",
    ("[", "]"): "[{}]",
    (r"\{", r"\}"): "{{{}}}",
    ("|", "|"): "abs({})",
    (r"\|", r"\|"): "norm({})",
    (r"\lfloor", r"\rfloor"): "floor({})",
    (r"\lceil", r"\rceil"): "ceil({})",
}
_DELIMITERS = {
    "(": "paren.l",
    ")": "paren.r",
    "[": "bracket.l",
    "]": "bracket.r",
    r"\{": "brace.l",
    r"\}": "brace.r",
    "|": "bar.v",
    r"\|": "bar.v.double",
    "/": r"\/",
    r"\langle": "chevron.l",
    r"\rangle": "chevron.r",
    r"\lfloor": "floor.l",
    r"\rfloor": "floor.r",
    r"\lceil": "ceil.l",
    r"\rceil": "ceil.r",
}
_SEPARATORS = {",": r"\, ", ";": r"\; ", r"\quad": " quad "}


def write_typst(node: Node) -> str:
    """The formula for between Typst's dollars.

    >>> from derive.notation.tree import Fenced, Number, Product, Scripted, Symbol
    >>> layer = Scripted(Symbol("W"), sup=Fenced("(", Number("2"), ")"))
    >>> write_typst(Product((("", Scripted(layer, sup=Symbol("T"))), ("", Symbol(r"\\delta")))))
    'W^((2) T) δ'
    """
    if isinstance(node, Tagged):
        return f"{write_typst(node.body)} quad quad {_quoted(f'({node.tag})')}"
    if isinstance(node, Rows):
        return " \\\n".join(_row(row, node.environment) for row in node.rows)
    return _write(node)


def _row(row: Node, environment: str) -> str:
    if environment in layout.CENTRED:
        return write_typst(row)
    parts = layout.halves(row)
    left = write_typst(parts.left) if parts.left is not None else ""
    return f"{left} & {write_typst(parts.right)}" if parts.right is not None else left


def _quoted(text: str) -> str:
    """A string: the only form in which several letters of a document reach Typst."""
    text = " ".join(text.split())  # Typst itself sets a space between a string and its neighbours
    return '"' + "".join("\\" + c if c in '"\\' else c for c in text if c.isprintable()) + '"'


def _character(sign: str) -> str:
    """One character that stands for itself whatever Typst makes of it elsewhere."""
    if len(sign) != 1:
        return _quoted(sign)
    if sign.isascii() and not sign.isalnum():
        return "\\" + sign if sign.isprintable() and not sign.isspace() else ""
    return "\\" + sign if unicodedata.category(sign) in ("Ps", "Pe", "Pi", "Pf") else sign


def _table_sign(sign: str) -> str:
    if len(sign) > 1:
        return f'class("relation", {_quoted(sign)})'
    return {"/": r"\/", ":": r"\:"}.get(sign, sign)


@singledispatch
def _write(node: Node) -> str:
    raise TypeError(f"no Typst for {type(node).__name__}")


@_write.register
def _(node: Number) -> str:
    return node.text if re.fullmatch(r"\d+(\.\d+)?", node.text) else _quoted(node.text)


@_write.register
def _(node: Symbol) -> str:
    return _character(signs.letter(node.text))


@_write.register
def _(node: Word) -> str:
    return _quoted(node.text)


@_write.register
def _(node: Text) -> str:
    return _quoted(node.text)


@_write.register
def _(node: tree.Ellipsis) -> str:
    return signs.ELLIPSES.get(node.text, "…")


@_write.register
def _(node: Styled) -> str:
    inner = _write(node.body)
    if node.style == "bold" and isinstance(node.body, Symbol) and signs.letter(node.body.text).isascii():
        inner = f"upright({inner})"
    if isinstance(node.body, Word) and node.style == "upright":
        return inner
    return _ALPHABETS[node.style].format(inner)


@_write.register
def _(node: Accented) -> str:
    return f"{_ACCENTS[node.accent]}({_write(node.body)})"


@_write.register
def _(node: Scripted) -> str:
    node = layout.one_level(node)
    if isinstance(node.base, Word) and node.base.text in signs.LIMITS:
        base = f"op({_quoted(node.base.text)}, limits: #true)"
    else:
        base = _write(layout.fenced(node.base, layout.BASE))
    base += "'" * node.primes
    base += f"_({_write(node.sub)})" if node.sub is not None else ""
    return base + (f"^({_write(node.sup)})" if node.sup is not None else "")


@_write.register
def _(node: Fenced) -> str:
    inner = _write(node.body)
    pair = _PAIRS.get((node.left, node.right))
    if pair is not None:
        return pair.format(inner)
    left, right = (_DELIMITERS.get(side, signs.FENCES.get(side, ("", ""))[0]) for side in (node.left, node.right))
    return f"lr({' '.join(part for part in (left, inner, right) if part)})"


@_write.register
def _(node: Sum) -> str:
    written = []
    for index, (sign, term) in enumerate(node.terms):
        if index or sign != "+":
            written.append(_table_sign(signs.SUMS[sign][0]))
        written.append(_write(layout.fenced(term, layout.TERM)))
    return " ".join(written)


@_write.register
def _(node: Product) -> str:
    written = ""
    before: Node | None = None
    for sign, factor in layout.factors(node):
        called = sign == "" and layout.opens(factor) and before is not None and layout.word_of(before)
        gap = "" if called or before is None else " "
        mark = _table_sign(signs.PRODUCTS[sign][0]) + " " if sign else ""
        written += gap + mark + (_function(factor) if isinstance(factor, Word) else _write(factor))
        before = factor
    return written


def _function(node: Node) -> str:
    return f"op({_quoted(node.text)})" if isinstance(node, Word) else _write(node)


@_write.register
def _(node: Fraction) -> str:
    return f"frac({_write(node.numerator)}, {_write(node.denominator)})"


@_write.register
def _(node: Root) -> str:
    if node.degree is None:
        return f"sqrt({_write(node.body)})"
    return f"root({_write(node.degree)}, {_write(node.body)})"


@_write.register
def _(node: Applied) -> str:
    function = node.function
    if isinstance(function, Scripted) and isinstance(function.base, Word) and function.base.text not in signs.LIMITS:
        plain = _write(function)
        quoted = _quoted(function.base.text)
        written = f"op({quoted}){plain.removeprefix(quoted)}"
    else:
        written = _function(function)
    argument = layout.argument(node)
    return written + ("" if layout.opens(argument) else " ") + _write(argument)


@_write.register
def _(node: BigOperator) -> str:
    sign = signs.OPERATORS.get(node.operator)
    written = sign[0] if sign else f"op({_quoted(node.operator.removeprefix(chr(92)))}, limits: #true)"
    if node.lower is not None:
        written += f"_({_write(node.lower)})"
    if node.upper is not None:
        written += f"^({_write(node.upper)})"
    return f"{written} {_write(layout.fenced(node.body, layout.TERM))}"


@_write.register
def _(node: Differential) -> str:
    sign = _differential(node.symbol, node.order)
    if node.body is None:
        return sign
    body = node.body if layout.juxtaposed(node.body) else layout.fenced(node.body, layout.FACTOR)
    return f"{sign} {_write(body)}"


def _differential(symbol: str, order: int) -> str:
    return _character(signs.letter(symbol)) + (f"^({order})" if order > 1 else "")


@_write.register
def _(node: Derivative) -> str:
    variables = layout.orders(node)
    operand = _write(layout.operand(node))
    if node.symbol == r"\nabla" or node.style == "subscript":
        lower = r"\, ".join(_write(variable) for variable, _ in variables)
        order = variables[0][1] if len(variables) == 1 else 1
        return (
            _differential(node.symbol, 1)
            + (f"_({lower})" if lower else "")
            + (f"^({order})" if order > 1 else "")
            + f" {operand}"
        )
    above = _differential(node.symbol, len(node.variables))
    sign = _differential(node.symbol, 1)
    below = " ".join(
        f"{sign} {_write(layout.fenced(variable, layout.BASE))}" + (f"^({count})" if count > 1 else "")
        for variable, count in variables
    )
    if node.style == "operator":
        return f"frac({above}, {below}) {operand}"
    if node.style == "slash":
        return f"{above} {operand} \\/ {below}"
    return f"frac({above} {operand}, {below})"


@_write.register
def _(node: Relations) -> str:
    written = [_write(layout.fenced(node.first, layout.RELATED))] if node.first is not None else []
    for relation, side in node.rest:
        written.append(_table_sign(signs.RELATIONS[relation][0]) if relation in signs.RELATIONS else _quoted(relation))
        written.append(_write(layout.fenced(side, layout.RELATED)))
    return " ".join(written)


@_write.register
def _(node: Sequence) -> str:
    written = [_write(item) for item in node.items[:1]]
    for separator, item in zip(node.separators, node.items[1:], strict=True):
        gap = "quad " if separator in (",", ";") and isinstance(item, Relations) else ""
        written += [_SEPARATORS.get(separator) or f" {_quoted(separator)} ", gap, _write(item)]
    return "".join(written)


@_write.register
def _(node: Rows) -> str:
    rows = "; ".join(_row(row, node.environment) for row in node.rows)
    return f"mat(delim: #none, row-gap: #0.5em, {rows})"


@_write.register
def _(node: Cases) -> str:
    branches = []
    for value, condition in node.branches:
        if condition is None:
            said = 'quad "otherwise"'
        else:
            said = "quad " + ("" if isinstance(condition, Text) else '"if" ') + _write(condition)
        branches.append(f"{_write(value)} & {said}")
    return f"cases({', '.join(branches)})"


@_write.register
def _(node: Matrix) -> str:
    left = signs.MATRIX_FENCES.get(node.environment, (".", "."))[0]
    delimiter = signs.FENCES[left][0]
    rows = "; ".join(", ".join(_write(entry) for entry in row) for row in node.rows)
    return f"mat(delim: {_quoted(delimiter) if delimiter else '#none'}, {rows})"


@_write.register
def _(node: Tagged) -> str:
    return f"{_write(node.body)} quad {_quoted(f'({node.tag})')}"
