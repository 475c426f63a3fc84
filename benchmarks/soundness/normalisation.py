"""Documents about normalisation: of a layer, of a batch, and by the root mean square."""

from __future__ import annotations

import random
from fractions import Fraction

from benchmarks.soundness.documents import GeneratedDocument
from benchmarks.soundness.facts import Fact, document
from benchmarks.soundness.terms import Page, Term, call, delta, identity, ones, size, total

HALF = Fraction(1, 2)
ZERO, ONE = Term("number", (), "0"), Term("number", (), "1")


def block_page(rng: random.Random, letters: dict[str, str]) -> Page:
    return Page(
        letters,
        transpose=rng.choice(("T", r"\top", r"\top")),
        hadamard=rng.choice((r"\odot", r"\odot", r"\circ")),
        trace=rng.choice((r"\mathrm{tr}", r"\operatorname{tr}", r"\mathrm{Tr}")),
        logarithm=rng.choice((r"\log", r"\log", r"\ln")),
    )


def bold_letters(rng: random.Random) -> bool:
    return rng.random() < 0.5


def whole(letter: str, bold: bool) -> str:
    return letter if not bold else rf"\boldsymbol{{{letter}}}" if letter.startswith("\\") else rf"\mathbf{{{letter}}}"


def _hat(letter: str, bold: bool) -> str:
    return rf"\hat{{{whole(letter, bold)}}}"


def mixed(rng: random.Random, *factors: Term) -> Term:
    """The product of numbers in any order."""
    drawn = list(factors)
    rng.shuffle(drawn)
    return Term("product", tuple(drawn))


def function_of(loss: str, what: str) -> str:
    return f"Let ${loss}$ be a differentiable function of {what} alone."


def normalisation(rng: random.Random, seed: int) -> GeneratedDocument:
    """Layer norm, batch norm of one unit or of rows, or RMS norm, with a loss of which nothing is known."""
    return rng.choice((_centred, _centred, _rows, _root_mean_square))(rng, seed)


