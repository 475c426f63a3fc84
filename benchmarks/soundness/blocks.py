"""Documents about the blocks of networks: normalisation, attention, and softmax with what surrounds it."""

from __future__ import annotations

import random

from benchmarks.soundness.documents import GeneratedDocument
from benchmarks.soundness.facts import Fact, document
from benchmarks.soundness.normalisation import block_page, bold_letters, function_of, mixed, normalisation, whole
from benchmarks.soundness.terms import Page, Term, call, delta, name, ones, size, total

__all__ = ["attention", "normalisation", "softmax_family"]
LAYOUTS = (
    "Vectors are column vectors, and so are the gradients of numbers by vectors.",
    "All vectors are columns. Gradients of scalars are column vectors.",
    "Vectors are column vectors, and a gradient has the shape of its variable.",
)
ZERO, ONE = Term("number", (), "0"), Term("number", (), "1")


def attention(rng: random.Random, seed: int) -> GeneratedDocument:
    """One head: given queries, keys and values, or projections of one input or of two."""
    bold, kind = bold_letters(rng), rng.choice(("given", "self", "cross"))
    letters = {"N": rng.choice(("N", "n")), "d": "d", "e": rng.choice(("e", "r"))}
    if kind != "self":
        letters["M"] = "M" if letters["N"] == "N" else "m"
    if kind != "given":
        letters["c"] = rng.choice(("c", "p"))
    page = block_page(rng, letters)
    other = "N" if kind == "self" else "M"
    q, k, v = _projected(rng, page, kind, bold, other)
    scale = rng.random() < 0.7
    scores = q @ k.T
    s = page.define(
        "S", whole(rng.choice(("S", "A")), bold), ("N", other), scores / call("sqrt", size("d")) if scale else scores
    )
    p = page.define(
        "P", whole(rng.choice(("P", "W")) if kind == "given" else "P", bold), ("N", other), call("softmax", s)
    )
    o = page.define("O", whole("O", bold), ("N", "e"), p @ v)
    loss = page.define("L", rng.choice(("L", r"\ell", r"\mathcal{L}")), (), Term("unknown function", (o,), "L"))
    page.said.append(
        "The softmax is taken over each row, so that every row of ${}$ sums to one.".format(page.whole["P"])
    )
    page.said.append(
        function_of(page.whole["L"], f"${page.whole['O']}$")
        + " Gradients have the shape of the variable and count all paths. "
        rf"${page.hadamard}$ is the elementwise product, $\mathbf{{1}}$ a column vector of ones of the length that fits, and "
        "$1 - B$ with a matrix $B$ is meant entry by entry."
    )
    page.alike = [("Q", "K"), ("S", "P"), ("WQ", "WK", "WV")] if kind != "cross" else [("S", "P"), ("X", "Z")]
    dq, dk, dv, ds, dp, do = (loss.by(each) for each in (q, k, v, s, p, o))
    one, root = ones(other), call("sqrt", size("d"))

    def scaled(body: Term) -> Term:
        return (1 / root) @ body if scale else body

    i, j, l = "i", "j", "l"  # noqa: E741
    inner = total(l, other, p.at(i, l) @ dp.at(i, l))
    facts = [
        Fact(dv, p.T @ do),
        Fact(dp, do @ v.T),
        Fact(dp.at(i, j), total(l, "e", do.at(i, l) @ v.at(j, l))),
        Fact(ds.at(i, j), p.at(i, j) @ (dp.at(i, j) - inner), (("path", p.at(i, j) @ (1 - p.at(i, j)) @ dp.at(i, j)),)),
        Fact(ds, p * (dp - (p * dp) @ one @ one.T), (("path", p * (1 - p) * dp), ("path", p * dp))),
        Fact(inner, total(l, "e", o.at(i, l) @ do.at(i, l))),
        Fact(dq, scaled(ds @ k)),
        Fact(dk, scaled(ds.T @ q)),
        Fact(total(j, other, ds.at(i, j)), ZERO, (("value", ONE),)),
        Fact(p @ one, ones("N")),
        Fact(call("trace", do.T @ o), call("trace", p.T @ dp)),
    ]
    facts += _projection_facts(kind, loss, (dq, dk, dv))
    return document("attention", seed, rng, page, facts, {i: "N", j: other, l: "e"})


