"""Documents about sequences: recurrent networks with weights shared over time, and recursions with closed forms.

A claim is a left side and a right side with mistakes of its own, every side written twice: as LaTeX, and as a function of the
values that NumPy carries through the sequence. Derivatives are central differences of the whole forward pass, in which every
quantity has a disturbance added to it, so that a derivative by it counts all paths from there on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.soundness.documents import GeneratedDocument, Unsound, Written

STEPS = 5
POINTS = 3
EQUAL, DIFFERENT = 1e-6, 1e-3
STEP = 1e-5
SHARE_OF_MUTANTS = 0.45

Values = Mapping[str, Any]
"""Arrays by name, those of a family as lists over the steps from 0 to the last."""
Side = tuple[str, Callable[[Values, int], Any]]


@dataclass(frozen=True)
class Candidate:
    """A claim for the steps from `first` to `last` before the end, with wrong right sides under the names of the mistakes."""

    left: Side
    right: Side
    mistakes: tuple[tuple[str, Side], ...]
    first: int = 1
    last: int = 0
    said: str = ""


@dataclass
class Sequence:
    """A recurrent network at one random point."""

    rng: np.random.Generator
    activation: str
    mean: bool
    sizes: tuple[int, int, int] = (3, 4, 2)
    parts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hidden, inputs, outputs = self.sizes
        draw = self.rng.normal
        self.parts = {
            "W": draw(size=(hidden, hidden)), "U": draw(size=(hidden, inputs)), "V": draw(size=(outputs, hidden)),
            "b": draw(size=hidden), "c": draw(size=outputs), "x": draw(size=(STEPS + 1, inputs)),
            "y": draw(size=(STEPS + 1, outputs)), "h0": draw(size=hidden),
        }  # fmt: skip

    def slope(self, h: Any) -> Any:
        return 1 - h**2 if self.activation == "tanh" else h * (1 - h)

    def run(self, disturbed: Mapping[tuple[str, int], Any], parts: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
        """The loss and all values, with disturbances added to quantities at their steps."""
        z, h, o = [np.zeros(self.sizes[0])], [parts["h0"]], [np.zeros(self.sizes[2])]
        loss = 0.0
        for t in range(1, STEPS + 1):
            z.append(parts["W"] @ h[t - 1] + parts["U"] @ parts["x"][t] + parts["b"] + disturbed.get(("z", t), 0))
            squashed = np.tanh(z[t]) if self.activation == "tanh" else 1 / (1 + np.exp(-z[t]))
            h.append(squashed + disturbed.get(("h", t), 0))
            o.append(parts["V"] @ h[t] + parts["c"] + disturbed.get(("o", t), 0))
            loss += 0.5 * float(np.sum((o[t] - parts["y"][t]) ** 2)) / (STEPS if self.mean else 1)
        return loss, {"z": z, "h": h, "o": o}

    def values(self) -> dict[str, Any]:
        _, found = self.run({}, self.parts)
        for name in ("z", "h", "o"):
            found["d" + name] = [np.zeros_like(found[name][0])] + [
                self._difference(found[name][t].shape, lambda e, key=(name, t): self.run({key: e}, self.parts)[0])
                for t in range(1, STEPS + 1)
            ]
        for name in ("W", "U", "V", "b", "c"):
            whole = self.parts[name]
            found["d" + name] = self._difference(
                whole.shape, lambda e, name=name: self.run({}, {**self.parts, name: self.parts[name] + e})[0]
            )
        jacobians = [np.zeros((self.sizes[0], self.sizes[0]))] * 2
        for t in range(2, STEPS + 1):
            columns = []
            for place in range(self.sizes[0]):
                e = np.zeros(self.sizes[0])
                e[place] = STEP
                up, down = (self.run({("h", t - 1): s * e}, self.parts)[1]["h"][t] for s in (1, -1))
                columns.append((up - down) / (2 * STEP))
            jacobians.append(np.stack(columns, axis=1))
        found["J"] = jacobians
        found["slope"] = [self.slope(h) for h in found["h"]]
        return {**self.parts, **found}

    def _difference(self, shape: tuple[int, ...], loss: Callable[[Any], float]) -> Any:
        result = np.zeros(shape)
        for place in np.ndindex(shape):
            e = np.zeros(shape)
            e[place] = STEP
            result[place] = (loss(e) - loss(-e)) / (2 * STEP)
        return result


@dataclass(frozen=True)
class Notation:
    """How steps are attached to names, and what the sequence's quantities are called."""

    above: bool
    bold: bool
    letter: str
    end: str

    def at(self, name: str, by: int | str = 0) -> str:
        step = by if isinstance(by, str) else self.letter + (f"{by:+d}" if by else "")
        base = rf"\mathbf{{{name}}}" if self.bold and name.isalpha() else name
        return f"{base}^{{({step})}}" if self.above else f"{base}_{{{step}}}"

    def plain(self, name: str) -> str:
        return rf"\mathbf{{{name}}}" if self.bold else name


