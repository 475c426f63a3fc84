"""A formula's tree as MathML Core, the part of MathML that browsers draw by themselves, with nothing to load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch
from html import escape

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

_APPLY = "<mo>\u2061</mo>"
_TIGHT = 'lspace="0" rspace="0"'
_THIN = '<mspace width="0.167em"/>'
_WIDE = '<mspace width="1em"/>'
# Chromium moves the content of a cell only at the word with the prefix; other browsers pass over it.
_RIGHT = 'style="text-align:right;text-align:-webkit-right;padding:0.2em 0"'
_LEFT = 'style="text-align:left;padding:0.2em 0"'
_DISPLAY = ' displaystyle="true"'
_LINES = {
    "overline": "border-top:0.06em solid;padding-top:0.1em",
    "underline": "border-bottom:0.06em solid;padding-bottom:0.1em",
}
_ACCENTS = {
    "hat": '<mo stretchy="false">ˆ</mo>',
    "widehat": '<mo stretchy="true">\u0302</mo>',
    "bar": '<mo stretchy="false">¯</mo>',
    "tilde": '<mo stretchy="false">˜</mo>',
    "widetilde": '<mo stretchy="false">˜</mo>',
    "vec": '<mo stretchy="false" style="font-size:0.7em">→</mo>',
    "overleftarrow": '<mo stretchy="false" style="font-size:0.7em">←</mo>',
    "dot": '<mo stretchy="false">˙</mo>',
    "ddot": '<mo stretchy="false">¨</mo>',
    "check": '<mo stretchy="false">ˇ</mo>',
    "breve": '<mo stretchy="false">˘</mo>',
}


def write_mathml(node: Node, display: bool) -> str:
    """The formula as a `math` element; `display` sets it on a line of its own.

    >>> from derive.notation.tree import Scripted, Symbol
    >>> write_mathml(Scripted(Symbol("W"), sup=Symbol("T")), display=False)
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><msup><mi>W</mi><mi>T</mi></msup></math>'
    """
    block = ' display="block"' if display else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{block}>{_write(node)}</math>'


def _text(text: str) -> str:
    """Text for an element: escaped, spaces kept, characters that XML forbids left out."""
    kept = "".join(c for c in text if c.isprintable() or c.isspace())
    folded = " ".join(kept.split())
    lead = "\u00a0" if kept[:1].isspace() else ""
    trail = "\u00a0" if kept[-1:].isspace() and folded else ""
    return escape(lead + folded + trail)


def _row(parts: Iterable[str]) -> str:
    """Several elements as one: `mrow` only where there is more than one."""
    written = [part for part in parts if part]
    return written[0] if len(written) == 1 else f"<mrow>{''.join(written)}</mrow>"


def _sign(sign: str, attributes: str = "") -> str:
    return f"<mo{' ' + attributes if attributes else ''}>{escape(sign)}</mo>"


def _letter(sign: str, style: tree.Style | None = None) -> str:
    """One letter. `mi` slants a lone letter by itself; capital Greek and signs stand upright, as TeX sets them."""
    changed = signs.in_alphabet(sign, style) if style else sign
    upright = (
        style == "upright" or (changed == sign and (sign in "∂∇∞" or "Α" <= sign <= "Ω")) or style in ("bold", "sans")
    )
    if len(changed) != 1 or (not changed.isalnum() and changed not in "∂∇∞ℓℏ∅"):
        return f"<mi>{_text(changed)}</mi>" if len(changed) > 1 else f'<mo lspace="0" rspace="0">{escape(changed)}</mo>'
    return (
        f'<mi mathvariant="normal">{escape(changed)}</mi>'
        if upright and changed == sign
        else f"<mi>{escape(changed)}</mi>"
    )


@singledispatch
def _write(node: Node) -> str:
    raise TypeError(f"no MathML for {type(node).__name__}")


@_write.register
def _(node: Number) -> str:
    return f"<mn>{_text(node.text)}</mn>"


@_write.register
def _(node: Symbol) -> str:
    return _letter(signs.letter(node.text))


@_write.register
def _(node: Word) -> str:
    text = _text(node.text)
    return f'<mi mathvariant="normal">{text}</mi>' if len(node.text) == 1 else f"<mi>{text}</mi>"


@_write.register
def _(node: Text) -> str:
    return f"<mtext>{_text(node.text)}</mtext>"


@_write.register
def _(node: tree.Ellipsis) -> str:
    return f"<mo>{signs.ELLIPSES.get(node.text, '…')}</mo>"


@_write.register
def _(node: Styled) -> str:
    return _styled(node.body, node.style)


def _styled(node: Node, style: tree.Style) -> str:
    """The letters of a node in another alphabet; MathML Core has no other way to say it."""
    match node:
        case Symbol(text=text):
            return _letter(signs.letter(text), style)
        case Number(text=text):
            return f"<mn>{_text(''.join(signs.in_alphabet(c, style) for c in text))}</mn>"
        case Word(text=text) | Text(text=text):
            changed = _text("".join(signs.in_alphabet(c, style) for c in text))
            variant = "" if len(text) > 1 else ' mathvariant="normal"'
            slant = ' style="font-style:italic"' if style == "italic" else ""
            return f"<mi{variant}{slant}>{changed}</mi>"
        case Product() | Sum() | Scripted() | Accented() | Fenced():
            return _write(_push(node, style))
    return _write(node)


def _push(node: Node, style: tree.Style) -> Node:
    """Move a style inwards, from a composite to its parts."""
    match node:
        case Product(factors=factors):
            return replace(node, factors=tuple((sign, Styled(style, factor)) for sign, factor in factors))
        case Sum(terms=terms):
            return replace(node, terms=tuple((sign, Styled(style, term)) for sign, term in terms))
        case Scripted(base=base):
            return replace(node, base=Styled(style, base))
        case Accented(body=body) | Fenced(body=body):
            return replace(node, body=Styled(style, body))
    return node


@_write.register
def _(node: Accented) -> str:
    if node.accent in _LINES:
        return f'<mrow style="{_LINES[node.accent]}">{_write(node.body)}</mrow>'
    return f'<mover accent="true">{_write(node.body)}{_ACCENTS[node.accent]}</mover>'


@_write.register
def _(node: Scripted) -> str:
    node = layout.one_level(node)
    limits = isinstance(node.base, Word) and node.base.text in signs.LIMITS
    if isinstance(node.base, Word) and limits:
        base = _sign(node.base.text, 'movablelimits="true" lspace="0" rspace="0"')
    else:
        base = _write(layout.fenced(node.base, layout.BASE))
    raised = [_sign("′" * node.primes, _TIGHT)] if node.primes else []
    raised += [_write(node.sup)] if node.sup is not None else []
    lowered = _write(node.sub) if node.sub is not None else ""
    return _attached(base, lowered, _row(raised) if raised else "", limits)


def _attached(base: str, lowered: str, raised: str, limits: bool) -> str:
    if not lowered and not raised:
        return base
    if not raised:
        tag = "munder" if limits else "msub"
    elif not lowered:
        tag = "mover" if limits else "msup"
    else:
        tag = "munderover" if limits else "msubsup"
    return f"<{tag}>{base}{lowered}{raised}</{tag}>"


@_write.register
def _(node: Fenced) -> str:
    return _fence(node.left, _write(node.body), node.right, layout.tall(node.body))


def _fence(left: str, inner: str, right: str, tall: bool = True) -> str:
    """Delimiters stretch only around what is tall: browsers set stretched ones with gaps."""
    stretchy = f'fence="true" stretchy="{str(tall).lower()}"'
    opening, closing = signs.FENCES.get(left, (left, ""))[0], signs.FENCES.get(right, (right, ""))[0]
    return _row(
        [
            _sign(opening, f'form="prefix" {stretchy}') if opening else "",
            inner,
            _sign(closing, f'form="postfix" {stretchy}') if closing else "",
        ]
    )


@_write.register
def _(node: Sum) -> str:
    written = []
    for index, (sign, term) in enumerate(node.terms):
        if index or sign != "+":
            written.append(_sign(signs.SUMS[sign][0], 'form="infix"' if index else 'form="prefix"'))
        written.append(_write(layout.fenced(term, layout.TERM)))
    return _row(written)


@_write.register
def _(node: Product) -> str:
    written: list[str] = []
    before: Node | None = None
    for sign, factor in layout.factors(node):
        if sign:
            written.append(_sign(signs.PRODUCTS[sign][0], _TIGHT if sign == "/" else ""))
        elif before is not None and not layout.opens(factor) and (layout.word_of(before) or layout.word_of(factor)):
            written.append(_THIN)
        written.append(_write(factor))
        before = factor
    return _row(written)


@_write.register
def _(node: Fraction) -> str:
    return f"<mfrac>{_write(node.numerator)}{_write(node.denominator)}</mfrac>"


@_write.register
def _(node: Root) -> str:
    if node.degree is None:
        return f"<msqrt>{_write(node.body)}</msqrt>"
    return f"<mroot>{_write(node.body)}{_write(node.degree)}</mroot>"


@_write.register
def _(node: Applied) -> str:
    argument = layout.argument(node)
    gap = "" if layout.opens(argument) else _THIN
    return _row([_write(node.function), _APPLY, gap, _write(argument)])


@_write.register
def _(node: BigOperator) -> str:
    sign = signs.OPERATORS.get(node.operator, (node.operator.removeprefix("\\"), ""))[0]
    lowered = _write(node.lower) if node.lower is not None else ""
    raised = _write(node.upper) if node.upper is not None else ""
    operator = _attached(_sign(sign), lowered, raised, limits=node.operator not in signs.BESIDE)
    return _row([operator, _write(layout.fenced(node.body, layout.TERM))])


@_write.register
def _(node: Differential) -> str:
    sign = _differential(node.symbol, node.order)
    if node.body is None:
        return sign
    body = node.body if layout.juxtaposed(node.body) else layout.fenced(node.body, layout.FACTOR)
    return _row([sign, _write(body)])


def _differential(symbol: str, order: int) -> str:
    return _attached(_letter(signs.letter(symbol)), "", f"<mn>{order}</mn>" if order > 1 else "", limits=False)


@_write.register
def _(node: Derivative) -> str:
    variables = layout.orders(node)
    operand = _write(layout.operand(node))
    if node.symbol == r"\nabla" or node.style == "subscript":
        names: list[str] = []
        for variable, _ in variables:
            names += [_sign(","), _write(variable)] if names else [_write(variable)]
        order = variables[0][1] if len(variables) == 1 else 1
        raised = f"<mn>{order}</mn>" if order > 1 else ""
        sign = _letter(signs.letter(node.symbol))
        return _row([_attached(sign, _row(names) if names else "", raised, limits=False), _THIN, operand])
    above = _differential(node.symbol, len(node.variables))
    below: list[str] = []
    for variable, count in variables:
        power = f"<mn>{count}</mn>" if count > 1 else ""
        named = _attached(_write(layout.fenced(variable, layout.BASE)), "", power, limits=False)
        below += [*([_THIN] if below else []), _differential(node.symbol, 1), named]
    if node.style == "operator":
        return _row([f"<mfrac>{above}{_row(below)}</mfrac>", _THIN, operand])
    if node.style == "slash":
        return _row([above, operand, _sign("/", _TIGHT), *below])
    return f"<mfrac>{_row([above, operand])}{_row(below)}</mfrac>"


@_write.register
def _(node: Relations) -> str:
    written = [_write(layout.fenced(node.first, layout.RELATED))] if node.first is not None else []
    for relation, side in node.rest:
        sign = signs.RELATIONS.get(relation, (relation.removeprefix("\\"), ""))[0]
        written += [_sign(sign, 'form="infix"'), _write(layout.fenced(side, layout.RELATED))]
    return _row(written)


@_write.register
def _(node: Sequence) -> str:
    written = [_write(item) for item in node.items[:1]]
    for separator, item in zip(node.separators, node.items[1:], strict=True):
        if separator in (",", ";"):
            written += [_sign(separator), _WIDE if isinstance(item, Relations) else ""]
        elif separator == r"\quad":
            written.append(_WIDE)
        else:
            written.append(f"<mtext>\u00a0{_text(separator.strip())}\u00a0</mtext>")
        written.append(_write(item))
    return _row(written)


@_write.register
def _(node: Rows) -> str:
    return _table(_cells(row, node.environment) for row in node.rows)


def _cells(row: Node, environment: str) -> list[tuple[str, str]]:
    if environment in layout.CENTRED:
        return [("", _write(row))]
    parts = layout.halves(row)
    left = _write(parts.left) if parts.left is not None else ""
    return [(_RIGHT, left), (_LEFT, _write(parts.right) if parts.right is not None else "")]


def _table(rows: Iterable[list[tuple[str, str]]], display: bool = True) -> str:
    written = ""
    for row in rows:
        cells = "".join(f"<mtd{' ' + style if style else ''}>{content}</mtd>" for style, content in row)
        written += f"<mtr>{cells}</mtr>"
    return f"<mtable{_DISPLAY if display else ''}>{written}</mtable>"


@_write.register
def _(node: Cases) -> str:
    rows = []
    for value, condition in node.branches:
        if condition is None:
            said = "<mtext>otherwise</mtext>"
        elif isinstance(condition, Text):
            said = _write(condition)
        else:
            said = _row(["<mtext>if\u00a0</mtext>", _write(condition)])
        rows.append([('style="text-align:left"', _write(value)), ('style="text-align:left;padding-left:1em"', said)])
    return _fence(r"\{", _table(rows, display=False), ".")


@_write.register
def _(node: Matrix) -> str:
    left, right = signs.MATRIX_FENCES.get(node.environment, (".", "."))
    return _fence(left, _table(([("", _write(entry)) for entry in row] for row in node.rows), display=False), right)


@_write.register
def _(node: Tagged) -> str:
    return _row([_write(node.body), '<mspace width="2em"/>', f"<mtext>{_text(f'({node.tag})')}</mtext>"])
