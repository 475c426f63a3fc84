r"""A formula's tree as LaTeX, for amsmath and amssymb: what `derive.notation.parser` reads, it reads back as the same tree.

Nothing of a document passes as it stands: letters and commands are those that a formula may hold, and words and prose are escaped.
"""

from __future__ import annotations

import re
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
from derive.notation.words import FUNCTIONS

_STYLES = {
    "bold": r"\mathbf", "upright": r"\mathrm", "calligraphic": r"\mathcal", "blackboard": r"\mathbb", "sans": r"\mathsf",
    "fraktur": r"\mathfrak", "script": r"\mathscr", "italic": r"\mathit",
}  # fmt: skip
_ESCAPES = {
    "\\": r"\backslash", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "#": r"\#", "&": r"\&", "_": r"\_", "^": r"\hat{}",
    "~": r"\sim",
}  # fmt: skip
_PROSE_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "#": r"\#", "&": r"\&", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
_COMMAND = re.compile(r"\\[A-Za-z]+")
_NAME = re.compile(r"(?:[A-Za-z0-9_^{},' ]|\\[A-Za-z]+)*")
_SEPARATORS = {",": ", ", ";": "; ", r"\quad": r" \quad "}


def write_latex(node: Node) -> str:
    r"""The formula for between dollars.

    >>> layer = Scripted(Symbol("W"), sup=Fenced("(", Number("2"), ")"))
    >>> print(write_latex(Product((("", Scripted(Fenced("(", layer, ")"), sup=Symbol("T"))), ("", Symbol(r"\delta"))))))
    (W^{(2)})^T \delta
    """
    return _write(node)


@singledispatch
def _write(node: Node) -> str:
    raise TypeError(f"no LaTeX for {type(node).__name__}")


@_write.register
def _(node: Number) -> str:
    return node.text if re.fullmatch(r"[\d.]+", node.text) else rf"\text{{{_prose(node.text)}}}"


@_write.register
def _(node: Symbol) -> str:
    text = node.text
    if _COMMAND.fullmatch(text) or text in (r"\%", r"\#", r"\&", r"\$", r"\_"):
        return text
    if len(text) == 1:
        return _ESCAPES.get(text, text)
    # the name of a quantity with its subscript, as meaning puts it together: `h_{\theta}`
    if _NAME.fullmatch(text) and text.count("{") == text.count("}"):
        return text
    return rf"\text{{{_prose(text)}}}"


def _prose(text: str) -> str:
    return "".join(_PROSE_ESCAPES.get(character, character) for character in text if character.isprintable())


@_write.register
def _(node: Word) -> str:
    if node.text in FUNCTIONS:
        return "\\" + node.text
    return rf"\mathrm{{{_prose(node.text)}}}"


@_write.register
def _(node: Text) -> str:
    return rf"\text{{{_prose(node.text)}}}"


@_write.register
def _(node: tree.Ellipsis) -> str:
    return node.text if node.text in signs.ELLIPSES and node.text.startswith("\\") else r"\ldots"


@_write.register
def _(node: Styled) -> str:
    bold_greek = node.style == "bold" and isinstance(node.body, Symbol) and node.body.text.startswith("\\")
    return (r"\boldsymbol" if bold_greek else _STYLES[node.style]) + f"{{{_write(node.body)}}}"


@_write.register
def _(node: Accented) -> str:
    return rf"\{node.accent}{{{_write(node.body)}}}"


@_write.register
def _(node: Scripted) -> str:
    base = node.base
    if isinstance(base, Scripted):
        # braces keep the inner scripts with their base: `{W^{(2)}}^T`
        written = f"{{{_write(base)}}}"
    else:
        written = _write(layout.fenced(base, layout.BASE))
    written += "'" * node.primes
    if node.sub is not None:
        written += "_" + _script(node.sub)
    if node.sup is not None:
        written += "^" + _script(node.sup)
    return written


def _script(node: Node) -> str:
    written = _write(node)
    return written if len(written) == 1 or _COMMAND.fullmatch(written) else f"{{{written}}}"


@_write.register
def _(node: Fenced) -> str:
    body = _write(node.body)
    if node.left == "|" and node.right == "|":
        left, right = r"\lvert", r"\rvert"
    elif node.left == r"\|" and node.right == r"\|":
        left, right = r"\lVert", r"\rVert"
    else:
        left, right = node.left, node.right
    if "." in (left, right) or layout.tall(node.body):
        return rf"\left{left} {body} \right{right}"
    gap = " " if left.startswith("\\") else ""
    return f"{left}{gap}{body}{' ' if right.startswith(chr(92)) else ''}{right}"


@_write.register
def _(node: Sum) -> str:
    written = ""
    for index, (sign, term) in enumerate(node.terms):
        part = _write(layout.fenced(term, layout.TERM))
        if index:
            written += f" {sign} {part}"
        else:
            written = part if sign == "+" else f"{sign} {part}" if sign.startswith("\\") else sign + part
    return written


@_write.register
def _(node: Product) -> str:
    written = ""
    before: Node | None = None
    for sign, factor in layout.factors(node):
        part = _factor(factor, before)
        if before is None:
            written = part
        elif sign:
            written += f" {sign} {part}"
        elif layout.opens(factor) is not None and isinstance(before, Symbol | Scripted | Styled | Word):
            written += part if part.startswith(("(", "[")) else f" {part}"
        else:
            written += f" {part}"
        before = factor
    return written


def _factor(node: Node, before: Node | None) -> str:
    """A factor; a number right after a number would become part of it."""
    part = _write(node)
    return rf"{{{part}}}" if isinstance(node, Number) and isinstance(before, Number) else part