def recurrent(rng: random.Random, seed: int) -> GeneratedDocument:
    """A network with one hidden state, an output at every step, and the squared error of all outputs."""
    activation, mean = rng.choice(("tanh", "sigmoid")), rng.random() < 0.4
    notation = Notation(rng.random() < 0.5, rng.random() < 0.5, "t", rng.choice(("T", r"\tau")))
    at, plain, end = notation.at, notation.plain, notation.end
    points = [Sequence(np.random.default_rng((seed, turn)), activation, mean).values() for turn in range(POINTS)]
    squash = r"\tanh" if activation == "tanh" else r"\sigma"
    divisor = rf"\frac{{1}}{{{end}}} " if mean else ""
    said = [
        rf"A sequence has the inputs ${at('x')} \in \mathbb{{R}}^d$ and the targets ${at('y')} \in \mathbb{{R}}^q$ for "
        rf"$t = 1, \ldots, {end}$. The state is ${at('h')} \in \mathbb{{R}}^m$, and ${at('h', '0')}$ is a constant. The weights "
        rf"${plain('W')} \in \mathbb{{R}}^{{m \times m}}$, ${plain('U')} \in \mathbb{{R}}^{{m \times d}}$, "
        rf"${plain('V')} \in \mathbb{{R}}^{{q \times m}}$ and the biases ${plain('b')} \in \mathbb{{R}}^m$, "
        rf"${plain('c')} \in \mathbb{{R}}^q$ are shared by all steps. The function ${squash}$ acts on every entry"
        + (r" and is $\sigma(s) = \frac{1}{1 + e^{-s}}$." if activation == "sigmoid" else "."),
        f"$${at('z')} = {plain('W')} {at('h', -1)} + {plain('U')} {at('x')} + {plain('b')}$$",
        f"$${at('h')} = {squash}({at('z')})$$",
        f"$${at('o')} = {plain('V')} {at('h')} + {plain('c')}$$",
        rf"$$L = {divisor}\sum_{{t=1}}^{{{end}}} \frac{{1}}{{2}} \|{at('o')} - {at('y')}\|^2$$",
        "Gradients have the shape of the quantity they are taken by, those of vectors are columns, and they count all paths. "
        "A Jacobian has a row for every output.",
    ]
    return _document("recurrent", seed, rng, said, _network_claims(notation, activation, mean), points)


