"""Derivative identities of the Matrix Cookbook, each proved by gradproof, beside what SymPy's `diff` gives for the same scalar.

    python benchmarks/matrix_derivatives.py [--seed SEED] [--reasons] [PAGE...]

The identities are the formulas labelled as proved of the case pages `matrix-derivatives*.md`. They are checked all together,
which settles how the page writes products and derivatives, and each on its own, which is timed; both have to prove them. SymPy
differentiates the scalar written with matrices of symbolic size; what it gives is evaluated at random matrices with n = 3 and
n = 4 (and m = n - 1) and held against central differences. An exception, a derivative left as it was and a value that cannot be
computed are no answer; shapes are compared without their ones. The target: every identity is proved.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from sympy import Identity, Inverse, MatrixSymbol, Symbol, Trace, log, sqrt, symbols
from sympy.matrices.expressions import Determinant, HadamardProduct
from sympy.tensor.array.expressions import ArrayAdd, ArrayTensorProduct, PermuteDims

from derive.check import check_documents, read_text

PAGES = sorted((Path(__file__).resolve().parent.parent / "tests/cases/notation").glob("matrix-derivatives*.md"))
TOLERANCE = 1e-5
STEP = 1e-6

_LABEL = re.compile(r"<!--\s*expect:\s*(?P<label>\w+).*?-->")
_EQUATION = re.compile(r"Equation (?P<number>\d+)")

n, m = symbols("n m", integer=True, positive=True)
I = Identity(n)  # noqa: E741
A, B, C, D, G, P, Q, R, S, W, X = (MatrixSymbol(name, n, n) for name in "ABCDGPQRSWX")
H, Y = (MatrixSymbol(name, n, m) for name in "HY")
a, b, c, p, q, t, x = (MatrixSymbol(name, n, 1) for name in "abcpqtx")
s = MatrixSymbol("s", m, 1)
alpha, tau = Symbol("alpha", real=True), Symbol("tau", real=True)
QUANTITIES = (A, B, C, D, G, P, Q, R, S, W, X, H, Y, a, b, c, p, q, t, x, s, alpha, tau)
SYMMETRIC = (P, Q, R, S, W)
Values = dict[Any, Any]


def norm(vector: Any) -> Any:
    """The Euclidean or Frobenius norm."""
    return sqrt(Trace(vector.T * vector))


# The number of the equation, the left side as on the page, the scalar in SymPy, and what it is differentiated by.
SCALARS: list[tuple[int, str, Callable[[], Any], Any]] = [
    (69, r"\frac{\partial x^T a}{\partial x}", lambda: x.T * a, x),
    (69, r"\frac{\partial a^T x}{\partial x}", lambda: a.T * x, x),
    (70, r"\frac{\partial}{\partial X} \left( a^T X b \right)", lambda: a.T * X * b, X),
    (71, r"\frac{\partial}{\partial X} \left( a^T X^T b \right)", lambda: a.T * X.T * b, X),
    (72, r"\frac{\partial}{\partial X} \left( a^T X a \right)", lambda: a.T * X * a, X),
    (72, r"\frac{\partial}{\partial X} \left( a^T X^T a \right)", lambda: a.T * X.T * a, X),
    (77, r"\frac{\partial}{\partial X} \left( b^T X^T X c \right)", lambda: b.T * X.T * X * c, X),
    (
        78,
        r"\frac{\partial}{\partial x} \left( (B x + p)^T C (D x + q) \right)",
        lambda: (B * x + p).T * C * (D * x + q),
        x,
    ),
    (81, r"\frac{\partial}{\partial x} \left( x^T B x \right)", lambda: x.T * B * x, x),
    (82, r"\frac{\partial}{\partial X} \left( b^T X^T D X c \right)", lambda: b.T * X.T * D * X * c, X),
    (
        83,
        r"\frac{\partial}{\partial X} \left( (X b + c)^T D (X b + c) \right)",
        lambda: (X * b + c).T * D * (X * b + c),
        X,
    ),
    (97, r"\nabla_x \left( x^T A x + b^T x \right)", lambda: x.T * A * x + b.T * x, x),
    (
        84,
        r"\frac{\partial}{\partial s} \left( (x - H s)^T W (x - H s) \right)",
        lambda: (x - H * s).T * W * (x - H * s),
        s,
    ),
    (85, r"\frac{\partial}{\partial x} \left( (x - t)^T W (x - t) \right)", lambda: (x - t).T * W * (x - t), x),
    (86, r"\frac{\partial}{\partial t} \left( (x - t)^T W (x - t) \right)", lambda: (x - t).T * W * (x - t), t),
    (
        87,
        r"\frac{\partial}{\partial x} \left( (x - H s)^T W (x - H s) \right)",
        lambda: (x - H * s).T * W * (x - H * s),
        x,
    ),
    (
        88,
        r"\frac{\partial}{\partial H} \left( (x - H s)^T W (x - H s) \right)",
        lambda: (x - H * s).T * W * (x - H * s),
        H,
    ),
    (89, r"\frac{\partial}{\partial x} \left( (\alpha - x^T b)^2 \right)", lambda: (alpha - Trace(x.T * b)) ** 2, x),
    (91, r"\frac{\partial}{\partial X} \left( a^T X^2 b \right)", lambda: a.T * X * X * b, X),
    (91, r"\frac{\partial}{\partial X} \left( a^T X^3 b \right)", lambda: a.T * X * X * X * b, X),
    (92, r"\frac{\partial}{\partial X} \left( a^T (X^2)^T X^2 b \right)", lambda: a.T * X.T * X.T * X * X * b, X),
    (
        95,
        r"\frac{\partial}{\partial x} \left( \frac{x^T A^T A x}{x^T B^T B x} \right)",
        lambda: Trace(x.T * A.T * A * x) / Trace(x.T * B.T * B * x),
        x,
    ),
    (99, r"\frac{\partial \mathrm{tr}(X)}{\partial X}", lambda: Trace(X), X),
    (100, r"\frac{\partial \mathrm{tr}(X A)}{\partial X}", lambda: Trace(X * A), X),
    (101, r"\frac{\partial \mathrm{tr}(A X B)}{\partial X}", lambda: Trace(A * X * B), X),
    (102, r"\frac{\partial \mathrm{tr}(A X^T B)}{\partial X}", lambda: Trace(A * X.T * B), X),
    (103, r"\frac{\partial \mathrm{tr}(X^T A)}{\partial X}", lambda: Trace(X.T * A), X),
    (104, r"\frac{\partial \mathrm{tr}(A X^T)}{\partial X}", lambda: Trace(A * X.T), X),
    (
        105,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}(A) \mathrm{tr}(X) \right)",
        lambda: Trace(A) * Trace(X),
        X,
    ),
    (106, r"\frac{\partial \mathrm{tr}(X^2)}{\partial X}", lambda: Trace(X * X), X),
    (107, r"\frac{\partial \mathrm{tr}(X^2 B)}{\partial X}", lambda: Trace(X * X * B), X),
    (108, r"\frac{\partial \mathrm{tr}(X^T B X)}{\partial X}", lambda: Trace(X.T * B * X), X),
    (109, r"\frac{\partial \mathrm{tr}(B X X^T)}{\partial X}", lambda: Trace(B * X * X.T), X),
    (110, r"\frac{\partial \mathrm{tr}(X X^T B)}{\partial X}", lambda: Trace(X * X.T * B), X),
    (111, r"\frac{\partial \mathrm{tr}(X B X^T)}{\partial X}", lambda: Trace(X * B * X.T), X),
    (112, r"\frac{\partial \mathrm{tr}(B X^T X)}{\partial X}", lambda: Trace(B * X.T * X), X),
    (113, r"\frac{\partial \mathrm{tr}(X^T X B)}{\partial X}", lambda: Trace(X.T * X * B), X),
    (114, r"\frac{\partial \mathrm{tr}(A X B X)}{\partial X}", lambda: Trace(A * X * B * X), X),
    (115, r"\frac{\partial \mathrm{tr}(X^T X)}{\partial X}", lambda: Trace(X.T * X), X),
    (115, r"\frac{\partial \mathrm{tr}(X X^T)}{\partial X}", lambda: Trace(X * X.T), X),
    (116, r"\frac{\partial \mathrm{tr}(B^T X^T C X B)}{\partial X}", lambda: Trace(B.T * X.T * C * X * B), X),
    (117, r"\frac{\partial \mathrm{tr}(X^T B X C)}{\partial X}", lambda: Trace(X.T * B * X * C), X),
    (118, r"\frac{\partial \mathrm{tr}(A X B X^T C)}{\partial X}", lambda: Trace(A * X * B * X.T * C), X),
    (
        119,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}((A X B + C) (A X B + C)^T) \right)",
        lambda: Trace((A * X * B + C) * (A * X * B + C).T),
        X,
    ),
    (
        120,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}(X) \mathrm{tr}(X) \right)",
        lambda: Trace(X) * Trace(X),
        X,
    ),
    (121, r"\frac{\partial \mathrm{tr}(X^3)}{\partial X}", lambda: Trace(X * X * X), X),
    (121, r"\frac{\partial \mathrm{tr}(X^4)}{\partial X}", lambda: Trace(X * X * X * X), X),
    (122, r"\frac{\partial \mathrm{tr}(A X^3)}{\partial X}", lambda: Trace(A * X * X * X), X),
    (129, r"\frac{\partial \|x - a\|_2}{\partial x}", lambda: norm(x - a), x),
    (131, r"\frac{\partial \|x\|_2^2}{\partial x}", lambda: norm(x) ** 2, x),
    (131, r"\frac{\partial (x^T x)}{\partial x}", lambda: x.T * x, x),
    (132, r"\frac{\partial \|Y\|_F^2}{\partial Y}", lambda: norm(Y) ** 2, Y),
    (132, r"\frac{\partial \mathrm{tr}(Y Y^T)}{\partial Y}", lambda: Trace(Y * Y.T), Y),
    (119, r"\frac{\partial}{\partial Y} \left( \|A Y - H\|_F^2 \right)", lambda: norm(A * Y - H) ** 2, Y),
    (
        139,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}(A (X + X^T - X \odot I)) \right)",
        lambda: Trace(A * (X + X.T - HadamardProduct(X, I))),
        X,
    ),
    (
        142,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}(A (X \odot I)) \right)",
        lambda: Trace(A * HadamardProduct(X, I)),
        X,
    ),
    (49, r"\frac{\partial \det(X)}{\partial X}", lambda: Determinant(X), X),
    (55, r"\frac{\partial}{\partial X} \left( \log \det(X^T X) \right)", lambda: log(Determinant(X.T * X)), X),
    (57, r"\frac{\partial}{\partial X} \left( \log \det(X) \right)", lambda: log(Determinant(X)), X),
    (58, r"\frac{\partial \det(X^3)}{\partial X}", lambda: Determinant(X * X * X), X),
    (62, r"\frac{\partial \det(X^{-1})}{\partial X}", lambda: Determinant(Inverse(X)), X),
    (53, r"\frac{\partial \det(X^T S X)}{\partial X}", lambda: Determinant(X.T * S * X), X),
    (54, r"\frac{\partial \det(X^T A X)}{\partial X}", lambda: Determinant(X.T * A * X), X),
    (61, r"\frac{\partial}{\partial X} \left( a^T X^{-1} b \right)", lambda: a.T * Inverse(X) * b, X),
    (63, r"\frac{\partial \mathrm{tr}(A X^{-1} B)}{\partial X}", lambda: Trace(A * Inverse(X) * B), X),
    (64, r"\frac{\partial}{\partial X} \left( \mathrm{tr}((X + A)^{-1}) \right)", lambda: Trace(Inverse(X + A)), X),
    (
        125,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}((X^T R X)^{-1} G) \right)",
        lambda: Trace(Inverse(X.T * R * X) * G),
        X,
    ),
    (
        127,
        r"\frac{\partial}{\partial X} \left( \mathrm{tr}((P + X^T R X)^{-1} (X^T Q X)) \right)",
        lambda: Trace(Inverse(P + X.T * R * X) * X.T * Q * X),
        X,
    ),
    (46, r"\frac{\partial}{\partial \tau} \left( \det(A + \tau B) \right)", lambda: Determinant(A + tau * B), tau),
    (
        43,
        r"\frac{\partial}{\partial \tau} \left( \log \det(A + \tau B) \right)",
        lambda: log(Determinant(A + tau * B)),
        tau,
    ),
]


@dataclass(frozen=True)
class Formula:
    """A formula of a page that is labelled as proved: its equation's number, its line, and a page for it alone."""

    number: int
    latex: str
    line: int
    page: str

    @property
    def left(self) -> str:
        """What stands before the equals sign."""
        return self.latex.partition(" = ")[0]