@_write.register
def _(node: Fraction) -> str:
    return rf"\frac{{{_write(node.numerator)}}}{{{_write(node.denominator)}}}"


@_write.register
def _(node: Root) -> str:
    degree = f"[{_write(node.degree)}]" if node.degree is not None else ""
    return rf"\sqrt{degree}{{{_write(node.body)}}}"


@_write.register
def _(node: Applied) -> str:
    function = _operator(node.function)
    argument = layout.argument(node)
    written = _write(argument)
    return function + written if layout.opens(argument) is not None and written[0] in "([" else f"{function} {written}"


def _operator(node: Node) -> str:
    r"""A function's name: `\log`, `\operatorname{softmax}`, with its scripts."""
    if isinstance(node, Scripted) and isinstance(node.base, Word):
        written = _operator(node.base) + "'" * node.primes
        written += "_" + _script(node.sub) if node.sub is not None else ""
        return written + ("^" + _script(node.sup) if node.sup is not None else "")
    if isinstance(node, Word):
        return "\\" + node.text if node.text in FUNCTIONS else rf"\operatorname{{{_prose(node.text)}}}"
    return _write(node)


@_write.register
def _(node: BigOperator) -> str:
    written = node.operator if _COMMAND.fullmatch(node.operator) else r"\operatorname*{?}"
    if node.lower is not None:
        written += "_" + _script(node.lower)
    if node.upper is not None:
        written += "^" + _script(node.upper)
    return f"{written} {_write(layout.fenced(node.body, layout.TERM))}"


@_write.register
def _(node: Differential) -> str:
    sign = _differential(node.symbol, node.order)
    if node.body is None:
        return sign
    body = node.body if layout.juxtaposed(node.body) else layout.fenced(node.body, layout.FACTOR)
    return _beside(sign, _write(body))


def _differential(symbol: str, order: int) -> str:
    return symbol + (f"^{order}" if 1 < order < 10 else f"^{{{order}}}" if order > 1 else "")


def _beside(sign: str, written: str) -> str:
    return f"{sign}{written}" if sign == "d" else f"{sign} {written}"


@_write.register
def _(node: Derivative) -> str:
    variables = layout.orders(node)
    operand = _write(layout.operand(node))
    if node.symbol == r"\nabla" or node.style == "subscript":
        order = variables[0][1] if len(variables) == 1 else 1
        below = ", ".join(_write(variable) for variable, _ in variables)
        lower = f"_{{{below}}}" if below else ""
        return f"{node.symbol}{lower}{f'^{order}' if order > 1 else ''} {operand}"
    sign = _differential(node.symbol, 1)
    above = _differential(node.symbol, len(node.variables))
    below = " ".join(
        _beside(sign, _write(layout.fenced(variable, layout.BASE))) + (f"^{count}" if count > 1 else "")
        for variable, count in variables
    )
    if node.style == "operator":
        return rf"\frac{{{above}}}{{{below}}} {operand}"
    if node.style == "slash":
        return f"{_beside(above, operand)} / {below}"
    return rf"\frac{{{_beside(above, operand)}}}{{{below}}}"


@_write.register
def _(node: Relations) -> str:
    written = [_write(layout.fenced(node.first, layout.RELATED))] if node.first is not None else []
    for relation, side in node.rest:
        written += [relation, _write(layout.fenced(side, layout.RELATED))]
    return " ".join(written)


@_write.register
def _(node: Sequence) -> str:
    written = _write(node.items[0]) if node.items else ""
    for separator, item in zip(node.separators, node.items[1:], strict=True):
        between = _SEPARATORS.get(separator) or rf" \text{{{_prose(separator)}}} "
        written += between + _write(item)
    return written


@_write.register
def _(node: Rows) -> str:
    environment = node.environment if re.fullmatch(r"[a-z]+\*?", node.environment) else "aligned"
    rows = [_row(row, environment) for row in node.rows]
    return rf"\begin{{{environment}}} " + r" \\ ".join(rows) + rf" \end{{{environment}}}"


def _row(row: Node, environment: str) -> str:
    if environment in layout.CENTRED:
        return _write(row)
    parts = layout.halves(row)
    left = _write(parts.left) if parts.left is not None else ""
    return f"{left} &{_write(parts.right)}" if parts.right is not None else left


@_write.register
def _(node: Cases) -> str:
    branches = []
    for value, condition in node.branches:
        said = r"\text{otherwise}" if condition is None else _write(condition)
        if condition is not None and not isinstance(condition, Text) and not _begins_with_text(condition):
            said = rf"\text{{if }} {said}"
        branches.append(f"{_write(value)} & {said}")
    return r"\begin{cases} " + r" \\ ".join(branches) + r" \end{cases}"


def _begins_with_text(node: Node) -> bool:
    return isinstance(node, Sequence) and bool(node.items) and isinstance(node.items[0], Text)


@_write.register
def _(node: Matrix) -> str:
    environment = node.environment if re.fullmatch(r"[a-zA-Z]+\*?", node.environment) else "matrix"
    columns = f"{{{'c' * max((len(row) for row in node.rows), default=1)}}}" if environment == "array" else ""
    rows = r" \\ ".join(" & ".join(_write(entry) for entry in row) for row in node.rows)
    return rf"\begin{{{environment}}}{columns} {rows} \end{{{environment}}}"


@_write.register
def _(node: Tagged) -> str:
    return rf"{_write(node.body)} \tag{{{_prose(node.tag)}}}"