def _centred(rng: random.Random, seed: int) -> GeneratedDocument:
    """Mean and variance over the entries of a layer, or over the examples of a batch."""
    batch, bold = rng.random() < 0.4, bold_letters(rng)
    page = block_page(rng, {"n": rng.choice(("m", "N", "B")) if batch else rng.choice(("n", "d", "H"))})
    letter, out = rng.choice((("x", "y"), ("a", "b"), ("h", "y"), ("x", "o")))
    bold = bold and not batch
    x = page.give("x", whole(letter, bold), "n", indexed=letter)
    gain, shift = rng.choice(((r"\gamma", r"\beta"), ("g", "c"))) if out != "b" else ("g", "c")
    each = () if batch else ("n",)
    g = page.give("g", whole(gain, bold), *each, indexed=gain)
    c = page.give("c", whole(shift, bold), *each, indexed=shift)
    n, i, j = size("n"), "i", rng.choice(("j", "k"))
    if batch:
        page.said.append(
            rf"One unit has the values ${letter}_1, \ldots, {letter}_{page.letters['n']}$ over a batch of ${page.letters['n']}$ "
            rf"examples, not all of them equal. The numbers ${gain}$ and ${shift}$ are learned and shared by the examples."
        )
    else:
        page.said.append(
            f"Let {page.declare('x')} be a column vector with entries ${letter}_i$ that are not all equal, and let "
            f"{page.declare('g')} and {page.declare('c')} be learned column vectors."
        )
    with_epsilon = rng.random() < 0.6
    if with_epsilon:
        eps = page.give("eps", rng.choice((r"\epsilon", r"\varepsilon")), drawn="positive")
        page.said.append(f"The constant ${page.whole['eps']} > 0$ keeps the denominator away from zero.")
    mu = page.define("mu", r"\mu", (), (1 / n) @ total(i, "n", x.at(i)))
    v = page.define("v", rng.choice(("v", r"\sigma^2")), (), (1 / n) @ total(i, "n", (x.at(i) - mu) ** 2))
    inside = v + eps if with_epsilon else v
    if page.whole["v"] == "v" and rng.random() < 0.5:
        root = page.define("s", rng.choice(("s", r"\sigma")), (), call("sqrt", inside))
    else:
        root = call("sqrt", inside)
    z = page.define("z", _hat(letter, bold), ("n",), (x.at(i) - mu) / root, "i", _hat(letter, False))
    gi, ci = (g, c) if batch else (g.at(i), c.at(i))
    y = page.define("y", whole(out, bold), ("n",), gi @ z.at(i) + ci, "i", out)
    loss = page.define("L", rng.choice(("L", r"\ell", "J")), (), Term("unknown function", (y,), "L"))
    what = rf"${out}_1, \ldots, {out}_{page.letters['n']}$" if batch else f"${page.whole['y']}$"
    page.said.append(function_of(page.whole["L"], what))
    page.said.append(
        rf"The derivative by a quantity counts all paths from it to the loss: ${letter}_i$ also moves the mean and the variance"
        + (". " if batch else ", and the gradient by a vector is a column vector. ")
        + rf"Here $\delta_{{i{j}}}$ is the Kronecker delta, and the claims hold for all indices."
        + (
            ""
            if batch
            else rf" The column vector of ones is $\mathbf{{1}}$, and ${page.hadamard}$ is the elementwise product."
        )
    )
    page.alike = [("x", "z", "y")] + ([] if batch else [("g", "c")])
    dy, dz = loss.by(y), loss.by(z)
    facts = [
        Fact(dz.at(i), mixed(rng, dy.at(i), gi)),
        Fact(loss.by(v), -(HALF @ total(i, "n", dz.at(i) @ (x.at(i) - mu) @ inside ** Fraction(-3, 2)))),
        Fact(loss.by(v), -((1 / (2 @ inside)) @ total(i, "n", dz.at(i) @ z.at(i)))),
        Fact(loss.by(mu), -((1 / root) @ total(i, "n", dz.at(i)))),
        Fact(mu.by(x).at(i), 1 / n),
        Fact(v.by(x).at(i), (2 / n) @ (x.at(i) - mu)),
        Fact(v, (1 / n) @ total(i, "n", x.at(i) ** 2) - mu**2),
        Fact(z.by(x).at(i, j), (1 / root) @ (delta(i, j) - 1 / n - z.at(i) @ z.at(j) / n)),
        Fact(
            loss.by(x).at(i),
            dz.at(i) @ (1 / root) + loss.by(v) @ (2 @ (x.at(i) - mu) / n) + loss.by(mu) @ (1 / n),
        ),
        Fact(
            loss.by(x).at(i),
            (1 / root)
            @ (dz.at(i) - (1 / n) @ total(j, "n", dz.at(j)) - (z.at(i) / n) @ total(j, "n", dz.at(j) @ z.at(j))),
            (("path", dz.at(i) / root), ("path", (1 / root) @ (dz.at(i) - (1 / n) @ total(j, "n", dz.at(j))))),
        ),
        Fact(total(i, "n", loss.by(x).at(i)), ZERO, (("value", ONE),)),
        Fact(total(i, "n", z.at(i) ** 2), n @ v / inside if with_epsilon else n, (("value", ONE),)),
    ]
    if not with_epsilon:
        facts.append(Fact(total(i, "n", x.at(i) @ loss.by(x).at(i)), ZERO, (("value", n),)))
    if batch:
        gj = gi / (n @ root)
        facts += [
            Fact(loss.by(g), total(i, "n", mixed(rng, dy.at(i), z.at(i)))),
            Fact(loss.by(c), total(i, "n", dy.at(i))),
            Fact(
                loss.by(x).at(i),
                gj @ (n @ dy.at(i) - total(j, "n", dy.at(j)) - z.at(i) @ total(j, "n", dy.at(j) @ z.at(j))),
                (("path", gj @ (n @ dy.at(i) - total(j, "n", dy.at(j)))), ("path", gi @ dy.at(i) / root)),
            ),
        ]
    else:
        one = ones("n")
        facts += [
            Fact(loss.by(g).at(i), mixed(rng, dy.at(i), z.at(i))),
            Fact(loss.by(g), dy * z),
            Fact(loss.by(c), dy),
            Fact(dz, g * dy),
            Fact(loss.by(x), (1 / root) @ (dz - (1 / n) @ one @ one.T @ dz - (1 / n) @ z @ z.T @ dz)),
            Fact(
                z.by(x),
                (1 / root) @ (identity("n") - (1 / n) @ one @ one.T - (1 / n) @ z @ z.T),
                (("path", (1 / root) @ (identity("n") - (1 / n) @ one @ one.T)),),
                "With rows for the outputs and the identity matrix $I$:",
            ),
        ]
    return document("normalisation", seed, rng, page, facts, {i: "n", j: "n"})