def _network_claims(n: Notation, activation: str, mean: bool) -> list[Candidate]:
    scale = 1 / STEPS if mean else 1.0
    factor = rf"\frac{{1}}{{{n.end}}} " if mean else ""

    def grad(name: str, by: int | str = 0) -> str:
        return rf"\frac{{\partial L}}{{\partial {n.at(name, by)}}}"

    def of(name: str) -> str:
        return rf"\frac{{\partial L}}{{\partial {n.plain(name)}}}"

    def slope(by: int = 0) -> str:
        h = n.at("h", by)
        return rf"(1 - {h} \odot {h})" if activation == "tanh" else rf"{h} \odot (1 - {h})"

    def over(body: str, first: str = "1", last: str = "") -> str:
        return rf"\sum_{{t={first}}}^{{{last or n.end}}} {body}"

    w, v, h, x = n.plain("W"), n.plain("V"), n.at("h"), n.at("x")
    before = n.at("h", -1)

    def summed(f: Callable[[Values, int], Any], first: int = 1, last: int = STEPS) -> Callable[[Values, int], Any]:
        return lambda e, t: sum(f(e, s) for s in range(first, last + 1))

    def outer(left: str, right: str, shift: int = 0) -> Callable[[Values, int], Any]:
        return lambda e, s: np.outer(e[left][s], e[right][s + shift])

    transposed = lambda name: rf"{name}^\top"  # noqa: E731
    return [
        Candidate(
            (grad("o"), lambda e, t: e["do"][t]),
            (rf"{factor}({n.at('o')} - {n.at('y')})", lambda e, t: scale * (e["o"][t] - e["y"][t])),
            (
                ("sign", (rf"{factor}({n.at('y')} - {n.at('o')})", lambda e, t: scale * (e["y"][t] - e["o"][t]))),
                ("factor", (rf"2 ({n.at('o')} - {n.at('y')})", lambda e, t: 2 * (e["o"][t] - e["y"][t]))),
            ),
        ),
        Candidate(
            (grad("h", n.end), lambda e, t: e["dh"][STEPS]),
            (rf"{transposed(v)} {grad('o', n.end)}", lambda e, t: e["V"].T @ e["do"][STEPS]),
            (("transpose", (rf"{v} {grad('o', n.end)}", lambda e, t: None)),),
        ),
        Candidate(
            (grad("z"), lambda e, t: e["dz"][t]),
            (rf"{grad('h')} \odot {slope()}", lambda e, t: e["dh"][t] * e["slope"][t]),
            (
                ("step", (rf"{grad('h')} \odot {slope(-1)}", lambda e, t: e["dh"][t] * e["slope"][t - 1])),
                ("slope", (rf"{grad('h')} \odot {h}", lambda e, t: e["dh"][t] * e["h"][t])),
            ),
        ),
        Candidate(
            (grad("h"), lambda e, t: e["dh"][t]),
            (
                rf"{transposed(v)} {grad('o')} + {transposed(w)} {grad('z', 1)}",
                lambda e, t: e["V"].T @ e["do"][t] + e["W"].T @ e["dz"][t + 1],
            ),
            (
                ("path", (rf"{transposed(w)} {grad('z', 1)}", lambda e, t: e["W"].T @ e["dz"][t + 1])),
                (
                    "transpose",
                    (
                        rf"{transposed(v)} {grad('o')} + {w} {grad('z', 1)}",
                        lambda e, t: e["V"].T @ e["do"][t] + e["W"] @ e["dz"][t + 1],
                    ),
                ),
                (
                    "slope",
                    (
                        rf"{transposed(v)} {grad('o')} + {transposed(w)} {grad('h', 1)}",
                        lambda e, t: e["V"].T @ e["do"][t] + e["W"].T @ e["dh"][t + 1],
                    ),
                ),
            ),
            last=1,
            said=rf"For $t < {n.end}$:",
        ),
        Candidate(
            (of("V"), lambda e, t: e["dV"]),
            (over(rf"{grad('o')} {transposed('{' + h + '}')}"), summed(outer("do", "h"))),
            (
                ("step", (over(rf"{grad('o')} {transposed('{' + before + '}')}"), summed(outer("do", "h", -1)))),
                ("bounds", (over(rf"{grad('o')} {transposed('{' + h + '}')}", "2"), summed(outer("do", "h"), 2))),
            ),
        ),
        Candidate(
            (of("W"), lambda e, t: e["dW"]),
            (over(rf"{grad('z')} {transposed('{' + before + '}')}"), summed(outer("dz", "h", -1))),
            (
                ("step", (over(rf"{grad('z')} {transposed('{' + h + '}')}"), summed(outer("dz", "h")))),
                ("slope", (over(rf"{grad('h')} {transposed('{' + before + '}')}"), summed(outer("dh", "h", -1)))),
                (
                    "bounds",
                    (over(rf"{grad('z')} {transposed('{' + before + '}')}", "2"), summed(outer("dz", "h", -1), 2)),
                ),
            ),
        ),
        Candidate(
            (of("W"), lambda e, t: e["dW"]),
            (
                over(rf"{grad('z', 1)} {transposed('{' + h + '}')}", "0", f"{n.end}-1"),
                summed(lambda e, s: np.outer(e["dz"][s + 1], e["h"][s]), 0, STEPS - 1),
            ),
            (
                (
                    "bounds",
                    (
                        over(rf"{grad('z', 1)} {transposed('{' + h + '}')}", "1", f"{n.end}-1"),
                        summed(lambda e, s: np.outer(e["dz"][s + 1], e["h"][s]), 1, STEPS - 1),
                    ),
                ),
            ),
        ),
        Candidate(
            (of("U"), lambda e, t: e["dU"]),
            (over(rf"{grad('z')} {transposed('{' + x + '}')}"), summed(outer("dz", "x"))),
            (("slope", (over(rf"{grad('h')} {transposed('{' + x + '}')}"), summed(outer("dh", "x")))),),
        ),
        Candidate(
            (of("b"), lambda e, t: e["db"]),
            (over(grad("z")), summed(lambda e, s: e["dz"][s])),
            (
                ("slope", (over(grad("h")), summed(lambda e, s: e["dh"][s]))),
                ("sign", ("-" + over(grad("z")), lambda e, t: -sum(e["dz"][1:]))),
            ),
        ),
        Candidate(
            (of("c"), lambda e, t: e["dc"]),
            (over(rf"{factor}({n.at('o')} - {n.at('y')})"), summed(lambda e, s: scale * (e["o"][s] - e["y"][s]))),
            (("factor", (over(rf"2 ({n.at('o')} - {n.at('y')})"), summed(lambda e, s: 2 * (e["o"][s] - e["y"][s])))),),
        ),
        Candidate(
            (rf"\frac{{\partial {h}}}{{\partial {before}}}", lambda e, t: e["J"][t]),
            (rf"\mathrm{{diag}}({slope()}) {w}", lambda e, t: np.diag(e["slope"][t]) @ e["W"]),
            (
                ("order", (rf"{w} \mathrm{{diag}}({slope()})", lambda e, t: e["W"] @ np.diag(e["slope"][t]))),
                ("step", (rf"\mathrm{{diag}}({slope(-1)}) {w}", lambda e, t: np.diag(e["slope"][t - 1]) @ e["W"])),
                (
                    "transpose",
                    (rf"\mathrm{{diag}}({slope()}) {transposed(w)}", lambda e, t: np.diag(e["slope"][t]) @ e["W"].T),
                ),
            ),
            first=2,
            said="For $t \\geq 2$:",
        ),
    ]