def identities(text: str) -> Iterator[Formula]:
    """The identities of a page, each with all other displayed formulas blanked."""
    lines = text.split("\n")
    blank = ["" if line.startswith("$$") or _LABEL.search(line) else line for line in lines]
    number, label = 0, ""
    for at, line in enumerate(lines):
        if found := _EQUATION.match(line):
            number = int(found["number"])
        elif found := _LABEL.search(line):
            label = found["label"]
        elif line.startswith("$$") and label == "proved":
            yield Formula(number, line.strip("$"), at + 1, "\n".join([*blank[:at], line, *blank[at + 1 :]]))


def product(*factors: Any) -> Any:
    """A product of numbers and matrices."""
    result: Any = 1.0
    for factor in factors:
        result = result * factor if np.ndim(result) == 0 or np.ndim(factor) == 0 else result @ factor
    return result


def power(base: Any, exponent: Any) -> Any:
    """A power of a number or of a square matrix."""
    return base**exponent if np.ndim(base) == 0 else np.linalg.matrix_power(base, int(exponent))


def total(*terms: Any) -> Any:
    """A sum of numbers or arrays."""
    return sum(terms[1:], start=terms[0])


# What the nodes of SymPy's matrix expressions are in NumPy.
OPERATIONS: dict[Any, Callable[..., Any]] = {
    sympy.Add: total,
    sympy.MatAdd: total,
    sympy.Mul: product,
    sympy.MatMul: product,
    sympy.Pow: power,
    sympy.MatPow: power,
    sympy.Transpose: np.transpose,
    sympy.Inverse: lambda matrix, *_: np.linalg.inv(matrix),
    sympy.Trace: np.trace,
    Determinant: np.linalg.det,
    HadamardProduct: lambda *factors: np.prod(np.stack(factors), axis=0),
    sympy.log: np.log,
    ArrayAdd: total,
    ArrayTensorProduct: lambda *factors: reduce(np.multiply.outer, factors),
}