def _rows(rng: random.Random, seed: int) -> GeneratedDocument:
    """Batch norm of a batch with the examples in rows."""
    bold = bold_letters(rng)
    page = block_page(rng, {"m": rng.choice(("m", "N", "B")), "d": rng.choice(("d", "p"))})
    letter = rng.choice(("X", "A", "H"))
    low = letter.lower() if rng.random() < 0.5 else letter
    out = "y" if low.islower() else "Y"
    x = page.give("x", whole(letter, bold), "m", "d", indexed=low)
    g = page.give("g", whole(r"\gamma", bold), "d", indexed=r"\gamma")
    c = page.give("c", whole(r"\beta", bold), "d", indexed=r"\beta")
    i, j, k = "i", "j", rng.choice(("k", "l"))
    page.said.append(
        f"A batch {page.declare('x')} has an example in every row and the entries ${low}_{{ij}}$; no column is constant. "
        f"The learned vectors {page.declare('g')} and {page.declare('c')} are columns with the entries $\\gamma_j$ and $\\beta_j$."
    )
    m = size("m")
    mu = page.define("mu", r"\mu", ("d",), (1 / m) @ total(i, "m", x.at(i, j)), j)
    v = page.define("v", "v", ("d",), (1 / m) @ total(i, "m", (x.at(i, j) - mu.at(j)) ** 2), j)
    s = page.define("s", rng.choice((r"\sigma", "s")), ("d",), call("sqrt", v.at(j)), j)
    z = page.define("z", _hat(letter, bold), ("m", "d"), (x.at(i, j) - mu.at(j)) / s.at(j), "i j", rf"\hat{{{low}}}")
    y = page.define("y", whole("Y", bold), ("m", "d"), g.at(j) @ z.at(i, j) + c.at(j), "i j", out)
    loss = page.define("L", rng.choice(("L", r"\ell", "J")), (), Term("unknown function", (y,), "L"))
    page.said.append(function_of(page.whole["L"], f"${page.whole['y']}$, the matrix with the entries ${out}_{{ij}}$,"))
    page.said.append(
        "Gradients have the shape of the variable, those of column vectors are columns, and they count all paths, those through "
        rf"the means and the variances too. The column vector of ones is $\mathbf{{1}}$, and ${page.hadamard}$ is the elementwise "
        "product. The claims hold for all indices."
    )
    page.alike = [("x", "z", "y"), ("g", "c"), ("v", "s")]
    dy, dz = loss.by(y), loss.by(z)
    front = g.at(j) / (m @ s.at(j))
    sums = total(k, "m", dy.at(k, j)), total(k, "m", dy.at(k, j) @ z.at(k, j))
    inner = total(k, "m", dz.at(k, j)), total(k, "m", dz.at(k, j) @ z.at(k, j))
    facts = [
        Fact(dz.at(i, j), mixed(rng, dy.at(i, j), g.at(j))),
        Fact(loss.by(g).at(j), total(i, "m", mixed(rng, dy.at(i, j), z.at(i, j)))),
        Fact(loss.by(c).at(j), total(i, "m", dy.at(i, j))),
        Fact(loss.by(c), dy.T @ ones("m")),
        Fact(loss.by(g), (dy * z).T @ ones("m")),
        Fact(loss.by(mu).at(j), -(total(i, "m", dz.at(i, j)) / s.at(j))),
        Fact(loss.by(v).at(j), -((1 / (2 @ v.at(j))) @ total(i, "m", dz.at(i, j) @ z.at(i, j)))),
        Fact(v.by(x).at(j, i, j), (2 / m) @ (x.at(i, j) - mu.at(j))),
        Fact(mu.by(x).at(j, i, j), 1 / m),
        Fact(
            loss.by(x).at(i, j),
            (1 / s.at(j)) @ (dz.at(i, j) - (1 / m) @ inner[0] - (z.at(i, j) / m) @ inner[1]),
            (("path", dz.at(i, j) / s.at(j)),),
        ),
        Fact(
            loss.by(x).at(i, j),
            front @ (m @ dy.at(i, j) - sums[0] - z.at(i, j) @ sums[1]),
            (("path", front @ (m @ dy.at(i, j) - sums[0])), ("path", g.at(j) @ dy.at(i, j) / s.at(j))),
        ),
        Fact(total(i, "m", loss.by(x).at(i, j)), ZERO, (("value", ONE),)),
        Fact(total(i, "m", z.at(i, j) ** 2), m, (("value", ONE),)),
        Fact(v.at(j), (1 / m) @ total(i, "m", x.at(i, j) ** 2) - mu.at(j) ** 2),
    ]
    return document("normalisation", seed, rng, page, facts, {i: "m", j: "d", k: "m"})