def _projected(rng: random.Random, page: Page, kind: str, bold: bool, other: str) -> tuple[Term, Term, Term]:
    """Queries, keys and values, with what is said of where they come from."""
    if kind == "given":
        q, k, v = (
            page.give(key, whole(key, bold), *dims)
            for key, dims in (("Q", ("N", "d")), ("K", (other, "d")), ("V", (other, "e")))
        )
        page.said.append(
            f"One attention head has the queries {page.declare('Q')}, the keys {page.declare('K')} and the values "
            f"{page.declare('V')}."
        )
        return q, k, v
    x = page.give("X", whole("X", bold), "N", "c")
    z = x if kind == "self" else page.give("Z", whole("Z", bold), "M", "c")
    mark, small = "_{}", rng.random() < 0.3
    weights = [
        page.give(key, whole("W", bold) + mark.format(key[1].lower() if small else key[1]), "c", width)
        for key, width in (("WQ", "d"), ("WK", "d"), ("WV", "e"))
    ]
    inputs = (
        f"Self-attention has the input {page.declare('X')}, with a token in every row,"
        if kind == "self"
        else f"Cross-attention takes queries from {page.declare('X')}, and keys and values from {page.declare('Z')},"
    )
    page.said.append(f"{inputs} and the weights {page.declare('WQ')}, {page.declare('WK')} and {page.declare('WV')}.")
    q = page.define("Q", whole("Q", bold), ("N", "d"), x @ weights[0])
    k = page.define("K", whole("K", bold), (other, "d"), z @ weights[1])
    v = page.define("V", whole("V", bold), (other, "e"), z @ weights[2])
    return q, k, v


def _projection_facts(kind: str, loss: Term, gradients: tuple[Term, Term, Term]) -> list[Fact]:
    """Gradients of the weights and of the inputs."""
    if kind == "given":
        return []
    dq, dk, dv = gradients
    x, z = name("X"), name("X" if kind == "self" else "Z")
    wq, wk, wv = name("WQ"), name("WK"), name("WV")
    facts = [Fact(loss.by(wq), x.T @ dq), Fact(loss.by(wk), z.T @ dk), Fact(loss.by(wv), z.T @ dv)]
    if kind == "self":
        return [*facts, Fact(loss.by(x), dq @ wq.T + dk @ wk.T + dv @ wv.T)]
    return [*facts, Fact(loss.by(x), dq @ wq.T), Fact(loss.by(z), dk @ wk.T + dv @ wv.T)]


def softmax_family(rng: random.Random, seed: int) -> GeneratedDocument:
    """Softmax of scores, its logarithm, log-sum-exp, temperature, cross-entropy, or the focal loss of a probability."""
    return rng.choice((_scores, _scores, _scores, _focal))(rng, seed)