def proved(text: str) -> set[int]:
    """The lines of the displayed formulas of a page that the checker calls proved."""
    (report,) = check_documents([read_text(text)]).documents
    return {formula.line for formula in report.formulas if formula.display and formula.verdict.value == "proved"}


def true_ones(text: str) -> str:
    """A page without its formulas that are not labelled as proved, whose lines stay."""
    lines = text.split("\n")
    kept = {identity.line for identity in identities(text)}
    return "\n".join(
        line if at in kept or not (line.startswith("$$") or _LABEL.search(line)) else ""
        for at, line in enumerate(lines, start=1)
    )


def inputs(size: int, random: np.random.Generator) -> Values:
    """Values for all quantities; square matrices have positive determinants, and those called symmetric are."""
    values: Values = {}
    for quantity in QUANTITIES:
        if isinstance(quantity, Symbol):
            values[quantity] = random.normal()
            continue
        shape = tuple(int(length.subs({n: size, m: size - 1})) for length in quantity.shape)
        drawn = random.normal(size=shape)
        if quantity in SYMMETRIC:
            drawn = drawn @ drawn.T + np.eye(shape[0])
        elif shape[0] == shape[1]:
            drawn = 0.3 * drawn + np.eye(shape[0])
            drawn[0] *= np.sign(np.linalg.det(drawn))
        values[quantity] = drawn
    return values


