"""A formula's tree as English to be read aloud: for screen readers, and for the spoken text of equations in a PDF.

Whatever is of one piece is said plainly ("a over b"); what is not gets a spoken end ("the fraction ... over ...,
end fraction"), so that a listener never has to guess how far a part reaches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as Listing
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

_WORDS = {
    "log": "log",
    "ln": "natural log",
    "exp": "the exponential",
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
    "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine",
    "tanh": "hyperbolic tangent",
    "max": "the maximum",
    "min": "the minimum",
    "argmax": "the arg max",
    "argmin": "the arg min",
    "lim": "the limit",
    "sup": "the supremum",
    "inf": "the infimum",
    "det": "the determinant",
    "tr": "the trace",
    "Tr": "the trace",
    "diag": "the diagonal matrix",
    "sgn": "the sign",
    "sign": "the sign",
    "rank": "the rank",
}
_ACCENTS = {
    "hat": "{} hat",
    "widehat": "{} hat",
    "bar": "{} bar",
    "overline": "{} bar",
    "underline": "{} underlined",
    "tilde": "{} tilde",
    "widetilde": "{} tilde",
    "vec": "vector {}",
    "overleftarrow": "{} with an arrow to the left",
    "dot": "{} dot",
    "ddot": "{} double dot",
    "check": "{} check",
    "breve": "{} breve",
}
_STYLES = {"bold": "bold {}", "calligraphic": "script {}", "script": "script {}", "fraktur": "fraktur {}"}
_SETS = {
    "R": "the reals",
    "N": "the natural numbers",
    "Z": "the integers",
    "Q": "the rationals",
    "C": "the complex numbers",
    "E": "the expectation",
    "P": "the probability",
}
_FENCES = {
    ("|", "|"): ("the absolute value of {}", "end absolute value"),
    (r"\|", r"\|"): ("the norm of {}", "end norm"),
    (r"\lfloor", r"\rfloor"): ("the floor of {}", "end floor"),
    (r"\lceil", r"\rceil"): ("the ceiling of {}", "end ceiling"),
}
_PRIMES = {1: "prime", 2: "double prime", 3: "triple prime"}
_POWERS = {"2": "squared", "3": "cubed"}
_ROOTS = {"2": "square root", "3": "cube root"}
_ORDERS = {2: "second ", 3: "third ", 4: "fourth "}
_FRACTIONS = {("1", "2"): "one half", ("1", "3"): "one third", ("1", "4"): "one quarter"}
_SEPARATORS = {",": ",", ";": ";", r"\quad": ";"}
_FUNCTIONS = frozenset([*"fghJPQpq", r"\sigma", r"\phi", r"\varphi", r"\psi", r"\Phi", r"\rho", r"\ell"])
"""Letters that, in front of parentheses, are read as functions: "f of x"."""


def write_speech(node: Node) -> str:
    """The formula in words, plain text on one line.

    >>> from derive.notation.tree import Derivative, Fenced, Number, Scripted, Symbol
    >>> layer = Scripted(Symbol("W"), sup=Fenced("(", Number("2"), ")"))
    >>> write_speech(Derivative(r"\\partial", Symbol("L"), (layer,)))
    'the partial derivative of L with respect to W superscript 2'
    """
    said = "".join(c for c in " ".join(_say(node).split()) if c.isprintable())
    return re.sub(r"(\s*,)*\s*([,;])", r"\2", said).rstrip(", ")


def _plain(node: Node | None) -> bool:
    """Whether a part is of one piece for the ear."""
    match node:
        case Number() | Symbol() | Word() | Styled() | Accented() | tree.Ellipsis() | None:
            return True
        case Scripted(base=base, sub=sub, sup=sup):
            return _plain(base) and _plain(_bare(sub)) and _plain(_bare(sup))
        case Differential(body=body):
            return _plain(body)
        case Sum(terms=((_, term),)):
            return _plain(term)
        case Product(factors=factors):
            return len(factors) <= 2 and layout.juxtaposed(node) and all(_plain(_bare(factor)) for _, factor in factors)
    return False


def _bare(node: Node | None) -> Node | None:
    """What stands in the parentheses or brackets of a script such as `(2)` or `[l]`."""
    return node.body if isinstance(node, Fenced) and node.left in ("(", "[") else node


@singledispatch
def _say(node: Node) -> str:
    raise TypeError(f"no speech for {type(node).__name__}")


@_say.register
def _(node: Number) -> str:
    return node.text


@_say.register
def _(node: Symbol) -> str:
    return signs.spoken(node.text)


@_say.register
def _(node: Word) -> str:
    return node.text


@_say.register
def _(node: Text) -> str:
    return node.text


@_say.register
def _(node: tree.Ellipsis) -> str:
    return "and so on"


@_say.register
def _(node: Styled) -> str:
    if node.style == "blackboard" and isinstance(node.body, Symbol | Number | Word):
        return "the indicator" if node.body.text == "1" else _SETS.get(node.body.text, node.body.text)
    return _STYLES.get(node.style, "{}").format(_say(node.body))


@_say.register
def _(node: Accented) -> str:
    return _ACCENTS[node.accent].format(_say(node.body))


@_say.register
def _(node: Scripted) -> str:
    if isinstance(node.base, Fenced) and (node.base.left, node.base.right) == (r"\|", r"\|") and node.sub is not None:
        said = _say(node.base).replace("the norm", f"the {_say(node.sub)} norm", 1)
    else:
        base = layout.fenced(node.base, layout.BASE)
        unmistakable = node.sub is None and node.sup is not None and layout.is_transpose(node.sup)
        said = _say(base.body if unmistakable and isinstance(base, Fenced) and _plain(base.body) else base)
        if node.sub is not None:
            said += f" sub {_say_script(node.sub)}"
    if node.primes:
        said += " " + _PRIMES.get(node.primes, "prime " * node.primes)
    return f"{said} {_superscript(node.base, node.sup)}" if node.sup is not None else said


def _say_script(node: Node) -> str:
    inner = _bare(node)
    assert inner is not None
    return _say(inner) + ("" if _plain(inner) else ", end script,")


def _superscript(base: Node, sup: Node) -> str:
    match sup:
        case _ if layout.is_transpose(sup):
            return "transpose"
        case Symbol(text="*" | r"\ast" | r"\star" | r"\dagger" | r"\prime"):
            return _say(sup)
        case Number(text=text) if text in _POWERS:
            return ", " * (isinstance(base, Fenced) and base.left != "(") + _POWERS[text]
        case Sum(terms=(("-", Number(text="1")),)) if not isinstance(base, Number) and base != Symbol("e"):
            return "inverse"
        case Sum(terms=(("-", inner),)) if layout.is_transpose(inner):
            return "inverse transpose"
        case Product(factors=factors) if len(factors) > 1 and layout.is_transpose(factors[-1][1]):
            rest = factors[0][1] if len(factors) == 2 else Product(factors[:-1])
            return f"{_superscript(base, rest)} transpose"
        case Fenced(left="(" | "["):
            return f"superscript {_say_script(sup)}"
    if isinstance(base, Styled) and base.style == "blackboard":
        by = (
            sup.factors if isinstance(sup, Product) and all(sign != "" for sign, _ in sup.factors[1:]) else (("", sup),)
        )
        return f"of size {' by '.join(_say(size) for _, size in by)}"
    if isinstance(base, Number | Fenced) or (isinstance(base, Symbol) and base.text == "e") or isinstance(sup, Number):
        return f"to the power {_say_script(sup)}"
    return f"superscript {_say_script(sup)}"


@_say.register
def _(node: Fenced) -> str:
    inner = _say(node.body)
    if (node.left, node.right) in _FENCES:
        said, end = _FENCES[node.left, node.right]
        return said.format(inner) + ("" if _plain(node.body) else f", {end},")
    left, right = (signs.FENCES.get(side, ("", "delimiter"))[1] for side in (node.left, node.right))
    return f"{left} {inner} {right}"


@_say.register
def _(node: Sum) -> str:
    said = []
    for index, (sign, term) in enumerate(node.terms):
        if index or sign != "+":
            said.append(signs.SUMS[sign][1])
        said.append(_say(layout.fenced(term, layout.TERM)))
    return " ".join(said)


@_say.register
def _(node: Product) -> str:
    said: list[str] = []
    before: Node | None = None
    for sign, factor in layout.factors(node):
        if sign:
            said.append(signs.PRODUCTS[sign][1])
        elif before is not None and (fence := layout.opens(factor)) is not None and fence.left in ("(", "["):
            if _is_function(before, fence.body):
                said.append("of")
                if factor is fence and _plain(fence.body):
                    factor = fence.body
            elif not isinstance(before, Fenced):
                said.append("times")
        said.append(_say(factor))
        before = factor
    return " ".join(said)


def _is_function(node: Node, argument: Node) -> bool:
    """Whether a letter or word in front of parentheses sounds like a function rather than a factor."""
    match node:
        case Scripted(base=base, primes=primes):
            return primes > 0 or _is_function(base, argument)
        case Word():
            return True
        case Styled(body=body) | Accented(body=body):
            return _is_function(body, argument)
        case Symbol(text=text):
            return text in _FUNCTIONS or not isinstance(argument, Sum)
    return False


@_say.register
def _(node: Fraction) -> str:
    above, below = node.numerator, node.denominator
    if isinstance(above, Number) and isinstance(below, Number) and (above.text, below.text) in _FRACTIONS:
        return _FRACTIONS[above.text, below.text]
    if _plain(above) and _plain(below):
        return f"{_say(above)} over {_say(below)}"
    return f"the fraction {_say(above)} over {_say(below)}, end fraction,"


@_say.register
def _(node: Root) -> str:
    if node.degree is None or isinstance(node.degree, Number):
        degree = node.degree.text if isinstance(node.degree, Number) else "2"
        name = _ROOTS.get(degree, f"root of order {degree}")
    else:
        name = f"root of order {_say(node.degree)}"
    return f"the {name} of {_say(node.body)}" + ("" if _plain(node.body) else ", end root,")


@_say.register
def _(node: Applied) -> str:
    argument = layout.argument(node)
    inner = argument.body if isinstance(argument, Fenced) and argument.left in ("(", "[") else argument
    shown = inner if _plain(inner) else argument
    return f"{_function(node.function)} of {_say(shown)}"


def _function(node: Node) -> str:
    if isinstance(node, Scripted) and isinstance(node.base, Word):
        name = _function(node.base)
        if node.sub is not None:
            joint = "over" if node.base.text in signs.LIMITS else "base" if node.base.text == "log" else "sub"
            name += f" {joint} {_say_script(node.sub)}"
        name += "".join(" prime" for _ in range(node.primes))
        return f"{name} {_superscript(node.base, node.sup)}" if node.sup is not None else name
    return _WORDS.get(node.text, node.text) if isinstance(node, Word) else _say(node)


@_say.register
def _(node: BigOperator) -> str:
    name = signs.OPERATORS.get(node.operator, ("", f"the {node.operator.removeprefix(chr(92))}"))[1]
    body = _say(layout.fenced(node.body, layout.TERM))
    if node.lower is not None and node.upper is not None:
        return f"{name} from {_say(node.lower)} to {_say(node.upper)} of {body}"
    if node.lower is not None:
        return f"{name} over {_say(node.lower)} of {body}"
    return f"{name} up to {_say(node.upper)} of {body}" if node.upper is not None else f"{name} of {body}"


@_say.register
def _(node: Differential) -> str:
    sign = signs.spoken(node.symbol)
    if node.order > 1:
        sign += f" {_POWERS.get(str(node.order), f'to the power {node.order}')}"
    return f"{sign} {_say(node.body)}" if node.body is not None else sign


@_say.register
def _(node: Derivative) -> str:
    order = _ORDERS.get(len(node.variables), "" if len(node.variables) < 2 else f"{len(node.variables)}th ")
    kind = {"d": "derivative", r"\nabla": "gradient"}.get(node.symbol, "partial derivative")
    operand = layout.operand(node)
    inner = operand.body if isinstance(operand, Fenced) and _plain(operand.body) else operand
    said = f"the {order}{kind} of {_say(inner)}"
    if not node.variables:
        return said
    names = [
        _say(variable) + (" twice" if count == 2 else f" {count} times" if count > 2 else "")
        for variable, count in layout.orders(node)
    ]
    if len(names) == 1 and len(node.variables) > 1:
        names = [_say(node.variables[0])]
    return f"{said} with respect to {_enumerated(names)}"


def _enumerated(names: Listing[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@_say.register
def _(node: Relations) -> str:
    said = [_say(layout.fenced(node.first, layout.RELATED))] if node.first is not None else []
    for relation, side in node.rest:
        said.append(signs.RELATIONS.get(relation, ("", relation.removeprefix("\\")))[1])
        said.append(_say(layout.fenced(side, layout.RELATED)))
    return " ".join(said)


@_say.register
def _(node: Sequence) -> str:
    said = [_say(item) for item in node.items[:1]]
    for separator, item in zip(node.separators, node.items[1:], strict=True):
        said += [_SEPARATORS.get(separator, separator.strip()), _say(item)]
    return " ".join(said)


@_say.register
def _(node: Rows) -> str:
    return "; ".join(_say(row) for row in node.rows)


@_say.register
def _(node: Cases) -> str:
    said = []
    for value, condition in node.branches:
        when = "otherwise"
        if condition is not None:
            when = _say(condition) if isinstance(condition, Text) else f"if {_say(condition)}"
        said.append(f"{_say(value)}, {when}")
    return f"{len(said)} cases: {'; '.join(said)}; end cases"


@_say.register
def _(node: Matrix) -> str:
    rows = "; ".join(f"row {n}: {', '.join(_say(entry) for entry in row)}" for n, row in enumerate(node.rows, start=1))
    width = max((len(row) for row in node.rows), default=0)
    name = "determinant" if node.environment == "vmatrix" else "matrix"
    return f"the {len(node.rows)} by {width} {name}: {rows}; end {name}"


@_say.register
def _(node: Tagged) -> str:
    return f"{_say(node.body)}, labelled {node.tag}"