def _scores(rng: random.Random, seed: int) -> GeneratedDocument:
    bold = bold_letters(rng)
    targets = rng.choice(("one-hot", "distribution", "smoothed", ""))
    linear = rng.random() < 0.35
    letters = {"K": rng.choice(("K", "C", "n"))} | ({"d": rng.choice(("d", "m"))} if linear else {})
    page = block_page(rng, letters)
    letter, prob = rng.choice((("z", "p"), ("s", "p"), ("a", "q"), ("u", r"\pi")))
    i, j, k = rng.choice((("i", "j", "k"), ("k", "l", "j")))
    page.said.append(
        f"{LAYOUTS[rng.randrange(len(LAYOUTS))]} A Jacobian has a row for every output. "
        rf"$\delta_{{{i}{j}}}$ is the Kronecker delta, $\mathbf{{1}}$ the column vector of ones, ${page.hadamard}$ the elementwise "
        rf"product, and ${page.logarithm}$ the natural logarithm, which acts on every entry. The claims hold for all indices."
    )
    facts: list[Fact] = []
    if linear:
        weights, x = page.give("W", whole("W", bold), "K", "d"), page.give("x", whole("x", bold), "d", indexed="x")
        b = page.give("b", whole("b", bold), "K", indexed="b")
        page.said.append(
            f"The input is {page.declare('x')}, and {page.declare('W')} and {page.declare('b')} are learned."
        )
        z = page.define("z", whole(letter, bold), ("K",), weights @ x + b, indexed=letter)
    else:
        z = page.give("z", whole(letter, bold), "K", indexed=letter)
        page.said.append(f"Let {page.declare('z')} be scores.")
    warm = not linear and rng.random() < 0.4
    if warm:
        page.give("tau", rng.choice((r"\tau", "T")) if page.transpose != "T" else r"\tau", drawn="above one")
        page.said.append(f"The temperature is ${page.whole['tau']} > 0$.")
    t = name("tau") if warm else ONE

    def raised(index: str) -> Term:
        return call("exp", z.at(index) / t if warm else z.at(index))

    p = page.define("p", whole(prob, bold), ("K",), raised(i) / total(j, "K", raised(j)), i, prob)

    def cooled(body: Term) -> Term:
        return (1 / t) @ body if warm else body

    jacobian = call("diag", p) - p @ p.T
    logp = call("log", p)
    facts += [
        Fact(p.by(z).at(i, j), cooled(p.at(i) @ (delta(i, j) - p.at(j)))),
        Fact(p.by(z), cooled(jacobian) if not warm else (1 / t) @ jacobian, (("path", call("diag", p)),)),
        Fact(logp.by(z).at(i, j), cooled(delta(i, j) - p.at(j)), (("index", cooled(delta(i, j) - p.at(i))),)),
        Fact(total(i, "K", p.at(i)), ONE, (("value", size("K")),)),
        Fact(total(j, "K", p.by(z).at(i, j)), ZERO, (("value", ONE),)),
    ]
    if not linear:
        body = call("log", total(j, "K", raised(j)))
        f = page.define("F", rng.choice((r"\mathrm{LSE}", "F", "g")), (), t @ body if warm else body)
        facts += [
            Fact(f.by(z), p),
            Fact(f.by(z).at(i), p.at(i)),
            Fact(Term("hessian", (f, z)), (1 / t) @ jacobian if warm else jacobian),
            Fact(call("log", p.at(i)), (z.at(i) - f) / t if warm else z.at(i) - f),
        ]
    if rng.random() < 0.3:
        h = page.define("H", "H", (), -total(k, "K", p.at(k) @ call("log", p.at(k))))
        facts.append(Fact(h.by(z).at(i), cooled(-(p.at(i) @ (call("log", p.at(i)) + h)))))
    if targets:
        facts += _cross_entropy(rng, page, targets, linear, warm, bold, (i, j, k))
    page.alike = [("p", "z"), *([("y", "t", "p")] if targets == "smoothed" else [("y", "p")] if targets else [])]
    return document("softmax", seed, rng, page, facts, {i: "K", j: "K", k: "K"})


