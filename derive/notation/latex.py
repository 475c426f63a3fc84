r"""A formula's tree as LaTeX, for amsmath and amssymb: what `derive.notation.parser` reads, it reads back as the same tree.

Only commands of the tables here and in `signs` are written; whatever else a letter, a word or prose holds is escaped
into `\text`. Script capitals alone ask for a package more (mathrsfs).
"""

from __future__ import annotations

import re
from functools import singledispatch

from derive.notation import layout, signs, tree
from derive.notation.arrange import GRIDS
from derive.notation.errors import NotationError
from derive.notation.lexer import ACCENTS, BY_CHARACTER, COMMANDS, TEXT_SIGNS
from derive.notation.parser import parse
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
from derive.notation.words import FUNCTIONS, is_name

_STYLES = {
    "bold": r"\mathbf", "upright": r"\mathrm", "calligraphic": r"\mathcal", "blackboard": r"\mathbb", "sans": r"\mathsf",
    "fraktur": r"\mathfrak", "script": r"\mathscr", "italic": r"\mathit",
}  # fmt: skip
_PROSE_ESCAPES = {sign: rf"\{name}{{}}" for name, sign in TEXT_SIGNS.items()} | {
    sign: "\\" + sign for sign in "{}$%#&_"
}
_STANDING_KINDS = ("letter", "product", "relation", "sum", "big", "partial", "nabla", "prime")
_STANDING = frozenset("\\" + name for name, (kind, _) in COMMANDS.items() if kind in _STANDING_KINDS)
"""Commands that may stand in a letter's place."""
_SIGNS = {sign: sign for sign in "!?*+-/:="} | {"|": r"\vert", "'": r"\prime"}
_IN_NAMES = (
    {command[1:] for command in signs.LETTERS if command[1:].isalpha()}
    | {style[1:] for style in _STYLES.values()}
    | ACCENTS
    | FUNCTIONS
    | {"boldsymbol", "operatorname"}
)
"""What the commands of a composed name may be called."""
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_NUMERAL = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_NAME = re.compile(r"(?:[A-Za-z0-9_^{}(),' +-]|\[|\]|\\[A-Za-z]+)*")
_UNBRACED = re.compile(r"[_^]\s*\\(?:" + "|".join(sorted(_IN_NAMES - {name[1:] for name in signs.LETTERS})) + r")\b")
_SLANTED_BOLD = r"\boldsymbol"
_UNKNOWN_SIGN = r"\mathbin{?}"
_PRODUCTS = {sign: sign for sign in signs.PRODUCTS}
_SEPARATORS = {",": ", ", ";": "; ", r"\quad": r" \quad "}
_RELATIONS = {sign: sign for sign in signs.RELATIONS} | {
    "|": r"\mid", "-=": r"\mathrel{-}=", "+=": r"\mathrel{+}=", "*=": r"\mathrel{*}=", "/=": r"\mathrel{/}=",
}  # fmt: skip
_WORDS = {name: "\\" + name for name in FUNCTIONS} | {
    "argmax": r"\operatorname*{arg\,max}", "argmin": r"\operatorname*{arg\,min}", "limsup": r"\limsup", "liminf": r"\liminf",
}  # fmt: skip
_FACING = frozenset(
    {("(", ")"), ("(", "]"), ("[", ")"), ("[", "]"), (r"\{", r"\}"), (r"\langle", r"\rangle"), (r"\lfloor", r"\rfloor"),
     (r"\lceil", r"\rceil"), ("|", "|"), (r"\|", r"\|")}
)  # fmt: skip
"""Delimiters that find each other without `\\left` and `\\right`."""
_BARS = {"|": (r"\lvert", r"\rvert"), r"\|": (r"\lVert", r"\rVert")}
_CALLS = ("(", "[", r"\{")
_BINARY = frozenset({"+", "-", r"\pm", r"\mp"})


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


# Letters and words


@_write.register
def _(node: Number) -> str:
    return node.text if _NUMERAL.fullmatch(node.text) else _text(node.text)


