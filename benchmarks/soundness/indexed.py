"""Documents in components and about every layer: `w^l_{jk}`, and a letter for the layer."""

from __future__ import annotations

import random
from dataclasses import replace

from benchmarks.soundness.formulas import (
    Apply,
    Derivative,
    Elementwise,
    Entry,
    Formula,
    Plus,
    Quantity,
    Quotient,
    Same,
    Slope,
    SumOver,
)
from benchmarks.soundness.oracle import Claim
from benchmarks.soundness.pages import (
    LOSS,
    ONE,
    Page,
    Plan,
    about_functions,
    activation,
    by_output,
    columns_network,
    display,
    entrywise_loss,
    fused,
    plan,
    q,
    slope,
    style_of,
)
from benchmarks.soundness.writing import Style


def e(body: Formula, *indices: str) -> Entry:
    return Entry(body, indices)


def components(rng: random.Random) -> Page:
    """One example in components, layers by number."""
    own = plan(rng, 3, ("half squares", "squares", "cross-entropy"))
    style = replace(style_of(own, ("()", "[]"), plain=True), derivative=rng.choice(("frac", "frac", "slash")))
    if rng.random() < 0.5:
        names = dict(style.names)
        names["W"] = {"W": "w", r"\Theta": r"\theta"}.get(names["W"], names["W"])
        style = replace(style, names=names)
    w, sizes = style.write, style.sizes
    said = about_functions(own, style)
    said.append(
        rf"The inputs are ${w(e(q('a', 0), 'i'))}$ with $i = 1, \dots, {sizes['n0']}$, the targets ${w(e(q('y'), 'k'))}$ with "
        rf"$k = 1, \dots, {sizes[f'n{own.depth}']}$."
    )
    for layer in range(1, own.depth + 1):
        high, low = sizes[f"n{layer}"], sizes[f"n{layer - 1}"]
        said.append(
            rf"Layer {layer} has the weights ${w(q('W', layer))} \in \mathbb{{R}}^{{{high} \times {low}}}$ and the biases "
            rf"${w(q('b', layer))} \in \mathbb{{R}}^{{{high}}}$:"
        )
        for left, right in _layer(own, layer, ""):
            said.append(display(f"{w(left)} {style.definition} {w(right)}"))
    loss = entrywise_loss(own, q("a", own.depth), q("y"), f"n{own.depth}")
    said.append(f"The error of the network is\n\n{display(f'{w(LOSS)} = {w(loss)}')}")
    said.append("and the error of a unit")
    for layer in range(1, own.depth + 1):
        named = f"{w(e(q('d', layer), 'j'))} {style.definition} {w(e(Derivative(LOSS, q('z', layer)), 'j'))}"
        said.append(display(named))
    claims: list[Claim] = []
    for layer in range(1, own.depth + 1):
        claims += component_claims(own, layer, "")
    claims += _last_claims(own, q("a", own.depth), q("z", own.depth), q("d", own.depth))
    rng.shuffle(claims)
    return Page("components", columns_network(own), style, tuple(said), tuple(claims[:12]))


def _layer(own: Plan, layer: int, letter: str) -> list[tuple[Formula, Formula]]:
    z, a, below = q("z", layer, letter), q("a", layer, letter), q("a", layer - 1, letter)
    size = "n_low" if letter else f"n{layer - 1}"
    total = SumOver("k", size, e(q("W", layer, letter), "j", "k") @ e(below, "k"))
    function = own.functions[0 if letter else layer - 1]
    return [(e(z, "j"), total + e(q("b", layer, letter), "j")), (e(a, "j"), activation(function, e(z, "j")))]


def component_claims(own: Plan, layer: int, letter: str) -> list[Claim]:
    """What is said of the units of a layer that has number `layer`, or `layer` more than the letter."""
    high, low = ("n_here", "n_low") if letter else (f"n{layer}", f"n{layer - 1}")
    weight, delta = q("W", layer, letter), q("d", layer, letter)
    z, a, below = q("z", layer, letter), q("a", layer, letter), q("a", layer - 1, letter)
    function = own.functions[0 if letter else layer - 1]
    j, jk, k = ("j", high), (("j", high), ("k", low)), ("k", low)
    claims = [
        Claim(e(Derivative(LOSS, weight), "j", "k"), e(delta, "j") @ e(below, "k"), jk),
        Claim(e(Derivative(LOSS, q("b", layer, letter)), "j"), e(delta, "j"), (j,)),
        Claim(e(Derivative(LOSS, below), "k"), SumOver("j", high, e(weight, "j", "k") @ e(delta, "j")), (k,)),
        Claim(Slope(e(z, "j"), e(below, "k")), e(weight, "j", "k"), jk),
        Claim(Slope(e(z, "j"), e(weight, "j", "k")), e(below, "k"), jk),
    ]
    after, ahead = q("W", layer + 1, letter), q("d", layer + 1, letter)
    if letter or layer < own.depth:
        steep = slope(own, e(a, "j"), e(z, "j"), function)
        top = "n_high" if letter else f"n{layer + 1}"
        back = SumOver("k", top, e(after, "k", "j") @ e(ahead, "k"))
        if steep is None:
            claims.append(Claim(e(delta, "j"), back, (j,)))
        else:
            inside = SumOver("k", top, e(after, "k", "j") @ e(ahead, "k") @ scalar(steep))
            claims.append(Claim(e(delta, "j"), own.rng.choice((scalar(steep) @ back, inside)), (j,)))
            claims.append(Claim(Slope(e(a, "j"), e(z, "j")), steep, (j,)))
            claims.append(Claim(Slope(e(q("z", layer + 1, letter), "k"), e(z, "j")),
                                e(after, "k", "j") @ scalar(steep), (("k", top), j)))  # fmt: skip
    return claims