def _cross_entropy(
    rng: random.Random, page: Page, targets: str, linear: bool, warm: bool, bold: bool, indices: tuple[str, str, str]
) -> list[Fact]:
    i, _, k = indices
    p, z = name("p"), name("z")
    y = page.give(
        "y", whole("y", bold), "K", indexed="y", drawn="distribution" if targets == "distribution" else "one-hot"
    )
    if targets == "distribution":
        page.said.append(
            rf"The target {page.declare('y')} is a constant distribution: its entries are not negative and $\sum_{k} y_{k} = 1$."
        )
    else:
        page.said.append(f"The target {page.declare('y')} is one-hot: one entry is 1, all others are 0.")
    aim = y
    if targets == "smoothed":
        eps = page.give("eps", rng.choice((r"\epsilon", r"\alpha")), drawn="probability")
        page.said.append(f"With a constant $0 < {page.whole['eps']} < 1$ it is smoothed:")
        aim = page.define(
            "t", rf"\tilde{{{whole('y', bold)}}}", ("K",), (1 - eps) @ y.at(k) + eps / size("K"), k, r"\tilde{y}"
        )
    loss = page.define("L", rng.choice(("L", r"\ell", "J")), (), -total(k, "K", aim.at(k) @ call("log", p.at(k))))
    off = p - aim
    front = (1 / name("tau")) @ off if warm else off
    entry = (p.at(i) - aim.at(i)) / name("tau") if warm else p.at(i) - aim.at(i)
    jacobian = call("diag", p) - p @ p.T
    facts = [
        Fact(loss.by(z), front),
        Fact(loss.by(z).at(i), entry),
        Fact(loss.by(p).at(i), -(aim.at(i) / p.at(i))),
        Fact(total(i, "K", loss.by(z).at(i)), ZERO, (("value", ONE),)),
        Fact(Term("hessian", (loss, z)), (1 / name("tau") ** 2) @ jacobian if warm else jacobian),
    ]
    if targets == "smoothed":
        facts.append(Fact(total(k, "K", aim.at(k)), ONE, (("value", size("K")),)))
    if linear:
        weights, x, b = name("W"), name("x"), name("b")
        facts += [
            Fact(loss.by(weights), off @ x.T),
            Fact(loss.by(b), off),
            Fact(loss.by(x), weights.T @ off),
            Fact(loss.by(weights), loss.by(z) @ x.T),
        ]
    if warm:
        tau = name("tau")
        facts.append(Fact(loss.by(tau), (1 / tau**2) @ total(k, "K", (aim.at(k) - p.at(k)) @ z.at(k))))
    return facts


def _focal(rng: random.Random, seed: int) -> GeneratedDocument:
    """The focal loss of the probability of the true class, by the probability and by its score."""
    page = block_page(rng, {})
    letter, score = rng.choice((("p", "z"), ("u", "s"), ("q", "x")))
    gamma = page.give("gamma", r"\gamma", drawn="above one")
    page.said.append(r"Let $\gamma > 1$ be a real number.")
    front: tuple[Term, ...] = ()
    if rng.random() < 0.4:
        alpha = page.give("alpha", r"\alpha", drawn="probability")
        page.said.append(r"The weight of the class is a constant $0 < \alpha < 1$.")
        front = (alpha,)
    with_score = rng.random() < 0.5
    if with_score:
        s = page.give("s", score)
        page.said.append(rf"From the score ${score} \in \mathbb{{R}}$ comes the probability of the true class,")
        u = page.define("u", letter, (), 1 / (1 + call("exp", -s)))
    else:
        u = page.give("u", letter, drawn="probability")
        page.said.append(f"Let $0 < {letter} < 1$ be the probability of the true class.")
    page.said.append("The logarithm is the natural one. The cross-entropy and the focal loss are")
    c = page.define("c", rng.choice(("C", r"\ell")), (), -call("log", u))
    f = page.define("f", rng.choice(("F", "L")), (), -Term("product", (*front, (1 - u) ** gamma, call("log", u))))

    def weighted(body: Term) -> Term:
        return front[0] @ body if front else body

    log, rest = call("log", u), 1 - u
    slope = gamma @ rest ** (gamma - 1) @ log - rest**gamma / u
    facts = [
        Fact(f.by(u), weighted(slope)),
        Fact(f, weighted(mixed(rng, rest**gamma, c))),
        Fact(c.by(u), -(1 / u)),
        Fact(f.by(u), weighted(rest**gamma @ c.by(u) - gamma @ rest ** (gamma - 1) @ c)),
        Fact(f.by(gamma), -weighted(rest**gamma @ log @ call("log", rest))),
    ]
    if with_score:
        facts += [
            Fact(u.by(s), u @ rest),
            Fact(c.by(s), u - 1),
            Fact(f.by(s), weighted(rest**gamma @ (gamma @ u @ log + u - 1))),
            Fact(f.by(s), f.by(u) @ u.by(s)),
        ]
    return document("softmax", seed, rng, page, facts, {})