def _root_mean_square(rng: random.Random, seed: int) -> GeneratedDocument:
    bold = bold_letters(rng)
    page = block_page(rng, {"n": rng.choice(("n", "d", "H"))})
    letter, out, gain = rng.choice((("x", "y", "g"), ("a", "v", "g"), ("h", "o", r"\gamma")))
    x = page.give("x", whole(letter, bold), "n", indexed=letter)
    g = page.give("g", whole(gain, bold), "n", indexed=gain)
    n, i, j = size("n"), "i", rng.choice(("j", "k"))
    page.said.append(
        f"RMS norm takes a column vector {page.declare('x')}, which is not zero, with the entries ${letter}_i$, and has the "
        f"learned column vector {page.declare('g')}."
    )
    inside = (1 / n) @ total(i, "n", x.at(i) ** 2)
    with_epsilon = rng.random() < 0.4
    if with_epsilon:
        eps = page.give("eps", rng.choice((r"\epsilon", r"\varepsilon")), drawn="positive")
        page.said.append(f"The constant ${page.whole['eps']} > 0$ is small.")
        inside = inside + eps
    r = page.define("r", rng.choice(("r", "s", r"\rho")), (), call("sqrt", inside))
    z = page.define("z", rf"\bar{{{whole(letter, bold)}}}", ("n",), x.at(i) / r, i, rf"\bar{{{letter}}}")
    y = page.define("y", whole(out, bold), ("n",), g.at(i) @ z.at(i), i, out)
    loss = page.define("L", rng.choice(("L", r"\ell", "J")), (), Term("unknown function", (y,), "L"))
    page.said.append(function_of(page.whole["L"], f"${page.whole['y']}$"))
    page.said.append(
        "The gradient by a vector is a column vector, and counts all paths, those through the root mean square too. A Jacobian has "
        rf"a row for every output. $\delta_{{i{j}}}$ is the Kronecker delta, $I$ the identity matrix, and ${page.hadamard}$ the "
        "elementwise product."
    )
    page.alike = [("x", "z", "y", "g")]
    dy, dz = loss.by(y), loss.by(z)
    along = total(j, "n", g.at(j) @ dy.at(j) @ z.at(j))
    facts = [
        Fact(r.by(x).at(i), x.at(i) / (n @ r)),
        Fact(z.by(x).at(i, j), (1 / r) @ (delta(i, j) - z.at(i) @ z.at(j) / n)),
        Fact(z.by(x), (1 / r) @ (identity("n") - (1 / n) @ z @ z.T)),
        Fact(z.by(x), (1 / r) @ (identity("n") - (x @ x.T) / (n @ r**2)), (("path", (1 / r) @ identity("n")),)),
        Fact(y.by(x), (1 / r) @ call("diag", g) @ (identity("n") - (1 / n) @ z @ z.T)),
        Fact(loss.by(g), dy * z),
        Fact(loss.by(g).at(i), dy.at(i) @ x.at(i) / r),
        Fact(dz, g * dy),
        Fact(loss.by(r), -((1 / r) @ total(i, "n", mixed(rng, dz.at(i), z.at(i))))),
        Fact(loss.by(x).at(i), (1 / r) @ (g.at(i) @ dy.at(i) - (z.at(i) / n) @ along)),
        Fact(loss.by(x), (1 / r) @ (g * dy - (1 / n) @ z @ z.T @ (g * dy))),
        Fact(loss.by(x), (1 / r) @ (dz - (z.T @ dz / n) @ z), (("path", (1 / r) @ dz),)),
    ]
    if not with_epsilon:
        facts += [
            Fact(total(i, "n", x.at(i) @ loss.by(x).at(i)), ZERO, (("value", r),)),
            Fact(total(i, "n", z.at(i) ** 2), n, (("value", ONE),)),
            Fact(call("norm squared", z), n, (("value", ONE),)),
        ]
    return document("normalisation", seed, rng, page, facts, {i: "n", j: "n"})