@_write.register
def _(node: Symbol) -> str:
    text = node.text
    if len(text) == 1:
        if text.isascii() and text.isalnum():
            return text
        return _SIGNS.get(text) or BY_CHARACTER.get(text) or _text(text)
    if text == r"\omicron":  # TeX has no command for what looks like an o
        return "o"
    if text in _STANDING or text in _RELATIONS:
        return _RELATIONS.get(text, text)
    return text if _composed(text) else _text(text)


def _composed(text: str) -> bool:
    r"""Whether a symbol's text is a name put together of letters, fonts, accents and scripts, such as `h_{\theta}`."""
    if not _NAME.fullmatch(text) or _UNBRACED.search(text):
        return False
    if any(command not in _IN_NAMES for command in _COMMAND.findall(text)):
        return False
    try:
        parse(text)  # braces in balance, every command with what it takes, no script twice
    except NotationError:
        return False
    return True


def _text(text: str) -> str:
    return rf"\text{{{_prose(text)}}}"


def _prose(text: str) -> str:
    return "".join(_PROSE_ESCAPES.get(character, character) for character in text if character.isprintable())


def _plain(text: str) -> bool:
    """Whether a word is one of several letters and digits alone."""
    return len(text) > 1 and text.isascii() and text.isalnum() and is_name(text)


@_write.register
def _(node: Word) -> str:
    return _WORDS.get(node.text) or (rf"\mathrm{{{node.text}}}" if _plain(node.text) else _operatorname(node.text))


def _operatorname(text: str) -> str:
    if not is_name(text):
        return _text(text)
    return _WORDS.get(text) or r"\operatorname{" + text.replace("_", r"\_").replace(" ", r"\ ") + "}"


@_write.register
def _(node: Text) -> str:
    return _text(node.text) if node.text else ""


@_write.register
def _(node: tree.Ellipsis) -> str:
    return node.text if node.text in signs.ELLIPSES and node.text.startswith("\\") else r"\ldots"


@_write.register
def _(node: Styled) -> str:
    body = node.body
    written = body.text if isinstance(body, Word) and _plain(body.text) else _write(body)
    slanted = node.style == "bold" and "\\" in written  # \mathbf leaves Greek as it is
    return f"{_SLANTED_BOLD if slanted else _STYLES[node.style]}{{{written}}}"


@_write.register
def _(node: Accented) -> str:
    accent = node.accent if node.accent in ACCENTS else "overline"
    return rf"\{accent}{{{_write(node.body)}}}"


# Scripts and delimiters


@_write.register
def _(node: Scripted) -> str:
    base = node.base
    if isinstance(base, Scripted):
        return f"{{{_write(base)}}}{_scripts(node)}"  # the braces keep the inner scripts with their base
    written = _write(layout.fenced(base, layout.BASE))
    return f"{written or '{}'}{_scripts(node)}"


def _scripts(node: Scripted) -> str:
    """Primes stand right before the superscript: TeX makes one script of both."""
    sub = "_" + _script(node.sub) if node.sub is not None else ""
    sup = "^" + _script(node.sup) if node.sup is not None else ""
    primes = "'" * node.primes
    return sub + primes + sup if sup else primes + sub


def _script(node: Node) -> str:
    written = _write(node)
    bare = isinstance(node, Symbol | Number) and (
        len(written) == 1 or (written in signs.LETTERS and written[1:].isalpha())
    )
    return written if bare else f"{{{written}}}"


@_write.register
def _(node: Fenced) -> str:
    body = _write(node.body)
    left, right = (side if side in signs.FENCES else "." for side in (node.left, node.right))
    if (left, right) not in _FACING or layout.tall(node.body):
        return rf"\left{left} {body} \right{right}"
    left, right = _BARS.get(left, (left,))[0], _BARS.get(right, (right,))[-1]
    return f"{left}{' ' if len(left) > 1 else ''}{body}{' ' if len(right) > 1 else ''}{right}"


# Sums, products, functions


@_write.register
def _(node: Sum) -> str:
    written = ""
    for index, (sign, term) in enumerate(node.terms):
        part = _write(layout.fenced(term, layout.TERM))
        sign = sign if sign in _BINARY else "+"
        if index:
            written += f" {sign} {part}"
        elif sign == "+" and len(node.terms) > 1:
            written = part
        else:
            written = f"{sign} {part}" if sign.startswith("\\") else sign + part
    return written


