"""Documents made at random: a network, a style of notation, its definitions, and claims that are true."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
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
    Number,
    Ones,
    Plus,
    Power,
    Quantity,
    Quotient,
    Squares,
    SumOver,
)
from benchmarks.soundness.networks import Key, Network
from benchmarks.soundness.oracle import Claim
from benchmarks.soundness.writing import (
    FUNCTION_BODIES,
    FUNCTION_LETTERS,
    HADAMARDS,
    LETTERS,
    TRANSPOSES,
    Style,
    draw,
)

ONE, TWO = Number(Fraction(1)), Number(Fraction(2))
HALF = Number(Fraction(1, 2))


@dataclass(frozen=True)
class Page:
    """`said` are paragraphs that introduce and define everything."""

    kind: str
    network: Network
    style: Style
    said: tuple[str, ...]
    claims: tuple[Claim, ...]


def q(kind: str, layer: int | None = None, letter: str = "") -> Quantity:
    return Quantity(kind, None if layer is None else Layer(layer, letter))


LOSS = q("L")


def display(text: str) -> str:
    return f"$${text}$$"


@dataclass(frozen=True)
class Plan:
    """What was drawn before a page is written."""

    rng: random.Random
    depth: int
    functions: tuple[str, ...]
    """The activation of each layer, from the first."""
    loss: str
    sizes: dict[str, int]

    def size(self, layer: int) -> str:
        return f"n{layer}"


LOSSES = ("half squares", "squares", "cross-entropy", "softmax")


def plan(rng: random.Random, deepest: int = 4, losses: tuple[str, ...] = LOSSES) -> Plan:
    depth = rng.randint(1, deepest)
    loss = rng.choice(losses)
    hidden = rng.choice([*list(FUNCTION_BODIES), "general", "sigmoid", "tanh"])
    last = {"cross-entropy": "sigmoid", "softmax": "softmax"}.get(loss, rng.choice([hidden, "identity", hidden]))
    functions = (*(hidden for _ in range(depth - 1)), last)
    sizes: dict[str, int] = {}
    if rng.random() < 0.4:
        sizes = {f"n{layer}": rng.choice((2, 3, 4) if layer else (2, 3)) for layer in range(depth + 1)}
        if loss != "softmax" and rng.random() < 0.4:
            sizes[f"n{depth}"] = 1
    return Plan(rng, depth, functions, loss, sizes)


def activation(function: str, z: Formula) -> Formula:
    return z if function == "identity" else Apply(function, z)


def slope(plan: Plan, layer: Quantity, before: Quantity, function: str) -> Formula | None:
    """One way of writing the derivative of an activation; None for the identity."""
    ways: list[Formula] = []
    if function == "identity":
        return None
    ways.append(Apply(function, before, 1))
    if function == "sigmoid":
        ways.append(Elementwise((layer, Plus(((1, ONE), (-1, layer))))))
        own = Apply(function, before)
        ways.append(Elementwise((own, Plus(((1, ONE), (-1, own))))))
    return plan.rng.choice(ways)


def sizes_of(plan: Plan, style_sizes: str) -> dict[str, str]:
    if plan.sizes:
        return {size: str(length) for size, length in plan.sizes.items()}
    if style_sizes == "letters" and plan.depth <= 3:
        return {f"n{layer}": "dpqc"[layer] if layer < plan.depth else "c" for layer in range(plan.depth + 1)}
    return {f"n{layer}": f"n_{{{layer}}}" if layer > 9 else f"n_{layer}" for layer in range(plan.depth + 1)}


def style_of(plan: Plan, layers: tuple[str, ...], *, capital: bool = False, plain: bool = False) -> Style:
    """A style. `capital`: everything that holds many examples is written with a capital letter. `plain`: no bold letters."""
    rng = plan.rng
    letters = {kind: tuple(o for o in options if not plain or "bf" not in o) for kind, options in LETTERS.items()}
    names = draw(rng, letters)
    if capital:
        for kind in "zaxyd":
            names[kind] = {"z": "Z", "a": rng.choice("AH"), "x": "X", "y": "Y", "d": r"\Delta"}[kind]
        names["W"] = "W"
    used = set(names.values())
    functions = {}
    for function in sorted({*plan.functions, "log", "exp", "softmax"} - {"identity"}):
        free = [letter for letter in FUNCTION_LETTERS[function] if letter not in used]
        functions[function] = rng.choice(free)
        used.add(functions[function])
    names.update({"eta": rng.choice((r"\eta", r"\alpha")), "lambda": r"\lambda", "a0": names["x"]})
    sizes = sizes_of(plan, rng.choice(("letters", "numbered")))
    return Style(
        layers=rng.choice(layers),
        transpose=rng.choice(TRANSPOSES),
        hadamard=rng.choice(HADAMARDS),
        derivative=rng.choice(("frac", "frac", "frac", "nabla", "slash")),
        names=names,
        functions=functions,
        sizes=sizes,
        guarded=rng.random() < 0.4,
        bounds=rng.random() < 0.5,
        definition=rng.choice(("=", "=", ":=", r"\equiv")),
    )


def about_functions(plan: Plan, style: Style) -> list[str]:
    said = []
    t = "v" if "t" in style.names.values() else "t"
    for function in dict.fromkeys(plan.functions):
        name = style.functions.get(function, "")
        if function in FUNCTION_BODIES:
            said.append(
                f"The activation function is\n\n{display(rf'{name}({t}) = {FUNCTION_BODIES[function].format(t=t)}')}"
            )
        elif function == "general":
            said.append(rf"The activation ${name}$ is any differentiable function, applied elementwise.")
    return said


def loss_of(plan: Plan, output: Quantity, target: Quantity) -> Formula:
    """The loss of one example, over arrays."""
    match plan.loss:
        case "half squares":
            return HALF @ Squares(output - target)
        case "squares":
            return Squares(output - target)
        case _:
            raise ValueError(plan.loss)


def entrywise_loss(plan: Plan, output: Quantity, target: Quantity, size: str) -> Formula:
    a, y = Entry(output, ("k",)), Entry(target, ("k",))
    match plan.loss:
        case "half squares":
            return HALF @ SumOver("k", size, Power(a - y, 2))
        case "squares":
            return SumOver("k", size, Power(a - y, 2))
        case "softmax":
            return -SumOver("k", size, y @ Apply("log", a))
        case _:
            rest = Plus(((1, ONE), (-1, y))) @ Apply("log", Plus(((1, ONE), (-1, a))))
            return -SumOver("k", size, Plus(((1, y @ Apply("log", a)), (1, rest))))


def fused(plan: Plan) -> bool:
    """Whether loss and last activation fit so that the error is `a - y`."""
    return plan.loss in ("cross-entropy", "softmax")


def by_output(plan: Plan, a: Formula, y: Formula) -> Formula | None:
    """The derivative of the loss by the output."""
    match plan.loss:
        case "half squares":
            return a - y
        case "squares":
            return TWO @ (a - y)
        case "cross-entropy":
            one = Plus(((1, ONE), (-1, a)))
            return Quotient(a - y, Elementwise((a, one)))
        case _:
            return None


def error(plan: Plan, a: Quantity, y: Quantity, z: Quantity, scale: Callable[[Formula], Formula]) -> Formula:
    """The derivative of the loss by the last pre-activation."""
    if fused(plan):
        return scale(a - y)
    last = slope(plan, a, z, plan.functions[-1])
    outer = by_output(plan, a, y)
    assert outer is not None
    return scale(outer) if last is None else Elementwise((scale(outer), last))


def drawn(plan: Plan) -> dict[Key, str]:
    return {("y", None): {"softmax": "one-hot", "cross-entropy": "zero or one"}.get(plan.loss, "normal")}


def target_words(plan: Plan, style: Style) -> list[str]:
    y = style.name(q("y"))
    if plan.loss == "softmax":
        return [f"The target ${y}$ is one-hot."]
    return []


# one example, arrays


def columns(rng: random.Random) -> Page:
    """One example, column vectors, layers by number."""
    own = plan(rng)
    style = style_of(own, ("()", "[]", "_"))
    network = columns_network(own)
    return Page("columns", network, style, _said_columns(own, style), tuple(_columns_claims(own)))


def columns_network(own: Plan) -> Network:
    inputs: dict[Key, tuple[str, str] | tuple[()]] = {
        ("a", 0): ("n0", "1"),
        ("y", None): (f"n{own.depth}", "1"),
        ("eta", None): (),
    }
    steps: list[tuple[Key, Formula]] = []
    for layer in range(1, own.depth + 1):
        inputs["W", layer] = f"n{layer}", f"n{layer - 1}"
        inputs["b", layer] = f"n{layer}", "1"
        steps.append((("z", layer), q("W", layer) @ q("a", layer - 1) + q("b", layer)))
        steps.append((("a", layer), activation(own.functions[layer - 1], q("z", layer))))
    steps.append((("L", None), entrywise_loss(own, q("a", own.depth), q("y"), f"n{own.depth}")))
    gradients = {("d", layer): ("z", layer) for layer in range(1, own.depth + 1)}
    return Network(inputs, tuple(steps), ("L", None), gradients, own.sizes, drawn(own), own.depth)


def _said_columns(own: Plan, style: Style) -> tuple[str, ...]:
    said = about_functions(own, style)
    w, sizes = style.write, style.sizes
    last = f"n{own.depth}"
    said.append(
        rf"The input is ${w(q('a', 0))} \in \mathbb{{R}}^{{{sizes['n0']}}}$, the target "
        rf"${w(q('y'))} \in \mathbb{{R}}^{{{sizes[last]}}}$, both columns."
    )
    said += target_words(own, style)
    for layer in range(1, own.depth + 1):
        shape = rf"\mathbb{{R}}^{{{sizes[f'n{layer}']} \times {sizes[f'n{layer - 1}']}}}"
        said.append(
            rf"Layer {layer} has weights ${w(q('W', layer))} \in {shape}$ and biases "
            rf"${w(q('b', layer))} \in \mathbb{{R}}^{{{sizes[f'n{layer}']}}}$."
        )
        z = w(q("W", layer) @ q("a", layer - 1) + q("b", layer))
        said.append(display(f"{w(q('z', layer))} {style.definition} {z}"))
        said.append(
            display(f"{w(q('a', layer))} {style.definition} {w(activation(own.functions[layer - 1], q('z', layer)))}")
        )
    entries = own.rng.random() < 0.4 and style.layers != "_"
    if own.loss in ("softmax", "cross-entropy") or entries:
        loss = entrywise_loss(own, q("a", own.depth), q("y"), last)
    else:
        loss = loss_of(own, q("a", own.depth), q("y"))
    said.append(f"The loss is\n\n{display(f'{w(LOSS)} = {w(loss)}')}")
    said += said_errors(own, style)
    return tuple(said)


def said_errors(own: Plan, style: Style) -> list[str]:
    w = style.write
    defined = (
        display(f"{w(q('d', layer))} {style.definition} {w(Derivative(LOSS, q('z', layer)))}")
        for layer in range(1, own.depth + 1)
    )
    return ["Write the error of a layer as", *defined]


def _columns_claims(own: Plan) -> list[Claim]:
    loss, y, rng = q("L"), q("y"), own.rng
    claims = []
    top = own.depth
    a, z = q("a", top), q("z", top)
    outer = by_output(own, a, y)
    if outer is not None:
        claims.append(Claim(Derivative(loss, a), outer))
    claims.append(Claim(q("d", top), error(own, a, y, z, lambda f: f)))
    for layer in range(1, top + 1):
        below, delta, weight = q("a", layer - 1), q("d", layer), q("W", layer)
        gradient = delta @ below.T
        claims.append(Claim(Derivative(loss, weight), gradient))
        claims.append(Claim(Derivative(loss, q("b", layer)), delta))
        claims.append(Claim(Derivative(loss, below), weight.T @ delta))
        claims.append(Claim(weight, gradient, step="descent"))
        links = (
            Derivative(loss, q("a", layer)),
            Derivative(q("a", layer), q("z", layer)),
            Derivative(q("z", layer), weight),
        )
        claims.append(Claim(Derivative(loss, weight), Chain(links)))
        if layer < top:
            slope_here = slope(own, q("a", layer), q("z", layer), own.functions[layer - 1])
            back = q("W", layer + 1).T @ q("d", layer + 1)
            full = back if slope_here is None else Elementwise((back, slope_here))
            claims.append(Claim(delta, full))
            claims.append(Claim(Derivative(loss, weight), full @ below.T))
            claims.append(
                Claim(
                    q("z", layer + 1),
                    q("W", layer + 1) @ activation(own.functions[layer - 1], q("z", layer)) + q("b", layer + 1),
                )
            )
    rng.shuffle(claims)
    return claims[:12]


# many examples


def batch_columns(rng: random.Random) -> Page:
    """Examples as columns of X, the mean of their losses."""
    return _batch(rng, rows=False)


def batch_rows(rng: random.Random) -> Page:
    """Examples as rows of X, the mean of their losses."""
    return _batch(rng, rows=True)


def _batch(rng: random.Random, *, rows: bool) -> Page:
    own = plan(rng, 3, ("half squares", "squares"))
    if own.sizes.get(f"n{own.depth}") == 1:
        own.sizes[f"n{own.depth}"] = 2
    style = style_of(own, ("()", "[]", "_"), capital=True)
    style.sizes["m"] = rng.choice(("m", "N"))  # type: ignore[index]
    depth, mean = own.depth, rng.random() < 0.7
    shape = (lambda size: ("m", size)) if rows else (lambda size: (size, "m"))
    inputs: dict[Key, tuple[str, str] | tuple[()]] = {
        ("a", 0): shape("n0"),
        ("y", None): shape(f"n{depth}"),
        ("eta", None): (),
    }
    steps: list[tuple[Key, Formula]] = []
    ones = Ones("m")
    printed: list[tuple[Formula, Formula]] = []
    with_ones = rng.random() < 0.5
    for layer in range(1, depth + 1):
        weight, bias, below = q("W", layer), q("b", layer), q("a", layer - 1)
        inputs["W", layer] = (f"n{layer - 1}", f"n{layer}") if rows else (f"n{layer}", f"n{layer - 1}")
        inputs["b", layer] = (f"n{layer}", "1")
        product = below @ weight if rows else weight @ below
        spread = ones @ bias.T if rows else bias @ ones.T
        steps.append((("z", layer), product + spread))
        steps.append((("a", layer), activation(own.functions[layer - 1], q("z", layer))))
        broadcast = bias.T if rows else bias
        printed.append((q("z", layer), product + (spread if with_ones else broadcast)))
        printed.append((q("a", layer), steps[-1][1]))
    squares = Squares(q("a", depth) - q("y"))
    per = Quotient(ONE, Extent("m")) if own.loss == "squares" else Quotient(ONE, TWO @ Extent("m"))
    loss = per @ squares if mean else loss_of(own, q("a", depth), q("y"))
    steps.append((("L", None), loss))
    gradients = {("d", layer): ("z", layer) for layer in range(1, depth + 1)}
    network = Network(inputs, tuple(steps), ("L", None), gradients, own.sizes, {}, depth, rows)

    w, sizes = style.write, style.sizes
    said = about_functions(own, style)
    across = "row" if rows else "column"
    order = (lambda one, other: rf"{one} \times {other}") if not rows else (lambda one, other: rf"{other} \times {one}")
    said.append(
        rf"Every {across} of ${w(q('a', 0))} \in \mathbb{{R}}^{{{order(sizes['n0'], sizes['m'])}}}$ is an example, and every "
        rf"{across} of ${w(q('y'))} \in \mathbb{{R}}^{{{order(sizes[f'n{depth}'], sizes['m'])}}}$ its target."
    )
    for layer in range(1, depth + 1):
        high, low = sizes[f"n{layer}"], sizes[f"n{layer - 1}"]
        said.append(
            rf"${w(q('W', layer))} \in \mathbb{{R}}^{{{order(high, low)}}}$, ${w(q('b', layer))} \in \mathbb{{R}}^{{{high}}}$"
        )
        said += [
            display(f"{w(left)} {style.definition} {w(right)}") for left, right in printed[2 * layer - 2 : 2 * layer]
        ]
    said.append(f"The cost is\n\n{display(f'{w(LOSS)} = {w(loss)}')}")
    said += said_errors(own, style)
    return Page(
        "batch rows" if rows else "batch columns", network, style, tuple(said), tuple(_batch_claims(own, rows, mean))
    )


def _batch_claims(own: Plan, rows: bool, mean: bool) -> list[Claim]:
    loss, y, rng, top = q("L"), q("y"), own.rng, own.depth

    def scaled(formula: Formula) -> Formula:
        number = ONE if own.loss == "half squares" else TWO
        bare = formula.factors[1] if own.loss == "squares" else formula  # type: ignore[attr-defined]
        return Quotient(number, Extent("m")) @ bare if mean else formula

    ones = Ones("m")
    a, z = q("a", top), q("z", top)
    outer = by_output(own, a, y)
    assert outer is not None
    claims = [Claim(Derivative(loss, a), scaled(outer)), Claim(q("d", top), error(own, a, y, z, scaled))]
    for layer in range(1, top + 1):
        below, delta, weight = q("a", layer - 1), q("d", layer), q("W", layer)
        gradient = below.T @ delta if rows else delta @ below.T
        claims.append(Claim(Derivative(loss, weight), gradient))
        claims.append(Claim(Derivative(loss, q("b", layer)), delta.T @ ones if rows else delta @ ones))
        claims.append(Claim(Derivative(loss, below), delta @ weight.T if rows else weight.T @ delta))
        claims.append(Claim(weight, gradient, step="descent"))
        if layer < top:
            here = slope(own, q("a", layer), q("z", layer), own.functions[layer - 1])
            weight, after = q("W", layer + 1), q("d", layer + 1)
            back = after @ weight.T if rows else weight.T @ after
            full = back if here is None else Elementwise((back, here))
            claims.append(Claim(delta, full))
            claims.append(Claim(Derivative(loss, q("W", layer)), below.T @ full if rows else full @ below.T))
    rng.shuffle(claims)
    return claims[:12]