def scalar(formula: Formula) -> Formula:
    """A product of numbers is written without a sign."""
    if isinstance(formula, Elementwise):
        first, *rest = formula.factors
        for other in rest:
            first = first @ other
        return first
    return formula


def _last_claims(own: Plan, a: Quantity, z: Quantity, delta: Quantity) -> list[Claim]:
    j = (("j", f"n{own.depth}"),)
    steep = slope(own, e(a, "j"), e(z, "j"), own.functions[-1])
    if fused(own):
        return [Claim(e(delta, "j"), e(a, "j") - e(q("y"), "j"), j)]
    outer = by_output(own, e(a, "j"), e(q("y"), "j"))
    assert outer is not None
    claims = [Claim(e(Derivative(LOSS, a), "j"), outer, j)]
    whole = outer if steep is None else scalar(outer) @ scalar(steep)
    return [*claims, Claim(e(delta, "j"), whole, j)]


# a letter for the layer


def families(rng: random.Random) -> Page:
    """One example in arrays, `l` for the layer."""
    return _family(rng, in_components=False)


def component_families(rng: random.Random) -> Page:
    """One example in components, `l` for the layer."""
    return _family(rng, in_components=True)


def _family(rng: random.Random, *, in_components: bool) -> Page:
    losses = ("half squares", "squares")
    own = plan(rng, 1, losses)
    depth = rng.choice((3, 4))
    functions = (own.functions[0] if own.functions[0] != "identity" else "sigmoid",) * depth
    own = replace(own, depth=depth, functions=functions, sizes={})
    style = style_of(own, ("()", "[]", "^"), plain=in_components)
    names = {**style.names, "a0": style.names["a"] + {"()": "^{(0)}", "[]": "^{[0]}", "^": "^0"}[style.layers]}
    if names["L"] == "L":
        names["L"] = "C"
    derivative = rng.choice(("frac", "frac", "slash")) if in_components else style.derivative
    style = replace(style, names=names, derivative=derivative, bounds=False)
    w = style.write
    weight, bias, below = q("W", 0, "l"), q("b", 0, "l"), q("a", -1, "l")
    top_a, _top_z, _top_d = (_top(style, kind) for kind in "azd")
    said = about_functions(own, style)
    first = q("a", 0)
    said.append(rf"A network has layers $l = 1, \dots, L$. Its input is ${w(first)} = {style.names['x']}$.")
    power = {"()": "^{(l)}", "[]": "^{[l]}", "^": "^l"}[style.layers]
    if in_components:
        said.append(
            rf"The weight from unit $k$ of layer $l-1$ to unit $j$ of layer $l$ is ${w(e(weight, 'j', 'k'))}$, the bias of unit "
            rf"$j$ is ${w(e(bias, 'j'))}$."
        )
        layer = _layer(own, 0, "l")
    else:
        said.append(
            rf"Layer $l$ has $n_l$ units, weights ${w(weight)} \in \mathbb{{R}}^{{n_l \times n_{{l-1}}}}$ and biases "
            rf"${w(bias)} \in \mathbb{{R}}^{{n_l}}$."
        )
        z = q("z", 0, "l")
        layer = [(z, weight @ below + bias), (q("a", 0, "l"), activation(functions[0], z))]
    for left, right in layer:
        said.append(display(f"{w(left)} {style.definition} {w(right)}"))
    y = style.names["y"]
    scale = r"\frac{1}{2} " if own.loss == "half squares" else ""
    squares = rf"\sum_j ({top_a}_j - {y}_j)^2" if in_components else rf"\| {top_a} - {y} \|^2"
    said.append(f"The cost is\n\n{display(f'{w(LOSS)} = {scale}{squares}')}")
    if in_components:
        named = f"{w(e(q('d', 0, 'l'), 'j'))} {style.definition} {w(e(Derivative(LOSS, q('z', 0, 'l')), 'j'))}"
    else:
        named = f"{w(q('d', 0, 'l'))} {style.definition} {w(Derivative(LOSS, q('z', 0, 'l')))}"
    said.append(f"The error of layer ${power[2:-1] if power != '^l' else 'l'}$ is\n\n{display(named)}")
    network = columns_network(own)
    claims = component_claims(own, 0, "l") if in_components else _array_claims(own)
    rng.shuffle(claims)
    return Page("component families" if in_components else "families", network, style, tuple(said), tuple(claims[:12]))