@_write.register
def _(node: Product) -> str:
    written = ""
    before: Node | None = None
    pieces = layout.factors(node)
    for index, (sign, factor) in enumerate(pieces):
        own = node.factors[index][1]
        part = _write(own if sign and _signed(own, last=index == len(pieces) - 1) else factor)
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        if following is not None and following[0] == "":
            part = _kept_apart(factor, part, following[1])
        if before is None:
            written = part
        elif sign:
            written += f" {_PRODUCTS.get(sign, _UNKNOWN_SIGN)} {part}"
        elif isinstance(before, Symbol | Scripted | Styled | Word) and part.startswith(("(", "[")):
            written += part
        elif written[-1:].isdigit() and part[:1] in tuple("0123456789."):
            written += rf" \, {part}"  # two numbers, not one
        else:
            written += f" {part}"
        before = factor
    return written


def _signed(node: Node, *, last: bool) -> bool:
    r"""Whether the node is one factor with a sign, `a \cdot -b`; a sum over all that follows only at the end."""
    if not isinstance(node, Sum) or len(node.terms) != 1:
        return False
    term = node.terms[0][1]
    return layout.precedence(term) >= layout.FACTOR or (last and isinstance(term, BigOperator))


def _kept_apart(node: Node, written: str, following: Node) -> str:
    """A name that would take the next factor as its argument goes into braces."""
    name = node.base if isinstance(node, Scripted) else node
    if not isinstance(name, Word):
        return written
    upright = rf"\mathrm{{{name.text}}}" if _plain(name.text) else f"{{{_write(name)}}}"
    scripts = _scripts(node) if isinstance(node, Scripted) else ""
    fence = layout.opens(following)
    return f"{{{upright}{scripts}}}" if fence is not None and fence.left in _CALLS else upright + scripts


@_write.register
def _(node: Fraction) -> str:
    return rf"\frac{{{_write(node.numerator)}}}{{{_write(node.denominator)}}}"


@_write.register
def _(node: Root) -> str:
    if node.degree is None:
        return rf"\sqrt{{{_write(node.body)}}}"
    degree = _write(node.degree)
    degree = f"{{{degree}}}" if "]" in degree else degree
    return rf"\sqrt[{degree}]{{{_write(node.body)}}}"


@_write.register
def _(node: Applied) -> str:
    function = _function(node.function)
    written = _write(layout.argument(node))
    return function + written if written.startswith(("(", "[")) else f"{function} {written}"


def _function(node: Node) -> str:
    r"""A function's name: `\log`, `\operatorname{softmax}`, with its scripts."""
    if isinstance(node, Scripted) and isinstance(node.base, Word):
        return _function(node.base) + _scripts(node)
    return _operatorname(node.text) if isinstance(node, Word) else _write(node)


@_write.register
def _(node: BigOperator) -> str:
    written = node.operator if node.operator in signs.OPERATORS else _text(node.operator)
    if node.lower is not None:
        written += "_" + _script(node.lower)
    if node.upper is not None:
        written += "^" + _script(node.upper)
    signed = isinstance(node.body, Sum) and len(node.body.terms) == 1
    return f"{written} {_write(node.body if signed else layout.fenced(node.body, layout.TERM))}"


# Derivatives


@_write.register
def _(node: Differential) -> str:
    sign = _differential(node.symbol, node.order)
    return sign if node.body is None else _beside(sign, _taken(node.body))


def _differential(symbol: str, order: int) -> str:
    sign = symbol if symbol in ("d", r"\partial", r"\nabla") else "d"
    return sign + (f"^{order}" if 1 < order < 10 else f"^{{{order}}}" if order > 1 else "")


def _taken(node: Node) -> str:
    """What a sign of differentiation stands before: factors side by side, or a function of its own."""
    return _write(node if layout.juxtaposed(node) or isinstance(node, Applied) else layout.fenced(node, layout.FACTOR))


def _beside(sign: str, written: str) -> str:
    return f"{sign}{written}" if sign == "d" and not written[:1].isdigit() else f"{sign} {written}"


