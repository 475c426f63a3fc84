r"""A formula's tree as one line of plain text, for terminals: `∂L/∂W^(2) = (a^(2) − y) ⊙ σ'(z^(2)) (a^(1))ᵀ`.

Names look as they do in messages. What has no place on a line, such as a matrix written out, stands in brackets.
"""

from __future__ import annotations

import re

from derive.notation import layout, signs
from derive.notation.tree import (
    Accented,
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Differential,
    Ellipsis,  # noqa: A004
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

_ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305", "tilde": "\u0303",
            "widetilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c",
            "breve": "\u0306", "underline": "\u0332"}  # fmt: skip
_SHORT = re.compile(r"\w[\u0300-\u036f\u20d7]?")


def write_plain(node: Node) -> str:
    r"""The formula on one line.

    >>> from derive.notation.parser import parse
    >>> write_plain(parse(r"\frac{\partial L}{\partial W^{(2)}} = \delta^{(2)} (a^{(1)})^\top"))
    '∂L/∂W^(2) = δ^(2) (a^(1))ᵀ'
    >>> write_plain(parse(r"L = -\frac{1}{n} \sum_i y_i \log p_i"))
    'L = −1/n ∑_i y_i log p_i'
    """
    match node:
        case Number(text=text) | Text(text=text) | Word(text=text):
            return _printable(text)
        case Symbol(text=text):
            return _printable(signs.letter(text))
        case Ellipsis():
            return "…"
        case Styled(body=body):
            return write_plain(body)
        case Accented(accent=accent, body=body):
            inside = write_plain(body)
            return inside + _ACCENTS[accent] if _SHORT.fullmatch(inside) else inside
        case Scripted():
            return _scripted(node)
        case Fenced(left=left, body=body, right=right):
            return _fence(left) + write_plain(body) + _fence(right)
        case Sum(terms=terms):
            return _sum(terms)
        case Product():
            return _product(node)
        case Fraction(numerator=above, denominator=below):
            return f"{_part(above, layout.FACTOR)}/{_divisor(below)}"
        case Root(body=body, degree=degree):
            return ("√" if degree is None else f"{write_plain(degree)}√") + _closed(body)
        case Applied(function=function, argument=argument):
            inside = write_plain(layout.argument(node))
            return write_plain(function) + ("" if isinstance(argument, Fenced) else " ") + inside
        case BigOperator():
            return _big(node)
        case Differential(symbol=symbol, body=body, order=order):
            return _differential(symbol, order) + ("" if body is None else _part(body, layout.BASE))
        case Derivative():
            return _derivative(node)
        case _:
            return _wide(node)


def _wide(node: Node) -> str:
    match node:
        case Relations(first=first, rest=rest):
            parts = [] if first is None else [write_plain(first)]
            return " ".join(
                [*parts, *(f"{_sign(signs.RELATIONS, relation)} {write_plain(side)}" for relation, side in rest)]
            )
        case Sequence(items=items, separators=separators):
            written = write_plain(items[0]) if items else ""
            for separator, item in zip(separators, items[1:], strict=False):
                word = (
                    separator
                    if separator in (",", ";")
                    else ","
                    if separator.startswith("\\")
                    else f" {separator.strip()}"
                )
                written += f"{_printable(word)} {write_plain(item)}"
            return written
        case Rows(rows=rows):
            return "; ".join(map(write_plain, rows))
        case Cases(branches=branches):
            return "{ " + "; ".join(
                f"{write_plain(value)} {'otherwise' if when is None else 'if ' + write_plain(when)}" for value, when in branches
            ) + " }"  # fmt: skip
        case Matrix(rows=matrix):
            return "[" + "; ".join(", ".join(map(write_plain, row)) for row in matrix) + "]"
        case Tagged(body=body, tag=tag):
            return f"{write_plain(body)} ({_printable(tag)})"
    raise TypeError(f"no plain text for {type(node).__name__}")