def value(expression: Any, values: Values, size: int) -> Any:
    """An expression over matrices of symbolic size at the values of all quantities."""
    if expression in values:
        return values[expression]
    if isinstance(expression, sympy.Identity | sympy.ZeroMatrix):
        rows, columns = (int(length.subs({n: size, m: size - 1})) for length in expression.shape)
        return np.eye(rows) if isinstance(expression, sympy.Identity) else np.zeros((rows, columns))
    if isinstance(expression, PermuteDims):
        return np.transpose(value(expression.expr, values, size), expression.permutation.array_form)
    if not expression.free_symbols:
        return float(expression)
    if type(expression) not in OPERATIONS:
        raise NotImplementedError(f"{type(expression).__name__} in {expression}")
    return OPERATIONS[type(expression)](*(value(argument, values, size) for argument in expression.args))


def differences(scalar: Any, by: Any, size: int, values: Values) -> Any:
    """The derivative by central differences, in the shape of what it is taken by."""
    centre = np.asarray(values[by], dtype=float)
    slopes = np.empty(centre.shape)
    for entry in np.ndindex(centre.shape):
        sides = []
        for sign in (1, -1):
            moved = centre.copy()
            moved[entry] += sign * STEP
            sides.append(np.asarray(value(scalar, {**values, by: moved}, size)).item())
        slopes[entry] = (sides[0] - sides[1]) / (2 * STEP)
    return slopes