@_write.register
def _(node: Derivative) -> str:
    variables = layout.orders(node)
    operand = _write(layout.operand(node))
    if node.symbol == r"\nabla" or node.style == "subscript":
        order = variables[0][1] if len(variables) == 1 else 1
        below = _script(variables[0][0]) if len(variables) == 1 else ""
        if len(variables) > 1:
            below = "{" + ", ".join(_write(variable) for variable, count in variables for _ in range(count)) + "}"
        return (
            f"{_differential(node.symbol, 1)}{f'_{below}' if below else ''}{f'^{order}' if order > 1 else ''} {operand}"
        )
    above = _differential(node.symbol, len(node.variables))
    below = " ".join(
        _beside(_differential(node.symbol, 1), _variable(variable, count)) for variable, count in variables
    )
    if node.style == "operator":
        return rf"\frac{{{above}}}{{{below}}} {operand}"
    if node.style == "slash":
        return f"{_beside(above, operand)} / {below}"
    return rf"\frac{{{_beside(above, operand)}}}{{{below}}}"


def _variable(node: Node, count: int) -> str:
    if count == 1:
        return _taken(node)
    if isinstance(node, Scripted) and node.sup is None:
        return _write(Scripted(node.base, node.sub, Number(str(count)), node.primes))
    return _write(Scripted(node, sup=Number(str(count))))


# Statements and rows


@_write.register
def _(node: Relations) -> str:
    written = [_write(layout.fenced(node.first, layout.RELATED))] if node.first is not None else []
    for relation, side in node.rest:
        sign = _RELATIONS.get(relation) or rf"\mathrel{{{_text(relation)}}}"
        written += [sign, _write(layout.fenced(side, layout.RELATED))]
    return " ".join(written)


@_write.register
def _(node: Sequence) -> str:
    written = _write(node.items[0]) if node.items else ""
    for separator, item in zip(node.separators, node.items[1:], strict=True):
        written += _SEPARATORS.get(separator) or rf" \text{{ {_prose(separator.strip())} }} "
        written += _write(item)
    return written


@_write.register
def _(node: Rows) -> str:
    centred = node.environment in layout.CENTRED
    tagged = any(isinstance(row, Tagged) for row in node.rows)  # only a display of its own takes tags
    environment = ("gather" if tagged else "gathered") if centred else "align" if tagged else "aligned"
    rows = [_row(row, centred, first=index == 0) for index, row in enumerate(node.rows)]
    return rf"\begin{{{environment}}} {_broken(rows)} \end{{{environment}}}"


def _row(row: Node, centred: bool, *, first: bool) -> str:
    written = _write(row)
    if not first and isinstance(row, Sum) and written.startswith(("+", "-", r"\pm", r"\mp")):
        return f"{{{written}}}"  # without braces it would go on with the row above
    if centred:
        return written
    parts = layout.halves(row)
    left = f"{_write(parts.left)} " if parts.left is not None else ""
    return f"{left}&{_write(parts.right)}" if parts.right is not None else written


def _broken(rows: list[str]) -> str:
    r"""The rows with `\\` between them; a bracket or star at a row's start would be taken for an argument of that."""
    return r" \\ ".join(rf"\relax {row}" if row.startswith(("[", "*")) else row for row in rows)


@_write.register
def _(node: Cases) -> str:
    branches = []
    for value, condition in node.branches:
        said = r"\text{otherwise}" if condition is None else _write(condition)
        if condition is not None and not isinstance(condition, Text) and not _begins_with_text(condition):
            said = rf"\text{{if }} {said}"
        branches.append(f"{_write(value)} & {said}")
    return rf"\begin{{cases}} {_broken(branches)} \end{{cases}}"


def _begins_with_text(node: Node) -> bool:
    return isinstance(node, Sequence) and bool(node.items) and isinstance(node.items[0], Text)


@_write.register
def _(node: Matrix) -> str:
    environment = node.environment if node.environment in GRIDS else "matrix"
    columns = "c" * max((len(row) for row in node.rows), default=1)
    form = {"array": f"{{{columns}}}", "subarray": "{c}"}.get(environment, "")
    rows = _broken([" & ".join(_write(entry) for entry in row) for row in node.rows])
    return rf"\begin{{{environment}}}{form} {rows} \end{{{environment}}}"


@_write.register
def _(node: Tagged) -> str:
    return rf"{_write(node.body)} \tag{{{_prose(node.tag)}}}"