def _printable(text: str) -> str:
    """Nothing that a document holds may move the cursor or colour the screen."""
    return "".join(character for character in text if character.isprintable())


def _sign(table: dict[str, tuple[str, str]], text: str) -> str:
    return table[text][0] if text in table else _printable(text.lstrip("\\"))


def _fence(text: str) -> str:
    return "" if text == "." else _sign(signs.FENCES, text)


def _part(node: Node, least: int) -> str:
    return write_plain(layout.fenced(node, least))


def _closed(node: Node) -> str:
    """A part that is closed in itself, so that a sign in front or behind is for all of it."""
    written = write_plain(node)
    return written if _SHORT.fullmatch(written) or isinstance(node, Number | Fenced) else f"({written})"


def _divisor(node: Node) -> str:
    simple = isinstance(node, Symbol | Number | Styled | Accented | Scripted | Fenced | Word)
    return write_plain(node) if simple else f"({write_plain(node)})"


def _scripted(node: Scripted) -> str:
    written = _part(node.base, layout.BASE) if not isinstance(node.base, Scripted) else f"({write_plain(node.base)})"
    written += "'" * node.primes
    if node.sub is not None:
        written += f"_{_script(node.sub)}"
    if node.sup is not None:
        written += "ᵀ" if layout.is_transpose(node.sup) else f"^{_script(node.sup)}"
    return written


def _script(node: Node) -> str:
    written = write_plain(node)
    single = isinstance(node, Number | Symbol | Word | Fenced) or layout.juxtaposed(node)
    if isinstance(node, Relations):
        return f"({written.replace(' ', '')})"
    return written.replace(" ", "") if single else f"({written})"


def _sum(terms: tuple[tuple[str, Node], ...]) -> str:
    written = ""
    for place, (sign, term) in enumerate(terms):
        shown = _sign(signs.SUMS, sign)
        part = _part(term, layout.TERM)
        if place:
            written += f" {shown} {part}"
        else:
            written = part if sign == "+" else shown + part
    return written


def _product(node: Product) -> str:
    written = ""
    before: Node | None = None
    for sign, factor in layout.factors(node):
        part = write_plain(factor)
        if before is None:
            written = part
        elif sign == "/":
            written += f"/{part}"
        elif sign:
            written += f" {_sign(signs.PRODUCTS, sign)} {part}"
        elif isinstance(factor, Fenced) and _letter(before):
            written += part  # an argument, or read as one anyway
        else:
            written += f" {part}"
        before = factor
    return written


def _letter(node: Node) -> bool:
    return isinstance(node, Symbol | Word | Styled) or (
        isinstance(node, Scripted) and node.sup is None and node.sub is None and _letter(node.base)
    )


def _big(node: BigOperator) -> str:
    written = _sign(signs.OPERATORS, node.operator)
    if node.lower is not None:
        written += f"_{_script(node.lower)}"
    if node.upper is not None:
        written += f"^{_script(node.upper)}"
    return f"{written} {_part(node.body, layout.TERM)}"


def _differential(symbol: str, order: int) -> str:
    letter = _sign(signs.LETTERS, symbol)
    return letter if order == 1 else f"{letter}^{order}"


def _derivative(node: Derivative) -> str:
    letter = _sign(signs.LETTERS, node.symbol)
    if node.symbol == r"\nabla":
        return f"{letter}_{','.join(_script(variable) for variable in node.variables)} {_part(node.operand, layout.FACTOR)}"
    count = len(node.variables)
    above = letter if count == 1 else f"{letter}^{count}"
    below = " ".join(f"{letter}{write_plain(variable)}" for variable in node.variables)
    below = below if count == 1 else f"({below})"
    if node.style == "operator":
        return f"{above}/{below} {_part(layout.operand(node), layout.FACTOR)}"
    return f"{above}{_part(node.operand, layout.BASE)}/{below}"