def _top(style: Style, kind: str) -> str:
    mark = {"()": "^{(L)}", "[]": "^{[L]}", "^": "^L"}[style.layers]
    return style.names[kind] + mark


def _array_claims(own: Plan) -> list[Claim]:
    function = own.functions[0]
    claims = []
    for offset in (0, 1):
        weight, bias, delta = q("W", offset, "l"), q("b", offset, "l"), q("d", offset, "l")
        below, a, z = q("a", offset - 1, "l"), q("a", offset, "l"), q("z", offset, "l")
        claims.append(Claim(Derivative(LOSS, weight), delta @ below.T))
        claims.append(Claim(Derivative(LOSS, bias), delta))
        claims.append(Claim(Derivative(LOSS, below), weight.T @ delta))
        claims.append(Claim(weight, delta @ below.T, step="descent"))
        if offset == 0:
            steep = slope(own, a, z, function)
            assert steep is not None
            back = q("W", 1, "l").T @ q("d", 1, "l")
            claims.append(Claim(delta, Elementwise((back, steep))))
            claims.append(Claim(Derivative(LOSS, weight), Elementwise((back, steep)) @ below.T))
            claims.append(Claim(q("z", 1, "l"), q("W", 1, "l") @ activation(function, z) + q("b", 1, "l")))
            claims.append(Claim(delta, Elementwise((Derivative(LOSS, a), slope(own, a, z, function) or steep))))
    return claims


# softmax and regressions


def softmax(rng: random.Random) -> Page:
    """A softmax classifier in components."""
    own = Plan(rng, 1, ("softmax",), "softmax", {})
    style = replace(style_of(own, ("",), plain=True), derivative=rng.choice(("frac", "slash")))
    names = {**style.names, "z1": style.names["z"], "a1": rng.choice(("p", r"\hat{y}")), "a0": style.names["x"],
             "W1": rng.choice(("W", "w")), "b1": style.names["b"]}  # fmt: skip
    style = replace(style, names=names, sizes={"n0": "d", "n1": "K"})
    w = style.write
    z, p, y, x = q("z", 1), q("a", 1), q("y"), q("a", 0)
    total = SumOver("k", "n0", e(q("W", 1), "j", "k") @ e(x, "k"))
    exponentials = SumOver("k", "n1", _exp(e(z, "k")))
    said = [
        rf"Let ${w(x)} \in \mathbb{{R}}^d$, ${w(q('W', 1))} \in \mathbb{{R}}^{{K \times d}}$ and ${w(q('b', 1))} \in "
        r"\mathbb{R}^K$.",
        display(f"{w(e(z, 'j'))} = {w(total + e(q('b', 1), 'j'))}"),
        display(rf"{w(e(p, 'j'))} = \frac{{{w(_exp(e(z, 'j')))}}}{{{w(exponentials)}}}"),
        rf"The target ${w(y)}$ is one-hot. The loss is the cross-entropy",
        display(f"{w(LOSS)} = {w(entrywise_loss(own, p, y, 'n1'))}"),
    ]
    j, ij, jk = (("j", "n1"),), (("i", "n1"), ("j", "n1")), (("j", "n1"), ("k", "n0"))
    kronecker = Plus(((1, Same("i", "j")), (-1, e(p, "j"))))
    claims = [
        Claim(Slope(e(p, "i"), e(z, "j")), e(p, "i") @ kronecker, ij),
        Claim(
            Slope(e(p, "i"), e(z, "j")),
            e(p, "i") @ Plus(((1, ONE), (-1, e(p, "i")))),
            ij,
            where=("i", "=", "j"),
            words=rng.choice(CONDITIONS),
        ),
        Claim(
            Slope(e(p, "i"), e(z, "j")),
            -(e(p, "i") @ e(p, "j")),
            ij,
            where=("i", r"\neq", "j"),
            words=rng.choice(CONDITIONS),
        ),
        Claim(e(Derivative(LOSS, p), "j"), -Quotient(e(y, "j"), e(p, "j")), j),
        Claim(e(Derivative(LOSS, z), "j"), e(p, "j") - e(y, "j"), j),
        Claim(e(Derivative(LOSS, q("W", 1)), "j", "k"), (e(p, "j") - e(y, "j")) @ e(x, "k"), jk),
        Claim(e(Derivative(LOSS, q("b", 1)), "j"), e(p, "j") - e(y, "j"), j),
        Claim(
            e(Derivative(LOSS, x), "k"),
            SumOver("j", "n1", e(q("W", 1), "j", "k") @ (e(p, "j") - e(y, "j"))),
            (("k", "n0"),),
        ),
    ]
    rng.shuffle(claims)
    return Page("softmax", columns_network(own), style, tuple(said), tuple(claims))


CONDITIONS = (r" \quad \text{if } ", r", \quad ", r" \quad \text{for } ", r" \text{ when } ")


def _exp(body: Formula) -> Formula:
    return Apply("exp", body)