def recursions(rng: random.Random, seed: int) -> GeneratedDocument:
    """A number that follows a linear recursion, with its closed form and its derivatives."""
    letter, s, g = rng.choice(("t", "k")), rng.choice(("s", "m", "v")), rng.choice(("g", "x", "u"))
    a, b = rng.choice(((r"\beta", "(1 - \\beta)"), ("a", "b"), (r"\mu", "-\\varepsilon"), (r"\gamma", "")))
    i = rng.choice([each for each in ("i", "j") if each != letter])
    points = []
    for turn in range(POINTS):
        draw = np.random.default_rng((seed, turn)).uniform(0.2, 0.8, size=STEPS + 4)
        av, other = draw[0], draw[1]
        bv = {"(1 - \\beta)": 1 - av, "b": other, "-\\varepsilon": -other, "": 1.0}[b]
        values = [draw[2]]
        slopes = [0.0]
        for t in range(1, STEPS + 1):
            values.append(av * values[t - 1] + bv * draw[t + 2])
            own = -draw[t + 2] if b == "(1 - \\beta)" else 0.0
            slopes.append(values[t - 1] + av * slopes[t - 1] + own)
        points.append({"a": av, "b": bv, "s": values, "g": [0.0, *draw[3:]], "ds": slopes})
    now, first, past = f"{s}_{letter}", f"{s}_0", f"{s}_{{{letter}-1}}"
    plus = "-" if b.startswith("-") else "+"
    said = [
        rf"The numbers ${g}_1, {g}_2, \ldots$ and the start ${first}$ are given, and ${a}$"
        + ("" if b in ("", "(1 - \\beta)") else f" and ${b.lstrip('-')}$")
        + rf" are real constants between 0 and 1. For ${letter} = 1, 2, \ldots$ let",
        f"$${now} = {a} {past} {plus} {b.lstrip('-')} {g}_{letter}$$",
    ]

    def closed(power: Callable[[int, int], int], start: int = 1, *, kept: bool = True) -> Callable[[Values, int], Any]:
        return lambda e, t: (
            (e["a"] ** t * e["s"][0] if kept else 0.0)
            + e["b"] * sum(e["a"] ** power(t, k) * e["g"][k] for k in range(start, t + 1))
        )

    def written(exponent: str, start: str = "1", kept: str = f"{a}^{letter} {first} ") -> str:
        sign = plus if kept else b[: b.startswith("-")]
        summed = rf"\sum_{{{i}={start}}}^{{{letter}}} {a}^{{{exponent}}} {g}_{i}"
        return f"{kept}{sign} {b.lstrip('-')} {summed}"

    lag = f"{letter}-{i}"
    claims = [
        Candidate(
            (now, lambda e, t: e["s"][t]),
            (written(lag), closed(lambda t, k: t - k)),
            (
                ("exponent", (written(f"{lag}+1"), closed(lambda t, k: t - k + 1))),
                ("exponent", (written(i), closed(lambda t, k: k))),
                ("start", (written(lag, kept=""), closed(lambda t, k: t - k, kept=False))),
                ("bounds", (written(lag, start="2"), closed(lambda t, k: t - k, 2))),
            ),
        ),
        Candidate(
            (
                rf"\sum_{{{i}=1}}^{{{letter}}} {a}^{{{lag}}}",
                lambda e, t: sum(e["a"] ** (t - k) for k in range(1, t + 1)),
            ),
            (rf"\frac{{1 - {a}^{letter}}}{{1 - {a}}}", lambda e, t: (1 - e["a"] ** t) / (1 - e["a"])),
            (
                (
                    "exponent",
                    (
                        rf"\frac{{1 - {a}^{{{letter}-1}}}}{{1 - {a}}}",
                        lambda e, t: (1 - e["a"] ** (t - 1)) / (1 - e["a"]),
                    ),
                ),
                ("limit", (rf"\frac{{1}}{{1 - {a}}}", lambda e, t: 1 / (1 - e["a"]))),
            ),
        ),
    ]
    if b != "(1 - \\beta)":
        slope, earlier = rf"\frac{{d {now}}}{{d {a}}}", rf"\frac{{d {past}}}{{d {a}}}"
        claims += [
            Candidate(
                (slope, lambda e, t: e["ds"][t]),
                (rf"{past} + {a} {earlier}", lambda e, t: e["s"][t - 1] + e["a"] * e["ds"][t - 1]),
                (
                    ("path", (past, lambda e, t: e["s"][t - 1])),
                    ("step", (rf"{now} + {a} {earlier}", lambda e, t: e["s"][t] + e["a"] * e["ds"][t - 1])),
                ),
                first=2,
            ),
            Candidate(
                (slope, lambda e, t: e["ds"][t]),
                (
                    rf"\sum_{{{i}=1}}^{{{letter}}} {a}^{{{lag}}} {s}_{{{i}-1}}",
                    lambda e, t: sum(e["a"] ** (t - k) * e["s"][k - 1] for k in range(1, t + 1)),
                ),
                (
                    (
                        "step",
                        (
                            rf"\sum_{{{i}=1}}^{{{letter}}} {a}^{{{lag}}} {s}_{i}",
                            lambda e, t: sum(e["a"] ** (t - k) * e["s"][k] for k in range(1, t + 1)),
                        ),
                    ),
                ),
            ),
        ]
    return _document("recursions", seed, rng, said, claims, points)


