r"""Known functions of one real number: what they are, their derivatives, and how a document may call them.

A row gives the definition over more elementary functions (None for the elementary ones) and the derivative, both as terms over
`Arg(0)`. The engine knows none of these rows; it looks them up. Derivatives follow Abramowitz and Stegun, Handbook of
Mathematical Functions, sections 4.2 (exp, log), 4.3 (sin, cos), 4.5 (hyperbolic functions) and 7.1 (erf).

>>> KNOWN["sigmoid"].derivative
sigmoid(#0)*(-1*sigmoid(#0) + 1)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from derive.algebra.terms import ONE, Arg, Fun, Positive, Term, add, mul, neg, num, power, sub

X = Arg(0)


def call(function: str, argument: Term = X) -> Term:
    return Fun(function, 0, argument)


@dataclass(frozen=True)
class KnownFunction:
    """One row. `positive` says that its values are greater than zero, `domain` that its argument must be."""

    name: str
    definition: Term | None
    derivative: Term
    latex: str
    spoken: str
    positive: bool = False
    domain_positive: bool = False


_E = call("exp")
_SIGMOID = call("sigmoid")
_TANH = call("tanh")
PI = call("pi", ONE)
"""The number pi, as a constant function, so that terms need no irrational numbers."""

_ROWS = (
    KnownFunction("exp", None, _E, r"\exp", "the exponential", positive=True),
    KnownFunction("log", None, power(X, -1), r"\log", "the logarithm", domain_positive=True),
    KnownFunction("sin", None, call("cos"), r"\sin", "sine"),
    KnownFunction("cos", None, neg(call("sin")), r"\cos", "cosine"),
    KnownFunction("pi", None, num(0), r"\pi", "pi", positive=True),
    KnownFunction(
        "erf",
        None,
        mul(num(2), power(PI, Fraction(-1, 2)), call("exp", neg(power(X, 2)))),
        r"\operatorname{erf}",
        "the error function",
    ),
    KnownFunction(
        "sigmoid",
        power(add(ONE, call("exp", neg(X))), -1),
        mul(_SIGMOID, sub(ONE, _SIGMOID)),
        r"\sigma",
        "the logistic sigmoid",
        positive=True,
    ),
    KnownFunction(
        "tanh",
        mul(sub(_E, call("exp", neg(X))), power(add(_E, call("exp", neg(X))), -1)),
        sub(ONE, power(_TANH, 2)),
        r"\tanh",
        "the hyperbolic tangent",
    ),
    KnownFunction("relu", mul(X, Positive(X)), Positive(X), r"\operatorname{ReLU}", "the rectifier"),
    KnownFunction(
        "softplus", call("log", add(ONE, _E)), _SIGMOID, r"\operatorname{softplus}", "softplus", positive=True
    ),
    KnownFunction("identity", X, ONE, r"\operatorname{id}", "the identity"),
)

KNOWN: dict[str, KnownFunction] = {row.name: row for row in _ROWS}
"""The rows by name."""

ELEMENTARY = frozenset(row.name for row in _ROWS if row.definition is None)
"""Functions that are not defined by others."""

NOTATION: dict[str, str] = {
    "exp": "exp", "log": "log", "ln": "log", "sin": "sin", "cos": "cos", "tanh": "tanh", "erf": "erf", "relu": "relu",
    "sigmoid": "sigmoid", "softplus": "softplus", "logistic": "sigmoid", "sigm": "sigmoid", "expit": "sigmoid",
}  # fmt: skip
"""How functions are called in words, lower case."""
