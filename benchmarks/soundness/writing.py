"""Formulas as people write them: one style of notation for a document, drawn at random."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from benchmarks.soundness.formulas import (
    Apply,
    Chain,
    Derivative,
    Elementwise,
    Entry,
    Extent,
    Formula,
    Layer,
    MatMul,
    Number,
    Ones,
    Plus,
    Power,
    Quantity,
    Quotient,
    Same,
    Slope,
    Squares,
    SumOver,
    Transposed,
)

SUM, PRODUCT, ATOM = range(3)


@dataclass(frozen=True)
class Style:
    """`layers` is how a layer is marked: `(1)`, `[1]`, `^` or `_`. `names` gives the LaTeX of each kind of quantity, or of a
    quantity of one layer."""

    layers: str
    transpose: str
    hadamard: str
    derivative: str
    names: Mapping[str, str]
    functions: Mapping[str, str]
    sizes: Mapping[str, str] = field(default_factory=dict)
    guarded: bool = False
    """Whether a matrix product beside an elementwise one is put in parentheses."""
    bounds: bool = False
    """Whether sums are printed with their bounds."""
    definition: str = "="

    def write(self, formula: Formula) -> str:
        return self._write(formula)[0]

    def step(self, formula: Formula) -> str:
        """A formula after a rate."""
        return self._in(formula, PRODUCT)

    def name(self, quantity: Quantity, indices: str = "") -> str:
        layer = quantity.layer
        own = "" if layer is None else f"{quantity.kind}{layer.letter}{layer.offset}"
        if own in self.names:
            base, mark = self.names[own], ""
        else:
            base, mark = self.names[quantity.kind], "" if layer is None else self._mark(layer)
        if not indices:
            return base + mark
        if mark.startswith("_"):
            return f"{base}_{{{mark.removeprefix('_').strip('{}')},{indices}}}"
        below = f"_{{{indices}}}" if len(indices) > 1 else f"_{indices}"
        return base + mark + below

    def _mark(self, layer: Layer) -> str:
        text = str(layer.offset) if not layer.letter else layer.letter + (f"{layer.offset:+d}" if layer.offset else "")
        match self.layers:
            case "()":
                return f"^{{({text})}}"
            case "[]":
                return f"^{{[{text}]}}"
            case "^":
                return f"^{{{text}}}" if len(text) > 1 else f"^{text}"
            case _:
                return f"_{{{text}}}" if len(text) > 1 else f"_{text}"

    def _in(self, formula: Formula, level: int) -> str:
        text, own = self._write(formula)
        return text if own >= level else rf"\left({text}\right)" if "frac" in text else f"({text})"

    def _write(self, formula: Formula) -> tuple[str, int]:
        match formula:
            case Number(number=number):
                return _number(number), ATOM if number >= 0 else SUM
            case Quantity():
                return self.name(formula), ATOM
            case Derivative(of=of, by=by):
                return self._derivative(self.name(of), self.name(by)), ATOM
            case Slope(of=of, by=by):
                return self._derivative(self.write(of), self.write(by)), ATOM
            case Chain(links=links):
                return " ".join(self.write(link) for link in links), PRODUCT
            case Transposed(body=body):
                text, level = self._write(body)
                return (f"{text}^{self.transpose}" if level == ATOM and "^" not in text and "frac" not in text and
                        r"\partial" not in text and "nabla" not in text else f"({text})^{self.transpose}"), ATOM  # fmt: skip
            case MatMul(factors=factors):
                return self._product(factors), PRODUCT
            case Elementwise(factors=factors):
                return f" {self.hadamard} ".join(self._factor(factor) for factor in factors), PRODUCT
            case Plus(terms=terms):
                return self._sum(terms), SUM
            case Quotient(above=above, below=below):
                return rf"\frac{{{self.write(above)}}}{{{self.write(below)}}}", ATOM
            case Power(body=body, exponent=exponent):
                text, level = self._write(body)
                if isinstance(body, Apply):
                    return rf"({text})^{exponent}", ATOM
                return (f"{text}^{exponent}" if level == ATOM and "^" not in text else f"({text})^{exponent}"), ATOM
            case Apply(function=function, body=body, order=order):
                return f"{self.functions[function]}{chr(39) * order}({self.write(body)})", ATOM
            case Extent(size=size):
                return self.sizes[size], ATOM
            case Ones():
                return r"\mathbf{1}", ATOM
            case Squares(body=body):
                return rf"\| {self.write(body)} \|^2", ATOM
            case Entry(body=Quantity() as quantity, indices=indices):
                return self.name(quantity, "".join(indices)), ATOM
            case Entry(body=Derivative(of=of, by=by), indices=indices):
                return self._derivative(self.name(of), self.name(by, "".join(indices))), ATOM
            case SumOver(index=index, size=size, body=body):
                above = f"^{{{self.sizes[size]}}}" if self.bounds else ""
                below = f"{index}=1" if self.bounds else index
                return rf"\sum_{{{below}}}{above} {self._in(body, PRODUCT)}", PRODUCT
            case Same(one=one, other=other):
                return rf"\delta_{{{one}{other}}}", ATOM
            case _:
                raise TypeError(formula)

    def _factor(self, factor: Formula) -> str:
        """A factor of an elementwise product."""
        return self._in(factor, ATOM if isinstance(factor, Elementwise) or self.guarded else PRODUCT)

    def _product(self, factors: tuple[Formula, ...]) -> str:
        last = len(factors) - 1
        parts = []
        for place, factor in enumerate(factors):
            open_sum = isinstance(factor, SumOver) and place == last
            parts.append(self._in(factor, PRODUCT if open_sum else ATOM))
        return " ".join(parts)

    def _sum(self, terms: tuple[tuple[int, Formula], ...]) -> str:
        text = ""
        for place, (sign, term) in enumerate(terms):
            text += ("-" if sign < 0 else "") if not place else (" - " if sign < 0 else " + ")
            text += self._in(term, PRODUCT)
        return text

    def _derivative(self, of: str, by: str) -> str:
        match self.derivative:
            case "frac":
                return rf"\frac{{\partial {of}}}{{\partial {by}}}"
            case "nabla":
                return rf"\nabla_{{{by}}} {of}"
            case _:
                return rf"\partial {of} / \partial {by}"


def _number(number: Fraction) -> str:
    if number.denominator == 1:
        return str(number.numerator)
    sign = "-" if number < 0 else ""
    return rf"{sign}\frac{{{abs(number.numerator)}}}{{{number.denominator}}}"


def draw(rng: random.Random, choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """One of each, no two the same."""
    while True:
        chosen = {kind: rng.choice(options) for kind, options in choices.items()}
        if len(set(chosen.values())) == len(chosen):
            return chosen


LETTERS: dict[str, tuple[str, ...]] = {
    "W": ("W", r"\mathbf{W}", r"\Theta", "W"),
    "b": ("b", r"\mathbf{b}", r"\beta", "b"),
    "z": ("z", r"\mathbf{z}", "s", "u", "z"),
    "a": ("a", r"\mathbf{a}", "h", "o", "a"),
    "x": ("x", r"\mathbf{x}", "x"),
    "y": ("y", r"\mathbf{y}", "t", "y"),
    "d": (r"\delta", r"\boldsymbol{\delta}", r"\delta"),
    "L": ("L", "J", "E", r"\mathcal{L}", "C"),
}
TRANSPOSES = ("T", r"\top", r"{\mathsf{T}}", r"{\mathrm{T}}")
HADAMARDS = (r"\odot", r"\odot", r"\circ")
FUNCTION_LETTERS: dict[str, tuple[str, ...]] = {
    "sigmoid": (r"\sigma", r"\sigma", r"\operatorname{sigmoid}", "g"),
    "tanh": (r"\tanh", r"\tanh", r"\phi"),
    "relu": (r"\mathrm{ReLU}", r"\operatorname{relu}", "r"),
    "leaky": (r"\psi", "g"),
    "softplus": (r"\zeta", r"\operatorname{softplus}"),
    "silu": (r"\mathrm{SiLU}", "q"),
    "general": ("f", r"\varphi", "g"),
    "exp": (r"\exp",),
    "log": (r"\log", r"\ln"),
    "softmax": (r"\mathrm{softmax}", r"\operatorname{softmax}"),
}
FUNCTION_BODIES = {
    "sigmoid": r"\frac{{1}}{{1 + e^{{-{t}}}}}",
    "tanh": r"\frac{{e^{{{t}}} - e^{{-{t}}}}}{{e^{{{t}}} + e^{{-{t}}}}}",
    "relu": r"\max(0, {t})",
    "leaky": r"\begin{{cases}} {t} & {t} > 0 \\ 0.1 {t} & {t} \le 0 \end{{cases}}",
    "softplus": r"\log(1 + e^{{{t}}})",
    "silu": r"\frac{{{t}}}{{1 + e^{{-{t}}}}}",
}
"""The functions of an argument `t`."""