def asked(scalar: Any, by: Any, random: np.random.Generator) -> tuple[str, str]:
    """("right", "wrong" or "no answer", what SymPy gives or why there is none)."""
    cases = [(size, inputs(size, random)) for size in (3, 4)]
    expected = [differences(scalar, by, size, values) for size, values in cases]
    try:
        answer = scalar.diff(by)
        if answer.has(sympy.Derivative):
            return "no answer", f"left as {answer}"
        found = [np.asarray(value(answer, values, size), dtype=float) for size, values in cases]
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return "no answer", f"{type(error).__name__}: {error}"
    same = all(
        np.squeeze(one).shape == np.squeeze(other).shape
        and np.allclose(np.squeeze(one), np.squeeze(other), rtol=TOLERANCE, atol=TOLERANCE * (1 + np.abs(other).max()))
        for one, other in zip(found, expected, strict=True)
    )
    return ("right" if same else "wrong"), str(answer)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, default=PAGES, metavar="PAGE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reasons", action="store_true", help="print what SymPy gives, or why it gives nothing")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    table = {left: (scalar, by) for _, left, scalar, by in SCALARS}
    totals: Counter[str] = Counter()
    wrong = []
    count, ours, used, theirs = 0, 0, 0.0, 0.0
    for page in arguments.pages:
        text = page.read_text(encoding="utf-8")
        lines = proved(true_ones(text))
        for identity in identities(text):
            started = time.perf_counter()
            holds = identity.line in proved(identity.page) and identity.line in lines
            seconds = time.perf_counter() - started
            started = time.perf_counter()
            said, reason = "not asked", ""
            if identity.left in table:
                scalar, by = table[identity.left]
                said, reason = asked(scalar(), by, np.random.default_rng(arguments.seed))
            theirs += time.perf_counter() - started
            count, ours, used = count + 1, ours + holds, used + seconds
            totals[said] += 1
            if said == "wrong":
                wrong.append(f"  {identity.number}: {identity.latex}\n      SymPy: {reason}")
            ruling = "proved" if holds else "not proved"
            print(f"{identity.number:4} {ruling:10} {seconds:6.2f} s   SymPy {said:9}  {identity.latex}", flush=True)
            if arguments.reasons and reason and said != "wrong":
                print(f"      SymPy: {reason}")
    if wrong:
        print("SymPy is wrong about:", *wrong, sep="\n")
    print(f"gradproof: {ours} of {count} identities proved, {used:.1f} s")
    kinds = ", ".join(f"{totals[kind]} {kind}" for kind in ("right", "wrong", "no answer", "not asked"))
    print(f"SymPy {sympy.__version__}: {kinds}; {theirs:.1f} s with the comparison")
    return 0 if ours == count else 1


if __name__ == "__main__":
    sys.exit(main())