def _document(
    kind: str, seed: int, rng: random.Random, said: list[str], claims: list[Candidate], points: list[dict[str, Any]]
) -> GeneratedDocument:
    lines = ["# Notes", ""]
    for paragraph in said:
        lines += [paragraph, ""]
    written = []
    for claim in claims:
        if not _true(claim, claim.right, points):
            raise Unsound(f"seed {seed}: {claim.left[0]} = {claim.right[0]}")
        mistake, right = "", claim.right
        if rng.random() < SHARE_OF_MUTANTS:
            mistake, right = rng.choice(claim.mistakes)
        told = _true(claim, right, points)
        if told is None:
            continue
        if claim.said:
            lines += [claim.said, ""]
        latex = f"{claim.left[0]} = {right[0]}"
        written.append(Written(len(lines) + 1, latex, told, mistake))
        lines += [f"$${latex}$$", ""]
    return GeneratedDocument(kind, seed, "\n".join(lines), tuple(written))


def _true(claim: Candidate, right: Side, points: list[dict[str, Any]]) -> bool | None:
    """Whether both sides are equal at every step; a side without a value has another shape."""
    worst = 0.0
    for values in points:
        for t in range(claim.first, STEPS + 1 - claim.last):
            one, other = claim.left[1](values, t), right[1](values, t)
            if other is None:
                return False
            worst = max(worst, float(np.max(np.abs(one - other)) / (1 + np.max(np.abs(one)))))
    return True if worst <= EQUAL else False if worst >= DIFFERENT else None
